//! The numbers of a pool.

use super::RawPool;
use crate::platform::port::Port;
use crate::slot::storage::Storage;

/// Counters of a pool, wrapping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolStats {
    /// Jobs accepted.
    pub(crate) submitted: usize,
    /// Ring entries taken out: jobs begun from the ring, and tombstones.
    pub(crate) claimed: usize,
    pub(crate) wakes: usize,
    pub(crate) forced_wakes: usize,
    pub(crate) sleeping: usize,
    pub(crate) live: usize,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Numbers that can be had at any time without disturbing anyone.
    pub(crate) fn stats(&self) -> PoolStats {
        let (submitted, claimed) = self.ready().counts();
        let (wakes, forced_wakes) = self.idle.wake_ups();
        let counts = self.idle.counts();
        PoolStats {
            submitted,
            claimed,
            wakes,
            forced_wakes,
            sleeping: counts.sleeping(),
            live: self.lifecycle.live(),
        }
    }
}
