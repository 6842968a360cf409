//! The shares of one range. Threads claim them one by one; none is assigned in advance.
//!
//! The range is cut into parts, one for each thread that may take part (many threads share a few parts),
//! always at the same places. A thread claims from its own part first, then from the following ones. So in a
//! second loop over the same items a thread finds its items of the first loop in its cache, and yet no thread
//! waits for a slow one.
//!
//! A part's `next` is the start of its next share; at the part's end nothing is left. A claim moves `next`
//! forward by a compare-and-swap; a stop moves it to the end at once. It never goes back, so a successful
//! claim owns its share alone, and after a stop no claim succeeds. A share is half of what its part has left,
//! between the smallest and the largest share. So shares become smaller towards the end: there are few claims,
//! and no thread finishes much later than the others.

use crate::sync::{AtomicUsize, Relaxed, Site, ordering};
use crate::util::cache_padded::CachePadded;

/// A claim takes one FRACTION-th of what is left of a part.
const FRACTION: usize = 2;
/// The most parts. Each has its own cache line on the caller's stack; if there are more threads, they share
/// the parts.
const MAX_PARTS: usize = if usize::BITS == 64 { 8 } else { 2 };

/// The sizes of shares.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// The smallest share, except the last. 0: found by timing.
    pub(super) grain: usize,
    /// The largest share. At least the grain.
    pub(super) largest: usize,
}

/// A range that is cut into shares.
pub(super) struct Chunks {
    // INVARIANT: for each of the first `parts`, `next` is between the part's start and its end.
    next: [CachePadded<AtomicUsize>; MAX_PARTS],
    /// The number of helpers that were admitted.
    helpers: AtomicUsize,
    parts: usize,
    /// The items of each part, except the last.
    part: usize,
    end: usize,
    /// The grain is not 0.
    sizes: Sizes,
    /// The most helpers.
    max_helpers: usize,
}

impl Sizes {
    /// The size of the next share of a part that has `left` items left.
    fn of_share(self, left: usize) -> usize {
        let size = (left / FRACTION).max(self.grain).min(self.largest).min(left);
        if left - size >= self.grain {
            return size;
        }
        // Leaves no rest smaller than a grain, if the largest share allows it.
        match left.checked_sub(self.grain) {
            _ if left <= self.largest => left,
            Some(rest) if rest >= self.grain => rest,
            _ => size,
        }
    }
}

impl Chunks {
    /// `from..end`, for the caller and at most `max_helpers` helpers. The items before `from` are done.
    pub(super) fn new(from: usize, end: usize, sizes: Sizes, max_helpers: usize) -> Self {
        let grain = sizes.grain;
        debug_assert!(from < end && grain > 0 && grain <= sizes.largest);
        // The first share is the caller's.
        let max_helpers = max_helpers.min((end - from - 1) / grain);
        let parts = MAX_PARTS.min(max_helpers + 1);
        // Parts are multiples of the grain, so that the last share of a part is not too small.
        let part = end.div_ceil(parts).div_ceil(grain).saturating_mul(grain);
        let next = core::array::from_fn(|n| {
            CachePadded::new(AtomicUsize::new(n.saturating_mul(part).clamp(from, end)))
        });
        Self { next, helpers: AtomicUsize::new(0), parts, part, end, sizes, max_helpers }
    }

    /// The part in which a helper on this worker starts. The caller starts in the first.
    pub(super) fn part_of(&self, worker: usize) -> usize {
        if self.parts == 1 { 0 } else { 1 + worker % (self.parts - 1) }
    }

    fn end_of(&self, part: usize) -> usize {
        (part + 1).saturating_mul(self.part).min(self.end)
    }

    fn next(&self, part: usize) -> usize {
        // ORDERING: Relaxed: the compare-and-swap decides a claim; the submit made the items visible (E1).
        self.next[part].load(ordering(Site::ShareLook, Relaxed))
    }

    /// Is nothing left to claim, because everything was claimed or the loop was stopped?
    pub(super) fn is_exhausted(&self) -> bool {
        (0..self.parts).all(|part| self.next(part) >= self.end_of(part))
    }

    /// Claims the next share, of `part` if it has one, otherwise of another part, to which it sets `part`.
    /// None if nothing is left.
    pub(super) fn claim(&self, part: &mut usize) -> Option<(usize, usize)> {
        for _ in 0..self.parts {
            if let share @ Some(_) = self.claim_in(*part) {
                return share;
            }
            *part = (*part + 1) % self.parts;
        }
        None
    }

    fn claim_in(&self, part: usize) -> Option<(usize, usize)> {
        let end = self.end_of(part);
        let mut from = self.next(part);
        while from < end {
            let to = from + self.sizes.of_share(end - from);
            // ORDERING: Relaxed: decides which thread owns the share, and hands nothing over; the end of the
            // helper's job makes its work visible to the caller (E3).
            match self.next[part].compare_exchange(
                from,
                to,
                ordering(Site::ShareClaim, Relaxed),
                ordering(Site::ShareClaimLost, Relaxed),
            ) {
                Ok(_) => return Some((from, to)),
                Err(now) => from = now,
            }
        }
        None
    }

    /// Stops the loop: from here on no claim succeeds.
    pub(super) fn stop(&self) {
        for part in 0..self.parts {
            // ORDERING: Relaxed: hands nothing over. A concurrent claim comes before it, or fails. (It is a
            // swap, because loom lets a compare-and-swap miss another thread's store.)
            self.next[part].swap(self.end_of(part), ordering(Site::SharesStop, Relaxed));
        }
    }

    /// Counts one more helper, if there may be one. False if not.
    pub(super) fn admit_helper(&self) -> bool {
        // ORDERING: Relaxed: a count. Each thread asks at most twice, so it does not overflow.
        !self.is_exhausted()
            && self.helpers.fetch_add(1, ordering(Site::HelperCount, Relaxed)) < self.max_helpers
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn whole(grain: usize) -> Sizes {
        Sizes { grain, largest: usize::MAX }
    }

    fn claims(shares: &Chunks, part: usize) -> Vec<(usize, usize)> {
        let mut part = part;
        core::iter::from_fn(|| shares.claim(&mut part)).collect()
    }

    #[test]
    fn shares_cover_the_range_once_wherever_threads_start() {
        for (from, end, grain, most) in [
            (0, 1, 1, 3),
            (5, 1000, 1, 1),
            (700, 1000, 10, 1),
            (0, 4096, 64, 3),
            (0, 10, 100, 2),
            (3, 777, 5, 40),
        ] {
            for first in 0..=most {
                let shares = Chunks::new(from, end, whole(grain), most);
                let mut all = claims(&shares, shares.part_of(first));
                assert!(shares.is_exhausted() && all[0].0 >= from);
                all.sort_unstable();
                assert_eq!((all[0].0, all[all.len() - 1].1), (from, end));
                assert!(all.windows(2).all(|two| two[0].1 == two[1].0));
            }
        }
    }

    #[test]
    fn a_share_has_a_grain_and_those_of_a_part_become_smaller() {
        for (end, grain, most) in
            [(1000, 1, 1), (4096, 64, 3), (4100, 64, 3), (777, 5, 40), (20_000, 16_384, 1)]
        {
            let all = claims(&Chunks::new(0, end, whole(grain), most), 0);
            assert!(all.iter().all(|(from, to)| to - from >= grain || *to == end), "{all:?}");
            let one = claims(&Chunks::new(0, end, whole(grain), 0), 0);
            let sizes = one.iter().map(|(from, to)| to - from);
            // The last share may also include a rest that is smaller than a grain.
            assert!(sizes.clone().zip(sizes.skip(1)).all(|(one, next)| next < one + grain), "{one:?}");
        }
    }

    #[test]
    fn no_share_is_larger_than_the_largest() {
        for (end, grain, largest, most) in [
            (1000, 1, 1, 3),
            (1000, 1, 7, 1),
            (1000, 10, 10, 3),
            (997, 10, 19, 2),
            (4100, 64, 100, 3),
            (5, 2, 3, 1),
        ] {
            let shares = Chunks::new(0, end, Sizes { grain, largest }, most);
            let all = claims(&shares, 0);
            assert_eq!(all.iter().map(|(from, to)| to - from).sum::<usize>(), end);
            assert!(all.iter().all(|(from, to)| to - from <= largest), "{all:?}");
            // A part's last share is smaller than a grain only where it does not fit into the one before.
            let small = all.iter().filter(|(from, to)| to - from < grain).count();
            assert!(small == 0 || largest < 2 * grain && small <= shares.parts, "{all:?}");
        }
    }

    #[test]
    fn each_thread_starts_in_its_own_part() {
        let shares = Chunks::new(0, 1000, whole(1), 3);
        let starts: Vec<_> =
            (0..3).map(|worker| shares.claim(&mut shares.part_of(worker)).unwrap().0).collect();
        // If there are two parts, the helpers share the second.
        assert_eq!(starts, if MAX_PARTS < 4 { [500, 750, 875] } else { [250, 500, 750] });
        assert_eq!(shares.claim(&mut 0).unwrap().0, 0);
        // Items that are done already do not move the other parts.
        let shares = Chunks::new(300, 1000, whole(1), 3);
        let (first, second) = if MAX_PARTS < 4 { (0, 1) } else { (1, 2) };
        assert_eq!(shares.claim(&mut { first }).unwrap().0, 300);
        assert_eq!(shares.claim(&mut { second }).unwrap().0, 500);
    }

    #[test]
    fn the_largest_range_does_not_overflow() {
        for most in [0, 1, 2, 6, 65_535] {
            for grain in [1, 1000, usize::MAX / 2, usize::MAX] {
                let shares = Chunks::new(0, usize::MAX, whole(grain), most);
                let (mut part, mut at) = (0, 0);
                for _ in 0..100 {
                    let Some((from, to)) = shares.claim(&mut part) else { break };
                    assert!(from == at && to > from);
                    at = to;
                }
            }
            let shares = Chunks::new(usize::MAX - 3, usize::MAX, whole(1), most);
            assert_eq!(claims(&shares, 0).len(), 3);
        }
    }

    #[test]
    fn after_a_stop_nothing_is_claimed_and_nobody_helps() {
        let shares = Chunks::new(0, 100, whole(1), 3);
        assert!(shares.claim(&mut 1).is_some() && shares.admit_helper());
        shares.stop();
        assert!(
            (0..MAX_PARTS.min(4)).all(|part| claims(&shares, part).is_empty())
                && !shares.admit_helper()
                && shares.is_exhausted()
        );
    }

    #[test]
    fn no_more_helpers_are_made_than_shares_are_left_for() {
        let shares = Chunks::new(0, 100, whole(40), 8);
        assert_eq!((0..10).filter(|_| shares.admit_helper()).count(), 2);
    }
}
