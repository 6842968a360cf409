//! Chooses the times of the interrupts.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// When the next interrupt comes, instructions from the end of this one: one that comes soon (what follows an
/// interrupt is hit: lost exchanges) and one that lets the others get on, by turns, each swept.
pub struct Sweep<const SOON: u32, const LATE: u32>(AtomicU32);

impl<const SOON: u32, const LATE: u32> Sweep<SOON, LATE> {
    /// The first turn.
    #[allow(clippy::new_without_default, reason = "it is a static")]
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// When the next one is to come. One caller at a time.
    pub fn next(&self) -> u32 {
        let turn = self.0.load(Relaxed);
        self.0.store(turn + 1, Relaxed);
        // Of the soon ones the handler's own end takes some.
        if turn % 2 == 0 { 6 + turn / 2 % SOON } else { 1200 + turn / 2 % LATE }
    }

    /// How many there were.
    pub fn turn(&self) -> u32 {
        self.0.load(Relaxed)
    }
}
