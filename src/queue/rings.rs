//! The two rings of a queue: which cells are empty, and which hold values, in what order. `queue.rs` states the protocol.

use crate::ring::{Cursors, Popper, Ring, Seed};
use crate::sync::{AtomicUsize, const_fn};

/// A view of both. An index that was popped from one is pushed to the other, by the same thread.
#[derive(Clone, Copy)]
pub(crate) struct Rings<'a> {
    filled: Ring<'a>,
    free: Ring<'a>,
}

impl<'a> Rings<'a> {
    /// Both have the same number of entries, a power of two. All-zero memory is an empty queue.
    #[inline(always)]
    pub(crate) fn new(ends: &'a Ends, filled: &'a [AtomicUsize], free: &'a [AtomicUsize]) -> Self {
        Self {
            filled: Ring::new(&ends.filled, filled, Seed::Empty),
            free: Ring::new(&ends.free, free, Seed::Full),
        }
    }

    /// Takes an empty cell; None if there is none. The last user of the cell is done with it (E2).
    #[inline(always)]
    pub(crate) fn take_free(&self) -> Option<usize> {
        self.free.pop()
    }

    /// As `take_free`, for a thread that may wait: it keeps its distance from those that put cells back (`ring/pacing.rs`).
    #[inline(always)]
    pub(crate) fn take_free_paced(&self) -> Option<usize> {
        self.free.pop_as(Popper::Submitter, || true, |_| {})
    }

    /// Gives an empty cell back.
    #[inline(always)]
    pub(crate) fn put_free(&self, index: usize) {
        self.free.push(index);
    }

    /// Takes the cell with the oldest value; None if there is none. The value is there (E1).
    #[inline(always)]
    pub(crate) fn take_filled(&self) -> Option<usize> {
        self.filled.pop()
    }

    /// As `take_filled`, for a thread that may wait.
    #[inline(always)]
    pub(crate) fn take_filled_paced(&self) -> Option<usize> {
        self.filled.pop_as(Popper::Worker, || true, |_| {})
    }

    /// Appends a cell that holds a value.
    #[inline(always)]
    pub(crate) fn put_filled(&self, index: usize) {
        self.filled.push(index);
    }

    /// How many cells there are.
    #[inline(always)]
    pub(crate) fn capacity(&self) -> usize {
        self.filled.len()
    }

    /// How many values are in the queue. Exact while no other thread uses it; otherwise it may miss some.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let (pushes, pops) = self.filled.counts();
        let left = pushes.wrapping_sub(pops);
        // Pops that came after the look at the pushes.
        if left > self.capacity() { 0 } else { left }
    }

    /// Is no value in the queue? The answer was true at some moment during the call.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    /// Moves the positions of an unused queue on. For tests of the wrap-around.
    #[cfg(test)]
    pub(crate) fn age(&self, start: usize) {
        self.filled.age(start);
        self.free.age(start);
    }
}

/// The counters of both rings.
pub(crate) struct Ends {
    filled: Cursors,
    free: Cursors,
}

impl Ends {
    const_fn! {
        /// Those of an empty queue: all zero.
        pub(crate) fn new() -> Self {
            Self { filled: Cursors::new(), free: Cursors::new() }
        }
    }

    /// The same, for rings after [`Rings::age`].
    #[cfg(test)]
    pub(crate) fn aged(start: usize) -> Self {
        Self { filled: Cursors::new().aged(start), free: Cursors::new().aged(start) }
    }
}
