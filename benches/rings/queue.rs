//! A bounded queue of words over two index rings, as a pool has them.

use crate::ring::{Cursors, Popper, Ring, Seed};
use crate::sync::AtomicUsize;
use crate::util::prefetch::fetch_to_write;
use core::sync::atomic::Ordering::Relaxed;

/// A bounded queue of words for any number of producers and consumers.
pub struct Queue {
    ready_ends: Cursors,
    free_ends: Cursors,
    ready: Box<[AtomicUsize]>,
    free: Box<[AtomicUsize]>,
    // As wide as a slot: neighbours in a pool share no line. An atomic, because that spares an unsafe block.
    cells: Box<[Cell]>,
}

#[repr(align(64))]
struct Cell(AtomicUsize);

impl Queue {
    /// For `capacity` words, a power of two.
    pub fn new(capacity: usize) -> Self {
        let zeros = || (0..capacity).map(|_| AtomicUsize::new(0)).collect();
        Self {
            ready_ends: Cursors::new(),
            free_ends: Cursors::new(),
            ready: zeros(),
            free: zeros(),
            cells: (0..capacity).map(|_| Cell(AtomicUsize::new(0))).collect(),
        }
    }

    #[inline(always)]
    fn ready(&self) -> Ring<'_> {
        Ring::new(&self.ready_ends, &self.ready, Seed::Empty)
    }

    #[inline(always)]
    fn free(&self) -> Ring<'_> {
        Ring::new(&self.free_ends, &self.free, Seed::Full)
    }

    #[inline(always)]
    fn fetch(&self, index: usize) {
        fetch_to_write(core::ptr::from_ref(&self.cells[index]).cast());
    }

    /// False if it is full.
    #[inline]
    pub fn push(&self, word: usize) -> bool {
        // As submit does.
        let free = self.free().pop_as(Popper::Submitter, || true, |index| self.fetch(index));
        let Some(index) = free else { return false };
        // ORDERING: Relaxed: the rings' edges order it (E1 to the popper, E2 back).
        self.cells[index].0.store(word, Relaxed);
        self.ready().push(index);
        true
    }

    /// None if it is empty.
    #[inline]
    pub fn pop(&self) -> Option<usize> {
        // As a worker does.
        let index = self.ready().pop_as(Popper::Worker, || true, |index| self.fetch(index))?;
        let word = self.cells[index].0.load(Relaxed);
        self.free().push(index);
        Some(word)
    }
}
