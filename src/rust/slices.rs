//! Loops over slices: each thread reads or writes elements that no other thread has.
//!
//! Both are parallel loops with a grain of one item, so that a few long calls run side by side.

use crate::fork_join;
use crate::rust::pool_core::{AnyPool, PoolCore};
#[cfg(feature = "alloc")]
use crate::util::unwind::drop_ignoring_panic;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// The smallest share, in calls.
const GRAIN: usize = 1;

/// The start of elements that several threads write, each its own.
struct Shared<T>(*mut T);

// SAFETY:
// - it gives each element to one thread (the obligations of its methods), and a T may be sent.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// # Safety
    /// 1. There are that many elements, and more than `at`. 2. No other thread uses this one.
    #[cfg(feature = "alloc")]
    unsafe fn write(&self, at: usize, value: T) {
        // SAFETY:
        // - 1, 2.
        unsafe { self.0.add(at).write(value) };
    }

    /// # Safety
    /// 1. There are elements from `from` on, `len` of them. 2. Nobody else uses them during 'a.
    unsafe fn part<'a>(&self, from: usize, len: usize) -> &'a mut [T] {
        // SAFETY:
        // - 1, 2.
        unsafe { core::slice::from_raw_parts_mut(self.0.add(from), len) }
    }
}

/// The results of a map, which threads write in any order.
#[cfg(feature = "alloc")]
struct Results<T> {
    // INVARIANT: no elements, and room for those of all items.
    values: Vec<T>,
    // INVARIANT: `values` has room for as many. True: the element there was written. Empty if a T needs no drop.
    written: Vec<bool>,
}

#[cfg(feature = "alloc")]
impl<T> Results<T> {
    fn new(len: usize) -> Self {
        let marks = if core::mem::needs_drop::<T>() { len } else { 0 };
        Self { values: Vec::with_capacity(len), written: alloc::vec![false; marks] }
    }

    /// # Safety
    /// 1. The first `len` were written, and there is room for them.
    unsafe fn finish(mut self, len: usize) -> Vec<T> {
        self.written.clear();
        let mut values = core::mem::take(&mut self.values);
        // SAFETY:
        // - 1.
        unsafe { values.set_len(len) };
        values
    }
}

#[cfg(feature = "alloc")]
impl<T> Drop for Results<T> {
    /// After a panic: drops what was written.
    fn drop(&mut self) {
        for at in (0..self.written.len()).filter(|&at| self.written[at]) {
            // SAFETY:
            // - it was written, and is read only here (the invariants).
            drop_ignoring_panic(unsafe { self.values.as_ptr().add(at).read() });
        }
    }
}

impl<P: AnyPool> PoolCore<P> {
    /// Calls `f` with each item of a slice, here and on workers that are free, and returns the results in the order of the items.
    /// The items, the results and `f` may borrow what they like: the call returns when every item is done.
    ///
    /// It is a loop as [`parallel_for`](PoolCore::parallel_for) runs it, with shares of one item and more: it may be called
    /// inside a job, it never waits for a thread that has not started, and the caller does all of it where no worker is free. It
    /// allocates the `Vec`, and one byte for each result that needs a drop. To wake a worker takes longer than a few
    /// cheap calls; for those use the iterator's `map`.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::new(2)?;
    /// let words = ["one", "two", "three"];
    /// assert_eq!(pool.map(&words, |word| word.len()), [3, 3, 5]);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// For an input that is no slice, that may be endless, or whose results are wanted one by one, there is
    /// [`map_iter`](PoolCore::map_iter). To stop at the first failure, use [`try_parallel_for`](PoolCore::try_parallel_for).
    ///
    /// # Panics
    /// With the panic of a call: no further share is started, the results are dropped, and the panic continues here when all
    /// threads have left.
    #[cfg(feature = "alloc")]
    #[must_use = "parallel_for calls a function for what it does"]
    pub fn map<'a, A, F, T>(&self, items: &'a [A], f: F) -> Vec<T>
    where
        A: Sync,
        F: Fn(&'a A) -> T + Sync,
        T: Send,
    {
        let mut results = Results::new(items.len());
        let values = Shared(results.values.as_mut_ptr());
        let written = Shared(results.written.as_mut_ptr());
        fork_join::for_each_share(&self.raw, 0..items.len(), GRAIN, |share| {
            for at in share {
                let value = f(&items[at]);
                // SAFETY:
                // - 1: there is room for each item's. 2: a share's items are one thread's.
                unsafe { values.write(at, value) };
                if core::mem::needs_drop::<T>() {
                    // SAFETY:
                    // - 1: as many marks as items, since a T needs a drop. 2: as above.
                    unsafe { written.write(at, true) };
                }
            }
        });
        // SAFETY:
        // - 1: the loop has returned, so every item is done.
        unsafe { results.finish(items.len()) }
    }

    /// Cuts a slice into chunks of `chunk` items (the last may be shorter), and calls `f` with each chunk and its number, counted
    /// from 0: here, and on workers that are free. Returns when every chunk is done. As the `chunks_mut` of a slice, in parallel.
    ///
    /// It is a loop over the chunks as [`parallel_for`](PoolCore::parallel_for) runs it, with shares of one chunk and more, and
    /// may be called wherever that may. Allocates nothing.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::new(2)?;
    /// let width = 640;
    /// let mut picture = vec![0u32; width * 480];
    /// pool.for_each_chunk_mut(&mut picture, width, |y, row| {
    ///     for (x, pixel) in row.iter_mut().enumerate() {
    ///         *pixel = (x ^ y) as u32;
    ///     }
    /// });
    /// assert_eq!(picture[3 * width + 5], 6);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// If `chunk` is 0. With the panic of a call, as parallel_for.
    pub fn for_each_chunk_mut<A, F>(&self, items: &mut [A], chunk: usize, f: F)
    where
        A: Send,
        F: Fn(usize, &mut [A]) + Sync,
    {
        assert!(chunk != 0, "a chunk has an item at least");
        let (count, start) = (items.len(), Shared(items.as_mut_ptr()));
        fork_join::for_each_share(&self.raw, 0..count.div_ceil(chunk), GRAIN, |share| {
            for number in share {
                let from = number * chunk;
                // SAFETY:
                // - 1: from < count. 2: `items` is ours alone, and each chunk is one share's.
                f(number, unsafe { start.part(from, chunk.min(count - from)) });
            }
        });
    }
}
