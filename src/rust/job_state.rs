//! Where a job stands.

use crate::error::JobError;
use crate::slot::state::Status;

/// Where a job stands: what [`JobHandle::state`](crate::JobHandle::state) gives.
///
/// ```
/// use jobring::{JobState, StaticPool};
///
/// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
///
/// let job = POOL.try_submit(|| 42).expect("there is room");
/// assert_eq!(job.state(), JobState::Queued);
/// POOL.run_one();
/// assert_eq!(job.state(), JobState::Done);
/// assert!(job.state().is_finished());
/// assert_eq!(job.wait().unwrap(), 42);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum JobState {
    /// No thread has started it.
    Queued,
    /// It runs, or is being dropped after a cancel. A job that is asked to stop runs until it returns.
    Running,
    /// It has returned.
    Done,
    /// It has panicked.
    Failed,
    /// It was cancelled, or discarded by a shutdown, and has not run.
    Cancelled,
}

impl JobState {
    /// Has the job finished, so that a wait for it returns at once?
    ///
    /// ```
    /// use jobring::JobState;
    ///
    /// assert!(!JobState::Running.is_finished());
    /// assert!(JobState::Cancelled.is_finished());
    /// ```
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// How a job has ended that gave this result. It has not, if the wait for it was refused.
    pub(crate) fn of_result<T>(result: &Result<T, JobError>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(JobError::Panicked(_)) => Self::Failed,
            Err(JobError::Cancelled) => Self::Cancelled,
            Err(
                JobError::Deadlock
                | JobError::Stack
                | JobError::Forked
                | JobError::Interrupted
                | JobError::TimedOut,
            ) => Self::Running,
        }
    }

    /// Of a job that one handle names: no thread but the handle's owner looks at its outcome.
    pub(crate) fn of_sole_handle(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::Done => Self::Done,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
            Status::Running | Status::Cancelling | Status::Taking | Status::Free => Self::Running,
        }
    }
}
