//! Reads entries ahead of head. These reads are guesses: they decide only what to prefetch and how long to wait.

use super::ncq::Ring;
use crate::sync::{Relaxed, Site, ordering};
use crate::util::prefetch::FETCHES;

/// How many pops ahead a slot is prefetched: about 100 ns, the time that a line takes from core to core. The entry for it is
/// often in the same line as the one that is popped.
const AHEAD: usize = 4;

impl Ring<'_> {
    /// Calls `expect` with the index AHEAD entries after `h`, or with the one at `h` if that is not published yet.
    #[inline(always)]
    pub(super) fn prefetch_ahead(&self, h: usize, index: usize, expect: impl Fn(usize)) {
        if FETCHES {
            expect(self.peek_at(h.wrapping_add(AHEAD)).unwrap_or(index));
        }
    }

    /// The index published at `p`, if any. The answer is only a guess.
    #[inline(always)]
    pub(super) fn peek_at(&self, p: usize) -> Option<usize> {
        let g = self.geometry();
        // ORDERING: Relaxed: only a guess at what others have done.
        let e = self.entry(p).load(ordering(Site::AheadLook, Relaxed));
        g.is_published(e, p).then(|| g.index(e, p))
    }
}
