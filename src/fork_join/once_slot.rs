//! A slot that keeps the first of several values that threads offer.

use crate::sync::{AtomicUsize, Relaxed, Site, UnsafeCell, ordering};

/// A slot for one value: the first that is offered.
pub(super) struct OnceSlot<T> {
    offered: AtomicUsize,
    // INVARIANT: written only by the thread that found `offered` 0; read only by `take`, when no other thread
    // uses the slot.
    value: UnsafeCell<Option<T>>,
}

// SAFETY:
// - at most one thread writes the value, and only the owner reads it (the invariant); so a T moves from
//   thread to thread.
unsafe impl<T: Send> Sync for OnceSlot<T> {}

impl<T> OnceSlot<T> {
    pub(super) fn new() -> Self {
        Self { offered: AtomicUsize::new(0), value: UnsafeCell::new(None) }
    }

    /// Keeps `value` if it is the first, otherwise returns it.
    pub(super) fn offer(&self, value: T) -> Result<(), T> {
        // ORDERING: Relaxed: decides which thread writes, and hands nothing over; the end of the job that
        // offered the value makes it visible to the owner (E3).
        if self.offered.swap(1, ordering(Site::FirstOffer, Relaxed)) != 0 {
            return Err(value);
        }
        // SAFETY:
        // - the invariant: only one swap returns 0.
        self.value.with_mut(|at| unsafe { *at = Some(value) });
        Ok(())
    }

    /// The value that was offered first. All threads that could offer one have finished, and the caller has
    /// seen that (E3).
    pub(super) fn take(&mut self) -> Option<T> {
        // SAFETY:
        // - `&mut self`: no other thread uses it.
        self.value.with_mut(|at| unsafe { (*at).take() })
    }
}
