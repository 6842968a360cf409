//! Queries about a pool's workers.

use super::pool::Pool;
use crate::engine::WorkerStats;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::WorkerThread;

/// What one worker's place says. None if the number names no worker, as in a build without threads.
macro_rules! of_worker {
    ($pool:expr, $worker:expr, $ask:expr) => {{
        #[cfg(any(feature = "std", feature = "pthread"))]
        {
            $pool.place($worker).and_then($ask)
        }
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        {
            $pool.no_place($worker)
        }
    }};
}

impl Pool {
    /// The number of CPUs that the calling thread may use: the workers of a pool for which none were chosen. 1 if the system
    /// does not tell, 0 in a build without threads.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// assert_eq!(Pool::builder().build()?.workers(), Pool::available_cpus());
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    #[must_use]
    pub fn available_cpus() -> usize {
        crate::engine::defaults::workers()
    }
}

impl<const PAYLOAD: usize> Pool<PAYLOAD> {
    /// The number of the pool's own workers: without those whose start hook panicked, and without those that leave.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(2).build()?;
    /// assert_eq!(pool.workers(), 2);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    #[must_use]
    pub fn workers(&self) -> usize {
        #[cfg(any(feature = "std", feature = "pthread"))]
        return self.inner.core.raw().headcount().heads().present();
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        0
    }

    /// The size of a worker's stack in bytes, as the system reports it or, where it reports none, as it was requested. None
    /// for a number that names no worker, and in a child by `fork()`.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).stack_size(1 << 20).build()?;
    /// assert!(pool.worker_stack_size(0).is_some_and(|bytes| bytes >= 1 << 20));
    /// assert_eq!(pool.worker_stack_size(1), None);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    #[must_use]
    pub fn worker_stack_size(&self, worker: usize) -> Option<usize> {
        of_worker!(self, worker, WorkerThread::stack_size)
    }

    /// The most that a worker has used of its stack so far, in bytes: 0 if its thread has not begun. None for a number that names
    /// no worker, in a child by `fork()`, and unless [`paint_stacks`](crate::Builder::paint_stacks) was set. It reads all of the
    /// unused stack.
    #[must_use]
    pub fn worker_stack_used(&self, worker: usize) -> Option<usize> {
        of_worker!(self, worker, WorkerThread::stack_used)
    }

    /// The name of a worker's thread. None for a number that names no worker, and in a child by `fork()`.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).name("io").build()?;
    /// assert_eq!(pool.worker_name(0), Some("io-0"));
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    #[must_use]
    pub fn worker_name(&self, worker: usize) -> Option<&str> {
        of_worker!(self, worker, |place| Some(place.name()))
    }

    /// What a worker does and has done: the job that it runs, and with [`timed`](crate::Builder::timed) since when. It is read
    /// while the worker works, so the parts may be inconsistent. None for a number that names no worker, and in a child by
    /// `fork()`.
    ///
    /// ```
    /// use jobring::{Pool, WorkerState};
    /// use std::sync::mpsc::channel;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let (started, has_started) = channel();
    /// let (go, may_go) = channel::<()>();
    /// let job = pool.submit(move || {
    ///     started.send(()).unwrap();
    ///     may_go.recv().unwrap();
    /// })?;
    /// has_started.recv()?;
    /// let worker = pool.worker(0).expect("a worker");
    /// assert_eq!((worker.state(), worker.job(), worker.jobs()), (WorkerState::Running, job.id(), 0));
    /// go.send(())?;
    /// job.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn worker(&self, worker: usize) -> Option<WorkerStats> {
        of_worker!(self, worker, |place| Some(place.stats(self.inner.core.raw())))
    }

    #[cfg(any(feature = "std", feature = "pthread"))]
    fn place(&self, worker: usize) -> Option<&WorkerThread> {
        let is_ours = !self.inner.core.raw().is_copy();
        self.inner.workers.as_ref().filter(|_| is_ours).and_then(|set| set.place(worker))
    }

    #[cfg(not(any(feature = "std", feature = "pthread")))]
    fn no_place<T>(&self, _: usize) -> Option<T> {
        None
    }
}
