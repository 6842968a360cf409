//! A job's handle that keeps its pool: for tasks and structures that borrow from nobody.

use crate::JobId;
use crate::error::JobError;
use crate::rust::cancellable::Canceller;
use crate::rust::handle::{HandleState, JobHandle};
use crate::rust::pool::Pool;
use crate::rust::pool_core::AnyPool;
use crate::rust::time_limit::TimeLimit;
use alloc::sync::Arc;
use core::fmt;
#[cfg(feature = "future")]
use core::pin::Pin;
#[cfg(feature = "future")]
use core::task::{Context, Poll};

/// A [`JobHandle`] that shares the ownership of its pool (feature `alloc`), so that it can be stored, sent to another
/// thread or task, and waited for or awaited there: [`JobHandle::into_owned`] makes it.
///
/// ```
/// use jobring::{JobError, OwnedJobHandle, Pool};
/// use std::sync::Arc;
///
/// struct Request {
///     id: u32,
///     answer: OwnedJobHandle<u32>,
/// }
///
/// fn start(id: u32, pool: &Arc<Pool>) -> Request {
///     let job = pool.submit(move || id * 7).expect("the pool is open");
///     Request { id, answer: job.into_owned(pool) }
/// }
///
/// let pool = Arc::new(Pool::builder().workers(1).build()?);
/// let request = start(6, &pool);
/// drop(pool);
/// let answer = std::thread::spawn(move || request.answer.wait()).join().unwrap();
/// assert_eq!(answer?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The last owner
///
/// Whoever gives up the last `Arc` of a pool drops the pool, be it one in a handle: outside of jobs this waits until every
/// accepted job has run, and inside one of the pool's own jobs, hooks or wakers it closes the pool and returns, as the page
/// of [`Pool`] says. A task should not be the last owner, since its executor's thread would wait: keep an `Arc` elsewhere.
/// A result that holds an owner of its own pool keeps the pool until it is taken.
#[must_use = "a dropped handle detaches the job; use submit_detached if that is meant"]
pub struct OwnedJobHandle<T, P: AnyPool = Pool> {
    // INVARIANT: of this pool, or of none. Dropped before the pool.
    handle: JobHandle<'static, T>,
    pool: Arc<P>,
}

impl<T: Send> JobHandle<'_, T> {
    /// The same handle, which shares the ownership of its pool.
    ///
    /// ```
    /// use jobring::{OwnedJobHandle, Pool};
    /// use std::sync::Arc;
    ///
    /// let pool = Arc::new(Pool::builder().workers(1).build()?);
    /// let job: OwnedJobHandle<u32> = pool.submit(|| 42)?.into_owned(&pool);
    /// assert_eq!(job.wait()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If the job is of another pool. The handle is dropped then.
    pub fn into_owned<P: AnyPool>(self, pool: &Arc<P>) -> OwnedJobHandle<T, P> {
        if let HandleState::InPool(of, _) = self.state {
            assert!(core::ptr::from_ref(of).cast::<()>() == pool.raw().id(), "the job is of another pool");
        }
        // SAFETY:
        // - only the lifetime of the pool's borrow changes: the pool is in an Arc, so it does not move or end before the
        //   handle, which is dropped first and gives the borrow to nobody. The Arc is not unwrapped while there are two.
        let handle = unsafe { core::mem::transmute::<JobHandle<'_, T>, JobHandle<'static, T>>(self) };
        OwnedJobHandle { handle, pool: pool.clone() }
    }
}

impl<T: Send, P: AnyPool> OwnedJobHandle<T, P> {
    /// Waits until the job has finished, and takes its result, as [`JobHandle::wait`]. Then it gives up its share of the pool.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let pool = Arc::new(jobring::Pool::builder().workers(1).build()?);
    /// let job = pool.submit(|| 42)?.into_owned(&pool);
    /// assert_eq!(job.wait()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`JobHandle::wait`].
    ///
    /// # Panics
    /// As for [`JobHandle::wait`].
    pub fn wait(self) -> Result<T, JobError> {
        let Self { handle, pool: _pool } = self;
        handle.wait()
    }

    /// As [`JobHandle::wait_timeout`].
    ///
    /// ```
    /// # use std::{sync::{Arc, mpsc::channel}, time::Duration};
    /// let pool = Arc::new(jobring::Pool::builder().workers(1).build()?);
    /// let (send, receive) = channel();
    /// let job = pool.submit(move || receive.recv().unwrap())?.into_owned(&pool);
    /// let job = job.wait_timeout(Duration::from_millis(1)).expect_err("nothing was sent");
    /// send.send(42)?;
    /// assert_eq!(job.wait_timeout(Duration::from_secs(60)).expect("it has finished")?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The handle, if the job has not finished.
    ///
    /// # Panics
    /// As for [`JobHandle::wait`].
    pub fn wait_timeout(self, timeout: impl Into<TimeLimit>) -> Result<Result<T, JobError>, Self> {
        let Self { handle, pool } = self;
        handle.wait_timeout(timeout).map_err(|handle| Self { handle, pool })
    }

    /// As [`JobHandle::wait_until`].
    ///
    /// ```
    /// # use std::{sync::Arc, time::{Duration, Instant}};
    /// let pool = Arc::new(jobring::Pool::new(1)?);
    /// let job = pool.submit(|| 42)?.into_owned(&pool);
    /// assert_eq!(job.wait_until(Instant::now() + Duration::from_secs(60)).expect("the job ends")?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The handle, if the job has not finished.
    ///
    /// # Panics
    /// As for [`JobHandle::wait`].
    #[cfg(feature = "std")]
    pub fn wait_until(self, deadline: std::time::Instant) -> Result<Result<T, JobError>, Self> {
        self.wait_timeout(deadline)
    }

    /// As [`JobHandle::try_wait`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let pool = Arc::new(jobring::Pool::builder().workers(0).build()?);
    /// let job = pool.submit(|| 42)?.into_owned(&pool);
    /// let job = job.try_wait().expect_err("nobody runs it");
    /// pool.run_one();
    /// assert_eq!(job.try_wait().expect("it has finished")?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The handle, if the job has not finished.
    ///
    /// # Panics
    /// As for [`JobHandle::wait`].
    pub fn try_wait(self) -> Result<Result<T, JobError>, Self> {
        let Self { handle, pool } = self;
        handle.try_wait().map_err(|handle| Self { handle, pool })
    }

    /// Gives up the claim, as dropping the handle does: see [`JobHandle::detach`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let pool = Arc::new(jobring::Pool::builder().workers(1).build()?);
    /// pool.submit(|| println!("hello"))?.into_owned(&pool).detach();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn detach(self) {
        drop(self);
    }
}

impl<T, P: AnyPool> OwnedJobHandle<T, P> {
    /// As [`JobHandle::cancel`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let pool = Arc::new(jobring::Pool::builder().workers(0).build()?);
    /// let job = pool.submit(|| 42)?.into_owned(&pool);
    /// assert!(job.cancel() && !job.cancel());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        self.canceller().cancel()
    }

    /// As [`JobHandle::canceller`]. It borrows the handle.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let pool = Arc::new(jobring::Pool::builder().workers(0).build()?);
    /// let job = pool.submit(|| 42)?.into_owned(&pool);
    /// let canceller = job.canceller();
    /// std::thread::scope(|threads| threads.spawn(move || assert!(canceller.cancel())).join()).unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn canceller(&self) -> Canceller<'_> {
        self.handle.canceller()
    }

    /// The job's number, as [`JobHandle::id`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let pool = Arc::new(jobring::Pool::builder().workers(1).build()?);
    /// let (first, second) = (pool.submit(|| 1)?.into_owned(&pool), pool.submit(|| 2)?.into_owned(&pool));
    /// assert_ne!(first.id(), second.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn id(&self) -> Option<JobId> {
        self.canceller().id()
    }

    /// The pool.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let pool = Arc::new(jobring::Pool::builder().workers(1).build()?);
    /// let job = pool.submit(|| 42)?.into_owned(&pool);
    /// assert!(Arc::ptr_eq(&pool, job.pool()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pool(&self) -> &Arc<P> {
        &self.pool
    }
}

impl<T: Send, P: AnyPool> OwnedJobHandle<T, P> {
    /// As [`JobHandle::is_finished`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let pool = Arc::new(jobring::Pool::builder().workers(0).build()?);
    /// let job = pool.submit(|| 42)?.into_owned(&pool);
    /// assert!(!job.is_finished());
    /// pool.run_one();
    /// assert!(job.is_finished());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}

/// Awaits the job (feature `future`), as the future of a [`JobHandle`] does. It keeps the pool until it is dropped.
///
/// ```
/// use jobring::{OwnedJobHandle, Pool};
/// use std::sync::Arc;
///
/// /// What an executor takes: a task that borrows from nobody.
/// fn spawn(_task: impl Future<Output = ()> + Send + 'static) {}
///
/// let pool = Arc::new(Pool::builder().workers(1).build()?);
/// let job = pool.submit(|| 42)?.into_owned(&pool);
/// spawn(async move { assert_eq!(job.await.unwrap(), 42) });
/// // A task that has an Arc of the pool may borrow from that.
/// spawn(async move {
///     let job = pool.submit(|| 42).expect("the pool is open");
///     assert_eq!(job.await.unwrap(), 42);
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// If it is polled again after it was ready.
#[cfg(feature = "future")]
impl<T: Send, P: AnyPool> Future for OwnedJobHandle<T, P> {
    type Output = Result<T, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.get_mut().handle).poll(cx)
    }
}

impl<T, P: AnyPool> fmt::Debug for OwnedJobHandle<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedJobHandle").field("handle", &self.handle).finish_non_exhaustive()
    }
}
