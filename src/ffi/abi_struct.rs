//! Structures that grow from release to release. Each begins with the size that its caller knows.

use super::status::{JOBRING_E_INVALID, StatusError};
use core::mem::MaybeUninit;

/// The largest size that a caller may state.
pub(super) const MOST: usize = 4096;

/// Reads a structure that begins with its size as a u32. Returns it in place or, if the caller knows only a
/// prefix of it, a copy in `room` with the rest from `defaults`. A caller that is newer than this library may
/// ask for nothing unknown: its tail must be zero.
///
/// # Safety
/// 1. `at` is readable for 4 bytes, and for the number of bytes that is stored there; it does not change
///    during 'a.
/// 2. T begins with a u32 and has no padding, and any bytes of a smaller caller are valid for it.
pub(super) unsafe fn known<'a, T>(
    at: *const T,
    defaults: &T,
    min_size: usize,
    room: &'a mut MaybeUninit<T>,
) -> Result<&'a T, StatusError> {
    let invalid = StatusError(JOBRING_E_INVALID);
    if at.is_null() || !at.is_aligned() {
        return Err(invalid);
    }
    // SAFETY:
    // - 1 and 2.
    let size = unsafe { at.cast::<u32>().read() } as usize;
    if size < min_size || size > MOST {
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
        // - 1, 2: below the size of what is read. The write is volatile, so that this stays a loop: memcpy is
        //   larger than all of it.
        unsafe { room.as_mut_ptr().cast::<u8>().add(i).write_volatile(from.add(i).read()) };
    }
    // SAFETY:
    // - every byte was written; 2.
    Ok(unsafe { room.assume_init_ref() })
}

/// Writes as much of `value`, whose first field is its size, as the caller has room for, and zeros after it.
///
/// # Safety
/// 1. `at` is aligned, readable for 4 bytes, and writable for the number of bytes that is stored there.
pub(super) unsafe fn write_prefix<T: Copy>(at: *mut T, value: T, min_size: usize) -> Result<(), StatusError> {
    // SAFETY:
    // - 1.
    let size = unsafe { at.cast::<u32>().read() } as usize;
    if !(min_size..=MOST).contains(&size) {
        return Err(StatusError(JOBRING_E_INVALID));
    }
    // The size stays as the caller set it.
    let skip = size_of::<u32>();
    // SAFETY:
    // - 1; `value` is readable for the smaller of the two sizes.
    unsafe {
        at.cast::<u8>().add(skip).write_bytes(0, size - skip);
        let from: *const u8 = (&raw const value).cast();
        at.cast::<u8>().add(skip).copy_from_nonoverlapping(from.add(skip), size.min(size_of::<T>()) - skip);
    }
    Ok(())
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

    /// What is read from a structure whose caller states this size.
    fn read(size: u32) -> Option<(Grown, bool)> {
        let theirs = [Grown { size, first: 2, since: 3 }, Grown { size: 0, first: 0, since: 0 }];
        let defaults = Grown { size: 12, first: 70, since: 80 };
        let mut room = MaybeUninit::uninit();
        // SAFETY:
        // - 1: the sizes below are within the array, or refused. 2: true of this type.
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
