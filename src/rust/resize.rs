//! Changing the number of a pool's workers.

use super::pool::Pool;
use crate::error::BuildError;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::platform::port::Timeout;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::ResizeError;
use core::fmt;
use core::time::Duration;

/// Why a pool does not have the number of workers that was asked for. [`Pool::workers`] tells how many it has.
///
/// ```
/// use jobring::{Pool, WorkersError};
///
/// let pool = Pool::builder().workers(1).grow_to(4).build()?;
/// assert_eq!(pool.set_workers(5, None), Err(WorkersError::TooMany));
/// # Ok::<(), jobring::BuildError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum WorkersError {
    /// They are more than the pool can have ([`Builder::grow_to`](crate::Builder::grow_to)). Nothing has changed.
    TooMany,
    /// The time is up: some workers are still to leave, to be joined or to call their start hooks. They go on, and a later call with
    /// the same number waits for them.
    TimedOut,
    /// An interrupt was raised ([`PoolCore::interruptible`](crate::PoolCore::interruptible)). Otherwise as TimedOut.
    Interrupted,
    /// The pool is shut down, or the process is a child by `fork()` of the one that the pool is in.
    Shutdown,
    /// With those that entered the pool has as many workers as it may
    /// ([`Builder::max_workers`](crate::Builder::max_workers)).
    Full,
    /// The calling thread was a worker that has left, and is in a destructor of a thread-local: only after its end can another worker
    /// take its place.
    Busy,
    /// A thread could not be made, or its start hook panicked. Those that were made before work.
    Start(BuildError),
}

impl fmt::Display for WorkersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => f.write_str("the pool has no room for that number of workers"),
            Self::TimedOut => f.write_str("some workers have not left or started in time"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Shutdown => f.write_str("the pool is shut down"),
            Self::Full => f.write_str("threads that entered are workers in place of new ones"),
            Self::Busy => f.write_str("the calling thread is in the place of a worker that it wants"),
            Self::Start(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for WorkersError {}

#[cfg(any(feature = "std", feature = "pthread"))]
impl From<ResizeError> for WorkersError {
    fn from(error: ResizeError) -> Self {
        match error {
            ResizeError::TooMany => Self::TooMany,
            ResizeError::TimedOut => Self::TimedOut,
            ResizeError::Interrupted => Self::Interrupted,
            ResizeError::Shutdown => Self::Shutdown,
            ResizeError::Full => Self::Full,
            ResizeError::Busy => Self::Busy,
            ResizeError::Start(error) => Self::Start(error),
        }
    }
}

impl<const PAYLOAD: usize> Pool<PAYLOAD> {
    /// Sets the number of the pool's own worker threads, from 0 to [`Builder::grow_to`](crate::Builder::grow_to), while jobs flow.
    /// Threads that entered do not count.
    ///
    /// Each worker that is one too many finishes its job, calls the [`on_stop`](crate::Builder::on_stop) hook and leaves; those without a
    /// job leave first. No job is lost. The call returns when they have left and their threads have ended, or after `timeout`. With more
    /// workers it makes threads in the places that are free, and returns when their start hooks have returned.
    ///
    /// With 0 workers a pool is as one that was made without: callers that wait run the queued jobs. A thread that sleeps in a wait or a submit
    /// when the last worker leaves wakes and does so too.
    ///
    /// Inside a job, a hook or a callback of the pool it does not wait, as with a timeout of zero: a worker cannot wait for its own end. Several
    /// threads may call it at once: the number that was set last counts. A worker's number, as its hooks get it, is below
    /// `grow_to`; after a worker has left, another may get its number.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(1).grow_to(8).build()?;
    /// pool.set_workers(8, None)?;
    /// let jobs: Vec<_> = (0..100).map(|n| pool.submit(move || n).unwrap()).collect();
    /// pool.set_workers(2, None)?;
    /// assert_eq!(pool.workers(), 2);
    /// assert_eq!(jobs.into_iter().map(|job| job.wait().unwrap()).sum::<i32>(), 4950);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkersError`].
    #[cfg_attr(
        not(any(feature = "std", feature = "pthread")),
        expect(unused_variables, reason = "no threads")
    )]
    pub fn set_workers(&self, workers: usize, timeout: Option<Duration>) -> Result<(), WorkersError> {
        #[cfg(any(feature = "std", feature = "pthread"))]
        if let Some(set) = &self.inner.workers {
            let pool = self.inner.core.raw();
            if pool.is_copy() {
                return Err(WorkersError::Shutdown);
            }
            let timeout = timeout.map_or(Timeout::Forever, Timeout::from);
            return Ok(set.resize(pool, workers, timeout)?);
        }
        if workers > 0 { Err(WorkersError::TooMany) } else { Ok(()) }
    }
}
