//! The state word of a slot: generation | flags | status. This file packs the word and has the rules.
//! `mod.rs` has the moves.
//!
//! ```text
//! status      moved by, and to what                                             body touched by
//!
//! FREE        the holder of its index (popped from the free ring) → QUEUED      that holder
//! QUEUED      the popper of its entry, or by handle a canceller or a waiter     no thread, until a claim
//!             that runs it, by CAS → RUNNING. With DETACHED: the popper alone,
//!             or a submitter whose lane refuses it after all → FREE
//! RUNNING     a canceller → CANCELLING; its runner → DONE, FAILED, CANCELLED,   the runner
//! CANCELLING  or, with DETACHED, → FREE or CLOSED; a lender that takes its
//!             job back → FREE
//! DONE        a taker, by CAS → TAKING                                          no thread, until TAKING
//! FAILED      the same                                                          no thread, until TAKING
//! CANCELLED   the same; the job never ran, and its input is gone                no thread, until TAKING
//! TAKING      the taker → FREE or CLOSED; a thread that only looks → as it was  the taker, or that thread
//!
//! RING        the slot's entry is in the ready ring, or about to be. Set with QUEUED, cleared by the entry's popper.
//! DETACHED    the handle was given up, or, in TAKING, the result is taken for good: every call with it is refused
//!             as stale.
//! WAITER      a thread sleeps on this word, or a task awaits the job. A thread that clears WAITER wakes them all.
//! HELD        with QUEUED: its lane (engine/lane.rs) holds the job back, and its entry is in the lane's list in place of the ready
//!             ring. The popper of that entry clears it; a thread that waits may not run the job. With RUNNING or
//!             CANCELLING: it is *dropping*: a canceller has claimed it so. That thread clears it when it has dropped the input.
//! OWNED       = DETACHED | WAITER, from QUEUED on and before TAKING: the outcome goes to the owner that the last word of the payload points to.
//!             The handle can only cancel. Nobody sleeps on the word. For a completion queue the runner moves it to DONE,
//!             FAILED or CANCELLED and passes the index on, and the queue's taker moves it to TAKING, without WAITER. If
//!             RING is clear, that is a plain store, as the next move to FREE is. For
//!             a job whose outcome nobody wants (engine/cancellable.rs) the runner moves it → FREE or CLOSED.
//!
//! CLOSED      = FREE | DETACHED: never used again, its index in no free ring. Set by a closer, by a taker that sees the
//!               pool closed, or by a runner whose job a closer did not wait for
//! tombstone   = FREE | RING: the entry's popper puts the index into the free ring
//! ```
//!
//! Every way back to FREE adds one to the generation. All-zero is FREE in generation 0.

use crate::job::id::GENERATION_BITS;

const STATUS_BITS: u32 = 3;
const STATUS_MASK: usize = (1 << STATUS_BITS) - 1;
const RING: usize = 1 << STATUS_BITS;
const DETACHED: usize = RING << 1;
const WAITER: usize = RING << 2;
const HELD: usize = RING << 3;
/// The recipient of a job's outcome: the flags that a submit sets.
#[derive(Clone, Copy)]
pub(crate) struct Recipient(usize);

impl Recipient {
    /// The thread that asks with the handle.
    pub(crate) const HANDLE: Self = Self(0);
    /// Nobody: the job is detached.
    pub(crate) const NOBODY: Self = Self(DETACHED);
    /// Its owner.
    pub(crate) const OWNER: Self = Self(OWNED);

    #[inline(always)]
    pub(crate) const fn of(detached: bool) -> Self {
        // A shift, where the compiler would branch.
        Self((detached as usize) << DETACHED.trailing_zeros())
    }

    /// Does nobody want the outcome?
    pub(crate) const fn is_nobody(self) -> bool {
        self.0 & OWNED == DETACHED
    }

    /// The same, of a job that its lane holds back.
    pub(crate) const fn held(self) -> Self {
        Self(self.0 | HELD)
    }
}

/// What a claim by handle may find.
#[derive(Clone, Copy)]
pub(crate) struct Claimable(usize);

impl Claimable {
    /// A queued job.
    pub(crate) const TO_RUN: Self = Self(STATUS_MASK | HELD);
    /// A queued job, or one that its lane holds back.
    pub(crate) const TO_DROP: Self = Self(STATUS_MASK);
}

const OWNED: usize = DETACHED | WAITER;
const GENERATION_SHIFT: u32 = STATUS_BITS + 4;
const _: () = assert!(GENERATION_SHIFT + GENERATION_BITS <= usize::BITS);
const GENERATION_MASK: usize = usize::MAX >> (usize::BITS - GENERATION_BITS);

/// Where a job stands. The table at the head of this file has the rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(crate) enum Status {
    Free = 0,
    Queued = 1,
    Running = 2,
    Cancelling = 3,
    Done = 4,
    Failed = 5,
    Cancelled = 6,
    Taking = 7,
}

/// One value of a state word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct State(pub(crate) usize);

impl State {
    #[inline(always)]
    pub(crate) const fn free(generation: usize) -> Self {
        Self((generation & GENERATION_MASK) << GENERATION_SHIFT)
    }

    #[inline(always)]
    pub(crate) const fn status(self) -> Status {
        match self.0 & STATUS_MASK {
            0 => Status::Free,
            1 => Status::Queued,
            2 => Status::Running,
            3 => Status::Cancelling,
            4 => Status::Done,
            5 => Status::Failed,
            6 => Status::Cancelled,
            _ => Status::Taking,
        }
    }

    #[inline(always)]
    pub(crate) const fn generation(self) -> usize {
        self.0 >> GENERATION_SHIFT
    }

    #[inline(always)]
    pub(crate) const fn is_in_ring(self) -> bool {
        self.0 & RING != 0
    }

    #[inline(always)]
    pub(crate) const fn is_detached(self) -> bool {
        self.0 & DETACHED != 0
    }

    /// Is it detached, and without an owner?
    #[inline(always)]
    pub(crate) const fn is_nobodys(self) -> bool {
        self.0 & OWNED == DETACHED
    }

    /// Does the outcome go to an owner? Until that has taken it.
    #[inline(always)]
    pub(crate) const fn is_owned(self) -> bool {
        self.0 & OWNED == OWNED
    }

    #[inline(always)]
    pub(crate) const fn has_waiter(self) -> bool {
        self.0 & WAITER != 0
    }

    // The transitions of the table above. Those that keep the status move a flag.

    const fn with(self, status: Status) -> Self {
        Self(self.0 & !STATUS_MASK | status as usize)
    }

    /// FREE → QUEUED, with an entry in the ready ring.
    #[inline(always)]
    pub(crate) const fn transition_to_queued(self, recipient: Recipient) -> Self {
        Self(self.with(Status::Queued).0 | RING | recipient.0)
    }

    /// Can this be claimed?
    #[inline(always)]
    pub(crate) const fn is_claimable(self, by: Claimable) -> bool {
        self.0 & by.0 == Status::Queued as usize
    }

    /// QUEUED → RUNNING, by a claim that leaves the entry where it is.
    #[inline(always)]
    pub(crate) const fn transition_to_running(self) -> Self {
        self.with(Status::Running)
    }

    /// Its lane no longer holds it back.
    pub(crate) const fn transition_to_released(self) -> Self {
        Self(self.0 & OUT_OF_LANE)
    }

    /// Does its lane hold it back?
    #[inline(always)]
    pub(crate) const fn is_held(self) -> bool {
        self.0 & HELD != 0 && matches!(self.status(), Status::Queued)
    }

    /// Does its canceller drop it, and did its lane hold it back before?
    pub(crate) const fn is_dropping(self) -> bool {
        self.0 & HELD != 0 && !matches!(self.status(), Status::Queued)
    }

    /// QUEUED → RUNNING, by the thread that popped the entry.
    #[inline(always)]
    pub(crate) const fn transition_to_running_popped(self) -> Self {
        Self(self.with(Status::Running).0 & OUT_OF_RING)
    }

    /// RUNNING → CANCELLING.
    #[inline(always)]
    pub(crate) const fn transition_to_cancelling(self) -> Self {
        self.with(Status::Cancelling)
    }

    /// RUNNING or CANCELLING → DONE, FAILED or CANCELLED. The caller wakes the threads that wait.
    #[inline(always)]
    pub(crate) const fn transition_to_finished(self, to: Status) -> Self {
        self.with(to).without_waiter()
    }

    /// RUNNING or CANCELLING → DONE, FAILED or CANCELLED, of a job with an owner.
    #[inline(always)]
    pub(crate) const fn transition_to_owners(self, to: Status) -> Self {
        self.with(to)
    }

    /// The same → TAKING, by the owner's taker: the outcome is taken for good.
    #[inline(always)]
    pub(crate) const fn transition_to_taking_owned(self) -> Self {
        self.with(Status::Taking).without_waiter()
    }

    /// DONE, FAILED or CANCELLED → TAKING.
    #[inline(always)]
    pub(crate) const fn transition_to_taking(self) -> Self {
        self.with(Status::Taking)
    }

    /// TAKING → what it `was` before. The caller wakes the threads that wait.
    #[inline(always)]
    pub(crate) const fn transition_back(self, was: Self) -> Self {
        self.with(was.status()).without_waiter()
    }

    /// → FREE in the next generation. Of the flags only RING survives.
    #[inline(always)]
    pub(crate) const fn transition_to_free(self) -> Self {
        Self(Self::free(self.generation().wrapping_add(1)).0 | self.0 & RING)
    }

    /// → CLOSED, from a status in which the caller owns the slot.
    #[inline(always)]
    pub(crate) const fn transition_to_closed(self) -> Self {
        match self.status() {
            Status::Free => self.transition_to_detached(),
            _ => self.transition_to_free().transition_to_detached(),
        }
    }

    /// The handle is given up.
    #[inline(always)]
    pub(crate) const fn transition_to_detached(self) -> Self {
        Self(self.0 | DETACHED)
    }

    /// A thread is about to sleep on the word.
    #[inline(always)]
    pub(crate) const fn with_waiter(self) -> Self {
        Self(self.0 | WAITER)
    }

    #[inline(always)]
    pub(crate) const fn without_waiter(self) -> Self {
        Self(self.0 & !WAITER)
    }

    /// Does the index belong to the free ring, now or after the entry is popped?
    #[inline(always)]
    pub(crate) const fn is_vacant(self) -> bool {
        matches!(self.status(), Status::Free) && !self.is_detached()
    }

    /// Has the job finished, and does its result wait for a taker?
    #[inline(always)]
    pub(crate) const fn is_untaken(self) -> bool {
        matches!(self.status(), Status::Done | Status::Failed | Status::Cancelled)
    }

    #[inline(always)]
    pub(crate) const fn is_closed(self) -> bool {
        matches!(self.status(), Status::Free) && self.is_detached()
    }

    /// A vacant slot whose entry still lies in the ready ring.
    #[inline(always)]
    pub(crate) const fn is_tombstone(self) -> bool {
        self.is_vacant() && self.is_in_ring()
    }

    /// Can a handle of `generation` still cancel this job? An owner's job has no other use for its handle. (With TAKING both
    /// flags do not mean an owner: a thread may have begun to wait before the taker gave the handle up.)
    #[inline(always)]
    pub(crate) const fn is_cancellable_by(self, generation: usize) -> bool {
        let is_owners = self.is_owned() && !matches!(self.status(), Status::Taking);
        self.generation() == generation
            && (!self.is_detached() || is_owners)
            && !matches!(self.status(), Status::Free)
    }

    /// Can a handle of `generation` still act on this job?
    #[inline(always)]
    pub(crate) const fn answers_to(self, generation: usize) -> bool {
        self.generation() == generation && !self.is_detached() && !matches!(self.status(), Status::Free)
    }
}

/// The mask with which a popper clears RING by one `fetch_and`.
pub(crate) const OUT_OF_RING: usize = !RING;
/// The mask that clears HELD.
pub(crate) const OUT_OF_LANE: usize = !HELD;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_free_in_generation_zero() {
        let s = State(0);
        assert!(
            s.status() == Status::Free
                && s.generation() == 0
                && s.is_vacant()
                && !s.is_closed()
                && !s.is_tombstone()
        );
    }

    #[test]
    fn flags_and_status_do_not_disturb_each_other() {
        let all = [
            Status::Free,
            Status::Queued,
            Status::Running,
            Status::Cancelling,
            Status::Done,
            Status::Failed,
            Status::Cancelled,
            Status::Taking,
        ];
        for generation in [0, 1, GENERATION_MASK - 1, GENERATION_MASK] {
            for status in all {
                let s = State::free(generation).with(status);
                let full = State(s.0 | RING).transition_to_detached().with_waiter();
                assert_eq!((full.status(), full.generation()), (status, generation));
                assert!(full.is_in_ring() && full.is_detached() && full.has_waiter());
                assert!(!full.answers_to(generation));
                assert_eq!(s.answers_to(generation), status != Status::Free);
                let is_owners = !matches!(status, Status::Free | Status::Taking);
                assert_eq!(full.is_cancellable_by(generation), is_owners, "a taken job is stale");
                assert_eq!(s.is_cancellable_by(generation), status != Status::Free);
                assert!(!s.transition_to_detached().is_cancellable_by(generation), "nobody's");
                let next = full.transition_to_free();
                assert_eq!(next.generation(), generation.wrapping_add(1) & GENERATION_MASK);
                assert!(
                    next.is_in_ring() && !next.is_detached() && !next.has_waiter() && next.is_tombstone()
                );
                assert_eq!(
                    full.transition_to_running_popped().0,
                    full.transition_to_running().0 & OUT_OF_RING
                );
                let held = State(full.0 | HELD);
                assert_eq!(held.is_held(), status == Status::Queued);
                assert_eq!(held.is_claimable(Claimable::TO_DROP), full.is_claimable(Claimable::TO_RUN));
                assert!(!held.is_claimable(Claimable::TO_RUN) && held.transition_to_running().is_dropping());
                assert_eq!(held.transition_to_released().0, full.0);
                assert!(
                    full.transition_to_closed().is_closed() && State(s.0).transition_to_closed().is_closed()
                );
                assert!(!full.without_waiter().has_waiter() && !full.transition_back(s).has_waiter());
            }
        }
    }
}
