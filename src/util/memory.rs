//! Zeroed memory for pools: from Rust's allocator, or from libc's without `alloc`.
//!
//! `calloc` does not touch memory that is fresh from the system, because it is zero. Rust's std uses `calloc`
//! only for alignments that every allocation has; for a larger one it writes the zeros itself. So this module
//! asks for a small alignment, and aligns the memory itself.

use core::alloc::Layout;
use core::ptr::NonNull;

/// Does this build have an allocator?
#[cfg(feature = "capi")]
pub(crate) const AVAILABLE: bool = cfg!(any(feature = "alloc", all(feature = "pthread", unix)));

/// The alignment asked of the allocator. 1 means: whatever `calloc` gives.
const ALIGN: usize = if cfg!(feature = "alloc") { 2 * size_of::<usize>() } else { 1 };

/// The address that the allocator returned, by which the memory is freed.
#[derive(Clone, Copy)]
pub(crate) struct Raw(NonNull<u8>);

// SAFETY:
// - an address that only `give_back` uses; an allocator frees memory on any thread.
unsafe impl Send for Raw {}
// SAFETY:
// - as for Send.
unsafe impl Sync for Raw {}

/// Zeroed memory.
pub(crate) struct ZeroedMemory {
    pub(crate) raw: Raw,
    /// The first aligned address.
    pub(crate) at: NonNull<u8>,
}

/// What is asked of the allocator: room to align `layout`. None on overflow.
fn padded(layout: Layout) -> Option<Layout> {
    let more = layout.align().saturating_sub(ALIGN);
    Layout::from_size_align(layout.size().checked_add(more)?, ALIGN).ok()
}

/// Zeroed memory of this layout, whose size is not zero. None if out of memory.
pub(crate) fn get(layout: Layout) -> Option<ZeroedMemory> {
    let raw = NonNull::new(allocate(padded(layout)?))?;
    let skip = raw.addr().get().wrapping_neg() & (layout.align() - 1);
    // SAFETY:
    // - skip is at most the alignment less the allocator's own, which `padded` added.
    Some(ZeroedMemory { raw: Raw(raw), at: unsafe { raw.add(skip) } })
}

/// # Safety
/// 1. `raw` came from `get` with this layout, and is not used again.
pub(crate) unsafe fn give_back(raw: Raw, layout: Layout) {
    if let Some(padded) = padded(layout) {
        // SAFETY:
        // - 1.
        unsafe { deallocate(raw.0.as_ptr(), padded) };
    }
}

#[cfg(feature = "alloc")]
fn allocate(layout: Layout) -> *mut u8 {
    // SAFETY:
    // - not of size zero (get).
    unsafe { alloc::alloc::alloc_zeroed(layout) }
}

#[cfg(feature = "alloc")]
unsafe fn deallocate(raw: *mut u8, layout: Layout) {
    // SAFETY:
    // - the caller's: from `allocate` with this layout.
    unsafe { alloc::alloc::dealloc(raw, layout) };
}

#[cfg(all(feature = "pthread", unix, not(feature = "alloc")))]
fn allocate(layout: Layout) -> *mut u8 {
    // SAFETY:
    // - has no preconditions.
    unsafe { libc::calloc(1, layout.size()) }.cast()
}

#[cfg(all(feature = "pthread", unix, not(feature = "alloc")))]
unsafe fn deallocate(raw: *mut u8, _: Layout) {
    // SAFETY:
    // - the caller's: from `allocate`.
    unsafe { libc::free(raw.cast()) };
}

#[cfg(not(any(feature = "alloc", all(feature = "pthread", unix))))]
fn allocate(_: Layout) -> *mut u8 {
    core::ptr::null_mut()
}

/// # Safety
/// Never called: `allocate` gives nothing.
#[cfg(not(any(feature = "alloc", all(feature = "pthread", unix))))]
unsafe fn deallocate(_: *mut u8, _: Layout) {}
