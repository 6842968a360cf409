//! Barriers: the cores wait for each other between phases, and inside of jobs to prove that the jobs run at
//! once.

use crate::CORES;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};

/// Returns when every core has called it.
pub fn all() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    // ORDERING: Release and Acquire: what a core did before is seen by every core after.
    let last = (CALLS.fetch_add(1, AcqRel) / CORES + 1) * CORES;
    while CALLS.load(Acquire) < last {
        spin_loop();
    }
}

/// A barrier for this many cores, used once.
pub struct Meeting(AtomicUsize);

impl Meeting {
    pub const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Returns when this many cores have arrived. Each stays until all have, so no core can arrive twice.
    pub fn attend(&self, of: usize) {
        // ORDERING: Relaxed: only the number counts.
        self.0.fetch_add(1, Relaxed);
        while self.0.load(Relaxed) < of {
            spin_loop();
        }
    }
}

/// Checks that these are all cores, each once.
pub fn assert_all(cores: impl Iterator<Item = usize>) {
    let mut seen = [0; CORES];
    cores.for_each(|core| seen[core] += 1);
    assert_eq!(seen, [1; CORES], "cores that took part");
}
