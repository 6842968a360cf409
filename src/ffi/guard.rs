//! The checks that every call begins with.

use super::birth::{CPool, jobring_pool};
use super::port::Below;
use super::status::{Failed, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_OK, jobring_status};
use crate::lifecycle::Visit;
use crate::port::Timeout;
use core::mem::MaybeUninit;

/// The pool behind a pointer, if it is one: not NULL, aligned, marked as a living pool, and of this process.
///
/// # Safety
/// 1. `pool` is NULL or points to readable memory for the length of 'a; a destroyed pool's memory is the caller's
///    business.
pub(super) unsafe fn pool<'a>(pool: *const jobring_pool) -> Result<&'a CPool, Failed> {
    let pool: *const CPool = pool.cast();
    if pool.is_null() || !pool.is_aligned() {
        return Err(Failed(JOBRING_E_INVALID));
    }
    // SAFETY:
    // - 1; and the mark says that create or init made a pool here.
    unsafe {
        if !CPool::is_marked(pool) {
            return Err(Failed(JOBRING_E_INVALID));
        }
        let pool = &*pool;
        if pool.is_copy() { Err(Failed(JOBRING_E_FORKED)) } else { Ok(pool) }
    }
}

/// As `pool`, for calls that destroy waits for: the caller is counted as being inside until the visit is dropped.
///
/// # Safety
/// As pool.
pub(super) unsafe fn visit<'a>(pool: *const jobring_pool) -> Result<(&'a CPool, Visit<Below>), Failed> {
    // SAFETY:
    // - the caller's.
    let pool = unsafe { self::pool(pool) }?;
    Ok((pool, pool.raw.lifecycle().visit(pool.raw.port())))
}

/// As `pool`, for submits, which are counted only if the pool was made so.
///
/// # Safety
/// As pool.
#[inline]
pub(super) unsafe fn submitter<'a>(
    pool: *const jobring_pool,
) -> Result<(&'a CPool, Option<Visit<Below>>), Failed> {
    // SAFETY:
    // - the caller's.
    let pool = unsafe { self::pool(pool) }?;
    Ok((pool, pool.destroy_waits.then(|| pool.raw.lifecycle().visit(pool.raw.port()))))
}

/// Is `pointer` good to write a T to?
pub(super) fn output<T>(pointer: *mut T) -> Result<(), Failed> {
    if pointer.is_null() || !pointer.is_aligned() { Err(Failed(JOBRING_E_INVALID)) } else { Ok(()) }
}

/// As `output`, where NULL means that the caller does not want it.
pub(super) fn optional<T>(pointer: *mut T) -> Result<(), Failed> {
    if pointer.is_null() { Ok(()) } else { output(pointer) }
}

/// A timeout in nanoseconds: -1 is for ever, 0 does not wait, below -1 is invalid.
pub(super) fn timeout(nanos: i64) -> Result<Timeout, Failed> {
    match nanos {
        -1 => Ok(Timeout::Forever),
        0 => Ok(Timeout::Poll),
        nanos => u64::try_from(nanos).map(Timeout::Nanos).map_err(|_| Failed(JOBRING_E_INVALID)),
    }
}

/// A structure that begins with its size as a u32: where it is, or, if the caller knows only a beginning of it, in `room`, the
/// rest from `defaults`. A caller newer than this library is taken at its word only where it asks for nothing unknown: its
/// tail must be zero.
///
/// # Safety
/// 1. `at` is readable for 4 bytes, and for as many as the size that stands there says; for 'a it stays as it is.
/// 2. T begins with a u32, has no padding, and any bytes of a smaller caller are valid for it.
pub(super) unsafe fn known<'a, T>(
    at: *const T,
    defaults: &T,
    fewest: usize,
    room: &'a mut MaybeUninit<T>,
) -> Result<&'a T, Failed> {
    let invalid = Failed(JOBRING_E_INVALID);
    if at.is_null() || !at.is_aligned() {
        return Err(invalid);
    }
    // SAFETY:
    // - 1 and 2.
    let size = unsafe { at.cast::<u32>().read() } as usize;
    if size < fewest || size > 4096 {
        return Err(invalid);
    }
    let bytes: *const u8 = at.cast();
    for beyond in size_of::<T>()..size {
        // SAFETY:
        // - 1: below `size`.
        if unsafe { bytes.add(beyond).read() } != 0 {
            return Err(invalid);
        }
    }
    if size >= size_of::<T>() {
        // SAFETY:
        // - 1 and 2.
        return Ok(unsafe { &*at });
    }
    for i in 0..size_of::<T>() {
        let from = if i < size { bytes } else { core::ptr::from_ref(defaults).cast() };
        // SAFETY:
        // - 1, 2: below the size of what is read. Volatile, so that it stays a loop: memcpy is larger than all of this.
        unsafe { room.as_mut_ptr().cast::<u8>().add(i).write_volatile(from.add(i).read()) };
    }
    // SAFETY:
    // - every byte was written; 2.
    Ok(unsafe { room.assume_init_ref() })
}

/// Writes as much of `value`, whose first field is its size, as the caller has room for, and zeros beyond.
///
/// # Safety
/// 1. `at` is aligned, readable for 4 bytes, and writable for as many as the size that stands there says.
pub(super) unsafe fn write_prefix<T: Copy>(at: *mut T, value: T, fewest: usize) -> Result<(), Failed> {
    // SAFETY:
    // - 1.
    let size = unsafe { at.cast::<u32>().read() } as usize;
    if !(fewest..=4096).contains(&size) {
        return Err(Failed(JOBRING_E_INVALID));
    }
    // The size itself stays as the caller set it.
    let skip = size_of::<u32>();
    // SAFETY:
    // - 1; `value` is readable for the lesser of the two.
    unsafe {
        at.cast::<u8>().add(skip).write_bytes(0, size - skip);
        let from: *const u8 = (&raw const value).cast();
        at.cast::<u8>().add(skip).copy_from_nonoverlapping(from.add(skip), size.min(size_of::<T>()) - skip);
    }
    Ok(())
}

/// As `call`, for what leads out of the library, to the system or to functions of the caller's: they may change errno,
/// which is put back.
pub(super) fn call_out(body: impl FnOnce() -> Result<jobring_status, Failed>) -> jobring_status {
    call(|| keeping_errno(body))
}

/// As `done`, for what leads out of the library.
pub(super) fn done_out(body: impl FnOnce() -> Result<(), Failed>) -> jobring_status {
    done(|| keeping_errno(body))
}

/// Runs `body`, and puts errno back where there is one.
pub(super) fn keeping_errno<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(any(feature = "std", feature = "pthread"))]
    return crate::system::errno::kept(body);
    #[cfg(not(any(feature = "std", feature = "pthread")))]
    body()
}

/// Runs a call's body. A panic in it is a bug of ours; it must not unwind into C.
/// The status of what was done or failed.
#[inline(always)]
pub(super) fn status(outcome: Result<(), Failed>) -> jobring_status {
    match outcome {
        Ok(()) => JOBRING_OK,
        Err(Failed(status)) => status,
    }
}

pub(super) fn call(body: impl FnOnce() -> Result<jobring_status, Failed>) -> jobring_status {
    match body() {
        Ok(status) => status,
        Err(Failed(status)) => status,
    }
}

/// As `call`, for a body that is just done or failed.
pub(super) fn done(body: impl FnOnce() -> Result<(), Failed>) -> jobring_status {
    call(|| body().map(|()| JOBRING_OK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Grown {
        size: u32,
        first: u32,
        since: u32,
    }

    /// What is read of a structure whose caller says that it has this size.
    fn read(size: u32) -> Option<(Grown, bool)> {
        let theirs = [Grown { size, first: 2, since: 3 }, Grown { size: 0, first: 0, since: 0 }];
        let defaults = Grown { size: 12, first: 70, since: 80 };
        let mut room = MaybeUninit::uninit();
        // SAFETY:
        // - 1: the sizes below are within the array, or refused. 2: so it is.
        let known = unsafe { known(theirs.as_ptr(), &defaults, 8, &mut room) }.ok()?;
        Some((*known, core::ptr::eq(known, theirs.as_ptr())))
    }

    #[test]
    fn of_a_structure_is_read_what_its_caller_knows_of_it() {
        assert_eq!(read(12), Some((Grown { size: 12, first: 2, since: 3 }, true)));
        assert_eq!(read(8), Some((Grown { size: 8, first: 2, since: 80 }, false)), "the rest is a default");
        assert_eq!(read(24), Some((Grown { size: 24, first: 2, since: 3 }, true)), "its tail is zero");
        assert_eq!(read(7), None);
        assert_eq!(read(4097), None);
    }
}
