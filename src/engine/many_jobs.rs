//! The jobs of a wait for several (`wait_many.rs`), and what ends it.

use crate::job::id::JobId;
use crate::slot::state::{State, Status};

/// What ends a wait for several jobs ([`PoolCore::wait_many`](crate::PoolCore::wait_many)). Each such wait also
/// ends when all of them have finished.
///
/// ```
/// use jobring::{StaticPool, TimeLimit, WaitFor};
///
/// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
///
/// let jobs = [POOL.try_submit(|| 1)?, POOL.try_submit(|| 2)?];
/// let handles = [&jobs[0], &jobs[1]];
/// assert_eq!(POOL.wait_many(&handles, WaitFor::First, TimeLimit::NONE)?, Some(0));
/// assert!(!jobs[1].is_finished());
/// assert_eq!(POOL.wait_many(&handles, WaitFor::All, TimeLimit::NONE)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum WaitFor {
    /// All have finished.
    All,
    /// One has finished.
    First,
    /// One has failed: it panicked. A job that was cancelled has not failed.
    Failure,
}

impl WaitFor {
    /// Has the job of this generation finished, and has it failed? A stale job has finished. None: it has
    /// not, or another thread looks at its outcome, and the wait has to know that outcome.
    pub(super) fn ended(self, generation: usize, state: State) -> Option<bool> {
        if !state.answers_to(generation) {
            return Some(false);
        }
        match state.status() {
            Status::Done | Status::Cancelled => Some(false),
            Status::Failed => Some(true),
            Status::Taking if self != Self::Failure => Some(false),
            _ => None,
        }
    }

    /// Does a job that has finished decide the wait?
    pub(super) fn is_decided_by(self, failed: bool) -> bool {
        match self {
            Self::All => false,
            Self::First => true,
            Self::Failure => failed,
        }
    }
}

/// One of the jobs of such a wait.
pub(crate) enum Member {
    InPool(JobId),
    /// It has no slot, and has finished.
    Finished {
        failed: bool,
    },
}

/// The jobs of such a wait.
pub(crate) struct Jobs<'a> {
    pub(crate) count: usize,
    /// Called with numbers below the count. Other threads call it too, while the caller sleeps registered
    /// (`wait_graph.rs`): it only reads.
    pub(crate) member: &'a dyn Fn(usize) -> Member,
    pub(crate) until: WaitFor,
}
