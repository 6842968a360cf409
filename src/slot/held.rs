//! What moves the slot of a job that its lane holds back (`engine/lane.rs`).

use super::Slot;
use super::state::{OUT_OF_LANE, OUT_OF_RING, State};
use crate::job::vtable::Payload;
use crate::sync::{Acquire, Relaxed, Release, Site, ordering};

/// What a thread found that popped an entry of a lane.
pub(crate) enum Unheld {
    /// The job is QUEUED now, or RUNNING: the state says which. The entry is this thread's.
    Job(State),
    /// The job was cancelled, and its input is gone. `vacant`: so is its result, and the index goes to the free ring.
    Dropped { vacant: bool },
    /// Its canceller is still dropping it, and finds that the entry was popped.
    Dropping,
}

impl Slot<'_> {
    /// The payload, to find words that are not the body's.
    #[inline]
    pub(crate) fn payload(&self) -> Payload {
        self.payload
    }

    /// Moves a job whose entry the caller popped from a lane: it is QUEUED as any job, or RUNNING with `to_drop`.
    #[inline]
    pub(crate) fn unhold(&self, to_drop: bool) -> Unheld {
        // ORDERING: Relaxed: the lane's word brought the body (E10).
        let mut s = State(self.head.state.load(ordering(Site::UnholdLook, Relaxed)));
        while s.is_held() {
            let released = s.transition_to_released();
            let next = if to_drop { released.transition_to_running_popped() } else { released };
            if s.is_nobodys() {
                // Only the entry's popper moves a held job that is nobody's, so this is a plain store.
                // ORDERING: Relaxed: what is handed over goes with the ready ring (E1).
                self.head.state.store(next.0, ordering(Site::UnholdDetached, Relaxed));
                return Unheld::Job(next);
            }
            // ORDERING: Release pairs with the Acquire of a thread that claims the job by its handle: it sees what the job before did
            // in its place (E10).
            match self.exchange(s, next, ordering(Site::Unhold, Release), ordering(Site::UnholdLost, Relaxed))
            {
                Ok(now) => return Unheld::Job(now),
                Err(now) => s = now,
            }
        }
        // ORDERING: Acquire, as in claim_popped (E6).
        let old = State(self.head.state.fetch_and(OUT_OF_RING, ordering(Site::LeaveLane, Acquire)));
        if old.is_dropping() { Unheld::Dropping } else { Unheld::Dropped { vacant: old.is_vacant() } }
    }

    /// The canceller of a held job has dropped the input: clears HELD. Returns the state that it found: with RING, the
    /// entry's popper is still to come, and the lane may be gone from here on. Other jobs stay as they are.
    pub(crate) fn end_drop(&self) -> State {
        // ORDERING: Relaxed: what the canceller did before goes with the lane's word (LaneDead), and what it left with `resolve`.
        State(self.head.state.fetch_and(OUT_OF_LANE, ordering(Site::DropEnd, Relaxed)))
    }
}
