//! The pool on the heap, with threads of its own.

use crate::core_pool::{PoolCore, TypedStorage};
use crate::error::BuildError;
use crate::lifecycle::Queued;
use crate::pool::{Limits, POLLS, RawPool};
use crate::port::{Port, Timeout};
use crate::storage::{Heap, Shape, boxed};
use crate::sync::dying;
use crate::system::system;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::thread::{Backend, stack};
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::unwind::call_ignoring_panic;
use crate::unwind::drop_ignoring_panic;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::{Hooks, Plan, Seat, WorkerSet};
use alloc::boxed::Box;
use alloc::string::String;
#[cfg(any(feature = "std", feature = "pthread"))]
use alloc::vec::Vec;
#[cfg(any(feature = "std", feature = "pthread"))]
use core::mem::MaybeUninit;

// SAFETY:
// - 1: build() makes it of a shape with this payload, which it found to be a multiple of the alignment.
unsafe impl<const PAYLOAD: usize> TypedStorage for Heap<PAYLOAD> {
    const PAYLOAD: usize = PAYLOAD;
}

/// Jobs that fit into a pool whose capacity was not chosen.
pub const DEFAULT_CAPACITY: usize = if cfg!(jobring_loom) { 2 } else { 1024 };
/// Bytes of a slot's payload where they were not chosen: a slot is then 64 bytes, one cache line.
pub const DEFAULT_PAYLOAD: usize = 48;
/// Threads that may enter as workers beside the pool's own, where the limit was not chosen.
const ENTERED: usize = 16;

/// A pool with threads of its own. All that it can do with jobs is [`PoolCore`]'s, to which it dereferences.
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
/// ([`capacity`](Builder::capacity), 1,024 by default), and only then begins to wait, sleeps in `submit` for ever. Take the oldest
/// result before the next submit, or submit detached jobs that count for themselves.
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
/// Dropping it waits until every accepted job has run and every worker has ended. Dropped from inside one of its
/// own jobs (which holds the last `Arc` to it, say), it cannot wait for the thread that it runs on: then it refuses
/// new jobs, its workers run what is queued and end, and its memory stays.
///
/// # What jobs find on their threads
///
/// Workers have all signals blocked except those that a thread brings upon itself, and `SIGPROF`; a process that a job starts
/// inherits that mask. What a job changes of its thread (thread-locals, the rounding mode, the CPU mask) stays for the jobs that run
/// there later.
///
/// # After a fork
///
/// A child by `fork()` has a copy of the pool's memory and none of its threads. There no call hangs, and no call runs a job of the
/// parent's:
/// - A submit gives [`SubmitError::Shutdown`](crate::SubmitError::Shutdown). `parallel_for`, `join` and `scope` do all
///   of their work on the calling thread.
/// - A wait for a job that was over at the fork gives its result, which is memory like any other; for any other job,
///   [`JobError::Forked`](crate::JobError::Forked). So do a poll and an await. Cancelling gives false.
/// - [`run_one`](PoolCore::run_one) and [`enter_worker`](PoolCore::enter_worker) give false;
///   [`shutdown`](PoolCore::shutdown) gives an error at once. Dropping the pool does nothing; its memory stays.
/// - A child that was forked inside a `parallel_for`, `join` or `scope` leaves that call by a panic if another thread had begun
///   with a part of it. A job that forks must leave the child by `_exit` or `exec`, and not return.
///
/// The child may make pools of its own. Children that are made past the handlers of `pthread_atfork`, by `vfork()`, `_Fork()` or
/// a bare `clone()`, are not noticed: there none of this holds, and a wait may hang.
pub struct Pool<const PAYLOAD: usize = DEFAULT_PAYLOAD> {
    inner: core::mem::ManuallyDrop<Box<Inner<PAYLOAD>>>,
}

struct Inner<const PAYLOAD: usize> {
    core: PoolCore<Heap<PAYLOAD>>,
    #[cfg(any(feature = "std", feature = "pthread"))]
    workers: Option<WorkerSet>,
    // Read by the workers through the set.
    #[cfg(any(feature = "std", feature = "pthread"))]
    _seats: Vec<MaybeUninit<Seat>>,
    #[cfg(any(feature = "std", feature = "pthread"))]
    hooks: Callbacks,
}

type Hook = Option<Box<dyn Fn(usize) + Send + Sync>>;

#[derive(Default)]
struct Callbacks {
    start: Hook,
    stop: Hook,
}

#[cfg(any(feature = "std", feature = "pthread"))]
impl Hooks for Callbacks {
    fn start(&self, worker: usize) {
        if let Some(hook) = &self.start {
            call_ignoring_panic(|| hook(worker));
        }
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

/// The settings of a [`Pool`].
#[must_use = "a builder does nothing until build()"]
pub struct Builder<const PAYLOAD: usize = DEFAULT_PAYLOAD> {
    workers: Option<usize>,
    fewest: Option<usize>,
    most: Option<usize>,
    capacity: usize,
    spin: u32,
    stack_size: usize,
    name: String,
    #[cfg(any(feature = "std", feature = "pthread"))]
    backend: Backend,
    hooks: Callbacks,
}

impl Pool {
    /// The settings of a new pool, all at their defaults.
    pub fn builder() -> Builder {
        Builder {
            workers: None,
            fewest: None,
            most: None,
            capacity: DEFAULT_CAPACITY,
            spin: POLLS,
            stack_size: 0,
            name: String::from("jobring"),
            #[cfg(any(feature = "std", feature = "pthread"))]
            backend: Backend::DEFAULT,
            hooks: Callbacks::default(),
        }
    }
}

impl<const PAYLOAD: usize> Builder<PAYLOAD> {
    /// How many worker threads. Default: the CPUs that the calling thread may use, as `std::thread::available_parallelism` says
    /// where there is std. The workers inherit that thread's CPU mask. 0: none; then callers of
    /// [`run_one`](PoolCore::run_one), of [`enter_worker`](PoolCore::enter_worker) and of wait run the jobs. More workers than
    /// the [`capacity`](Builder::capacity) are allowed, and of no use: each running job has a slot, so the others sleep.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// With how few workers the pool may start if the system refuses more threads. Default: all or none.
    pub fn min_workers(mut self, fewest: usize) -> Self {
        self.fewest = Some(fewest);
        self
    }

    /// The most workers at a time, threads that enter included. Default: 16 more than its own.
    pub fn max_workers(mut self, most: usize) -> Self {
        self.most = Some(most);
        self
    }

    /// How many slots the pool has. A job holds one from its submit until its result is taken, or, detached, until it has
    /// finished; so results that nobody has taken count. Default: 1,024. No more jobs than that run at a time; if all of them
    /// wait in [`submit`](PoolCore::submit) for a slot, some get [`SubmitError::Deadlock`](crate::SubmitError::Deadlock).
    /// Slots that were never used take no pages of memory until the pool is shut down.
    pub fn capacity(mut self, jobs: usize) -> Self {
        self.capacity = jobs;
        self
    }

    /// Bytes of a closure, and of its result, that fit into a slot: a multiple of 16 (8 on 32-bit targets).
    /// Default: 48, which makes a slot 64 bytes on 64-bit targets.
    pub fn payload<const BYTES: usize>(self) -> Builder<BYTES> {
        Builder {
            workers: self.workers,
            fewest: self.fewest,
            most: self.most,
            capacity: self.capacity,
            spin: self.spin,
            stack_size: self.stack_size,
            name: self.name,
            #[cfg(any(feature = "std", feature = "pthread"))]
            backend: self.backend,
            hooks: self.hooks,
        }
    }

    /// How often a worker that has run a job polls for the next before it sleeps. Default: 1,000, some 25 µs; without
    /// threads 0. Behind a job that came after 50 µs of nothing 24 times at most. An idle pool sleeps, whatever it is.
    pub fn spin(mut self, polls: u32) -> Self {
        self.spin = polls;
        self
    }

    /// Each worker's stack, bytes, rounded up to a page. Default: 2 MiB.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// Prefix of the threads' names: worker 3 of `io` is `io-3`, in 15 bytes altogether. Default: `jobring`. On the pthread backend
    /// only the system knows the name: `std::thread::current().name()` is None, and a panic is reported from `<unnamed>`.
    pub fn name(mut self, prefix: &str) -> Self {
        self.name = String::from(prefix);
        self
    }

    /// What makes the threads. Default: pthreads where this build has them.
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Called on each worker's thread before its first job, with the worker's number. A panic in it is dropped. It may do what a
    /// job may: a wait runs the queued job that it waits for, and a submit to a full pool gets
    /// [`SubmitError::Deadlock`](crate::SubmitError::Deadlock) if it would sleep for ever.
    pub fn on_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.hooks.start = Some(Box::new(hook));
        self
    }

    /// Called on each worker's thread after its last job. As [`on_start`](Builder::on_start).
    pub fn on_stop(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.hooks.stop = Some(Box::new(hook));
        self
    }

    /// Makes the pool and starts its workers.
    ///
    /// # Errors
    /// [`BuildError`]. Nothing is left behind: threads that had begun were joined.
    pub fn build(self) -> Result<Pool<PAYLOAD>, BuildError> {
        const {
            assert!(
                PAYLOAD.is_multiple_of(crate::storage::PAYLOAD_ALIGN),
                "the payload must be a multiple of 16 bytes (8 on 32-bit targets)"
            )
        };
        let shape = Shape::new(self.capacity, PAYLOAD).ok_or(BuildError::Invalid("capacity"))?;
        let workers = self.workers.unwrap_or_else(default_workers);
        let most = self.most.unwrap_or((workers + ENTERED).min(crate::wait::MAX_WORKERS));
        if workers > crate::wait::MAX_WORKERS {
            return Err(BuildError::Invalid("workers"));
        }
        if most < workers || most > crate::wait::MAX_WORKERS {
            return Err(BuildError::Invalid("max_workers"));
        }
        if self.fewest.is_some_and(|fewest| fewest > workers) {
            return Err(BuildError::Invalid("min_workers"));
        }
        let limits = Limits { workers: most, spin: self.spin, ..Limits::default() };
        let port = system();
        if !port.prepare() {
            return Err(BuildError::NoMemory);
        }
        let storage = Heap::new(shape, port.forks()).ok_or(BuildError::NoMemory)?;
        let core = PoolCore::from_raw(RawPool::over(storage, port, limits));
        self.start(core, workers)
    }

    #[cfg(any(feature = "std", feature = "pthread"))]
    fn start(self, core: PoolCore<Heap<PAYLOAD>>, workers: usize) -> Result<Pool<PAYLOAD>, BuildError> {
        let stack_size = stack::effective(self.stack_size)?;
        let mut seats = Vec::new();
        seats.try_reserve_exact(workers).map_err(|_| BuildError::NoMemory)?;
        seats.resize_with(workers, MaybeUninit::uninit);
        let mut inner = boxed(Inner { core, workers: None, _seats: seats, hooks: self.hooks })
            .ok_or(BuildError::NoMemory)?;
        let fewest = self.fewest.unwrap_or(workers);
        let plan = Plan { fewest, ..Plan::plain(self.backend, workers, stack_size, &self.name) };
        let hooks: *const (dyn Hooks + 'static) = &raw const inner.hooks;
        let seats = inner._seats.as_mut_ptr();
        // SAFETY:
        // - 1: all three are behind the Box, which is not opened before the workers are joined (Pool's drop).
        inner.workers = Some(unsafe { WorkerSet::start(inner.core.raw(), seats, hooks, plan) }?);
        Ok(Pool { inner: core::mem::ManuallyDrop::new(inner) })
    }

    #[cfg(not(any(feature = "std", feature = "pthread")))]
    fn start(self, core: PoolCore<Heap<PAYLOAD>>, workers: usize) -> Result<Pool<PAYLOAD>, BuildError> {
        if workers > 0 {
            return Err(BuildError::Unsupported("workers"));
        }
        Ok(Pool { inner: core::mem::ManuallyDrop::new(boxed(Inner { core }).ok_or(BuildError::NoMemory)?) })
    }
}

fn default_workers() -> usize {
    // A model is one program on every machine.
    #[cfg(any(feature = "std", feature = "pthread"))]
    return if cfg!(jobring_loom) {
        1
    } else {
        crate::thread::available_cpus().min(crate::wait::MAX_WORKERS)
    };
    #[cfg(not(any(feature = "std", feature = "pthread")))]
    0
}

impl<const PAYLOAD: usize> Pool<PAYLOAD> {
    /// How many worker threads it started.
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub fn workers(&self) -> usize {
        self.inner.workers.as_ref().map_or(0, WorkerSet::count)
    }

    /// The stack of a worker as the system has it, bytes (where it can be asked; else as it was asked for). None
    /// for a number that is no worker's.
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub fn worker_stack(&self, worker: usize) -> Option<usize> {
        if self.inner.core.raw().is_copy() {
            return None;
        }
        self.inner.workers.as_ref().and_then(|set| set.seat(worker)?.stack_size())
    }
}

impl<const PAYLOAD: usize> core::ops::Deref for Pool<PAYLOAD> {
    type Target = PoolCore<Heap<PAYLOAD>>;

    fn deref(&self) -> &Self::Target {
        &self.inner.core
    }
}

impl<const PAYLOAD: usize> core::fmt::Debug for Pool<PAYLOAD> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pool").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

impl<const PAYLOAD: usize> Drop for Pool<PAYLOAD> {
    fn drop(&mut self) {
        if dying() {
            return;
        }
        if self.inner.core.raw().is_copy() {
            // Nobody is there who could be waited for, and what lies in it is the parent's.
            return;
        }
        if self.inner.core.raw().here().is_some() {
            // On one of our own threads: whoever is left drains and ends; the memory stays for this thread.
            let _ = self.inner.core.raw().shutdown(Queued::Drain, Timeout::Poll);
            return;
        }
        if self.inner.core.raw().shutdown(Queued::Drain, Timeout::Forever).is_err() {
            // Too little stack is left to run what is queued, and nobody else is there: it is dropped.
            let _ = self.inner.core.raw().shutdown(Queued::Discard, Timeout::Forever);
        }
        #[cfg(any(feature = "std", feature = "pthread"))]
        if let Some(workers) = self.inner.workers.take() {
            self.inner.core.raw().await_workers();
            workers.join();
        }
        // SAFETY:
        // - dropped here and not used again: the workers are joined, and nobody borrows a pool that is dropped.
        unsafe { core::mem::ManuallyDrop::drop(&mut self.inner) };
    }
}
