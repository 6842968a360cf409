//! Threads that run a pool's jobs.

use crate::platform::port::Port;
use crate::rust::pool_core::{AnyPool, PoolCore};

impl<P: AnyPool> PoolCore<P> {
    /// Runs the oldest queued job on the calling thread. False if none is queued, and inside a job if fewer than 16 KiB of the
    /// thread's stack are left (see [`JobHandle::wait`]).
    ///
    /// An interrupt may call it on a pool without a port of the user's, if every job of the pool may run in that interrupt:
    /// none of them waits, or takes a lock that the interrupted code may hold. (`src/BARE.md` has a table of the calls that an
    /// interrupt may make.)
    pub fn run_one(&self) -> bool {
        self.raw.run_one()
    }

    /// Runs queued jobs on the calling thread until [`run_one`](PoolCore::run_one) gives false. How many it ran.
    pub fn run_until_idle(&self) -> usize {
        core::iter::from_fn(|| self.raw.run_one().then_some(())).count()
    }

    /// Makes the calling thread a worker until the pool is shut down and nothing is queued. False, at once, if the
    /// pool has as many workers as it may have, from inside one of its jobs or workers, in a child by `fork()`, and if the
    /// system has no memory left to tell of forks.
    pub fn enter_worker(&self) -> bool {
        let admitted = self.raw.current_context().is_none()
            && !self.raw.is_copy()
            && self.raw.port().prepare()
            && self.raw.admit_worker();
        if admitted {
            self.raw.work(self.raw.number_worker());
        }
        admitted
    }

    /// Inside a job: was it asked to stop, by [`JobHandle::cancel`]? False outside of jobs.
    pub fn cancel_requested(&self) -> bool {
        self.raw.cancel_requested() == Some(true)
    }
}
