//! A pool in a static: submit, run_one, wait.

#![no_std]

use jobring::{JobHandle, Seat, StaticPool, UserPort};
use jobring_sizes as _;

static POOL: StaticPool<16, 1, 32> = StaticPool::new();

/// The formula of StaticPool's documentation, on a microcontroller.
const fn bytes(jobs: usize, payload: usize) -> usize {
    64 + jobs * (payload + 4 * size_of::<usize>())
}
const _: () = assert!(size_of::<StaticPool<16, 1, 32>>() == bytes(16, 32));
const _: () = assert!(size_of::<StaticPool<1, 0, 0>>() == bytes(1, 0));
const _: () = assert!(size_of::<StaticPool<1, 255, 8>>() == bytes(1, 8));
const _: () = assert!(size_of::<StaticPool<2, 4, 24>>() == bytes(2, 24));
const _: () = assert!(size_of::<StaticPool<64, 2, 48>>() == bytes(64, 48));
const _: () = assert!(size_of::<StaticPool<1024, 2, 8>>() == bytes(1024, 8));
const _: () = assert!(align_of::<StaticPool<16, 1, 32>>() == 8);

/// On a user-defined port: nothing more for one without fields, 2 words more for a reference; a word for each
/// seat.
#[derive(Clone, Copy)]
struct Nobody;

// SAFETY:
// - 1: current is always null. 2: nothing in it does.
unsafe impl UserPort for Nobody {
    fn seats(&self) -> &[Seat] {
        &[]
    }

    fn park(&self, _: usize, _: Option<u64>) {}

    fn unpark(&self, _: usize, _: bool) {}

    fn pause(&self) {}
}

const _: () = assert!(size_of::<StaticPool<16, 1, 32, Nobody>>() == bytes(16, 32));
const _: () = assert!(size_of::<StaticPool<16, 1, 32, &Nobody>>() == bytes(16, 32) + 8);
const _: () = assert!(size_of::<StaticPool<1, 1, 0, &Nobody>>() == bytes(1, 0) + 8);
const _: () = assert!(size_of::<[Seat; 4]>() == 4 * size_of::<usize>());

/// Submits a job from wherever, an interrupt included, and gives its handle; -1 if the pool is full.
#[unsafe(no_mangle)]
pub extern "C" fn pool_submit(number: u32, handle: &mut Option<JobHandle<'static, u32>>) -> i32 {
    match POOL.try_submit(move || number * 2) {
        Ok(job) => {
            *handle = Some(job);
            0
        }
        Err(_) => -1,
    }
}

/// Runs the oldest job, if there is one.
#[unsafe(no_mangle)]
pub extern "C" fn pool_run_one() -> bool {
    POOL.run_one()
}

/// Waits for a job, and gives its result.
#[unsafe(no_mangle)]
pub extern "C" fn pool_wait(handle: &mut Option<JobHandle<'static, u32>>) -> u32 {
    match handle.take().map(JobHandle::wait) {
        Some(Ok(result)) => result,
        _ => 0,
    }
}
