//! The checks that every call begins with.

use super::c_port::CPort;
use super::pool::CPool;
use super::status::{JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_OK, StatusError, jobring_status};
use super::types::jobring_pool;
use crate::engine::lifecycle::Visit;
use crate::platform::keeping_errno;
use crate::platform::port::{Port, Timeout};
use crate::sync::{Bug, bug};

/// The pool behind a pointer, if it is one: not NULL, aligned, marked as a living pool, and of this process.
///
/// # Safety
/// 1. `pool` is NULL or points to readable memory for the length of 'a; a destroyed pool's memory is the caller's
///    business.
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
    // In another process than the one that made the pool?
    if pool.forks != pool.raw.port().forks() && !bug(Bug::ChildTakesThePool) {
        return Err(StatusError::refuse(JOBRING_E_FORKED));
    }
    Ok(pool)
}

/// As `pool`, for calls that destroy waits for: the caller is counted as being inside until the visit is dropped.
///
/// # Safety
/// As pool.
pub(super) unsafe fn visit<'a>(pool: *const jobring_pool) -> Result<(&'a CPool, Visit<CPort>), StatusError> {
    // SAFETY:
    // - the caller's.
    let pool = unsafe { self::pool(pool) }?;
    Ok((pool, pool.raw.lifecycle().visit(pool.raw.port())))
}

/// Is `pointer` good to write a T to?
pub(super) fn output<T>(pointer: *mut T) -> Result<(), StatusError> {
    if pointer.is_null() || !pointer.is_aligned() {
        Err(StatusError::refuse(JOBRING_E_INVALID))
    } else {
        Ok(())
    }
}

/// As `output`, where NULL means that the caller does not want it.
pub(super) fn optional<T>(pointer: *mut T) -> Result<(), StatusError> {
    if pointer.is_null() { Ok(()) } else { output(pointer) }
}

/// A timeout in nanoseconds: -1 is for ever, 0 does not wait, below -1 is invalid.
pub(super) fn timeout(nanos: i64) -> Result<Timeout, StatusError> {
    match nanos {
        -1 => Ok(Timeout::Forever),
        0 => Ok(Timeout::Poll),
        nanos => u64::try_from(nanos).map(Timeout::Nanos).map_err(|_| StatusError(JOBRING_E_INVALID)),
    }
}

/// As `call`, for what leads out of the library, to the system or to functions of the caller's: they may change errno,
/// which is put back.
pub(super) fn call_out(body: impl FnOnce() -> Result<jobring_status, StatusError>) -> jobring_status {
    call(|| keeping_errno(body))
}

/// As `done`, for what leads out of the library.
pub(super) fn done_out(body: impl FnOnce() -> Result<(), StatusError>) -> jobring_status {
    done(|| keeping_errno(body))
}

/// The status of what was done or failed.
#[inline(always)]
pub(super) fn status(outcome: Result<(), StatusError>) -> jobring_status {
    match outcome {
        Ok(()) => JOBRING_OK,
        Err(StatusError(status)) => status,
    }
}

/// The status of a call's body, which has one of its own where it did not fail.
pub(super) fn call(body: impl FnOnce() -> Result<jobring_status, StatusError>) -> jobring_status {
    match body() {
        Ok(status) => status,
        Err(StatusError(status)) => status,
    }
}

/// As `call`, for a body that is just done or failed.
pub(super) fn done(body: impl FnOnce() -> Result<(), StatusError>) -> jobring_status {
    call(|| body().map(|()| JOBRING_OK))
}
