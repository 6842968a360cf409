//! The shares of one range: claimed by whoever comes for the next, not assigned.
//!
//! `next` is where the next share begins; at `end` nothing is left. A claim moves it on by a compare-and-swap; a stop moves
//! it to the end at once. It never goes back, so a claim that succeeds owns its share alone, and after a stop none does.
//! A share is a part of what is left, and so smaller and smaller towards the end: few claims, and nobody late by much.

use crate::sync::{AtomicUsize, Relaxed, Site, o};

/// A thread's part of what is left is cut into so many shares.
const SHARES_OF_ONE: usize = 4;

/// A range to be shared out.
pub(super) struct Shares {
    next: AtomicUsize,
    /// How many helpers were made.
    helpers: AtomicUsize,
    end: usize,
    /// The smallest share, but for the last.
    grain: usize,
    /// The most helpers.
    most: usize,
}

impl Shares {
    /// `from..end`, for the caller and at most so many helpers.
    pub(super) fn new(from: usize, end: usize, grain: usize, most: usize) -> Self {
        debug_assert!(from < end && grain > 0);
        // The first share is the caller's.
        let most = most.min((end - from - 1) / grain);
        Self { next: AtomicUsize::new(from), helpers: AtomicUsize::new(0), end, grain, most }
    }

    fn next(&self) -> usize {
        // ORDERING: Relaxed: a claim is the compare-and-swap's; what the items are made of came with the submit (E1).
        self.next.load(o(Site::ShareLook, Relaxed))
    }

    /// Is everything claimed, or was it stopped?
    pub(super) fn is_over(&self) -> bool {
        self.next() == self.end
    }

    /// The next share. None when everything is claimed, or was stopped.
    pub(super) fn claim(&self) -> Option<(usize, usize)> {
        let mut from = self.next();
        while from < self.end {
            let left = self.end - from;
            let part = left / SHARES_OF_ONE / (self.most + 1);
            let to = from + part.max(self.grain).min(left);
            // ORDERING: Relaxed: decides whose share it is, and hands nothing over; what is done to the items goes to the
            // caller by the end of the helper's job (E3).
            match self.next.compare_exchange(
                from,
                to,
                o(Site::ShareClaim, Relaxed),
                o(Site::ShareClaimLost, Relaxed),
            ) {
                Ok(_) => return Some((from, to)),
                Err(now) => from = now,
            }
        }
        None
    }

    /// From here on nothing is claimed.
    pub(super) fn stop(&self) {
        // ORDERING: Relaxed: hands nothing over. A claim at the same time comes before it, or fails. (A swap, for the
        // checker lets a compare-and-swap pass over a store that another thread made.)
        self.next.swap(self.end, o(Site::SharesStop, Relaxed));
    }

    /// May one more helper be made? Then it counts.
    pub(super) fn admit_helper(&self) -> bool {
        // ORDERING: Relaxed: a count. Each asks twice at most, so it does not overflow.
        !self.is_over() && self.helpers.fetch_add(1, o(Site::HelperCount, Relaxed)) < self.most
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn shares_cover_the_range_once_and_become_smaller() {
        for (from, end, grain, most) in [(0, 1, 1, 3), (5, 1000, 1, 1), (0, 4096, 64, 3), (0, 10, 100, 2)] {
            let shares = Shares::new(from, end, grain, most);
            let all: Vec<_> = core::iter::from_fn(|| shares.claim()).collect();
            assert_eq!((all[0].0, all[all.len() - 1].1), (from, end));
            assert!(all.windows(2).all(|two| two[0].1 == two[1].0 && two[0].1 - two[0].0 >= grain));
            assert!(all.windows(3).all(|w| w[0].1 - w[0].0 >= w[1].1 - w[1].0));
            assert!(shares.is_over());
        }
    }

    #[test]
    fn the_largest_range_does_not_overflow() {
        for grain in [1, usize::MAX / 2, usize::MAX] {
            let shares = Shares::new(0, usize::MAX, grain, 65_535);
            let mut at = 0;
            for _ in 0..100 {
                let Some((from, to)) = shares.claim() else { break };
                assert!(from == at && to > from);
                at = to;
            }
        }
        let shares = Shares::new(usize::MAX - 3, usize::MAX, 1, 2);
        assert_eq!(core::iter::from_fn(|| shares.claim()).count(), 3);
    }

    #[test]
    fn after_a_stop_nothing_is_claimed_and_nobody_helps() {
        let shares = Shares::new(0, 100, 1, 3);
        assert!(shares.claim().is_some() && shares.admit_helper());
        shares.stop();
        assert!(shares.claim().is_none() && !shares.admit_helper() && shares.is_over());
    }

    #[test]
    fn no_more_helpers_are_made_than_shares_are_left_for() {
        let shares = Shares::new(0, 100, 40, 8);
        assert_eq!((0..10).filter(|_| shares.admit_helper()).count(), 2);
    }
}
