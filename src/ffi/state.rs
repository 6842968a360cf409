//! Where a job stands.

use super::call::{done, output, pool};
use super::status::jobring_status;
use super::types::{jobring_job, jobring_pool};
use crate::job::id::JobId;
use crate::slot::state::Status;
use core::ffi::c_void;

/// Where a job stands: the handle is stale. jobring_state() returns JOBRING_E_STALE instead.
pub const JOBRING_STATE_STALE: u32 = 0;
/// Where a job stands: no thread has started it.
pub const JOBRING_STATE_QUEUED: u32 = 1;
/// Where a job stands: it runs, or its callbacks are being called. A job that is asked to stop runs until it
/// returns.
pub const JOBRING_STATE_RUNNING: u32 = 2;
/// Where a job stands: it has returned.
pub const JOBRING_STATE_DONE: u32 = 3;
/// Where a job stands: it has returned, and had called jobring_fail().
pub const JOBRING_STATE_FAILED: u32 = 4;
/// Where a job stands: it was cancelled, or discarded by a shutdown, and has not run.
pub const JOBRING_STATE_CANCELLED: u32 = 5;
/// Where a job stands: it has finished. How is not known at this moment, because another thread looks at its
/// outcome (JOBRING_WAIT_PEEK, or a jobring_wait_opts() whose memory may be too small). Until that thread is
/// done, jobring_poll() returns JOBRING_PENDING.
pub const JOBRING_STATE_FINISHED: u32 = 6;

/// The number of a state.
pub(super) fn number(status: Status) -> u32 {
    match status {
        Status::Free => JOBRING_STATE_STALE,
        Status::Queued => JOBRING_STATE_QUEUED,
        Status::Running | Status::Cancelling => JOBRING_STATE_RUNNING,
        Status::Done => JOBRING_STATE_DONE,
        Status::Failed => JOBRING_STATE_FAILED,
        Status::Cancelled => JOBRING_STATE_CANCELLED,
        Status::Taking => JOBRING_STATE_FINISHED,
    }
}

/// Tells where a job stands, and takes nothing.
///
/// A job that has finished stays so: JOBRING_STATE_DONE and all greater numbers say that. What the job did is
/// visible to a caller that learns here that it has finished.
///
/// - `state`: where one of the JOBRING_STATE_ constants is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_STALE: its result was taken, it was detached, or submitted without a result to take
///   (jobring_completions_submit(), jobring_submit_cancellable()), or the handle is not of this pool.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler; from an
/// interrupt. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `state` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_state(
    pool: *const jobring_pool,
    job: jobring_job,
    state: *mut u32,
) -> jobring_status {
    done(|| {
        output(state)?;
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        let found = pool.raw.standing(JobId::from_bits(job))?;
        // SAFETY:
        // - the caller's; checked above.
        unsafe { state.write(number(found)) };
        Ok(())
    })
}

/// Tells where the copied data of a job lie, for a caller that shares them with the job while it runs.
///
/// They stay there until the result is taken or given up. Where the job, its callbacks and the caller use the same bytes, atomics
/// say who may. If the job fails, the library writes over its beginning: a word and 8 bytes, and behind them the text.
///
/// - `job`: a job that was submitted with jobring_submit_options.copy.
/// - `data`: where the address is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_STALE: as for jobring_state().
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler; from an interrupt. Does not block or
/// allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `data` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_job_data(
    pool: *const jobring_pool,
    job: jobring_job,
    data: *mut *mut c_void,
) -> jobring_status {
    done(|| {
        output(data)?;
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        let found = pool.raw.payload_of(JobId::from_bits(job))?;
        // SAFETY:
        // - the caller's; checked above.
        unsafe { data.write(found.cast()) };
        Ok(())
    })
}
