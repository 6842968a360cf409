//! A completion queue: its words. `completions.rs` states the protocol.

use super::RawPool;
use super::deadlock::parts;
use crate::engine::wait_graph::{Awaits, Locked};
use crate::platform::port::{Origin, Port};
use crate::ring::{Cursors, Ring, Seed};
use crate::slot::state::Status;
use crate::slot::storage::Storage;
#[cfg(feature = "future")]
use crate::slot::waker::WakerCell;
use crate::slot::{AwaitedOwner, Owner, Slot};
use crate::sync::{
    Acquire, AtomicUsize, Relaxed, Release, SeqCst, Site, UnsafeCell, fence_behind_rmw, ordering, stop_point,
};
use crate::util::cache_padded::CachePadded;
use core::ptr::{self, NonNull};

/// Set in the count while a submitter waits for the limit.
pub(super) const WANTED: usize = 1;
/// One job in the count.
pub(super) const ONE: usize = 2;
/// A completion queue of one pool.
#[repr(C)]
pub(crate) struct Completions {
    // INVARIANT: first, so that its address is the queue's.
    owner: AwaitedOwner,
    ends: Cursors,
    // INVARIANT: a power of two, not fewer than the pool's slots; valid as long as the pool.
    entries: NonNull<[AtomicUsize]>,
    /// ONE for each job that was submitted and not taken, and WANTED.
    pub(super) count: CachePadded<AtomicUsize>,
    // INVARIANT: changes only in `set_limit`.
    limit: UnsafeCell<usize>,
    /// 1 from a claim until the release.
    in_use: AtomicUsize,
    /// The descriptor's name. 0: none.
    pub(super) descriptor: AtomicUsize,
    /// The number of the arm that waits for a completion; 0: none does.
    pub(super) armed: AtomicUsize,
    /// How often the queue was armed.
    pub(super) arms: AtomicUsize,
    /// The waker of the task that polls the queue.
    #[cfg(feature = "future")]
    pub(super) waker: WakerCell,
}

// SAFETY:
// - the entries are atomics that live as long as the pool; the limit changes while no other thread reads it;
//   everything else is
//   atomic or never changes.
unsafe impl Send for Completions {}
// SAFETY:
// - as for Send.
unsafe impl Sync for Completions {}

impl Completions {
    /// A queue for pools of this type, for at most `limit` jobs. It is in use.
    ///
    /// # Safety
    /// 1. There are as many `entries` as in the rings of the pool, all zero. They and the queue stay valid,
    ///    and the queue in its place, until the pool has ended.
    pub(crate) unsafe fn new<S: Storage, P: Port + Clone>(
        entries: NonNull<[AtomicUsize]>,
        limit: usize,
    ) -> Self {
        Self {
            owner: AwaitedOwner {
                owner: Owner { receive: receive::<S, P> },
                is_stuck: is_stuck::<S, P>,
                wake: wake::<S, P>,
            },
            ends: Cursors::new(),
            entries,
            count: CachePadded::new(AtomicUsize::new(0)),
            limit: UnsafeCell::new(Self::countable(limit)),
            in_use: AtomicUsize::new(1),
            descriptor: AtomicUsize::new(0),
            armed: AtomicUsize::new(0),
            arms: AtomicUsize::new(0),
            #[cfg(feature = "future")]
            waker: WakerCell::new(),
        }
    }

    /// As many jobs as the count has room for.
    fn countable(limit: usize) -> usize {
        limit.min(usize::MAX / ONE / 2)
    }

    /// The same, for this pool.
    ///
    /// # Safety
    /// As new.
    pub(crate) unsafe fn new_for<S: Storage, P: Port + Clone>(
        _: &RawPool<S, P>,
        entries: NonNull<[AtomicUsize]>,
        limit: usize,
    ) -> Self {
        // SAFETY:
        // - the caller's.
        unsafe { Self::new::<S, P>(entries, limit) }
    }

    pub(super) fn ring(&self) -> Ring<'_> {
        // SAFETY:
        // - new's obligation.
        Ring::new(&self.ends, unsafe { self.entries.as_ref() }, Seed::Empty)
    }

    /// The most jobs that may be pending.
    pub(super) fn limit(&self) -> usize {
        // SAFETY:
        // - the caller submits, so no thread changes the limit (set_limit).
        self.limit.with(|at| unsafe { *at })
    }

    /// Changes the limit, when the queue is used anew.
    ///
    /// # Safety
    /// 1. No job is pending, and no thread is inside a submit that has not been accepted yet.
    #[cfg(any(feature = "alloc", all(feature = "capi", any(feature = "std", feature = "pthread"))))]
    pub(crate) unsafe fn set_limit(&self, limit: usize) {
        // SAFETY:
        // - 1: nobody reads it.
        self.limit.with_mut(|at| unsafe { *at = Self::countable(limit) });
    }

    /// What a job of this queue has in the last word of its payload.
    pub(crate) fn owner(&self) -> *const Owner {
        ptr::from_ref(self).cast()
    }

    pub(super) fn awaited(&self) -> *const AwaitedOwner {
        ptr::from_ref(self).cast()
    }

    /// What a consumer that sleeps registers.
    pub(super) fn awaits<S: Storage, P: Port + Clone>(&self) -> Awaits {
        Awaits::OneOf { owner: self.awaited(), is_held: is_held::<S, P> }
    }

    /// The number of jobs that were submitted and not taken.
    pub(crate) fn pending(&self) -> usize {
        // ORDERING: Relaxed: the fences decide whether a consumer sleeps; what a job left comes with its
        // index.
        self.count.load(ordering(Site::CompletionsLook, Relaxed)) / ONE
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ring().is_empty()
    }

    /// Claims the queue, if nobody uses it. One thread at a time has it.
    pub(super) fn claim(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `release`: what the last user read of the limit comes
        // before what this one writes. Relaxed on failure: nothing is done.
        self.in_use
            .compare_exchange(
                0,
                1,
                ordering(Site::CompletionsClaim, Acquire),
                ordering(Site::CompletionsClaimLost, Relaxed),
            )
            .is_ok()
    }

    /// Ends the use that a claim, or `new`, began.
    pub(super) fn release(&self) {
        // ORDERING: Release pairs with `claim`.
        self.in_use.store(0, ordering(Site::CompletionsRelease, Release));
    }

    fn is_abandoned(&self) -> bool {
        // ORDERING: Relaxed: the fence before it decides.
        self.in_use.load(ordering(Site::CompletionsUseLook, Relaxed)) == 0
    }
}

/// What the wait-for graph says of a consumer that is registered.
impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Is there no thread that can end a job of this queue? Marked threads are inside of all that are pending, or the workers
    /// are stuck.
    fn is_take_stuck(&self, locked: &Locked<'_, P>, queue: &Completions) -> bool {
        let (mut held, mut can_any_end) = (0, !self.are_workers_stuck(locked));
        for index in 0..self.capacity() {
            let slot = self.slot(index);
            let state = slot.state();
            match state.status() {
                Status::Running | Status::Cancelling if self.is_held(locked, index, state) => {
                    // SAFETY:
                    // - 1: a job that is held does not end while the graph is locked.
                    let is_ours = state.is_owned() && ptr::eq(unsafe { slot.owner() }, queue.owner());
                    held += usize::from(is_ours);
                }
                Status::Taking if self.is_held(locked, index, state) => {}
                Status::Running | Status::Cancelling | Status::Taking => can_any_end = true,
                // It is on its way to its owner, or lies there.
                _ => can_any_end |= state.is_owned() && state.is_untaken(),
            }
        }
        let pending = queue.pending();
        queue.is_empty() && pending > 0 && (held == pending || !can_any_end)
    }

    /// Are all pending jobs of this queue held up: by the marked threads that are inside of them, or because
    /// they wait for this queue too? Asked by a closer. Another job that has an owner may be of this queue: it
    /// ends, and the closer looks again.
    fn is_take_held(&self, locked: &Locked<'_, P>, queue: &Completions) -> bool {
        let mut is_any_held = false;
        for index in 0..self.capacity() {
            let slot = self.slot(index);
            let state = slot.state();
            if !state.is_owned() {
                continue;
            }
            let is_held = || locked.holds_for(queue.awaited(), Slot::handle(self.tag(), index, state));
            let is_running = matches!(state.status(), Status::Running | Status::Cancelling);
            if !(state.is_untaken() || is_running && is_held()) {
                return false;
            }
            // SAFETY:
            // - 1: a job that is held does not end while the graph is locked. A thread that takes an outcome
            //   after this look finds the pool closed, and retires the slot (must_retire_owned).
            let is_ours = ptr::eq(unsafe { slot.owner() }, queue.owner());
            if is_ours && state.is_untaken() {
                // It lies in the queue, or is on its way there.
                return false;
            }
            is_any_held |= is_ours;
        }
        is_any_held
    }
}

/// A job of the queue has finished: see `Owner`. True if a consumer slept.
unsafe fn receive<S: Storage, P: Port + Clone>(
    owner: *const Owner,
    pool: *const (),
    index: usize,
    to: Status,
) -> bool {
    // SAFETY:
    // - the owner is a queue (`Completions::owner`), which `new` made for a pool of this type, and both live.
    let (queue, pool) = unsafe { (&*owner.cast::<Completions>(), &*pool.cast::<RawPool<S, P>>()) };
    pool.slot(index).resolve_owned(to);
    let marked = queue.ring().push(index).marked;
    // ORDERING: pairs with the fence in `arm` and with that in `tidy_completions`: either those see the
    // completion, or we see that the queue is armed, or that nobody uses it.
    fence_behind_rmw(ordering(Site::CompletionsPushFence, SeqCst));
    // Only the Rust API gives up queues to which jobs belong.
    if cfg!(feature = "alloc") && queue.is_abandoned() {
        pool.tidy_completions(queue);
        return false;
    }
    // ORDERING: Acquire pairs with the Release in `arm`: the descriptor is known.
    let armed = queue.armed.load(ordering(Site::CompletionsArmedLook, Acquire));
    if armed != 0 {
        pool.signal_arm(queue, armed);
    }
    let Some(word) = marked else { return false };
    stop_point(Site::CompletionsWake);
    pool.wake_waiters(word, Origin::Thread);
    #[cfg(feature = "future")]
    pool.wake_consuming_task(queue);
    true
}

/// See `AwaitedOwner`.
unsafe fn is_stuck<S: Storage, P: Port + Clone>(
    owner: *const AwaitedOwner,
    pool: *const (),
    locked: *const (),
) -> bool {
    // SAFETY:
    // - 1: the owner is a queue, whose consumer registered it in this pool.
    let (pool, locked, queue) = unsafe { parts::<S, P, Completions>(owner, pool, locked) };
    pool.is_take_stuck(locked, queue)
}

/// See `Awaits`.
unsafe fn is_held<S: Storage, P: Port + Clone>(
    owner: *const AwaitedOwner,
    pool: *const (),
    locked: *const (),
) -> bool {
    // SAFETY:
    // - as in is_stuck.
    let (pool, locked, queue) = unsafe { parts::<S, P, Completions>(owner, pool, locked) };
    pool.is_take_held(locked, queue)
}

/// See `AwaitedOwner`.
unsafe fn wake<S: Storage, P: Port + Clone>(owner: *const AwaitedOwner, pool: *const ()) {
    // SAFETY:
    // - as in receive.
    unsafe { (*pool.cast::<RawPool<S, P>>()).wake_consumers(&*owner.cast::<Completions>(), Origin::Thread) }
}
