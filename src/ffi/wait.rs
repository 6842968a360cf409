//! What C can do with a handle.

use super::call::{call, call_out, done_out, optional, pool, timeout, visit};
use super::failure::{JobFailure, failure};
use super::job::{length, result};
use super::status::{
    JOBRING_E_BUSY, JOBRING_E_CANCELLED, JOBRING_E_FAILED, JOBRING_E_INVALID, JOBRING_E_SIZE,
    JOBRING_E_STALE, JOBRING_OK, JOBRING_PENDING, StatusError, jobring_status,
};
use super::types::jobring_job;
use super::types::jobring_pool;
use crate::engine::{Disposition, Taken, WaitError, WaitOptions};
use crate::job::context::CallChain;
use crate::job::id::Job;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::Timeout;
use core::ffi::{CStr, c_char, c_void};

/// Waits until a job is over, and takes its result: the handle is stale afterwards.
///
/// `timeout_ns`: nanoseconds; JOBRING_FOREVER; 0 does not wait. `result`: where what the job returned is written, on
/// JOBRING_OK only; NULL if it is not wanted.
///
/// Inside a job of this pool, and without a time limit, a job that is still queued is run right here on this
/// thread's stack, so that no worker stands still for it; that very job and no other. (Locks and thread-locals of the
/// two jobs are then one thread's.) On a pool without workers the caller runs the queued jobs in their order.
///
/// Returns JOBRING_OK; JOBRING_E_FAILED (the job called jobring_fail(): see jobring_error()); JOBRING_E_CANCELLED
/// (cancelled, or discarded by a shutdown); JOBRING_E_TIMEDOUT: job and handle are as before; JOBRING_E_STALE: another
/// thread took the result, the job was detached, or the handle never was one of this pool; JOBRING_E_DEADLOCK: the
/// caller is inside this very job, or, without a timeout, inside a job that this one waits for, directly or through others:
/// of several jobs that wait for each other in a circle one gets it; JOBRING_E_STACK: no room on this stack for the queued
/// job (see stack_reserve of jobring_config), or the caller is a job on a stack that is not its thread's own (a fiber), and
/// no other worker is there to run it; JOBRING_E_INVALID.
///
/// From any thread, a job or a callback included; not from a signal handler. Blocks. Does not allocate; the system's library may,
/// where stack_reserve of jobring_config says so.
///
/// # Safety
/// `pool` is a pool or NULL; `result` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_wait(
    pool: *mut jobring_pool,
    job: jobring_job,
    timeout_ns: i64,
    result: *mut *mut c_void,
) -> jobring_status {
    call_out(|| {
        // SAFETY:
        // - the caller's.
        unsafe { take(pool, job, timeout(timeout_ns)?, false, result) }
    })
}

/// For jobring_wait_flags(): a job that is still queued is run by the calling thread, on its own stack, even if it is no job
/// of the pool.
pub const JOBRING_WAIT_HELP: u32 = 1;

/// As jobring_wait(), with flags. With JOBRING_WAIT_HELP the wait may take longer than `timeout_ns` says: as long as the job,
/// if this thread runs it. A timeout of 0 runs nothing.
///
/// `flags`: 0 or JOBRING_WAIT_HELP. `result`: as for jobring_wait().
///
/// Returns what jobring_wait() does; JOBRING_E_INVALID also for other flags.
///
/// From where jobring_wait() may be called.
///
/// # Safety
/// As jobring_wait().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_wait_flags(
    pool: *mut jobring_pool,
    job: jobring_job,
    timeout_ns: i64,
    flags: u32,
    result: *mut *mut c_void,
) -> jobring_status {
    call_out(|| {
        if flags > JOBRING_WAIT_HELP {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        // SAFETY:
        // - the caller's.
        unsafe { take(pool, job, timeout(timeout_ns)?, flags == JOBRING_WAIT_HELP, result) }
    })
}

/// Takes the result of a job if it is over: jobring_wait() that does not wait.
///
/// `result`: where what the job returned is written, on JOBRING_OK only; NULL if it is not wanted.
///
/// Returns JOBRING_OK; JOBRING_PENDING if the job is not over; JOBRING_E_FAILED; JOBRING_E_CANCELLED; JOBRING_E_STALE;
/// JOBRING_E_INVALID.
///
/// From any thread, a job or a callback included; not from a signal handler, and from an interrupt
/// only on a pool without a port. Neither blocks nor allocates.
///
/// # Safety
/// As jobring_wait().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_poll(
    pool: *mut jobring_pool,
    job: jobring_job,
    result: *mut *mut c_void,
) -> jobring_status {
    call(|| {
        // SAFETY:
        // - the caller's.
        match unsafe { take(pool, job, Timeout::Poll, false, result) } {
            Err(StatusError(super::status::JOBRING_E_TIMEDOUT)) => Ok(JOBRING_PENDING),
            other => other,
        }
    })
}

/// # Safety
/// As jobring_wait().
unsafe fn take(
    at: *mut jobring_pool,
    job: jobring_job,
    timeout: Timeout,
    help: bool,
    out: *mut *mut c_void,
) -> Result<jobring_status, StatusError> {
    // SAFETY:
    // - the caller's.
    let (pool, _visit) = unsafe { visit(at) }?;
    optional(out)?;
    let mut value = core::ptr::null_mut();
    let taken = pool.raw.wait_as(
        Job::from_bits(job),
        timeout,
        WaitOptions { help, ..Default::default() },
        &mut |_, payload, taken| match taken {
            Taken::Done => {
                // SAFETY:
                // - a C job that is done, delivered to us.
                value = unsafe { result(payload) };
                Disposition::Take
            }
            Taken::Failed | Taken::Cancelled => Disposition::Take,
        },
    )?;
    if taken == Taken::Done && !out.is_null() {
        // SAFETY:
        // - checked above.
        unsafe { out.write(value) };
    }
    Ok(status_of(taken))
}

fn status_of(taken: Taken) -> jobring_status {
    match taken {
        Taken::Done => JOBRING_OK,
        Taken::Failed => JOBRING_E_FAILED,
        Taken::Cancelled => JOBRING_E_CANCELLED,
    }
}

/// Waits for a job submitted by copy and takes what it left in its data: as many bytes as were copied in. What the job
/// returned is not handed out: unless it is NULL it goes to the drop callback, before this returns.
///
/// `buffer`, `size`: where to; `buffer` may be NULL if `size` is 0. `needed`: where the number of bytes is written, on
/// JOBRING_OK and JOBRING_E_SIZE; NULL if it is not wanted.
///
/// Returns what jobring_wait() does; JOBRING_E_SIZE if the buffer is too small, and JOBRING_E_INVALID if the job was not
/// submitted by copy: then nothing is taken.
///
/// From where jobring_wait() may be called.
///
/// # Safety
/// As jobring_wait(); `buffer` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_wait_copy(
    pool: *mut jobring_pool,
    job: jobring_job,
    timeout_ns: i64,
    buffer: *mut c_void,
    size: usize,
    needed: *mut usize,
) -> jobring_status {
    call_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        optional(needed)?;
        if buffer.is_null() && size > 0 {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        let mut found = JOBRING_OK;
        let mut bytes = 0;
        let taken = pool.raw.wait_as(
            Job::from_bits(job),
            timeout(timeout_ns)?,
            WaitOptions { may_leave: true, ..Default::default() },
            &mut |vtable, payload, taken| match taken {
                _ if !vtable.by_copy => {
                    found = JOBRING_E_INVALID;
                    Disposition::Leave
                }
                Taken::Done => {
                    // SAFETY:
                    // - a job by copy that is done, delivered to us.
                    bytes = unsafe { length(payload) };
                    if bytes > size {
                        found = JOBRING_E_SIZE;
                        return Disposition::Leave;
                    }
                    if bytes > 0 {
                        // SAFETY:
                        // - the data is `bytes` long; the caller's buffer is at least that, and no part of a slot.
                        unsafe { buffer.cast::<u8>().copy_from_nonoverlapping(payload.at, bytes) };
                    }
                    Disposition::TakePart
                }
                Taken::Failed | Taken::Cancelled => Disposition::Take,
            },
        )?;
        if taken == Taken::Done && found != JOBRING_E_INVALID && !needed.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { needed.write(bytes) };
        }
        Ok(if found == JOBRING_OK { status_of(taken) } else { found })
    })
}

/// Cancels a job that is still queued. Its done and drop callbacks run on this thread before this returns, and its
/// waiters get JOBRING_E_CANCELLED; the handle stays good until a wait has delivered that, or it is detached.
///
/// Returns JOBRING_OK: this call cancelled the job, and no other call returns that. JOBRING_E_BUSY if the job runs or is over,
/// also if another call cancelled it, or a shutdown discarded it. A running job is asked to stop, which it can see by
/// jobring_cancel_requested(); asking again changes nothing. JOBRING_E_STALE; JOBRING_E_INVALID.
///
/// From any thread, a job or a callback included; not from a signal handler, and from an interrupt
/// only on a pool without a port. Does not block or allocate, except for
/// what the callbacks do.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_cancel(pool: *mut jobring_pool, job: jobring_job) -> jobring_status {
    call_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        Ok(if pool.raw.cancel(Job::from_bits(job))? { JOBRING_OK } else { JOBRING_E_BUSY })
    })
}

/// Gives up a job's result. The job runs all the same; a result that is not NULL goes to its drop callback. Threads
/// that wait for it get JOBRING_E_STALE. A running job may detach itself.
///
/// Returns JOBRING_OK; JOBRING_E_STALE; JOBRING_E_INVALID.
///
/// From any thread, a job or a callback included; not from a signal handler, and from an interrupt
/// only on a pool without a port. Does not block or allocate, except for
/// what the callback does.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_detach(pool: *mut jobring_pool, job: jobring_job) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        Ok(pool.raw.detach(Job::from_bits(job))?)
    })
}

/// Was the job that calls this asked to stop, by jobring_cancel()?
///
/// Returns 1 if so, 0 if not; JOBRING_E_INVALID outside of this pool's jobs.
///
/// From inside a job. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_cancel_requested(pool: *const jobring_pool) -> i32 {
    call(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        pool.raw.cancel_requested().map(i32::from).ok_or(StatusError(JOBRING_E_INVALID))
    })
}

/// Makes the job that calls this a failed one when it returns: waiting for it gives JOBRING_E_FAILED, and jobring_error()
/// tells `code`. The last call counts.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID outside of jobs.
///
/// From inside a job. Does not block or allocate.
#[unsafe(no_mangle)]
pub extern "C" fn jobring_fail(code: i32) -> jobring_status {
    fail(code, &[])
}

/// As jobring_fail(), with a text for jobring_error(). Of it as much is kept as the slot has room for: the payload less 8
/// bytes (40 of 48), and never more than 120.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID outside of jobs, or if `text` is NULL.
///
/// From inside a job. Does not block or allocate.
///
/// # Safety
/// `text` is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_fail_text(code: i32, text: *const c_char) -> jobring_status {
    if text.is_null() {
        return JOBRING_E_INVALID;
    }
    // SAFETY:
    // - the caller's.
    fail(code, unsafe { CStr::from_ptr(text) }.to_bytes())
}

fn fail(code: i32, text: &[u8]) -> jobring_status {
    // A Rust closure's frame, or a worker's outside of jobs, has no failure to note.
    let noted =
        CallChain(super::port::current()).next().map(|frame| frame.vtable_data.get().cast::<JobFailure>());
    match noted.filter(|failure| !failure.is_null()) {
        None => JOBRING_E_INVALID,
        Some(failure) => {
            // SAFETY:
            // - only run of a C job sets the frame's locals, to a Failure that lives while the job runs, on this
            //   thread.
            unsafe { &*failure }.note(code, text);
            JOBRING_OK
        }
    }
}

/// How a job failed. The job stays as it is.
///
/// From when the job is over until its result is taken.
///
/// `code`: where the code is written. `buffer`, `size`: where the text goes, with a zero behind it, cut to fit.
/// `needed`: where the bytes are written that the whole text and its zero take. On JOBRING_OK only; each may be NULL.
///
/// Returns JOBRING_OK; JOBRING_PENDING if the job is not over; JOBRING_E_STALE if there is no failure to be read;
/// JOBRING_E_INVALID.
///
/// From any thread, a job or a callback included; not from a signal handler, and from an interrupt
/// only on a pool without a port. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `code` and `needed` are NULL or writable; `buffer` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_error(
    pool: *mut jobring_pool,
    job: jobring_job,
    code: *mut i32,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> jobring_status {
    call(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        optional(code)?;
        optional(needed)?;
        let read = |payload: Payload| {
            // SAFETY:
            // - a C job that failed, whose body is ours during this call.
            let (found, text) = unsafe { failure(payload) };
            // SAFETY:
            // - checked above; the buffer as the caller promises. Slot and buffer do not overlap.
            unsafe {
                if !code.is_null() {
                    code.write(found);
                }
                if !needed.is_null() {
                    needed.write(text.len() + 1);
                }
                if !buffer.is_null() && size > 0 {
                    let cut = text.len().min(size - 1);
                    buffer.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), cut);
                    buffer.add(cut).write(0);
                }
            }
        };
        let options = WaitOptions { may_leave: true, ..Default::default() };
        let mut look = |_: &'static JobVTable, payload, taken| {
            if taken == Taken::Failed {
                read(payload);
            }
            Disposition::Leave
        };
        match pool.raw.wait_as(Job::from_bits(job), Timeout::Poll, options, &mut look) {
            Err(WaitError::Pending) => Ok(JOBRING_PENDING),
            Err(error) => Err(error.into()),
            Ok(Taken::Failed) => Ok(JOBRING_OK),
            Ok(_) => Ok(JOBRING_E_STALE),
        }
    })
}
