//! The settings of a pool on the heap.

use super::pool::{Callbacks, DEFAULT_CAPACITY, DEFAULT_PAYLOAD, Inner, Pool};
use super::pool_core::PoolCore;
use crate::engine::{POLLS, RawPool, RuntimeConfig};
use crate::error::BuildError;
use crate::platform::port::Port;
use crate::platform::system;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::platform::thread::{Backend, stack_size};
use crate::slot::storage::{Heap, SlotLayout, boxed};
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::{Hooks, WorkerSet, WorkerSetConfig};
use alloc::boxed::Box;
use alloc::string::String;
#[cfg(any(feature = "std", feature = "pthread"))]
use alloc::vec::Vec;
#[cfg(any(feature = "std", feature = "pthread"))]
use core::mem::MaybeUninit;

/// Threads that may enter as workers beside the pool's own, where the limit was not chosen.
const ENTERED: usize = 16;

/// The settings of a [`Pool`].
#[must_use = "a builder does nothing until build()"]
pub struct Builder<const PAYLOAD: usize = DEFAULT_PAYLOAD> {
    workers: Option<usize>,
    min_workers: Option<usize>,
    max_workers: Option<usize>,
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
            min_workers: None,
            max_workers: None,
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
    pub fn min_workers(mut self, min_workers: usize) -> Self {
        self.min_workers = Some(min_workers);
        self
    }

    /// The most workers at a time, threads that enter included. Default: 16 more than its own.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = Some(max_workers);
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
            min_workers: self.min_workers,
            max_workers: self.max_workers,
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
                PAYLOAD.is_multiple_of(crate::slot::storage::PAYLOAD_ALIGN),
                "the payload must be a multiple of 16 bytes (8 on 32-bit targets)"
            )
        };
        let shape = SlotLayout::new(self.capacity, PAYLOAD).ok_or(BuildError::Invalid("capacity"))?;
        let workers = self.workers.unwrap_or_else(default_workers);
        let max_workers = self.max_workers.unwrap_or((workers + ENTERED).min(crate::sleep::MAX_WORKERS));
        if workers > crate::sleep::MAX_WORKERS {
            return Err(BuildError::Invalid("workers"));
        }
        if max_workers < workers || max_workers > crate::sleep::MAX_WORKERS {
            return Err(BuildError::Invalid("max_workers"));
        }
        if self.min_workers.is_some_and(|min_workers| min_workers > workers) {
            return Err(BuildError::Invalid("min_workers"));
        }
        let config = RuntimeConfig { workers: max_workers, spin: self.spin, ..RuntimeConfig::default() };
        let port = system();
        if !port.prepare() {
            return Err(BuildError::NoMemory);
        }
        let storage = Heap::new(shape, port.forks()).ok_or(BuildError::NoMemory)?;
        let core = PoolCore::from_raw(RawPool::over(storage, port, config));
        self.start(core, workers)
    }

    #[cfg(any(feature = "std", feature = "pthread"))]
    fn start(self, core: PoolCore<Heap<PAYLOAD>>, workers: usize) -> Result<Pool<PAYLOAD>, BuildError> {
        let stack_size = stack_size::effective(self.stack_size)?;
        let mut seats = Vec::new();
        seats.try_reserve_exact(workers).map_err(|_| BuildError::NoMemory)?;
        seats.resize_with(workers, MaybeUninit::uninit);
        let mut inner = boxed(Inner { core, workers: None, _seats: seats, hooks: self.hooks })
            .ok_or(BuildError::NoMemory)?;
        let min_workers = self.min_workers.unwrap_or(workers);
        let plan = WorkerSetConfig {
            min_workers,
            ..WorkerSetConfig::plain(self.backend, workers, stack_size, &self.name)
        };
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
        crate::platform::thread::available_cpus().min(crate::sleep::MAX_WORKERS)
    };
    #[cfg(not(any(feature = "std", feature = "pthread")))]
    0
}
