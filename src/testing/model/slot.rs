//! One slot without a pool around it: what its own word alone brings about.

use super::tasks::Task;
use crate::job::vtable::Payload;
use crate::slot::state::{State, Status};
use crate::slot::{Popped, Slot, SlotHead, Vacated};
use core::ptr;

/// The slot of a job that is over.
pub struct Over(SlotHead);

impl Over {
    /// Its job ran. Not to be shared before.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        let this = Self(SlotHead::new());
        this.fill();
        let Popped::Job(state) = this.slot().claim_popped() else { panic!("queued, and not to be claimed") };
        assert!(this.slot().resolve(state, Status::Failed).is_ok());
        this
    }

    /// The cell of the kind stands for the body.
    fn slot(&self) -> Slot<'_> {
        Slot::new(&self.0, Payload { at: ptr::dangling_mut(), bytes: 0 })
    }

    /// As the holder of the index: fills the slot.
    fn fill(&self) {
        // SAFETY:
        // - the caller has the free slot; its payload is empty, and the kind's functions are not called.
        unsafe { self.slot().fill(self.slot().reserve(), Task::VTABLE, false, |_| {}) };
    }

    /// Moves the word to TAKING, and touches the body. None if another has it.
    fn take(&self) -> Option<(State, State)> {
        let state = self.slot().state();
        if state.status() != Status::Failed {
            return None;
        }
        let taking = self.slot().take(state).ok()?;
        // SAFETY:
        // - we moved the word to TAKING.
        unsafe { self.slot().with_payload(|_| {}) };
        Some((state, taking))
    }

    /// Looks, and leaves all as it was. False if another has it.
    pub fn peek(&self) -> bool {
        self.take().is_some_and(|(state, taking)| self.slot().put_back(taking, state).is_ok())
    }

    /// Takes, and fills the slot anew. False if another has it.
    pub fn take_and_reuse(&self) -> bool {
        let Some((_, taking)) = self.take() else { return false };
        assert!(matches!(self.slot().vacate(taking, false).0, Vacated::Push));
        self.fill();
        true
    }
}
