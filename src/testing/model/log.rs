//! How each job of a model ended.

extern crate std;

use core::sync::atomic::{AtomicUsize as Plain, Ordering};
use std::sync::Arc;

/// How many jobs a [`Log`] can tell apart.
pub const JOBS: usize = 6;

/// How each job ended. The counters are outside the model, so that counting orders nothing.
#[derive(Default)]
pub struct Log {
    ran: [Plain; JOBS],
    discarded: [Plain; JOBS],
    shut_down: [Plain; JOBS],
    forgotten: [Plain; JOBS],
    taken: [Plain; JOBS],
}

impl Log {
    /// All counters are 0.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn count(counters: &[Plain; JOBS], n: usize) {
        // ORDERING: Relaxed: a tally outside the model; loom runs the model's threads on one system thread.
        counters[n].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_ran(&self, n: usize) {
        Self::count(&self.ran, n);
    }

    pub(super) fn count_discarded(&self, n: usize) {
        Self::count(&self.discarded, n);
    }

    pub(super) fn count_shut_down(&self, n: usize) {
        Self::count(&self.shut_down, n);
    }

    pub(super) fn count_forgotten(&self, n: usize) {
        Self::count(&self.forgotten, n);
    }

    pub(super) fn count_taken(&self, n: usize) {
        Self::count(&self.taken, n);
    }

    /// How often job `n` ran.
    pub fn ran(&self, n: usize) -> usize {
        // ORDERING: Relaxed, as in count.
        self.ran[n].load(Ordering::Relaxed)
    }

    /// How often it was dropped without running.
    pub fn discarded(&self, n: usize) -> usize {
        // ORDERING: Relaxed, as in count.
        self.discarded[n].load(Ordering::Relaxed)
    }

    /// How often a shutdown dropped it.
    pub fn shut_down(&self, n: usize) -> usize {
        // ORDERING: Relaxed, as in count.
        self.shut_down[n].load(Ordering::Relaxed)
    }

    /// How often its result was dropped.
    pub fn forgotten(&self, n: usize) -> usize {
        // ORDERING: Relaxed, as in count.
        self.forgotten[n].load(Ordering::Relaxed)
    }

    /// How often its result was taken.
    pub fn taken(&self, n: usize) -> usize {
        // ORDERING: Relaxed, as in count.
        self.taken[n].load(Ordering::Relaxed)
    }

    /// How often it ended.
    pub fn ended(&self, n: usize) -> usize {
        self.ran(n) + self.discarded(n)
    }
}
