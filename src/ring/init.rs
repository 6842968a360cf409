//! Rings that do not start from all-zero memory: those with fewer seeds, or with positions near the wrap-around.

use super::entry::Geometry;
use super::ncq::{Cursors, Ring};
#[cfg(any(test, jobring_loom))]
use crate::sync::AtomicUsize;
use crate::sync::{Relaxed, Site, ordering};

impl Cursors {
    /// The counters of a ring that holds the first `seeds` of `len` seeds, after [`Ring::remove_seeds`].
    pub(crate) fn seeded(seeds: usize, len: usize) -> Self {
        Self::at(Geometry::new(len).stride_of(seeds).wrapping_sub(len), 0)
    }

    /// The same counters, moved on by `start` positions (a multiple of the ring's length). [`Ring::age`] prepares the
    /// entries for them.
    #[cfg(any(test, jobring_loom))]
    pub(crate) fn aged(self, start: usize) -> Self {
        // ORDERING: Relaxed: before the ring is shared.
        let later = |end: &AtomicUsize| end.load(ordering(Site::Age, Relaxed)).wrapping_add(start);
        Self::at(later(&self.tail), later(&self.head))
    }
}

impl Ring<'_> {
    /// Removes the last seeds of an unused ring, so that `seeds` are left.
    pub(crate) fn remove_seeds(&self, seeds: usize) {
        let g = self.geometry();
        for (index, entry) in (seeds..).zip(self.entries.get(seeds..).unwrap_or_default()) {
            // Published one lap before the seeds, so the entry counts as empty in the seeds' lap.
            let before = index.wrapping_sub(2 * g.len());
            // ORDERING: Relaxed: before the ring is shared.
            entry.store(g.entry(g.lap(before), before, index), ordering(Site::Age, Relaxed));
        }
    }

    /// Moves the laps of an unused ring's entries on, to match counters from [`Cursors::aged`]`(start)`. For tests of
    /// the wrap-around.
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
