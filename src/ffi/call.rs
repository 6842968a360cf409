//! The checks that every call begins with.

use super::c_port::CPort;
use super::pool::CPool;
use super::status::{JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_OK, StatusError, jobring_status};
use super::types::jobring_pool;
use crate::engine::lifecycle::Visit;
use crate::platform::keeping_errno;
use crate::platform::port::{Origin, Port, Timeout};
use crate::sync::{Bug, bug};

/// The pool behind a pointer, if it is one: not NULL, aligned, marked as a living pool, and of this process.
///
/// # Safety
/// 1. `pool` is NULL or points to memory that is readable during 'a. A caller that passes a destroyed pool is
///    responsible for its memory.
pub(super) unsafe fn pool<'a>(pool: *const jobring_pool) -> Result<&'a CPool, StatusError> {
    let pool: *const CPool = pool.cast();
    if pool.is_null() || !pool.is_aligned() {
        return Err(StatusError::refuse(JOBRING_E_INVALID));
    }
    // SAFETY:
    // - 1. No address is its own complement, and zeroed memory never matches.
    if unsafe { (&raw const (*pool).mark).read() } != !(pool as usize) {
        return Err(StatusError::refuse(JOBRING_E_INVALID));
    }
    // SAFETY:
    // - the mark says that create or init made a pool here.
    let pool = unsafe { &*pool };
    // Was the pool made by another process?
    if pool.forks != pool.raw.port().forks() && !bug(Bug::ChildTakesThePool) {
        return Err(StatusError::refuse(JOBRING_E_FORKED));
    }
    Ok(pool)
}

/// As `pool`, for calls that destroy waits for: the caller counts as a visitor until the visit is dropped.
///
/// # Safety
/// As for pool.
pub(super) unsafe fn visit<'a>(pool: *const jobring_pool) -> Result<(&'a CPool, Visit<CPort>), StatusError> {
    // SAFETY:
    // - the caller's.
    let pool = unsafe { self::pool(pool) }?;
    Ok((pool, pool.raw.lifecycle().visit(pool.raw.port(), Origin::Thread)))
}

/// Checks that a T can be written to `pointer`: not NULL, and aligned.
pub(super) fn output<T>(pointer: *mut T) -> Result<(), StatusError> {
    if pointer.is_null() || !pointer.is_aligned() {
        Err(StatusError::refuse(JOBRING_E_INVALID))
    } else {
        Ok(())
    }
}

/// As `output`, except that NULL is allowed: the caller does not want the value.
pub(super) fn optional<T>(pointer: *mut T) -> Result<(), StatusError> {
    if pointer.is_null() { Ok(()) } else { output(pointer) }
}

/// A timeout in nanoseconds: -1 waits for ever, 0 does not wait, below -1 is invalid.
pub(super) fn timeout(nanos: i64) -> Result<Timeout, StatusError> {
    match nanos {
        -1 => Ok(Timeout::Forever),
        0 => Ok(Timeout::Poll),
        nanos => u64::try_from(nanos).map(Timeout::Nanos).map_err(|_| StatusError(JOBRING_E_INVALID)),
    }
}

/// The time limit of options: 0 is none, else as `timeout`.
#[inline]
pub(super) fn limit(nanos: i64) -> Result<Timeout, StatusError> {
    if nanos == 0 { Ok(Timeout::Forever) } else { timeout(nanos) }
}

/// As `call`, for a body that calls the system or user code. Those may change errno; it is restored.
pub(super) fn call_out(body: impl FnOnce() -> Result<jobring_status, StatusError>) -> jobring_status {
    call(|| keeping_errno(body))
}

/// As `done`, for a body that calls the system or user code.
pub(super) fn done_out(body: impl FnOnce() -> Result<(), StatusError>) -> jobring_status {
    done(|| keeping_errno(body))
}

/// The status of a call that succeeded or failed.
#[inline(always)]
pub(super) fn status(outcome: Result<(), StatusError>) -> jobring_status {
    match outcome {
        Ok(()) => JOBRING_OK,
        Err(StatusError(status)) => status,
    }
}

/// Calls the body and returns its status, or its error as a status.
pub(super) fn call(body: impl FnOnce() -> Result<jobring_status, StatusError>) -> jobring_status {
    match body() {
        Ok(status) => status,
        Err(StatusError(status)) => status,
    }
}

/// As `call`, for a body whose success has no status of its own.
pub(super) fn done(body: impl FnOnce() -> Result<(), StatusError>) -> jobring_status {
    call(|| body().map(|()| JOBRING_OK))
}
