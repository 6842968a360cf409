//! Pausing a pool: its workers start no job until it is resumed.
//!
//! PAUSED is a bit of the idle word (`sleep/README.md`, "A pause"). Three kinds of threads look at it:
//!
//! - A worker that finds no job sees the bit in the values of the word that its search and its registration give. While it is
//!   set, the worker sleeps although jobs are queued.
//! - A worker that finds one job after the other does not look at the idle word. It looks at a flag of the pool, which the first
//!   pause sets for ever, and only then at the word. So a pool that is never paused pays nothing, and a pool that was paused
//!   once pays one look for each job.
//! - A thread that wakes a worker for a job does not do so while the bit is set.
//!
//! A worker that has looked and then claims starts one job after the pause. It looks again behind that job. So at most one job
//! starts on each worker after the pause has returned.
//!
//! What helps elsewhere goes on: a job that waits runs the job that it waits for, and callers of `run_one` run what they claim.
//! CLOSED overrides PAUSED, so a shutdown needs no resume.

use super::RawPool;
use crate::platform::port::Port;
use crate::slot::storage::Storage;

/// Flags that a worker looks for between two jobs: jobs are timed; the pool was paused once; a worker was asked to leave once.
const TIMED: usize = 1;
const PAUSED_ONCE: usize = 2;
pub(super) const LEFT_ONCE: usize = 4;

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// From here on workers start no job, except at most one on each worker that has already looked.
    pub(crate) fn pause(&self) {
        self.idle.pause();
        self.notices.set(PAUSED_ONCE);
    }

    /// Ends a pause, and wakes workers for the queued jobs.
    pub(crate) fn resume(&self) {
        self.idle.resume(&self.port, || self.ready().is_empty());
    }

    /// Is the pool paused, and not closed?
    pub(crate) fn is_paused(&self) -> bool {
        self.idle.counts().is_paused()
    }

    /// Workers look at the clock before and after each job, if their records say so.
    pub(crate) fn time_jobs(&self) {
        self.notices.set(TIMED);
    }
}
