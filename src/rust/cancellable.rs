//! Handles that can only cancel: those of jobs whose result nobody wants, and those beside a `JobHandle`.

use crate::JobId;
use crate::engine::{Fail, Request, Wait, WhenFull};
use crate::error::SubmitError;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::{Origin, Timeout};
use crate::rust::closure::{Call, ClosureRequest, Fits};
use crate::rust::fits::{Added, JobNeeds};
use crate::rust::handle::{ErasedPool, HandleState, JobHandle};
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::slot::Owner;
use core::fmt;

/// Cancels one job, from any thread. It is no claim on the job's result: it may be copied and dropped.
///
/// [`PoolCore::submit_cancellable`] returns it for a job whose result nobody wants, and
/// [`JobHandle::canceller`] for one that a thread waits for.
///
/// ```
/// use jobring::{JobError, Pool};
///
/// let pool = Pool::builder().workers(1).build()?;
/// let (release, is_released) = std::sync::mpsc::channel();
/// let first = pool.submit(move || is_released.recv()).expect("the pool is open");
/// let second = pool.submit(|| 42).expect("the pool is open");
/// let canceller = second.canceller();
/// std::thread::scope(|threads| {
///     threads.spawn(move || canceller.cancel());
///     assert!(matches!(second.wait(), Err(JobError::Cancelled)));
/// });
/// release.send(())?;
/// first.wait()??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Canceller<'p> {
    /// None: the job is in no slot.
    job: Option<(&'p dyn ErasedPool, JobId)>,
}

impl Canceller<'_> {
    /// Cancels the job if it is still queued: its closure is dropped before this returns. If several threads
    /// cancel one job, one of them gets true. False if the job is running or has finished; a running job
    /// learns of it by [`cancel_requested`](PoolCore::cancel_requested). Does not block. An interrupt handler may
    /// call it on a pool without a user-defined port; then it drops the closure.
    ///
    /// ```
    /// static POOL: jobring::StaticPool<1, 1, 48> = jobring::StaticPool::new();
    ///
    /// let canceller = POOL.try_submit_cancellable(|| unreachable!()).expect("there is room");
    /// assert!(canceller.cancel() && !canceller.cancel());
    /// // The slot of a cancelled job is free again.
    /// assert!(POOL.try_submit_cancellable(|| ()).is_ok() && POOL.run_one());
    /// assert!(!canceller.cancel());
    /// ```
    pub fn cancel(&self) -> bool {
        self.job.is_some_and(|(pool, job)| pool.cancel_job(job))
    }

    /// The job's number, as [`JobHandle::id`].
    ///
    /// ```
    /// static POOL: jobring::StaticPool<4, 1, 48> = jobring::StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// assert_eq!(job.canceller().id(), job.id());
    /// # job.detach();
    /// ```
    pub fn id(&self) -> Option<JobId> {
        self.job.map(|(_, job)| job)
    }
}

impl fmt::Debug for Canceller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Canceller").field(&self.id()).finish()
    }
}

impl<'p, T> JobHandle<'p, T> {
    /// A value that cancels this job, on any thread, while the handle itself waits. It outlives the handle:
    /// after the result was taken it does nothing.
    ///
    /// ```
    /// use jobring::{JobError, StaticPool};
    ///
    /// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// let canceller = job.canceller();
    /// assert!(canceller.cancel());
    /// assert!(matches!(job.wait(), Err(JobError::Cancelled)));
    /// assert!(!canceller.cancel());
    /// ```
    #[must_use]
    pub fn canceller(&self) -> Canceller<'p> {
        match self.state {
            HandleState::InPool(pool, job) => Canceller { job: Some((pool, job)) },
            _ => Canceller { job: None },
        }
    }
}

/// What the owner takes of the payload: the word that points to it.
const OWNER_BYTES: usize = size_of::<*const Owner>();

/// Proof that a closure and the owner fit into a slot: see `Fits`.
struct CancellableFits<F>(Fits<F, ()>);

impl<F: FnOnce()> CancellableFits<F> {
    /// Fails to compile if they do not fit.
    const fn asserted(payload: usize) -> Self {
        let owner = Added { bytes: OWNER_BYTES, by: "that it can be cancelled" };
        JobNeeds { owner, ..Call::<F, ()>::NEEDS }.assert_fits(payload);
        Self(Fits::asserted(payload))
    }
}

/// A closure whose handle will only cancel it.
struct CancellableRequest<F> {
    closure: ClosureRequest<F, ()>,
    owner: *const Owner,
}

impl<F: FnOnce()> Request for CancellableRequest<F> {
    #[inline(always)]
    fn vtable(&self) -> &'static JobVTable {
        self.closure.vtable()
    }

    #[inline(always)]
    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - 1; both fit beside each other (CancellableFits).
        unsafe {
            payload.word_from_end(1).cast::<*const Owner>().write(self.owner);
            self.closure.write(payload);
        }
    }
}

impl<P: AnyPool> PoolCore<P> {
    /// Submits a job whose result nobody wants, as [`submit_detached`](PoolCore::submit_detached), and
    /// returns a [`Canceller`]. It does nothing once the job has ended, and need not be given up. Waits for a
    /// free slot.
    ///
    /// The closure must fit into a slot, as for [`submit`](PoolCore::submit), less one word. The job itself
    /// has its canceller by [`current_canceller`](PoolCore::current_canceller), also if it runs before this
    /// returns.
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::sync::mpsc::channel;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let (send, results) = channel();
    /// let sleepers: Vec<_> = (0..10)
    ///     .map(|n| {
    ///         let send = send.clone();
    ///         pool.submit_cancellable(move || send.send(n).unwrap_or_default()).expect("the pool is open")
    ///     })
    ///     .collect();
    /// drop(send);
    /// // One result is enough: the jobs that have not begun are dropped.
    /// let first = results.recv()?;
    /// let cancelled = sleepers.iter().filter(|sleeper| sleeper.cancel()).count();
    /// assert_eq!(first, 0);
    /// assert_eq!(results.iter().count() + cancelled, 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for submit.
    pub fn submit_cancellable<F>(&self, job: F) -> Result<Canceller<'_>, SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { CancellableFits::<F>::asserted(P::PAYLOAD) };
        self.submit_cancellable_as(job, Wait(Timeout::Forever), fits)
    }

    /// [`submit_cancellable`](PoolCore::submit_cancellable) if there is a free slot, under the rules of
    /// [`try_submit`](PoolCore::try_submit).
    ///
    /// ```
    /// use jobring::{StaticPool, SubmitError};
    ///
    /// static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    ///
    /// let canceller = POOL.try_submit_cancellable(|| ()).expect("there is room");
    /// assert!(matches!(POOL.try_submit_cancellable(|| ()), Err(SubmitError::Full(_))));
    /// assert!(canceller.cancel());
    /// ```
    ///
    /// # Errors
    /// As for try_submit.
    pub fn try_submit_cancellable<F>(&self, job: F) -> Result<Canceller<'_>, SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { CancellableFits::<F>::asserted(P::PAYLOAD) };
        self.submit_cancellable_as(job, Fail, fits)
    }

    #[inline(always)]
    fn submit_cancellable_as<F>(
        &self,
        job: F,
        when_full: impl WhenFull,
        fits: CancellableFits<F>,
    ) -> Result<Canceller<'_>, SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let closure = ClosureRequest::new(job, fits.0);
        let request = CancellableRequest { closure, owner: self.raw.outcome_dropper() };
        // SAFETY:
        // - 1: it fits into a payload of this pool, and F is 'static. 2: the request does that.
        match unsafe { self.raw.submit_cancellable(request, when_full, Origin::Thread) } {
            Ok(job) => Ok(Canceller { job: Some((&self.raw, job)) }),
            Err((why, request)) => Err(ClosureRequest::refused((why, request.closure))),
        }
    }

    /// Inside a job: what cancels that job, which is the innermost one of this pool on this thread. None
    /// outside jobs.
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::sync::Arc;
    ///
    /// let pool = Arc::new(Pool::builder().workers(1).build()?);
    /// let inside = pool.clone();
    /// let job = pool.submit(move || {
    ///     let canceller = inside.current_canceller().expect("this is a job");
    ///     assert!(!canceller.cancel(), "the job runs");
    ///     inside.cancel_requested()
    /// });
    /// assert!(job.expect("the pool is open").wait()?);
    /// assert!(pool.current_canceller().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn current_canceller(&self) -> Option<Canceller<'_>> {
        let job = self.raw.current_context()?.job()?;
        Some(Canceller { job: Some((&self.raw, job)) })
    }
}
