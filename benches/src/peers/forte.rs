//! forte, a beta that asks for a newer rustc than jobring.

use crate::measure::Pool;
use crate::params::Params;

static POOL: forte::ThreadPool = forte::ThreadPool::new();

/// The static pool.
pub struct Forte;

impl Pool for Forte {
    fn start(workers: usize, _: &Params) -> Self {
        POOL.resize_to(workers);
        Self
    }

    fn hand_over(&self, job: fn()) {
        POOL.spawn(move |_: &forte::Worker| job());
    }
}
