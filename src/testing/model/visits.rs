//! The threads inside a pool: visitors that destroy waits for, and workers, of which only a limited number
//! may enter.

use crate::engine::lifecycle::{Lifecycle, Visit};
use crate::platform::port::Origin;
use crate::platform::{Clock, ModelPort};

/// The visits of a pool: threads that sleep in a call while another wants to destroy it.
pub struct Visits {
    lifecycle: Lifecycle,
    port: ModelPort,
}

/// One visit, which ends when it is dropped.
pub struct Visiting(#[allow(dead_code, reason = "dropped")] Visit<ModelPort>);

impl Visits {
    /// No visitors.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        Self { lifecycle: Lifecycle::new(), port: ModelPort::new(Clock::None) }
    }

    /// Starts a visit.
    pub fn begin(&self) -> Visiting {
        Visiting(self.lifecycle.visit(&self.port, Origin::Thread))
    }

    /// Waits until there are no visitors.
    pub fn await_end(&self) {
        self.lifecycle.await_visitors(&self.port);
    }
}

/// The places of a pool's workers.
pub struct Seats(Lifecycle);

impl Seats {
    /// No workers.
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

    /// The number of workers that are counted in.
    pub fn taken(&self) -> usize {
        self.0.live()
    }
}
