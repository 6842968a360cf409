//! Storage on the heap that knows its payload's size and its process.

use super::{Boxed, SlotLayout, Storage};
use crate::slot::Slot;
use crate::sync::AtomicUsize;
use core::ptr::NonNull;

/// Boxed storage whose payload size is part of its type.
pub struct Heap<const PAYLOAD: usize>(Boxed, usize);

impl<const PAYLOAD: usize> Heap<PAYLOAD> {
    /// After this many forks. None if out of memory.
    pub(crate) fn new(shape: SlotLayout, forks: usize) -> Option<Self> {
        Some(Self(Boxed::new(shape)?, forks))
    }
}

// SAFETY:
// - as Boxed, to which everything goes on.
unsafe impl<const PAYLOAD: usize> Storage for Heap<PAYLOAD> {
    #[inline(always)]
    fn ready(&self) -> &[AtomicUsize] {
        self.0.ready()
    }

    #[inline(always)]
    fn free(&self) -> &[AtomicUsize] {
        self.0.free()
    }

    #[inline(always)]
    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    #[inline(always)]
    fn payload_bytes(&self) -> usize {
        self.0.payload_bytes()
    }

    #[inline(always)]
    fn slot(&self, index: usize) -> Slot<'_> {
        self.0.slot(index)
    }

    #[inline(always)]
    fn forks(&self) -> Option<usize> {
        Some(self.1)
    }

    #[cfg(feature = "future")]
    fn waker_cells(&self) -> &[crate::slot::waker::WakerCell] {
        self.0.waker_cells()
    }
}

/// `Box::new`, which ends the process if there is no memory. None then; `value` is dropped.
pub(crate) fn boxed<T>(value: T) -> Option<alloc::boxed::Box<T>> {
    const { assert!(size_of::<T>() > 0) };
    let layout = core::alloc::Layout::new::<T>();
    // SAFETY:
    // - not of size zero.
    let at = NonNull::new(unsafe { alloc::alloc::alloc(layout) })?.cast::<T>();
    // SAFETY:
    // - just allocated with the layout of what is written there, as a box's memory is.
    unsafe {
        at.write(value);
        Some(alloc::boxed::Box::from_raw(at.as_ptr()))
    }
}
