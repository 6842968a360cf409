//! The library for ThreadSanitizer: a panic handler, and the names of the sites.

#![no_std]

use core::ffi::{CStr, c_char};
use jobring::Site;

/// A job that panics ends the process, as in every build without std.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn abort() -> !;
    }
    // SAFETY:
    // - has no preconditions.
    unsafe { abort() }
}

/// The number of a site, which jobring_tsan_weakens() is called with; -1 if there is none of this name.
///
/// # Safety
/// 1. `name` is a text with a zero behind it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_tsan_site(name: *const c_char) -> i32 {
    // SAFETY:
    // - 1.
    let name = unsafe { CStr::from_ptr(name) };
    let found = Site::ALL.iter().find(|site| site.name().as_bytes() == name.to_bytes());
    found.map_or(-1, |&site| i32::from(site as u16))
}
