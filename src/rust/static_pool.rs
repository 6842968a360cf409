//! The pool for a `static`: sized at compile time, no heap, no OS.

use crate::engine::{RawPool, RuntimeConfig};
use crate::platform::{System, system};
use crate::rust::parts::{Parts, PoolPort};
use crate::rust::pool_core::PoolCore;
use crate::slot::storage::Inline;
use crate::sync::const_fn;

/// A pool for a `static`: `JOBS` slots (a power of two) of `PAYLOAD` bytes, at most `WORKERS` threads that
/// enter.
///
/// All zero until used, so it lies in `.bss`; nothing is allocated, ever.
///
/// ```
/// use jobring::StaticPool;
///
/// static POOL: StaticPool<64, 2, 48> = StaticPool::new();
///
/// let six_times_seven = POOL.try_submit(|| 6 * 7).expect("there is room");
/// // Nobody has entered as a worker, so the waiter runs the job.
/// assert_eq!(six_times_seven.wait().unwrap(), 42);
/// ```
///
/// # Memory
///
/// `size_of` is *head* + `JOBS` × (`PAYLOAD` + 4 words; 7 with the feature `future`), rounded up to the
/// alignment, and one alignment more with the feature `alloc`. `WORKERS` takes no memory: a thread that enters has its own stack.
///
/// | target | head | alignment | a word |
/// |---|---|---|---|
/// | x86-64, aarch64 | 928 | 128 | 8 |
/// | other 64-bit targets | 480 | 64 | 8 |
/// | 32 bits, an OS | 464 | 64 | 4 |
/// | 32 bits, no OS (a microcontroller has no cache lines to keep apart) | 64 | 8 | 4 |
///
/// This holds on an operating system, on none, and on a [`UserPort`](crate::UserPort) without fields. On a
/// reference to a port the head is 2 words larger. Each [`Seat`](crate::Seat) of a port takes a word.
///
/// # After a fork
///
/// Once a thread has entered as a worker, the pool belongs to its process. In a child by `fork()` calls end
/// as the page of `Pool` says. The exception is a submit that finds a free slot: it accepts the job, and a
/// wait for that job gives [`JobError::Forked`](crate::JobError::Forked). A pool that no thread has entered
/// is memory like any other: the child has a copy of it, and may run what is queued in it; a job that another
/// thread was running never ends there.
///
/// # Sizes
///
/// A size that is not allowed is a compile-time error: a number of jobs that is not a power of two,
///
/// ```compile_fail
/// static POOL: jobring::StaticPool<63, 2, 48> = jobring::StaticPool::new();
/// ```
///
/// or a closure (or a result) that is larger than the payload. 48 bytes fit, 49 do not:
///
/// ```
/// static POOL: jobring::StaticPool<64, 2, 48> = jobring::StaticPool::new();
/// let captured = [1u8; 48];
/// POOL.try_submit_detached(move || assert_eq!(captured[47], 1)).unwrap();
/// ```
///
/// ```compile_fail
/// static POOL: jobring::StaticPool<64, 2, 48> = jobring::StaticPool::new();
/// let captured = [1u8; 49];
/// POOL.try_submit_detached(move || assert_eq!(captured[47], 1)).unwrap();
/// ```
pub struct StaticPool<const JOBS: usize, const WORKERS: usize, const PAYLOAD: usize, P: PoolPort = System> {
    core: PoolCore<Self>,
}

impl<const JOBS: usize, const WORKERS: usize, const PAYLOAD: usize> StaticPool<JOBS, WORKERS, PAYLOAD> {
    const_fn! {
        /// An open pool on the operating system; without one, its threads wait by spinning. A size that is
        /// not allowed is a compile-time error.
        ///
        /// ```
        /// static POOL: jobring::StaticPool<64, 2, 48> = jobring::StaticPool::new();
        /// assert_eq!(POOL.capacity(), 64);
        /// ```
        #[allow(clippy::new_without_default, reason = "a pool is a static, not a default value")]
        pub fn new() -> Self {
            Self::with_port(system())
        }
    }
}

impl<const JOBS: usize, const WORKERS: usize, const PAYLOAD: usize, P: PoolPort>
    StaticPool<JOBS, WORKERS, PAYLOAD, P>
{
    const_fn! {
        /// As [`new`](StaticPool::new), on a user-defined port: a [`UserPort`](crate::UserPort), or a
        /// reference to one.
        pub fn with_port(port: P) -> Self {
            const { assert!(WORKERS <= crate::sleep::MAX_WORKERS, "a pool has at most 65,535 workers (255 on 32-bit targets)") };
            Self { core: PoolCore::from_raw(RawPool::new(Inline::new(), port, RuntimeConfig::UNREAD)) }
        }
    }
}

impl<const JOBS: usize, const WORKERS: usize, const PAYLOAD: usize, P: PoolPort> core::ops::Deref
    for StaticPool<JOBS, WORKERS, PAYLOAD, P>
{
    type Target = PoolCore<Self>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.core
    }
}

// SAFETY:
// - 1: Inline's payload_bytes is its parameter.
unsafe impl<const JOBS: usize, const WORKERS: usize, const PAYLOAD: usize, P: PoolPort> Parts
    for StaticPool<JOBS, WORKERS, PAYLOAD, P>
{
    type Storage = Inline<JOBS, PAYLOAD, WORKERS>;
    type Port = P;
    const PAYLOAD: usize = PAYLOAD;
}

impl<const JOBS: usize, const WORKERS: usize, const PAYLOAD: usize, P: PoolPort> core::fmt::Debug
    for StaticPool<JOBS, WORKERS, PAYLOAD, P>
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.core.fmt_as("StaticPool", f)
    }
}
