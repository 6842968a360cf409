//! Paces consumers away from producers' cache lines.
//!
//! A popper that is faster than the pushers catches up with them, and then takes each index right after its push. Then every
//! pop moves the entry and its slot from core to core. Both sides become slow, and the ring is never empty long enough
//! for the popper to sleep. A submitter meets this at the free ring of a full pool, and a worker at an almost empty ready ring.
//!
//! So a popper that is near the pushers waits for as long as it sees them gain a lead. This is the temporal slip of
//! J. Giacomoni et al., "FastForward for Efficient Pipeline Parallelism", PPoPP 2008, 3.4, for more than one producer.

use super::ncq::{Popper, Ring};
use crate::util::backoff::{SPINS, pause};

/// How a popper keeps its distance.
struct Pacing {
    /// Every n-th pop checks it, n a power of two.
    every: usize,
    /// The popper is near if fewer entries than this lie ahead (at most an eighth of the ring). That is several lines of
    /// entries, because a popper prefetches.
    near: usize,
    /// Pauses per entry of lead: longer than one push of an empty job takes.
    pauses: usize,
}

/// A lead of FAR · near entries is enough.
const FAR: usize = 4;

impl Popper {
    #[inline(always)]
    const fn pacing(self) -> Option<Pacing> {
        match self {
            Self::Unpaced => None,
            // About 30 µs if the workers push as fast as they can, 4 µs if they do not.
            Self::Submitter => Some(Pacing { every: 8, near: 32, pauses: 3 }),
            // As long, since it takes more slots at a time.
            Self::Batch => Some(Pacing { every: 1, near: 48, pauses: 2 }),
            // About 8 µs, or 1 µs. Jobs wait meanwhile.
            Self::Worker => Some(Pacing { every: 8, near: 16, pauses: 2 }),
            // As a batch. Results wait meanwhile.
            Self::Consumer => Some(Pacing { every: 1, near: 32, pauses: 2 }),
        }
    }
}

impl Ring<'_> {
    /// Pauses if a pop at `h` is too near to the pushers and `has_peer` says that some thread can push. The caller has just
    /// popped at `h`, or is about to. True if it has paused.
    #[inline(always)]
    pub(super) fn pace(&self, h: usize, by: Popper, has_peer: impl FnOnce() -> bool) -> bool {
        let Some(Pacing { every, near, pauses }) = by.pacing() else { return false };
        if !SPINS || h & (every - 1) != 0 {
            return false;
        }
        let near = near.min(self.len() / 8);
        // A worker may have popped the only job.
        let pauses_now = self.peek_at(h.wrapping_add(near)).is_none()
            && has_peer()
            && (by != Popper::Worker || !self.is_empty());
        if pauses_now {
            Ring { ..*self }.wait_for_lead(h, near, pauses);
        }
        pauses_now
    }

    #[cold]
    #[inline(never)]
    fn wait_for_lead(&self, h: usize, near: usize, pauses: usize) {
        if near == 0 {
            return;
        }
        let mut ahead = near;
        while ahead <= FAR * near {
            pause(pauses * ahead);
            if self.peek_at(h.wrapping_add(ahead)).is_none() {
                return;
            }
            ahead *= 2;
        }
    }
}
