//! Rust closures as jobs of a lane. The last two words of the payload hold the lane and its link.

use super::closure::{Call, refused};
use super::fits::{Added, JobNeeds};
use crate::engine::{Lane, LaneRef, Request, ReserveError};
use crate::error::SubmitError;
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use core::marker::PhantomData;

/// What a lane takes of the payload.
const LANE_BYTES: usize = 2 * size_of::<usize>();

/// The word of the link, counted from the payload's end.
const LINK: usize = 1;
/// The word of the lane.
const LANE: usize = 2;

/// The word of the lane's link: see `LaneJobs`.
#[inline]
pub(super) fn link(payload: Payload) -> *mut usize {
    payload.word_from_end(LINK)
}

/// Makes a job one without a lane.
///
/// # Safety
/// 1. The payload is of a job that a `LaneClosure` has written, and the caller has the body.
pub(super) unsafe fn forget(payload: Payload) {
    // SAFETY:
    // - 1.
    unsafe { payload.word_from_end(LANE).cast::<*const Lane>().write(core::ptr::null()) };
}

/// The kind of jobs of a lane that call an `F` and leave a `T`.
struct LaneCall<F, T>(PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> LaneCall<F, T> {
    const VTABLE: &'static JobVTable =
        &JobVTable::new(Self::run, Self::discard, core::mem::needs_drop::<T>(), Call::<F, T>::drop_result);

    /// The job's lane. Null: it has been forgotten.
    ///
    /// # Safety
    /// 1. The payload is as it was written.
    unsafe fn lane(payload: Payload) -> *const Lane {
        // SAFETY:
        // - 1.
        unsafe { payload.word_from_end(LANE).cast::<*const Lane>().read() }
    }

    unsafe fn run(payload: Payload, context: &CallContext) -> RunResult {
        // SAFETY:
        // - the caller's. A job that runs has a place of its lane, which stays for it (LaneRef).
        unsafe { LaneRef::new(Self::lane(payload)).run(context, || Call::<F, T>::run(payload, context)) }
    }

    unsafe fn discard(payload: Payload, job: JobId, why: DiscardReason) {
        // SAFETY:
        // - the caller's.
        let lane = unsafe { Self::lane(payload) };
        // SAFETY:
        // - the caller's.
        let discard = || unsafe { Call::<F, T>::discard(payload, job, why) };
        if lane.is_null() {
            return discard();
        }
        // SAFETY:
        // - 1: a job that has not ended counts in its lane, which stays for it.
        unsafe { LaneRef::new(lane) }.drop_job(job, discard);
    }
}

/// Proof that a closure, its result and the lane's words fit into a slot: see `Fits`.
pub(super) struct LaneFits<F, T>(PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> LaneFits<F, T> {
    /// Fails to compile if they do not fit.
    pub(super) const fn asserted(payload: usize) -> Self {
        let owner = Added { bytes: LANE_BYTES, by: "its lane" };
        JobNeeds { owner, ..Call::<F, T>::NEEDS }.assert_fits(payload);
        Self(PhantomData)
    }
}

/// A closure that is being submitted to a lane.
pub(super) struct LaneClosure<F, T> {
    closure: F,
    lane: LaneRef,
    _result: PhantomData<fn() -> T>,
}

impl<F: FnOnce() -> T + Send, T: Send> LaneClosure<F, T> {
    /// A request for a pool into whose slots it fits (`_fits`).
    pub(super) fn new(closure: F, lane: LaneRef, _fits: LaneFits<F, T>) -> Self {
        Self { closure, lane, _result: PhantomData }
    }

    /// The error that returns the closure, from the reason for the refusal.
    pub(super) fn refused((why, request): (ReserveError, Self)) -> SubmitError<F> {
        refused(why, request.closure)
    }
}

impl<F: FnOnce() -> T, T> Request for LaneClosure<F, T> {
    fn vtable(&self) -> &'static JobVTable {
        LaneCall::<F, T>::VTABLE
    }

    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - 1; all three fit beside each other (new).
        unsafe {
            payload.at.cast::<F>().write(self.closure);
            payload.word_from_end(LANE).cast::<*const Lane>().write(self.lane.get());
        }
    }
}
