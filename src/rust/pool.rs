//! The pool on the heap, with its own threads.

use super::parts::Parts;
use super::pool_core::PoolCore;
use crate::engine::defaults;
use crate::engine::lifecycle::ShutdownMode;
use crate::platform::System;
use crate::platform::port::Timeout;
use crate::slot::storage::Boxed;
use crate::sync::dying;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::util::unwind::call_ignoring_panic;
use crate::util::unwind::drop_ignoring_panic;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::{Hooks, WorkerSet, WorkerThread};
use alloc::boxed::Box;
#[cfg(any(feature = "std", feature = "pthread"))]
use alloc::vec::Vec;
#[cfg(any(feature = "std", feature = "pthread"))]
use core::mem::MaybeUninit;

// SAFETY:
// - 1: build() makes the storage with this payload, and checks that it is a multiple of the alignment.
unsafe impl<const PAYLOAD: usize> Parts for Pool<PAYLOAD> {
    type Storage = Boxed;
    type Port = System;
    const PAYLOAD: usize = PAYLOAD;
}

/// The capacity of a pool where none was chosen.
pub const DEFAULT_CAPACITY: usize = defaults::CAPACITY;
/// The bytes of a slot's payload where none were chosen: a slot is then 64 bytes, one cache line.
pub const DEFAULT_PAYLOAD: usize = defaults::PAYLOAD;

/// A pool with its own threads. It dereferences to [`PoolCore`], which has all methods that concern jobs.
///
/// ```
/// use jobring::Pool;
///
/// let pool = Pool::builder().workers(2).build()?;
/// let squares: Vec<_> = (0..10u64).map(|n| pool.submit(move || n * n).unwrap()).collect();
/// let sum: u64 = squares.into_iter().map(|job| job.wait().unwrap()).sum();
/// assert_eq!(sum, 285);
/// # Ok::<(), jobring::BuildError>(())
/// ```
///
/// # More jobs than slots
///
/// A job holds its slot until its result is taken. A thread that submits more jobs than the pool has slots
/// ([`capacity`](crate::Builder::capacity), 1,024 by default), and only then starts to wait, sleeps in `submit` for ever. Take
/// the oldest result before the next submit, or submit detached jobs that do their own counting.
///
/// ```
/// use jobring::Pool;
/// use std::collections::VecDeque;
///
/// let pool = Pool::builder().workers(2).capacity(8).build()?;
/// let (mut jobs, mut sum) = (VecDeque::new(), 0);
/// for n in 0..100u64 {
///     jobs.push_back(pool.submit(move || n * n).expect("the pool is open"));
///     if jobs.len() == pool.capacity() {
///         sum += jobs.pop_front().expect("a job").wait().unwrap();
///     }
/// }
/// sum += jobs.into_iter().map(|job| job.wait().unwrap()).sum::<u64>();
/// assert_eq!(sum, 328_350);
/// # Ok::<(), jobring::BuildError>(())
/// ```
///
/// # End
///
/// Dropping a pool waits until every accepted job has run and every worker has ended. A pool that is dropped inside one of its
/// own jobs (say, by a job that holds the last `Arc` to it) cannot wait for its own thread. Then it refuses
/// new jobs, its workers run what is queued and end, and its memory is not freed.
///
/// A pool that is never dropped (in a static, or given to [`core::mem::forget`]) does not keep the program from ending: when `main`
/// returns, the system ends the workers wherever they are.
///
/// # What jobs find on their threads
///
/// Workers block all signals except those that a thread causes itself, and `SIGPROF`; a process that a job starts
/// inherits that mask. What a job changes of its thread (thread-locals, the rounding mode, the CPU mask) stays for the jobs that run
/// there later.
///
/// # After a fork
///
/// A child by `fork()` has a copy of the pool's memory and none of its threads. There no call hangs, and no call runs a job of
/// the parent:
/// - A submit gives [`SubmitError::Shutdown`](crate::SubmitError::Shutdown). `parallel_for`, `join` and `scope` do all
///   of their work on the calling thread.
/// - A wait for a job that had finished at the fork gives its result, which is memory like any other; for any other job it gives
///   [`JobError::Forked`](crate::JobError::Forked). So do `try_wait` and an await. Cancelling gives false.
/// - [`run_one`](PoolCore::run_one) and [`enter_worker`](PoolCore::enter_worker) give false;
///   [`shutdown`](PoolCore::shutdown) gives an error at once. Dropping the pool does nothing; its memory stays.
/// - A child that was forked inside a `parallel_for`, `join` or `scope` leaves that call by a panic if another thread had started
///   a part of it. A job that forks must end the child by `_exit` or `exec`, and not return there.
///
/// The child may make its own pools. Children that are made without the handlers of `pthread_atfork`, by `vfork()`, `_Fork()` or
/// a bare `clone()`, are not noticed: there none of this holds, and a wait may hang.
pub struct Pool<const PAYLOAD: usize = DEFAULT_PAYLOAD> {
    pub(super) inner: core::mem::ManuallyDrop<Box<Inner<PAYLOAD>>>,
}

pub(super) struct Inner<const PAYLOAD: usize> {
    pub(super) core: PoolCore<Pool<PAYLOAD>>,
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) workers: Option<WorkerSet>,
    // The workers read it through the set.
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) _places: Vec<MaybeUninit<WorkerThread>>,
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) hooks: Callbacks,
}

type Hook = Option<Box<dyn Fn(usize) + Send + Sync>>;

#[derive(Default)]
pub(super) struct Callbacks {
    pub(super) start: Hook,
    pub(super) stop: Hook,
}

#[cfg(any(feature = "std", feature = "pthread"))]
impl Hooks for Callbacks {
    fn has_start(&self) -> bool {
        self.start.is_some()
    }

    fn start(&self, worker: usize) -> bool {
        self.start.as_ref().is_none_or(|hook| call_ignoring_panic(|| hook(worker)))
    }

    fn stop(&self, worker: usize) {
        if let Some(hook) = &self.stop {
            call_ignoring_panic(|| hook(worker));
        }
    }
}

impl Drop for Callbacks {
    fn drop(&mut self) {
        drop_ignoring_panic(self.start.take());
        drop_ignoring_panic(self.stop.take());
    }
}

impl<const PAYLOAD: usize> core::ops::Deref for Pool<PAYLOAD> {
    type Target = PoolCore<Self>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.inner.core
    }
}

impl<const PAYLOAD: usize> core::fmt::Debug for Pool<PAYLOAD> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.inner.core.fmt_as("Pool", f)
    }
}

impl<const PAYLOAD: usize> Drop for Pool<PAYLOAD> {
    fn drop(&mut self) {
        if dying() {
            return;
        }
        if self.inner.core.raw().is_copy() {
            // There are no threads to wait for, and what lies in the pool is the parent's.
            return;
        }
        if self.inner.core.raw().is_inside() {
            // On one of the pool's threads: the other workers drain and end; the memory stays for this thread.
            let _ = self.inner.core.raw().shutdown(ShutdownMode::Drain, Timeout::Poll);
            return;
        }
        if self.inner.core.raw().shutdown(ShutdownMode::Drain, Timeout::Forever).is_err() {
            // Too little stack is left to run what is queued, and no other thread can: it is dropped.
            let _ = self.inner.core.raw().shutdown(ShutdownMode::Discard, Timeout::Forever);
        }
        #[cfg(any(feature = "std", feature = "pthread"))]
        if let Some(workers) = self.inner.workers.take() {
            self.inner.core.raw().await_workers();
            workers.join();
        }
        // SAFETY:
        // - it is dropped here and not used again: the workers are joined, and nobody borrows a pool that is dropped.
        unsafe { core::mem::ManuallyDrop::drop(&mut self.inner) };
    }
}
