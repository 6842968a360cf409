//! The closer's loop. `engine/lifecycle.rs` states the protocol.

use super::RawPool;
use crate::engine::lifecycle::ShutdownMode;
use crate::engine::wait_graph::{Awaits, Locked, Node};
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::DiscardReason;
use crate::platform::port::{Deadline, Origin, Port, Timeout};
use crate::ring::{Mark, Popper};
use crate::slot::state::{State, Status};
use crate::slot::storage::Storage;
use crate::sync::{Bug, bug, dying};

/// What was in a pool when its shutdown returned. Its default is a report of an empty pool.
///
/// ```
/// use jobring::{ShutdownMode, ShutdownReport, StaticPool};
///
/// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
///
/// let job = POOL.try_submit(|| 42).expect("there is room");
/// let report = POOL.shutdown(ShutdownMode::Drain, None)?;
/// assert_eq!((report.queued(), report.running(), report.untaken()), (0, 0, 1));
/// assert_eq!(job.wait().unwrap(), 42);
/// assert_eq!(POOL.shutdown(ShutdownMode::Drain, None)?, ShutdownReport::default());
/// # Ok::<(), jobring::ShutdownError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct ShutdownReport {
    queued: usize,
    running: usize,
    submitting: usize,
    untaken: usize,
}

impl ShutdownReport {
    /// Jobs that no thread has started.
    #[must_use]
    pub const fn queued(&self) -> usize {
        self.queued
    }

    /// Jobs that run.
    #[must_use]
    pub const fn running(&self) -> usize {
        self.running
    }

    /// Slots that a submit fills, or whose result a thread takes.
    #[must_use]
    pub const fn submitting(&self) -> usize {
        self.submitting
    }

    /// Jobs that have finished and whose result no thread has taken.
    #[must_use]
    pub const fn untaken(&self) -> usize {
        self.untaken
    }
}

/// A thread's stay inside shutdown, which other closers can see.
struct Closing<'a, S: Storage, P: Port + Clone> {
    pool: &'a RawPool<S, P>,
    node: &'a Node,
    /// The context of its worker loop, if the thread is a worker.
    worker: Option<&'a CallContext>,
    /// Did this stay count the thread as closing? False if a shutdown further out on this thread has done so.
    counted: bool,
}

impl<'a, S: Storage, P: Port + Clone> Closing<'a, S, P> {
    /// Starts a stay. The calling thread runs jobs of the pool.
    fn begin(pool: &'a RawPool<S, P>, node: &'a Node) -> Self {
        let worker = pool.contexts().find(|context| context.is_of_worker());
        let counted = worker.is_none_or(|context| !context.closing.replace(true));
        if counted {
            pool.lifecycle.begin_closing(worker.is_some());
        }
        // SAFETY:
        // - 1: drop removes it, before the node's borrow ends; the contexts are this thread's outer ones.
        unsafe { pool.lifecycle.waits().lock(&pool.port).insert(node) };
        Self { pool, node, worker, counted }
    }
}

impl<S: Storage, P: Port + Clone> Drop for Closing<'_, S, P> {
    fn drop(&mut self) {
        if dying() {
            return;
        }
        self.pool.lifecycle.waits().lock(&self.pool.port).remove(self.node);
        if self.counted {
            if let Some(worker) = self.worker {
                worker.closing.set(false);
            }
            self.pool.lifecycle.end_closing(self.worker.is_some());
        }
    }
}

/// What a closer finds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Quiescent,
    /// There are jobs that the closer waits for.
    Jobs,
    /// The same, and every worker waits or is inside a shutdown: the closers run what is queued.
    JobsAndNoWorker,
    /// What is left are jobs that their lanes hold back until a closer returns.
    HeldBack,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Refuses new jobs and waits until all accepted ones have ended: they have run, or in `Discard` mode
    /// were dropped if they had not started. Inside a job it does not wait for that job, nor for others that
    /// cannot end before this shutdown or another returns: those inside a shutdown, and those that wait for
    /// such a job without a timeout, by its handle or for what its completion queue brings.
    ///
    /// Err when the time is up or an interrupt was raised: the pool stays closed, and shutdown can be called again. Without a timeout,
    /// Err if no thread can run what is queued because this one has too little stack left, or because lanes hold it back until
    /// this returns. In a child by fork
    /// it does nothing and returns Err.
    pub(crate) fn shutdown(
        &self,
        queued: ShutdownMode,
        timeout: Timeout,
    ) -> Result<ShutdownReport, ShutdownReport> {
        if self.is_copy() {
            return Err(self.census());
        }
        let deadline = Deadline::after(&self.port, timeout);
        let _visit = self.lifecycle.visit(&self.port, Origin::Thread);
        if queued == ShutdownMode::Discard {
            self.lifecycle.discard();
        }
        if !bug(Bug::CloseWithoutWorkersIsIgnored) || self.lifecycle.live() > 0 {
            self.idle.close(&self.port);
        }
        if let Some(word) = self.free().unmark()
            && !bug(Bug::CloseLeavesSubmittersAsleep)
        {
            self.port.wake_all(word);
        }
        let node = Node::new(Awaits::End, self.id(), self.port.current());
        let _closing = self.runs_jobs().then(|| Closing::begin(self, &node));
        let is_worker = self.is_worker();
        let in_job = self.contexts().any(CallContext::is_of_job);
        self.lifecycle.notify_closers(&self.port, Origin::Thread);
        let mut drains = is_worker;
        loop {
            let events = self.lifecycle.close_events();
            self.sweep(deadline, drains);
            let found = self.look_for_jobs(in_job);
            if found == Found::Quiescent {
                return Ok(self.census());
            }
            let deserted = found == Found::JobsAndNoWorker;
            if deserted && !drains {
                drains = true;
                continue;
            }
            drains = is_worker || deserted;
            let Ok(left) = deadline.left(&self.port) else { return Err(self.census()) };
            if self.is_interrupted() || found == Found::HeldBack && left.is_none() {
                return Err(self.census());
            }
            if !self.stack_suffices() && left.is_none() && self.is_to_drain(deserted) {
                return Err(self.census());
            }
            let events =
                if bug(Bug::ReadsCloseEventsTooLate) { self.lifecycle.close_events() } else { events };
            self.lifecycle.await_close_event(events, &self.port, left);
        }
    }

    /// Returns when no worker is in its loop or in a hook any more. The pool has been shut down.
    pub(crate) fn await_workers(&self) {
        loop {
            let events = self.lifecycle.close_events();
            if self.lifecycle.live() == 0 || bug(Bug::EndsWithWorkersInside) {
                return;
            }
            self.lifecycle.await_close_event(events, &self.port, None);
        }
    }

    /// Empties the rings: takes the queued jobs, if this closer has to run or drop them, and the free slots.
    fn sweep(&self, deadline: Deadline, drains: bool) {
        let mut progress = false;
        if self.lifecycle.discards() {
            while let Some(claimed) = self.claim_next(Popper::Unpaced) {
                self.drop_claimed(claimed, DiscardReason::Shutdown);
                progress = true;
            }
        } else {
            // Workers drain the ring, also a worker inside this shutdown. If no worker is outside a shutdown,
            // the closer does it.
            while (drains || !self.lifecycle.has_workers_outside_shutdown()) && self.run_before(deadline) {
                progress = true;
            }
        }
        // Tombstones of cancelled jobs lay behind queued jobs. Others may have run those by now.
        self.reap(Origin::Thread);
        loop {
            while let Some(index) = self.free().pop() {
                self.slot(index).close();
                progress = true;
            }
            if self.free().mark_empty(Mark::Closer).is_some() {
                break;
            }
        }
        if progress {
            self.lifecycle.notify_closers(&self.port, Origin::Thread);
        }
    }

    /// Is a job queued that a closer has to run, because no worker does? `deserted`: every worker waits or is
    /// inside a shutdown.
    fn is_to_drain(&self, deserted: bool) -> bool {
        let nobody = deserted || !self.lifecycle.has_workers_outside_shutdown();
        nobody && !self.lifecycle.discards() && self.has_queued()
    }

    fn run_before(&self, deadline: Deadline) -> bool {
        deadline.left(&self.port).is_ok() && !self.is_interrupted() && self.stack_suffices() && self.run_one()
    }

    /// Have all accepted jobs ended? A closer inside a job excepts those that cannot end before a closer
    /// returns.
    fn look_for_jobs(&self, in_job: bool) -> Found {
        let looks = in_job || bug(Bug::IgnoresOtherShutdowns);
        if !looks || bug(Bug::ShutdownWaitsForItself) {
            return if self.have_ended(None) { Found::Quiescent } else { Found::Jobs };
        }
        let locked = self.lifecycle.waits().lock(&self.port);
        locked.mark(|node| matches!(node.awaits, Awaits::End));
        // Not a thread that waits for a job that was detached meanwhile: that thread is about to wake.
        locked.spread(|node| match node.awaits {
            Awaits::Job { job, .. } => locked.holds(job) && self.is_awaited(job),
            // SAFETY:
            // - the thread cannot leave its call while the graph is locked, and registered an owner of this pool.
            Awaits::OneOf { owner, is_held } => unsafe {
                is_held(owner, self.id(), core::ptr::from_ref(&locked).cast())
            },
            _ => false,
        });
        match self.look_at_jobs(Some(&locked)) {
            Found::Quiescent => {
                locked.mark_outliving();
                return Found::Quiescent;
            }
            Found::HeldBack => return Found::HeldBack,
            _ => {}
        }
        locked.mark(|_| true);
        if self.are_workers_stuck(&locked) { Found::JobsAndNoWorker } else { Found::Jobs }
    }

    /// Can a thread still wait with this handle?
    fn is_awaited(&self, job: JobId) -> bool {
        self.find(job).is_ok_and(|(index, generation)| self.slot(index).state().answers_to(generation))
    }

    /// Have all accepted jobs ended, except those that a thread marked in the graph is inside of?
    pub(crate) fn have_ended(&self, except: Option<&Locked<'_, P>>) -> bool {
        self.look_at_jobs(except) == Found::Quiescent
    }

    /// What `have_ended` finds, with `HeldBack` told from `Jobs`.
    fn look_at_jobs(&self, except: Option<&Locked<'_, P>>) -> Found {
        let is_excepted = |index, state: State| {
            matches!(state.status(), Status::Running | Status::Cancelling | Status::Taking)
                && except.is_some_and(|locked| self.is_held(locked, index, state))
        };
        let mut found = Found::Quiescent;
        let mut ended = |index| {
            let state = self.slot(index).state();
            if state.is_untaken() || state.is_closed() || is_excepted(index, state) {
                return true;
            }
            let is_held_back = state.is_held() && except.is_some_and(|locked| locked.is_held_back(index));
            found = if is_held_back { Found::HeldBack } else { Found::Jobs };
            is_held_back
        };
        let mut slots = 0..self.storage.capacity();
        if bug(Bug::OneEndEndsTheWait) {
            return if slots.any(ended) { Found::Quiescent } else { Found::Jobs };
        }
        if slots.all(&mut ended) { found } else { Found::Jobs }
    }

    fn census(&self) -> ShutdownReport {
        let mut report = ShutdownReport::default();
        for index in 0..self.storage.capacity() {
            let state = self.slot(index).state();
            match state.status() {
                Status::Queued => report.queued += 1,
                Status::Running | Status::Cancelling => report.running += 1,
                _ if state.is_untaken() => report.untaken += 1,
                _ if state.is_closed() || state.is_tombstone() => {}
                _ => report.submitting += 1,
            }
        }
        report
    }
}
