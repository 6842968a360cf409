//! Completion queues for Rust callers: the results of many jobs, in the order in which they finish.

use crate::JobId;
use crate::engine::{Completions as Queue, Fail, Wait, WhenFull};
use crate::error::{BuildError, RecvError, SubmitError};
use crate::platform::port::{Origin, Timeout};
use crate::rust::completion::Completion;
use crate::rust::pool::Pool;
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::rust::queued_closure::{QueuedFits, QueuedRequest};
use crate::rust::time_limit::TimeLimit;
use crate::sync::dying;
#[cfg(feature = "future")]
use crate::util::unwind::Discarded;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::time::Duration;

/// A completion queue (feature `alloc`): the results of jobs, in the order in which they finish. Any number of threads may submit
/// jobs into it, and any number may receive.
///
/// Each job has a *tag*, a number of the caller's choice that comes back with its result. A job arrives exactly once, also if it
/// panicked, was cancelled, or was discarded by a shutdown. The queue cannot overflow: a job keeps its slot until its result is
/// received. With a free slot a submit allocates nothing.
///
/// ```
/// use jobring::Pool;
///
/// let pool = Pool::builder().workers(2).build()?;
/// let squares = pool.completions::<u64>()?;
/// for n in 0..10 {
///     squares.submit(n, move || n * n)?;
/// }
/// let mut sum = 0;
/// for square in &squares {
///     let value = square.result?;
///     assert_eq!(value, square.tag * square.tag);
///     sum += value;
/// }
/// assert_eq!(sum, 285);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A function that takes a queue names the types of the result and of the pool; the default is `Pool`:
///
/// ```
/// use jobring::{AnyPool, Completions, Pool};
///
/// fn count<T: Send + 'static, P: AnyPool>(queue: &Completions<'_, T, P>) -> usize {
///     queue.iter().count()
/// }
///
/// // For a queue of a `Pool` alone.
/// fn sum(queue: &Completions<'_, u32>) -> u32 {
///     queue.iter().filter_map(|completion| completion.result.ok()).sum()
/// }
///
/// let pool = Pool::builder().workers(1).build()?;
/// let queue = pool.completions()?;
/// queue.submit(0, || 42)?;
/// assert_eq!((sum(&queue), count(&queue)), (42, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # More jobs than slots
///
/// A thread that submits and receives by turns is not stopped by a full pool. A thread that only submits waits in
/// [`submit`](Completions::submit) until another thread receives. A [limit](PoolCore::completions_with_limit) keeps a queue from
/// taking all the slots of its pool.
///
/// # Drop
///
/// Dropping the queue drops the results that have arrived. Pending jobs run, and each later result is dropped by the thread that
/// brings it. The memory of a queue belongs to its pool, which uses it for later queues and frees it at its own end.
#[must_use = "a dropped queue drops the results of its jobs"]
pub struct Completions<'p, T, P: AnyPool = Pool> {
    pub(super) pool: &'p PoolCore<P>,
    // INVARIANT: in the pool's list, and in use by this value alone.
    pub(super) queue: NonNull<Queue>,
    // Invariant in T: a result goes in as one and comes out as one.
    result: PhantomData<fn(T) -> T>,
    /// Names the waker of the task that polled it last.
    #[cfg(feature = "future")]
    pub(super) left: crate::slot::waker::WakerToken,
}

// SAFETY:
// - the queue is Sync and lives as long as the pool, which is borrowed and Sync; a T only passes through, and a submit asks that it
//   is Send.
unsafe impl<T, P: AnyPool> Send for Completions<'_, T, P> {}
// SAFETY:
// - as for Send: every method may be called by several threads at once.
unsafe impl<T, P: AnyPool> Sync for Completions<'_, T, P> {}

impl<P: AnyPool> PoolCore<P> {
    /// A completion queue for jobs that return a `T`: see [`Completions`].
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// let queue = pool.completions::<u32>()?;
    /// queue.submit(7, || 42)?;
    /// let completion = queue.recv()?;
    /// assert_eq!((completion.tag, completion.result?), (7, 42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError::NoMemory`].
    pub fn completions<T: Send + 'static>(&self) -> Result<Completions<'_, T, P>, BuildError> {
        self.completions_with_limit(usize::MAX)
    }

    /// The same, for at most `limit` jobs that were submitted and not received. Beyond it a submit behaves as on a full pool.
    ///
    /// ```
    /// use jobring::{Pool, SubmitError};
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let queue = pool.completions_with_limit::<u32>(1)?;
    /// queue.submit(0, || 42)?;
    /// assert!(matches!(queue.try_submit(1, || 43), Err(SubmitError::Full(_))));
    /// assert_eq!(queue.recv()?.result?, 42);
    /// queue.try_submit(1, || 43)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError::NoMemory`]; [`BuildError::Invalid`] if the limit is 0.
    pub fn completions_with_limit<T: Send + 'static>(
        &self,
        limit: usize,
    ) -> Result<Completions<'_, T, P>, BuildError> {
        if limit == 0 {
            return Err(BuildError::Invalid("limit"));
        }
        // SAFETY:
        // - 1: our own list. It is dropped with us, after the pool has ended.
        let queue = unsafe { self.queues.get(&self.raw, limit) }.ok_or(BuildError::NoMemory)?;
        Ok(Completions {
            pool: self,
            queue,
            result: PhantomData,
            #[cfg(feature = "future")]
            left: crate::slot::waker::WakerToken::default(),
        })
    }
}

impl<T: Send + 'static, P: AnyPool> Completions<'_, T, P> {
    /// Submits a job into the queue. Waits for a free slot, and for the limit. The tag comes back with the job's result, and the
    /// id can [cancel](Completions::cancel) the job.
    ///
    /// The closure and its result must fit into a slot, as for [`PoolCore::submit`], together with the tag and a word of the
    /// queue: 16 bytes less than for a plain job (12 on 32-bit targets).
    ///
    /// On a pool without workers a submit at the limit waits until a thread receives, and runs no job meanwhile.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// let queue = pool.completions()?;
    /// queue.submit(1, || "a result")?;
    /// assert_eq!(queue.recv()?.result?, "a result");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`PoolCore::submit`], with the closure.
    pub fn submit<F>(&self, tag: u64, job: F) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let fits = const { QueuedFits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(tag, job, Wait(Timeout::Forever), fits)
    }

    /// As [`submit`](Completions::submit), waiting for at most `timeout`.
    ///
    /// ```
    /// use jobring::{StaticPool, SubmitError};
    /// use std::time::Duration;
    ///
    /// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    ///
    /// let queue = POOL.completions_with_limit::<u32>(1)?;
    /// queue.submit_timeout(0, || 42, Duration::from_millis(1))?;
    /// let late = queue.submit_timeout(1, || 43, Duration::from_millis(1));
    /// assert!(matches!(late, Err(SubmitError::Full(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for submit; [`SubmitError::Full`] after the timeout.
    pub fn submit_timeout<F>(&self, tag: u64, job: F, timeout: Duration) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let fits = const { QueuedFits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(tag, job, Wait(timeout.into()), fits)
    }

    /// Submits a job if there is a free slot and the queue is below its limit. Lock-free; it allocates nothing and runs no job.
    ///
    /// ```
    /// use jobring::{StaticPool, SubmitError};
    ///
    /// static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    ///
    /// let queue = POOL.completions::<u32>()?;
    /// queue.try_submit(0, || 42)?;
    /// assert!(matches!(queue.try_submit(1, || 43), Err(SubmitError::Full(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SubmitError::Full`], [`SubmitError::Shutdown`], with the closure.
    pub fn try_submit<F>(&self, tag: u64, job: F) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let fits = const { QueuedFits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(tag, job, Fail, fits)
    }

    fn hand_over<F>(
        &self,
        tag: u64,
        job: F,
        when_full: impl WhenFull,
        fits: QueuedFits<F, T>,
    ) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let request = QueuedRequest::new(job, tag, self.queue().owner(), fits);
        // SAFETY:
        // - 1: it fits into a payload of this pool, and both types are 'static. 2: the request does that; the queue is in the list
        //   of this pool.
        unsafe { self.pool.raw.submit_into(self.queue(), request, when_full, Origin::Thread) }
            .map_err(QueuedRequest::refused)
    }

    /// Receives the job that finished first of those that nobody has received. Waits until there is one. Blocks, and runs no job:
    /// inside a job of the pool it takes a worker away.
    ///
    /// ```
    /// use jobring::{Pool, RecvError};
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let queue = pool.completions()?;
    /// queue.submit(7, || 42)?;
    /// let completion = queue.recv()?;
    /// assert_eq!((completion.tag, completion.result?), (7, 42));
    /// assert_eq!(queue.recv().unwrap_err(), RecvError::Empty);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`RecvError::Empty`] if no job is pending; `NoWorkers`; `Deadlock`; `Forked`; `Interrupted`.
    pub fn recv(&self) -> Result<Completion<T>, RecvError> {
        self.take_one(Timeout::Forever)
    }

    /// As [`recv`](Completions::recv), for at most `timeout`.
    ///
    /// ```
    /// use jobring::{RecvError, StaticPool};
    /// use std::time::Duration;
    ///
    /// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    ///
    /// let queue = POOL.completions()?;
    /// queue.submit(7, || 42)?;
    /// assert_eq!(queue.recv_timeout(Duration::from_millis(1)).unwrap_err(), RecvError::Pending);
    /// POOL.run_one();
    /// assert_eq!(queue.recv_timeout(Duration::from_millis(1))?.tag, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`RecvError::Empty`]; [`RecvError::Pending`] after the timeout; [`RecvError::Forked`]; [`RecvError::Interrupted`].
    pub fn recv_timeout(&self, timeout: impl Into<TimeLimit>) -> Result<Completion<T>, RecvError> {
        self.take_one(timeout.into().timeout())
    }

    /// Receives a job that has finished, if there is one. Does not block.
    ///
    /// ```
    /// use jobring::{RecvError, StaticPool};
    ///
    /// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    ///
    /// let queue = POOL.completions()?;
    /// queue.submit(7, || 42)?;
    /// assert_eq!(queue.try_recv().unwrap_err(), RecvError::Pending);
    /// POOL.run_one();
    /// assert_eq!(queue.try_recv()?.result?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`RecvError::Empty`] if no job is pending, else [`RecvError::Pending`]; [`RecvError::Forked`].
    pub fn try_recv(&self) -> Result<Completion<T>, RecvError> {
        self.take_one(Timeout::Poll)
    }
}

impl<T, P: AnyPool> Completions<'_, T, P> {
    pub(super) fn queue(&self) -> &Queue {
        // SAFETY:
        // - it lives as long as the pool, which we borrow.
        unsafe { self.queue.as_ref() }
    }

    /// The number of jobs that were submitted and not received. The value may be out of date.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// let queue = pool.completions()?;
    /// queue.submit(7, || 42)?;
    /// assert_eq!(queue.pending(), 1);
    /// queue.recv()?;
    /// assert_eq!(queue.pending(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pending(&self) -> usize {
        self.queue().pending()
    }

    /// Cancels a job that is still queued, as [`JobHandle::cancel`](crate::JobHandle::cancel) does: its closure is dropped, and it
    /// arrives with [`JobError::Cancelled`](crate::JobError::Cancelled). False if the job is running or has finished; a running job learns of it by
    /// [`cancel_requested`](PoolCore::cancel_requested). Any thread may call it, also after the job was received. The id of
    /// another job of the pool cancels that job.
    ///
    /// ```
    /// use jobring::{JobError, StaticPool};
    ///
    /// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    ///
    /// let queue = POOL.completions()?;
    /// let job = queue.submit(7, || 42)?;
    /// assert!(queue.cancel(job) && !queue.cancel(job));
    /// let cancelled = queue.recv()?;
    /// assert!(cancelled.tag == 7 && matches!(cancelled.result, Err(JobError::Cancelled)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self, job: JobId) -> bool {
        let pool = &self.pool.raw;
        !pool.is_copy() && pool.cancel(job) == Ok(true)
    }
}

impl<T, P: AnyPool> Drop for Completions<'_, T, P> {
    fn drop(&mut self) {
        if !dying() {
            // It is dropped after the queue was given up.
            #[cfg(feature = "future")]
            let _waker = Discarded::new(self.take_waker_back());
            self.pool.raw.abandon_completions(self.queue());
        }
    }
}

impl<T, P: AnyPool> fmt::Debug for Completions<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completions").field("pending", &self.pending()).finish_non_exhaustive()
    }
}
