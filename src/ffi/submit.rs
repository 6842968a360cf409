//! Handing jobs over.

use super::call::{optional, pool, status, timeout};
use super::job::Callbacks;
use super::request::{Input, OptionsRequest, PlainRequest, read_options};
use super::status::{JOBRING_E_INVALID, StatusError, jobring_status};
use super::types::{
    JOBRING_FULL_FAIL, JOBRING_FULL_FAIL_ISR, JOBRING_FULL_RUN, JOBRING_FULL_WAIT, jobring_fn, jobring_job,
    jobring_options, jobring_pool,
};
use crate::engine::{Fail, Request, ReserveError, Wait, WhenFull};
use crate::job::id::Job;
use crate::platform::keeping_errno;
use crate::platform::port::{Origin, Timeout};
use core::ffi::c_void;

/// Submits a job: a worker will call fn(arg). Waits for a free slot if there is none.
///
/// `job`: where its handle is written, on success only. Each handle must come to jobring_wait(), jobring_poll() (until
/// the result is there) or jobring_detach(), or its slot stays taken. NULL submits it detached: nobody will ask for its
/// result, and it costs less.
///
/// Returns JOBRING_OK: it is accepted, and will be run, cancelled or dropped exactly once. JOBRING_E_SHUTDOWN;
/// JOBRING_E_DEADLOCK inside a job, a hook or a callback on a worker, if no job can free a slot: each slot holds a job that
/// itself waits in this pool without end, a result that nobody has taken, or a queued job that no worker is left to run;
/// JOBRING_E_FULL on a pool without workers if nothing is queued that the caller could run to make room; JOBRING_E_INVALID. After an error the
/// job was not accepted and `arg` is the caller's.
///
/// From any thread, a job or a callback included. While a slot is free it neither blocks, locks nor allocates, and is
/// lock-free; else it sleeps. Near the end of a full pool it pauses up to some 30 microseconds while workers free slots;
/// jobring_try_submit() never does.
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

/// As jobring_submit(), but never waits: JOBRING_E_FULL if no slot is free.
///
/// Lock-free, neither blocks nor allocates, runs no job and no callback. Wakes a sleeping worker by at most one
/// system call, which takes no lock on Linux. From any thread, and from a signal handler (on Linux) or an interrupt; but
/// from an interrupt on a pool with a port by jobring_try_submit_isr().
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

/// As jobring_try_submit(), for an interrupt: the pool's port is told so if it is to wake a worker (`from_isr` of its
/// `unpark`). On a pool without a port there is no difference.
///
/// From an interrupt, and from where jobring_try_submit() may be called. Where the port's unpark tells interrupts apart, not
/// from a thread.
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

/// As jobring_submit(), with `size` bytes of `data` copied into the slot: the job is called with a pointer to the
/// copy, aligned to 16 bytes (8 on 32-bit targets), which lives until its result is taken. It may leave a result
/// there, which jobring_wait_opts() copies out.
///
/// Room, of the pool's payload: all but 2 words (32 of 48 bytes), and a word less for each callback and for a list of nodes. More is
/// JOBRING_E_SIZE. `data` may be NULL if `size` is 0. `job` and what is returned: as for jobring_submit().
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

/// As jobring_submit(), with options. NULL `options` is all defaults.
///
/// Returns what jobring_submit() does; JOBRING_E_FULL with JOBRING_FULL_FAIL; JOBRING_E_TIMEDOUT when the wait for a
/// slot is over; JOBRING_E_SIZE if `copy` and the callbacks are more than fit into
/// the payload; JOBRING_E_INVALID for a node without a callback, and for JOBRING_FULL_RUN with a `job`
/// or with `copy`.
///
/// From where jobring_submit() may be called; with JOBRING_FULL_FAIL from where jobring_try_submit() may, with
/// JOBRING_FULL_FAIL_ISR from where jobring_try_submit_isr() may.
///
/// # Safety
/// As jobring_submit(); `options` is NULL or an options structure, whose callbacks may be called on any thread; with
/// `copy`, `arg` is readable for so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_submit_opts(
    pool: *mut jobring_pool,
    r#fn: jobring_fn,
    arg: *mut c_void,
    options: *const jobring_options,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    let options = match unsafe { read_options(options) } {
        Ok(options) => options,
        Err(StatusError(status)) => return status,
    };
    let wait = if options.timeout_ns == 0 { Ok(Timeout::Forever) } else { timeout(options.timeout_ns) };
    let Ok(wait) = wait else { return JOBRING_E_INVALID };
    // SAFETY:
    // - the caller's.
    let make =
        |payload| unsafe { OptionsRequest::new(r#fn, options.input(arg), options.callbacks(), payload) };
    // SAFETY:
    // - the caller's.
    status(unsafe {
        match options.when_full {
            JOBRING_FULL_WAIT => submit(pool, job, Wait(wait), Origin::Thread, make),
            JOBRING_FULL_FAIL => submit(pool, job, Fail, Origin::Thread, make),
            JOBRING_FULL_FAIL_ISR => submit(pool, job, Fail, Origin::Isr, make),
            JOBRING_FULL_RUN if job.is_null() && options.copy == 0 => submit_or_run(pool, make),
            _ => Err(StatusError(JOBRING_E_INVALID)),
        }
    })
}

/// Hands the request that `make` gives for a payload of the pool's to the engine.
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

/// As submit, for a detached job that runs on this thread if no slot is free.
///
/// # Safety
/// As submit.
unsafe fn submit_or_run(
    at: *mut jobring_pool,
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
            keeping_errno(|| pool.raw.without_job(|| unsafe { request.run_here() }));
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
