//! What a pool can do for Rust callers, with whatever storage.

use crate::engine::lifecycle::ShutdownMode;
use crate::engine::{Fail, RawPool, ShutdownReport, Wait, WhenFull};
use crate::error::SubmitError;
use crate::fork_join;
use crate::platform::System;
use crate::platform::port::{Origin, Port, Timeout};
use crate::rust::closure::{ClosureRequest, Fits};
use crate::rust::handle::JobHandle;
use crate::slot::storage::{Inline, Storage};
use crate::sync::{const_fn, dying};
use core::ops::{ControlFlow, Range};
use core::time::Duration;

/// Storage whose payload size is known when the caller is compiled.
///
/// # Safety
/// 1. `payload_bytes()` is PAYLOAD.
pub unsafe trait TypedStorage: Storage {
    /// Bytes of one payload.
    const PAYLOAD: usize;
}

// SAFETY:
// - 1: Inline's payload_bytes is its parameter.
unsafe impl<const JOBS: usize, const PAYLOAD: usize, const WORKERS: usize> TypedStorage
    for Inline<JOBS, PAYLOAD, WORKERS>
{
    const PAYLOAD: usize = PAYLOAD;
}

/// A pool over some storage, without threads of its own: jobs are run by threads that
/// [enter](PoolCore::enter_worker), or by callers of [`run_one`](PoolCore::run_one).
///
/// [`StaticPool`](crate::StaticPool) is one for a `static`; `Pool` is one on the heap that brings its threads.
///
/// Every method may be called from any thread and from inside a job, unless it says otherwise.
#[repr(transparent)]
pub struct PoolCore<S: TypedStorage, P: Port + Clone + Sync = System> {
    raw: RawPool<S, P>,
}

impl<S: TypedStorage, P: Port + Clone + Sync> Drop for PoolCore<S, P> {
    /// A pool that goes away with jobs in it (a local one, without workers) drops them, and the results that nobody
    /// took. Nobody else has it any more.
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

impl<S: TypedStorage, P: Port + Clone + Sync> PoolCore<S, P> {
    const_fn! {
        pub(crate) fn from_raw(raw: RawPool<S, P>) -> Self {
            Self { raw }
        }
    }

    pub(crate) fn raw(&self) -> &RawPool<S, P> {
        &self.raw
    }

    /// Submits a job and gives the claim on its result. Waits for a free slot if there is none; with a free slot it
    /// neither blocks nor locks nor allocates. Near the end of a full pool it pauses up to some 30 µs while workers free slots;
    /// [`try_submit`](PoolCore::try_submit) never does.
    ///
    /// A job holds its slot until its result is taken: a thread that keeps all handles and submits more jobs than
    /// [`capacity`](PoolCore::capacity) sleeps here for ever.
    ///
    /// The closure and its result must fit into a slot. That is checked when the program is built, and not by `cargo check`: the
    /// compiler knows a closure's size only when it generates code for it. The error says what the job needs and what to
    /// do. (Three captured `String`s take 72 bytes; a slot of `Pool` has 48 unless `Builder::payload` says otherwise.)
    ///
    /// # Errors
    /// [`SubmitError::Shutdown`]; [`SubmitError::Deadlock`] inside a job (or a waker or hook that a worker calls), if no job
    /// can free a slot: each slot holds a job that itself waits in this pool without end, a result that nobody has taken, or
    /// a queued job that no worker is left to run; [`SubmitError::Full`] on a pool without workers, if no job is queued that the caller could run
    /// to make room. The closure comes back.
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(S::PAYLOAD) };
        self.hand_over(job, false, Wait(Timeout::Forever), Origin::Thread, fits)
            .map(|job| JobHandle::new(&self.raw, job))
    }

    /// As [`submit`](PoolCore::submit), waiting for a slot for at most `timeout`.
    ///
    /// # Errors
    /// As submit; [`SubmitError::Full`] when the time is over.
    pub fn submit_timeout<F, T>(&self, job: F, timeout: Duration) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(S::PAYLOAD) };
        let timeout = Timeout::Nanos(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
        self.hand_over(job, false, Wait(timeout), Origin::Thread, fits)
            .map(|job| JobHandle::new(&self.raw, job))
    }

    /// Submits a job if there is a free slot. Lock-free, allocates nothing, runs no job; may be called from an
    /// interrupt and (on Linux) a signal handler. On a user-defined port an interrupt calls
    /// [`try_submit_isr`](PoolCore::try_submit_isr).
    ///
    /// # Errors
    /// [`SubmitError::Full`], [`SubmitError::Shutdown`], with the closure.
    pub fn try_submit<F, T>(&self, job: F) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(S::PAYLOAD) };
        self.hand_over(job, false, Fail, Origin::Thread, fits).map(|job| JobHandle::new(&self.raw, job))
    }

    /// Submits a job, or runs it on the calling thread if no slot is free.
    ///
    /// # Errors
    /// [`SubmitError::Shutdown`], with the closure.
    pub fn submit_or_run<F, T>(&self, job: F) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(S::PAYLOAD) };
        match self.hand_over(job, false, Fail, Origin::Thread, fits) {
            Ok(job) => Ok(JobHandle::new(&self.raw, job)),
            Err(SubmitError::Full(job)) => Ok(JobHandle::run_here(job)),
            Err(refused) => Err(refused),
        }
    }

    /// Submits a job whose result nobody wants: it costs less than a handle that is dropped. Waits as
    /// [`submit`](PoolCore::submit) does.
    ///
    /// # Errors
    /// As submit.
    pub fn submit_detached<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { Fits::<F, ()>::asserted(S::PAYLOAD) };
        self.hand_over(job, true, Wait(Timeout::Forever), Origin::Thread, fits).map(drop)
    }

    /// [`submit_detached`](PoolCore::submit_detached) if there is a free slot, under the rules of
    /// [`try_submit`](PoolCore::try_submit).
    ///
    /// # Errors
    /// As try_submit.
    pub fn try_submit_detached<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { Fits::<F, ()>::asserted(S::PAYLOAD) };
        self.hand_over(job, true, Fail, Origin::Thread, fits).map(drop)
    }

    /// [`try_submit`](PoolCore::try_submit) for an interrupt: a user-defined port learns of it when it has to wake a worker
    /// ([`UserPort::unpark`](crate::UserPort::unpark)). On other ports there is no difference.
    ///
    /// Dropping the handle may wake a thread too, and is not told apart: hand it on to a thread, or take
    /// [`try_submit_detached_isr`](PoolCore::try_submit_detached_isr).
    ///
    /// # Errors
    /// As try_submit.
    pub fn try_submit_isr<F, T>(&self, job: F) -> Result<JobHandle<'_, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { Fits::<F, T>::asserted(S::PAYLOAD) };
        self.hand_over(job, false, Fail, Origin::Isr, fits).map(|job| JobHandle::new(&self.raw, job))
    }

    /// [`try_submit_detached`](PoolCore::try_submit_detached) for an interrupt, as
    /// [`try_submit_isr`](PoolCore::try_submit_isr) is.
    ///
    /// # Errors
    /// As try_submit.
    pub fn try_submit_detached_isr<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let fits = const { Fits::<F, ()>::asserted(S::PAYLOAD) };
        self.hand_over(job, true, Fail, Origin::Isr, fits).map(drop)
    }

    #[inline]
    fn hand_over<F, T>(
        &self,
        job: F,
        detached: bool,
        when_full: impl WhenFull,
        origin: Origin,
        fits: Fits<F, T>,
    ) -> Result<crate::Job, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let request = ClosureRequest::new(job, fits);
        // SAFETY:
        // - 1: it fits into a payload of this pool, and both types are 'static.
        unsafe { self.raw.submit(request, detached, when_full, origin) }.map_err(ClosureRequest::refused)
    }

    /// Calls `body` with parts of `range`, its *shares*, that together cover it once: here, and on workers that are free.
    /// Returns when every item was done. What the bodies did happens before what the caller does next.
    ///
    /// A share has at least `grain` items (but for the last), so that a loop over it can be unrolled and vectorised. A
    /// range of at most `grain` items is one share, done here. `grain` 0: the caller begins alone, and shares out
    /// what is left if its time is worth it; that costs some looks at the clock, about 20 ns each.
    ///
    /// The caller does its part, and takes every share that no worker has come for: a call never waits for a thread
    /// that has not begun. So it may be made inside a job and inside a body; on a pool without workers, a full one, and one
    /// that is shut down the caller does all. Allocates nothing, locks nothing; uses two slots for each thread
    /// that takes part.
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let numbers: Vec<u64> = (0..100_000).collect();
    /// let sum = AtomicU64::new(0);
    /// pool.parallel_for(0..numbers.len(), 1000, |share| {
    ///     sum.fetch_add(numbers[share].iter().sum(), Ordering::Relaxed);
    /// });
    /// assert_eq!(sum.into_inner(), 4_999_950_000);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// With the panic of a body: no further share is begun, and the panic goes on here when all have left. (Without std
    /// a panic in a body aborts.)
    pub fn parallel_for<F>(&self, range: Range<usize>, grain: usize, body: F)
    where
        F: Fn(Range<usize>) + Sync,
    {
        fork_join::for_each_share(&self.raw, range, grain, body);
    }

    /// As [`parallel_for`](PoolCore::parallel_for), until a body breaks: then no further share is begun, and the value is
    /// returned (the first, if several break at once).
    ///
    /// # Panics
    /// As parallel_for.
    pub fn try_parallel_for<F, B>(&self, range: Range<usize>, grain: usize, body: F) -> ControlFlow<B>
    where
        F: Fn(Range<usize>) -> ControlFlow<B> + Sync,
        B: Send,
    {
        fork_join::try_for_each_share(&self.raw, range, grain, body)
    }

    /// Calls `a` and `b`, and gives both results: `b` on a worker if one is idle, else here after `a`.
    ///
    /// Made for recursion down to small pieces: while all workers are busy a join is little more than the two calls. The
    /// first closures of a recursion are offered first, since they are the largest; a sleeping worker is woken by the
    /// first join of a thread, and then every 100 µs at most. A thread keeps some eight of its second closures for others;
    /// while it has so many, those of further joins are its own. Never waits for a thread that has not begun; works inside
    /// jobs, and on every pool. Allocates nothing: `b` lies on the caller's stack.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// fn sum(pool: &Pool, numbers: &[u64]) -> u64 {
    ///     if numbers.len() < 100 {
    ///         return numbers.iter().sum();
    ///     }
    ///     let (low, high) = numbers.split_at(numbers.len() / 2);
    ///     let (low, high) = pool.join(|| sum(pool, low), || sum(pool, high));
    ///     low + high
    /// }
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// assert_eq!(sum(&pool, &(0..10_000).collect::<Vec<_>>()), 49_995_000);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// With the panic of `a`; then `b` was not called, or its result is dropped. Else with that of `b`.
    #[inline]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA,
        B: FnOnce() -> RB + Send,
        RB: Send,
    {
        fork_join::join(&self.raw, a, b)
    }

    /// Runs the oldest queued job on the calling thread. False if none is queued, and inside a job if fewer than 16 KiB of the
    /// thread's stack are left (see [`JobHandle::wait`]).
    ///
    /// An interrupt may call it on a pool without a user-defined port, if every job of the pool may run in that interrupt:
    /// none of them waits, or takes a lock that the interrupted code may hold. (`src/BARE.md` has a table of the calls that an
    /// interrupt may make.)
    pub fn run_one(&self) -> bool {
        self.raw.run_one()
    }

    /// Runs queued jobs on the calling thread until [`run_one`](PoolCore::run_one) gives false. How many it ran.
    pub fn run_until_idle(&self) -> usize {
        core::iter::from_fn(|| self.raw.run_one().then_some(())).count()
    }

    /// Makes the calling thread a worker until the pool is shut down and nothing is queued. False, at once, if the
    /// pool has as many workers as it may have, from inside one of its jobs or workers, in a child by `fork()`, and if the
    /// system has no memory left to tell of forks.
    pub fn enter_worker(&self) -> bool {
        let admitted = self.raw.current_context().is_none()
            && !self.raw.is_copy()
            && self.raw.port().prepare()
            && self.raw.admit_worker();
        if admitted {
            self.raw.work(self.raw.number_worker());
        }
        admitted
    }

    /// Refuses new jobs, and waits until every accepted one is over: run, or, with [`ShutdownMode::Discard`], dropped if
    /// it had not begun. May be called by several threads and again.
    ///
    /// Inside a job it does not wait for that job, nor for jobs that cannot end before this shutdown or another one does:
    /// jobs inside a shutdown, and jobs that wait for one of these without a timeout, directly or through others.
    ///
    /// # Errors
    /// When `timeout` is over, with what is still there. The pool stays closed. `None` waits for ever. At once in a child by
    /// `fork()`, where nothing is changed.
    pub fn shutdown(
        &self,
        queued: ShutdownMode,
        timeout: Option<Duration>,
    ) -> Result<ShutdownReport, ShutdownReport> {
        let timeout = timeout.map_or(Timeout::Forever, |timeout| {
            Timeout::Nanos(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
        });
        self.raw.shutdown(queued, timeout)
    }

    /// Inside a job: was it asked to stop, by [`JobHandle::cancel`]? False outside of jobs.
    pub fn cancel_requested(&self) -> bool {
        self.raw.cancel_requested() == Some(true)
    }

    /// How many slots the pool has. A job holds one from its submit until its result is taken, or, detached, until it has
    /// finished.
    pub fn capacity(&self) -> usize {
        self.raw.capacity()
    }

    /// Bytes that this pool takes, storage within it included.
    pub const BYTES: usize = size_of::<Self>();
}
