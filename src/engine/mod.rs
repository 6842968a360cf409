//! The pool without its threads: rings, slots, idle word and life cycle, put together. Jobs are untyped here; the
//! faces (`rust`, `ffi`) give them types.
//!
//! ```text
//! submit ─▶ slot from the free ring ─▶ filled, index into the ready ring ─▶ worker claims, runs ─▶ slot resolved
//!                                                                       ─▶ taken ─▶ slot back to the free ring
//! ```
//!
//! - `submit`, `batch`: from a free slot to the ready ring. `run`: claim a job and run it. `worker_loop`: what a worker does;
//!   `worker_state`: what it is doing now. `start_workers`: their threads.
//! - `wait`: what can be done with a handle. `blocking_wait`: how a thread sleeps in a call. `task_wait`: async tasks that await a
//!   job. `deadlock`, `wait_graph`: sleeps that nobody could end. `stack_check`: may a job run inside a job?
//! - `lifecycle`, `close`: shutdown. `kept_failure`: failures that stay readable. `fork_support`: jobs that their submitter may take
//!   back.

#[cfg(any(feature = "capi", jobring_loom))]
mod batch;
mod blocking_wait;
mod close;
mod deadlock;
mod fork_support;
mod kept_failure;
#[cfg(all(test, feature = "capi"))]
mod kept_failure_tests;
pub(crate) mod lifecycle;
mod run;
mod stack_check;
#[cfg(any(feature = "std", feature = "pthread", feature = "capi"))]
mod start_workers;
mod submit;
#[cfg(feature = "future")]
mod task_wait;
mod wait;
mod wait_graph;
mod worker_loop;
mod worker_state;
#[cfg(test)]
mod wrap_tests;

#[cfg(any(feature = "capi", jobring_loom))]
pub(crate) use batch::Batch;
pub use close::Report;
pub(crate) use submit::{Looked, Refused, Reserved};
pub(crate) use wait::{Receiver, Taken, Verdict, WaitError};
#[cfg(any(feature = "std", feature = "pthread", feature = "capi", jobring_loom))]
pub(crate) use worker_state::Activity;
#[cfg(all(feature = "capi", any(feature = "std", feature = "pthread")))]
pub(crate) use worker_state::Doing;
#[cfg(any(feature = "std", feature = "pthread"))]
pub(crate) use worker_state::Record;

use crate::engine::lifecycle::Lifecycle;
use crate::job::context::{Chain, Frame};
use crate::job::id::Job;
use crate::platform::port::{FromIsr, Port};
use crate::ring::{Ends, Ring, Seed};
use crate::sleep::Idle;
use crate::slot::Slot;
use crate::slot::storage::Storage;
use crate::sync::{Counter, const_fn};
use crate::util::cache_padded::CachePadded;
use core::ptr;

/// The numbers of a pool that its threads want to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Workers, started and entered.
    pub(crate) workers: usize,
    /// How often a worker that has run a job polls the ring before it goes to sleep.
    pub(crate) spin: u32,
    /// A job that waits runs the awaited job on its own stack only if so many bytes of it are left.
    pub(crate) stack_reserve: usize,
}

/// How often workers poll where nothing was said: some 25 µs, about half of what it takes to wake a thread on a CPU that was
/// halted (engine/blocking_wait.rs says why so long).
#[cfg(any(feature = "std", feature = "pthread"))]
pub(crate) const POLLS: u32 = if crate::util::backoff::SPINS { 1000 } else { 0 };
/// Without threads of its own a pool does not know whether there is anything better to do.
#[cfg(not(any(feature = "std", feature = "pthread")))]
pub(crate) const POLLS: u32 = 0;

/// The stack that must be left for a job to be run inside a job, bytes.
pub(crate) const STACK_RESERVE: usize = 16 * 1024;

impl Limits {
    /// For storage whose type has the number of workers: nothing is read from here.
    pub(crate) const UNREAD: Self = Self { workers: 0, spin: 0, stack_reserve: 0 };

    pub(crate) const fn default() -> Self {
        Self { workers: crate::sleep::MAX_WORKERS, spin: 0, stack_reserve: STACK_RESERVE }
    }
}

/// A pool over some storage and some system.
#[repr(C)]
pub(crate) struct RawPool<S, P> {
    ready_ends: Ends,
    free_ends: Ends,
    idle: Idle,
    lifecycle: CachePadded<Lifecycle>,
    entered: Counter,
    limits: Limits,
    port: P,
    storage: S,
}

impl<S, P> RawPool<S, P> {
    const_fn! {
        /// An open pool over storage that is all zero, with as many slots as its rings have entries. It must not move once
        /// a handle was given out.
        pub(crate) fn new(storage: S, port: P, limits: Limits) -> Self {
            Self::with_free(Ends::new(), storage, port, limits)
        }
    }

    const_fn! {
        fn with_free(free_ends: Ends, storage: S, port: P, limits: Limits) -> Self {
            Self {
                ready_ends: Ends::new(),
                free_ends,
                idle: Idle::new(),
                lifecycle: CachePadded::new(Lifecycle::new()),
                entered: Counter::new(),
                limits,
                port,
                storage,
            }
        }
    }
}

#[cfg(feature = "capi")]
impl<S: Storage, P> RawPool<S, P> {
    /// An open pool in place, as `over`.
    ///
    /// # Safety
    /// 1. `at` is writable, and all zero.
    pub(crate) unsafe fn settle(at: *mut Self, storage: S, port: P, limits: Limits) {
        // SAFETY:
        // - 1; and zero is what over() leaves in the other fields.
        unsafe {
            (&raw mut (*at).free_ends).write(Ends::seeded(storage.capacity(), storage.free().len()));
            Ring::new(&(*at).free_ends, storage.free(), Seed::Full).unseed(storage.capacity());
            (&raw mut (*at).limits).write(limits);
            (&raw mut (*at).port).write(port);
            (&raw mut (*at).storage).write(storage);
        }
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// As [`new`](RawPool::new), with however many slots.
    #[cfg(any(feature = "alloc", feature = "capi"))]
    pub(crate) fn over(storage: S, port: P, limits: Limits) -> Self {
        let free = Ends::seeded(storage.capacity(), storage.free().len());
        let this = Self::with_free(free, storage, port, limits);
        this.free().unseed(this.storage.capacity());
        this
    }

    #[inline(always)]
    fn ready(&self) -> Ring<'_> {
        Ring::new(&self.ready_ends, self.storage.ready(), Seed::Empty)
    }

    #[inline(always)]
    fn free(&self) -> Ring<'_> {
        Ring::new(&self.free_ends, self.storage.free(), Seed::Full)
    }

    #[inline(always)]
    fn slot(&self, index: usize) -> Slot<'_> {
        self.storage.slot(index)
    }

    /// The pool's identity in frames: its address, never followed.
    #[inline(always)]
    pub(crate) fn id(&self) -> *const () {
        ptr::from_ref(self).cast()
    }

    /// 8 bits of the pool's identity, for handles.
    #[inline(always)]
    pub(crate) fn tag(&self) -> u8 {
        Job::tag_of(self.id())
    }

    /// This pool for the calls of an interrupt: its wake-ups go out as such.
    pub(crate) fn for_isr(&self) -> &RawPool<S, FromIsr<P>> {
        // SAFETY:
        // - RawPool is repr(C) and FromIsr<P> is transparent: the same fields at the same places; the lifetime is kept.
        unsafe { &*ptr::from_ref(self).cast() }
    }

    pub(crate) fn port(&self) -> &P {
        &self.port
    }

    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    pub(crate) fn limits(&self) -> Limits {
        match S::WORKERS {
            Some(workers) => Limits { workers, ..Limits::default() },
            None => self.limits,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.storage.capacity()
    }

    pub(crate) fn payload_bytes(&self) -> usize {
        self.storage.payload_bytes()
    }

    /// A pool as it is after `start` (a multiple of the rings' length) positions.
    #[cfg(test)]
    fn aged(storage: S, port: P, limits: Limits, start: usize) -> Self {
        let (ready_ends, free_ends) = (Ends::new().aged(start), Ends::new().aged(start));
        let pool = Self { ready_ends, free_ends, ..Self::new(storage, port, limits) };
        pool.ready().age(start);
        pool.free().age(start);
        pool
    }

    /// Starts all slots at a generation, before the pool is shared.
    #[cfg(any(test, jobring_loom))]
    pub(crate) fn preset(&self, generation: usize) {
        (0..self.storage.capacity()).for_each(|index| self.slot(index).preset(generation));
    }

    /// Begins a worker's search, which never ends.
    #[cfg(jobring_loom)]
    pub(crate) fn freeze_searching(&self) {
        let _forgotten = self.idle.search();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.idle.counts().closed()
    }

    /// Does it take no jobs: because it is closed, or elsewhere?
    pub(crate) fn refuses_jobs(&self) -> bool {
        self.is_closed() || self.is_elsewhere()
    }

    /// `is_copy` as far as that is to be had on the way of a submit: false for storage that knows nothing of forks.
    #[inline(always)]
    fn is_elsewhere(&self) -> bool {
        self.storage.forks().is_some_and(|own| own != self.port.forks())
    }

    /// Is this process a child by fork of the one that the pool is in? Then nobody else is in it, and what was going on
    /// in it never ends.
    #[inline]
    pub(crate) fn is_copy(&self) -> bool {
        let forks = self.port.forks();
        match self.storage.forks() {
            Some(own) => own != forks,
            None => self.lifecycle.is_left(forks),
        }
    }

    /// This thread's innermost frame that belongs to this pool.
    pub(crate) fn here(&self) -> Option<&Frame> {
        Chain(self.port.current()).find(|frame| frame.pool == self.id())
    }

    /// How many jobs, wakers and hooks, all called by this pool, this thread is inside of.
    pub(crate) fn frames_here(&self) -> usize {
        Chain(self.port.current()).filter(|frame| frame.pool == self.id() && frame.is_call_of_pool()).count()
    }

    /// Numbers that can be had at any time without disturbing anyone.
    pub(crate) fn numbers(&self) -> Numbers {
        let (submitted, claimed) = self.ready().counts();
        let (wakes, forced_wakes) = self.idle.wake_ups();
        let counts = self.idle.counts();
        Numbers {
            submitted,
            claimed,
            wakes,
            forced_wakes,
            sleeping: counts.sleeping(),
            live: self.lifecycle.live(),
        }
    }
}

/// Counters of a pool, wrapping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// Jobs accepted.
    pub(crate) submitted: usize,
    /// Ring entries taken out: jobs begun from the ring, and tombstones.
    pub(crate) claimed: usize,
    pub(crate) wakes: usize,
    pub(crate) forced_wakes: usize,
    pub(crate) sleeping: usize,
    pub(crate) live: usize,
}
