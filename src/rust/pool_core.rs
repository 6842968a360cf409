//! The pool as Rust callers see it, with any storage: its kinds, and how jobs are submitted.

use crate::engine::lifecycle::ShutdownMode;
use crate::engine::{Fail, RawPool, Recipient, Wait, WhenFull};
use crate::error::SubmitError;
use crate::platform::port::{Origin, Timeout};
use crate::rust::closure::{ClosureRequest, Fits};
use crate::rust::handle::JobHandle;
use crate::rust::parts::Parts;
#[cfg(feature = "alloc")]
use crate::rust::queue_list::QueueList;
use crate::sync::{const_fn, dying};
use core::fmt;
use core::ops::Deref;
use core::time::Duration;

/// Every kind of pool: `Pool` and [`StaticPool`](crate::StaticPool). Sealed.
///
/// It lets a function take any pool. [`PoolCore`] has the methods.
///
/// ```
/// use jobring::{AnyPool, Pool, StaticPool};
///
/// fn answer<P: AnyPool>(pool: &P) -> u32 {
///     let six = pool.submit(|| 6).expect("the pool is open");
///     six.wait().expect("it ran") * 7
/// }
///
/// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
///
/// assert_eq!(answer(&POOL), 42);
/// assert_eq!(answer(&Pool::builder().workers(1).build()?), 42);
/// # Ok::<(), jobring::BuildError>(())
/// ```
pub trait AnyPool: Parts + Deref<Target = PoolCore<Self>> + Sync + Sized {}

impl<P: Parts + Deref<Target = PoolCore<Self>> + Sync + Sized> AnyPool for P {}

/// What every pool can do. `P` is the kind of pool, which dereferences to this:
/// [`StaticPool`](crate::StaticPool), a pool for a `static`, or `Pool`, a pool on the heap with its own
/// threads. Jobs are run by the pool's threads, by threads that [enter](PoolCore::enter_worker), and by
/// callers of [`run_one`](PoolCore::run_one).
///
/// Every method may be called from any thread and from inside a job, unless it says otherwise. A function
/// that takes any pool asks for an [`AnyPool`].
// So that the engine's pool stands first, and its hot words at the offsets that they have without a queue.
#[repr(C)]
pub struct PoolCore<P: AnyPool> {
    pub(super) raw: RawPool<P::Storage, P::Port>,
    /// Dropped after the last thread has left the pool.
    #[cfg(feature = "alloc")]
    pub(super) queues: QueueList,
}

impl<P: AnyPool> Drop for PoolCore<P> {
    /// Drops the jobs that are still in the pool (in a local pool without workers), and the results that
    /// nobody took. Nobody else has the pool any more.
    fn drop(&mut self) {
        if dying() {
            return;
        }
        let _ = self.raw.shutdown(ShutdownMode::Discard, Timeout::Poll);
        self.raw.forget_all();
        #[cfg(feature = "future")]
        self.raw.drop_wakers();
    }
}

impl<P: AnyPool> PoolCore<P> {
    const_fn! {
        pub(crate) fn from_raw(raw: RawPool<P::Storage, P::Port>) -> Self {
            Self {
                raw,
                #[cfg(feature = "alloc")]
                queues: QueueList::new(),
            }
        }
    }

    pub(crate) fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = self.raw.is_closed();
        f.debug_struct(name)
            .field("capacity", &self.capacity())
            .field("closed", &closed)
            .finish_non_exhaustive()
    }

    pub(crate) fn raw(&self) -> &RawPool<P::Storage, P::Port> {
        &self.raw
    }

    /// Submits a job and returns the claim on its result. Waits for a free slot if there is none. With a free slot it
    /// neither blocks nor locks nor allocates.
    ///
    /// A job holds its slot until its result is taken: a thread that keeps all handles and submits more jobs
    /// than [`capacity`](PoolCore::capacity) sleeps here for ever.
    ///
    /// The closure and its result must fit into a slot. That is checked when the program is built, but not by
    /// `cargo check`: the compiler knows a closure's size only when it generates code for it. The error says
    /// what the job needs and what to do. (Three captured `String`s take 72 bytes; a slot of `Pool` has 48
    /// unless `Builder::payload` says otherwise.) `submit_boxed` takes a closure of any size.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let words = String::from("a few words here");
    /// let job = pool.submit(move || words.split(' ').count()).expect("the pool is open");
    /// assert_eq!(job.wait().unwrap(), 4);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// - [`SubmitError::Shutdown`].
    /// - [`SubmitError::Deadlock`] inside a job (or a waker or hook that a worker calls), if no job can free
    ///   a slot. Then each slot holds a job that itself waits in this pool without a timeout, a result that
    ///   nobody has taken, or a queued job that no worker is left to run.
    /// - [`SubmitError::Full`] on a pool without workers, if no job is queued that the caller could run to
    ///   make room.
    ///
    /// The error returns the closure.
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(job, false, Wait(Timeout::Forever), Origin::Thread, fits)
            .map(|job| JobHandle::new(&self.raw, job))
    }

    /// As [`submit`](PoolCore::submit), waiting for a slot for at most `timeout`.
    ///
    /// ```
    /// use jobring::{StaticPool, SubmitError};
    /// use std::time::Duration;
    ///
    /// static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    ///
    /// let job = POOL.submit_timeout(|| 42, Duration::from_millis(1)).expect("there is room");
    /// // A result that is not taken holds its slot.
    /// let late = POOL.submit_timeout(|| 43, Duration::from_millis(1));
    /// assert!(matches!(late, Err(SubmitError::Full(_))));
    /// assert_eq!(job.wait().unwrap(), 42);
    /// ```
    ///
    /// # Errors
    /// As for submit; [`SubmitError::Full`] after the timeout.
    pub fn submit_timeout<F, T>(&self, job: F, timeout: Duration) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(job, false, Wait(timeout.into()), Origin::Thread, fits)
            .map(|job| JobHandle::new(&self.raw, job))
    }

    /// Submits a job if there is a free slot. It is lock-free, allocates nothing and runs no job. It may be
    /// called from an interrupt and (on Linux) a signal handler. On a user-defined port an interrupt calls
    /// [`try_submit_isr`](PoolCore::try_submit_isr) instead.
    ///
    /// ```
    /// use jobring::{StaticPool, SubmitError};
    ///
    /// static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// assert!(matches!(POOL.try_submit(|| 43), Err(SubmitError::Full(_))));
    /// assert_eq!(job.wait().unwrap(), 42);
    /// ```
    ///
    /// # Errors
    /// [`SubmitError::Full`], [`SubmitError::Shutdown`], with the closure.
    pub fn try_submit<F, T>(&self, job: F) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(job, false, Fail, Origin::Thread, fits).map(|job| JobHandle::new(&self.raw, job))
    }

    /// Submits a job, or runs it on the calling thread if no slot is free.
    ///
    /// ```
    /// use jobring::StaticPool;
    /// use std::thread;
    ///
    /// static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    ///
    /// let queued = POOL.submit_or_run(|| 42).expect("the pool is open");
    /// let ran = POOL.submit_or_run(|| thread::current().id()).expect("the pool is open");
    /// assert!(!queued.is_finished() && ran.is_finished());
    /// assert_eq!(ran.wait().unwrap(), thread::current().id());
    /// assert_eq!(queued.wait().unwrap(), 42);
    /// ```
    ///
    /// # Errors
    /// [`SubmitError::Shutdown`], with the closure.
    pub fn submit_or_run<F, T>(&self, job: F) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(P::PAYLOAD) };
        match self.hand_over(job, false, Fail, Origin::Thread, fits) {
            Ok(job) => Ok(JobHandle::new(&self.raw, job)),
            Err(SubmitError::Full(job)) => Ok(JobHandle::run_here(job)),
            Err(refused) => Err(refused),
        }
    }

    /// Submits a job whose result nobody wants. It costs less than a handle that is dropped. Waits as
    /// [`submit`](PoolCore::submit) does.
    ///
    /// A panic in it goes to the panic hook, which prints the thread, the place and the message unless the program has set
    /// another; then it is dropped, and the worker goes on. (Without std it ends the process.)
    ///
    /// ```
    /// use jobring::{Pool, ShutdownMode};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let sum = Arc::new(AtomicU32::new(0));
    /// for n in 0..10 {
    ///     let sum = sum.clone();
    ///     pool.submit_detached(move || _ = sum.fetch_add(n, Ordering::Relaxed)).expect("the pool is open");
    /// }
    /// pool.shutdown(ShutdownMode::Drain, None)?;
    /// assert_eq!(sum.load(Ordering::Relaxed), 45);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for submit.
    pub fn submit_detached<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { Fits::<F, ()>::asserted(P::PAYLOAD) };
        self.hand_over(job, true, Wait(Timeout::Forever), Origin::Thread, fits).map(drop)
    }

    /// [`submit_detached`](PoolCore::submit_detached) if there is a free slot, under the rules of
    /// [`try_submit`](PoolCore::try_submit).
    ///
    /// ```
    /// use jobring::{StaticPool, SubmitError};
    ///
    /// static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    ///
    /// assert!(POOL.try_submit_detached(|| ()).is_ok());
    /// assert!(matches!(POOL.try_submit_detached(|| ()), Err(SubmitError::Full(_))));
    /// // The slot of a detached job is free as soon as the job has finished.
    /// assert!(POOL.run_one());
    /// assert!(POOL.try_submit_detached(|| ()).is_ok());
    /// ```
    ///
    /// # Errors
    /// As for try_submit.
    pub fn try_submit_detached<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { Fits::<F, ()>::asserted(P::PAYLOAD) };
        self.hand_over(job, true, Fail, Origin::Thread, fits).map(drop)
    }

    /// [`try_submit`](PoolCore::try_submit) for an interrupt. A user-defined port that has to wake a worker
    /// learns that an interrupt calls it ([`UserPort::unpark`](crate::UserPort::unpark)). On other ports
    /// there is no difference.
    ///
    /// Dropping the handle may wake a thread too, and the port does not learn of the interrupt then: pass the
    /// handle to a thread, or use [`try_submit_detached_isr`](PoolCore::try_submit_detached_isr).
    ///
    /// ```
    /// use jobring::{JobHandle, StaticPool};
    ///
    /// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    ///
    /// fn on_receive(byte: u8) -> Option<JobHandle<'static, u8>> {
    ///     POOL.try_submit_isr(move || byte.to_ascii_uppercase()).ok()
    /// }
    ///
    /// let job = on_receive(b'x').expect("there is room");
    /// assert_eq!(job.wait().unwrap(), b'X');
    /// ```
    ///
    /// # Errors
    /// As for try_submit.
    pub fn try_submit_isr<F, T>(&self, job: F) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(P::PAYLOAD) };
        self.hand_over(job, false, Fail, Origin::Isr, fits).map(|job| JobHandle::new(&self.raw, job))
    }

    /// [`try_submit_detached`](PoolCore::try_submit_detached) for an interrupt, as
    /// [`try_submit_isr`](PoolCore::try_submit_isr).
    ///
    /// ```
    /// use jobring::StaticPool;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    /// static LOST: AtomicU32 = AtomicU32::new(0);
    ///
    /// fn on_tick() {
    ///     if POOL.try_submit_detached_isr(|| println!("tick")).is_err() {
    ///         LOST.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// }
    ///
    /// on_tick();
    /// assert!(POOL.run_one());
    /// assert_eq!(LOST.load(Ordering::Relaxed), 0);
    /// ```
    ///
    /// # Errors
    /// As for try_submit.
    pub fn try_submit_detached_isr<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { Fits::<F, ()>::asserted(P::PAYLOAD) };
        self.hand_over(job, true, Fail, Origin::Isr, fits).map(drop)
    }

    // Always: what the caller fixes (whether the job is detached, what it does on a full pool) is then known to the compiler.
    #[inline(always)]
    fn hand_over<F, T>(
        &self,
        job: F,
        detached: bool,
        when_full: impl WhenFull,
        origin: Origin,
        fits: Fits<F, T>,
    ) -> Result<crate::JobId, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let request = ClosureRequest::new(job, fits);
        // SAFETY:
        // - 1: it fits into a payload of this pool, and both types are 'static.
        unsafe { self.raw.submit(request, Recipient::of(detached), when_full, origin) }
            .map_err(ClosureRequest::refused)
    }

    /// The number of slots. A job holds a slot from its submit until its result is taken or, if it is
    /// detached, until it has finished.
    ///
    /// ```
    /// static POOL: jobring::StaticPool<64, 2, 48> = jobring::StaticPool::new();
    /// assert_eq!(POOL.capacity(), 64);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.raw.capacity()
    }
}

impl<P: AnyPool> fmt::Debug for PoolCore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as("PoolCore", f)
    }
}
