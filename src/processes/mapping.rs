//! What lies in shared memory. All-zero memory is an empty pool.

use super::word::MAX_WORKERS;
use crate::sync::{AtomicUsize, UnsafeCell, const_fn};
use crate::util::cache_padded::CachePadded;

/// The words that a pool has once, apart from each other by who writes them.
#[repr(C)]
pub(crate) struct Header {
    /// The position of the oldest entry of the ready ring.
    pub(super) head: CachePadded<AtomicUsize>,
    /// A bit for each worker that sleeps, or is about to.
    pub(super) sleepers: CachePadded<AtomicUsize>,
    /// Not 0: a thread of the parent sleeps, or is about to. The number of its arming.
    pub(super) armed: CachePadded<AtomicUsize>,
    /// What the parent's threads sleep on; whoever rings adds 1.
    pub(super) bell: AtomicUsize,
    /// Not 0: a worker that finds no entry leaves.
    pub(super) closed: AtomicUsize,
}

impl Header {
    const_fn! {
        #[allow(dead_code, reason = "the system's memory is zero; tests and models make their own")]
        pub(crate) fn new() -> Self {
            Self {
                head: CachePadded::new(AtomicUsize::new(0)),
                sleepers: CachePadded::new(AtomicUsize::new(0)),
                armed: CachePadded::new(AtomicUsize::new(0)),
                bell: AtomicUsize::new(0),
                closed: AtomicUsize::new(0),
            }
        }
    }
}

/// The words of one worker.
#[repr(C)]
pub(crate) struct WorkerWords {
    /// 1 while the worker sleeps on this word, or is about to.
    pub(super) parked: CachePadded<AtomicUsize>,
    /// Which job it runs (`word.rs`).
    pub(super) activity: AtomicUsize,
}

impl WorkerWords {
    const_fn! {
        #[allow(dead_code, reason = "the system's memory is zero; tests and models make their own")]
        pub(crate) fn new() -> Self {
            Self { parked: CachePadded::new(AtomicUsize::new(0)), activity: AtomicUsize::new(0) }
        }
    }
}

/// What a job's slot says of its input, and later of its result. The bytes lie elsewhere in the mapping.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Body {
    /// Which function of the table.
    pub(crate) function: usize,
    /// The number of bytes of the input, then of the result.
    pub(crate) size: usize,
    /// What the function returned.
    pub(crate) code: usize,
}

/// One job's place.
#[repr(C)]
pub(crate) struct Slot {
    pub(super) word: AtomicUsize,
    // INVARIANT: touched by the parent while the slot is free or its job has ended, and by the worker that claimed the job.
    pub(super) body: UnsafeCell<Body>,
}

impl Slot {
    const_fn! {
        #[allow(dead_code, reason = "the system's memory is zero; tests and models make their own")]
        pub(crate) fn new() -> Self {
            Self { word: AtomicUsize::new(0), body: UnsafeCell::new(Body { function: 0, size: 0, code: 0 }) }
        }
    }
}

// SAFETY:
// - `body`: one thread of one process at a time touches it (its invariant); `word` is an atomic.
unsafe impl Sync for Slot {}

/// A view of the mapping.
#[derive(Clone, Copy)]
pub(crate) struct Mapping<'a> {
    pub(super) header: &'a Header,
    /// The ready ring.
    pub(super) entries: &'a [AtomicUsize],
    /// As many as entries.
    pub(super) slots: &'a [Slot],
    /// A bit for each slot.
    pub(super) reports: &'a [AtomicUsize],
    pub(super) workers: &'a [WorkerWords],
}

/// Slots per word of `reports`.
pub(super) const BITS: usize = usize::BITS as usize;

impl<'a> Mapping<'a> {
    /// The number of words in `reports`.
    pub(crate) const fn report_words(slots: usize) -> usize {
        slots.div_ceil(BITS)
    }

    /// # Panics
    ///
    /// If the lengths do not fit together: as many entries as slots, a power of two; a bit in `reports` for each slot; at least one
    /// worker and at most 64.
    pub(crate) fn new(
        header: &'a Header,
        entries: &'a [AtomicUsize],
        slots: &'a [Slot],
        reports: &'a [AtomicUsize],
        workers: &'a [WorkerWords],
    ) -> Self {
        assert!(entries.len().is_power_of_two() && entries.len() == slots.len());
        assert!(reports.len() == Self::report_words(slots.len()));
        assert!((1..=MAX_WORKERS).contains(&workers.len()));
        Self { header, entries, slots, reports, workers }
    }

    /// The number of slots.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The entry of a position.
    pub(super) fn entry(&self, position: usize) -> &'a AtomicUsize {
        &self.entries[position & (self.entries.len() - 1)]
    }
}
