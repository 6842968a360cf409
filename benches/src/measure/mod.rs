//! What is measured, for any pool: each file one kind of work. Every function here runs in a child process of
//! its own.

pub mod birth;
pub mod burst;
pub mod event_loop;
pub mod idle;
pub mod payload;
pub mod resize;
pub mod ring;
pub mod round_trip;
pub mod stopped;

use crate::params::Params;

/// What all pools can do: run a function that nobody waits for.
///
/// Every pool is given the same job, a pointer to a function, and stores it as it stores jobs: in place or
/// boxed.
pub trait Pool: Sync + Sized {
    /// A pool of this many workers, which are running when the first job has run.
    fn start(workers: usize, params: &Params) -> Self;

    /// Hands one job over.
    fn hand_over(&self, job: fn());

    /// Hands over `count` jobs, in batches if the pool has them.
    fn hand_over_many(&self, job: fn(), count: u64) {
        for _ in 0..count {
            self.hand_over(job);
        }
    }
}
