//! The jobs of models.

extern crate std;

use super::log::Log;
use crate::engine::Request;
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::slot::Owner;
use std::boxed::Box;
use std::sync::Arc;

/// A job of a model.
pub struct Task {
    log: Arc<Log>,
    n: usize,
    act: Option<Box<dyn FnOnce()>>,
    done: Option<Box<dyn FnOnce(bool)>>,
    fails: bool,
}

impl Task {
    /// Job `n`, which only logs.
    pub fn new(log: &Arc<Log>, n: usize) -> Self {
        Self { log: log.clone(), n, act: None, done: None, fails: false }
    }

    /// The same, and calls `act`.
    #[must_use]
    pub fn doing(self, act: impl FnOnce() + 'static) -> Self {
        Self { act: Some(Box::new(act)), ..self }
    }

    /// The same, and calls `done` when it ends, on the thread that ends it, before its waiters see it. The
    /// argument says whether it ran.
    #[must_use]
    pub fn with_callback(self, done: impl FnOnce(bool) + 'static) -> Self {
        Self { done: Some(Box::new(done)), ..self }
    }

    /// The same, and fails.
    #[must_use]
    pub fn failing(self) -> Self {
        Self { fails: true, ..self }
    }

    /// Its number.
    pub(super) fn number(&self) -> usize {
        self.n
    }

    /// Logs that its result was taken.
    pub(super) fn taken(&self) {
        self.log.count_taken(self.n);
    }

    /// Runs it, on any thread.
    pub(super) fn run_once(&mut self) {
        self.log.count_ran(self.n);
        if let Some(act) = self.act.take() {
            act();
        }
        self.call_back(true);
    }

    fn call_back(&mut self, ran: bool) {
        if let Some(done) = self.done.take() {
            done(ran);
        }
    }

    // The payload: the task's pointer, until the task has ended and was dropped. After it lies what a failure
    // leaves.
    pub(super) const VTABLE: &'static JobVTable =
        &JobVTable::new(Self::run, Self::discard, true, Self::drop_result);

    unsafe fn run(payload: Payload, _: &CallContext) -> RunResult {
        // SAFETY:
        // - write stored it, and run has the body.
        let task = unsafe { &mut *payload.at.cast::<*mut Self>().read() };
        task.run_once();
        if !task.fails {
            return RunResult::Done;
        }
        // SAFETY:
        // - the payload has 16 bytes, and run has the body; a failed task has ended.
        unsafe {
            payload.at.cast::<usize>().add(1).write(task.n);
            drop(Self::out_of(payload));
        }
        RunResult::Failed
    }

    unsafe fn discard(payload: Payload, _: JobId, why: DiscardReason) {
        // SAFETY:
        // - called in place of run.
        let mut task = unsafe { Self::out_of(payload) };
        task.log.count_discarded(task.n);
        if why == DiscardReason::Shutdown {
            task.log.count_shut_down(task.n);
        }
        task.call_back(false);
    }

    unsafe fn drop_result(payload: Payload, outcome: RunResult) {
        if outcome == RunResult::Done {
            // SAFETY:
            // - run stored it, and nobody took it.
            let task = unsafe { Self::out_of(payload) };
            task.log.count_forgotten(task.n);
        }
    }

    /// # Safety
    /// The payload holds a task, and belongs to the caller.
    pub(super) unsafe fn out_of(payload: Payload) -> Box<Self> {
        let at = payload.at.cast::<*mut Self>();
        // SAFETY:
        // - the caller's obligation: a pointer is stored there, and may be replaced.
        let task = unsafe { at.replace(core::ptr::null_mut()) };
        assert!(!task.is_null(), "dropped twice");
        // SAFETY:
        // - write made it from a Box, and it was not taken before.
        unsafe { Box::from_raw(task) }
    }
}

/// A task that is being submitted.
pub(super) struct TaskRequest {
    task: Task,
}

impl TaskRequest {
    pub(super) fn new(task: Task) -> Self {
        Self { task }
    }

    pub(super) fn into_task(self) -> Task {
        self.task
    }
}

impl Request for TaskRequest {
    fn vtable(&self) -> &'static JobVTable {
        Task::VTABLE
    }

    unsafe fn write(self, payload: Payload) {
        let task = Box::into_raw(Box::new(self.task));
        // SAFETY:
        // - 1; a model's payload has room for a pointer.
        unsafe { payload.at.cast::<*mut Task>().write(task) };
    }
}

/// A task whose owner stands in the last word of the payload.
pub(super) struct OwnedRequest {
    pub(super) task: TaskRequest,
    pub(super) owner: *const Owner,
}

impl Request for OwnedRequest {
    fn vtable(&self) -> &'static JobVTable {
        self.task.vtable()
    }

    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - the caller's; the payload has four words, of which a task uses the first two.
        unsafe {
            payload.word_from_end(1).cast::<*const Owner>().write(self.owner);
            self.task.write(payload);
        }
    }
}
