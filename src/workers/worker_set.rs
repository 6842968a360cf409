//! The workers of one pool: starts them, undoes a start that got stuck, joins them.

use super::name::WorkerName;
use super::worker_thread::{Hooks, WorkerConfig, WorkerThread};
use crate::engine::RawPool;
use crate::error::BuildError;
use crate::platform::thread::{BlockedSignals, stack_size};
use crate::platform::{Backend, System};
use crate::slot::storage::Storage;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// What the workers are to be like.
#[derive(Clone, Copy)]
pub(crate) struct WorkerSetConfig<'a> {
    pub(crate) backend: Backend,
    /// How many, and how few are acceptable if the system refuses more.
    pub(crate) workers: usize,
    pub(crate) min_workers: usize,
    /// Bytes, checked by `stack_size::effective`.
    pub(crate) stack_size: usize,
    /// Prefix of the threads' names; the worker's number follows.
    pub(crate) name: &'a str,
    /// Bytes below each stack that trap. None: as the system does it.
    pub(crate) guard_size: Option<usize>,
    /// The first of the workers' stacks, which lie one behind the other. None: the system finds places.
    pub(crate) stacks: Option<NonNull<u8>>,
    /// The CPUs that the workers are put on, in turn. Empty: any.
    pub(crate) cpus: &'a [u32],
    /// Do the workers take the process's signals?
    pub(crate) inherit_signals: bool,
    /// Are jobs timed?
    pub(crate) timed: bool,
    /// Are the stacks painted, so that it can be seen how far they were used?
    pub(crate) painted: bool,
}

impl<'a> WorkerSetConfig<'a> {
    /// Workers with nothing special about them.
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

    /// Where the stack of one worker lies, if the config says so.
    fn stack_of(&self, worker: usize) -> Option<NonNull<u8>> {
        // SAFETY:
        // - the stacks are `workers` times `stack_size` bytes long (WorkerSet::start).
        self.stacks.map(|first| unsafe { first.add(worker * self.stack_size) })
    }
}

/// The workers of one pool, in seats that do not move.
pub(crate) struct WorkerSet {
    seats: *mut WorkerThread,
    count: usize,
    backend: Backend,
    stack_size: usize,
}

// SAFETY:
// - start alone writes the seats, before it shares them; afterwards they are Sync (worker_thread.rs).
unsafe impl Send for WorkerSet {}
// SAFETY:
// - as for Send.
unsafe impl Sync for WorkerSet {}

impl WorkerSet {
    /// Starts the workers of `pool`.
    ///
    /// # Errors
    /// [`BuildError::Thread`] if the system refuses more than the config accepts. Then none runs, and the pool is
    /// closed.
    ///
    /// # Safety
    /// 1. `pool`, `hooks` and `seats` (room for `config.workers`) do not move and live until `join` returned; nobody
    ///    else touches the seats, nor the config's stacks, which are `workers` times `stack_size` bytes.
    pub(crate) unsafe fn start<S: Storage>(
        pool: &RawPool<S, System>,
        seats: *mut MaybeUninit<WorkerThread>,
        hooks: *const (dyn Hooks + 'static),
        config: WorkerSetConfig<'_>,
    ) -> Result<Self, BuildError> {
        let mut set =
            Self { seats: seats.cast(), count: 0, backend: config.backend, stack_size: config.stack_size };
        // Once for all of them, not for each.
        let blocked = (!config.inherit_signals).then(BlockedSignals::for_new_threads);
        let above_start = stack_size::above_start();
        let started = pool.start_workers(config.workers, config.min_workers, |worker| {
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
            // - 1: there is room for this seat, which nobody else has yet; it stays, with pool and hooks, until the
            //   thread was joined.
            unsafe {
                let seat = seats.add(worker).cast::<WorkerThread>();
                seat.write(WorkerThread::new(pool, hooks, worker, worker_config, config.timed));
                WorkerThread::start_thread(seat)
            }
        });
        drop(blocked);
        match started {
            Ok(count) => {
                set.count = count;
                Ok(set)
            }
            Err((count, error)) => {
                set.count = count;
                pool.undo_start();
                set.join();
                Err(error)
            }
        }
    }

    /// Waits until all threads are over. The workers have left their loops (RawPool::await_workers). On a thread that is one
    /// of them (in a destructor of its thread-locals, say) that one is left to end by itself: it is done with the pool.
    pub(crate) fn join(self) {
        (0..self.count).filter_map(|worker| self.seat(worker)).for_each(WorkerThread::join);
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// The size that the workers' stacks were given, bytes.
    pub(crate) fn stack_size(&self) -> usize {
        self.stack_size
    }

    /// The seat of one worker. None for a number that is no started worker's.
    pub(crate) fn seat(&self, worker: usize) -> Option<&WorkerThread> {
        // SAFETY:
        // - start wrote the seats below `count`, which stay until the set is joined.
        (worker < self.count).then(|| unsafe { &*self.seats.add(worker) })
    }
}
