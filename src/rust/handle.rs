//! The handle that owns a job's result.

use crate::engine::{Completion, Disposition, RawPool, Receiver, WaitError, WaitOptions};
use crate::error::{JobError, JobPanic};
use crate::job::id::JobId;
use crate::platform::port::{Port, Timeout};
use crate::rust::closure::read_outcome;
use crate::rust::job_state::JobState;
use crate::rust::time_limit::TimeLimit;
use crate::slot::storage::Storage;
use crate::sync::dying;
use crate::util::unwind::{Discarded, catch};
use core::fmt;
use core::mem::ManuallyDrop;
#[cfg(feature = "future")]
use core::task::{Poll, Waker};

/// What a handle needs of its pool, without the pool's type.
pub(crate) trait ErasedPool: Sync {
    fn wait_for(&self, job: JobId, timeout: Timeout, deliver: Receiver<'_>) -> Result<Completion, WaitError>;
    fn cancel_job(&self, job: JobId) -> bool;
    fn detach_job(&self, job: JobId);
    fn job_state(&self, job: JobId) -> JobState;
    #[cfg(feature = "future")]
    fn poll_job(&self, job: JobId, left: &mut crate::slot::waker::WakerToken, waker: &Waker) -> Poll<()>;
    #[cfg(feature = "future")]
    fn take_waker_back(&self, job: JobId, left: &mut crate::slot::waker::WakerToken) -> Option<Waker>;
}

impl<S: Storage, P: Port + Clone + Sync> ErasedPool for RawPool<S, P> {
    fn wait_for(&self, job: JobId, timeout: Timeout, deliver: Receiver<'_>) -> Result<Completion, WaitError> {
        self.wait(job, timeout, WaitOptions::default(), deliver)
    }

    fn cancel_job(&self, job: JobId) -> bool {
        !self.is_copy() && self.cancel(job) == Ok(true)
    }

    fn detach_job(&self, job: JobId) {
        // The handle cannot be stale: only its owner takes the result.
        let _ = self.detach(job);
    }

    fn job_state(&self, job: JobId) -> JobState {
        // The handle cannot be stale: only its owner takes the result.
        self.standing(job).map_or(JobState::Done, JobState::of_sole_handle)
    }

    #[cfg(feature = "future")]
    fn poll_job(&self, job: JobId, left: &mut crate::slot::waker::WakerToken, waker: &Waker) -> Poll<()> {
        self.poll_job(job, left, waker)
    }

    #[cfg(feature = "future")]
    fn take_waker_back(&self, job: JobId, left: &mut crate::slot::waker::WakerToken) -> Option<Waker> {
        self.take_waker_back(job, left)
    }
}

// SAFETY:
// - through a shared reference nobody reaches the T: `state` and `wait_many` ask only whether there is one, and else for the
//   error, which is Sync. A pool is Sync (ErasedPool), and the token is a number. (std's Exclusive does the same, and is unstable.)
unsafe impl<T: Send> Sync for JobHandle<'_, T> {}

/// The claim on one job's result. Dropping the handle gives up the claim ([`detach`](JobHandle::detach)); the
/// job still runs.
///
/// It borrows the pool. A function that takes a handle names the result's type:
///
/// ```
/// use jobring::{JobError, JobHandle, Pool};
///
/// fn sum(jobs: Vec<JobHandle<'_, u64>>) -> Result<u64, JobError> {
///     jobs.into_iter().map(JobHandle::wait).sum()
/// }
///
/// let pool = Pool::builder().workers(2).build()?;
/// let jobs = (0..10).map(|n| pool.submit(move || n * n).expect("the pool is open")).collect();
/// assert_eq!(sum(jobs)?, 285);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a dropped handle detaches the job; use submit_detached if that is meant"]
pub struct JobHandle<'p, T> {
    pub(super) state: HandleState<'p, T>,
    /// Names the waker of the task that polled the handle last.
    #[cfg(feature = "future")]
    pub(super) left: crate::slot::waker::WakerToken,
}

pub(super) enum HandleState<'p, T> {
    InPool(&'p dyn ErasedPool, JobId),
    /// The job ran on the submitting thread, because the pool was full.
    Ran(Discarded<Result<T, JobError>>),
    /// A task that awaited the job took its result, which ended like this.
    #[cfg(feature = "future")]
    Taken(JobState),
}

impl<'p, T: Send> JobHandle<'p, T> {
    pub(crate) fn new(pool: &'p dyn ErasedPool, job: JobId) -> Self {
        Self::at(HandleState::InPool(pool, job))
    }

    /// Calls `f` at once on this thread, as a worker would.
    pub(crate) fn run_here(f: impl FnOnce() -> T) -> Self {
        let result = catch(f).map_err(|payload| JobError::Panicked(JobPanic::new(payload)));
        Self::at(HandleState::Ran(Discarded::new(result)))
    }

    pub(super) fn at(state: HandleState<'p, T>) -> Self {
        Self {
            state,
            #[cfg(feature = "future")]
            left: crate::slot::waker::WakerToken::default(),
        }
    }

    /// Waits until the job has finished, and takes its result. Blocks.
    ///
    /// Inside a job of the same pool, a job that is still queued runs here, on this thread's stack, so that
    /// no thread is blocked for it. On a pool without workers the caller runs the queued jobs in order.
    ///
    /// A job runs inside a job only if 16 KiB of the thread's stack are left. On Linux, Android and macOS the
    /// library asks the system where the stack lies, once for each thread that the pool did not make. Where
    /// it cannot ask, on other systems and on user-defined ports, at most 64 jobs run inside each other on
    /// such a thread. On a stack that is not the thread's own (a fiber, a coroutine) no job runs inside a
    /// job.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// let job = pool.submit(|| 6 * 7).expect("the pool is open");
    /// assert_eq!(job.wait().unwrap(), 42);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// The job's panic; [`JobError::Cancelled`]; [`JobError::Deadlock`] if the caller is inside this very
    /// job, or inside a job that this one waits for, directly or through others; [`JobError::Stack`];
    /// [`JobError::Forked`]; [`JobError::Interrupted`], which gives the claim up
    /// ([`wait_interruptible`](JobHandle::wait_interruptible) does not).
    ///
    /// # Panics
    /// If a task has already awaited the job to its end (feature `future`): then the result was taken.
    pub fn wait(self) -> Result<T, JobError> {
        self.wait_within(Timeout::Forever).unwrap_or_else(|interrupted| {
            interrupted.detach();
            Err(JobError::Interrupted)
        })
    }

    /// As [`wait`](JobHandle::wait), for at most `timeout`: a `Duration`, or (with `std`) until an `Instant`
    /// ([`TimeLimit`]). After a timeout, or an interrupt, the handle is returned, and nothing has changed. Runs no job on
    /// this thread, because that could take longer. The exception is a
    /// pool without workers, where a job that has started is run to its end.
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::sync::mpsc::channel;
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let (send, receive) = channel();
    /// let job = pool.submit(move || receive.recv().unwrap()).expect("the pool is open");
    /// let job = job.wait_timeout(Duration::from_millis(1)).expect_err("nothing was sent");
    /// send.send(42)?;
    /// let result = job.wait_timeout(Duration::from_secs(60)).expect("the job ends");
    /// assert_eq!(result?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The handle, if the job has not finished.
    ///
    /// # Panics
    /// If a task has already awaited the job to its end (feature `future`): then the result was taken.
    pub fn wait_timeout(self, timeout: impl Into<TimeLimit>) -> Result<Result<T, JobError>, Self> {
        self.wait_within(timeout.into().timeout())
    }

    /// As [`wait_timeout`](JobHandle::wait_timeout), until a point in time. One that has passed does not wait.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let pool = jobring::Pool::new(1)?;
    /// let job = pool.submit(|| 42)?;
    /// let result = job.wait_until(Instant::now() + Duration::from_secs(60)).expect("the job ends");
    /// assert_eq!(result?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The handle, if the job has not finished.
    ///
    /// # Panics
    /// As wait_timeout.
    #[cfg(feature = "std")]
    pub fn wait_until(self, deadline: std::time::Instant) -> Result<Result<T, JobError>, Self> {
        self.wait_timeout(deadline)
    }

    /// Returns the result if the job has finished, else the handle. Does not block. An interrupt handler may call it
    /// on a pool without a user-defined port.
    ///
    /// ```
    /// static POOL: jobring::StaticPool<4, 1, 48> = jobring::StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// let job = job.try_wait().expect_err("it is queued");
    /// POOL.run_one();
    /// assert_eq!(job.try_wait().expect("it has finished").unwrap(), 42);
    /// ```
    ///
    /// # Errors
    /// The handle, if the job has not finished.
    ///
    /// # Panics
    /// If a task has already awaited the job to its end (feature `future`): then the result was taken.
    pub fn try_wait(self) -> Result<Result<T, JobError>, Self> {
        self.wait_within(Timeout::Poll)
    }

    #[cfg_attr(not(feature = "future"), expect(unused_mut, reason = "a waker is taken back"))]
    pub(super) fn wait_within(mut self, timeout: Timeout) -> Result<Result<T, JobError>, Self> {
        // It is dropped after the job was given up.
        #[cfg(feature = "future")]
        let _waker = Discarded::new(self.take_waker_back());
        let (pool, job) = match self.into_state() {
            HandleState::InPool(pool, job) => (pool, job),
            HandleState::Ran(result) => return Ok(result.keep()),
            #[cfg(feature = "future")]
            HandleState::Taken(_) => polled_too_often(),
        };
        let mut result = Err(JobError::Cancelled);
        let outcome = pool.wait_for(job, timeout, &mut |_, payload, taken| {
            // SAFETY:
            // - 1: the job was submitted with this T (new), and its result is read only here, once.
            unsafe { read_outcome(payload, taken, &mut result) };
            Disposition::Take
        });
        match outcome {
            Ok(_) => Ok(result),
            Err(WaitError::Pending | WaitError::Interrupted) => Err(Self::new(pool, job)),
            Err(error) => {
                debug_assert!(error != WaitError::Stale, "a handle's owner alone can take its result");
                pool.detach_job(job);
                Ok(Err(match error {
                    WaitError::Stack => JobError::Stack,
                    WaitError::Forked => JobError::Forked,
                    _ => JobError::Deadlock,
                }))
            }
        }
    }

    /// Cancels the job if it is still queued: its closure is dropped before this returns, and a wait gives
    /// [`JobError::Cancelled`]. If several threads cancel one job, one of them gets true. False if the job is
    /// running or has finished; a running job learns of it by
    /// [`cancel_requested`](crate::PoolCore::cancel_requested). Does not block. An interrupt handler may call it on a
    /// pool without a user-defined port; then it drops the closure.
    ///
    /// ```
    /// use jobring::{JobError, StaticPool};
    ///
    /// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// assert!(job.cancel() && !job.cancel());
    /// assert!(matches!(job.wait(), Err(JobError::Cancelled)));
    /// ```
    pub fn cancel(&self) -> bool {
        match self.state {
            HandleState::InPool(pool, job) => pool.cancel_job(job),
            _ => false,
        }
    }

    /// Has the job finished? Does not block. An interrupt handler may call it.
    ///
    /// ```
    /// static POOL: jobring::StaticPool<4, 1, 48> = jobring::StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// assert!(!job.is_finished());
    /// POOL.run_one();
    /// assert!(job.is_finished());
    /// # job.detach();
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self.state {
            HandleState::InPool(pool, job) => pool.job_state(job).is_finished(),
            _ => true,
        }
    }

    /// Where the job stands. It takes nothing and does not block. An interrupt handler may call it.
    ///
    /// ```
    /// use jobring::{JobState, StaticPool};
    ///
    /// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// assert_eq!(job.state(), JobState::Queued);
    /// assert!(job.cancel());
    /// assert_eq!(job.state(), JobState::Cancelled);
    /// # job.detach();
    /// ```
    #[must_use]
    pub fn state(&self) -> JobState {
        match &self.state {
            HandleState::InPool(pool, job) => pool.job_state(*job),
            HandleState::Ran(result) => JobState::of_result(result.get()),
            #[cfg(feature = "future")]
            HandleState::Taken(ended) => *ended,
        }
    }

    /// Gives up the claim, as dropping the handle does: the job runs, and its result is dropped. Does not
    /// block. An interrupt handler may call it on a pool without a user-defined port.
    ///
    /// ```
    /// static POOL: jobring::StaticPool<4, 1, 48> = jobring::StaticPool::new();
    ///
    /// POOL.try_submit(|| println!("hello")).expect("there is room").detach();
    /// assert!(POOL.run_one());
    /// ```
    pub fn detach(self) {
        drop(self);
    }

    /// The job's number. None if the job ran on the submitting thread, and after a task has awaited its
    /// result.
    ///
    /// ```
    /// static POOL: jobring::StaticPool<4, 1, 48> = jobring::StaticPool::new();
    ///
    /// let first = POOL.try_submit(|| 1).expect("there is room");
    /// let second = POOL.try_submit(|| 2).expect("there is room");
    /// assert_ne!(first.id(), second.id());
    /// # first.detach();
    /// # second.detach();
    /// ```
    pub fn id(&self) -> Option<JobId> {
        match self.state {
            HandleState::InPool(_, job) => Some(job),
            _ => None,
        }
    }

    fn into_state(self) -> HandleState<'p, T> {
        let this = ManuallyDrop::new(self);
        // SAFETY:
        // - `this` is not used or dropped after it.
        unsafe { core::ptr::read(&raw const this.state) }
    }
}

impl<T> Drop for JobHandle<'_, T> {
    fn drop(&mut self) {
        if let HandleState::InPool(pool, job) = self.state
            && !dying()
        {
            // It is dropped after the handle was given up.
            #[cfg(feature = "future")]
            let _waker = Discarded::new(pool.take_waker_back(job, &mut self.left));
            pool.detach_job(job);
        }
    }
}

impl<T> fmt::Debug for JobHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            HandleState::InPool(_, job) => f.debug_tuple("JobHandle").field(job).finish(),
            HandleState::Ran(_) => f.write_str("JobHandle(ran on the submitter)"),
            #[cfg(feature = "future")]
            HandleState::Taken(_) => f.write_str("JobHandle(its result was taken)"),
        }
    }
}

#[cfg(feature = "future")]
#[cold]
#[track_caller]
fn polled_too_often() -> ! {
    panic!("the result of this job was taken already, by the task that awaited it")
}
