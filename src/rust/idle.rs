//! Waiting until a pool is idle, and emptying it.

use crate::engine::WaitError;
use crate::platform::port::Timeout;
use crate::rust::pool_core::{AnyPool, PoolCore};
use core::fmt;
use core::time::Duration;

/// Why a wait for an idle pool ended before the pool was idle.
///
/// ```
/// use jobring::{IdleError, StaticPool};
/// use std::time::Duration;
///
/// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
///
/// POOL.try_submit_detached(|| ()).expect("there is room");
/// assert_eq!(POOL.wait_idle_timeout(Duration::ZERO), Err(IdleError::Pending));
/// POOL.wait_idle()?;
/// # Ok::<(), IdleError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum IdleError {
    /// Jobs have not finished in time.
    Pending,
    /// The wait would never end: a job cannot finish before the caller's job does.
    Deadlock,
    /// Too little stack is left to run what is queued here, inside a job, and no other thread can run it.
    Stack,
    /// The process is a child by `fork()` of the one that the pool is in, where a job had not finished.
    Forked,
    /// An interrupt was raised ([`PoolCore::interruptible`]).
    Interrupted,
}

impl fmt::Display for IdleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "the pool is not idle yet",
            Self::Deadlock => "the wait would never end",
            Self::Stack => "too little stack is left to run the queued jobs here",
            Self::Interrupted => "interrupted",
            Self::Forked => "the process is a child by fork() of the one that runs the jobs",
        })
    }
}

impl core::error::Error for IdleError {}

impl<P: AnyPool> PoolCore<P> {
    /// Waits until every accepted job has finished. The pool stays open: it returns when that was so at some
    /// moment during the call. The caller sees what the jobs did, also the detached ones. Results may still
    /// be untaken.
    ///
    /// On a pool without workers the caller runs the queued jobs. Inside a job the call runs them too, and
    /// does not wait for that job, nor for other jobs that are inside `wait_idle` or a shutdown. If another
    /// thread keeps submitting, the pool may never be idle.
    ///
    /// Jobs that submit a second stage lose it in a [`shutdown`](PoolCore::shutdown), which refuses new jobs.
    /// Wait first:
    ///
    /// ```
    /// use jobring::{Pool, ShutdownMode};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// let pool = Arc::new(Pool::builder().workers(2).build()?);
    /// let sum = Arc::new(AtomicU64::new(0));
    /// for n in 0..100 {
    ///     let (stages, sum) = (Arc::downgrade(&pool), sum.clone());
    ///     pool.submit_detached(move || {
    ///         let square = n * n;
    ///         let second = move || _ = sum.fetch_add(square, Ordering::Relaxed);
    ///         let pool = stages.upgrade().expect("the pool is there until all is done");
    ///         pool.submit_detached(second).expect("the pool is open");
    ///     })
    ///     .expect("the pool is open");
    /// }
    /// pool.wait_idle()?;
    /// assert_eq!(sum.load(Ordering::Relaxed), 328_350);
    /// pool.shutdown(ShutdownMode::Drain, None)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`IdleError::Deadlock`] inside a job, if another job cannot finish before the caller's job does; [`IdleError::Stack`]; [`IdleError::Forked`];
    /// [`IdleError::Interrupted`].
    pub fn wait_idle(&self) -> Result<(), IdleError> {
        self.raw.wait_idle(Timeout::Forever).map_err(IdleError::from)
    }

    /// As [`wait_idle`](PoolCore::wait_idle), for at most `timeout`. Zero only looks. If the time ends while
    /// the caller runs a job, the call returns after that job.
    ///
    /// ```
    /// use jobring::{IdleError, Pool};
    /// use std::sync::mpsc::channel;
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let (send, receive) = channel::<()>();
    /// pool.submit_detached(move || receive.recv().unwrap()).expect("the pool is open");
    /// assert_eq!(pool.wait_idle_timeout(Duration::from_millis(1)), Err(IdleError::Pending));
    /// send.send(())?;
    /// pool.wait_idle_timeout(Duration::from_secs(60))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for wait_idle, and [`IdleError::Pending`].
    pub fn wait_idle_timeout(&self, timeout: Duration) -> Result<(), IdleError> {
        self.raw.wait_idle(Timeout::from(timeout)).map_err(IdleError::from)
    }
}

impl From<WaitError> for IdleError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Pending => Self::Pending,
            WaitError::Stack => Self::Stack,
            WaitError::Forked => Self::Forked,
            WaitError::Interrupted => Self::Interrupted,
            // Stale is the error of a handle.
            WaitError::Deadlock | WaitError::Stale => Self::Deadlock,
        }
    }
}
