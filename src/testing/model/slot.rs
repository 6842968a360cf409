//! One slot without a pool around it: what its own word alone brings about.

use super::tasks::Task;
use crate::job::vtable::Payload;
use crate::slot::state::{State, Status};
use crate::slot::{Popped, Slot, SlotHead};
use core::ptr;

/// The slot of a job that failed.
pub struct Failed(SlotHead);

impl Failed {
    /// Its job ran and failed. Not to be shared before.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        let this = Self(SlotHead::new());
        let state = this.slot().reserve();
        // SAFETY:
        // - nobody else has the slot; its payload is empty, and the kind's functions are not called.
        unsafe { this.slot().fill(state, Task::VTABLE, false, |_| {}) };
        let Popped::Job(state) = this.slot().claim_popped() else { panic!("queued, and not to be claimed") };
        assert!(this.slot().resolve(state, Status::Failed).is_ok());
        this
    }

    /// The cell of the kind stands for the body.
    fn slot(&self) -> Slot<'_> {
        Slot::new(&self.0, Payload { at: ptr::dangling_mut(), bytes: 0 })
    }

    /// Moves the word to TAKING. None if another has it.
    fn take(&self) -> Option<(State, State)> {
        let state = self.slot().state();
        if state.status() != Status::Failed {
            return None;
        }
        self.slot().take(state).ok().map(|taking| (state, taking))
    }

    /// Takes, touches the body, and leaves all as it was. False if another has it.
    pub fn read(&self) -> bool {
        let Some((state, taking)) = self.take() else { return false };
        // SAFETY:
        // - we moved the word to TAKING.
        unsafe { self.slot().with_payload(|_| {}) };
        self.slot().put_back(taking, state).is_ok()
    }

    /// The same, and leaves the failure readable in a slot that is free.
    pub fn keep(&self) {
        let Some((state, taking)) = self.take() else { return };
        // SAFETY:
        // - we moved the word to TAKING.
        unsafe { self.slot().with_payload(|_| {}) };
        assert!(self.slot().put_back(taking, state.detach()).is_ok());
    }

    /// As the holder of the index: fills the slot anew, if it is free.
    pub fn reuse(&self) -> bool {
        if self.slot().state().status() != Status::Free {
            return false;
        }
        let state = self.slot().reserve();
        // SAFETY:
        // - as in new, but for a reader, whom reserve excludes.
        unsafe { self.slot().fill(state, Task::VTABLE, false, |_| {}) };
        true
    }
}
