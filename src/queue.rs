//! A bounded FIFO of values, on two index rings and nothing else: no pool, no OS, no alloc.
//!
//! # Protocol
//!
//! N cells, and two rings of indices (`ring/mod.rs`) as a pool has them. An index is in exactly one place:
//!
//! ```text
//! free ring     the cell is empty                          at first all of them: all-zero memory
//! a producer    popped from the free ring; writes the cell
//! filled ring   the cell holds a value
//! a consumer    popped from the filled ring; reads the value out of the cell
//! ```
//!
//! push: pop an index from the free ring (none: full); write the cell; push the index to the filled ring.
//! pop: pop an index from the filled ring (none: empty); read the cell; push the index to the free ring.
//!
//! A push takes effect when it publishes its entry in the filled ring, a pop when it moves that ring's head.
//!
//! - **Order.** Values leave in the order in which their pushes took effect. So a push that returned before another began comes
//!   first, and the values of one producer stay in order. Pushes at the same time come in either order.
//! - **Empty** is exact: at some moment during the call no value was in the queue (the ring's "empty" is exact).
//! - **Full** means: at some moment during the call no cell was in the free ring. Each held a value, or belonged to a push or
//!   pop that had begun and not ended. So a queue with N − 1 values or less is called full only while other calls are in
//!   progress in it, and a thread finds room after its own pop, unless others took it.
//! - **A stopped thread** inside a call keeps one cell from the others, and nothing else: the queue is of N − 1 until it
//!   continues. A value that was not published yet delays no value behind it.
//!
//! The queue is lock-free, because each call is one pop and one push of rings that are (`ring/mod.rs` says why): a
//! thread that stops anywhere delays nobody. It is not wait-free: a thread can lose its CAS for ever to threads that
//! succeed. So an interrupt handler may make both calls while the code that it interrupted is anywhere inside them.
//!
//! # Edges
//!
//! A producer writes the cell, then publishes the index (Release on the filled ring's entry); the consumer that pops it
//! (Acquire) reads the cell (E1). The way back is the same over the free ring (E2). No word is needed besides the rings'.

#[cfg(feature = "capi")]
mod byte_queue;
mod door;
mod doors;
mod rings;

use crate::error::QueueFull;
use crate::sync::{AtomicUsize, UnsafeCell, array_of, const_fn, dying};
use crate::util::unwind::drop_ignoring_panic;
#[cfg(feature = "capi")]
pub(crate) use byte_queue::ByteQueue;
use core::fmt;
use core::mem::MaybeUninit;
use core::panic::{RefUnwindSafe, UnwindSafe};
pub(crate) use doors::{Doors, Refused};
use rings::{Ends, Rings};

/// A place for one value.
struct Cell<T>(UnsafeCell<MaybeUninit<T>>);

impl<T> Cell<T> {
    const_fn! {
        fn new() -> Self {
            // Zeroed, so that a static lies in .bss: LLVM keeps uninitialised bytes beside zeros in .data.
            Self(UnsafeCell::new(MaybeUninit::zeroed()))
        }
    }
}

/// A bounded FIFO for any number of producers and consumers, that never blocks: no locks, no heap, no OS.
///
/// It holds up to `N` values, `N` a power of two. It is all zero at first, so a `static` one lies in `.bss`. Threads, signal
/// handlers and interrupt handlers may push and pop at the same time.
///
/// ```
/// use jobring::Queue;
///
/// static LINES: Queue<[u8; 16], 8> = Queue::new();
///
/// // In an interrupt handler:
/// if LINES.try_push(*b"temperature 21 C").is_err() {
///     // All 8 places are taken; the line comes back in the error.
/// }
///
/// // In the main loop:
/// while let Some(line) = LINES.try_pop() {
///     assert_eq!(line, *b"temperature 21 C");
/// }
/// ```
///
/// Between threads:
///
/// ```
/// use jobring::Queue;
/// use std::thread;
///
/// let queue = Queue::<u64, 64>::new();
/// let sum: u64 = thread::scope(|scope| {
///     for first in [0, 500] {
///         let queue = &queue;
///         scope.spawn(move || {
///             for number in first..first + 500 {
///                 while queue.try_push(number).is_err() {
///                     thread::yield_now();
///                 }
///             }
///         });
///     }
///     let received = (0..1000).map(|_| loop {
///         match queue.try_pop() {
///             Some(number) => break number,
///             None => thread::yield_now(),
///         }
///     });
///     received.sum()
/// });
/// assert_eq!(sum, 999 * 1000 / 2);
/// ```
///
/// # Order
///
/// Values are popped in the order in which they were pushed: if one push returned before another began, its value comes
/// first. Pushes at the same time come in either order. What a producer did before a push happens before what
/// the consumer does after it popped the value.
///
/// # A stopped thread
///
/// The queue is *lock-free* in the strict sense: a thread that stops anywhere inside a call does not keep other threads from
/// completing theirs. It keeps one of the `N` places until it continues, and nothing else: no value waits for it except its
/// own. So choose `N` larger by the number of calls that may be interrupted at the same time. It is not
/// wait-free: a thread can lose its compare-and-swap for ever to threads that succeed.
///
/// A thread that is stopped inside a call for exactly a multiple of 2³⁰ pushes on 32-bit targets (2⁶² on 64-bit ones) can take an
/// outdated counter for the current one.
///
/// # Drop
///
/// A queue that is dropped drops the values that are left, the oldest first. A panic of such a drop is caught and ignored, as
/// everywhere in this crate (without `std` it ends the process), and the other values are dropped.
///
/// # Sizes
///
/// A number of places that is not a power of two is a compile-time error:
///
/// ```compile_fail
/// static QUEUE: jobring::Queue<u32, 6> = jobring::Queue::new();
/// ```
///
/// The queue takes `N` × (`size_of::<T>()` + 2 words), rounded up to alignments, and its counters: four cache lines (of
/// 128 bytes on x86-64 and aarch64), or four words on a 32-bit target without an OS.
pub struct Queue<T, const N: usize> {
    ends: Ends,
    filled: [AtomicUsize; N],
    free: [AtomicUsize; N],
    // INVARIANT: a cell is touched only by the thread that holds its index; it holds a value while its index is in `filled`.
    cells: [Cell<T>; N],
}

// SAFETY:
// - the rings are atomics. A cell is used by one thread at a time (the protocol above), which takes a T from another thread or
//   leaves it to one, and never a &T: so T: Send is enough.
unsafe impl<T: Send, const N: usize> Sync for Queue<T, N> {}

// User code runs only in `drop`, so a panic finds no call half done.
impl<T, const N: usize> UnwindSafe for Queue<T, N> {}
impl<T, const N: usize> RefUnwindSafe for Queue<T, N> {}

impl<T, const N: usize> Queue<T, N> {
    const_fn! {
        /// An empty queue.
        ///
        /// ```
        /// static QUEUE: jobring::Queue<u32, 4> = jobring::Queue::new();
        /// assert!(QUEUE.is_empty());
        /// ```
        #[must_use]
        pub fn new() -> Self {
            const {
                assert!(N.is_power_of_two(), "a queue's number of places must be a power of two");
                assert!(N <= 1 << (usize::BITS - 4), "a queue has at most 2^28 places (2^60 on 64-bit targets)");
            }
            Self {
                ends: Ends::new(),
                filled: array_of![AtomicUsize::new(0); N],
                free: array_of![AtomicUsize::new(0); N],
                cells: array_of![Cell::new(); N],
            }
        }
    }

    #[inline(always)]
    pub(crate) fn rings(&self) -> Rings<'_> {
        Rings::new(&self.ends, &self.filled, &self.free)
    }

    #[inline(always)]
    fn cell(&self, index: usize) -> &UnsafeCell<MaybeUninit<T>> {
        // N is a power of two. The mask shows the compiler that this cannot panic.
        &self.cells[index & (N - 1)].0
    }

    /// Writes a value into an empty cell.
    ///
    /// # Safety
    /// 1. The caller has taken the index from the free ring, and not passed it on.
    #[inline(always)]
    pub(crate) unsafe fn write(&self, index: usize, value: T) {
        // SAFETY:
        // - 1: the cell is this thread's, and its last user is done with it (E2); nothing is dropped in it.
        self.cell(index).with_mut(|at| unsafe { (*at).write(value) });
    }

    /// Moves the value out of a cell.
    ///
    /// # Safety
    /// 1. The caller has taken the index from the filled ring, and not passed it on. It reads once.
    #[inline(always)]
    pub(crate) unsafe fn read(&self, index: usize) -> T {
        // SAFETY:
        // - 1: the cell is this thread's, with the value that its producer wrote (E1), which is moved out once.
        self.cell(index).with_mut(|at| unsafe { (*at).assume_init_read() })
    }

    /// Appends a value. Lock-free; never waits.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] holds the value. At some moment during the call each of the `N` places held a value, or belonged to a
    /// call that was in progress on another thread, or that this one interrupted.
    ///
    /// ```
    /// let queue = jobring::Queue::<_, 2>::new();
    /// assert!(queue.try_push(1).is_ok() && queue.try_push(2).is_ok());
    /// assert_eq!(queue.try_push(3), Err(jobring::QueueFull(3)));
    /// ```
    #[inline]
    pub fn try_push(&self, value: T) -> Result<(), QueueFull<T>> {
        let Some(index) = self.rings().take_free() else { return Err(QueueFull(value)) };
        // SAFETY:
        // - 1: just popped from the free ring.
        unsafe { self.write(index, value) };
        self.rings().put_filled(index);
        Ok(())
    }

    /// Removes and returns the oldest value. None if at some moment during the call the queue was empty. Lock-free;
    /// never waits.
    ///
    /// ```
    /// let queue = jobring::Queue::<_, 2>::new();
    /// queue.try_push('a')?;
    /// assert_eq!((queue.try_pop(), queue.try_pop()), (Some('a'), None));
    /// # Ok::<(), jobring::QueueFull<char>>(())
    /// ```
    #[inline]
    pub fn try_pop(&self) -> Option<T> {
        let index = self.rings().take_filled()?;
        // SAFETY:
        // - 1: just popped from the filled ring.
        let value = unsafe { self.read(index) };
        self.rings().put_free(index);
        Some(value)
    }

    /// How many values are in the queue. Exact while no other thread uses it; otherwise the number may be out of date when it
    /// is returned, and may miss some.
    ///
    /// ```
    /// let queue = jobring::Queue::<_, 4>::new();
    /// queue.try_push("a")?;
    /// assert_eq!(queue.len(), 1);
    /// # Ok::<(), jobring::QueueFull<&str>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.rings().len()
    }

    /// Is no value in the queue? The answer was true at some moment during the call.
    ///
    /// ```
    /// assert!(jobring::Queue::<u32, 4>::new().is_empty());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rings().is_empty()
    }

    /// How many values fit: `N`.
    ///
    /// ```
    /// assert_eq!(jobring::Queue::<u32, 4>::new().capacity(), 4);
    /// ```
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }
}

impl<T, const N: usize> Drop for Queue<T, N> {
    fn drop(&mut self) {
        if core::mem::needs_drop::<T>() && !dying() {
            while let Some(value) = self.try_pop() {
                drop_ignoring_panic(value);
            }
        }
    }
}

impl<T, const N: usize> Default for Queue<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> fmt::Debug for Queue<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("len", &self.len()).field("capacity", &N).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use std::collections::VecDeque;

    /// An empty queue whose positions are `start`, a multiple of N.
    fn aged<const N: usize>(start: usize) -> Queue<usize, N> {
        let mut queue = Queue::new();
        queue.ends = Ends::aged(start);
        queue.rings().age(start);
        queue
    }

    fn compare<const N: usize>() {
        let quarter = 1 << (usize::BITS - 2);
        for start in [0, 0usize.wrapping_sub(2 * N), 0usize.wrapping_sub(N), quarter - N, 2 * quarter - N] {
            let (queue, mut expected) = (aged::<N>(start), VecDeque::new());
            for step in 0..20 * N {
                // More pushes than pops in one phase, and fewer in the next.
                if step % 7 < 2 + 3 * (step / (4 * N) % 2) {
                    let pushed = queue.try_push(step);
                    assert_eq!(pushed.is_ok(), expected.len() < N);
                    expected.extend(pushed.is_ok().then_some(step));
                } else {
                    assert_eq!(queue.try_pop(), expected.pop_front());
                }
                assert_eq!((queue.len(), queue.is_empty()), (expected.len(), expected.is_empty()));
            }
        }
    }

    #[test]
    fn a_queue_is_a_fifo_also_where_positions_wrap() {
        compare::<1>();
        compare::<2>();
        compare::<4>();
        compare::<16>();
        compare::<64>();
    }
}
