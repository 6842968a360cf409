//! Submits one job after the other, each at another moment of a worker's way to sleep. No thread looks for a
//! job whose wake-up was lost: it hangs.

use core::hint::spin_loop;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Where a core spins that should sleep, QEMU's host has more to do than it has processors.
const JOBS: usize = if cfg!(any(feature = "spin", feature = "wfe")) { 200 } else { 20_000 };

/// Turns of the longest delay: some microseconds.
const LONGEST: usize = 1009;

// ORDERING: Relaxed: only the number counts.
static RAN: AtomicUsize = AtomicUsize::new(0);

/// Goes on for a while after it was counted, so that the next can be there before its worker looks, too.
pub fn job() {
    RAN.fetch_add(1, Relaxed);
    (0..LONGEST / 2).for_each(|_| spin_loop());
}

/// Submits `job` again and again by `submit`, which also wakes the core that must run it.
pub fn run(submit: impl Fn()) {
    RAN.store(0, Relaxed);
    for n in 0..JOBS {
        submit();
        while RAN.load(Relaxed) <= n {
            spin_loop();
        }
        // Strides that do not divide each other: every delay comes up, and not in order.
        (0..n * 337 % LONGEST).for_each(|_| spin_loop());
    }
}
