//! Makes lanes: the code of a lane for one type of pool and one API. `lane.rs` has the protocol.

use super::RawPool;
use super::lane_ref::{Apart, Half, Lane, LaneCode, LaneRef, Left, Watched};
use super::lane_waits;
use super::lane_word::Link;
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::Payload;
use crate::platform::port::Port;
use crate::slot::storage::Storage;
use crate::slot::{AwaitedOwner, Owner};
use crate::sync::{AtomicUsize, UnsafeCell};
use core::marker::PhantomData;

/// How the API that made a lane lays out its jobs.
pub(crate) trait LaneJobs {
    /// The word of a payload in which the lane keeps the next older entry. It is the lane's as long as the slot has an entry there,
    /// also when the job has ended.
    ///
    /// # Safety
    /// 1. The payload is of a slot with an entry in a lane of this API.
    unsafe fn link(payload: Payload) -> *mut usize;

    /// Makes `discard` treat the job as one without a lane.
    ///
    /// # Safety
    /// 1. As for `link`, and the caller has the body.
    unsafe fn forget(payload: Payload);

    /// Frees a lane that its owner has left behind.
    ///
    /// # Safety
    /// 1. No thread uses the lane any more, and its owner has set ORPHAN.
    unsafe fn free(lane: *const Lane);
}

struct CodeOf<S, P, J>(PhantomData<(S, P, J)>);

impl<S: Storage, P: Port + Clone, J: LaneJobs> CodeOf<S, P, J> {
    const CODE: &'static LaneCode = &LaneCode {
        link: J::link,
        forget: J::forget,
        free: J::free,
        current: current::<S, P>,
        set_current: set_current::<S, P>,
        leave: leave::<S, P>,
        has_place: has_place::<S, P>,
        holds_back: lane_waits::holds_back::<S, P>,
    };
}

impl Lane {
    /// A lane of this pool with jobs of the API `J`: at most `width` run, and `most` have not ended.
    pub(crate) fn new<S: Storage, P: Port + Clone, J: LaneJobs>(
        pool: &RawPool<S, P>,
        width: usize,
        most: usize,
    ) -> Self {
        Self {
            word: AtomicUsize::new(0),
            width: width as Half,
            most: most as Half,
            submitters_code: CodeOf::<S, P, J>::CODE,
            owner: AwaitedOwner {
                owner: Owner::OF_NO_JOB,
                is_stuck: lane_waits::is_stuck::<S, P>,
                wake: lane_waits::wake::<S, P>,
            },
            apart: Apart::default(),
            pool: core::ptr::from_ref(pool).cast(),
            code: CodeOf::<S, P, J>::CODE,
            first: UnsafeCell::new(Link::NONE),
            role: AtomicUsize::new(0),
            watched: Watched { life: UnsafeCell::new(()), links: [(); 4].map(UnsafeCell::new) },
        }
    }
}

/// See `LaneCode`.
unsafe fn leave<S: Storage, P: Port + Clone>(lane: LaneRef, left: Left) {
    // SAFETY:
    // - the lane's pool, for whose type this code was made, lives: the job has not been resolved.
    unsafe { (*lane.lane().pool.cast::<RawPool<S, P>>()).leave_lane(lane, left) }
}

/// See `LaneCode`.
unsafe fn has_place<S: Storage, P: Port + Clone>(lane: LaneRef, job: JobId) -> bool {
    // SAFETY:
    // - as in leave.
    unsafe { (*lane.lane().pool.cast::<RawPool<S, P>>()).has_place(job) }
}

/// See `LaneCode`.
unsafe fn current<S: Storage, P: Port + Clone>(pool: *const ()) -> *const CallContext {
    // SAFETY:
    // - as in leave.
    unsafe { (*pool.cast::<RawPool<S, P>>()).port().current() }
}

/// See `LaneCode`.
unsafe fn set_current<S: Storage, P: Port + Clone>(pool: *const (), context: *const CallContext) {
    // SAFETY:
    // - as in leave; the caller's context.
    unsafe { (*pool.cast::<RawPool<S, P>>()).port().set_current(context) }
}
