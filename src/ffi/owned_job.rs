//! The third kind of C jobs: those with an owner, which gets the outcome in place of a handle. They are jobs
//! with options in a payload that is one word shorter; the last word points to the owner.

use super::job::WITH_OPTIONS;
use super::pool::CPool;
use super::request::OptionsRequest;
use super::status::StatusError;
use super::types::{jobring_fn, jobring_submit_options};
use crate::engine::Request;
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::slot::Owner;
use core::ffi::c_void;

/// The word of the owner, counted from the payload's end.
const OWNER: usize = 1;

/// What is left of the payload for the job with options.
pub(super) fn own_part(payload: Payload) -> Payload {
    Payload { bytes: payload.bytes - OWNER * size_of::<usize>(), ..payload }
}

const OWNED: &JobVTable = &JobVTable {
    run,
    discard,
    exited: if WITH_OPTIONS.exited.is_some() { Some(exited) } else { None },
    drops_result: WITH_OPTIONS.drops_result,
    drop_result,
};

/// An owner gets an outcome without a result too.
fn for_owner(outcome: RunResult) -> RunResult {
    if outcome == RunResult::Empty { RunResult::Done } else { outcome }
}

unsafe fn run(payload: Payload, context: &CallContext) -> RunResult {
    // SAFETY:
    // - the caller's; `write` left a job with options in this part.
    for_owner(unsafe { (WITH_OPTIONS.run)(own_part(payload), context) })
}

unsafe fn discard(payload: Payload, job: JobId, why: DiscardReason) {
    // SAFETY:
    // - as in run.
    unsafe { (WITH_OPTIONS.discard)(own_part(payload), job, why) }
}

unsafe fn exited(payload: Payload, context: &CallContext) -> RunResult {
    // SAFETY:
    // - as in run.
    WITH_OPTIONS.exited.map_or(RunResult::Failed, |exited| unsafe { exited(own_part(payload), context) })
}

unsafe fn drop_result(payload: Payload, outcome: RunResult) {
    // SAFETY:
    // - as in run.
    unsafe { (WITH_OPTIONS.drop_result)(own_part(payload), outcome) }
}

/// A job with an owner, checked against the payload that it must fit into.
pub(super) struct OwnedRequest<'a> {
    job: OptionsRequest<'a>,
    owner: *const Owner,
}

impl<'a> OwnedRequest<'a> {
    /// # Safety
    /// 1. The nodes of the options are readable, and their list ends.
    pub(super) unsafe fn new(
        run: jobring_fn,
        arg: *mut c_void,
        options: &'a jobring_submit_options,
        pool: &'a CPool,
        owner: *const Owner,
    ) -> Result<Self, StatusError> {
        // SAFETY:
        // - 1.
        Ok(Self { job: unsafe { OptionsRequest::new(run, arg, options, pool, OWNER) }?, owner })
    }
}

impl Request for OwnedRequest<'_> {
    fn vtable(&self) -> &'static JobVTable {
        OWNED
    }

    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - the caller's: the payload is at least four words long. The two parts do not overlap.
        unsafe {
            payload.word_from_end(OWNER).cast::<*const Owner>().write(self.owner);
            self.job.write(own_part(payload));
        }
    }
}
