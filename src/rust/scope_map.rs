//! A map over what is borrowed: its jobs are those of a scope.
//!
//! - A job has a pointer to its chunk, which is the map's: it leaves no result, so the scope can finish it without the map.
//! - A chunk that was submitted is freed only after its job has finished. A map that is leaked frees none.

use crate::JobId;
use crate::error::JobError;
use crate::platform::port::{Deadline, Timeout};
use crate::rust::map_chunk::Chunk;
use crate::rust::map_iter::request;
use crate::rust::map_order::{Jobs, Order, Stop, Taken, Unplaced};
use crate::rust::pool::Pool;
use crate::rust::pool_core::AnyPool;
use crate::rust::scope::Scope;
use crate::rust::scoped_handle::MOST;
use crate::rust::time_limit::TimeLimit;
use crate::util::unwind::drop_ignoring_panic;
use alloc::boxed::Box;
use core::fmt;
use core::iter::FusedIterator;
use core::ptr::NonNull;

/// The results of a function that borrows, in the order of its input: see [`Scope::map_iter`].
///
/// `P` is the kind of the pool; the default is `Pool`.
///
/// ```
/// use jobring::{JobError, Pool, ScopeMapIter};
/// use std::slice::Iter;
///
/// type Lengths<'scope, 'env> = ScopeMapIter<'scope, 'env, Iter<'env, String>, fn(&'env String) -> usize, usize>;
///
/// fn total(lengths: Lengths<'_, '_>) -> Result<usize, JobError> {
///     lengths.chunk(16).sum()
/// }
///
/// let pool = Pool::builder().workers(2).build()?;
/// let words = ["one".to_string(), "two".to_string(), "three".to_string()];
/// let sum = pool.scope(|s| total(s.map_iter(&words, |word| word.len())));
/// assert_eq!(sum?, 11);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a map does nothing unless it is iterated over"]
pub struct ScopeMapIter<'scope, 'env: 'scope, I: Iterator, F, T, P: AnyPool = Pool> {
    scope: &'scope Scope<'scope, 'env, P>,
    order: Order<I, F, T, Lent<I::Item, T>>,
}

impl<'scope, 'env, P: AnyPool> Scope<'scope, 'env, P> {
    /// As [`PoolCore::map_iter`](crate::PoolCore::map_iter), for what outlives the scope: the items, the results and `f` may borrow it. The
    /// map ends with the scope.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let text = String::from("a few words here");
    /// let capitals = pool.scope(|s| {
    ///     let words = s.map_iter(text.split(' '), |word| (word, word.to_uppercase()));
    ///     words.collect::<Result<Vec<(&str, String)>, _>>()
    /// });
    /// assert_eq!(capitals?[1], ("few", "FEW".to_string()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Nothing that ends before the scope can be mapped over:
    ///
    /// ```compile_fail
    /// let pool = jobring::Pool::builder().workers(1).build().unwrap();
    /// pool.scope(|s| {
    ///     let inside = [1, 2, 3];
    ///     s.map_iter(&inside, |n| n + 1).count()
    /// });
    /// ```
    ///
    /// There are these differences:
    /// - What runs is waited for where the map is dropped, where its time is up, or, if it was leaked, at the end of the scope.
    /// - The calling thread runs the job of the next result if it has not begun, with a time limit too.
    /// - On a pool that is shut down the calling thread runs all chunks. No other error occurs than [`JobError::Panicked`],
    ///   [`JobError::TimedOut`], and [`JobError::Cancelled`] if a shutdown discards the job.
    /// - At most 32 chunks are in flight.
    pub fn map_iter<I, F, T>(
        &'scope self,
        inputs: I,
        f: F,
    ) -> ScopeMapIter<'scope, 'env, I::IntoIter, F, T, P>
    where
        I: IntoIterator<Item: Send + 'scope>,
        F: Fn(I::Item) -> T + Clone + Send + 'scope,
        T: Send + 'scope,
    {
        ScopeMapIter { scope: self, order: Order::new(inputs.into_iter(), f, most(self.pool.capacity(), 0)) }
    }
}

fn most(capacity: usize, wanted: usize) -> usize {
    match wanted {
        0 => (capacity / 2).clamp(1, MOST),
        _ => wanted.min(capacity).min(MOST),
    }
}

impl<I: Iterator, F, T, P: AnyPool> ScopeMapIter<'_, '_, I, F, T, P> {
    /// As [`MapIter::in_flight`](crate::MapIter::in_flight). More than 32 is taken as 32. Default: 0, which is half of the slots, or 32.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let factor = 2;
    /// let first = pool.scope(|s| s.map_iter(1.., |n| n * factor).in_flight(4).next());
    /// assert_eq!(first.unwrap()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_flight(mut self, chunks: usize) -> Self {
        self.order.most = most(self.scope.pool.capacity(), chunks);
        self
    }

    /// As [`MapIter::chunk`](crate::MapIter::chunk).
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let numbers: Vec<u64> = (0..10_000).collect();
    /// let sum: Result<u64, _> = pool.scope(|s| s.map_iter(&numbers, |n| n * n).chunk(1000).sum());
    /// assert_eq!(sum?, 333_283_335_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chunk(mut self, items: usize) -> Self {
        self.order.chunk = items.max(1);
        self
    }

    /// As [`MapIter::timeout`](crate::MapIter::timeout), but the call that gives [`JobError::TimedOut`] first waits for the jobs that run.
    ///
    /// ```
    /// use jobring::{JobError, Pool};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let numbers = [1, 2, 3];
    /// let late = pool.scope(|s| s.map_iter(&numbers, |n| n * 2).timeout(Duration::ZERO).next());
    /// assert!(matches!(late, Some(Err(JobError::TimedOut))));
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn timeout(mut self, timeout: impl Into<TimeLimit>) -> Self {
        self.order.deadline = Deadline::after(self.scope.pool.raw().port(), timeout.into().timeout());
        self
    }
}

/// A job that was submitted, and its chunk.
struct Lent<A, T> {
    job: JobId,
    chunk: LentChunk<A, T>,
}

/// A chunk, which is its job's alone until the scope has finished that job.
struct LentChunk<A, T>(NonNull<Chunk<A, T>>);

// SAFETY:
// - it gives the items and the results to one thread at a time, and both may be sent.
unsafe impl<A: Send, T: Send> Send for LentChunk<A, T> {}

impl<A, T> LentChunk<A, T> {
    /// # Safety
    /// 1. The caller is the chunk's job. Its owner neither uses nor frees it before the job has finished.
    unsafe fn run(mut self, f: &impl Fn(A) -> T) {
        // SAFETY:
        // - it came out of a Box, and is ours alone: 1.
        unsafe { self.0.as_mut() }.run(f);
    }

    /// # Safety
    /// 1. The chunk's job has finished, or was not accepted. 2. It is not used again.
    unsafe fn take_back(&self) -> Box<Chunk<A, T>> {
        // SAFETY:
        // - it came out of a Box, and nobody else uses it: 1, 2.
        unsafe { Box::from_raw(self.0.as_ptr()) }
    }
}

impl<A, T> Lent<A, T> {
    fn cancel<P: AnyPool>(&self, scope: &Scope<'_, '_, P>) {
        let pool = scope.pool.raw();
        if !pool.is_copy() {
            let _ = pool.cancel(self.job);
        }
    }

    /// Waits for it.
    fn finish<P: AnyPool>(self, scope: &Scope<'_, '_, P>) -> Box<Chunk<A, T>> {
        scope.spawned.finish_job(scope.pool.raw(), self.job, Timeout::Forever);
        // SAFETY:
        // - 1: the scope has just finished the job. 2: `self` ends here.
        unsafe { self.chunk.take_back() }
    }
}

/// The jobs of a map in a scope.
struct ScopeJobs<'scope, 'env, P: AnyPool>(&'scope Scope<'scope, 'env, P>);

impl<'scope, A, F, T, P> Jobs<A, F, T> for ScopeJobs<'scope, '_, P>
where
    A: Send + 'scope,
    F: Fn(A) -> T + Send + 'scope,
    T: Send + 'scope,
    P: AnyPool,
{
    type Job = Lent<A, T>;

    fn left(&self, deadline: Deadline) -> Result<Option<u64>, ()> {
        deadline.left(self.0.pool.raw().port())
    }

    fn submit(&self, chunk: Box<Chunk<A, T>>, f: F) -> Result<Self::Job, Unplaced<A, T>> {
        let chunk = NonNull::from(Box::leak(chunk));
        let lent = LentChunk(chunk);
        let request = request::<P, _, _>(move || {
            // SAFETY:
            // - 1: this is the job; `finish` and `take` use the chunk when it has finished.
            unsafe { lent.run(&f) };
            drop_ignoring_panic(f);
        });
        let chunk = LentChunk(chunk);
        // SAFETY:
        // - 1: `PoolCore::scope` calls finish before it returns or unwinds, and 'scope lasts until then. The chunk lasts until the
        //   job has finished. 2: it fits (request).
        match unsafe { self.0.spawned.spawn(self.0.pool.raw(), request) } {
            Ok(()) => Ok(Lent { job: self.0.spawned.newest().expect("it was just spawned"), chunk }),
            Err(request) => {
                drop_ignoring_panic(request.into_closure());
                // SAFETY:
                // - 1: its job was not accepted, and is dropped. 2: `chunk` ends here.
                Err(Unplaced { why: Stop::Full, chunk: unsafe { chunk.take_back() } })
            }
        }
    }

    fn cancel(&self, job: &Self::Job) {
        job.cancel(self.0);
    }

    fn take(&self, job: Self::Job, timeout: Timeout) -> Taken<A, T, Self::Job> {
        if !self.0.spawned.finish_job(self.0.pool.raw(), job.job, timeout) {
            return Taken::Late(job);
        }
        let id = job.job;
        let mut chunk = job.finish(self.0);
        let left = chunk.inputs.len();
        if left > 0 && timeout == Timeout::Poll {
            return Taken::Late(Lent { job: id, chunk: LentChunk(NonNull::from(Box::leak(chunk))) });
        }
        chunk.inputs.drain(..).for_each(drop_ignoring_panic);
        chunk.fail(left, || JobError::Cancelled);
        Taken::Finished(chunk)
    }

    fn give_up(&self, job: Self::Job) {
        drop_ignoring_panic(job.finish(self.0));
    }
}

impl<'scope, I, F, T, P> Iterator for ScopeMapIter<'scope, '_, I, F, T, P>
where
    I: Iterator<Item: Send + 'scope>,
    F: Fn(I::Item) -> T + Clone + Send + 'scope,
    T: Send + 'scope,
    P: AnyPool,
{
    type Item = Result<T, JobError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.order.next(&ScopeJobs(self.scope))
    }
}

impl<'scope, I, F, T, P> FusedIterator for ScopeMapIter<'scope, '_, I, F, T, P>
where
    I: Iterator<Item: Send + 'scope>,
    F: Fn(I::Item) -> T + Clone + Send + 'scope,
    T: Send + 'scope,
    P: AnyPool,
{
}

impl<I: Iterator, F, T, P: AnyPool> Drop for ScopeMapIter<'_, '_, I, F, T, P> {
    fn drop(&mut self) {
        self.order.in_flight.iter().for_each(|job| job.cancel(self.scope));
        // Those that were cancelled first.
        self.order.in_flight.drain(..).rev().for_each(|job| drop_ignoring_panic(job.finish(self.scope)));
    }
}

impl<I: Iterator, F, T, P: AnyPool> fmt::Debug for ScopeMapIter<'_, '_, I, F, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeMapIter").finish_non_exhaustive()
    }
}
