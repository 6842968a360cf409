//! What one worker is doing, for statistics. Only that worker writes it.
//!
//! A worker that runs a job stores the index of the job's slot, in place of a constant: so another thread
//! finds the job, and a job costs no instruction more. The slot's word tells whether that job still runs. A
//! worker that has resolved its job and not stored that it searches may be shown with the next job of that
//! slot. The time at which a job began is stored where jobs are timed.

use super::RawPool;
use crate::job::id::{JobId, MAX_CAPACITY};
use crate::platform::port::Port;
use crate::slot::Slot;
use crate::slot::state::Status;
use crate::slot::storage::Storage;
use crate::sync::StatCell;
use core::time::Duration;

/// What a worker does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum WorkerState {
    /// Its thread was made, and has not looked for a job yet.
    Starting,
    /// It looks for a job.
    Searching,
    /// It sleeps, since no job is queued.
    Sleeping,
    /// It runs a job, which may itself be waiting for something.
    Running,
    /// It has left its loop: the pool is shut down, the worker was asked to leave, its start hook failed, or a job ended its
    /// thread and the system refused another one.
    Stopped,
}

/// Can other code read the record? Only that of a worker that the pool has started.
const SEEN: bool = cfg!(any(feature = "std", feature = "pthread"));

/// The first number that is no slot's index: it stands for the first state.
const STATES: u64 = MAX_CAPACITY as u64 + 1;

/// The record of one worker.
pub(crate) struct WorkerActivity {
    /// The index of the slot whose job it runs, or STATES and what else it does.
    doing: StatCell,
    jobs: StatCell,
    run_ns: StatCell,
    longest_ns: StatCell,
    /// When its job began, if jobs are timed.
    started_at: StatCell,
    /// Are jobs timed?
    timed: bool,
    /// Is it the pool's own, which may be asked to leave?
    pub(super) is_own: bool,
}

/// What a worker does and has done: see `Pool::worker`. The times are zero unless jobs are timed.
///
/// ```
/// use jobring::{Pool, WorkerStats};
///
/// fn report(worker: WorkerStats) -> String {
///     match worker.job() {
///         Some(job) => format!("{job:?} for {:?}", worker.running_for()),
///         None => format!("{:?} after {} jobs", worker.state(), worker.jobs()),
///     }
/// }
///
/// let pool = Pool::builder().workers(1).build()?;
/// println!("{}", report(pool.worker(0).expect("a worker")));
/// # Ok::<(), jobring::BuildError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WorkerStats {
    pub(crate) state: WorkerState,
    pub(crate) job: Option<JobId>,
    pub(crate) running_ns: u64,
    pub(crate) jobs: u64,
    pub(crate) run_ns: u64,
    pub(crate) longest_ns: u64,
}

impl WorkerStats {
    /// What it does.
    #[must_use]
    pub const fn state(&self) -> WorkerState {
        self.state
    }

    /// The job that its loop runs; not one that a wait runs inside of that. None if it runs none. A worker
    /// that has just ended a job may be shown with the next job of the same slot.
    #[must_use]
    pub const fn job(&self) -> Option<JobId> {
        self.job
    }

    /// How long that job has run.
    #[must_use]
    pub const fn running_for(&self) -> Duration {
        Duration::from_nanos(self.running_ns)
    }

    /// Jobs that its loop has run, without jobs that a wait ran inside of those.
    #[must_use]
    pub const fn jobs(&self) -> u64 {
        self.jobs
    }

    /// How long these jobs took in all.
    #[must_use]
    pub const fn run_time(&self) -> Duration {
        Duration::from_nanos(self.run_ns)
    }

    /// How long the longest of them took.
    #[must_use]
    pub const fn longest_run(&self) -> Duration {
        Duration::from_nanos(self.longest_ns)
    }
}

impl WorkerActivity {
    pub(crate) fn new(timed: bool, is_own: bool) -> Self {
        let this = Self {
            doing: StatCell::new(),
            jobs: StatCell::new(),
            run_ns: StatCell::new(),
            longest_ns: StatCell::new(),
            started_at: StatCell::new(),
            timed,
            is_own,
        };
        this.set(WorkerState::Starting);
        this
    }

    /// Has its worker not begun to search yet?
    pub(crate) fn is_starting(&self) -> bool {
        self.doing.get() == STATES + WorkerState::Starting as u64
    }

    /// Not Running, which `begin` sets.
    #[inline]
    pub(crate) fn set(&self, doing: WorkerState) {
        if SEEN {
            self.doing.set(STATES + doing as u64);
        }
    }

    /// Returns the time, if jobs are timed: one starts.
    #[cold]
    pub(super) fn begin_timed(&self, port: &impl Port) -> Option<u64> {
        let started_at = if self.timed { port.now() } else { None };
        if let Some(started_at) = started_at {
            self.started_at.set(started_at);
        }
        started_at
    }

    /// The job in this slot starts.
    #[inline]
    pub(super) fn begin(&self, index: usize) {
        if SEEN {
            self.doing.set(index as u64);
        }
    }

    /// The job has finished.
    #[inline]
    pub(super) fn end(&self) {
        if SEEN {
            self.jobs.set(self.jobs.get() + 1);
            self.set(WorkerState::Searching);
        }
    }

    /// A job that started at that time has finished.
    pub(super) fn end_timed(&self, started_at: u64, port: &impl Port) {
        let took = port.now().map_or(0, |now| now.saturating_sub(started_at));
        self.run_ns.set(self.run_ns.get() + took);
        self.longest_ns.set(self.longest_ns.get().max(took));
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Reads the record of one of the pool's workers.
    pub(crate) fn worker_stats(&self, worker: &WorkerActivity) -> WorkerStats {
        const ALL: [WorkerState; 5] = [
            WorkerState::Starting,
            WorkerState::Searching,
            WorkerState::Sleeping,
            WorkerState::Running,
            WorkerState::Stopped,
        ];
        let doing = worker.doing.get();
        let index = (doing < STATES).then_some(doing as usize);
        let job = index.and_then(|index| {
            let state = self.slot(index).state();
            let runs = matches!(state.status(), Status::Running | Status::Cancelling);
            (runs && worker.doing.get() == doing).then(|| Slot::handle(self.tag(), index, state))
        });
        let state = ALL.into_iter().find(|&state| doing == STATES + state as u64);
        let running_ns = match job {
            Some(_) if worker.timed => self.port.now().map_or(0, |now| worker.started_at.until(now)),
            _ => 0,
        };
        WorkerStats {
            state: state.unwrap_or(WorkerState::Running),
            job,
            running_ns,
            jobs: worker.jobs.get(),
            run_ns: worker.run_ns.get(),
            longest_ns: worker.longest_ns.get(),
        }
    }
}
