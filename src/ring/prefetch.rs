//! Looks at entries that are not to be popped yet. They are guesses: nothing is decided by them but which lines to ask for, and
//! how long to wait.

use super::ncq::Ring;
use crate::sync::{Relaxed, Site, ordering};
use crate::util::prefetch::FETCHES;

/// So many pops later is when a slot is asked for that will be popped then: some 100 ns, which is what a line takes from one
/// core to another, and few enough to be often in the line of entries that is looked at anyway.
const AHEAD: usize = 4;

impl Ring<'_> {
    /// Calls `expect` with the index that is to be popped a little later, or, if it is not there yet, with the one at `h`.
    #[inline(always)]
    pub(super) fn look_ahead(&self, h: usize, index: usize, expect: impl Fn(usize)) {
        if FETCHES {
            expect(self.published_at(h.wrapping_add(AHEAD)).unwrap_or(index));
        }
    }

    /// The index published at `p`, if it looks as if there were one.
    #[inline(always)]
    pub(super) fn published_at(&self, p: usize) -> Option<usize> {
        let g = self.geometry();
        // ORDERING: Relaxed: a guess at what others have done.
        let e = self.entry(p).load(ordering(Site::AheadLook, Relaxed));
        g.published(e, p).then(|| g.index(e, p))
    }
}
