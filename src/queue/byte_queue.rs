//! The same FIFO without Rust's types, for C: items of a fixed size, copied in and out, in memory of the caller's.
//! `queue.rs` states the protocol.

use super::rings::{Ends, Rings};
use crate::sync::AtomicUsize;
use core::alloc::Layout;
use core::mem::offset_of;
use core::ptr::NonNull;
use core::slice;

/// The beginning of a queue's memory. Behind it lie the entries of the filled ring, those of the free ring, and the cells.
#[repr(C)]
pub(crate) struct ByteQueue {
    /// Made from its own address, while it lives.
    mark: usize,
    capacity: usize,
    item_size: usize,
    entries: NonNull<AtomicUsize>,
    // INVARIANT: as for Queue's cells.
    cells: NonNull<u8>,
    ends: Ends,
}

/// The mark of a queue at this address: neither a pool's nor a completion queue's. Zeroed memory has none.
fn mark_of(at: *const ByteQueue) -> usize {
    !at.addr() ^ 2
}

impl ByteQueue {
    /// The memory for `capacity` items of `item_size` bytes. None if the capacity is not a power of two or too large, or if
    /// no machine has so much memory.
    pub(crate) fn layout(capacity: usize, item_size: usize) -> Option<Layout> {
        if !capacity.is_power_of_two() || capacity > 1 << (usize::BITS - 4) {
            return None;
        }
        let bytes =
            capacity.checked_mul(item_size)?.checked_add(capacity.checked_mul(2 * size_of::<usize>())?)?;
        let (layout, _) = Layout::new::<Self>().extend(Layout::array::<u8>(bytes).ok()?).ok()?;
        Some(layout.pad_to_align())
    }

    /// Makes an empty queue.
    ///
    /// # Safety
    /// 1. `at` is aligned and writable as `layout` says for this capacity and size, and belongs to the queue.
    pub(crate) unsafe fn make(at: NonNull<u8>, capacity: usize, item_size: usize) -> NonNull<Self> {
        let queue = at.cast::<Self>();
        // SAFETY:
        // - 1: the parts lie one behind the other. Every field and every entry is written, the mark last.
        unsafe {
            let entries = at.add(size_of::<Self>()).cast::<AtomicUsize>();
            for entry in 0..2 * capacity {
                entries.add(entry).write(AtomicUsize::new(0));
            }
            let cells = entries.add(2 * capacity).cast();
            queue.write(Self { mark: 0, capacity, item_size, entries, cells, ends: Ends::new() });
            (&raw mut (*queue.as_ptr()).mark).write(mark_of(queue.as_ptr()));
        }
        queue
    }

    /// The queue at an address, if there is one.
    ///
    /// # Safety
    /// 1. `at` is NULL, misaligned, or readable for a word and touched by nobody who writes it; if it is a queue, for 'a.
    pub(crate) unsafe fn find<'a>(at: *const Self) -> Option<&'a Self> {
        const { assert!(offset_of!(Self, mark) == 0) };
        // SAFETY:
        // - 1.
        if at.is_null() || !at.is_aligned() || unsafe { (&raw const (*at).mark).read() } != mark_of(at) {
            return None;
        }
        // SAFETY:
        // - the mark says that `make` made a queue here.
        Some(unsafe { &*at })
    }

    #[inline(always)]
    fn rings(&self) -> Rings<'_> {
        // SAFETY:
        // - `make` wrote twice `capacity` entries there, which nobody uses except through shared references.
        let entries = |at| unsafe { slice::from_raw_parts(self.entries.add(at).as_ptr(), self.capacity) };
        Rings::new(&self.ends, entries(0), entries(self.capacity))
    }

    /// The cell of an index, which is below the capacity.
    #[inline(always)]
    fn cell(&self, index: usize) -> *mut u8 {
        // SAFETY:
        // - `make` was given memory for that many cells.
        unsafe { self.cells.add(index * self.item_size) }.as_ptr()
    }

    /// Appends a copy of an item. False if the queue is full.
    ///
    /// # Safety
    /// 1. `item` is readable for an item's size, and lies outside of the queue.
    pub(crate) unsafe fn try_push(&self, item: *const u8) -> bool {
        let rings = self.rings();
        let Some(index) = rings.take_free() else { return false };
        // SAFETY:
        // - 1. The pop made the cell this thread's, and its last user is done with it (E2).
        unsafe { self.cell(index).copy_from_nonoverlapping(item, self.item_size) };
        rings.put_filled(index);
        true
    }

    /// Moves the oldest item to `to`. False if there is none; then nothing was written.
    ///
    /// # Safety
    /// 1. `to` is writable for an item's size, and lies outside of the queue.
    pub(crate) unsafe fn try_pop(&self, to: *mut u8) -> bool {
        let rings = self.rings();
        let Some(index) = rings.take_filled() else { return false };
        // SAFETY:
        // - 1. The pop made the cell this thread's, with what its producer copied there (E1).
        unsafe { to.copy_from_nonoverlapping(self.cell(index), self.item_size) };
        rings.put_free(index);
        true
    }

    /// How many items are in the queue: as [`Queue::len`](super::Queue::len).
    pub(crate) fn len(&self) -> usize {
        self.rings().len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }
}
