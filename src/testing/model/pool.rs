//! A whole pool.

extern crate std;

use super::tasks::{OwnedRequest, Task, TaskRequest};
use crate::engine::lifecycle::ShutdownMode;
use crate::engine::{
    Batch, Fail, RawPool, Recipient, ReserveError, Reserved, RuntimeConfig, ShutdownReport, Wait, WaitError,
    WaitOptions, WhenFull, WorkerActivity,
};
use crate::job::context::{CallContext, Stack};
use crate::job::id::JobId;
use crate::platform::port::{Origin, Port, Timeout};
use crate::platform::{Clock, ModelPort};
use crate::ring::Popper;
use crate::slot::Slot;
use crate::slot::state::State;
use crate::slot::storage::Inline;
use std::sync::Arc;
use std::vec::Vec;

/// How a call on a job ended. Done and Failed have the job's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the pool's words")]
pub enum End {
    Done(usize),
    Failed(usize),
    Cancelled,
    Stale,
    Pending,
    Deadlock,
    Stack,
    Interrupted,
}

/// Why a submit was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the pool's words")]
pub enum No {
    Full,
    Shutdown,
    TimedOut,
    Deadlock,
    Interrupted,
}

impl From<ReserveError> for No {
    fn from(refused: ReserveError) -> Self {
        match refused {
            ReserveError::Full => No::Full,
            ReserveError::Shutdown => No::Shutdown,
            ReserveError::TimedOut => No::TimedOut,
            ReserveError::Deadlock => No::Deadlock,
            ReserveError::Interrupted => No::Interrupted,
        }
    }
}

/// A whole pool of N slots.
pub struct Pool<const N: usize> {
    pub(super) raw: RawPool<Inline<N, 32>, ModelPort>,
}

impl<const N: usize> Pool<N> {
    /// An open pool without workers.
    pub fn new() -> Arc<Self> {
        Self::starting_at(0)
    }

    /// The same, with a clock.
    pub fn with_clock(clock: Clock) -> Arc<Self> {
        Arc::new(Self::on(ModelPort::new(clock), RuntimeConfig::default()))
    }

    fn on(port: ModelPort, config: RuntimeConfig) -> Self {
        Self { raw: RawPool::new(Inline::new(), port, config) }
    }

    /// The same, with its slots at the given generation.
    pub fn starting_at(generation: usize) -> Arc<Self> {
        let pool = Self::on(ModelPort::new(Clock::None), RuntimeConfig::default());
        if generation != 0 {
            pool.raw.set_generation(generation);
        }
        Arc::new(pool)
    }

    /// Advances the clock.
    pub fn pass(&self, nanos: u64) {
        self.raw.port().pass(nanos);
    }

    fn submit_as(&self, task: Task, when_full: impl WhenFull, detached: bool) -> Result<JobId, No> {
        // SAFETY:
        // - 1: the payload gets the task that its vtable expects, in 16 bytes; a task owns what it uses.
        unsafe { self.raw.submit(TaskRequest::new(task), Recipient::of(detached), when_full, Origin::Thread) }
            .map_err(|(refused, _)| refused.into())
    }

    /// Submits a job, if there is room.
    pub fn submit(&self, task: Task) -> Result<JobId, No> {
        self.submit_as(task, Fail, false)
    }

    /// Submits a detached job, if there is room.
    pub fn submit_detached(&self, task: Task) -> Result<JobId, No> {
        self.submit_as(task, Fail, true)
    }

    /// Submits a job whose handle can only cancel it, if there is room.
    pub fn submit_cancellable(&self, task: Task) -> Result<JobId, No> {
        let request = OwnedRequest { task: TaskRequest::new(task), owner: self.raw.outcome_dropper() };
        // SAFETY:
        // - 1: as in submit_as. 2: the request does that.
        unsafe { self.raw.submit_cancellable(request, Fail, Origin::Thread) }
            .map_err(|(refused, _)| refused.into())
    }

    /// Submits a detached job, waiting for room.
    pub fn submit_blocking(&self, task: Task) -> Result<JobId, No> {
        self.submit_as(task, Wait(Timeout::Forever), true)
    }

    /// Submits a detached job, waiting for room for at most `nanos`.
    pub fn submit_within(&self, task: Task, nanos: u64) -> Result<JobId, No> {
        self.submit_as(task, Wait(Timeout::Nanos(nanos)), true)
    }

    /// Submits a detached job, or runs it here if there is no room. True if it ran here.
    pub fn submit_or_run(&self, task: Task) -> Result<bool, No> {
        // SAFETY:
        // - as in submit_as.
        match unsafe { self.raw.submit(TaskRequest::new(task), Recipient::NOBODY, Fail, Origin::Thread) } {
            Ok(_) => Ok(false),
            Err((ReserveError::Full, request)) => {
                request.into_task().run_once();
                Ok(true)
            }
            Err((refused, _)) => Err(refused.into()),
        }
    }

    fn enqueue(&self, reserved: Reserved, task: Task) -> (JobId, usize) {
        // SAFETY:
        // - reserved from this pool, and as in submit_as.
        unsafe { self.raw.enqueue(reserved, TaskRequest::new(task), Recipient::HANDLE) }
    }

    /// Submits jobs with one wake-up for all of them, as far as there is room. Returns those that were
    /// accepted, and why the next one was not.
    pub fn submit_batch<const K: usize>(&self, tasks: [Task; K]) -> (Vec<JobId>, Option<No>) {
        let (mut batch, mut jobs, mut refused) = (Batch::new(&self.raw), Vec::new(), None);
        for (n, task) in tasks.into_iter().enumerate() {
            match batch.reserve(K - n) {
                Ok(reserved) => {
                    let (job, position) = self.enqueue(reserved, task);
                    batch.placed(position);
                    jobs.push(job);
                }
                Err(no) => {
                    refused = Some(no.into());
                    break;
                }
            }
        }
        drop(batch);
        (jobs, refused)
    }

    /// Starts a batch of this many jobs, and submits only the first.
    pub fn submit_first_of(&self, jobs: usize, task: Task) -> Result<JobId, No> {
        let mut batch = Batch::new(&self.raw);
        let (job, position) = self.enqueue(batch.reserve(jobs)?, task);
        batch.placed(position);
        Ok(job)
    }

    /// Submits, if there is room, and stops for ever before it notifies anyone.
    pub fn submit_and_freeze(&self, task: Task) -> Result<JobId, No> {
        Ok(self.enqueue(self.raw.try_reserve(Popper::Unpaced, Origin::Thread)?, task).0)
    }

    /// Starts a worker's search and never ends it.
    pub fn freeze_searching(&self) {
        self.raw.freeze_searching();
    }

    /// Makes up the handle that slot `index` has in `generation`.
    pub fn guess(&self, generation: usize, index: usize) -> JobId {
        Slot::handle(self.raw.tag(), index, State::free(generation))
    }

    /// Has the job finished?
    pub fn is_finished(&self, job: JobId) -> bool {
        self.raw.is_finished(job)
    }

    /// Cancels. None: stale.
    pub fn cancel(&self, job: JobId) -> Option<bool> {
        self.raw.cancel(job).ok()
    }

    /// Detaches. False: stale.
    pub fn detach(&self, job: JobId) -> bool {
        self.raw.detach(job).is_ok()
    }

    /// Has the job that this thread runs been asked to stop?
    pub fn cancel_requested(&self) -> Option<bool> {
        self.raw.cancel_requested()
    }

    /// Runs one job, if one is queued.
    pub fn run_one(&self) -> bool {
        self.raw.run_one()
    }

    /// Pauses the pool.
    pub fn pause(&self) {
        self.raw.pause();
    }

    /// Ends the pause.
    pub fn resume(&self) {
        self.raw.resume();
    }

    /// Counts a worker in, which may never work.
    pub fn admit(&self) {
        assert!(self.raw.admit_worker());
    }

    /// Counts out a worker that `admit` counted in.
    pub fn leave(&self) {
        self.raw.lifecycle().leave(false, self.raw.port());
    }

    /// Works until the end, as a worker that `admit` counted in.
    pub fn work(&self) {
        self.raw.work(0);
    }

    /// The same, and calls `stopped` after the last job.
    pub fn work_and(&self, stopped: impl FnOnce()) {
        self.work_between(None::<fn() -> bool>, stopped);
    }

    /// The same, and calls `started` before the first job. False means that it failed: then the worker leaves.
    pub fn work_after(&self, started: impl FnOnce() -> bool) {
        self.work_between(Some(started), || {});
    }

    fn work_between(&self, started: Option<impl FnOnce() -> bool>, stopped: impl FnOnce()) {
        let context = CallContext::of_worker(self.raw.id(), 0, None, self.raw.port().current());
        self.raw.work_between(&context, &WorkerActivity::new(false, false), started, stopped);
    }

    /// Wants this many workers of the pool's own.
    pub fn want(&self, workers: usize) {
        self.raw.want_workers(workers);
    }

    /// Counts a worker of the pool's own in, if one is missing.
    pub fn add_own(&self) -> bool {
        let is_missing = self.raw.headcount().add();
        if is_missing {
            assert!(self.raw.admit_worker());
        }
        is_missing
    }

    /// Works until the end, or until it is asked to leave, as a worker that `add_own` counted in.
    pub fn work_as_own(&self) {
        let context = CallContext::of_worker(self.raw.id(), 0, None, self.raw.port().current());
        self.raw.work_between(&context, &WorkerActivity::new(false, true), None::<fn() -> bool>, || {});
    }

    /// Waits until no worker is to leave.
    pub fn await_leavers(&self) {
        loop {
            let events = self.raw.lifecycle().close_events();
            let heads = self.raw.headcount().heads();
            if !heads.are_too_many() && heads.leaving() == 0 {
                return;
            }
            self.raw.lifecycle().await_close_event(events, self.raw.port(), None);
        }
    }

    /// The workers of the pool's own that have not begun to leave.
    pub fn own(&self) -> usize {
        self.raw.headcount().heads().present()
    }

    /// Waits until this many start hooks have returned. Returns how many of them failed.
    pub fn await_start_hooks(&self, count: usize) -> usize {
        self.raw.lifecycle().await_start_hooks(count, self.raw.port())
    }

    /// The number of workers that are counted in.
    pub fn live(&self) -> usize {
        self.raw.lifecycle().live()
    }

    /// Waits until all workers have left. The pool was shut down.
    pub fn await_workers(&self) {
        self.raw.await_workers();
    }

    /// Waits until no thread sleeps in a call on this pool.
    pub fn await_visitors(&self) {
        self.raw.lifecycle().await_visitors(self.raw.port());
    }

    /// Calls `f` on a thread that is a worker.
    pub fn as_worker(&self, f: impl FnOnce()) {
        self.as_worker_on(None, f);
    }

    /// The same, for a worker that has no stack left to run a job inside a job.
    pub fn as_worker_without_stack(&self, f: impl FnOnce()) {
        self.as_worker_on(Some(Stack { low: usize::MAX, high: usize::MAX }), f);
    }

    fn as_worker_on(&self, stack: Option<Stack>, f: impl FnOnce()) {
        let context = CallContext::of_worker(self.raw.id(), 0, stack, self.raw.port().current());
        self.raw.port().set_current(&context);
        f();
        self.raw.port().set_current(context.outer);
    }

    /// Closes, runs what is queued, and waits for the end.
    pub fn drain(&self) -> ShutdownReport {
        self.raw.shutdown(ShutdownMode::Drain, Timeout::Forever).expect("no timeout")
    }

    /// Closes, drops what is queued, and waits for the end.
    pub fn discard(&self) -> ShutdownReport {
        self.raw.shutdown(ShutdownMode::Discard, Timeout::Forever).expect("no timeout")
    }

    /// Drains for at most `nanos`.
    pub fn drain_within(&self, nanos: u64) -> Result<ShutdownReport, ShutdownReport> {
        self.raw.shutdown(ShutdownMode::Drain, Timeout::Nanos(nanos))
    }

    /// Closes, and reports what is left without waiting for it.
    pub fn close(&self) -> Result<ShutdownReport, ShutdownReport> {
        self.raw.shutdown(ShutdownMode::Drain, Timeout::Poll)
    }

    /// Does a closer that looks now find that all accepted jobs have ended?
    pub fn have_all_ended(&self) -> bool {
        self.raw.have_ended(None)
    }

    /// Drops the results that nobody took.
    pub fn forget_all(&self) {
        self.raw.forget_all();
    }

    /// The jobs that have finished, and those that are queued, run, or are not taken.
    pub fn counts(&self) -> [usize; 4] {
        let stats = self.raw.stats();
        [stats.completed, stats.queued, stats.running, stats.untaken]
    }

    /// Reserves all free slots, and returns how many there are. They are not given back.
    pub fn free_slots(&self) -> usize {
        (0..=N)
            .take_while(|_| {
                self.raw.try_reserve(Popper::Unpaced, Origin::Thread).map(core::mem::forget).is_ok()
            })
            .count()
    }
}
