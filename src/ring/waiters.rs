//! The marks in an empty entry: which threads the next push must wake. `mod.rs` says why there are two.

use super::entry::Mark;
use super::ncq::Ring;
use crate::sync::{AtomicUsize, Relaxed, Site, ordering};
use crate::util::backoff::yield_in_model;

/// An empty entry that was marked: sleep on `word` while it holds `value`.
pub(crate) struct MarkedEntry<'a> {
    pub(crate) word: &'a AtomicUsize,
    pub(crate) value: usize,
}

impl PartialEq for MarkedEntry<'_> {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.word, other.word) && self.value == other.value
    }
}

impl<'a> Ring<'a> {
    /// Marks the empty entry at head; None if the ring is not empty.
    pub(crate) fn mark_empty(&self, by: Mark) -> Option<MarkedEntry<'a>> {
        let g = self.geometry();
        let (head, origin) = self.head();
        loop {
            // ORDERING: Relaxed: the entry decides; a stale head shows as an entry of another lap.
            let h = head.load(ordering(Site::MarkHead, Relaxed)).wrapping_add(origin);
            let word = self.entry(h);
            // ORDERING: Relaxed: nothing is read through it; a pop follows if it is not empty.
            let e = word.load(ordering(Site::MarkEntry, Relaxed));
            if g.is_published(e, h) {
                return None;
            }
            if !g.is_behind(e, h) {
                yield_in_model();
                continue;
            }
            let value = e | g.mark(by);
            // ORDERING: Relaxed: the push that replaces the mark reads it by its CAS on the same word. Against a close, the
            // caller's fence pairs with the closer's (engine/lifecycle.rs).
            if e & g.mark(by) != 0
                || word
                    .compare_exchange(
                        e,
                        value,
                        ordering(Site::MarkSet, Relaxed),
                        ordering(Site::MarkSetLost, Relaxed),
                    )
                    .is_ok()
            {
                return Some(MarkedEntry { word, value });
            }
        }
    }

    /// Replaces the waiters' mark on the empty entry at head by the closer's. Returns the entry if it had that mark: the
    /// caller wakes the threads that sleep there, and a thread about to sleep finds another value. Without the closer's
    /// mark, the next waiter's mark would restore the old value.
    // Forced inline where only one other function calls it: a completion queue costs nothing to a firmware without one.
    #[cfg_attr(all(target_os = "none", not(feature = "port")), inline(always))]
    pub(crate) fn unmark(&self) -> Option<*const AtomicUsize> {
        let g = self.geometry();
        let (head, origin) = self.head();
        loop {
            // ORDERING: Relaxed: see mark_empty; the closer's fence pairs with the sleeper's.
            let h = head.load(ordering(Site::UnmarkHead, Relaxed)).wrapping_add(origin);
            let word = self.entry(h);
            // ORDERING: Relaxed, the same.
            let e = word.load(ordering(Site::UnmarkEntry, Relaxed));
            if g.is_published(e, h) || (g.is_behind(e, h) && e & g.mark(Mark::Waiter) == 0) {
                return None;
            }
            // ORDERING: Relaxed, the same: sleepers compare this very word.
            if g.is_behind(e, h)
                && word
                    .compare_exchange(
                        e,
                        e & !g.mark(Mark::Waiter) | g.mark(Mark::Closer),
                        ordering(Site::UnmarkSet, Relaxed),
                        ordering(Site::UnmarkSetLost, Relaxed),
                    )
                    .is_ok()
            {
                return Some(word);
            }
            yield_in_model();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cursors, Seed};
    use super::*;
    use crate::sync::array_of;

    #[test]
    fn a_mark_is_taken_off_once() {
        let cursors = Cursors::new();
        let entries: [AtomicUsize; 2] = array_of![AtomicUsize::new(0); 2];
        let ring = Ring::new(&cursors, &entries, Seed::Empty);
        assert!(ring.unmark().is_none());
        let marked = ring.mark_empty(Mark::Waiter).unwrap();
        assert_eq!(marked.word.load(Relaxed), marked.value);
        assert_eq!(ring.unmark(), Some(core::ptr::from_ref(marked.word)));
        assert_ne!(marked.word.load(Relaxed), marked.value);
        assert!(ring.unmark().is_none());
        assert_ne!(ring.mark_empty(Mark::Waiter).unwrap().value, marked.value);
        assert!(ring.unmark().is_some());
        assert!(ring.mark_empty(Mark::Closer).is_some() && ring.unmark().is_none());
        assert!(ring.push(1).marked.is_some());
        assert!(ring.mark_empty(Mark::Closer).is_none() && ring.unmark().is_none());
        assert_eq!(ring.pop(), Some(1));
    }
}
