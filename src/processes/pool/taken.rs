//! A job that has ended, while its taker reads the result.

use super::outcome::Outcome;
use super::shared::{Job, Shared};

/// A job that has ended. Its slot is free when this is dropped.
pub(crate) struct Taken<'a> {
    pub(super) shared: &'a Shared,
    pub(super) slot: usize,
    pub(super) size: usize,
    pub(crate) handle: u64,
    pub(crate) tag: u64,
    pub(crate) outcome: Outcome,
}

impl Taken<'_> {
    /// The number of bytes of the result.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Copies as much of the result as there is room for.
    pub(crate) fn copy_to(&self, to: &mut [u8]) {
        let size = self.size.min(to.len());
        // SAFETY:
        // - the slot is this value's, and has at least `size` bytes (`State::outcome`); `to` is elsewhere.
        unsafe { self.shared.view.result(self.slot).copy_to_nonoverlapping(to.as_mut_ptr(), size) };
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let freed = self.shared.with(|state| {
            state.jobs[self.slot] = Job::NONE;
            state.parent.free(self.slot);
            Ok(state.submitters > 0)
        });
        if freed == Ok(true) {
            self.shared.ring();
        }
    }
}
