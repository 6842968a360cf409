//! Who is inside of a pool: visitors that destroy waits for, and how many workers may enter.

use crate::engine::lifecycle::{Lifecycle, Visit};
use crate::platform::{Clock, ModelPort};

/// The visits of a pool: threads that sleep in a call while another wants to destroy it.
pub struct Visits {
    lifecycle: Lifecycle,
    port: ModelPort,
}

/// One visit; dropping it ends it.
pub struct Visiting(#[allow(dead_code, reason = "dropped")] Visit<ModelPort>);

impl Visits {
    /// Nobody visits.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        Self { lifecycle: Lifecycle::new(), port: ModelPort::new(Clock::None) }
    }

    /// Begins a visit.
    pub fn begin(&self) -> Visiting {
        Visiting(self.lifecycle.visit(&self.port))
    }

    /// Returns when nobody visits.
    pub fn await_end(&self) {
        self.lifecycle.await_visitors(&self.port);
    }
}

/// The places of a pool's workers.
pub struct Seats(Lifecycle);

impl Seats {
    /// Nobody works.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        Self(Lifecycle::new())
    }

    /// Counts a worker in, if there are fewer than `most`.
    pub fn enter(&self, most: usize) -> bool {
        self.0.enter(most)
    }

    /// Counts a worker out.
    pub fn leave(&self) {
        self.0.leave(false, &ModelPort::new(Clock::None));
    }

    /// How many are counted in.
    pub fn taken(&self) -> usize {
        self.0.live()
    }
}
