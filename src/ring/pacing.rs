//! Keeps who pops a ring all the time away from those who push to it.
//!
//! A popper faster than the pushers catches up with them, and then takes each index right after it was pushed: entries, and
//! what the indices name, go from core to core with every pop, which slows both sides down, so that the ring never becomes
//! empty enough for the popper to sleep. That is what a submitter does at the free ring of a full pool, and a worker at the ready ring of
//! an empty one. So a popper that is so near lets the others gain on it while it sees them do so. (The known cure for queues of
//! one producer and one consumer, which keep a slip between them: J. Giacomoni et al., "FastForward for Efficient
//! Pipeline Parallelism", PPoPP 2008, 3.4.)

use super::ncq::Ring;
use crate::util::backoff::{SPINS, pause};

/// Who pops for one of the two sides, and how it keeps its distance.
#[derive(Clone, Copy)]
pub(crate) struct Pacing {
    /// Fewer entries than this are near, or than an eighth of the ring: some lines of them, since who pops looks ahead.
    near: usize,
    /// Pauses for each entry that the others are to gain: more than an empty job takes them.
    pauses: usize,
}

impl Pacing {
    /// For a submitter that may wait: some 30 µs if the workers push as fast as they can, 4 µs if they don't.
    pub(crate) const OF_SUBMITTER: Self = Self { near: 32, pauses: 3 };

    /// For one that takes many slots: twice as long.
    #[cfg(any(feature = "capi", jobring_loom))]
    pub(crate) const OF_BATCH: Self = Self { near: 64, pauses: 3 };

    /// For a worker: some 8 µs, or 1 µs. Jobs wait meanwhile.
    pub(crate) const OF_WORKER: Self = Self { near: 16, pauses: 2 };
}

/// So many times as many as are near are far enough.
const FAR: usize = 4;
/// One pop of so many looks.
const EACH: usize = 8;

impl Ring<'_> {
    /// For who has just popped what was at `h`, or is about to; not at all if nobody is `there` to push.
    #[inline(always)]
    pub(crate) fn pace(&self, h: usize, distance: Pacing, there: impl FnOnce() -> bool) {
        if SPINS && h.is_multiple_of(EACH) {
            self.keep_distance_now(h, distance, there);
        }
    }

    /// The same, at each pop.
    #[inline(always)]
    pub(crate) fn keep_distance_now(&self, h: usize, distance: Pacing, there: impl FnOnce() -> bool) {
        if SPINS {
            let near = distance.near.min(self.len() / 8);
            if self.published_at(h.wrapping_add(near)).is_none() && there() {
                Ring { ..*self }.gain_distance(h, Pacing { near, ..distance });
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn gain_distance(&self, h: usize, Pacing { near, pauses }: Pacing) {
        if near == 0 {
            return;
        }
        let mut ahead = near;
        while ahead <= FAR * near {
            pause(pauses * ahead);
            if self.published_at(h.wrapping_add(ahead)).is_none() {
                return;
            }
            ahead *= 2;
        }
    }
}
