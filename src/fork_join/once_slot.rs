//! Of several values that threads offer, the first.

use crate::sync::{AtomicUsize, Relaxed, Site, UnsafeCell, ordering};

/// A place for one value. Whoever offers one first, keeps it.
pub(super) struct OnceSlot<T> {
    offered: AtomicUsize,
    // INVARIANT: written by the one who found `offered` 0; read by `into_inner`, when nobody else has it any more.
    value: UnsafeCell<Option<T>>,
}

// SAFETY:
// - one thread at most writes the value, and only its owner reads it (the invariant); so a T goes from one thread to another.
unsafe impl<T: Send> Sync for OnceSlot<T> {}

impl<T> OnceSlot<T> {
    pub(super) fn new() -> Self {
        Self { offered: AtomicUsize::new(0), value: UnsafeCell::new(None) }
    }

    /// Keeps `value` if it is the first, else gives it back.
    pub(super) fn offer(&self, value: T) -> Result<(), T> {
        // ORDERING: Relaxed: decides who writes, and hands nothing over; the value goes to the owner by the end of the job
        // that offered it (E3).
        if self.offered.swap(1, ordering(Site::FirstOffer, Relaxed)) != 0 {
            return Err(value);
        }
        // SAFETY:
        // - the invariant: 0 is found once.
        self.value.with_mut(|at| unsafe { *at = Some(value) });
        Ok(())
    }

    /// What was offered first. All who could offer have left, and the caller knows of their end.
    pub(super) fn take(&mut self) -> Option<T> {
        // SAFETY:
        // - `&mut self`: nobody else has it.
        self.value.with_mut(|at| unsafe { (*at).take() })
    }
}
