//! A pool in a static: submit, run_one, wait.

#![no_std]

use jobring::{JobHandle, StaticPool};
use jobring_sizes as _;

static POOL: StaticPool<16, 1, 32> = StaticPool::new();

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
