//! Interrupts on a whole pool.

use super::pool::Pool;
use crate::engine::ShutdownReport;
use crate::engine::lifecycle::ShutdownMode;
use crate::job::interrupt::Interrupt;
use crate::platform::port::Timeout;

impl<const N: usize> Pool<N> {
    /// Calls `f` in a scope of the interrupt.
    pub fn interruptible<R>(&self, interrupt: &Interrupt, f: impl FnOnce() -> R) -> R {
        self.raw.interruptible(interrupt, f)
    }

    /// Raises the interrupt.
    pub fn raise(&self, interrupt: &Interrupt) {
        self.raw.raise(interrupt);
    }

    /// Closes, runs what is queued, and waits for the end or an interrupt.
    pub fn drain_unless_interrupted(&self) -> Result<ShutdownReport, ShutdownReport> {
        self.raw.shutdown(ShutdownMode::Drain, Timeout::Forever)
    }
}
