//! Lanes for Rust callers: jobs that run one after the other, or of which a few run at a time.

use super::lane_closure::{LaneClosure, LaneFits};
use crate::engine::lifecycle::ShutdownMode;
use crate::engine::{Fail, LaneRef, LaneWaitError, Recipient, Wait, WhenFull};
use crate::error::SubmitError;
use crate::job::id::JobId;
use crate::platform::port::Timeout;
use crate::rust::handle::JobHandle;
use crate::rust::idle::IdleError;
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::sync::dying;
use core::fmt;
use core::time::Duration;

/// A lane of a pool: a FIFO of jobs of which at most *width* run at the same time.
///
/// With width 1 the jobs run one after the other, in the order in which they were submitted, and each sees what the one before it
/// did: an actor's mailbox, a strand, a serial executor. A greater width is a quota for a class of jobs, such as slow ones. A lane
/// has no thread of its own: its jobs run on the pool's workers, and lanes take turns with each other and with other jobs.
///
/// Any number of threads may submit. A job of a lane is a job of the pool: it can be waited for and cancelled by its
/// [`JobHandle`]. It takes one of the pool's slots, also while it waits for its turn.
///
/// ```
/// use jobring::Pool;
/// use std::sync::{Arc, Mutex};
///
/// let pool = Pool::builder().workers(4).build()?;
/// let lane = pool.lane(1, 64)?;
/// let log = Arc::new(Mutex::new(Vec::new()));
/// let mut last = None;
/// for n in 0..10 {
///     let log = log.clone();
///     last = Some(lane.submit(move || log.lock().unwrap().push(n))?);
/// }
/// last.expect("ten jobs").wait()?;
/// assert_eq!(*log.lock().unwrap(), (0..10).collect::<Vec<_>>());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Waits
///
/// A job that waits for a later job of its own lane, for room in its own lane, or for the end of its own lane, would wait for
/// itself: without a timeout the call returns `Deadlock`, if all places of the lane are taken by jobs that wait so. A wait inside a
/// job does not run a job that a lane holds back: another worker has to.
///
/// # Drop
///
/// A lane that is dropped takes no more jobs. Those that it has run, and the last one frees it. [`close`](Lane::close) waits for
/// them.
///
/// # Stopped threads
///
/// A thread that is stopped inside a submit, or while it ends a job of the lane, may stop that lane until it goes on. Other lanes and
/// jobs do not notice.
#[must_use = "a dropped lane takes no jobs"]
pub struct Lane<'p, P: AnyPool> {
    pub(super) pool: &'p PoolCore<P>,
    // INVARIANT: it lives until its word has ended and this value has given it up.
    pub(super) lane: LaneRef,
}

impl<'p, P: AnyPool> Lane<'p, P> {
    /// Submits a job to the lane. Waits while the lane or the pool is full.
    ///
    /// The closure and its result must fit into a slot, as for [`PoolCore::submit`], together with two words of the lane.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// let lane = pool.lane(1, 16)?;
    /// let job = lane.submit(|| "a result")?;
    /// assert_eq!(job.wait()?, "a result");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`PoolCore::submit`], with the closure: [`SubmitError::Shutdown`] also if the lane was closed, and
    /// [`SubmitError::Deadlock`] also inside a job of the lane, if that is full.
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<'p, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { LaneFits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(job, false, Wait(Timeout::Forever), fits)
            .map(|job| JobHandle::new(&self.pool.raw, job))
    }

    /// As [`submit`](Lane::submit), waiting for at most `timeout`.
    ///
    /// ```
    /// use jobring::SubmitError;
    /// use std::time::Duration;
    ///
    /// let pool = jobring::Pool::builder().workers(0).capacity(2).build()?;
    /// let lane = pool.lane(1, 1)?;
    /// let first = lane.submit_timeout(|| 1, Duration::from_millis(1))?;
    /// let second = lane.submit_timeout(|| 2, Duration::from_millis(1))?;
    /// assert!(first.wait()? < second.wait()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for submit; [`SubmitError::Full`] after the timeout.
    pub fn submit_timeout<F, T>(&self, job: F, timeout: Duration) -> Result<JobHandle<'p, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { LaneFits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(job, false, Wait(timeout.into()), fits).map(|job| JobHandle::new(&self.pool.raw, job))
    }

    /// Submits a job if the lane and the pool have room. Lock-free; allocates nothing and runs no job.
    ///
    /// ```
    /// use jobring::SubmitError;
    ///
    /// let pool = jobring::Pool::builder().workers(0).build()?;
    /// let lane = pool.lane(1, 1)?;
    /// let jobs = [lane.try_submit(|| 1)?, lane.try_submit(|| 2)?];
    /// assert!(matches!(lane.try_submit(|| 3), Err(SubmitError::Full(_))));
    /// # jobs.into_iter().for_each(|job| job.detach());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SubmitError::Full`], [`SubmitError::Shutdown`], with the closure.
    pub fn try_submit<F, T>(&self, job: F) -> Result<JobHandle<'p, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { LaneFits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(job, false, Fail, fits).map(|job| JobHandle::new(&self.pool.raw, job))
    }

    /// Submits a job whose result nobody asks for: what an actor is sent. It costs less than a job with a handle.
    ///
    /// ```
    /// use jobring::{Pool, ShutdownMode};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let lane = pool.lane(1, 16)?;
    /// let sum = Arc::new(AtomicU32::new(0));
    /// for n in 1..=10 {
    ///     let sum = sum.clone();
    ///     // No other job of the lane runs at the same time.
    ///     lane.submit_detached(move || sum.store(sum.load(Ordering::Relaxed) + n, Ordering::Relaxed))?;
    /// }
    /// lane.close(ShutdownMode::Drain, None)?;
    /// assert_eq!(sum.load(Ordering::Relaxed), 55);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for submit.
    pub fn submit_detached<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { LaneFits::<F, ()>::asserted(P::PAYLOAD) };
        self.hand_over(job, true, Wait(Timeout::Forever), fits).map(drop)
    }

    /// The same, if the lane and the pool have room: what a publisher sends, which waits for no subscriber.
    ///
    /// ```
    /// use jobring::SubmitError;
    ///
    /// let pool = jobring::Pool::builder().workers(0).build()?;
    /// let lane = pool.lane(1, 1)?;
    /// lane.try_submit_detached(|| ())?;
    /// lane.try_submit_detached(|| ())?;
    /// assert!(matches!(lane.try_submit_detached(|| ()), Err(SubmitError::Full(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for try_submit.
    pub fn try_submit_detached<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { LaneFits::<F, ()>::asserted(P::PAYLOAD) };
        self.hand_over(job, true, Fail, fits).map(drop)
    }

    fn hand_over<F, T>(
        &self,
        job: F,
        detached: bool,
        when_full: impl WhenFull,
        fits: LaneFits<F, T>,
    ) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let request = LaneClosure::new(job, self.lane, fits);
        // SAFETY:
        // - 1: it fits into a payload of this pool, and both types are 'static. 2: the request does that. 3: this value keeps it.
        unsafe { self.pool.raw.submit_to_lane(self.lane, request, Recipient::of(detached), when_full) }
            .map_err(LaneClosure::refused)
    }

    /// The number of jobs that were accepted and have not ended: those that run, and those that wait; of the latter also some
    /// that were cancelled, until a submit needs their room. The value may be out of date.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(0).build()?;
    /// let lane = pool.lane(1, 16)?;
    /// lane.submit_detached(|| ())?;
    /// assert_eq!(lane.pending(), 1);
    /// assert!(pool.run_one());
    /// assert_eq!(lane.pending(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pending(&self) -> usize {
        self.lane.jobs()
    }

    /// Takes no more jobs, and waits until all that the lane has have ended. With [`ShutdownMode::Drain`] they run. With
    /// [`ShutdownMode::Discard`] those that wait for their turn are dropped instead, as by a shutdown of the pool.
    ///
    /// It needs no room in the lane, so it works when that is full. Several threads may call it, and it may be called again. On a
    /// pool without workers it runs the jobs.
    ///
    /// When it returns, the jobs' functions have returned, and the caller sees what they did. The result of the last one may become
    /// visible a moment later.
    ///
    /// A job closes its own lane with a timeout of zero: the call returns [`IdleError::Pending`], and the lane is closed.
    ///
    /// ```
    /// use jobring::{JobError, Pool, ShutdownMode, SubmitError};
    ///
    /// let pool = Pool::builder().workers(0).build()?;
    /// let lane = pool.lane(1, 16)?;
    /// let (first, second) = (lane.submit(|| 1)?, lane.submit(|| 2)?);
    /// lane.close(ShutdownMode::Discard, None)?;
    /// assert_eq!(first.wait()?, 1, "it had its turn");
    /// assert!(matches!(second.wait(), Err(JobError::Cancelled)));
    /// assert!(matches!(lane.submit(|| 3), Err(SubmitError::Shutdown(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`IdleError::Pending`] after `timeout`; `None` waits for ever, and zero only looks. [`IdleError::Deadlock`] inside a job of the
    /// lane, or if every thread that could end one of its jobs waits itself; [`IdleError::Interrupted`]; [`IdleError::Forked`]. The
    /// lane stays closed.
    pub fn close(&self, mode: ShutdownMode, timeout: Option<Duration>) -> Result<(), IdleError> {
        let timeout = timeout.map_or(Timeout::Forever, Timeout::from);
        // SAFETY:
        // - 1: this value keeps it.
        let closed = unsafe { self.pool.raw.close_lane(self.lane, mode == ShutdownMode::Discard, timeout) };
        closed.map_err(|error| match error {
            LaneWaitError::TimedOut => IdleError::Pending,
            LaneWaitError::Deadlock => IdleError::Deadlock,
            LaneWaitError::Interrupted => IdleError::Interrupted,
            LaneWaitError::Ended => IdleError::Forked,
        })
    }
}

impl<P: AnyPool> Drop for Lane<'_, P> {
    fn drop(&mut self) {
        if !dying() {
            // SAFETY:
            // - 1: this was the last value that names it, except for its jobs.
            unsafe { self.pool.raw.abandon_lane(self.lane) };
        }
    }
}

impl<P: AnyPool> fmt::Debug for Lane<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("pending", &self.pending()).finish_non_exhaustive()
    }
}
