//! Rings that do not start as all-zero memory has them: fewer seeds, or positions near the wrap-around.

use super::entry::Geometry;
use super::ncq::{Cursors, Ring};
#[cfg(any(test, jobring_loom))]
use crate::sync::AtomicUsize;
use crate::sync::{Relaxed, Site, ordering};

impl Cursors {
    /// The counters of a ring of seeds that was [prepared](Ring::unseed) to lack the last ones: `seeds` of `len`.
    pub(crate) fn seeded(seeds: usize, len: usize) -> Self {
        Self::at(Geometry::new(len).stride_of(seeds).wrapping_sub(len), 0)
    }

    /// The same counters `start` positions (a multiple of the ring's length) later; the entries must be prepared with
    /// [`Ring::age`].
    #[cfg(any(test, jobring_loom))]
    pub(crate) fn aged(self, start: usize) -> Self {
        // ORDERING: Relaxed: before the ring is shared.
        let later = |end: &AtomicUsize| end.load(ordering(Site::Age, Relaxed)).wrapping_add(start);
        Self::at(later(&self.tail), later(&self.head))
    }
}

impl Ring<'_> {
    /// Takes the last seeds out of a ring that was never used, so that `seeds` are left.
    pub(crate) fn unseed(&self, seeds: usize) {
        let g = self.geometry();
        for (at, entry) in (seeds..).zip(self.entries.get(seeds..).unwrap_or_default()) {
            // Published in the lap before the seeds', so nothing was pushed in theirs.
            let before = at.wrapping_sub(2 * g.len());
            // ORDERING: Relaxed: before the ring is shared.
            entry.store(g.entry(g.lap(before), before, at), ordering(Site::Age, Relaxed));
        }
    }

    /// Moves the laps of entries that were never used, for counters from [`Cursors::aged`]`(start)`: for tests of the
    /// wrap-around.
    #[cfg(any(test, jobring_loom))]
    pub(crate) fn age(&self, start: usize) {
        for entry in self.entries {
            // ORDERING: Relaxed: before the ring is shared.
            let lap = entry.load(ordering(Site::Age, Relaxed));
            // ORDERING: Relaxed, the same.
            entry.store(lap.wrapping_sub(start << 2), ordering(Site::Age, Relaxed));
        }
    }
}
