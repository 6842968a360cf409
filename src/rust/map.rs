//! Maps a function over an iterator: the map and its settings.

use crate::platform::port::Deadline;
use crate::rust::handle::JobHandle;
use crate::rust::map_chunk::Chunk;
use crate::rust::map_order::Order;
use crate::rust::pool::Pool;
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::rust::time_limit::TimeLimit;
use alloc::boxed::Box;
use core::fmt;

/// The most chunks in flight, unless the caller says otherwise.
const IN_FLIGHT: usize = 64;

/// A chunk that was submitted.
pub(super) struct Submitted<'p, A, T> {
    pub(super) job: JobHandle<'p, Box<Chunk<A, T>>>,
    /// How many items it has.
    pub(super) len: usize,
}

/// The results of a function over an input, in the order of the input: see [`PoolCore::map_iter`].
///
/// `P` is the kind of the pool; the default is `Pool`.
///
/// ```
/// use jobring::{JobError, MapIter, Pool};
/// use std::vec;
///
/// fn total(lengths: MapIter<'_, vec::IntoIter<String>, fn(String) -> usize, usize>) -> Result<usize, JobError> {
///     lengths.chunk(16).sum()
/// }
///
/// let pool = Pool::builder().workers(2).build()?;
/// let words = vec!["one".to_string(), "two".to_string(), "three".to_string()];
/// assert_eq!(total(pool.map_iter(words, |word| word.len()))?, 11);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a map does nothing unless it is iterated over"]
pub struct MapIter<'p, I: Iterator, F, T, P: AnyPool = Pool> {
    pub(super) pool: &'p PoolCore<P>,
    pub(super) order: Order<I, F, T, Submitted<'p, I::Item, T>>,
}

impl<P: AnyPool> PoolCore<P> {
    /// Calls `f` with each item of an iterator, in jobs, and returns an iterator over the results, in the order of the input
    /// whatever finishes first.
    ///
    /// Nothing happens before the first result is asked for. From then on up to [`in_flight`](MapIter::in_flight) jobs are submitted
    /// ahead of the caller, and each call of `next` blocks until the next result is there. So the input may be endless. The input
    /// is asked for items on the caller's thread.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let squares: Result<Vec<u64>, _> = pool.map_iter(1.., |n| n * n).take(5).collect();
    /// assert_eq!(squares?, [1, 4, 9, 16, 25]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Each job has a clone of `f`, which must fit into a slot beside a pointer; items and results of any size do. Small items are
    /// cheaper in [chunks](MapIter::chunk). The map allocates a ring of handles, and the room for each chunk in flight and two more;
    /// after that it allocates nothing, unless the pool is full now and then. For data that is borrowed there is
    /// [`Scope::map_iter`](crate::Scope::map_iter).
    ///
    /// Over a slice [`map`](PoolCore::map) is cheaper: it has no jobs and gives a `Vec`.
    ///
    /// # Failures
    /// A call that panics gives its [`JobError::Panicked`](crate::JobError::Panicked) in its place, and the others go on, also those of its chunk. Whoever
    /// stops at the first failure, as `collect` and `sum` into a `Result` do, drops the map, and so cancels the rest:
    ///
    /// ```
    /// use jobring::{JobError, Pool};
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let sum: Result<u32, JobError> = pool.map_iter(0.., |n| 100 / (3 - n)).sum();
    /// assert!(matches!(sum, Err(JobError::Panicked(_))));
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// Other errors:
    /// - [`JobError::Cancelled`](crate::JobError::Cancelled) in the place of each item of a job that somebody else has cancelled. If the pool is shut down and
    ///   takes no more jobs, it stands once in place of all items that are left, and is the last result.
    /// - [`JobError::TimedOut`](crate::JobError::TimedOut), the last result: see [`timeout`](MapIter::timeout).
    /// - [`JobError::Interrupted`](crate::JobError::Interrupted): nothing is lost, and the next call goes on where this one stopped.
    /// - [`JobError::Deadlock`](crate::JobError::Deadlock), [`JobError::Stack`](crate::JobError::Stack), [`JobError::Forked`](crate::JobError::Forked), as a [`wait`](JobHandle::wait) for the job returns
    ///   them, in the place of each of its items.
    ///
    /// # Dropping it
    /// Jobs that have not begun are cancelled, and their items dropped before the drop returns. Those that run are not waited for:
    /// their calls go on, and their results are dropped. A map that is leaked leaves its jobs in the pool, where they run and keep
    /// their slots.
    ///
    /// # What the calling thread runs
    /// If the job of the next result has not begun, `next` runs it on the calling thread, inside a job too. With a
    /// [time limit](MapIter::timeout) it does so only inside a job of the same pool, or on a pool without workers.
    ///
    /// It never waits for a slot. If none is free, it goes on with what it has in flight; if nothing is, the calling thread runs a
    /// chunk itself.
    ///
    /// # Panics
    /// `next` panics with a panic of the input, or of the clone of `f`. Nothing is lost, and the map can be used further.
    pub fn map_iter<I, F, T>(&self, inputs: I, f: F) -> MapIter<'_, I::IntoIter, F, T, P>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Clone + Send + 'static,
        T: Send + 'static,
    {
        let most = default_in_flight(self.capacity());
        MapIter { pool: self, order: Order::new(inputs.into_iter(), f, most) }
    }
}

fn default_in_flight(capacity: usize) -> usize {
    (capacity / 2).clamp(1, IN_FLIGHT)
}

impl<I, F, T, P> MapIter<'_, I, F, T, P>
where
    I: Iterator,
    P: AnyPool,
{
    /// The most chunks that are submitted and whose results the caller has not begun to take, and so the most that the input is
    /// ahead of the caller, apart from one chunk. More than the pool has slots is taken as that many. Default: 0, which is half of
    /// the slots, or 64 if that is fewer.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let mut read = 0;
    /// let lines = std::iter::from_fn(|| {
    ///     read += 1;
    ///     Some(read)
    /// });
    /// assert_eq!(pool.map_iter(lines, |n| n * 2).in_flight(4).next().unwrap()?, 2);
    /// assert_eq!(read, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_flight(mut self, chunks: usize) -> Self {
        let capacity = self.pool.capacity();
        self.order.most = if chunks == 0 { default_in_flight(capacity) } else { chunks.min(capacity) };
        self
    }

    /// How many items are one job. Default: 1. 0 is taken as 1.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let sum: Result<u64, _> = pool.map_iter(0..10_000u64, |n| n * n).chunk(1000).sum();
    /// assert_eq!(sum?, 333_283_335_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chunk(mut self, items: usize) -> Self {
        self.order.chunk = items.max(1);
        self
    }

    /// The time for the whole map: a `Duration` from this call on, or (with `std`) until an `Instant`
    /// ([`TimeLimit`]). When a call of `next` finds that it is up, or the time is up while it waits, nothing
    /// more is begun: queued jobs are cancelled. Results that are there are still given, up to the first that is not. In its place
    /// stands [`JobError::TimedOut`](crate::JobError::TimedOut), and it is the last: how far the map came is the number of results before it. A job that runs
    /// then is not waited for.
    ///
    /// A call of `next` overruns the time by a chunk at most, where it runs that chunk itself. Without a clock the time is up at
    /// once. Default: no limit.
    ///
    /// ```
    /// use jobring::{JobError, Pool};
    /// use std::sync::mpsc::channel;
    /// use std::sync::{Arc, Mutex};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let (send, receive) = channel();
    /// let receive = Arc::new(Mutex::new(receive));
    /// send.send("first")?;
    /// let mut lines = pool.map_iter(0..3, move |_| receive.lock().unwrap().recv().unwrap());
    /// assert_eq!(lines.next().unwrap()?, "first");
    /// let mut lines = lines.timeout(Duration::from_millis(5));
    /// assert!(matches!(lines.next(), Some(Err(JobError::TimedOut))));
    /// assert!(lines.next().is_none());
    /// send.send("for the job that waits for it")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, timeout: impl Into<TimeLimit>) -> Self {
        self.order.deadline = Deadline::after(self.pool.raw().port(), timeout.into().timeout());
        self
    }
}

impl<I: Iterator, F, T, P: AnyPool> fmt::Debug for MapIter<'_, I, F, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIter")
            .field("chunk", &self.order.chunk)
            .field("most_in_flight", &self.order.most)
            .field("in_flight", &self.order.in_flight.len())
            .finish_non_exhaustive()
    }
}
