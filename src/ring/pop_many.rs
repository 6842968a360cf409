//! Several pops in one step. A pop only moves head, and one CAS can move it past several entries: a published entry
//! does not change until head passes it.

use super::ncq::{Popper, Ring};
use crate::sync::{Acquire, Relaxed, Site, ordering};
use crate::util::backoff::Backoff;
use crate::util::prefetch::FETCHES;
use core::mem;

impl Ring<'_> {
    /// Pops the oldest indices that are published, lie in one line of entries and fit into `into`. Returns their number, 0 if
    /// the ring is empty. Lock-free. `by` decides whether it pauses before that, as in [`Ring::pop_as`]. Calls `expect` with
    /// indices that may be next.
    #[inline]
    pub(crate) fn pop_many(
        &self,
        into: &mut [usize],
        mut by: Popper,
        has_peer: impl Fn() -> bool,
        expect: impl Fn(usize),
    ) -> usize {
        let g = self.geometry();
        let mut backoff = Backoff::new();
        loop {
            // ORDERING: Acquire, as in `pop`.
            let front = self.front(Site::PopHead, Site::PopEntry, Acquire);
            let Some((h, first)) = front else { return 0 };
            // Once, and before it takes any, so that other threads can have them meanwhile.
            if self.pace(h, mem::replace(&mut by, Popper::Unpaced), &has_peer) {
                continue;
            }
            let line = g.line() - (h & (g.line() - 1));
            let mut count = 0;
            for (nth, into) in into.iter_mut().take(line).enumerate() {
                let p = h.wrapping_add(nth);
                // ORDERING: Acquire: each index has its own push (E1, E2).
                let next = || self.entry(p).load(ordering(Site::PopNextEntry, Acquire));
                let e = if nth == 0 { first } else { next() };
                if !g.is_published(e, p) {
                    break;
                }
                *into = g.index(e, p);
                count += 1;
            }
            if self.advance_head(h, count) {
                if count == line {
                    self.prefetch_line(h.wrapping_add(line), expect);
                }
                return count;
            }
            backoff.pause();
        }
    }

    /// Calls `expect` with the indices in the line of entries that begins at `p`.
    #[inline]
    fn prefetch_line(&self, p: usize, expect: impl Fn(usize)) {
        if !FETCHES {
            return;
        }
        let g = self.geometry();
        let (lap, first) = (g.lap(p), g.offset(p));
        let line = self.entries.get(first..first + g.line()).unwrap_or_default();
        for (nth, entry) in line.iter().enumerate() {
            // ORDERING: Relaxed: only a guess at what others have done.
            let e = entry.load(ordering(Site::AheadLook, Relaxed));
            if g.is_in_lap(e, lap) {
                expect(g.index(e, p.wrapping_add(nth)));
            }
        }
    }
}
