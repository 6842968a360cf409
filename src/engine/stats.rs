//! The counters of a pool.

use super::RawPool;
use crate::platform::port::Port;
use crate::slot::storage::Storage;

/// The counters of a pool. They wrap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolStats {
    /// Jobs accepted.
    pub(crate) submitted: usize,
    /// Entries popped from the ready ring: jobs started from it, and tombstones.
    pub(crate) claimed: usize,
    pub(crate) wakes: usize,
    pub(crate) forced_wakes: usize,
    pub(crate) sleeping: usize,
    pub(crate) live: usize,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Reads the counters. It may be called at any time and disturbs no other thread.
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
