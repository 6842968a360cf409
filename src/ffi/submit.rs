//! Handing jobs over.

use super::call::{keeping_errno, optional, pool, status, submitter, timeout};
use super::job::Callbacks;
use super::request::{Input, Request, read_options};
use super::status::{JOBRING_E_INVALID, JOBRING_OK, StatusError, jobring_status};
use super::types::{
    JOBRING_FULL_FAIL, JOBRING_FULL_FAIL_ISR, JOBRING_FULL_RUN, JOBRING_FULL_WAIT, jobring_fn, jobring_job,
    jobring_options, jobring_pool,
};
use crate::engine::{FastPathMiss, RawPool, ReserveError, Reserved};
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::{Port, Timeout};
use crate::slot::storage::Block;
use core::ffi::c_void;

/// What becomes of a job for which there is no slot.
#[derive(Clone, Copy)]
enum WhenFull {
    Wait(Timeout),
    Run,
}

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
    unsafe { submit_plain(pool, r#fn, arg, Timeout::Forever, job) }
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
    unsafe { submit_plain(pool, r#fn, arg, Timeout::Poll, job) }
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
    status(unsafe { submit_from_isr(pool, r#fn, Input::Arg(arg), Callbacks::NONE, job) })
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
        submit::<false>(
            FastPathMiss::NotYet,
            pool,
            r#fn,
            input,
            Callbacks::NONE,
            WhenFull::Wait(Timeout::Forever),
            job,
        )
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
    let (input, callbacks) = (options.input(arg), options.callbacks());
    let when_full = match options.when_full {
        JOBRING_FULL_FAIL_ISR => {
            // SAFETY:
            // - the caller's.
            return status(unsafe { submit_from_isr(pool, r#fn, input, callbacks, job) });
        }
        JOBRING_FULL_WAIT => WhenFull::Wait(wait),
        JOBRING_FULL_FAIL => WhenFull::Wait(Timeout::Poll),
        JOBRING_FULL_RUN if job.is_null() && options.copy == 0 => WhenFull::Run,
        _ => return JOBRING_E_INVALID,
    };
    // SAFETY:
    // - the caller's.
    status(unsafe { submit::<false>(FastPathMiss::NotYet, pool, r#fn, input, callbacks, when_full, job) })
}

/// A job with an argument, and nothing else. Two functions of a microcontroller's share it; elsewhere each has its own.
///
/// # Safety
/// As jobring_submit.
#[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(never))]
#[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(always))]
unsafe fn submit_plain(
    pool: *mut jobring_pool,
    run: jobring_fn,
    arg: *mut c_void,
    timeout: Timeout,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe {
        match submit_at_once(pool, run, arg, timeout, job) {
            Ok(()) => JOBRING_OK,
            Err(looked) => submit_from(looked, pool, run, arg, timeout, job),
        }
    }
}

/// Submits a job if nothing stands in its way: the straight line that most submits go. Else [`submit_from`] goes on.
///
/// # Safety
/// As jobring_submit().
#[inline(always)]
unsafe fn submit_at_once(
    at: *mut jobring_pool,
    run: jobring_fn,
    arg: *mut c_void,
    timeout: Timeout,
    job: *mut jobring_job,
) -> Result<(), FastPathMiss> {
    // SAFETY:
    // - the caller's.
    let pool = unsafe { pool(at) }.map_err(|_| FastPathMiss::NotYet)?;
    if pool.destroy_waits || optional(job).is_err() {
        return Err(FastPathMiss::NotYet);
    }
    // SAFETY:
    // - the caller's.
    let order = unsafe { Request::new(run, Input::Arg(arg), Callbacks::NONE, pool.raw.payload_bytes()) };
    let order = order.map_err(|_| FastPathMiss::NotYet)?;
    let reserved = pool.raw.reserve_at_once()?;
    if timeout != Timeout::Poll {
        pool.raw.pace(&reserved);
    }
    // SAFETY:
    // - 1: reserved from this pool, for whose payload the order was made; the caller's. 2: checked above.
    unsafe { hand_over(&pool.raw, reserved, order.vtable(), |payload| order.write(payload), job) };
    Ok(())
}

/// Submits a job with all that may stand in its way.
///
/// # Safety
/// As jobring_submit().
#[cold]
#[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(never))]
unsafe fn submit_from(
    looked: FastPathMiss,
    pool: *mut jobring_pool,
    run: jobring_fn,
    arg: *mut c_void,
    timeout: Timeout,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    status(unsafe {
        submit::<true>(looked, pool, run, Input::Arg(arg), Callbacks::NONE, WhenFull::Wait(timeout), job)
    })
}

/// # Safety
/// As jobring_submit_opts().
unsafe fn submit_from_isr(
    at: *mut jobring_pool,
    run: jobring_fn,
    input: Input,
    callbacks: Callbacks,
    job: *mut jobring_job,
) -> Result<(), StatusError> {
    // SAFETY:
    // - the caller's.
    let pool = unsafe { pool(at) }?;
    let raw = pool.raw.for_isr();
    let _visit = pool.destroy_waits.then(|| raw.lifecycle().visit(raw.port()));
    optional(job)?;
    // SAFETY:
    // - the caller's.
    let order = unsafe { Request::new(run, input, callbacks, raw.payload_bytes()) }?;
    let reserved = raw.try_reserve()?;
    // SAFETY:
    // - 1: reserved from this pool, for whose payload the order was made; the caller's. 2: checked above.
    unsafe { hand_over(raw, reserved, order.vtable(), |payload| order.write(payload), job) };
    Ok(())
}

/// PLAIN: a job with an argument, and nothing else, whose code is its own.
///
/// # Safety
/// As jobring_submit_opts().
#[inline(always)]
unsafe fn submit<const PLAIN: bool>(
    looked: FastPathMiss,
    at: *mut jobring_pool,
    run: jobring_fn,
    input: Input,
    callbacks: Callbacks,
    when_full: WhenFull,
    job: *mut jobring_job,
) -> Result<(), StatusError> {
    // SAFETY:
    // - the caller's.
    let (pool, _visit) = unsafe { submitter(at) }?;
    optional(job)?;
    // SAFETY:
    // - the caller's.
    let order = unsafe { Request::new(run, input, callbacks, pool.raw.payload_bytes()) }?;
    let timeout = match when_full {
        WhenFull::Wait(timeout) => timeout,
        WhenFull::Run => Timeout::Poll,
    };
    let reserved = match looked {
        FastPathMiss::NotYet => pool.raw.try_reserve(),
        // Whoever has looked has come past all that could be refused above.
        looked => pool.raw.try_reserve_from(looked),
    };
    let (reserved, _waited) = match reserved {
        Ok(reserved) => {
            if timeout != Timeout::Poll {
                pool.raw.pace(&reserved);
            }
            (reserved, None)
        }
        // On a pool without workers this runs a job.
        Err(ReserveError::Full) if timeout != Timeout::Poll => {
            keeping_errno(|| pool.raw.reserve_slow(timeout))?
        }
        Err(ReserveError::Full) if matches!(when_full, WhenFull::Run) => {
            // SAFETY:
            // - the caller's: the function takes this argument, and the callbacks may be called.
            keeping_errno(|| pool.raw.without_job(|| unsafe { order.run_here() }));
            return Ok(());
        }
        Err(refused) => return Err(refused.into()),
    };
    // SAFETY:
    // - reserved from this pool; the order was checked against its payload, and its kind takes what it writes.
    unsafe { hand_over(&pool.raw, reserved, order.vtable(), |payload| order.write(payload), job) };
    Ok(())
}

/// Publishes a job that `write` writes, and writes its handle if it is wanted.
///
/// # Safety
/// 1. `reserved` is of this pool, and `write` leaves what `vtable` takes in its payload; the submitter's promises hold.
/// 2. `job` is NULL or writable.
#[inline(always)]
unsafe fn hand_over<P: Port + Clone>(
    pool: &RawPool<Block<'static>, P>,
    reserved: Reserved,
    vtable: &'static JobVTable,
    write: impl FnOnce(Payload),
    job: *mut jobring_job,
) {
    // SAFETY:
    // - 1.
    let handle = unsafe { pool.publish(reserved, vtable, job.is_null(), write) };
    if !job.is_null() {
        // SAFETY:
        // - 2.
        unsafe { job.write(handle.to_bits()) };
    }
}
