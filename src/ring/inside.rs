//! Counts the indices that are in a ring, and sees what came before their pushes.

use super::ncq::Ring;
use crate::sync::{Acquire, Relaxed, Site, ordering};

/// What `count_inside` found.
#[derive(Clone, Copy)]
pub(crate) struct Inside {
    /// How many indices had been popped (wrapping).
    pub(crate) popped: usize,
    /// How many indices that were pushed lie behind those.
    pub(crate) pushed: usize,
}

impl Ring<'_> {
    /// Counts the indices in the ring, except those of its first `seeds` seeds that nobody has popped. The
    /// caller sees what came before each of their pushes. If other threads push and pop meanwhile, the count
    /// includes indices that have left the ring, or misses some that came. `popped` tells whether any has
    /// left.
    pub(crate) fn count_inside(&self, seeds: usize) -> Inside {
        let g = self.geometry();
        let popped = self.popped();
        let first = popped.max(seeds).wrapping_add(self.head().1);
        // ORDERING: Acquire pairs with the pusher's Release on this entry (E2).
        let is_inside = |n: usize| {
            let p = first.wrapping_add(n);
            g.is_published(self.entry(p).load(ordering(Site::InsideEntry, Acquire)), p)
        };
        Inside { popped, pushed: (0..self.len()).take_while(|&n| is_inside(n)).count() }
    }

    /// How many pushes and pops a ring that started empty has seen (wrapping). Exact while nobody uses the ring. The caller
    /// sees what came before the pushes that are counted.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let g = self.geometry();
        // ORDERING: Acquire pairs with advance_tail's Release, and so with the pushes before the tail (E1).
        let mut pushes = self.cursors.tail.load(ordering(Site::CountTail, Acquire));
        // ORDERING: Acquire pairs with the pusher's Release (E1).
        let published = |t: usize| g.is_published(self.entry(t).load(ordering(Site::CountEntry, Acquire)), t);
        for _ in 0..g.stride() {
            if !published(pushes) {
                break;
            }
            pushes = pushes.wrapping_add(1);
        }
        // ORDERING: Relaxed: a statistic.
        let pops = self.cursors.head.load(ordering(Site::CountHead, Relaxed));
        (pushes, pops)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cursors, Ring, Seed};
    use crate::sync::{AtomicUsize, array_of};

    #[test]
    fn seeds_that_nobody_popped_do_not_count() {
        let cursors = Cursors::new();
        let entries: [AtomicUsize; 4] = array_of![AtomicUsize::new(0); 4];
        let ring = Ring::new(&cursors, &entries, Seed::Full);
        let counts = |seeds| {
            let inside = ring.count_inside(seeds);
            (inside.popped, inside.pushed)
        };
        assert_eq!((counts(4), counts(0)), ((0, 0), (0, 4)));
        let index = ring.pop().expect("it is full");
        assert_eq!((counts(4), counts(0)), ((1, 0), (1, 3)));
        ring.push(index);
        assert_eq!((counts(4), counts(0)), ((1, 1), (1, 4)));
        for turn in 2..20 {
            let index = ring.pop().expect("it is full");
            let others = if turn < 4 { turn - 1 } else { 3 };
            assert_eq!((counts(4), counts(0)), ((turn, others), (turn, 3)));
            ring.push(index);
        }
    }
}
