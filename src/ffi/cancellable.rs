//! Submitting jobs whose handle can only cancel them.

use super::call::{limit, optional, pool, status};
use super::owned_job::OwnedRequest;
use super::request::read_options;
use super::status::{JOBRING_E_INVALID, StatusError, jobring_status};
use super::submit::submit_when;
use super::types::{jobring_fn, jobring_job, jobring_pool, jobring_submit_options};
use crate::engine::Recipient;
use core::ffi::c_void;
use core::mem::MaybeUninit;

/// As jobring_submit_opts(), but the handle serves jobring_cancel() only, and nobody has to give it up.
///
/// Nobody waits for such a job: when it has ended, its slot is given back as that of a detached job, and the
/// handle is stale. Its result goes to the drop callback. The job itself and its callbacks know the handle,
/// by jobring_current_job() and the `job` of the outcome, also if they are called before this function has
/// returned.
///
/// The job needs one word of its slot's payload more than jobring_submit_opts() says, so that there is room
/// for the payload minus 3 words of copied data (24 of 48 bytes).
///
/// - `options`: how to submit the job, or NULL for all defaults. JOBRING_WHEN_FULL_RUN is invalid.
/// - `job`: where the handle is written. jobring_cancel() with it returns JOBRING_E_BUSY while the job runs
///   and its callbacks are called, and JOBRING_E_STALE afterwards; every other call JOBRING_E_STALE at any
///   time. NULL if the job itself passes its handle on.
///
/// Returns what jobring_submit_opts() returns. After an error the job was not accepted, and `arg` is still
/// the caller's.
///
/// From where jobring_submit_opts() may be called. While a slot is free it neither blocks nor locks, and is
/// lock-free; else it sleeps. It never allocates.
///
/// # Safety
/// As jobring_submit_opts().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_submit_cancellable(
    pool: *mut jobring_pool,
    r#fn: jobring_fn,
    arg: *mut c_void,
    options: *const jobring_submit_options,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    status(unsafe { submit(pool, r#fn, arg, options, job) })
}

/// # Safety
/// As for jobring_submit_cancellable().
unsafe fn submit(
    at: *mut jobring_pool,
    run: jobring_fn,
    arg: *mut c_void,
    options: *const jobring_submit_options,
    job: *mut jobring_job,
) -> Result<(), StatusError> {
    let mut room = MaybeUninit::uninit();
    // SAFETY:
    // - the caller's.
    let options = unsafe { read_options(options, &mut room) }?;
    let wait = limit(options.limit_ns)?;
    // SAFETY:
    // - the caller's.
    let pool = unsafe { pool(at) }?;
    optional(job)?;
    let owner = pool.raw.outcome_dropper();
    // SAFETY:
    // - the caller's.
    let request = unsafe { OwnedRequest::new(run, arg, options, pool, owner) }?;
    // SAFETY:
    // - the request was made for this pool, with its `outcome_dropper`; the caller's.
    unsafe {
        submit_when(options.when_full, wait, pool, request, Recipient::OWNER, job, |_| {
            Err(StatusError(JOBRING_E_INVALID))
        })
    }
}
