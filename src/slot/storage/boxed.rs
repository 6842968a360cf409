//! Storage on the heap, its size chosen at run time.

use super::{BLOCK_ALIGN, Block, SlotLayout, Storage};
use crate::slot::Slot;
#[cfg(feature = "future")]
use crate::slot::waker::WakerCell;
use crate::sync::AtomicUsize;
use crate::util::memory;
#[cfg(feature = "future")]
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr::NonNull;

/// Storage on the heap, its size chosen at run time.
pub struct Boxed {
    block: Block<'static>,
    raw: memory::Raw,
    layout: Layout,
    /// The number of forks before it was made.
    forks: usize,
    #[cfg(feature = "future")]
    waker_cells: Vec<WakerCell>,
}

impl Boxed {
    /// Makes the storage, after this many forks. None if out of memory.
    pub(crate) fn new(shape: SlotLayout, forks: usize) -> Option<Self> {
        #[cfg(feature = "future")]
        let waker_cells = empty_cells(shape.capacity)?;
        let layout = Layout::from_size_align(shape.bytes()?, BLOCK_ALIGN).ok()?;
        // Not of size zero: capacity is at least 1.
        let memory = memory::get(layout)?;
        // SAFETY:
        // - 1: just allocated with this alignment and size, and ours until drop. 2: get returns zeroed
        //   memory.
        let block = unsafe { Block::format(memory.at, shape, true) };
        Some(Self {
            block,
            raw: memory.raw,
            layout,
            forks,
            #[cfg(feature = "future")]
            waker_cells,
        })
    }
}

/// Empty cells, in memory that is not touched.
#[cfg(feature = "future")]
fn empty_cells(capacity: usize) -> Option<Vec<WakerCell>> {
    let mut waker_cells = Vec::new();
    if cfg!(jobring_loom) {
        waker_cells.try_reserve_exact(capacity).ok()?;
        waker_cells.resize_with(capacity, WakerCell::new);
        return Some(waker_cells);
    }
    let layout = Layout::array::<WakerCell>(capacity).ok()?;
    // SAFETY:
    // - not of size zero: capacity is at least 1.
    let at = NonNull::new(unsafe { alloc::alloc::alloc_zeroed(layout) })?;
    // SAFETY:
    // - allocated for this many cells, by the allocator that a Vec returns it to. All-zero is an empty cell
    //   (slot/waker.rs).
    Some(unsafe { Vec::from_raw_parts(at.cast().as_ptr(), capacity, capacity) })
}

impl Drop for Boxed {
    fn drop(&mut self) {
        #[cfg(jobring_loom)]
        self.block.drop_words();
        // SAFETY:
        // - new() got it with this layout; &mut self: no other code has the block.
        unsafe { memory::give_back(self.raw, self.layout) };
    }
}

// SAFETY:
// - as for the block that it owns.
unsafe impl Storage for Boxed {
    #[inline(always)]
    fn ready(&self) -> &[AtomicUsize] {
        self.block.ready()
    }

    #[inline(always)]
    fn free(&self) -> &[AtomicUsize] {
        self.block.free()
    }

    #[inline(always)]
    fn capacity(&self) -> usize {
        self.block.capacity()
    }

    #[inline(always)]
    fn payload_bytes(&self) -> usize {
        self.block.payload_bytes()
    }

    #[inline(always)]
    fn slot(&self, index: usize) -> Slot<'_> {
        self.block.slot(index)
    }

    #[inline(always)]
    fn forks(&self) -> Option<usize> {
        Some(self.forks)
    }

    #[cfg(feature = "future")]
    fn waker_cells(&self) -> &[WakerCell] {
        &self.waker_cells
    }
}

/// As `Box::new`, but returns None and drops `value` if there is no memory. (`Box::new` ends the process.)
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
