//! How jobs end, and why calls fail.

use super::super::Corrupt;

/// How a job ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// Its function returned; there are bytes.
    Done,
    /// Its function returned this code.
    Failed(i32),
    /// Its function unwound.
    Panicked,
    Cancelled,
    /// A shutdown discarded it before it began.
    Discarded,
    /// Its worker ended in it: the exit code, or the negative number of the signal; None if the program's own `wait` has taken it.
    Died(Option<i32>, Cause),
    /// No worker was left for it.
    NoWorkers,
}

/// Why a worker ended in a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    /// The pool had no part in it.
    Itself,
    /// The job's time limit.
    TimeLimit,
    /// A call of `kill`, or the end of the pool.
    Killed,
}

/// Why a call failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// No slot is free.
    Full,
    /// The pool is shut down, and for a take: nothing is left.
    Closed,
    /// All workers have gone, and no new ones can be made.
    NoWorkers,
    /// Some process wrote at random into the mapping.
    Corrupt(&'static str),
    /// The job's end was taken, or there never was such a job.
    NoSuchJob,
    NoSuchFunction,
    /// The input is larger than its place.
    TooLarge,
    TimedOut,
    /// This process is a child of the pool's.
    Forked,
}

impl From<Corrupt> for Failure {
    fn from(Corrupt(what): Corrupt) -> Self {
        Self::Corrupt(what)
    }
}

/// What a pool counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    /// Jobs that were accepted.
    pub(crate) submitted: u64,
    /// Workers that were made.
    pub(crate) made: u64,
    /// Workers that ended otherwise than with exit code 0.
    pub(crate) deaths: u64,
    /// The zygote has gone for good: no worker can be made any more.
    pub(crate) is_zygote_lost: bool,
}

/// A pool at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Statistics {
    /// The workers that live.
    pub(crate) workers: usize,
    pub(crate) capacity: usize,
    /// Jobs that have not ended.
    pub(crate) in_flight: usize,
    pub(crate) counts: Counts,
}
