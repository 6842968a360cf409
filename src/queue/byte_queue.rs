//! The same FIFO without Rust's types, for C: items of a fixed size, copied in and out, in memory of the caller's.
//! `queue.rs` states the protocol.

use super::doors::{Doors, Refused};
use super::rings::{Ends, Rings};
use crate::platform::port::{Port, Timeout};
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
    doors: Doors,
}

/// The mark of a queue at this address: neither a pool's nor a completion queue's. Zeroed memory has none.
fn mark_of(at: *const ByteQueue) -> usize {
    !at.addr() ^ 2
}

/// Copies an item.
///
/// # Safety
/// 1. `from` is readable and `to` writable for that many bytes, and they do not overlap.
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, bytes: usize) {
    if cfg!(all(target_os = "none", target_pointer_width = "32")) {
        for at in 0..bytes {
            // SAFETY:
            // - 1. Volatile, as in `make`: a memcpy is larger than all else of a queue.
            unsafe { to.add(at).write_volatile(from.add(at).read()) };
        }
    } else {
        // SAFETY:
        // - 1.
        unsafe { to.copy_from_nonoverlapping(from, bytes) };
    }
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
        let words = size_of::<Self>() / size_of::<usize>() + 2 * capacity;
        // SAFETY:
        // - 1: the parts lie one behind the other. Ends, doors and entries are all zero at first; then the other fields, the
        //   mark last.
        unsafe {
            for word in 0..words {
                // Volatile, so that this stays a loop: a memset is more than a firmware needs.
                at.cast::<usize>().add(word).write_volatile(0);
            }
            let entries = at.add(size_of::<Self>()).cast::<AtomicUsize>();
            let fields = queue.as_ptr();
            (&raw mut (*fields).capacity).write(capacity);
            (&raw mut (*fields).item_size).write(item_size);
            (&raw mut (*fields).entries).write(entries);
            (&raw mut (*fields).cells).write(entries.add(2 * capacity).cast());
            (&raw mut (*fields).mark).write(mark_of(fields));
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

    /// Appends a copy of an item.
    ///
    /// # Safety
    /// 1. `item` is readable for an item's size, and lies outside of the queue.
    // With a constant timeout, so that a program that never waits has no code for it.
    #[inline(always)]
    pub(crate) unsafe fn push(
        &self,
        port: &impl Port,
        item: *const u8,
        timeout: Timeout,
    ) -> Result<(), Refused> {
        let rings = self.rings();
        let index = self.doors.take_free(port, rings, timeout)?;
        // SAFETY:
        // - 1. The cell is this thread's, and its last user is done with it (E2).
        unsafe { copy(item, self.cell(index), self.item_size) };
        self.doors.put_filled(port, rings, index);
        Ok(())
    }

    /// Moves the oldest item to `to`, unless it is refused.
    ///
    /// # Safety
    /// 1. `to` is writable for an item's size, and lies outside of the queue.
    #[inline(always)]
    pub(crate) unsafe fn pop(&self, port: &impl Port, to: *mut u8, timeout: Timeout) -> Result<(), Refused> {
        let rings = self.rings();
        let index = self.doors.take_filled(port, rings, timeout)?;
        // SAFETY:
        // - 1. The cell is this thread's, with what its producer copied there (E1).
        unsafe { copy(self.cell(index), to, self.item_size) };
        self.doors.put_free(port, rings, index);
        Ok(())
    }

    /// Refuses pushes from now on.
    pub(crate) fn close(&self, port: &impl Port) {
        self.doors.close(port, self.rings());
    }

    /// How many items are in the queue: as [`Queue::len`](super::Queue::len).
    pub(crate) fn len(&self) -> usize {
        self.rings().len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }
}
