//! The queue for threads that wait. `queue/doors.rs` states the protocol.

use crate::error::{PopError, PushError};
use crate::platform::port::Timeout;
use crate::platform::{System, system};
use crate::queue::{Doors, Queue, Refused};
use crate::rust::time_limit::TimeLimit;
use crate::sync::const_fn;
use core::fmt;

/// A bounded FIFO for any number of producers and consumers, which can wait for each other: a [`Queue`] with pushes that
/// wait for room, pops that wait for a value, and an end.
///
/// It holds up to `N` values, `N` a power of two. A thread that waits sleeps, and uses no CPU. (In a build without the
/// features `std` and `pthread` it spins, and without a clock a time limit ends at once.) No call takes a lock or allocates.
///
/// ```
/// use jobring::BlockingQueue;
/// use std::thread;
///
/// let lines = BlockingQueue::<String, 4>::new();
/// thread::scope(|scope| {
///     let consumer = scope.spawn(|| {
///         let mut received = 0;
///         // Until the queue is closed and empty.
///         while let Ok(line) = lines.pop() {
///             assert!(line.starts_with("line "));
///             received += 1;
///         }
///         received
///     });
///     for n in 0..100 {
///         lines.push(format!("line {n}")).expect("nobody has closed it");
///     }
///     lines.close();
///     assert_eq!(consumer.join().expect("no panic"), 100);
/// });
/// ```
///
/// Where threads push and pop all the time, this is the faster of the two: a `push` or `pop` that comes too close to the other
/// side may pause for some microseconds, so that they do not fight for the same cache lines. The calls of a `Queue`, and
/// `try_push` and `try_pop` here, never do.
///
/// # Order
///
/// As for a [`Queue`]: values are popped in the order in which they were pushed. What a producer did before a push happens
/// before what the consumer does after it popped the value.
///
/// # The end
///
/// After [`close`](BlockingQueue::close) each push is refused and gives its value back, also one that waits. Pops go on
/// until every value that was accepted is popped, and only then say [`PopError::Closed`]. What a thread did before it
/// closed the queue happens before what a thread does after it got this error.
///
/// # A stopped thread
///
/// A thread that is stopped inside a call keeps one of the `N` places, as in a [`Queue`], and may keep one other thread
/// asleep that waits for its value or its place. Each further push (or pop) wakes another thread, so no more than that is
/// delayed. If it is stopped in the middle of a push or a pop, [`PopError::Closed`] comes after it continues.
///
/// # In a pool
///
/// A job may push and pop. But a job that waits takes a worker away, and the pool does not know what it waits for: if all
/// workers wait for values that only a queued job can push, they wait for ever.
pub struct BlockingQueue<T, const N: usize> {
    queue: Queue<T, N>,
    doors: Doors,
    port: System,
}

impl<T, const N: usize> BlockingQueue<T, N> {
    const_fn! {
        /// An empty queue.
        ///
        /// ```
        /// use jobring::BlockingQueue;
        ///
        /// static QUEUE: BlockingQueue<u32, 4> = BlockingQueue::new();
        /// assert!(QUEUE.is_empty() && !QUEUE.is_closed());
        /// ```
        #[must_use]
        pub fn new() -> Self {
            Self::on(system())
        }
    }

    const_fn! {
        pub(crate) fn on(port: System) -> Self {
            Self { queue: Queue::new(), doors: Doors::new(), port }
        }
    }

    fn push_until(&self, value: T, timeout: Timeout) -> Result<(), PushError<T>> {
        let rings = self.queue.rings();
        let index = match self.doors.take_free(&self.port, rings, timeout) {
            Ok(index) => index,
            Err(Refused::TimedOut) => return Err(PushError::Full(value)),
            Err(Refused::Closed) => return Err(PushError::Closed(value)),
        };
        // SAFETY:
        // - 1: just taken from the free ring.
        unsafe { self.queue.write(index, value) };
        self.doors.put_filled(&self.port, rings, index);
        Ok(())
    }

    fn pop_until(&self, timeout: Timeout) -> Result<T, PopError> {
        let rings = self.queue.rings();
        let index = self.doors.take_filled(&self.port, rings, timeout).map_err(|refused| match refused {
            Refused::TimedOut => PopError::Empty,
            Refused::Closed => PopError::Closed,
        })?;
        // SAFETY:
        // - 1: just taken from the filled ring.
        let value = unsafe { self.queue.read(index) };
        self.doors.put_free(&self.port, rings, index);
        Ok(value)
    }

    /// Appends a value. Blocks while no place is free.
    ///
    /// ```
    /// let queue = jobring::BlockingQueue::<_, 2>::new();
    /// queue.push(1)?;
    /// assert_eq!(queue.pop(), Ok(1));
    /// # Ok::<(), jobring::PushError<u32>>(())
    /// ```
    ///
    /// # Errors
    /// [`PushError::Closed`], with the value.
    pub fn push(&self, value: T) -> Result<(), PushError<T>> {
        self.push_until(value, Timeout::Forever)
    }

    /// The same; waits no longer than `limit`: a `Duration`, or an `Instant` at which the wait ends.
    ///
    /// ```
    /// use jobring::{BlockingQueue, PushError};
    /// use std::time::Duration;
    ///
    /// let queue = BlockingQueue::<_, 1>::new();
    /// queue.push(1)?;
    /// let late = queue.push_timeout(2, Duration::from_millis(1));
    /// assert_eq!(late, Err(PushError::Full(2)));
    /// # Ok::<(), PushError<u32>>(())
    /// ```
    ///
    /// # Errors
    /// [`PushError::Full`] when the time has passed; [`PushError::Closed`]. Both have the value.
    pub fn push_timeout(&self, value: T, limit: impl Into<TimeLimit>) -> Result<(), PushError<T>> {
        self.push_until(value, limit.into().timeout())
    }

    /// Appends a value if a place is free. Never waits.
    ///
    /// From a signal handler too, on Linux; elsewhere the wake-up of a thread that sleeps takes a lock.
    ///
    /// ```
    /// use jobring::{BlockingQueue, PushError};
    ///
    /// let queue = BlockingQueue::<_, 1>::new();
    /// queue.try_push(1)?;
    /// assert_eq!(queue.try_push(2), Err(PushError::Full(2)));
    /// # Ok::<(), PushError<u32>>(())
    /// ```
    ///
    /// # Errors
    /// [`PushError::Full`], [`PushError::Closed`], with the value.
    pub fn try_push(&self, value: T) -> Result<(), PushError<T>> {
        self.push_until(value, Timeout::Poll)
    }

    /// Removes and returns the oldest value. Blocks while there is none.
    ///
    /// ```
    /// use jobring::{BlockingQueue, PopError};
    ///
    /// let queue = BlockingQueue::<_, 2>::new();
    /// queue.push('a')?;
    /// queue.close();
    /// assert_eq!((queue.pop(), queue.pop()), (Ok('a'), Err(PopError::Closed)));
    /// # Ok::<(), jobring::PushError<char>>(())
    /// ```
    ///
    /// # Errors
    /// [`PopError::Closed`].
    pub fn pop(&self) -> Result<T, PopError> {
        self.pop_until(Timeout::Forever)
    }

    /// The same; waits no longer than `limit`: a `Duration`, or an `Instant` at which the wait ends.
    ///
    /// ```
    /// use jobring::{BlockingQueue, PopError};
    /// use std::time::Duration;
    ///
    /// let queue = BlockingQueue::<u32, 2>::new();
    /// assert_eq!(queue.pop_timeout(Duration::from_millis(1)), Err(PopError::Empty));
    /// ```
    ///
    /// # Errors
    /// [`PopError::Empty`] when the time has passed; [`PopError::Closed`].
    pub fn pop_timeout(&self, limit: impl Into<TimeLimit>) -> Result<T, PopError> {
        self.pop_until(limit.into().timeout())
    }

    /// Removes and returns the oldest value if there is one. Never waits. From a signal handler: see
    /// [`try_push`](BlockingQueue::try_push).
    ///
    /// ```
    /// use jobring::{BlockingQueue, PopError};
    ///
    /// let queue = BlockingQueue::<u32, 2>::new();
    /// assert_eq!(queue.try_pop(), Err(PopError::Empty));
    /// ```
    ///
    /// # Errors
    /// [`PopError::Empty`], [`PopError::Closed`]. A closed queue is called empty while a call that may still bring its value
    /// is in progress.
    pub fn try_pop(&self) -> Result<T, PopError> {
        self.pop_until(Timeout::Poll)
    }

    /// Closes the queue: from now on pushes are refused, and those that wait end. Pops go on until the queue is empty. A second
    /// close changes nothing. Never waits.
    ///
    /// ```
    /// use jobring::{BlockingQueue, PushError};
    ///
    /// let queue = BlockingQueue::<_, 2>::new();
    /// queue.close();
    /// assert_eq!(queue.push(1), Err(PushError::Closed(1)));
    /// ```
    pub fn close(&self) {
        self.doors.close(&self.port, self.queue.rings());
    }

    /// Is the queue closed? Values may be left in it.
    ///
    /// ```
    /// let queue = jobring::BlockingQueue::<u32, 2>::new();
    /// queue.close();
    /// assert!(queue.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.doors.is_closed()
    }

    /// How many values are in the queue: see [`Queue::len`].
    ///
    /// ```
    /// let queue = jobring::BlockingQueue::<_, 2>::new();
    /// queue.push(1)?;
    /// assert_eq!(queue.len(), 1);
    /// # Ok::<(), jobring::PushError<u32>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Is no value in the queue? The answer was true at some moment during the call.
    ///
    /// ```
    /// assert!(jobring::BlockingQueue::<u32, 2>::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many values fit: `N`.
    ///
    /// ```
    /// assert_eq!(jobring::BlockingQueue::<u32, 2>::new().capacity(), 2);
    /// ```
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }
}

impl<T, const N: usize> Default for BlockingQueue<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> fmt::Debug for BlockingQueue<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingQueue")
            .field("len", &self.len())
            .field("capacity", &N)
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
