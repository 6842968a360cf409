//! Paces consumers away from producers' cache lines.
//!
//! A popper that is faster than the pushers catches up with them, and then takes each index right after its push. Then every
//! pop moves the entry and its slot from core to core. Both sides become slow, and the ring is never empty long enough
//! for the popper to sleep. A submitter meets this at the free ring of a full pool, and a worker at an almost empty ready ring.
//!
//! So a popper that is near the pushers waits for as long as it sees them gain a lead. This is the temporal slip of
//! J. Giacomoni et al., "FastForward for Efficient Pipeline Parallelism", PPoPP 2008, 3.4, for more than one producer.

use super::ncq::Ring;
use crate::util::backoff::{SPINS, pause};

/// How one kind of popper keeps its distance.
#[derive(Clone, Copy)]
pub(crate) struct Pacing {
    /// The popper is near if fewer entries than this lie ahead (at most an eighth of the ring). That is several lines of
    /// entries, because a popper prefetches.
    near: usize,
    /// Pauses per entry of lead: longer than one push of an empty job takes.
    pauses: usize,
}

impl Pacing {
    /// For a submitter that may wait: about 30 µs if the workers push as fast as they can, 4 µs if they do not.
    pub(crate) const OF_SUBMITTER: Self = Self { near: 32, pauses: 3 };

    /// For a submitter that takes many slots: twice as long.
    #[cfg(any(feature = "capi", jobring_loom))]
    pub(crate) const OF_BATCH: Self = Self { near: 64, pauses: 3 };

    /// For a worker: about 8 µs, or 1 µs. Jobs wait meanwhile.
    pub(crate) const OF_WORKER: Self = Self { near: 16, pauses: 2 };
}

/// A lead of FAR · near entries is enough.
const FAR: usize = 4;
/// Every CHECK_EVERY-th pop checks its distance.
const CHECK_EVERY: usize = 8;

impl Ring<'_> {
    /// Waits if a pop at `h` is too near to the pushers and `has_peer` says that some thread can push. The caller has just
    /// popped at `h`, or is about to.
    #[inline(always)]
    pub(crate) fn pace(&self, h: usize, pacing: Pacing, has_peer: impl FnOnce() -> bool) {
        if SPINS && h.is_multiple_of(CHECK_EVERY) {
            self.pace_now(h, pacing, has_peer);
        }
    }

    /// The same, but it checks at every pop.
    #[inline(always)]
    pub(crate) fn pace_now(&self, h: usize, pacing: Pacing, has_peer: impl FnOnce() -> bool) {
        if SPINS {
            let near = pacing.near.min(self.len() / 8);
            if self.peek_at(h.wrapping_add(near)).is_none() && has_peer() {
                Ring { ..*self }.wait_for_lead(h, Pacing { near, ..pacing });
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn wait_for_lead(&self, h: usize, Pacing { near, pauses }: Pacing) {
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
