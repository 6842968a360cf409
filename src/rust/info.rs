//! Queries about a pool.

use crate::JobId;
use crate::engine::PoolStats;
use crate::job::context::CallContext;
use crate::rust::pool_core::{AnyPool, PoolCore};

impl<P: AnyPool> PoolCore<P> {
    /// The pool's counters, and how many of its jobs are queued, running, or finished and not taken. They are
    /// read one after the other while the pool works, so they may be inconsistent. Each job is looked at
    /// once, and no job is counted twice: the counts of jobs are exact if no job moves during the call.
    ///
    /// Does not block. It reads one word of each slot that was ever used (of each slot on 32 bits).
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(0).build()?;
    /// let first = pool.submit(|| 6)?;
    /// let second = pool.submit(|| 7)?;
    /// pool.run_one();
    /// let stats = pool.stats();
    /// assert_eq!((stats.submitted(), stats.completed()), (2, 1));
    /// assert_eq!((stats.queued(), stats.running(), stats.untaken()), (1, 0, 1));
    /// assert_eq!(first.wait()? * second.wait()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.raw.stats()
    }

    /// Inside a job: its number. Of several jobs that run inside each other, that of the innermost of this
    /// pool. None outside of its jobs.
    ///
    /// ```
    /// static POOL: jobring::StaticPool<4, 0, 48> = jobring::StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| POOL.current_job())?;
    /// let number = job.id();
    /// assert_eq!((job.wait()?, POOL.current_job()), (number, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn current_job(&self) -> Option<JobId> {
        self.raw.current_context().and_then(CallContext::job)
    }

    /// On a worker of this pool: its number. The threads that the pool made have the numbers from 0 on;
    /// threads that entered have numbers after those. None on other threads.
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::sync::Arc;
    ///
    /// let pool = Arc::new(Pool::builder().workers(1).build()?);
    /// let inside = pool.clone();
    /// assert_eq!(pool.submit(move || inside.worker_index())?.wait()?, Some(0));
    /// assert_eq!(pool.worker_index(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn worker_index(&self) -> Option<usize> {
        self.raw.current_context().and_then(CallContext::worker)
    }
}
