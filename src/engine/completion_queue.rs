//! A completion queue: its words. `completions.rs` states the protocol.

use super::RawPool;
use crate::platform::port::Port;
use crate::ring::{Cursors, Ring, Seed};
use crate::slot::Owner;
use crate::slot::storage::Storage;
use crate::sync::{
    Acquire, AtomicUsize, Relaxed, Release, SeqCst, Site, UnsafeCell, fence_behind_rmw, ordering, stop_point,
};
use crate::util::cache_padded::CachePadded;
use core::ptr::NonNull;

/// Set in the count while a submitter waits for the limit.
pub(super) const WANTED: usize = 1;
/// One job in the count.
pub(super) const ONE: usize = 2;
/// The largest limit.
const MOST: usize = usize::MAX / ONE / 2;

/// A completion queue of one pool.
#[repr(C)]
pub(crate) struct Completions {
    // INVARIANT: first, so that its address is the queue's.
    owner: Owner,
    ends: Cursors,
    // INVARIANT: a power of two, not fewer than the pool's slots; valid as long as the pool.
    entries: NonNull<[AtomicUsize]>,
    /// ONE for each job that was submitted and not taken, and WANTED.
    pub(super) count: CachePadded<AtomicUsize>,
    // INVARIANT: written only by a thread that has claimed the queue and has not yet passed it on.
    limit: UnsafeCell<usize>,
    /// 1 from a claim until the release.
    in_use: AtomicUsize,
}

// SAFETY:
// - the entries are atomics that live as long as the pool; `limit` has its invariant; everything else is atomic or never changes.
unsafe impl Send for Completions {}
// SAFETY:
// - as for Send.
unsafe impl Sync for Completions {}

impl Completions {
    /// A queue for pools of this type, for at most `limit` jobs. It is in use.
    ///
    /// # Safety
    /// 1. There are as many `entries` as in the rings of the pool, all zero. They and the queue stay valid, and the queue in its
    ///    place, until the pool has ended.
    pub(crate) unsafe fn new<S: Storage, P: Port + Clone>(
        entries: NonNull<[AtomicUsize]>,
        limit: usize,
    ) -> Self {
        Self {
            owner: Owner { receive: receive::<S, P> },
            ends: Cursors::new(),
            entries,
            count: CachePadded::new(AtomicUsize::new(0)),
            limit: UnsafeCell::new(limit.min(MOST)),
            in_use: AtomicUsize::new(1),
        }
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

    /// What a job of this queue has in the last word of its payload.
    pub(crate) fn owner(&self) -> *const Owner {
        core::ptr::from_ref(self).cast()
    }

    /// The number of jobs that were submitted and not taken.
    pub(crate) fn pending(&self) -> usize {
        // ORDERING: Relaxed: the fences decide whether a consumer sleeps; what a job left comes with its index.
        self.count.load(ordering(Site::CompletionsLook, Relaxed)) / ONE
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ring().is_empty()
    }

    /// The most jobs that may be pending.
    pub(super) fn limit(&self) -> usize {
        // SAFETY:
        // - the caller uses the queue, so no thread that claims it writes.
        self.limit.with(|at| unsafe { *at })
    }

    /// Changes the limit.
    ///
    /// # Safety
    /// 1. The caller has claimed the queue, and no other thread uses it yet.
    pub(super) unsafe fn set_limit(&self, limit: usize) {
        // SAFETY:
        // - 1.
        self.limit.with_mut(|at| unsafe { *at = limit.min(MOST) });
    }

    /// Claims the queue, if nobody uses it. One thread at a time has it.
    pub(super) fn claim(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `release`: what the last user read of the limit comes before what this one
        // writes. Relaxed on failure: nothing is done.
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

/// A job of the queue has finished: see `Owner`. True if a consumer slept.
unsafe fn receive<S: Storage, P: Port + Clone>(owner: *const Owner, pool: *const (), index: usize) -> bool {
    // SAFETY:
    // - the owner is a queue (`Completions::owner`), which `new` made for a pool of this type, and both live.
    let (queue, pool) = unsafe { (&*owner.cast::<Completions>(), &*pool.cast::<RawPool<S, P>>()) };
    let marked = queue.ring().push(index).marked;
    if cfg!(feature = "alloc") {
        // ORDERING: pairs with the fence in `tidy_completions`: either we see that nobody uses the queue, or the thread that gave
        // it up sees our index.
        fence_behind_rmw(ordering(Site::CompletionsReceiveFence, SeqCst));
        if queue.is_abandoned() {
            pool.tidy_completions(queue);
            return false;
        }
    }
    let Some(word) = marked else { return false };
    stop_point(Site::CompletionsWake);
    pool.port.wake_all(word);
    true
}
