//! Rust closures as jobs: a [`JobVTable`] for each pair of closure and result type.

use super::fits::{JobNeeds, max};
use crate::engine::{FastPathMiss, RawPool, ReserveError, Reserved};
use crate::error::SubmitError;
use crate::job::context::CallContext;
use crate::job::id::Job;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::platform::port::{Origin, Port, Timeout};
use crate::slot::storage::Storage;
use crate::util::unwind::{PanicPayload, catch, drop_ignoring_panic};
use core::marker::PhantomData;

/// The kind of jobs that call an `F` and leave a `T`.
struct Call<F, T>(PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> Call<F, T> {
    const VTABLE: &'static JobVTable = &JobVTable {
        run: Self::run,
        discard: Self::discard,
        #[cfg(feature = "capi")]
        by_copy: false,
        #[cfg(feature = "capi")]
        exited: None,
        drops_result: core::mem::needs_drop::<T>(),
        drop_result: Self::drop_result,
    };

    const NEEDS: JobNeeds = JobNeeds {
        closure: size_of::<F>(),
        result: size_of::<T>(),
        failure: size_of::<PanicPayload>(),
        align: max(max(align_of::<F>(), align_of::<T>()), align_of::<PanicPayload>()),
    };

    unsafe fn run(payload: Payload, _: &CallContext) -> RunResult {
        // SAFETY:
        // - the payload holds an F (publish), run is called once (job/vtable.rs), so it is moved out once.
        let call = unsafe { payload.at.cast::<F>().read() };
        match catch(call) {
            Ok(value) => {
                // SAFETY:
                // - Fits: the payload has room for a T at this alignment; the F is gone.
                unsafe { payload.at.cast::<T>().write(value) };
                RunResult::Done
            }
            Err(failure) => {
                // SAFETY:
                // - as above, for the failure.
                unsafe { payload.at.cast::<PanicPayload>().write(failure) };
                RunResult::Failed
            }
        }
    }

    unsafe fn discard(payload: Payload, _: Job, _: DiscardReason) {
        // SAFETY:
        // - the payload holds an F, and discard is called in place of run (job/vtable.rs).
        drop_ignoring_panic(unsafe { payload.at.cast::<F>().read() });
    }

    unsafe fn drop_result(payload: Payload, outcome: RunResult) {
        match outcome {
            // SAFETY:
            // - run left a T, and nobody took it (job/vtable.rs).
            RunResult::Done => drop_ignoring_panic(unsafe { payload.at.cast::<T>().read() }),
            // SAFETY:
            // - run left a failure, and nobody took it (job/vtable.rs).
            #[cfg(feature = "std")]
            RunResult::Failed => drop_ignoring_panic(unsafe { payload.at.cast::<PanicPayload>().read() }),
            #[cfg(not(feature = "std"))]
            RunResult::Failed => {}
        }
    }
}

impl ReserveError {
    fn with_closure<F>(self, f: F) -> SubmitError<F> {
        match self {
            Self::Shutdown => SubmitError::Shutdown(f),
            Self::Deadlock => SubmitError::Deadlock(f),
            Self::Full | Self::TimedOut => SubmitError::Full(f),
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
            self.pace(&reserved);
        }
        // SAFETY:
        // - the caller's; just reserved from this pool.
        Ok(unsafe { self.publish_closure(reserved, f, detached, Origin::Thread) })
    }

    /// As submit_closure, for who has looked once for a slot.
    ///
    /// # Safety
    /// As submit_closure.
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline)]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), cold, inline(never))]
    unsafe fn submit_closure_from<F, T>(
        &self,
        looked: FastPathMiss,
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
            Err(refused) => return Err(refused.with_closure(f)),
        };
        // SAFETY:
        // - the caller's; just reserved from this pool.
        Ok(unsafe { self.publish_closure(reserved, f, detached, Origin::Thread) })
    }

    /// As submit_closure, for an interrupt: does not wait.
    ///
    /// # Safety
    /// As submit_closure.
    pub(crate) unsafe fn submit_closure_from_isr<F, T>(
        &self,
        f: F,
        detached: bool,
    ) -> Result<Job, SubmitError<F>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        match self.try_reserve(Origin::Isr) {
            // SAFETY:
            // - the caller's; just reserved from this pool.
            Ok(reserved) => Ok(unsafe { self.publish_closure(reserved, f, detached, Origin::Isr) }),
            Err(refused) => Err(refused.with_closure(f)),
        }
    }

    /// # Safety
    /// 1. As submit_closure. 2. `reserved` is of this pool.
    #[inline(always)]
    unsafe fn publish_closure<F, T>(&self, reserved: Reserved, f: F, detached: bool, origin: Origin) -> Job
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        // SAFETY:
        // - 1: obligation 2. 2: the payload gets the F that the kind takes; it fits (callers check at compile time).
        unsafe {
            self.publish(reserved, Call::<F, T>::VTABLE, detached, origin, |payload| {
                payload.at.cast::<F>().write(f);
            })
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
