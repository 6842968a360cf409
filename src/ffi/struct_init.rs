//! Preparing a structure that begins with its size.

use super::abi_struct::MOST;
use super::status::{JOBRING_E_INVALID, JOBRING_OK, jobring_status};
use core::ffi::c_void;

/// Prepares a structure of this header that begins with its size: sets that field, and all others to zero,
/// which is the default in each.
///
/// For languages that cannot use the JOBRING_..._INIT macros.
///
/// - `structure`: what is filled.
/// - `size`: its sizeof, as the caller knows it.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID: also if `size` is below 4 or above 4,096.
///
/// From anywhere, including a signal handler and an interrupt. Does not block or allocate.
///
/// # Safety
/// `structure` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_struct_init(structure: *mut c_void, size: usize) -> jobring_status {
    let at: *mut u32 = structure.cast();
    if at.is_null() || !at.is_aligned() || !(size_of::<u32>()..=MOST).contains(&size) {
        return JOBRING_E_INVALID;
    }
    // SAFETY:
    // - the caller's: writable for `size` bytes, at least 4.
    unsafe {
        at.cast::<u8>().write_bytes(0, size);
        at.write(size as u32);
    }
    JOBRING_OK
}
