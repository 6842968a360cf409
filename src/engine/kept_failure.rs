//! Failures that can be read without being taken, and after they were.

use super::RawPool;
use super::wait::WaitError;
use crate::job::id::Job;
use crate::job::vtable::Payload;
use crate::platform::port::{Origin, Port};
use crate::slot::Vacated;
use crate::slot::state::{State, Status};
use crate::slot::storage::Storage;
use crate::sync::{Bug, bug};

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Lets `read` see the failure of a job, which stays as it is. Also of one whose failure was delivered, as
    /// long as its slot was not used again.
    pub(crate) fn read_failure(&self, job: Job, read: &mut dyn FnMut(Payload)) -> Result<(), WaitError> {
        let (index, generation) = self.find(job)?;
        let slot = self.slot(index);
        let mut state = slot.state();
        loop {
            let readable = state.kept() || state.retired() || state.status() == Status::Taking;
            if state.generation() != generation || !(readable || state.answers_to(generation)) {
                return Err(WaitError::Stale);
            }
            match state.status() {
                Status::Failed => match slot.take(state) {
                    Ok(taking) => {
                        // SAFETY:
                        // - we moved the word to TAKING: the body is ours.
                        unsafe { slot.with_payload(&mut *read) };
                        self.put_back(index, taking, state, false);
                        return Ok(());
                    }
                    Err(now) => state = now,
                },
                Status::Done | Status::Cancelled => return Err(WaitError::Stale),
                _ => return Err(WaitError::Pending),
            }
        }
    }

    /// Ends a TAKING with the job left as `to` says: as it was, or kept, `newly` or as before.
    pub(super) fn put_back(&self, index: usize, mut taking: State, to: State, newly_kept: bool) {
        let slot = self.slot(index);
        let word = core::ptr::from_ref(slot.word());
        let retire = self.must_retire();
        let was_in_ring = taking.in_ring();
        loop {
            if taking.detached() && !to.detached() {
                // The handle was given up while we read.
                let retire = self.drop_result(index, to.status()) || retire;
                return self.vacate(index, taking, retire);
            }
            let mut back = taking.with(to.status()).unawaited();
            if to.detached() {
                back = back.detach();
            }
            if to.retired() || newly_kept && retire {
                back = back.await_by();
            }
            match slot.put_back(taking, back) {
                Ok(_) => {
                    if taking.has_waiter() && !bug(Bug::PutsTheFailureBackSilently) {
                        self.port.wake_all(word);
                    }
                    if back.kept() {
                        // A popper that came while we read found the slot not vacant, and left it to us.
                        let entry_gone = was_in_ring && !back.in_ring();
                        match (newly_kept, back.in_ring()) {
                            (true, true) => self.vacated(index, Vacated::Tombstone),
                            (true, false) => self.give_back(index),
                            (false, _) if entry_gone && !bug(Bug::ReaderKeepsTheSlot) => {
                                self.give_back(index)
                            }
                            (false, _) => {}
                        }
                    }
                    return self.notify_closers_if_closed(Origin::Thread);
                }
                Err(now) => taking = now,
            }
        }
    }
}
