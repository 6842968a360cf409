//! The calls on a handle.

use super::abi_struct::known;
use super::call::{call, call_out, done_out, limit, optional, pool, timeout, visit};
use super::failure::{JobFailure, error};
use super::job::{result, why_dropped};
use super::pool::CPool;
use super::room::Room;
use super::status::{
    JOBRING_E_BUSY, JOBRING_E_FAILED, JOBRING_E_INVALID, JOBRING_E_TIMEDOUT, JOBRING_OK, JOBRING_PENDING,
    StatusError, jobring_status,
};
use super::types::{
    JOBRING_WAIT_DEADLINE, JOBRING_WAIT_HELP, JOBRING_WAIT_PEEK, JOBRING_WAIT_POLL, jobring_job,
    jobring_outcome, jobring_pool, jobring_wait_options,
};
use crate::engine::{Completion, Disposition, WaitOptions};
use crate::job::context::CallChain;
use crate::job::id::JobId;
use crate::platform::port::{Port, Timeout};
use core::ffi::{c_char, c_void};
use core::mem::MaybeUninit;

/// Waits until a job has finished, and takes its result.
///
/// The handle is stale afterwards. jobring_wait_opts() tells more about the job; this is the short form for the result alone.
///
/// Inside a job of this pool, and without a time limit, a job that is still queued runs right here on this thread's
/// stack, so that no worker stands still for it: that very job and no other. (Locks and thread-locals of the two jobs
/// are then one thread's.) On a pool without workers the caller runs the queued jobs in their order.
///
/// - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
/// - `result`: where what the job returned is written, on JOBRING_OK; and on JOBRING_E_FAILED, if the job was submitted with
///   jobring_submit_options.move and left an error;
///   in a build without threads only jobring_wait_opts() returns that. NULL if it is not wanted.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_FAILED: the job called jobring_fail().
/// - JOBRING_E_CANCELLED, JOBRING_E_SHUTDOWN: the job was cancelled, or a shutdown discarded it.
/// - JOBRING_E_TIMEDOUT: the job and its handle are as before.
/// - JOBRING_E_STALE: another thread took the result, the job was detached, or the handle is not of this pool.
/// - JOBRING_E_DEADLOCK: the caller is inside this very job, or, without a time limit, inside a job that this one
///   waits for, directly or through others. Of several jobs that wait for each other in a circle one gets it.
/// - JOBRING_E_STACK: this stack has no room for the queued job (stack_reserve of jobring_config), or the caller is a
///   job on a stack that is not its thread's own (a fiber), and no other worker is there to run it.
/// - JOBRING_E_INTERRUPTED: an interrupt was raised (jobring_interrupt_begin()). The job and its handle are as before.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does not allocate;
/// the system's library may, where stack_reserve of jobring_config says so.
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
        unsafe { take(pool, job, timeout(timeout_ns)?, result) }
    })
}

/// Takes the result of a job if it has finished.
///
/// It is jobring_wait() that never waits, and may be called from an interrupt.
///
/// - `result`: where what the job returned is written, on JOBRING_OK; and on JOBRING_E_FAILED, if the job was submitted with
///   jobring_submit_options.move and left an error (a build without threads leaves that to jobring_wait_opts()). NULL if it is not
///   wanted.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_PENDING: the job has not finished.
/// - JOBRING_E_FAILED, JOBRING_E_CANCELLED, JOBRING_E_SHUTDOWN, JOBRING_E_STALE, JOBRING_E_INVALID: as for jobring_wait().
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler; from an interrupt on a pool
/// without a port. Does not block or allocate.
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
        pending(unsafe { take(pool, job, Timeout::Poll, result) })
    })
}

/// What a call that does not wait returns for a job that has not ended.
fn pending(status: Result<jobring_status, StatusError>) -> Result<jobring_status, StatusError> {
    match status {
        Err(StatusError(JOBRING_E_TIMEDOUT)) => Ok(JOBRING_PENDING),
        other => other,
    }
}

/// # Safety
/// As for jobring_wait().
unsafe fn take(
    at: *mut jobring_pool,
    job: jobring_job,
    timeout: Timeout,
    out: *mut *mut c_void,
) -> Result<jobring_status, StatusError> {
    // SAFETY:
    // - the caller's.
    let (pool, _visit) = unsafe { visit(at) }?;
    optional(out)?;
    let (mut status, mut value) = (JOBRING_E_FAILED, core::ptr::null_mut());
    let how = WaitOptions::default();
    pool.raw.wait(JobId::from_bits(job), timeout, how, &mut |_, payload, taken| {
        // SAFETY:
        // - a C job that ended like this; its body is ours in this call.
        unsafe {
            match taken {
                Completion::Done => (status, value) = (JOBRING_OK, result(payload)),
                // A firmware that does not move values has no code for their errors.
                Completion::Failed if cfg!(any(feature = "std", feature = "pthread")) => {
                    value = error(payload)
                }
                Completion::Failed => {}
                Completion::Cancelled => status = why_dropped(payload),
            }
        }
        Disposition::Take
    })?;
    let has_error = cfg!(any(feature = "std", feature = "pthread")) && !value.is_null();
    if (status == JOBRING_OK || has_error) && !out.is_null() {
        // SAFETY:
        // - checked above.
        unsafe { out.write(value) };
    }
    Ok(status)
}

/// Waits until a job has finished, tells what became of it, and takes its result.
///
/// Without options it waits as jobring_wait() does. With JOBRING_WAIT_PEEK it takes nothing: the job and its handle stay as
/// they are.
///
/// - `options`: how to wait, or NULL for all defaults.
/// - `outcome`: what is filled in, or NULL if it is not wanted. The caller sets its `size`, `data`, `capacity` and `move`, as
///   JOBRING_OUTCOME_INIT does for one that wants neither the text of a failure nor copied data.
///
/// Returns:
/// - JOBRING_OK, JOBRING_E_FAILED, JOBRING_E_CANCELLED, JOBRING_E_SHUTDOWN: the `status` of the outcome, which is filled in.
/// - JOBRING_PENDING: with JOBRING_WAIT_POLL, if the job has not finished.
/// - JOBRING_E_SIZE: the job's data are longer than `capacity`. The job stays as it was; only `length` is written.
/// - JOBRING_E_STALE: as for jobring_wait(). `data` may hold anything. (If another thread detaches the job while this call
///   looks at it, the drop callback gets the result on this thread.)
/// - JOBRING_E_INVALID: also for unknown flags, a structure that is too small, a `capacity` or a `move` without `data`, and a
///   `move` with JOBRING_WAIT_PEEK.
/// - What jobring_wait() returns otherwise.
///
/// From where jobring_wait() may be called; with JOBRING_WAIT_POLL from where jobring_poll() may be called, and then it does
/// not block. Does not allocate, as jobring_wait().
///
/// # Safety
/// `pool` is a pool or NULL; `options` is NULL or a jobring_wait_options; `outcome` is NULL or a jobring_outcome, whose `data` is
/// writable for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_wait_opts(
    pool: *mut jobring_pool,
    job: jobring_job,
    options: *const jobring_wait_options,
    outcome: *mut jobring_outcome,
) -> jobring_status {
    call_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        // SAFETY:
        // - the caller's.
        let (timeout, flags) = unsafe { read_options(options, pool) }?;
        // SAFETY:
        // - the caller's.
        let room = unsafe { Room::of(outcome) }?;
        let peeks = flags & JOBRING_WAIT_PEEK != 0;
        if peeks && room.moves() {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        let how = WaitOptions {
            may_leave: peeks || room.may_be_too_small(),
            help: flags & JOBRING_WAIT_HELP != 0,
            ..Default::default()
        };
        let mut found = Err(0);
        let waited = pool.raw.wait(JobId::from_bits(job), timeout, how, &mut |vtable, payload, taken| {
            // SAFETY:
            // - the caller's; a C job that ended like this; its body is ours in this call.
            found = unsafe { room.read(pool, job, vtable, payload, taken) };
            if peeks || found.is_err() { Disposition::Leave } else { Disposition::Take }
        });
        if let Err(error) = waited {
            let status = Err(error.into());
            return if timeout == Timeout::Poll { pending(status) } else { status };
        }
        // SAFETY:
        // - the caller's.
        unsafe {
            match found {
                Ok(outcome) => room.write(outcome).map(|()| outcome.status),
                Err(length) => Err(room.too_small(length)),
            }
        }
    })
}

const DEFAULTS: jobring_wait_options =
    jobring_wait_options { size: size_of::<jobring_wait_options>() as u32, flags: 0, limit_ns: 0 };

/// The size of the smallest structure that was ever published.
const FIRST_SIZE: usize = size_of::<jobring_wait_options>();

/// How long to wait from now on, and the flags.
///
/// # Safety
/// 1. `options` is NULL or a jobring_wait_options.
pub(super) unsafe fn read_options(
    options: *const jobring_wait_options,
    pool: &CPool,
) -> Result<(Timeout, u32), StatusError> {
    if options.is_null() {
        return Ok((Timeout::Forever, 0));
    }
    let mut room = MaybeUninit::uninit();
    // SAFETY:
    // - 1; every field of the structure is valid when zero.
    let options = unsafe { known(options, &DEFAULTS, FIRST_SIZE, &mut room) }?;
    let &jobring_wait_options { flags, limit_ns, .. } = options;
    if flags > JOBRING_WAIT_HELP | JOBRING_WAIT_POLL | JOBRING_WAIT_PEEK | JOBRING_WAIT_DEADLINE {
        return Err(StatusError(JOBRING_E_INVALID));
    }
    let limit = limit(limit_ns)?;
    let limit = match limit {
        // Without a clock every time has passed, as every finite timeout has.
        Timeout::Nanos(end) if flags & JOBRING_WAIT_DEADLINE != 0 => {
            Timeout::Nanos(end.saturating_sub(pool.raw.port().now().unwrap_or(end)))
        }
        limit => limit,
    };
    Ok((if flags & JOBRING_WAIT_POLL != 0 { Timeout::Poll } else { limit }, flags))
}

/// Cancels a job that is still queued, or asks a running job to stop.
///
/// The done and drop callbacks of a cancelled job run on this thread before the call returns, and threads that wait for the job
/// get JOBRING_E_CANCELLED. The handle stays good until a wait has delivered that, or it is detached.
///
/// Returns:
/// - JOBRING_OK: this call cancelled the job, and no other call returns that.
/// - JOBRING_E_BUSY: the job runs or has finished, another call cancelled it, or a shutdown discarded it. A running job is
///   asked to stop, which it sees by jobring_cancel_requested(); asking again changes nothing.
/// - JOBRING_E_STALE, JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler; from an interrupt on a pool
/// without a port. Does not block or allocate, except for what the callbacks do.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_cancel(pool: *mut jobring_pool, job: jobring_job) -> jobring_status {
    call_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        Ok(if pool.raw.cancel(JobId::from_bits(job))? { JOBRING_OK } else { JOBRING_E_BUSY })
    })
}

/// Gives up a job's result.
///
/// The job runs all the same; a result that is not NULL goes to its drop callback. Threads that wait for it get
/// JOBRING_E_STALE. A running job may detach itself.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_STALE, JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler; from an interrupt on a pool
/// without a port. Does not block or allocate, except for what the callback does.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_detach(pool: *mut jobring_pool, job: jobring_job) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        Ok(pool.raw.detach(JobId::from_bits(job))?)
    })
}

/// Tells whether the job that calls this was asked to stop by jobring_cancel().
///
/// Returns:
/// - 1 if it was, 0 if not.
/// - JOBRING_E_INVALID: outside of this pool's jobs.
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

/// Makes the job that calls this a failed one when it returns.
///
/// A wait for it gives JOBRING_E_FAILED, and its outcome has `code` and `text`. The last call counts.
///
/// - `code`: any number.
/// - `text`: a C string, or NULL for none. A done callback sees up to 119 bytes of it. A wait sees as many as the slot has
///   room for: the payload less 8 bytes and a word (32 of 48), at most 119.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID: outside of jobs.
///
/// From inside a job. Does not block or allocate.
///
/// # Safety
/// `text` is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_fail(code: i32, text: *const c_char) -> jobring_status {
    // The context of a Rust closure, or of a worker outside of jobs, has no place for a failure.
    let noted = CallChain(super::c_port::current())
        .find(|context| !context.is_scope())
        .map(|context| context.vtable_data.get().cast::<JobFailure>());
    match noted.filter(|failure| !failure.is_null()) {
        None => JOBRING_E_INVALID,
        Some(failure) => {
            // SAFETY:
            // - only a C job's `run` sets the context's `vtable_data`, to a JobFailure that lives while the job runs, on
            //   this thread; the caller's.
            unsafe { (*failure).note(code, text.cast()) };
            JOBRING_OK
        }
    }
}
