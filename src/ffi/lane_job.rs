//! The fourth kind of C jobs: those of a lane. They are jobs with options. The two words before their contents hold the
//! lane and its link:
//!
//! ```text
//! arg or copied data │ … │ lane │ link │ nodes? │ drop? │ done? │ contents │ function, later the result
//! ```
//!
//! When the job has run, the rest of the payload may be anything. Until then, and if it never runs, both words stay.

use super::job::{WITH_OPTIONS, contents};
use super::pool::CPool;
use super::request::OptionsRequest;
use super::status::StatusError;
use super::types::{jobring_fn, jobring_submit_options};
use crate::engine::{Lane, LaneJobs, LaneRef, Request};
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use core::ffi::c_void;
use core::ptr::null;

/// The words that a lane takes.
const LANE_WORDS: usize = 2;

/// The place of a lane's words: `number` 1 is the link, 2 the lane. `tail`: the bytes behind them.
fn word(payload: Payload, tail: usize, number: usize) -> *mut usize {
    payload.word_from_end(tail / size_of::<usize>() + number)
}

/// The place of the lane's address.
///
/// # Safety
/// 1. The payload is of a job of a lane that has not run.
unsafe fn lane_at(payload: Payload) -> *mut *const Lane {
    // SAFETY:
    // - 1: the contents are as they were written.
    word(payload, unsafe { contents(payload) }.tail(), LANE_WORDS).cast()
}

/// The layout of C's jobs of lanes.
pub(super) struct Layout;

impl LaneJobs for Layout {
    unsafe fn link(payload: Payload) -> *mut usize {
        // SAFETY:
        // - 1: a job with an entry has not run, and nothing is written over the contents of one that was dropped.
        word(payload, unsafe { contents(payload) }.tail(), 1)
    }

    unsafe fn forget(payload: Payload) {
        // SAFETY:
        // - 1: the job has not run.
        unsafe { lane_at(payload).write(null()) };
    }

    unsafe fn free(_: *const Lane) {
        // The memory is the caller's, who does not leave it behind.
    }
}

const IN_LANE: &JobVTable = &JobVTable {
    run,
    discard,
    exited: if WITH_OPTIONS.exited.is_some() { Some(exited) } else { None },
    drops_result: WITH_OPTIONS.drops_result,
    drop_result: WITH_OPTIONS.drop_result,
};

unsafe fn run(payload: Payload, context: &CallContext) -> RunResult {
    // SAFETY:
    // - the caller's: the payload is as it was written. The job has a place, so its lane stays.
    unsafe { LaneRef::new(lane_at(payload).read()).run(context, || (WITH_OPTIONS.run)(payload, context)) }
}

unsafe fn exited(payload: Payload, context: &CallContext) -> RunResult {
    // SAFETY:
    // - as in run, which stopped in the call of the function.
    unsafe {
        let lane = LaneRef::new(lane_at(payload).read());
        let ended = WITH_OPTIONS.exited.map_or(RunResult::Failed, |exited| exited(payload, context));
        lane.leave_exited(context);
        ended
    }
}

unsafe fn discard(payload: Payload, job: JobId, why: DiscardReason) {
    // SAFETY:
    // - as in run.
    let lane = unsafe { lane_at(payload).read() };
    // SAFETY:
    // - the caller's.
    let discard = || unsafe { (WITH_OPTIONS.discard)(payload, job, why) };
    if lane.is_null() {
        return discard();
    }
    // SAFETY:
    // - 1: a job that has not ended counts in its lane, which stays for it.
    unsafe { LaneRef::new(lane) }.drop_job(job, discard);
}

/// A job of a lane, checked against the payload that it must fit into.
pub(super) struct LaneRequest<'a> {
    job: OptionsRequest<'a>,
    lane: LaneRef,
}

impl<'a> LaneRequest<'a> {
    /// # Safety
    /// 1. The nodes of the options are readable, and their list ends.
    pub(super) unsafe fn new(
        run: jobring_fn,
        arg: *mut c_void,
        options: &'a jobring_submit_options,
        pool: &'a CPool,
        lane: LaneRef,
    ) -> Result<Self, StatusError> {
        // SAFETY:
        // - 1.
        Ok(Self { job: unsafe { OptionsRequest::new(run, arg, options, pool, LANE_WORDS) }?, lane })
    }
}

impl Request for LaneRequest<'_> {
    fn vtable(&self) -> &'static JobVTable {
        IN_LANE
    }

    fn can_be_taken_back(&self) -> bool {
        self.job.user_move().is_none()
    }

    unsafe fn write(self, payload: Payload) {
        let tail = self.job.tail();
        // SAFETY:
        // - the caller's: the payload has the size that `new` checked the job against, and two words more before the tail.
        unsafe {
            word(payload, tail, LANE_WORDS).cast::<*const Lane>().write(self.lane.get());
            self.job.write(payload);
        }
    }
}
