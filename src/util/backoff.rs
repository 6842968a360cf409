//! What a thread does between two tries of the same compare-and-swap.

use crate::sync::spin_loop;

/// Bounded exponential backoff: 64, 128, 256, 512 pauses. Two that take turns at a line with every operation fetch it from each other with
/// every operation; so a thread that lost a race leaves the line to the winner for as long as some dozens of
/// operations take that have it to themselves. (T. Anderson, "The Performance of Spin Lock Alternatives for Shared-Memory
/// Multiprocessors", IEEE TPDS 1990, has why to wait, and exponentially.) 1, 2, 4 … 64 on microcontrollers,
/// whose interrupts may be who pauses.
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
        // The model needs no pause: a lost race means that someone else moved on.
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

/// Between two looks at a word that was found out of date. Nothing to wait for: whoever moved it on is done. But the
/// model has to be told, since there an old value may be read as often as one likes.
#[inline(always)]
pub(crate) fn look_again() {
    if cfg!(jobring_loom) {
        spin_loop();
    }
}

/// Does anybody spin in this build? Not in the models, and not where threads are driven or stopped step by step: to look and do
/// nothing is no step of a protocol; and not on a microcontroller, where nobody else runs meanwhile.
pub(crate) const SPINS: bool =
    !cfg!(any(jobring_loom, jobring_freeze, all(target_os = "none", target_pointer_width = "32")));

/// So many pauses.
pub(crate) fn pause(times: usize) {
    for _ in 0..times {
        spin_loop();
    }
}

/// Looks so often whether `done`, with a pause after each look.
pub(crate) fn spin_until(looks: u32, mut done: impl FnMut() -> bool) {
    let looks = if SPINS { looks } else { 0 };
    for _ in 0..looks {
        if done() {
            return;
        }
        spin_loop();
    }
}
