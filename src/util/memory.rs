//! Memory of zeros for pools: from Rust's allocator, or from libc's without `alloc`.
//!
//! An allocator knows that memory fresh from the system is zero, and does not touch it. Rust's std leaves that to `calloc`
//! only up to an alignment that every allocation has; for a larger one it writes all of the zeros itself. So a small
//! alignment is asked for, and the memory is aligned here.

use core::alloc::Layout;
use core::ptr::NonNull;

/// Can this build get memory?
#[cfg(feature = "capi")]
pub(crate) const AVAILABLE: bool = cfg!(any(feature = "alloc", all(feature = "pthread", unix)));

/// The alignment that is asked for. 1: whatever `calloc` gives.
const ALIGN: usize = if cfg!(feature = "alloc") { 2 * size_of::<usize>() } else { 1 };

/// Where the allocator put it; to be given back.
#[derive(Clone, Copy)]
pub(crate) struct Raw(NonNull<u8>);

// SAFETY:
// - an address, which `give_back` alone uses; allocators take memory back on any thread.
unsafe impl Send for Raw {}
// SAFETY:
// - as for Send.
unsafe impl Sync for Raw {}

/// Zeros.
pub(crate) struct Zeroed {
    pub(crate) raw: Raw,
    /// Aligned.
    pub(crate) at: NonNull<u8>,
}

/// What the allocator is asked for. None on overflow.
fn asked(layout: Layout) -> Option<Layout> {
    let more = layout.align().saturating_sub(ALIGN);
    Layout::from_size_align(layout.size().checked_add(more)?, ALIGN).ok()
}

/// Memory of this layout, which is not of size zero.
pub(crate) fn get(layout: Layout) -> Option<Zeroed> {
    let raw = NonNull::new(zeros(asked(layout)?))?;
    let skip = raw.addr().get().wrapping_neg() & (layout.align() - 1);
    // SAFETY:
    // - skip is at most the alignment less what the allocator keeps to, which `asked` added.
    Some(Zeroed { raw: Raw(raw), at: unsafe { raw.add(skip) } })
}

/// # Safety
/// 1. `raw` came from `get` with this layout, and is not used again.
pub(crate) unsafe fn give_back(raw: Raw, layout: Layout) {
    if let Some(asked) = asked(layout) {
        // SAFETY:
        // - 1.
        unsafe { free(raw.0.as_ptr(), asked) };
    }
}

#[cfg(feature = "alloc")]
fn zeros(asked: Layout) -> *mut u8 {
    // SAFETY:
    // - not of size zero (get).
    unsafe { alloc::alloc::alloc_zeroed(asked) }
}

#[cfg(feature = "alloc")]
unsafe fn free(raw: *mut u8, asked: Layout) {
    // SAFETY:
    // - the caller's: from `zeros` with this layout.
    unsafe { alloc::alloc::dealloc(raw, asked) };
}

#[cfg(all(feature = "pthread", unix, not(feature = "alloc")))]
fn zeros(asked: Layout) -> *mut u8 {
    // SAFETY:
    // - has no preconditions.
    unsafe { libc::calloc(1, asked.size()) }.cast()
}

#[cfg(all(feature = "pthread", unix, not(feature = "alloc")))]
unsafe fn free(raw: *mut u8, _: Layout) {
    // SAFETY:
    // - the caller's: from `zeros`.
    unsafe { libc::free(raw.cast()) };
}

#[cfg(not(any(feature = "alloc", all(feature = "pthread", unix))))]
fn zeros(_: Layout) -> *mut u8 {
    core::ptr::null_mut()
}

/// # Safety
/// Never called: `zeros` gives nothing.
#[cfg(not(any(feature = "alloc", all(feature = "pthread", unix))))]
unsafe fn free(_: *mut u8, _: Layout) {}
