//! The workers of one pool: starts them, undoes a start that fails halfway, joins them.

use super::name::WorkerName;
use super::worker_thread::{Hooks, WorkerConfig, WorkerThread};
use crate::engine::RawPool;
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
    /// The number of workers, the most that it can have later, and the smallest acceptable number if the system refuses more.
    pub(crate) workers: usize,
    pub(crate) most: usize,
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
            most: workers,
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
        // - the stacks are `most` times `stack_size` bytes long (WorkerSet::start).
        self.stacks.map(|first| unsafe { first.add(worker * self.stack_size) })
    }
}

/// The workers of one pool, in memory that does not move.
pub(crate) struct WorkerSet {
    places: *mut WorkerThread,
    most: usize,
    backend: Backend,
    stack_size: usize,
    inherit_signals: bool,
    has_start_hook: bool,
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
    /// 1. `pool`, `hooks` and `places` (room for `config.most`) do not move and live until `join` returned; nothing else
    ///    uses the places, nor the configured stacks, which are `most` times `stack_size` bytes.
    pub(crate) unsafe fn start<S: Storage>(
        pool: &RawPool<S, System>,
        places: *mut MaybeUninit<WorkerThread>,
        hooks: *const (dyn Hooks + 'static),
        config: WorkerSetConfig<'_>,
    ) -> Result<Self, BuildError> {
        // SAFETY:
        // - 1.
        let has_start_hook = unsafe { (*hooks).has_start() };
        let set = Self {
            places: places.cast(),
            most: config.most,
            backend: config.backend,
            stack_size: config.stack_size,
            inherit_signals: config.inherit_signals,
            has_start_hook,
        };
        let above_start = stack_size::above_start();
        // Any other error is a mistake of the configuration, however many workers it spares.
        let is_shortage = |error: &BuildError| matches!(error, BuildError::Thread(_) | BuildError::NoMemory);
        let hook_error = has_start_hook.then_some(BuildError::StartHook);
        if config.timed {
            pool.time_jobs();
        }
        for worker in 0..config.most {
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
            //   the set is joined.
            unsafe {
                let new = WorkerThread::new(pool, hooks, worker, worker_config, config.timed);
                WorkerThread::write(places.add(worker).cast(), new);
            }
        }
        pool.headcount().want(config.workers);
        let places = set.places();
        let spawn = |worker: usize| {
            pool.headcount().add();
            let started = places[worker].start_thread().unwrap_or(Ok(()));
            started.inspect_err(|_| pool.headcount().lose())
        };
        // Once for all workers.
        let blocked = set.blocked_signals();
        let started = pool.start_workers(config.workers, config.min_workers, hook_error, is_shortage, spawn);
        drop(blocked);
        match started {
            Ok(_) => {
                pool.headcount().settle();
                Ok(set)
            }
            Err((_, error)) => {
                pool.undo_start();
                set.join();
                Err(error)
            }
        }
    }

    /// Waits until all threads have ended. The workers have already left their loops (RawPool::await_workers). If the calling
    /// thread is one of them (in a destructor of a thread-local), it is detached: it no longer uses the pool.
    pub(crate) fn join(self) {
        for worker in 0..self.most {
            // SAFETY:
            // - start wrote the places; after their threads have ended, nothing uses them any more.
            unsafe {
                (*self.places.add(worker)).join();
                self.places.add(worker).drop_in_place();
            }
        }
    }

    /// The most workers that it can have.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    pub(super) fn has_start_hook(&self) -> bool {
        self.has_start_hook
    }

    /// Blocks signals for threads that are made meanwhile, if they do not inherit the caller's mask.
    pub(super) fn blocked_signals(&self) -> Option<BlockedSignals> {
        (!self.inherit_signals).then(BlockedSignals::for_new_threads)
    }

    pub(super) fn places(&self) -> &[WorkerThread] {
        // SAFETY:
        // - start wrote the places, which stay valid until the set is joined.
        unsafe { core::slice::from_raw_parts(self.places, self.most) }
    }

    /// How many threads failed in their start hooks.
    pub(super) fn failures(&self) -> u64 {
        if self.has_start_hook { self.places().iter().map(WorkerThread::failures).sum() } else { 0 }
    }

    /// Is the only worker that is not joined yet the one of the calling thread, which has left?
    pub(super) fn is_mine_alone(&self) -> bool {
        self.places().iter().any(WorkerThread::is_mine)
            && !self.places().iter().any(|place| place.has_left() || place.is_vacant())
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
        self.places().get(worker).filter(|place| place.is_made())
    }
}
