//! Jobs that carry bytes with them.

use super::burst::{Places, bursts};
use crate::lines::job;
use crate::params::{Params, Report};
use std::hint::black_box;

/// A pool whose jobs own `BYTES` bytes.
pub trait Carrier<const BYTES: usize>: Sync + Sized {
    /// A pool of this many workers.
    fn start(workers: usize) -> Self;
    /// Hands over a job that looks at its bytes.
    fn carry(&self, load: Load<BYTES>);
}

/// What a job carries.
#[derive(Clone, Copy)]
pub struct Load<const BYTES: usize>(pub [u8; BYTES]);

impl<const BYTES: usize> Load<BYTES> {
    /// The job: looks at the bytes, counts.
    pub fn run(&self) {
        black_box(&self.0);
        job();
    }
}

/// Bursts of jobs with a load.
pub fn loaded<const BYTES: usize, P: Carrier<BYTES>>(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = P::start(params.size("workers"));
    bursts(params, &places, |count| (0..count).for_each(|_| pool.carry(Load(black_box([7; BYTES])))))
}
