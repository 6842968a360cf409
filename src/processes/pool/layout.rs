//! Where things lie in the mapping.

use super::super::{Header, MAX_WORKERS, Mapping, Slot, WorkerWords};
use super::config::{MAGIC, Settings};
use crate::platform::process::SharedMemory;
use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicU32, AtomicUsize};
use std::slice;

/// A worker's words that the protocol of jobs does not need.
#[repr(C, align(128))]
pub(super) struct WorkerSide {
    /// Not 0: it has got as far as its first job.
    pub(super) ready: AtomicU32,
    /// The slot of the job with a time limit that it begins, and 1. 0: the supervisor has seen it.
    pub(super) limited: AtomicUsize,
    /// When that job began.
    pub(super) began: AtomicUsize,
}

impl WorkerSide {
    /// Had the worker, which has ended, got as far as its first job?
    pub(super) fn was_ready(&self) -> bool {
        // ORDERING: Relaxed: the process has ended.
        self.ready.load(Relaxed) != 0
    }
}

/// Offsets of everything, and the size of the whole. First what no worker writes, then, on other pages, what workers write.
struct Layout {
    processes: usize,
    entries: usize,
    limits: usize,
    header: usize,
    workers: usize,
    sides: usize,
    reports: usize,
    slots: usize,
    data: usize,
    stride: usize,
    size: usize,
}

/// The alignment of each part.
const LINE: usize = 128;

impl Layout {
    /// None if the numbers are too large for any memory.
    fn new(settings: &Settings) -> Option<Self> {
        let &Settings { slots, workers, input, result, .. } = settings;
        let mut end = size_of::<Settings>();
        let mut place = |size: usize, count: usize, align: usize| {
            let start = end.checked_next_multiple_of(align)?;
            end = start.checked_add(size.checked_mul(count)?)?;
            (end <= isize::MAX as usize).then_some(start)
        };
        let word = size_of::<AtomicUsize>();
        let stride = input.checked_next_multiple_of(16)?.checked_add(result)?.checked_next_multiple_of(64)?;
        Some(Self {
            processes: place(size_of::<AtomicU32>(), workers, LINE)?,
            entries: place(word, slots, LINE)?,
            limits: place(word, slots, LINE)?,
            header: place(size_of::<Header>(), 1, SharedMemory::page())?,
            workers: place(size_of::<WorkerWords>(), workers, LINE)?,
            sides: place(size_of::<WorkerSide>(), workers, LINE)?,
            reports: place(word, Mapping::report_words(slots), LINE)?,
            slots: place(size_of::<Slot>(), slots, LINE)?,
            data: place(stride, slots, LINE)?,
            stride,
            size: end,
        })
    }
}

/// The mapping of a pool, part by part.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub(super) settings: Settings,
    pub(super) mapping: Mapping<'static>,
    pub(super) sides: &'static [WorkerSide],
    /// For each worker the number of its process, as the kernel stored it. 0: none was made.
    pub(super) processes: &'static [AtomicU32],
    /// For each slot: not 0 if its job has a time limit.
    pub(super) limits: &'static [AtomicUsize],
    start: *mut u8,
    /// The size of what no worker writes.
    protected: usize,
    data: *mut u8,
    stride: usize,
}

// SAFETY:
// - the references are to atomics and cells, whose users synchronise; `start` and `data` are addresses.
unsafe impl Send for View {}
// SAFETY:
// - as above.
unsafe impl Sync for View {}

impl View {
    /// How much memory a pool needs. None: more than there can be.
    pub(super) fn size(settings: &Settings) -> Option<usize> {
        Layout::new(settings).map(|layout| layout.size)
    }

    /// Writes the settings into new memory, and views it.
    ///
    /// # Safety
    /// 1. The view ends before the memory.
    /// 2. The memory has `size` bytes for these settings.
    pub(super) unsafe fn create(memory: &SharedMemory, settings: Settings) -> Option<Self> {
        // SAFETY:
        // - the memory has the size of these settings and begins with a page, and nobody else has it yet.
        unsafe { memory.start().cast::<Settings>().write(settings) };
        // SAFETY:
        // - 1.
        unsafe { Self::of(memory) }
    }

    /// Views the memory of a pool. None: it is none.
    ///
    /// # Safety
    /// 1. The view ends before the memory.
    pub(super) unsafe fn of(memory: &SharedMemory) -> Option<Self> {
        if memory.size() < size_of::<Settings>() {
            return None;
        }
        // SAFETY:
        // - it begins with a page, it is that large, and any bytes are settings.
        let settings = unsafe { memory.start().cast::<Settings>().read_volatile() };
        let layout = Layout::new(&settings)?;
        let fits = memory.size() >= layout.size && settings.slots.is_power_of_two();
        if settings.magic != MAGIC || !fits || !(1..=MAX_WORKERS).contains(&settings.workers) {
            return None;
        }
        let words = Mapping::report_words(settings.slots);
        // SAFETY:
        // - 1: `Layout` has it there, and the memory is that large. 2: `of`, 1.
        let header: &Header = unsafe { &part(memory, layout.header, 1)[0] };
        // SAFETY:
        // - as above.
        let workers = unsafe { part(memory, layout.workers, settings.workers) };
        // SAFETY:
        // - as above.
        let sides = unsafe { part(memory, layout.sides, settings.workers) };
        // SAFETY:
        // - as above.
        let reports = unsafe { part(memory, layout.reports, words) };
        // SAFETY:
        // - as above.
        let processes = unsafe { part(memory, layout.processes, settings.workers) };
        // SAFETY:
        // - as above.
        let entries = unsafe { part(memory, layout.entries, settings.slots) };
        // SAFETY:
        // - as above.
        let slots = unsafe { part(memory, layout.slots, settings.slots) };
        // SAFETY:
        // - as above.
        let limits = unsafe { part(memory, layout.limits, settings.slots) };
        let mapping = Mapping::new(header, entries, slots, reports, workers);
        let data = memory.start().wrapping_add(layout.data);
        let (start, protected, stride) = (memory.start(), layout.header, layout.stride);
        Some(Self { settings, mapping, sides, processes, limits, start, protected, data, stride })
    }

    /// In a worker: from here on what it does not write is read-only. False if the system refuses.
    #[must_use]
    pub(super) fn protect(&self) -> bool {
        // SAFETY:
        // - 1: no worker writes there (`Layout`).
        unsafe { SharedMemory::protect(self.start, self.protected) }
    }

    /// The place of a slot's input: `settings.input` bytes.
    pub(super) fn input(&self, slot: usize) -> *mut u8 {
        debug_assert!(slot < self.settings.slots);
        self.data.wrapping_add(slot * self.stride)
    }

    /// The place of a slot's result: `settings.result` bytes.
    pub(super) fn result(&self, slot: usize) -> *mut u8 {
        self.input(slot).wrapping_add(self.settings.input.next_multiple_of(16))
    }
}

/// # Safety
/// 1. Such things lie there, aligned: all-zero is a value of them, and every process changes them as what they are.
/// 2. The slice ends before the memory.
unsafe fn part<T>(memory: &SharedMemory, offset: usize, count: usize) -> &'static [T] {
    let start = memory.start().wrapping_add(offset).cast::<T>();
    // SAFETY:
    // - 1, 2.
    unsafe { slice::from_raw_parts(start, count) }
}
