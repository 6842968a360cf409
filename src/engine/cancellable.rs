//! Jobs whose handle can only cancel them. Nobody asks for their outcome: it is dropped when the job ends,
//! and the slot is given back.
//!
//! Such a job has an owner (`slot/state.rs`), so each claim of it is an exchange, which a canceller can win.
//! This owner keeps nothing: the thread that ended the job drops the outcome, and moves the slot from RUNNING
//! or CANCELLING to FREE by one exchange. Until then a cancel comes too late; from then on the handle is
//! stale. So nobody ever sees the job as DONE, FAILED or CANCELLED, and a closer waits for it as for a
//! detached job.
//!
//! The flag WAITER is half of OWNED here, so the exchange wakes nobody.

use super::RawPool;
use super::request::{Request, WhenFull};
use super::submit::ReserveError;
use crate::job::id::JobId;
use crate::platform::port::{Origin, Port};
use crate::slot::Owner;
use crate::slot::state::{Recipient, Status};
use crate::slot::storage::Storage;

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    const DROPS_OUTCOMES: &'static Owner = &Owner { receive: drop_outcome::<S, P> };

    /// The owner of such jobs.
    #[inline(always)]
    pub(crate) fn outcome_dropper(&self) -> *const Owner {
        Self::DROPS_OUTCOMES
    }

    /// Submits a job whose handle can only cancel it.
    ///
    /// # Safety
    /// 1. As `submit`.
    /// 2. The request writes `outcome_dropper()` into the last word of the payload.
    #[inline(always)]
    pub(crate) unsafe fn submit_cancellable<R: Request, W: WhenFull>(
        &self,
        request: R,
        when_full: W,
        origin: Origin,
    ) -> Result<JobId, (ReserveError, R)> {
        // SAFETY:
        // - the caller's.
        unsafe { self.submit(request, Recipient::OWNER, when_full, origin) }
    }
}

/// A job has ended whose outcome nobody wants: see `Owner`. Nobody slept for it.
unsafe fn drop_outcome<S: Storage, P: Port + Clone>(
    _: *const Owner,
    pool: *const (),
    index: usize,
    to: Status,
) -> bool {
    // SAFETY:
    // - the caller's pool, for whose type this owner was made (submit_cancellable).
    let pool = unsafe { &*pool.cast::<RawPool<S, P>>() };
    pool.drop_result(index, to);
    let slot = pool.slot(index);
    // A closer that did not wait for this job has returned before, in this thread's sight: the pool is
    // closed. On any closed pool the slot may be retired in place of a way through the free ring.
    let (vacated, _) = slot.vacate(slot.state(), pool.is_closed());
    pool.pass_on(index, vacated);
    false
}
