//! Submitting jobs.

use super::call::{optional, pool, status, timeout};
use super::job::Callbacks;
use super::request::{Input, OptionsRequest, PlainRequest, read_options};
use super::status::{JOBRING_E_INVALID, StatusError, jobring_status};
use super::types::{
    JOBRING_WHEN_FULL_FAIL, JOBRING_WHEN_FULL_FAIL_ISR, JOBRING_WHEN_FULL_RUN, JOBRING_WHEN_FULL_WAIT,
    jobring_fn, jobring_job, jobring_pool, jobring_submit_options,
};
use crate::engine::{Fail, Request, ReserveError, Wait, WhenFull};
use crate::job::id::Job;
use crate::platform::keeping_errno;
use crate::platform::port::{Origin, Timeout};
use core::ffi::c_void;

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
/// - JOBRING_OK: the job is accepted, and will be run, cancelled or dropped exactly once.
/// - JOBRING_E_SHUTDOWN.
/// - JOBRING_E_DEADLOCK: inside a job, a hook or a callback on a worker, if no job can free a slot: each
///   slot holds a job that itself waits in this pool without a time limit, a result that nobody has taken,
///   or a queued job that no worker is left to run.
/// - JOBRING_E_FULL: on a pool without workers, if no job is queued that the caller could run to make room.
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
    status(unsafe {
        submit(pool, job, Wait(Timeout::Forever), Origin::Thread, |payload| {
            PlainRequest::new(r#fn, arg, payload)
        })
    })
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
    status(unsafe {
        submit(pool, job, Fail, Origin::Thread, |payload| PlainRequest::new(r#fn, arg, payload))
    })
}

/// As jobring_try_submit(), for an interrupt.
///
/// If it wakes a worker, the pool's port gets 1 as `from_isr` of its `unpark`. On a pool without a port it
/// does the same as jobring_try_submit().
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
    status(unsafe { submit(pool, job, Fail, Origin::Isr, |payload| PlainRequest::new(r#fn, arg, payload)) })
}

/// As jobring_submit(), but copies `size` bytes of `data` into the slot, and calls the job with a pointer
/// to the copy.
///
/// The copy is aligned to 16 bytes (8 on 32-bit targets) and lives until the job's result is taken. The job
/// may leave a result there, which jobring_wait_opts() copies out.
///
/// - `data`: what is copied; NULL is allowed if `size` is 0.
/// - `size`: at most the pool's payload minus 2 words (32 of 48 bytes). Each callback, and a list of nodes,
///   takes one word more (jobring_submit_opts()).
/// - `job`: as for jobring_submit().
///
/// Returns what jobring_submit() returns; JOBRING_E_SIZE if `size` is too large.
///
/// From where jobring_submit() may be called.
///
/// # Safety
/// As jobring_submit(); `data` is readable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_submit_copy(
    pool: *mut jobring_pool,
    r#fn: jobring_fn,
    data: *const c_void,
    size: usize,
    job: *mut jobring_job,
) -> jobring_status {
    let input = Input::Copy(data.cast(), size);
    // SAFETY:
    // - the caller's.
    status(unsafe {
        submit(pool, job, Wait(Timeout::Forever), Origin::Thread, |payload| {
            OptionsRequest::new(r#fn, input, Callbacks::NONE, payload)
        })
    })
}

/// As jobring_submit(), with options.
///
/// - `options`: how to submit the job, or NULL for all defaults.
///
/// Returns what jobring_submit() returns, and:
/// - JOBRING_E_FULL: with JOBRING_WHEN_FULL_FAIL and JOBRING_WHEN_FULL_FAIL_ISR.
/// - JOBRING_E_TIMEDOUT: no slot became free in time.
/// - JOBRING_E_SIZE: the data and the callbacks do not fit into the payload.
/// - JOBRING_E_INVALID: also for a node without a callback, and for JOBRING_WHEN_FULL_RUN with a `job` or with
///   `copy`.
///
/// From where jobring_submit() may be called; with JOBRING_WHEN_FULL_FAIL from where jobring_try_submit() may,
/// with JOBRING_WHEN_FULL_FAIL_ISR from where jobring_try_submit_isr() may.
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
    let options = match unsafe { read_options(options) } {
        Ok(options) => options,
        Err(StatusError(status)) => return status,
    };
    let wait = if options.limit_ns == 0 { Ok(Timeout::Forever) } else { timeout(options.limit_ns) };
    let Ok(wait) = wait else { return JOBRING_E_INVALID };
    // SAFETY:
    // - the caller's.
    let make =
        |payload| unsafe { OptionsRequest::new(r#fn, options.input(arg), options.callbacks(), payload) };
    // SAFETY:
    // - the caller's.
    status(unsafe {
        match options.when_full {
            JOBRING_WHEN_FULL_WAIT => submit(pool, job, Wait(wait), Origin::Thread, make),
            JOBRING_WHEN_FULL_FAIL => submit(pool, job, Fail, Origin::Thread, make),
            JOBRING_WHEN_FULL_FAIL_ISR => submit(pool, job, Fail, Origin::Isr, make),
            JOBRING_WHEN_FULL_RUN if job.is_null() && options.copy == 0 => submit_or_run(pool, arg, make),
            _ => Err(StatusError(JOBRING_E_INVALID)),
        }
    })
}

/// Submits the request that `make` returns for a payload of the pool's size.
///
/// # Safety
/// 1. `pool` is a pool or NULL; `job` is NULL or writable. 2. The submitter's promises hold for the request.
#[inline(always)]
unsafe fn submit<R: Request>(
    at: *mut jobring_pool,
    job: *mut jobring_job,
    when_full: impl WhenFull,
    origin: Origin,
    make: impl FnOnce(usize) -> Result<R, StatusError>,
) -> Result<(), StatusError> {
    // SAFETY:
    // - 1.
    let pool = unsafe { pool(at) }?;
    optional(job)?;
    let request = make(pool.raw.payload_bytes())?;
    // SAFETY:
    // - 1: it was made for this pool; 2.
    let accepted = unsafe { pool.raw.submit(request, job.is_null(), when_full, origin) };
    // SAFETY:
    // - 1.
    unsafe { write_handle(job, accepted.map_err(|(refused, _)| refused)?) };
    Ok(())
}

/// As submit, for a detached job with the input `arg` that runs on this thread if no slot is free.
///
/// # Safety
/// As for submit.
unsafe fn submit_or_run(
    at: *mut jobring_pool,
    arg: *mut c_void,
    make: impl FnOnce(usize) -> Result<OptionsRequest, StatusError>,
) -> Result<(), StatusError> {
    // SAFETY:
    // - 1.
    let pool = unsafe { pool(at) }?;
    let request = make(pool.raw.payload_bytes())?;
    // SAFETY:
    // - 1: it was made for this pool; 2.
    match unsafe { pool.raw.submit(request, true, Fail, Origin::Thread) } {
        Ok(_) => Ok(()),
        Err((ReserveError::Full, request)) => {
            // SAFETY:
            // - 2: the function takes this argument, and the callbacks may be called.
            keeping_errno(|| pool.raw.without_job(|| unsafe { request.run_here(arg) }));
            Ok(())
        }
        Err((refused, _)) => Err(refused.into()),
    }
}

/// # Safety
/// 1. `job` is NULL or writable.
#[inline(always)]
unsafe fn write_handle(job: *mut jobring_job, handle: Job) {
    if !job.is_null() {
        // SAFETY:
        // - 1.
        unsafe { job.write(handle.to_bits()) };
    }
}
