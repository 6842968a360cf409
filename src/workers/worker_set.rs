//! The workers of one pool: starts them, undoes a start that fails halfway, joins them.

use super::name::WorkerName;
use super::worker_thread::{Hooks, WorkerConfig, WorkerThread};
use crate::engine::{RawPool, Started};
use crate::error::BuildError;
use crate::platform::thread::{BlockedSignals, stack_size};
use crate::platform::{Backend, System};
use crate::slot::storage::Storage;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// The configuration of a pool's workers.
#[derive(Clone, Copy)]
pub(crate) struct WorkerSetConfig<'a> {
    pub(crate) backend: Backend,
    /// The number of workers, and the smallest acceptable number if the system refuses more.
    pub(crate) workers: usize,
    pub(crate) min_workers: usize,
    /// Bytes, checked by `stack_size::effective`.
    pub(crate) stack_size: usize,
    /// The prefix of the threads' names; the worker's number follows.
    pub(crate) name: &'a str,
    /// Bytes below each stack that trap. None: the system's default.
    pub(crate) guard_size: Option<usize>,
    /// The lowest address of the workers' stacks, which are contiguous. None: the system allocates them.
    pub(crate) stacks: Option<NonNull<u8>>,
    /// The CPUs of the workers, assigned in turn. Empty: any.
    pub(crate) cpus: &'a [u32],
    /// Do the workers inherit the creator's signal mask?
    pub(crate) inherit_signals: bool,
    /// Are jobs timed?
    pub(crate) timed: bool,
    /// Are the stacks painted, to measure how far they are used?
    pub(crate) painted: bool,
}

impl<'a> WorkerSetConfig<'a> {
    /// The default configuration.
    pub(crate) fn plain(backend: Backend, workers: usize, stack_size: usize, name: &'a str) -> Self {
        Self {
            backend,
            workers,
            min_workers: workers,
            stack_size,
            name,
            guard_size: None,
            stacks: None,
            cpus: &[],
            inherit_signals: false,
            timed: false,
            painted: false,
        }
    }

    /// The lowest address of one worker's stack, if the configuration gives one.
    fn stack_of(&self, worker: usize) -> Option<NonNull<u8>> {
        // SAFETY:
        // - the stacks are `workers` times `stack_size` bytes long (WorkerSet::start).
        self.stacks.map(|first| unsafe { first.add(worker * self.stack_size) })
    }
}

/// The workers of one pool, in memory that does not move.
pub(crate) struct WorkerSet {
    places: *mut WorkerThread,
    started: Started,
    backend: Backend,
    stack_size: usize,
}

// SAFETY:
// - only start writes the places, before it shares them; afterwards they are Sync (worker_thread.rs).
unsafe impl Send for WorkerSet {}
// SAFETY:
// - as for Send.
unsafe impl Sync for WorkerSet {}

impl WorkerSet {
    /// Starts the workers of `pool`.
    ///
    /// # Errors
    /// [`BuildError::Thread`] or [`BuildError::NoMemory`] if the system creates fewer than `min_workers` threads;
    /// [`BuildError::StartHook`] if the start hooks fail on so many of them that fewer are left; any other error for a thread
    /// that the configuration describes wrongly. Then no worker runs, and the pool is closed.
    ///
    /// # Safety
    /// 1. `pool`, `hooks` and `places` (room for `config.workers`) do not move and live until `join` returned; nothing else
    ///    uses the places, nor the configured stacks, which are `workers` times `stack_size` bytes.
    pub(crate) unsafe fn start<S: Storage>(
        pool: &RawPool<S, System>,
        places: *mut MaybeUninit<WorkerThread>,
        hooks: *const (dyn Hooks + 'static),
        config: WorkerSetConfig<'_>,
    ) -> Result<Self, BuildError> {
        let mut set = Self {
            places: places.cast(),
            started: Started::NONE,
            backend: config.backend,
            stack_size: config.stack_size,
        };
        // Once for all workers.
        let blocked = (!config.inherit_signals).then(BlockedSignals::for_new_threads);
        let above_start = stack_size::above_start();
        // Any other error is a mistake of the configuration, however many workers it spares.
        let is_shortage = |error: &BuildError| matches!(error, BuildError::Thread(_) | BuildError::NoMemory);
        // SAFETY:
        // - 1.
        let hook_error = unsafe { (*hooks).has_start() }.then_some(BuildError::StartHook);
        if config.timed {
            pool.time_jobs();
        }
        let spawn = |worker| {
            let worker_config = WorkerConfig {
                backend: config.backend,
                name: WorkerName::of(config.name, worker),
                stack_size: config.stack_size,
                above_start,
                guard_size: config.guard_size,
                stack: config.stack_of(worker),
                cpu: (!config.cpus.is_empty()).then(|| config.cpus[worker % config.cpus.len()]),
                inherit_signals: config.inherit_signals,
                painted: config.painted,
            };
            // SAFETY:
            // - 1: there is room for this place, and nothing else uses it yet; it stays valid, with pool and hooks, until
            //   the thread was joined.
            unsafe {
                let place = places.add(worker).cast::<WorkerThread>();
                place.write(WorkerThread::new(pool, hooks, worker, worker_config, config.timed));
                WorkerThread::start_thread(place).inspect_err(|_| place.drop_in_place())
            }
        };
        let started = pool.start_workers(config.workers, config.min_workers, hook_error, is_shortage, spawn);
        drop(blocked);
        match started {
            Ok(started) => {
                set.started = started;
                Ok(set)
            }
            Err((threads, error)) => {
                set.started = Started::new(threads, 0);
                pool.undo_start();
                set.join();
                Err(error)
            }
        }
    }

    /// Waits until all threads have ended. The workers have already left their loops (RawPool::await_workers). If the calling
    /// thread is one of them (in a destructor of a thread-local), it is detached: it no longer uses the pool.
    pub(crate) fn join(self) {
        for worker in 0..self.started.threads() {
            // SAFETY:
            // - start wrote the places of the threads that were made; after these have ended, nothing uses them any more.
            unsafe {
                (*self.places.add(worker)).join();
                self.places.add(worker).drop_in_place();
            }
        }
    }

    pub(crate) fn started(&self) -> Started {
        self.started
    }

    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// The configured size of the workers' stacks, bytes.
    pub(crate) fn stack_size(&self) -> usize {
        self.stack_size
    }

    /// The place of one worker. None if no thread was made for this number.
    pub(crate) fn place(&self, worker: usize) -> Option<&WorkerThread> {
        // SAFETY:
        // - start wrote the places of the threads that were made, which stay valid until the set is joined.
        (worker < self.started.threads()).then(|| unsafe { &*self.places.add(worker) })
    }
}
