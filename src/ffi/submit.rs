//! Submitting jobs.

use super::call::{limit, optional, pool, status};
use super::pool::CPool;
use super::request::{OptionsRequest, PlainRequest, read_options};
use super::status::{JOBRING_E_INVALID, StatusError, jobring_status};
use super::types::{
    JOBRING_WHEN_FULL_FAIL, JOBRING_WHEN_FULL_FAIL_ISR, JOBRING_WHEN_FULL_RUN, JOBRING_WHEN_FULL_WAIT,
    jobring_fn, jobring_job, jobring_pool, jobring_submit_options,
};
use crate::engine::{Fail, Recipient, Request, ReserveError, Wait, WhenFull};
use crate::job::id::JobId;
use crate::platform::keeping_errno;
use crate::platform::port::{Origin, Timeout};
use core::ffi::c_void;
use core::mem::MaybeUninit;

/// Submits a job: a worker will call fn(arg).
///
/// Waits for a free slot if there is none.
///
/// - `fn`: the job.
/// - `arg`: its argument, which the library passes on.
/// - `job`: where the handle is written. Each handle must come to jobring_wait(), jobring_poll() (until the
///   result is there) or jobring_detach(); until then the job's slot stays taken. NULL submits the job
///   detached: nobody asks for its result, and it costs less.
///
/// Returns:
/// - JOBRING_OK: the job is accepted, and will be run, cancelled or discarded exactly once.
/// - JOBRING_E_SHUTDOWN.
/// - JOBRING_E_DEADLOCK: inside a job, a hook or a callback on a worker, if no job can free a slot: each
///   slot holds a job that itself waits in this pool without a time limit, a result that nobody has taken,
///   or a queued job that no worker is left to run.
/// - JOBRING_E_FULL: on a pool without workers, if no job is queued that the caller could run to make room.
/// - JOBRING_E_INTERRUPTED: no slot is free, and an interrupt was raised (jobring_interrupt_begin()).
/// - JOBRING_E_INVALID.
///
/// After an error the job was not accepted, and `arg` is still the caller's.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler or an
/// interrupt. While a slot is free it neither blocks nor locks, and is lock-free; else it sleeps. It never
/// allocates.
///
/// # Safety
/// `pool` is a pool or NULL; `fn` may be called with `arg` on any thread; `job` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_submit(
    pool: *mut jobring_pool,
    r#fn: jobring_fn,
    arg: *mut c_void,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    status(unsafe { submit(pool, r#fn, arg, job, Wait(Timeout::Forever), Origin::Thread) })
}

/// As jobring_submit(), but never waits: if no slot is free, it returns JOBRING_E_FULL.
///
/// It runs no other job and no callback. It wakes a sleeping worker by at most one system call, which takes
/// no lock on Linux.
///
/// From any thread, including inside a job, a hook or a callback; on Linux from a signal handler; from an
/// interrupt on a pool without a port. Is lock-free. Does not block or allocate.
///
/// # Safety
/// As jobring_submit().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_try_submit(
    pool: *mut jobring_pool,
    r#fn: jobring_fn,
    arg: *mut c_void,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    status(unsafe { submit(pool, r#fn, arg, job, Fail, Origin::Thread) })
}

/// As jobring_try_submit(), for an interrupt.
///
/// If it wakes a worker, the pool's port gets 1 as `from_isr` of its `unpark`. On a pool without a port it
/// does the same as jobring_try_submit().
///
/// A firmware whose jobs need no options links less code with this call; an interrupt that wants a callback
/// or copied data calls jobring_submit_opts() with JOBRING_WHEN_FULL_FAIL_ISR.
///
/// From an interrupt, and from where jobring_try_submit() may be called; not from a thread if the port's
/// `unpark` tells interrupts from threads.
///
/// # Safety
/// As jobring_submit().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_try_submit_isr(
    pool: *mut jobring_pool,
    r#fn: jobring_fn,
    arg: *mut c_void,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    status(unsafe { submit(pool, r#fn, arg, job, Fail, Origin::Isr) })
}

/// As jobring_submit(), with options.
///
/// - `options`: how to submit the job, or NULL for all defaults.
///
/// Returns what jobring_submit() returns, and:
/// - JOBRING_E_FULL: with JOBRING_WHEN_FULL_FAIL and JOBRING_WHEN_FULL_FAIL_ISR.
/// - JOBRING_E_TIMEDOUT: no slot became free in time.
/// - JOBRING_E_SIZE: the argument or the data, and the callbacks, do not fit into the payload.
/// - JOBRING_E_INVALID: also for a node without a callback or with a reserved word that is not 0, for `copy`
///   with an `arg` that is NULL, and for JOBRING_WHEN_FULL_RUN with a `job` or with `copy`.
///
/// From where jobring_submit() may be called; with JOBRING_WHEN_FULL_FAIL from where jobring_try_submit() may,
/// with JOBRING_WHEN_FULL_FAIL_ISR from where jobring_try_submit_isr() may; with JOBRING_WHEN_FULL_RUN also from
/// an interrupt on a pool without a port, if the job may run there.
///
/// # Safety
/// As jobring_submit(); `options` is NULL or an options structure, whose callbacks may be called on any thread; with
/// `copy`, `arg` is readable for that many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_submit_opts(
    pool: *mut jobring_pool,
    r#fn: jobring_fn,
    arg: *mut c_void,
    options: *const jobring_submit_options,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    status(unsafe { submit_with(pool, r#fn, arg, options, job) })
}

/// # Safety
/// As for jobring_submit_opts().
unsafe fn submit_with(
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
    // SAFETY:
    // - the caller's.
    let request = unsafe { OptionsRequest::new(run, arg, options, pool, 0) }?;
    // SAFETY:
    // - the request was made for this pool; the caller's.
    unsafe {
        submit_when(options.when_full, wait, pool, request, Recipient::of(job.is_null()), job, |request| {
            match options.when_full {
                JOBRING_WHEN_FULL_RUN if job.is_null() && options.copy == 0 => submit_or_run(pool, request),
                _ => Err(StatusError(JOBRING_E_INVALID)),
            }
        })
    }
}

/// Submits a job as its options say, if they say wait or fail; else what `otherwise` says.
///
/// # Safety
/// As for submit_to.
#[inline(always)]
pub(super) unsafe fn submit_when<R: Request>(
    when_full: u32,
    wait: Timeout,
    pool: &CPool,
    request: R,
    recipient: Recipient,
    job: *mut jobring_job,
    otherwise: impl FnOnce(R) -> Result<(), StatusError>,
) -> Result<(), StatusError> {
    // SAFETY:
    // - the caller's.
    unsafe {
        match when_full {
            JOBRING_WHEN_FULL_WAIT => submit_to(pool, request, recipient, job, Wait(wait), Origin::Thread),
            // One copy of the engine's submit for both.
            JOBRING_WHEN_FULL_FAIL | JOBRING_WHEN_FULL_FAIL_ISR => {
                let is_isr = when_full == JOBRING_WHEN_FULL_FAIL_ISR;
                let origin = if is_isr { Origin::Isr } else { Origin::Thread };
                submit_to(pool, request, recipient, job, Fail, origin)
            }
            _ => otherwise(request),
        }
    }
}

/// Submits a job without options.
///
/// # Safety
/// As for jobring_submit().
#[inline(always)]
unsafe fn submit(
    at: *mut jobring_pool,
    run: jobring_fn,
    arg: *mut c_void,
    job: *mut jobring_job,
    when_full: impl WhenFull,
    origin: Origin,
) -> Result<(), StatusError> {
    // SAFETY:
    // - the caller's.
    let pool = unsafe { pool(at) }?;
    optional(job)?;
    let request = PlainRequest::new(run, arg)?;
    // SAFETY:
    // - the caller's.
    unsafe { submit_to(pool, request, Recipient::of(job.is_null()), job, when_full, origin) }
}

/// # Safety
/// 1. The request was made for this pool and this recipient, and the submitter's promises hold for it.
/// 2. `job` is NULL or writable.
#[inline(always)]
unsafe fn submit_to(
    pool: &CPool,
    request: impl Request,
    recipient: Recipient,
    job: *mut jobring_job,
    when_full: impl WhenFull,
    origin: Origin,
) -> Result<(), StatusError> {
    // SAFETY:
    // - 1.
    let accepted = unsafe { pool.raw.submit(request, recipient, when_full, origin) };
    // SAFETY:
    // - 2.
    unsafe { tell_handle(accepted, job) }
}

/// Writes the handle of an accepted job, if it is wanted.
///
/// # Safety
/// 1. `job` is NULL or writable.
#[inline(always)]
pub(super) unsafe fn tell_handle<R>(
    accepted: Result<JobId, (ReserveError, R)>,
    job: *mut jobring_job,
) -> Result<(), StatusError> {
    let handle = accepted.map_err(|(refused, _)| refused)?;
    if !job.is_null() {
        // SAFETY:
        // - 1.
        unsafe { job.write(handle.to_bits()) };
    }
    Ok(())
}

/// Submits a detached job without copied data, or runs it on this thread if no slot is free.
///
/// # Safety
/// 1. As for submit_to.
unsafe fn submit_or_run(pool: &CPool, request: OptionsRequest) -> Result<(), StatusError> {
    // SAFETY:
    // - 1.
    match unsafe { pool.raw.submit(request, Recipient::NOBODY, Fail, Origin::Thread) } {
        Ok(_) => Ok(()),
        Err((ReserveError::Full, request)) => {
            // SAFETY:
            // - 1: the function takes this argument, and the callbacks may be called.
            keeping_errno(|| pool.raw.without_job(|| unsafe { request.run_here() }));
            Ok(())
        }
        Err((refused, _)) => Err(refused.into()),
    }
}
