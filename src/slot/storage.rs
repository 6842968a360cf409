//! The memory of a pool's entries, slots and payloads: inline in a value (`static`), a borrowed block, or
//! boxed.

use crate::job::id::MAX_CAPACITY;
use crate::job::vtable::Payload;
#[cfg(feature = "future")]
use crate::slot::waker::WakerCell;
use crate::slot::{Slot, SlotHead};
use crate::sync::AtomicUsize;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

#[cfg(feature = "alloc")]
mod boxed;
#[cfg(feature = "alloc")]
pub use boxed::Boxed;
#[cfg(feature = "alloc")]
pub(crate) use boxed::boxed;

/// Alignment of a payload: 16 bytes on 64-bit targets, 8 on 32-bit ones.
pub const PAYLOAD_ALIGN: usize = 2 * size_of::<usize>();

/// Bytes of a slot's header, padded so that the payload behind it is aligned.
const HEAD_BYTES: usize = size_of::<SlotHead>().next_multiple_of(PAYLOAD_ALIGN);

/// The memory of one pool: two rings' entries and the slots.
///
/// # Safety
/// 1. Both entry slices have the same length, a power of two, at least `capacity()`, and never change.
/// 2. `slot(i)` for i < capacity gives disjoint, stable slots, whose payloads are `payload_bytes()` long,
///    aligned to PAYLOAD_ALIGN and touched by no other code.
/// 3. All of it was zero, or `new()`, when the pool was made.
pub unsafe trait Storage: Sync {
    /// The most workers, where the type says it: then a new pool contains only zeros (`.bss`).
    const WORKERS: Option<usize> = None;
    fn ready(&self) -> &[AtomicUsize];
    fn free(&self) -> &[AtomicUsize];
    fn capacity(&self) -> usize;
    fn payload_bytes(&self) -> usize;
    fn slot(&self, index: usize) -> Slot<'_>;

    /// The port's number of forks when the storage was made, if the storage keeps it: then a submit in a
    /// child is refused.
    #[inline(always)]
    fn forks(&self) -> Option<usize> {
        None
    }

    /// Does its pool's destroy wait for every submit?
    #[inline(always)]
    fn counts_submits(&self) -> bool {
        false
    }

    /// One for each slot, or none at all: then no task can await a job.
    #[cfg(feature = "future")]
    fn waker_cells(&self) -> &[WakerCell] {
        &[]
    }
}

/// A checked capacity and payload size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SlotLayout {
    pub(crate) capacity: usize,
    pub(crate) payload: usize,
}

/// The largest payload of one slot, bytes.
pub(crate) const MAX_PAYLOAD: usize = 1 << 20;

impl SlotLayout {
    /// None if the capacity is 0 or beyond what a handle can name, or the payload is beyond 1 MiB. The
    /// payload is rounded up to its alignment.
    pub(crate) fn new(capacity: usize, payload: usize) -> Option<Self> {
        (capacity != 0 && capacity <= MAX_CAPACITY && payload <= MAX_PAYLOAD)
            .then(|| Self { capacity, payload: payload.next_multiple_of(PAYLOAD_ALIGN) })
    }

    fn ring_len(self) -> usize {
        self.capacity.next_power_of_two()
    }

    /// Bytes from one slot to the next.
    pub(crate) fn stride(self) -> usize {
        HEAD_BYTES + self.payload
    }

    /// Bytes of a block of this shape, not counting bytes that its alignment may cost. None on overflow.
    pub(crate) fn bytes(self) -> Option<usize> {
        let slots = self.stride().checked_mul(self.capacity)?;
        slots.checked_add(2 * self.ring_len() * size_of::<AtomicUsize>())
    }
}

/// Alignment of a block: a cache line, so that a slot of 64 bytes is one line.
pub(crate) const BLOCK_ALIGN: usize =
    if cfg!(all(target_os = "none", target_pointer_width = "32")) { PAYLOAD_ALIGN } else { 64 };

/// A view of a block of memory: the slots, then both rings' entries.
pub(crate) struct Block<'a> {
    slots: NonNull<u8>,
    entries: NonNull<AtomicUsize>,
    shape: SlotLayout,
    ring_len: usize,
    stride: usize,
    counts_submits: bool,
    memory: PhantomData<&'a mut [u8]>,
}

// SAFETY:
// - a Block is the sole owner of its memory; it hands out by & only atomics and slots, which are Sync, and
//   payloads, whose exclusion is the slot's protocol.
unsafe impl Sync for Block<'_> {}
// SAFETY:
// - as for Sync; nothing in the memory is bound to a thread.
unsafe impl Send for Block<'_> {}

impl<'a> Block<'a> {
    /// Formats `memory` as an empty pool of `shape`. Memory that is `zeroed` is one already. It is not
    /// touched, so that a pool takes only the pages that it uses.
    ///
    /// # Safety
    /// 1. `memory` is aligned to BLOCK_ALIGN, writable for `shape.bytes()`, and for 'a touched by no other
    ///    code.
    /// 2. `zeroed`: its bytes are zero.
    pub(crate) unsafe fn format(memory: NonNull<u8>, shape: SlotLayout, zeroed: bool) -> Self {
        let (ring_len, stride) = (shape.ring_len(), shape.stride());
        // SAFETY:
        // - obligation 1 and SlotLayout::bytes: all offsets below are within the block.
        let entries: NonNull<AtomicUsize> = unsafe { memory.add(stride * shape.capacity) }.cast();
        // In the model a word is more than its bytes.
        let untouched = zeroed && !cfg!(jobring_loom);
        for i in 0..if untouched { 0 } else { shape.capacity } {
            // SAFETY:
            // - within the block; i * stride keeps BLOCK_ALIGN's divisor PAYLOAD_ALIGN, which is a SlotHead's
            //   too.
            unsafe { memory.add(i * stride).cast::<SlotHead>().write(SlotHead::new()) };
        }
        for i in 0..if untouched { 0 } else { 2 * ring_len } {
            // SAFETY:
            // - within the block; the slots' end is a multiple of PAYLOAD_ALIGN.
            unsafe { entries.add(i).write(AtomicUsize::new(0)) };
        }
        Self { slots: memory, entries, shape, ring_len, stride, counts_submits: false, memory: PhantomData }
    }

    /// The same block. `counts_submits`: its pool's destroy waits for every submit.
    #[cfg(feature = "capi")]
    pub(crate) fn counting_submits(self, counts_submits: bool) -> Self {
        Self { counts_submits, ..self }
    }
}

// SAFETY:
// - 1: ring_len is the next power of two of SlotLayout's capacity. 2: slots are `stride` apart, each with its
//   header and payload.
// - 3: format wrote them so, or found them zero.
unsafe impl Storage for Block<'_> {
    #[inline(always)]
    fn counts_submits(&self) -> bool {
        self.counts_submits
    }

    #[inline(always)]
    fn ready(&self) -> &[AtomicUsize] {
        // SAFETY:
        // - format made 2 · ring_len entries there.
        unsafe { NonNull::slice_from_raw_parts(self.entries, self.ring_len).as_ref() }
    }

    #[inline(always)]
    fn free(&self) -> &[AtomicUsize] {
        // SAFETY:
        // - as above; these are the second half.
        unsafe { NonNull::slice_from_raw_parts(self.entries.add(self.ring_len), self.ring_len).as_ref() }
    }

    #[inline(always)]
    fn capacity(&self) -> usize {
        self.shape.capacity
    }

    #[inline(always)]
    fn payload_bytes(&self) -> usize {
        self.shape.payload
    }

    #[inline(always)]
    fn slot(&self, index: usize) -> Slot<'_> {
        debug_assert!(index < self.shape.capacity);
        // SAFETY:
        // - index < capacity, so header and payload are within the block; format made a header there.
        let (head, payload) = unsafe {
            let at = self.slots.add(index * self.stride);
            (at.cast::<SlotHead>().as_ref(), at.add(HEAD_BYTES))
        };
        Slot::new(head, Payload { at: payload.as_ptr(), bytes: self.shape.payload })
    }
}

/// A slot with its payload as part of a value.
#[repr(C)]
struct InlineSlot<const PAYLOAD: usize> {
    head: SlotHead,
    payload: InlinePayload<PAYLOAD>,
}

#[cfg_attr(target_pointer_width = "64", repr(C, align(16)))]
#[cfg_attr(target_pointer_width = "32", repr(C, align(8)))]
// MaybeUninit: moving a pool with jobs in it must keep their padding and pointers as they are.
struct InlinePayload<const PAYLOAD: usize>(core::cell::UnsafeCell<MaybeUninit<[u8; PAYLOAD]>>);

// SAFETY:
// - the payload is touched only under the slot's protocol, which hands it from one thread to the next.
unsafe impl<const PAYLOAD: usize> Sync for InlinePayload<PAYLOAD> {}

/// For [`Inline`]: its pool has the most workers set at run time.
pub(crate) const UNSPECIFIED: usize = usize::MAX;

/// Storage in one value, for a `static`. It is all zero at first. JOBS is a power of two.
#[repr(C)]
pub struct Inline<const JOBS: usize, const PAYLOAD: usize, const WORKERS: usize = UNSPECIFIED> {
    slots: [InlineSlot<PAYLOAD>; JOBS],
    ready: [AtomicUsize; JOBS],
    free: [AtomicUsize; JOBS],
    #[cfg(feature = "future")]
    waker_cells: [WakerCell; JOBS],
}

impl<const JOBS: usize, const PAYLOAD: usize, const WORKERS: usize> Inline<JOBS, PAYLOAD, WORKERS> {
    crate::sync::const_fn! {
        pub(crate) fn new() -> Self {
            const {
                assert!(JOBS.is_power_of_two(), "a static pool's number of jobs must be a power of two");
                assert!(JOBS <= MAX_CAPACITY, "a static pool holds at most 1,048,575 jobs");
                assert!(PAYLOAD.is_multiple_of(PAYLOAD_ALIGN), "the payload must be a multiple of 16 bytes (8 on 32-bit targets)");
            }
            Self {
                slots: crate::sync::array_of![InlineSlot {
                    head: SlotHead::new(),
                    payload: InlinePayload(core::cell::UnsafeCell::new(MaybeUninit::new([0; PAYLOAD]))),
                }; JOBS],
                ready: crate::sync::array_of![AtomicUsize::new(0); JOBS],
                free: crate::sync::array_of![AtomicUsize::new(0); JOBS],
                #[cfg(feature = "future")]
                waker_cells: crate::sync::array_of![WakerCell::new(); JOBS],
            }
        }
    }
}

// SAFETY:
// - 1: JOBS is a power of two (new). 2: an array's elements are disjoint; InlinePayload is aligned.
// - 3: new() makes them so.
unsafe impl<const JOBS: usize, const PAYLOAD: usize, const WORKERS: usize> Storage
    for Inline<JOBS, PAYLOAD, WORKERS>
{
    const WORKERS: Option<usize> = if WORKERS == UNSPECIFIED { None } else { Some(WORKERS) };

    #[inline(always)]
    fn ready(&self) -> &[AtomicUsize] {
        &self.ready
    }

    #[inline(always)]
    fn free(&self) -> &[AtomicUsize] {
        &self.free
    }

    #[inline(always)]
    fn capacity(&self) -> usize {
        JOBS
    }

    #[inline(always)]
    fn payload_bytes(&self) -> usize {
        PAYLOAD
    }

    #[inline(always)]
    fn slot(&self, index: usize) -> Slot<'_> {
        debug_assert!(index < JOBS);
        // JOBS is a power of two. The mask shows the compiler that this cannot panic.
        let slot = &self.slots[index & (JOBS - 1)];
        Slot::new(&slot.head, Payload { at: slot.payload.0.get().cast(), bytes: PAYLOAD })
    }

    #[cfg(feature = "future")]
    fn waker_cells(&self) -> &[WakerCell] {
        &self.waker_cells
    }
}

#[cfg(jobring_loom)]
impl Block<'_> {
    /// Drops the words: in the model they own memory.
    pub(super) fn drop_words(&mut self) {
        for i in 0..self.shape.capacity {
            // SAFETY:
            // - format wrote each header; this is their end.
            unsafe { self.slots.add(i * self.stride).cast::<SlotHead>().drop_in_place() };
        }
        for i in 0..2 * self.ring_len {
            // SAFETY:
            // - format wrote each entry; this is their end.
            unsafe { self.entries.add(i).drop_in_place() };
        }
    }
}
