//! One job's place from submit to take: its state word, its vtable, its payload. `state.rs` has the rules.
//! Each move of the word is one method here, and no other code writes it.

pub(crate) mod held;
mod owner;
pub(crate) mod state;
pub(crate) mod storage;
#[cfg(feature = "future")]
pub(crate) mod waker;

use crate::job::id::JobId;
use crate::job::vtable::{JobVTable, Payload, RunResult};
use crate::sync::{Acquire, AtomicUsize, Bug, Relaxed, Release, Site, UnsafeCell, bug, const_fn, ordering};
use crate::util::prefetch::fetch_to_write;
use core::ptr;
pub(crate) use owner::{AwaitedOwner, Owner};
use state::{Claimable, OUT_OF_RING, Recipient, State, Status};

/// The fixed part of a slot. The payload follows it in the same block of memory.
#[repr(C)]
pub(crate) struct SlotHead {
    state: AtomicUsize,
    // INVARIANT: vtable and payload are touched only by the thread that the table in state.rs names for the
    // current status.
    vtable: UnsafeCell<*const JobVTable>,
}

// SAFETY:
// - state is an atomic; vtable (and the payload) are reached only under the exclusion stated in state.rs, and
//   vtable points to a `'static` JobVTable whose functions take what any thread may hand them (job/vtable.rs:
//   input is Send).
unsafe impl Sync for SlotHead {}
// SAFETY:
// - as for Sync; moving the memory between threads moves no thread-bound data.
unsafe impl Send for SlotHead {}

impl SlotHead {
    const_fn! {
        /// Free, generation 0: all zero.
        pub(crate) fn new() -> Self {
            Self { state: AtomicUsize::new(0), vtable: UnsafeCell::new(ptr::null()) }
        }
    }
}

/// A view of one slot.
#[derive(Clone, Copy)]
pub struct Slot<'a> {
    head: &'a SlotHead,
    payload: Payload,
}

/// What a thread found that popped an entry of the ready ring.
pub(crate) enum Popped {
    /// The job is claimed. Its state word holds this value.
    Job(State),
    /// The job has finished and its slot is vacant: the index goes to the free ring.
    Vacant,
    /// The job has finished, or another thread has it. That thread, or the taker, gives the slot back.
    Nothing,
}

/// What a claim by handle found.
pub(crate) enum Claim {
    Claimed(State),
    Stale,
    /// The job is not queued any more.
    TooLate(State),
}

/// What happened to a slot that was given back.
#[must_use = "an index that is not pushed is lost"]
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Vacated {
    /// Push its index to the free ring.
    Push,
    /// Its entry is still in the ready ring. The thread that pops the entry pushes the index. Look whether it
    /// can be reaped.
    Tombstone,
    /// Do nothing: the slot is never used again.
    Retired,
}

impl<'a> Slot<'a> {
    #[inline(always)]
    pub(crate) fn new(head: &'a SlotHead, payload: Payload) -> Self {
        Self { head, payload }
    }

    /// Prefetches the word and the start of the payload, which are written soon.
    #[inline(always)]
    pub(crate) fn fetch(&self) {
        fetch_to_write(core::ptr::from_ref(self.head).cast());
    }

    /// The word to sleep on.
    #[inline(always)]
    pub(crate) fn word(&self) -> &'a AtomicUsize {
        &self.head.state
    }

    /// The state now. The caller also sees what came before it.
    #[inline(always)]
    pub(crate) fn state(&self) -> State {
        // ORDERING: Acquire pairs with resolve's and vacate's Release (E3): a thread that sees that a job has
        // finished (a closer, or a caller of is_finished) sees what the job did.
        State(self.head.state.load(ordering(Site::SlotLook, Acquire)))
    }

    /// Fills a free slot and makes its handle valid. The caller pushes the index to the ready ring at once.
    /// Returns the state.
    ///
    /// # Safety
    /// 1. The caller holds the slot's index, which it popped from the free ring.
    /// 2. `write` writes into the payload an input that `vtable` takes.
    #[inline(always)]
    pub(crate) unsafe fn fill(
        &self,
        vtable: &'static JobVTable,
        recipient: Recipient,
        write: impl FnOnce(Payload),
    ) -> State {
        // ORDERING: Relaxed: the free ring's entry (E2) carried all that came before.
        let s = State(self.head.state.load(ordering(Site::FillLook, Relaxed)));
        debug_assert!(s.is_vacant(), "a slot in the free ring is free");
        self.head.vtable.with_mut(|at| {
            // SAFETY:
            // - obligation 1: the status is FREE, so the body is the caller's.
            unsafe { *at = vtable };
            write(self.payload);
        });
        let queued = s.transition_to_queued(recipient);
        // ORDERING: Release: a guessed handle must not reach the body before it is written. For the popper
        // the ring's publication (E1) would suffice.
        self.head.state.store(queued.0, ordering(Site::SlotFill, Release));
        queued
    }

    /// Claims the job whose entry the caller popped from a ready ring.
    #[inline]
    pub(crate) fn claim_popped(&self) -> Popped {
        // ORDERING: Relaxed: the entry's Acquire (E1) brought the body of the job it was pushed for.
        let mut s = State(self.head.state.load(ordering(Site::ClaimLook, Relaxed)));
        while s.status() == Status::Queued {
            let running = s.transition_to_running_popped();
            if s.is_nobodys() || bug(Bug::ClaimsWithoutExchange) {
                // Only the entry's popper moves a queued job that is nobody's, so this is a plain store.
                // ORDERING: Relaxed: it hands nothing over.
                self.head.state.store(running.0, ordering(Site::ClaimDetached, Relaxed));
                return Popped::Job(running);
            }
            // ORDERING: Relaxed: the body came with the entry (E1); the CAS only decides which thread runs
            // the job.
            match self.exchange(
                s,
                running,
                ordering(Site::ClaimPopped, Relaxed),
                ordering(Site::ClaimPoppedLost, Relaxed),
            ) {
                Ok(now) => return Popped::Job(now),
                Err(now) => s = now,
            }
        }
        // ORDERING: Acquire pairs with the Release that made the slot vacant (E6), so that what its last
        // owner did to the body comes before what the next user of the free ring does.
        let old = State(self.head.state.fetch_and(OUT_OF_RING, ordering(Site::LeaveRing, Acquire)));
        if old.is_vacant() { Popped::Vacant } else { Popped::Nothing }
    }

    /// Claims a job by handle, leaving its entry where it is.
    pub(crate) fn claim(&self, generation: usize, by: Claimable) -> Claim {
        let mut s = self.state();
        loop {
            if !s.is_cancellable_by(generation) {
                return Claim::Stale;
            }
            if !s.is_claimable(by) {
                return Claim::TooLate(s);
            }
            // ORDERING: Relaxed: the Acquire in `state` pairs with fill's Release, no matter which thread
            // gave us the handle. After fill no thread writes the body before a claim, and QUEUED does not
            // come back in one generation. Acquire on failure, as in `state` (E3): a thread that comes too
            // late sees what the job, or its drop, did.
            match self.exchange(
                s,
                s.transition_to_running(),
                ordering(Site::ClaimByHandle, Relaxed),
                ordering(Site::ClaimLost, Acquire),
            ) {
                Ok(now) => return Claim::Claimed(now),
                Err(now) => s = now,
            }
        }
    }

    /// Lets `f` read or write the body of the job in this slot.
    ///
    /// # Safety
    /// 1. The caller is the thread that state.rs lets touch the body now, and the slot was filled.
    #[inline]
    pub(crate) unsafe fn with_body<R>(&self, f: impl FnOnce(&'static JobVTable, Payload) -> R) -> R {
        // The vtable's cell stands for the whole body, so that the model sees races on the payload too.
        self.head.vtable.with_mut(|at| {
            // SAFETY:
            // - 1: no other thread writes the body, and fill wrote a `&'static JobVTable`.
            f(unsafe { &**at }, self.payload)
        })
    }

    /// The owner of the job in this slot, which its submit wrote into the last word of the payload.
    ///
    /// # Safety
    /// 1. The job has an owner, the caller has seen its state, and the slot gets no other job meanwhile.
    pub(crate) unsafe fn owner(&self) -> *const Owner {
        // SAFETY:
        // - 1: nobody writes that word before the slot is filled again.
        unsafe { self.payload.word_from_end(1).cast::<*const Owner>().read() }
    }

    /// Stores the outcome of a running job. Ok(old) when the word was moved: if `old` has a waiter, the
    /// caller wakes all on the word, and touches nothing else of the slot. Err(now) if the job is detached:
    /// the caller drops the result, then vacates the slot.
    pub(crate) fn resolve(&self, mut s: State, to: Status) -> Result<State, State> {
        loop {
            if s.is_detached() {
                return Err(s);
            }
            let resolved = s.transition_to_finished(to);
            // ORDERING: Release publishes the result to each thread that sees the status (E3). At most four
            // retries: while a job runs, RING is cleared once, and WAITER, CANCELLING and DETACHED are set
            // once each.
            match self.exchange(
                s,
                resolved,
                ordering(Site::Resolve, Release),
                ordering(Site::ResolveLost, Relaxed),
            ) {
                Ok(_) => {
                    if bug(Bug::ReadsSlotAfterResolve) {
                        self.head.vtable.with(|_| ());
                    }
                    if bug(Bug::ClearsTheFlagTooLate) {
                        // ORDERING: Relaxed: the reset is what is wrong.
                        self.head.state.fetch_and(State(usize::MAX).without_waiter().0, Relaxed);
                    }
                    return Ok(s);
                }
                Err(_) if bug(Bug::IgnoresALostExchange) => return Ok(s),
                Err(now) => s = now,
            }
        }
    }

    /// Stores the outcome of a running job that has an owner. The caller passes the index on to the owner.
    pub(crate) fn resolve_owned(&self, to: Status) {
        // ORDERING: Relaxed: the exchange decides.
        let mut s = State(self.head.state.load(ordering(Site::ResolveOwnedLook, Relaxed)));
        // ORDERING: Release: a closer that sees that the job has ended sees what the job did (E3). The
        // owner's taker sees it by the index's way. Relaxed on failure: RING is cleared once, and CANCELLING
        // is set once.
        while let Err(now) = self.exchange(
            s,
            s.transition_to_owners(to),
            ordering(Site::ResolveOwned, Release),
            ordering(Site::ResolveOwnedLost, Relaxed),
        ) {
            s = now;
        }
    }

    /// Claims the outcome of a job for its owner. The caller got the index from the owner, and the body is
    /// its own until it vacates the slot, which is TAKING now. Returns what it was before, which
    /// is no outcome if the end of the pool has taken it. A fence has to follow (E5).
    pub(crate) fn take_owned(&self) -> State {
        // ORDERING: Relaxed: the body came with the index.
        let mut s = State(self.head.state.load(ordering(Site::TakeOwnedLook, Relaxed)));
        if !(s.is_owned() && s.is_untaken()) {
            return s;
        }
        if !s.is_in_ring() {
            // ORDERING: Relaxed, the same. A plain store: with RING clear no other thread moves the word of a job that has ended
            // and has an owner.
            self.head.state.store(s.transition_to_taking_owned().0, ordering(Site::TakeOwnedAlone, Relaxed));
            return s;
        }
        // ORDERING: Relaxed, the same. A read-modify-write, because the popper of the job's entry may clear RING meanwhile.
        while let Err(now) = self.exchange(
            s,
            s.transition_to_taking_owned(),
            ordering(Site::TakeOwned, Relaxed),
            ordering(Site::TakeOwnedLost, Relaxed),
        ) {
            s = now;
        }
        s
    }

    /// Claims the result of a job that has finished. The body is the caller's until it vacates the slot.
    /// `detaches`: the caller also gives up the handle, which is stale from here on.
    #[inline]
    pub(crate) fn take(&self, s: State, detaches: bool) -> Result<State, State> {
        let taking = s.transition_to_taking();
        let taking = if detaches { taking.transition_to_detached() } else { taking };
        // ORDERING: Acquire pairs with resolve's Release (E3), and with the Release of a thread that looked
        // and put the word back as it was after `s` was loaded: its reads of the body come before what we do
        // to it (model a_peek_ends_before_its_slot_is_used_again). Relaxed on failure: whatever the caller
        // does with the value found, a thread claims the body before it touches it.
        self.exchange(s, taking, ordering(Site::Take, Acquire), ordering(Site::TakeLost, Relaxed))
    }

    /// Gives the slot back, or, with `retire`, takes it out of use. The caller was its runner or taker, and
    /// `s` is the state that it last saw. Also returns the old word, for its waiters.
    pub(crate) fn vacate(&self, mut s: State, retire: bool) -> (Vacated, State) {
        loop {
            let next = if retire { s.transition_to_closed() } else { s.transition_to_free() };
            // ORDERING: Release: the popper of a tombstone acquires it (E6), and so does a closer that sees
            // the slot closed. Without either, the free ring's publication (E2) carries the edge.
            match self.exchange(s, next, ordering(Site::Vacate, Release), ordering(Site::VacateLost, Relaxed))
            {
                Ok(_) if retire => return (Vacated::Retired, s),
                Ok(_) if next.is_in_ring() && !bug(Bug::GivesTheSlotBackTwice) => {
                    return (Vacated::Tombstone, s);
                }
                Ok(_) => return (Vacated::Push, s),
                Err(now) => s = now,
            }
        }
    }

    /// Gives back the slot of a detached job whose entry was popped: no other thread can move its word.
    #[inline]
    pub(crate) fn vacate_owned(&self, s: State) {
        debug_assert!(s.is_detached() && !s.is_in_ring());
        // ORDERING: Relaxed: the index goes through the free ring, whose publication (E2) carries the edge.
        self.head.state.store(s.transition_to_free().0, ordering(Site::VacateOwned, Relaxed));
    }

    /// Puts the word back after a look at a job that is not taken.
    pub(crate) fn put_back(&self, from: State, to: State) -> Result<State, State> {
        // ORDERING: Release: the reads of the body come before what the next taker does to it (take). Relaxed
        // on failure: the body stays the caller's.
        self.exchange(from, to, ordering(Site::PutBack, Release), ordering(Site::PutBackLost, Relaxed))
    }

    /// Moves a flag or a status that guards no data: WAITER, DETACHED, CANCELLING.
    pub(crate) fn flag(&self, from: State, to: State) -> Result<State, State> {
        // ORDERING: Release: a job that sees CANCELLING sees what came before the cancel. (For WAITER and
        // DETACHED Relaxed would suffice: the resolver reads them by its CAS on this word.) Relaxed on
        // failure, as in take.
        self.exchange(from, to, ordering(Site::Flag, Release), ordering(Site::FlagLost, Relaxed))
    }

    /// Takes a slot out of use for ever. The caller popped its index from the free ring.
    pub(crate) fn close(&self) {
        // ORDERING: Relaxed, as in fill.
        let s = State(self.head.state.load(ordering(Site::SlotCloseLook, Relaxed)));
        // ORDERING: Release: another closer that sees every slot closed (Acquire in `state`) has seen all
        // that happened in them.
        self.head.state.store(s.transition_to_closed().0, ordering(Site::SlotClose, Release));
    }

    /// The handle of the job that `s` belongs to.
    #[inline]
    pub(crate) fn handle(tag: u8, index: usize, s: State) -> JobId {
        JobId::new(tag, s.generation(), index)
    }

    #[inline(always)]
    fn exchange(
        &self,
        from: State,
        to: State,
        success: core::sync::atomic::Ordering,
        failure: core::sync::atomic::Ordering,
    ) -> Result<State, State> {
        match self.head.state.compare_exchange(from.0, to.0, success, failure) {
            Ok(_) => Ok(to),
            Err(now) => Err(State(now)),
        }
    }

    /// Starts this slot at a generation, before the pool is shared: for tests of the wrap-around.
    #[cfg(any(test, jobring_loom))]
    pub(crate) fn set_generation(&self, generation: usize) {
        // ORDERING: Relaxed: before the slot is shared.
        self.head.state.store(State::free(generation).0, Relaxed);
    }
}

impl From<RunResult> for Status {
    fn from(outcome: RunResult) -> Self {
        match outcome {
            RunResult::Done | RunResult::Empty => Self::Done,
            RunResult::Failed => Self::Failed,
        }
    }
}
