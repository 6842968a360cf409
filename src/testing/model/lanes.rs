//! A lane of a whole pool.

extern crate std;

use super::pool::{No, Pool};
use super::tasks::{Task, TaskRequest};
use crate::engine::{
    Fail, Lane as Words, LaneJobs, LaneRef, LaneWaitError, Recipient, Request, Wait, WhenFull,
};
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::platform::port::Timeout;
use crate::sync::dying;
use std::boxed::Box;
use std::sync::Arc;

/// How a close ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the lane's words")]
pub enum Closed {
    Over,
    TimedOut,
    Deadlock,
    Interrupted,
}

/// A lane of a pool of N slots. Its drop gives it up: the last of its jobs frees it.
pub struct Lane<const N: usize> {
    lane: LaneRef,
    pool: Arc<Pool<N>>,
}

impl<const N: usize> Lane<N> {
    /// At most `width` jobs run, and at most `capacity` wait.
    pub fn new(pool: &Arc<Pool<N>>, width: usize, capacity: usize) -> Arc<Self> {
        let words = Words::new::<_, _, Tasks>(&pool.raw, width, width + capacity);
        // SAFETY:
        // - 1: it is freed by `Tasks::free`.
        let lane = unsafe { LaneRef::new(Box::into_raw(Box::new(words))) };
        Arc::new(Self { lane, pool: pool.clone() })
    }

    fn submit_as(&self, task: Task, recipient: Recipient, when_full: impl WhenFull) -> Result<JobId, No> {
        let request = LaneTask { task: TaskRequest::new(task), lane: self.lane };
        // SAFETY:
        // - 1: as for every task. 2: the request does that. 3: this value keeps it.
        unsafe { self.pool.raw.submit_to_lane(self.lane, request, recipient, when_full) }
            .map_err(|(refused, _)| refused.into())
    }

    /// Submits a job to the lane, if there is room.
    pub fn submit(&self, task: Task) -> Result<JobId, No> {
        self.submit_as(task, Recipient::HANDLE, Fail)
    }

    /// The same, detached.
    pub fn submit_detached(&self, task: Task) -> Result<JobId, No> {
        self.submit_as(task, Recipient::NOBODY, Fail)
    }

    /// Submits a detached job to the lane, waiting for room.
    pub fn submit_blocking(&self, task: Task) -> Result<JobId, No> {
        self.submit_as(task, Recipient::NOBODY, Wait(Timeout::Forever))
    }

    fn close_within(&self, discards: bool, timeout: Timeout) -> Closed {
        // SAFETY:
        // - 1: this value keeps it.
        match unsafe { self.pool.raw.close_lane(self.lane, discards, timeout) } {
            Ok(()) => Closed::Over,
            Err(LaneWaitError::TimedOut) => Closed::TimedOut,
            Err(LaneWaitError::Deadlock) => Closed::Deadlock,
            Err(LaneWaitError::Interrupted) => Closed::Interrupted,
            Err(LaneWaitError::Ended) => unreachable!("a model does not fork"),
        }
    }

    /// Closes the lane, and waits until its jobs have ended.
    pub fn close(&self) -> Closed {
        self.close_within(false, Timeout::Forever)
    }

    /// Closes the lane, and does not wait.
    pub fn close_now(&self) -> Closed {
        self.close_within(false, Timeout::Poll)
    }

    /// As close, and drops those that wait.
    pub fn discard(&self) -> Closed {
        self.close_within(true, Timeout::Forever)
    }

    /// As close_now, and drops those that wait.
    pub fn discard_now(&self) -> Closed {
        self.close_within(true, Timeout::Poll)
    }

    /// From here on no other thread may touch it. It was closed.
    pub fn end(&self) {
        // SAFETY:
        // - this value keeps it.
        unsafe { (*self.lane.get()).end() };
    }

    /// The number of its jobs that have not ended.
    pub fn jobs(&self) -> usize {
        self.lane.jobs()
    }
}

impl<const N: usize> Drop for Lane<N> {
    fn drop(&mut self) {
        if !dying() {
            // SAFETY:
            // - 1: this was the last value that names it.
            unsafe { self.pool.raw.abandon_lane(self.lane) };
        }
    }
}

/// The word of the lane, and that of its link, counted from the payload's end.
const LANE: usize = 2;
const LINK: usize = 1;

/// The layout of a model's jobs of lanes.
struct Tasks;

impl LaneJobs for Tasks {
    unsafe fn link(payload: Payload) -> *mut usize {
        payload.word_from_end(LINK)
    }

    unsafe fn forget(payload: Payload) {
        // SAFETY:
        // - 1.
        unsafe { payload.word_from_end(LANE).write(0) };
    }

    unsafe fn free(lane: *const Words) {
        // SAFETY:
        // - 1: it was a box's.
        drop(unsafe { Box::from_raw(lane.cast_mut()) });
    }
}

/// A task that is being submitted to a lane.
struct LaneTask {
    task: TaskRequest,
    lane: LaneRef,
}

impl LaneTask {
    const VTABLE: &'static JobVTable =
        &JobVTable::new(Self::run, Self::discard, true, Task::VTABLE.drop_result);

    /// # Safety
    /// 1. The payload is as it was written.
    unsafe fn lane(payload: Payload) -> *const Words {
        // SAFETY:
        // - 1.
        unsafe { payload.word_from_end(LANE).cast::<*const Words>().read() }
    }

    unsafe fn run(payload: Payload, context: &CallContext) -> RunResult {
        // SAFETY:
        // - the caller's. A job with a place keeps its lane.
        unsafe { LaneRef::new(Self::lane(payload)).run(context, || (Task::VTABLE.run)(payload, context)) }
    }

    unsafe fn discard(payload: Payload, job: JobId, why: DiscardReason) {
        // SAFETY:
        // - the caller's.
        let lane = unsafe { Self::lane(payload) };
        // SAFETY:
        // - the caller's.
        let drop = || unsafe { (Task::VTABLE.discard)(payload, job, why) };
        if lane.is_null() {
            return drop();
        }
        // SAFETY:
        // - 1: a job that has not ended keeps its lane.
        unsafe { LaneRef::new(lane) }.drop_job(job, drop);
    }
}

impl Request for LaneTask {
    fn vtable(&self) -> &'static JobVTable {
        Self::VTABLE
    }

    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - the caller's; the payload has four words, of which a task uses the first two.
        unsafe {
            payload.word_from_end(LANE).cast::<*const Words>().write(self.lane.get());
            self.task.write(payload);
        }
    }
}
