//! Memory for pools that bring none: Rust's allocator, or libc's without `alloc`.

use core::alloc::Layout;
use core::ptr::NonNull;

/// Can this build get memory?
pub(super) const AVAILABLE: bool = cfg!(any(feature = "alloc", all(feature = "pthread", unix)));

#[cfg(feature = "alloc")]
pub(super) fn get(layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY:
    // - a pool is never of size zero.
    NonNull::new(unsafe { alloc::alloc::alloc(layout) })
}

/// # Safety
/// 1. `at` came from `get` with this layout, and is not used again.
#[cfg(feature = "alloc")]
pub(super) unsafe fn give_back(at: NonNull<u8>, layout: Layout) {
    // SAFETY:
    // - 1.
    unsafe { alloc::alloc::dealloc(at.as_ptr(), layout) };
}

#[cfg(all(feature = "pthread", unix, not(feature = "alloc")))]
pub(super) fn get(layout: Layout) -> Option<NonNull<u8>> {
    let mut at = core::ptr::null_mut();
    // SAFETY:
    // - `at` is writable; a Layout's alignment is a power of two, and a pool's is a multiple of a pointer's.
    let got = unsafe { libc::posix_memalign(&raw mut at, layout.align(), layout.size()) };
    if got == 0 { NonNull::new(at.cast()) } else { None }
}

/// # Safety
/// 1. `at` came from `get`, and is not used again.
#[cfg(all(feature = "pthread", unix, not(feature = "alloc")))]
pub(super) unsafe fn give_back(at: NonNull<u8>, _: Layout) {
    // SAFETY:
    // - 1.
    unsafe { libc::free(at.as_ptr().cast()) };
}

#[cfg(not(any(feature = "alloc", all(feature = "pthread", unix))))]
pub(super) fn get(_: Layout) -> Option<NonNull<u8>> {
    None
}

/// # Safety
/// Never called: `get` gives nothing.
#[cfg(not(any(feature = "alloc", all(feature = "pthread", unix))))]
pub(super) unsafe fn give_back(_: NonNull<u8>, _: Layout) {}
