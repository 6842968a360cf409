//! The untyped pool: one struct of all its parts.

use crate::engine::lifecycle::Lifecycle;
use crate::job::context::{CallChain, CallContext};
use crate::job::id::JobId;
use crate::platform::port::Port;
use crate::ring::{Cursors, Ring, Seed};
use crate::sleep::Idle;
use crate::slot::Slot;
use crate::slot::storage::Storage;
use crate::sync::{Flags, const_fn};
use crate::util::cache_padded::CachePadded;
use core::ptr;

/// The settings of a pool that its threads read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuntimeConfig {
    /// The most workers at a time, started and entered.
    pub(crate) workers: usize,
    /// How often a worker that has run a job polls the ring before it goes to sleep.
    pub(crate) spin: u32,
    /// A job that waits runs the awaited job on its own stack only if this many bytes of it are left.
    pub(crate) stack_reserve: usize,
}

/// How often workers poll by default: some 25 µs, about half of the time that it takes to wake a thread on a
/// halted CPU (engine/blocking_wait.rs says how to choose such a time).
#[cfg(any(feature = "std", feature = "pthread"))]
pub(crate) const POLLS: u32 = if crate::util::backoff::SPINS { 1000 } else { 0 };
/// A pool without threads of its own does not know whether its CPU has other work.
#[cfg(not(any(feature = "std", feature = "pthread")))]
pub(crate) const POLLS: u32 = 0;

/// Bytes of stack that must be left before a job runs inside a job.
pub(crate) const STACK_RESERVE: usize = 16 * 1024;

impl RuntimeConfig {
    /// For storage whose type has the number of workers: no field of it is read.
    pub(crate) const UNREAD: Self = Self { workers: 0, spin: 0, stack_reserve: 0 };

    pub(crate) const fn default() -> Self {
        Self { workers: crate::sleep::MAX_WORKERS, spin: 0, stack_reserve: STACK_RESERVE }
    }
}

/// A pool over a storage and a port.
#[repr(C)]
pub(crate) struct RawPool<S, P> {
    pub(super) ready_ends: Cursors,
    pub(super) free_ends: Cursors,
    pub(super) idle: Idle,
    pub(super) lifecycle: CachePadded<Lifecycle>,
    /// What workers look for between two jobs (`worker_loop.rs`).
    pub(super) notices: Flags,
    pub(super) config: RuntimeConfig,
    pub(super) port: P,
    pub(super) storage: S,
}

impl<S, P> RawPool<S, P> {
    const_fn! {
        /// An open pool over storage that is all zero, with as many slots as its rings have entries. It must
        /// not move after it has given out a handle.
        pub(crate) fn new(storage: S, port: P, config: RuntimeConfig) -> Self {
            Self::with_free(Cursors::new(), storage, port, config)
        }
    }

    const_fn! {
        fn with_free(free_ends: Cursors, storage: S, port: P, config: RuntimeConfig) -> Self {
            Self {
                ready_ends: Cursors::new(),
                free_ends,
                idle: Idle::new(),
                lifecycle: CachePadded::new(Lifecycle::new()),
                notices: Flags::new(),
                config,
                port,
                storage,
            }
        }
    }
}

#[cfg(feature = "capi")]
impl<S: Storage, P> RawPool<S, P> {
    /// Makes an open pool in place, as `over` does.
    ///
    /// # Safety
    /// 1. `at` is writable, and all zero.
    pub(crate) unsafe fn init_in_place(at: *mut Self, storage: S, port: P, config: RuntimeConfig) {
        // SAFETY:
        // - 1; and over() leaves zero in the other fields.
        unsafe {
            (&raw mut (*at).free_ends).write(Cursors::seeded(storage.capacity(), storage.free().len()));
            Ring::new(&(*at).free_ends, storage.free(), Seed::Full).remove_seeds(storage.capacity());
            (&raw mut (*at).config).write(config);
            (&raw mut (*at).port).write(port);
            (&raw mut (*at).storage).write(storage);
        }
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// As [`new`](RawPool::new), with any number of slots.
    #[cfg(any(feature = "alloc", feature = "capi"))]
    pub(crate) fn over(storage: S, port: P, config: RuntimeConfig) -> Self {
        let free = Cursors::seeded(storage.capacity(), storage.free().len());
        let this = Self::with_free(free, storage, port, config);
        this.free().remove_seeds(this.storage.capacity());
        this
    }

    #[inline(always)]
    pub(super) fn ready(&self) -> Ring<'_> {
        Ring::new(&self.ready_ends, self.storage.ready(), Seed::Empty)
    }

    #[inline(always)]
    pub(super) fn free(&self) -> Ring<'_> {
        Ring::new(&self.free_ends, self.storage.free(), Seed::Full)
    }

    #[inline(always)]
    pub(super) fn slot(&self, index: usize) -> Slot<'_> {
        self.storage.slot(index)
    }

    /// The pool's identity in contexts: its address, which is never dereferenced.
    #[inline(always)]
    pub(crate) fn id(&self) -> *const () {
        ptr::from_ref(self).cast()
    }

    /// 8 bits of the pool's identity, for handles.
    #[inline(always)]
    pub(crate) fn tag(&self) -> u8 {
        JobId::tag_of(self.id())
    }

    pub(crate) fn port(&self) -> &P {
        &self.port
    }

    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    pub(crate) fn config(&self) -> RuntimeConfig {
        match S::WORKERS {
            Some(workers) => RuntimeConfig { workers, ..RuntimeConfig::default() },
            None => self.config,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.storage.capacity()
    }

    pub(crate) fn payload_bytes(&self) -> usize {
        self.storage.payload_bytes()
    }

    /// A pool as it is after `start` positions, a multiple of the rings' length.
    #[cfg(test)]
    pub(super) fn aged(storage: S, port: P, config: RuntimeConfig, start: usize) -> Self {
        let (ready_ends, free_ends) = (Cursors::new().aged(start), Cursors::new().aged(start));
        let pool = Self { ready_ends, free_ends, ..Self::new(storage, port, config) };
        pool.ready().age(start);
        pool.free().age(start);
        pool
    }

    /// Starts all slots at a generation, before the pool is shared.
    #[cfg(any(test, jobring_loom))]
    pub(crate) fn set_generation(&self, generation: usize) {
        (0..self.storage.capacity()).for_each(|index| self.slot(index).set_generation(generation));
    }

    /// Starts a worker's search, which never ends.
    #[cfg(jobring_loom)]
    pub(crate) fn freeze_searching(&self) {
        let _forgotten = self.idle.search();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.idle.counts().is_closed()
    }

    /// Does the pool accept no jobs, because it is closed or in another process?
    pub(crate) fn refuses_jobs(&self) -> bool {
        self.is_closed() || self.is_elsewhere()
    }

    /// The part of `is_copy` that is cheap enough for a submit: false for storage that does not count forks.
    #[inline(always)]
    pub(super) fn is_elsewhere(&self) -> bool {
        self.storage.forks().is_some_and(|own| own != self.port.forks())
    }

    /// Is this process a child by fork of the one that the pool is in? Then no other thread is in the pool
    /// here, and what was in progress never ends.
    #[inline]
    pub(crate) fn is_copy(&self) -> bool {
        let forks = self.port.forks();
        match self.storage.forks() {
            Some(own) => own != forks,
            None => self.lifecycle.is_other_process(forks),
        }
    }

    /// This thread's contexts that belong to this pool, the innermost first. A port without thread-local pointers compiles to no
    /// code for what they lead to.
    #[inline(always)]
    pub(crate) fn contexts(&self) -> impl Iterator<Item = &'static CallContext> {
        CallChain(self.port.current()).filter(|context| context.pool == self.id())
    }

    /// The innermost of them, apart from scopes of interrupts.
    pub(crate) fn current_context(&self) -> Option<&CallContext> {
        self.contexts().find(|context| !context.is_scope())
    }

    /// Does this thread build a job in a slot of this pool? What waits for all jobs would wait for that one too.
    #[cfg(feature = "capi")]
    pub(crate) fn is_filling(&self) -> bool {
        self.contexts().any(CallContext::is_of_fill)
    }

    /// Is this thread inside a job, a callback, a worker's loop or a scope of this pool?
    pub(crate) fn is_inside(&self) -> bool {
        self.contexts().next().is_some()
    }

    /// Is this thread a worker of this pool?
    pub(crate) fn is_worker(&self) -> bool {
        self.contexts().any(CallContext::is_of_worker)
    }

    /// The number of jobs, wakers and hooks, all called by this pool, that this thread is inside of.
    pub(crate) fn nesting_depth(&self) -> usize {
        self.contexts().filter(|context| context.is_call_of_pool()).count()
    }
}
