//! Keeps who pops a ring all the time away from those who push to it.
//!
//! A popper faster than the pushers catches up with them, and then takes each index right after it was pushed: entries, and
//! what the indices name, go from core to core with every pop, which slows both sides down, so that the ring never becomes
//! empty enough for the popper to sleep. That is what a submitter does at the free ring of a full pool. So a popper that may
//! wait anyway, and is so near, lets the others gain on it while it sees them do so. (The known cure for queues of
//! one producer and one consumer, which keep a slip between them: J. Giacomoni et al., "FastForward for Efficient
//! Pipeline Parallelism", PPoPP 2008, 3.4.)

use super::ncq::Ring;
use crate::relax::{SPINS, pause};

/// Fewer entries than this are near, or than an eighth of the ring: some lines of them, since who pops looks ahead.
const NEAR: usize = 32;
/// So many times as many are far enough.
const FAR: usize = 4;
/// One pop of so many looks.
const EACH: usize = 8;
/// Pauses for each entry that the others are to gain: more than an empty job takes them.
const PAUSES: usize = 3;

impl Ring<'_> {
    /// For who has just popped what was at `h`, will pop so `many` with it, and may wait: some 30 µs if the others push as fast as
    /// they can, 4 µs if they don't, and not at all if nobody is `there` to push.
    #[inline(always)]
    pub(crate) fn keep_distance(&self, h: usize, many: usize, there: impl FnOnce() -> bool) {
        if SPINS {
            let near = NEAR.max(many).min(self.len() / 8);
            if h.is_multiple_of(EACH) && !self.reaches(h, near) && there() {
                Ring { ..*self }.gain_distance(h, near);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn gain_distance(&self, h: usize, near: usize) {
        if near == 0 {
            return;
        }
        let mut ahead = near;
        while ahead <= FAR * near {
            pause(PAUSES * ahead);
            if !self.reaches(h, ahead) {
                return;
            }
            ahead *= 2;
        }
    }
}
