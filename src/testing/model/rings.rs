//! An index ring with a cell for each index.

extern crate std;

use crate::platform::port::Port;
use crate::platform::{Clock, ModelPort};
use crate::ring::{Cursors, Popper, Ring, Seed};
use crate::sync::{AtomicUsize, UnsafeCell};
use std::vec::Vec;

/// A ring of indices, and for each index a cell that belongs to the thread that holds the index.
pub struct Indices {
    ends: Cursors,
    entries: Vec<AtomicUsize>,
    cells: Vec<UnsafeCell<usize>>,
    seed: Seed,
    port: ModelPort,
}

impl Indices {
    /// A ring of `len` entries that starts at position `start`, a multiple of `len`, with the `seeded`
    /// smallest indices in it.
    pub fn new(len: usize, start: usize, seeded: usize) -> Self {
        let (seed, ends) = match seeded {
            0 => (Seed::Empty, Cursors::new()),
            _ => (Seed::Full, Cursors::seeded(seeded, len)),
        };
        let this = Self {
            ends: ends.aged(start),
            entries: (0..len).map(|_| AtomicUsize::new(0)).collect(),
            cells: (0..len).map(|_| UnsafeCell::new(0)).collect(),
            seed,
            port: ModelPort::new(Clock::None),
        };
        if seeded > 0 {
            this.ring().remove_seeds(seeded);
        }
        this.ring().age(start);
        this
    }

    fn ring(&self) -> Ring<'_> {
        Ring::new(&self.ends, &self.entries, self.seed)
    }

    /// Writes the cell of an index that the caller holds.
    pub fn write(&self, index: usize, value: usize) {
        // SAFETY:
        // - the caller holds the index; the model's cell checks that.
        self.cells[index].with_mut(|at| unsafe { *at = value });
    }

    /// Reads the cell of an index that the caller holds.
    pub fn read(&self, index: usize) -> usize {
        // SAFETY:
        // - as in write.
        self.cells[index].with(|at| unsafe { *at })
    }

    /// Pushes, and wakes the threads that marked the entry. Was it marked?
    pub fn push(&self, index: usize) -> bool {
        let marked = self.ring().push(index).marked;
        if let Some(word) = marked {
            self.port.wake_all(word);
        }
        marked.is_some()
    }

    /// The number of pushes before this one.
    pub fn push_at(&self, index: usize) -> usize {
        self.ring().push(index).position
    }

    /// Pops.
    pub fn pop(&self) -> Option<usize> {
        self.ring().pop()
    }

    /// Pops at most `most` indices at once.
    pub fn pop_many(&self, most: usize) -> Vec<usize> {
        let mut indices = std::vec![0; most];
        let count = self.ring().pop_many(&mut indices, Popper::Unpaced, || false, |_| {});
        indices.truncate(count);
        indices
    }

    /// Pops; sleeps on the mark while the ring is empty.
    pub fn pop_or_sleep(&self) -> usize {
        loop {
            if let Some(index) = self.ring().pop() {
                return index;
            }
            if let Some(marked) = self.ring().mark_empty(crate::ring::Mark::Waiter) {
                self.port.wait(marked.word, marked.value, None);
            }
        }
    }

    /// Sets the mark if the ring is empty. Was it?
    pub fn mark_if_empty(&self) -> bool {
        self.ring().mark_empty(crate::ring::Mark::Waiter).is_some()
    }

    /// Pops after a look. None if the ring was empty, or if another thread was faster.
    pub fn peek_and_pop(&self) -> Option<usize> {
        let (position, index) = self.ring().peek()?;
        self.ring().pop_if_at(position).then_some(index)
    }

    /// Is there an oldest index?
    pub fn has_front(&self) -> bool {
        self.ring().peek().is_some()
    }

    /// Sets a closer's mark if the ring is empty. Was it?
    pub fn mark_for_closer(&self) -> bool {
        self.ring().mark_empty(crate::ring::Mark::Closer).is_some()
    }

    /// Is there nothing to pop?
    pub fn is_empty(&self) -> bool {
        self.ring().is_empty()
    }

    /// Removes the mark and wakes the threads that sleep there. Was there a mark?
    pub fn unmark(&self) -> bool {
        let word = self.ring().unmark();
        if let Some(word) = word {
            self.port.wake_all(word);
        }
        word.is_some()
    }
}
