//! Rust closures as jobs: a [`Kind`] for each pair of closure and result type, and the handle that owns a result.

use crate::error::{JobError, SubmitError};
use crate::frame::Frame;
use crate::handle::Job;
use crate::job::{Kind, Outcome, Payload, Why};
use crate::pool::{Looked, RawPool, Receiver, Refused, Reserved, Taken, Verdict, WaitError};
use crate::port::{Port, Timeout};
use crate::storage::Storage;
use crate::sync::dying;
use crate::unwind::{Discarded, Failure, catch, drop_ignoring_panic};
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
#[cfg(feature = "future")]
use core::task::{Poll, Waker};
use core::time::Duration;

#[cfg(feature = "future")]
mod future;
mod room;

use room::{Needs, max};

/// The kind of jobs that call an `F` and leave a `T`.
struct Call<F, T>(PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> Call<F, T> {
    const KIND: &'static Kind = &Kind {
        run: Self::run,
        discard: Self::discard,
        #[cfg(feature = "capi")]
        by_copy: false,
        #[cfg(feature = "capi")]
        exited: None,
        drops_result: core::mem::needs_drop::<T>(),
        forget: Self::forget,
    };

    const NEEDS: Needs = Needs {
        closure: size_of::<F>(),
        result: size_of::<T>(),
        failure: size_of::<Failure>(),
        align: max(max(align_of::<F>(), align_of::<T>()), align_of::<Failure>()),
    };

    unsafe fn run(payload: Payload, _: &Frame) -> Outcome {
        // SAFETY:
        // - the payload holds an F (publish), run is called once (job.rs), so it is moved out once.
        let call = unsafe { payload.at.cast::<F>().read() };
        match catch(call) {
            Ok(value) => {
                // SAFETY:
                // - Fits: the payload has room for a T at this alignment; the F is gone.
                unsafe { payload.at.cast::<T>().write(value) };
                Outcome::Done
            }
            Err(failure) => {
                // SAFETY:
                // - as above, for the failure.
                unsafe { payload.at.cast::<Failure>().write(failure) };
                Outcome::Failed
            }
        }
    }

    unsafe fn discard(payload: Payload, _: Job, _: Why) {
        // SAFETY:
        // - the payload holds an F, and discard is called in place of run (job.rs).
        drop_ignoring_panic(unsafe { payload.at.cast::<F>().read() });
    }

    unsafe fn forget(payload: Payload, outcome: Outcome) {
        match outcome {
            // SAFETY:
            // - run left a T, and nobody took it (job.rs).
            Outcome::Done => drop_ignoring_panic(unsafe { payload.at.cast::<T>().read() }),
            // SAFETY:
            // - run left a failure, and nobody took it (job.rs).
            #[cfg(feature = "std")]
            Outcome::Failed => drop_ignoring_panic(unsafe { payload.at.cast::<Failure>().read() }),
            #[cfg(not(feature = "std"))]
            Outcome::Failed => {}
        }
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Submits a closure and gives its handle, or hands the closure back.
    ///
    /// # Safety
    /// 1. What `F` and `T` borrow outlives the job: it is over before the borrow ends.
    #[inline]
    pub(crate) unsafe fn submit_closure<F, T>(
        &self,
        f: F,
        timeout: Timeout,
        detached: bool,
    ) -> Result<Job, SubmitError<F>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        debug_assert!(Call::<F, T>::NEEDS.fits(self.payload_bytes()));
        let reserved = match self.reserve_at_once() {
            Ok(reserved) => reserved,
            // SAFETY:
            // - the caller's.
            Err(looked) => return unsafe { self.submit_closure_from(looked, f, timeout, detached) },
        };
        if timeout != Timeout::Poll {
            self.keep_distance(&reserved);
        }
        // SAFETY:
        // - the caller's; just reserved from this pool.
        Ok(unsafe { self.publish_closure(reserved, f, detached) })
    }

    /// As submit_closure, for who has looked once for a slot.
    ///
    /// # Safety
    /// As submit_closure.
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline)]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), cold, inline(never))]
    unsafe fn submit_closure_from<F, T>(
        &self,
        looked: Looked,
        f: F,
        timeout: Timeout,
        detached: bool,
    ) -> Result<Job, SubmitError<F>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let (reserved, _visit) = match self.reserve_from(looked, timeout) {
            Ok(reserved) => reserved,
            Err(Refused::Shutdown) => return Err(SubmitError::Shutdown(f)),
            Err(Refused::Deadlock) => return Err(SubmitError::Deadlock(f)),
            Err(Refused::Full | Refused::TimedOut) => return Err(SubmitError::Full(f)),
        };
        // SAFETY:
        // - the caller's; just reserved from this pool.
        Ok(unsafe { self.publish_closure(reserved, f, detached) })
    }

    /// # Safety
    /// 1. As submit_closure. 2. `reserved` is of this pool.
    #[inline(always)]
    unsafe fn publish_closure<F, T>(&self, reserved: Reserved, f: F, detached: bool) -> Job
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        // SAFETY:
        // - 1: obligation 2. 2: the payload gets the F that the kind takes; it fits (callers check at compile time).
        unsafe {
            self.publish(reserved, Call::<F, T>::KIND, detached, |payload| payload.at.cast::<F>().write(f))
        }
    }
}

/// Says that a closure and its result fit into a slot. Made in the functions that users call: the compiler names the caller of
/// the function in which it finds that they do not.
pub(crate) struct Fits<F, T>(PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> Fits<F, T> {
    /// Fails to compile if they do not fit. That shows when code is generated, for then the compiler knows the closure.
    pub(crate) const fn asserted(payload: usize) -> Self {
        Call::<F, T>::NEEDS.assert_fits(payload);
        Self(PhantomData)
    }
}

/// A pool as a handle sees it.
pub(crate) trait Awaited: Sync {
    fn wait_for(&self, job: Job, timeout: Timeout, deliver: Receiver<'_>) -> Result<Taken, WaitError>;
    fn cancel_job(&self, job: Job) -> bool;
    fn detach_job(&self, job: Job);
    fn is_job_finished(&self, job: Job) -> bool;
    #[cfg(feature = "future")]
    fn poll_job(&self, job: Job, left: &mut crate::waker::Left, waker: &Waker) -> Poll<()>;
    #[cfg(feature = "future")]
    fn take_waker_back(&self, job: Job, left: &mut crate::waker::Left) -> Option<Waker>;
}

impl<S: Storage, P: Port + Clone + Sync> Awaited for RawPool<S, P> {
    fn wait_for(&self, job: Job, timeout: Timeout, deliver: Receiver<'_>) -> Result<Taken, WaitError> {
        self.wait(job, timeout, deliver)
    }

    fn cancel_job(&self, job: Job) -> bool {
        !self.is_copy() && self.cancel(job) == Ok(true)
    }

    fn detach_job(&self, job: Job) {
        // A stale handle cannot be: only its owner takes the result.
        let _ = self.detach(job);
    }

    fn is_job_finished(&self, job: Job) -> bool {
        self.is_finished(job)
    }

    #[cfg(feature = "future")]
    fn poll_job(&self, job: Job, left: &mut crate::waker::Left, waker: &Waker) -> Poll<()> {
        self.poll_job(job, left, waker)
    }

    #[cfg(feature = "future")]
    fn take_waker_back(&self, job: Job, left: &mut crate::waker::Left) -> Option<Waker> {
        self.take_waker_back(job, left)
    }
}

/// The claim on one job's result. Dropping it gives the claim up ([`detach`](JobHandle::detach)); the job runs all
/// the same.
#[must_use = "a dropped handle detaches the job; use submit_detached if that is meant"]
pub struct JobHandle<'p, T> {
    place: Place<'p, T>,
    /// The waker of the task that polled it last.
    #[cfg(feature = "future")]
    left: crate::waker::Left,
}

enum Place<'p, T> {
    InPool(&'p dyn Awaited, Job),
    /// It ran on the submitter, because the pool was full.
    Ran(Discarded<Result<T, JobError>>),
    /// Its result was taken, by a task that awaited it.
    #[cfg(feature = "future")]
    Taken,
}

impl<'p, T: Send> JobHandle<'p, T> {
    pub(crate) fn new(pool: &'p dyn Awaited, job: Job) -> Self {
        Self::at(Place::InPool(pool, job))
    }

    /// Calls `f` here and now, as a worker would.
    pub(crate) fn run_here(f: impl FnOnce() -> T) -> Self {
        #[cfg(feature = "std")]
        let result = catch(f).map_err(JobError::Panicked);
        #[cfg(not(feature = "std"))]
        let result = catch(f).map_err(|never| match never {});
        Self::at(Place::Ran(Discarded::new(result)))
    }

    fn at(place: Place<'p, T>) -> Self {
        Self {
            place,
            #[cfg(feature = "future")]
            left: crate::waker::Left::default(),
        }
    }

    /// Waits until the job is over, and takes its result. Blocks.
    ///
    /// Inside a job of the same pool, a job that is still queued is run right here, on this thread's stack: no
    /// thread stands still for it. On a pool without workers the caller runs the queued jobs in their order.
    ///
    /// A job is run inside a job only if 16 KiB of the thread's stack are left. On Linux, Android and macOS the system is asked where
    /// the stack lies, once for each thread that the pool did not make. Where it cannot be asked, on other systems and on
    /// user ports, at most 64 jobs run inside each other on such a thread. On a stack that is not the thread's own (a fiber, a
    /// coroutine) no job runs inside a job.
    ///
    /// # Errors
    /// The job's panic; [`JobError::Cancelled`]; [`JobError::Deadlock`] if the caller is inside this very job,
    /// or inside a job that this one waits for, directly or through others;
    /// [`JobError::Stack`]; [`JobError::Forked`].
    pub fn wait(self) -> Result<T, JobError> {
        self.wait_until(Timeout::Forever).unwrap_or_else(|_| Err(JobError::Cancelled))
    }

    /// As [`wait`](JobHandle::wait), for at most `timeout`: then the handle comes back, and all is as before.
    /// Never runs the job on this thread, because that could take longer.
    ///
    /// # Errors
    /// The handle, if the job is not over.
    pub fn wait_timeout(self, timeout: Duration) -> Result<Result<T, JobError>, Self> {
        self.wait_until(Timeout::Nanos(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The result if the job is over, else the handle. Does not block. An interrupt may call it on a pool without a port of
    /// the user's.
    ///
    /// # Errors
    /// The handle, if the job is not over.
    pub fn poll(self) -> Result<Result<T, JobError>, Self> {
        self.wait_until(Timeout::Poll)
    }

    #[cfg_attr(not(feature = "future"), expect(unused_mut, reason = "a waker is taken back"))]
    fn wait_until(mut self, timeout: Timeout) -> Result<Result<T, JobError>, Self> {
        // Dropped when the job is given up.
        #[cfg(feature = "future")]
        let _waker = Discarded::new(self.take_waker_back());
        let (pool, job) = match self.into_place() {
            Place::InPool(pool, job) => (pool, job),
            Place::Ran(result) => return Ok(result.keep()),
            #[cfg(feature = "future")]
            Place::Taken => future::polled_too_often(),
        };
        let mut result = Err(JobError::Cancelled);
        let outcome = pool.wait_for(job, timeout, &mut |_, payload, taken| {
            match taken {
                Taken::Done => {
                    // SAFETY:
                    // - the job was submitted with this T (new), and delivery reads its result the one time.
                    result = Ok(unsafe { payload.at.cast::<T>().read() });
                }
                #[cfg(feature = "std")]
                Taken::Failed => {
                    // SAFETY:
                    // - as above, for the failure that run left.
                    result = Err(JobError::Panicked(unsafe { payload.at.cast::<Failure>().read() }));
                }
                _ => {}
            }
            Verdict::Take
        });
        match outcome {
            Ok(_) => Ok(result),
            Err(WaitError::Pending) => Err(Self::new(pool, job)),
            Err(error) => {
                debug_assert!(error != WaitError::Stale, "a handle's owner alone can take its result");
                pool.detach_job(job);
                Ok(Err(match error {
                    WaitError::Stack => JobError::Stack,
                    WaitError::Forked => JobError::Forked,
                    _ => JobError::Deadlock,
                }))
            }
        }
    }

    /// Cancels the job if it is still queued: its closure is dropped before this returns, and waiting gives
    /// [`JobError::Cancelled`]. Of several threads that cancel one job, one gets true. False if the job runs or is over; a
    /// running job learns of it by [`cancel_requested`](crate::PoolCore::cancel_requested). Does not block. An interrupt may
    /// call it on a pool without a port of the user's: the closure is dropped there.
    pub fn cancel(&self) -> bool {
        match self.place {
            Place::InPool(pool, job) => pool.cancel_job(job),
            _ => false,
        }
    }

    /// Is the job over? Does not block. An interrupt may call it.
    pub fn is_finished(&self) -> bool {
        match self.place {
            Place::InPool(pool, job) => pool.is_job_finished(job),
            _ => true,
        }
    }

    /// Gives up the claim, as dropping the handle does: the job runs, and its result is dropped. Does not block. An interrupt
    /// may do so on a pool without a port of the user's.
    pub fn detach(self) {
        drop(self);
    }

    /// The job's handle as a value; None if it ran on the submitter.
    pub fn job(&self) -> Option<Job> {
        match self.place {
            Place::InPool(_, job) => Some(job),
            _ => None,
        }
    }

    fn into_place(self) -> Place<'p, T> {
        let this = ManuallyDrop::new(self);
        // SAFETY:
        // - `this` is not used or dropped after it.
        unsafe { core::ptr::read(&raw const this.place) }
    }
}

impl<T> Drop for JobHandle<'_, T> {
    fn drop(&mut self) {
        if let Place::InPool(pool, job) = self.place
            && !dying()
        {
            // Dropped when the handle is given up.
            #[cfg(feature = "future")]
            let _waker = Discarded::new(pool.take_waker_back(job, &mut self.left));
            pool.detach_job(job);
        }
    }
}

impl<T> fmt::Debug for JobHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::InPool(_, job) => f.debug_tuple("JobHandle").field(job).finish(),
            Place::Ran(_) => f.write_str("JobHandle(ran on the submitter)"),
            #[cfg(feature = "future")]
            Place::Taken => f.write_str("JobHandle(its result was taken)"),
        }
    }
}
