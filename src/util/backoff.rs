//! What a thread does between two tries of the same compare-and-swap.

use crate::sync::spin_loop;

/// Bounded exponential backoff: 64, 128, 256, 512 pauses. The loser of a race lets the winner keep the cache
/// line for some dozens of operations (T. Anderson, "The Performance of Spin Lock Alternatives for
/// Shared-Memory Multiprocessors", IEEE TPDS 1990). 1, 2, 4 … 64 pauses on microcontrollers, where an
/// interrupt handler may be what pauses.
pub(crate) struct Backoff {
    step: u32,
}

const FIRST_STEP: u32 = if SPINS { 6 } else { 0 };
const LAST_STEP: u32 = if SPINS { 9 } else { 6 };

impl Backoff {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { step: FIRST_STEP }
    }

    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(never))]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline)]
    pub(crate) fn pause(&mut self) {
        // A model needs no pause: a lost race means that another thread made progress.
        if !cfg!(jobring_loom) {
            for _ in 0..1u32 << self.step {
                spin_loop();
            }
        }
        if self.step < LAST_STEP {
            self.step += 1;
        }
    }
}

/// Between two reads of a word that was out of date. The write has happened, so there is nothing to wait for.
/// Only a model must yield, because its threads may read an old value again and again.
#[inline(always)]
pub(crate) fn yield_in_model() {
    if cfg!(jobring_loom) {
        spin_loop();
    }
}

/// Does this build spin? Not where tests run or stop threads step by step, since a pause is no step of a
/// protocol. Not on a microcontroller, where nothing else runs meanwhile.
pub(crate) const SPINS: bool =
    !cfg!(any(jobring_loom, jobring_freeze, all(target_os = "none", target_pointer_width = "32")));

/// Pauses `times` times.
pub(crate) fn pause(times: usize) {
    for _ in 0..times {
        spin_loop();
    }
}

/// Asks `done` up to `looks` times, with a pause after each answer, and stops when it is true.
pub(crate) fn spin_until(looks: u32, mut done: impl FnMut() -> bool) {
    let looks = if SPINS { looks } else { 0 };
    for _ in 0..looks {
        if done() {
            return;
        }
        spin_loop();
    }
}
