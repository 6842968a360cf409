//! Threads that run a pool's jobs.

use crate::platform::port::Port;
use crate::rust::pool_core::{AnyPool, PoolCore};

impl<P: AnyPool> PoolCore<P> {
    /// Runs the oldest queued job on the calling thread. False if no job is queued, and, inside a job, if
    /// less than 16 KiB of the thread's stack is left (see [`JobHandle::wait`](crate::JobHandle::wait)).
    ///
    /// An interrupt handler may call it on a pool without a user-defined port, if every job of the pool may run in
    /// that interrupt: no job waits, or takes a lock that the interrupted code may hold. (`src/BARE.md` has a
    /// table of the calls that an interrupt handler may make.)
    ///
    /// ```
    /// static POOL: jobring::StaticPool<4, 0, 48> = jobring::StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// assert!(POOL.run_one());
    /// assert!(!POOL.run_one(), "nothing is queued");
    /// assert_eq!(job.wait().unwrap(), 42);
    /// ```
    pub fn run_one(&self) -> bool {
        self.raw.run_one()
    }

    /// Runs queued jobs on the calling thread until [`run_one`](PoolCore::run_one) returns false. Returns how
    /// many it ran.
    ///
    /// ```
    /// static POOL: jobring::StaticPool<4, 0, 48> = jobring::StaticPool::new();
    ///
    /// POOL.try_submit_detached(|| POOL.try_submit_detached(|| ()).unwrap()).expect("there is room");
    /// assert_eq!(POOL.run_until_idle(), 2);
    /// ```
    pub fn run_until_idle(&self) -> usize {
        core::iter::from_fn(|| self.raw.run_one().then_some(())).count()
    }

    /// Makes the calling thread a worker until the pool is shut down and nothing is queued. It returns false
    /// at once if the pool has all the workers that it may have, inside one of the pool's jobs, workers or
    /// [interruptible](PoolCore::interruptible) scopes (an interrupt does not end a worker's loop), in
    /// a child by `fork()`, and if the system has no memory left to report forks.
    ///
    /// ```
    /// use jobring::{ShutdownMode, StaticPool};
    /// use std::thread;
    ///
    /// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    ///
    /// let worker = thread::spawn(|| POOL.enter_worker());
    /// let job = POOL.submit(|| 42).expect("the pool is open");
    /// assert_eq!(job.wait().unwrap(), 42);
    /// POOL.shutdown(ShutdownMode::Drain, None)?;
    /// worker.join().unwrap();
    /// # Ok::<(), jobring::ShutdownError>(())
    /// ```
    pub fn enter_worker(&self) -> bool {
        let admitted = !self.raw.is_inside()
            && !self.raw.is_copy()
            && self.raw.port().prepare()
            && self.raw.admit_worker();
        if admitted {
            self.raw.work(self.raw.number_worker());
        }
        admitted
    }

    /// Cancels every queued job, as [`JobHandle::cancel`](crate::JobHandle::cancel) does, also detached jobs and those of
    /// completion queues: their closures are dropped on this thread before it returns. Returns how many it cancelled. Jobs that
    /// run go on, and those that a [`Lane`](crate::Lane) holds back until such a job ends stay. Of the jobs that are
    /// submitted meanwhile some may stay queued. (Parts of a `join`, a loop or a scope that are queued count too.
    /// Those of a `join` or a loop are then done by the thread that waits for them.)
    ///
    /// ```
    /// use jobring::{JobError, StaticPool};
    ///
    /// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// POOL.try_submit_detached(|| unreachable!("it is cancelled")).expect("there is room");
    /// assert_eq!(POOL.cancel_all(), 2);
    /// assert!(matches!(job.wait(), Err(JobError::Cancelled)));
    /// ```
    pub fn cancel_all(&self) -> usize {
        self.raw.cancel_all()
    }

    /// Inside a job: has [`JobHandle::cancel`](crate::JobHandle::cancel) asked it to stop? False outside
    /// jobs.
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::sync::Arc;
    /// use std::sync::mpsc::channel;
    ///
    /// let pool = Arc::new(Pool::builder().workers(1).build()?);
    /// let (started, has_started) = channel();
    /// let inside = pool.clone();
    /// let endless = pool.submit(move || {
    ///     started.send(()).unwrap();
    ///     while !inside.cancel_requested() {
    ///         std::thread::yield_now();
    ///     }
    /// });
    /// let endless = endless.expect("the pool is open");
    /// has_started.recv()?;
    /// endless.cancel();
    /// endless.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cancel_requested(&self) -> bool {
        self.raw.cancel_requested() == Some(true)
    }
}
