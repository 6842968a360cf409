//! How jobs of process pools end, and why calls fail.

use crate::processes::pool::{Cause, Failure, Outcome, Taken};
use core::fmt;
use std::vec::Vec;

/// Names a job of a [`ProcessPool`](crate::ProcessPool), until its end is taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProcessJobId(pub(super) u64);

/// How a job of a process pool ended.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ProcessOutcome {
    /// Its function returned these bytes.
    Done(Vec<u8>),
    /// Its function returned this error.
    Failed(i32),
    /// Its function panicked.
    Panicked,
    /// It was cancelled before it began.
    Cancelled,
    /// A shutdown discarded it before it began.
    Discarded,
    /// Its worker ended in it.
    Died(ProcessDeath),
    /// It did not begin, because all workers have gone and no new ones can be made.
    NoWorkers,
}

/// How and why a worker ended in a job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct ProcessDeath {
    /// The exit code, or the negative number of the signal. None: the program's own `wait` has collected the process.
    pub status: Option<i32>,
    /// Why.
    pub cause: ProcessDeathCause,
}

/// Why a worker ended in a job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ProcessDeathCause {
    /// The pool had no part in it: the job crashed, exited, or somebody else killed the process.
    Itself,
    /// The job ran for longer than its time limit.
    TimeLimit,
    /// A call killed the job.
    Killed,
}

/// A job that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ProcessEnd {
    /// What submit returned.
    pub id: ProcessJobId,
    /// What the job was submitted with.
    pub tag: u64,
    /// How it ended.
    pub outcome: ProcessOutcome,
}

impl ProcessEnd {
    pub(super) fn of(taken: &Taken<'_>) -> Self {
        let outcome = match taken.outcome {
            Outcome::Done => {
                let mut bytes = std::vec![0; taken.size()];
                taken.copy_to(&mut bytes);
                ProcessOutcome::Done(bytes)
            }
            Outcome::Failed(code) => ProcessOutcome::Failed(code),
            Outcome::Panicked => ProcessOutcome::Panicked,
            Outcome::Cancelled => ProcessOutcome::Cancelled,
            Outcome::Discarded => ProcessOutcome::Discarded,
            Outcome::Died(status, cause) => ProcessOutcome::Died(ProcessDeath {
                status,
                cause: match cause {
                    Cause::Itself => ProcessDeathCause::Itself,
                    Cause::TimeLimit => ProcessDeathCause::TimeLimit,
                    Cause::Killed => ProcessDeathCause::Killed,
                },
            }),
            Outcome::NoWorkers => ProcessOutcome::NoWorkers,
        };
        Self { id: ProcessJobId(taken.handle), tag: taken.tag, outcome }
    }
}

/// Why a call of a [`ProcessPool`](crate::ProcessPool) failed.
///
/// ```standalone_crate
/// use jobring::{ProcessError, ProcessJob, ProcessPool};
/// use std::time::Duration;
///
/// fn nothing(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
///     Ok(0)
/// }
///
/// let pool = ProcessPool::fork(&[nothing]).capacity(1).build()?;
/// let job = ProcessJob::new(0, b"");
/// pool.submit_timeout(&job, Duration::ZERO)?;
/// // Its slot is free when its end is taken.
/// assert_eq!(pool.submit_timeout(&job, Duration::ZERO), Err(ProcessError::Full));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ProcessError {
    /// No slot is free.
    Full,
    /// The pool is shut down; for a take: and no job is left.
    Closed,
    /// All workers have gone, and no new ones can be made.
    NoWorkers,
    /// A process wrote into the shared memory at random. The pool kills its workers; its jobs are lost.
    Corrupt(&'static str),
    /// There is no such job, or its end was taken.
    NoSuchJob,
    /// There is no function with this number.
    NoSuchFunction,
    /// The input is larger than the pool's inputs are.
    TooLarge,
    /// The time has passed.
    TimedOut,
    /// This process is a child by `fork()` of the one that the pool is in.
    Forked,
}

impl From<Failure> for ProcessError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full => Self::Full,
            Failure::Closed => Self::Closed,
            Failure::NoWorkers => Self::NoWorkers,
            Failure::Corrupt(what) => Self::Corrupt(what),
            Failure::NoSuchJob => Self::NoSuchJob,
            Failure::NoSuchFunction => Self::NoSuchFunction,
            Failure::TooLarge => Self::TooLarge,
            Failure::TimedOut => Self::TimedOut,
            Failure::Forked => Self::Forked,
        }
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "no slot is free",
            Self::Closed => "the pool is shut down",
            Self::NoWorkers => "all workers have gone, and no new ones can be made",
            Self::Corrupt(what) => return write!(f, "a process wrote at random into shared memory: {what}"),
            Self::NoSuchJob => "there is no such job, or its end was taken",
            Self::NoSuchFunction => "there is no function with this number",
            Self::TooLarge => "the input is too large",
            Self::TimedOut => "timed out",
            Self::Forked => "the pool is in the parent of this process",
        })
    }
}

impl core::error::Error for ProcessError {}
