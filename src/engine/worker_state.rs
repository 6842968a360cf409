//! What one worker is doing, for statistics. Only that worker writes it.

use crate::platform::port::Port;
use crate::sync::StatCell;

/// Where a worker is in its loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WorkerState {
    /// Its thread has not reached the loop yet.
    Starting,
    Searching,
    Sleeping,
    /// It is inside a job.
    Running,
    /// It has left its loop.
    Stopped,
}

/// Can other code read the record? Only that of a worker that the pool has started.
const SEEN: bool = cfg!(any(feature = "std", feature = "pthread"));

/// The record of one worker.
pub(crate) struct WorkerActivity {
    doing: StatCell,
    jobs: StatCell,
    run_ns: StatCell,
    longest_ns: StatCell,
    /// Are jobs timed?
    timed: bool,
}

/// A copy of one worker's record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkerStats {
    pub(crate) doing: WorkerState,
    /// Jobs that its loop has run to their end.
    pub(crate) jobs: u64,
    /// Nanoseconds spent inside them, 0 if they are not timed.
    pub(crate) run_ns: u64,
    pub(crate) longest_ns: u64,
}

impl WorkerActivity {
    pub(crate) const fn new(timed: bool) -> Self {
        Self {
            doing: StatCell::new(),
            jobs: StatCell::new(),
            run_ns: StatCell::new(),
            longest_ns: StatCell::new(),
            timed,
        }
    }

    #[inline]
    pub(crate) fn set(&self, doing: WorkerState) {
        if SEEN {
            self.doing.set(doing as u64);
        }
    }

    /// A job starts. Returns the time, if jobs are timed.
    #[inline]
    pub(super) fn begin(&self, port: &impl Port) -> Option<u64> {
        self.set(WorkerState::Running);
        if self.timed { port.now() } else { None }
    }

    /// The job that started at that time has finished.
    #[inline]
    pub(super) fn end(&self, started_at: Option<u64>, port: &impl Port) {
        if !SEEN {
            return;
        }
        self.jobs.set(self.jobs.get() + 1);
        if let Some(started_at) = started_at {
            self.add(port.now().map_or(0, |now| now.saturating_sub(started_at)));
        }
        self.set(WorkerState::Searching);
    }

    #[cold]
    fn add(&self, took: u64) {
        self.run_ns.set(self.run_ns.get() + took);
        self.longest_ns.set(self.longest_ns.get().max(took));
    }

    pub(crate) fn record(&self) -> WorkerStats {
        const ALL: [WorkerState; 5] = [
            WorkerState::Starting,
            WorkerState::Searching,
            WorkerState::Sleeping,
            WorkerState::Running,
            WorkerState::Stopped,
        ];
        let doing = ALL.into_iter().find(|&doing| doing as u64 == self.doing.get());
        WorkerStats {
            doing: doing.unwrap_or(WorkerState::Starting),
            jobs: self.jobs.get(),
            run_ns: self.run_ns.get(),
            longest_ns: self.longest_ns.get(),
        }
    }
}
