//! One slot without a pool around it: the effects of its state word only.

use super::tasks::Task;
use crate::job::vtable::Payload;
use crate::slot::state::{Recipient, State, Status};
use crate::slot::{Popped, Slot, SlotHead, Vacated};
use core::ptr;

/// The slot of a job that has finished.
pub struct Over(SlotHead);

impl Over {
    /// A slot whose job has run.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        let this = Self(SlotHead::new());
        this.fill();
        let Popped::Job(state) = this.slot().claim_popped() else { panic!("queued, and not to be claimed") };
        assert!(this.slot().resolve(state, Status::Failed).is_ok());
        this
    }

    /// The slot. The vtable's cell stands for the body.
    fn slot(&self) -> Slot<'_> {
        Slot::new(&self.0, Payload { at: ptr::dangling_mut(), bytes: 0 })
    }

    /// Fills the slot, as the holder of its index.
    fn fill(&self) {
        // SAFETY:
        // - the caller has the free slot; its payload is empty, and the vtable's functions are not called.
        unsafe { self.slot().fill(Task::VTABLE, Recipient::HANDLE, |_| {}) };
    }

    /// Moves the word to TAKING, and touches the body. None if another thread has it.
    fn take(&self) -> Option<(State, State)> {
        let state = self.slot().state();
        if state.status() != Status::Failed {
            return None;
        }
        let taking = self.slot().take(state, false).ok()?;
        // SAFETY:
        // - we moved the word to TAKING.
        unsafe { self.slot().with_body(|_, _| {}) };
        Some((state, taking))
    }

    /// Looks at the body, and changes nothing. False if another thread has it.
    pub fn peek(&self) -> bool {
        self.take().is_some_and(|(state, taking)| self.slot().put_back(taking, state).is_ok())
    }

    /// Takes the result, and fills the slot again. False if another thread has it.
    pub fn take_and_reuse(&self) -> bool {
        let Some((_, taking)) = self.take() else { return false };
        assert!(matches!(self.slot().vacate(taking, false).0, Vacated::Push));
        self.fill();
        true
    }
}
