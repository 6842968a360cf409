//! One wait for several jobs.

use crate::engine::{Jobs, Member, WaitError, WaitFor};
use crate::rust::handle::{HandleState, JobHandle};
#[cfg(feature = "future")]
use crate::rust::job_state::JobState;
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::rust::time_limit::TimeLimit;
use core::fmt;
use core::ptr;

/// Why a wait for several jobs ended before `until` was met. Nothing has changed.
///
/// ```
/// use jobring::{Pool, WaitFor, WaitManyError};
/// use std::time::Duration;
///
/// let pool = Pool::builder().workers(1).build()?;
/// let (go, may_go) = std::sync::mpsc::channel::<()>();
/// let job = pool.submit(move || may_go.recv())?;
/// let waited = pool.wait_many(&[&job], WaitFor::All, Duration::from_millis(1));
/// assert_eq!(waited, Err(WaitManyError::Pending));
/// go.send(())?;
/// assert_eq!(pool.wait_many(&[&job], WaitFor::All, Duration::from_secs(60)), Ok(None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum WaitManyError {
    /// `until` was not met in time.
    Pending,
    /// The wait would never end: the caller is inside the jobs, or every thread that could end it waits
    /// itself.
    Deadlock,
    /// Too little stack is left to run one of the jobs here, inside a job, and no other worker can run it.
    Stack,
    /// The process is a child by `fork()` of the one that the pool is in, and the jobs are the parent's.
    Forked,
    /// An interrupt was raised ([`PoolCore::interruptible`]).
    Interrupted,
}

impl fmt::Display for WaitManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "the jobs have not finished in time",
            Self::Deadlock => "the wait would never end",
            Self::Stack => "too little stack is left to run a job here",
            Self::Forked => "the process is a child by fork() of the one that runs the jobs",
            Self::Interrupted => "the wait was interrupted",
        })
    }
}

impl core::error::Error for WaitManyError {}

impl<P: AnyPool> PoolCore<P> {
    /// Waits for several jobs of this pool, until one has finished, one has failed, or all have finished, as
    /// `until` says. Takes nothing. Blocks. Whatever `until` says, the wait ends when all jobs have finished.
    ///
    /// Returns the index of a job that has finished ([`WaitFor::First`]) or failed ([`WaitFor::Failure`]). None: the
    /// wait ended because all have finished, as it does for [`WaitFor::All`] and for an empty slice. The
    /// reference is `concurrent.futures.wait` of Python.
    ///
    /// Inside a job, and without a time limit, those of the jobs that are queued run here until the wait ends,
    /// as in [`JobHandle::wait`]. On a pool without workers the caller runs the queued jobs in order.
    ///
    /// Each call looks at all jobs. To get the results of many jobs as they finish, use `Completions`: there
    /// each result costs the same, however many jobs are pending.
    ///
    /// ```
    /// use jobring::{JobState, Pool, TimeLimit, WaitFor};
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let jobs: Vec<_> = (0..8).map(|n| pool.submit(move || n * n)).collect::<Result<_, _>>()?;
    /// let handles: Vec<_> = jobs.iter().collect();
    /// let first = pool.wait_many(&handles, WaitFor::First, TimeLimit::NONE)?.expect("one has finished");
    /// assert_eq!(jobs[first].state(), JobState::Done);
    /// assert_eq!(pool.wait_many(&handles, WaitFor::Failure, TimeLimit::NONE)?, None);
    /// assert!(jobs.iter().all(|job| job.is_finished()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WaitManyError`].
    ///
    /// # Panics
    /// If a job is in another pool.
    pub fn wait_many<T>(
        &self,
        jobs: &[&JobHandle<'_, T>],
        until: WaitFor,
        limit: impl Into<TimeLimit>,
    ) -> Result<Option<usize>, WaitManyError> {
        let is_here = |job: &&JobHandle<'_, T>| match job.state {
            HandleState::InPool(pool, _) => ptr::addr_eq(pool, &raw const self.raw),
            _ => true,
        };
        assert!(jobs.iter().all(is_here), "a job is in another pool");
        let member = |number: usize| member(jobs[number]);
        let jobs = Jobs { count: jobs.len(), member: &member, until };
        match self.raw.wait_many(&jobs, limit.into().timeout(), false) {
            Ok(number) => Ok((number < jobs.count).then_some(number)),
            Err(WaitError::Pending | WaitError::Stale) => Err(WaitManyError::Pending),
            Err(WaitError::Deadlock) => Err(WaitManyError::Deadlock),
            Err(WaitError::Stack) => Err(WaitManyError::Stack),
            Err(WaitError::Forked) => Err(WaitManyError::Forked),
            Err(WaitError::Interrupted) => Err(WaitManyError::Interrupted),
        }
    }
}

fn member<T>(job: &JobHandle<'_, T>) -> Member {
    match &job.state {
        HandleState::InPool(_, job) => Member::InPool(*job),
        HandleState::Ran(result) => Member::Finished { failed: result.get().is_err() },
        #[cfg(feature = "future")]
        HandleState::Taken(ended) => Member::Finished { failed: *ended == JobState::Failed },
    }
}
