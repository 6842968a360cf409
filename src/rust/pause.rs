//! Pausing a pool.

use super::pool_core::{AnyPool, PoolCore};

impl<P: AnyPool> PoolCore<P> {
    /// Pauses the pool: from here on its workers start no job, until it is resumed. Only in a build with threads.
    ///
    /// Jobs that run go on, and submits are accepted until the pool is full. Workers without a job sleep, and use no CPU. After
    /// this call has returned, at most one more job starts on each worker: the one that it was about to take.
    ///
    /// What does not go through workers is not paused: a wait inside a job runs the job that it waits for, and so does a wait on a
    /// pool without workers; callers of [`run_one`](PoolCore::run_one), `join` or a loop run jobs. A wait for an idle pool waits for the resume if a
    /// job is queued.
    ///
    /// A shutdown overrides the pause, and so does the drop of the pool: what is queued is run or discarded as ever. On a pool that was
    /// shut down this call has no effect. Pauses do not nest: one [`resume`](PoolCore::resume) ends them all.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// pool.pause();
    /// // Only the first may have started.
    /// let jobs = [pool.submit(|| 1)?, pool.submit(|| 2)?];
    /// assert!(!jobs[1].is_finished());
    /// pool.resume();
    /// assert_eq!(jobs.map(|job| job.wait().unwrap()), [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pause(&self) {
        if !self.raw.is_copy() {
            self.raw.pause();
        }
    }

    /// Ends a [`pause`](PoolCore::pause): the workers take the queued jobs. On a pool that is not paused it does nothing.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// pool.pause();
    /// let job = pool.submit(|| 42)?;
    /// pool.resume();
    /// assert_eq!(job.wait()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(&self) {
        if !self.raw.is_copy() {
            self.raw.resume();
        }
    }
}
