//! Rust closures as jobs: a [`JobVTable`] for each pair of closure and result type.

use super::fits::{Added, JobNeeds, max};
use crate::engine::{Completion, Request, ReserveError};
use crate::error::{JobError, JobPanic, SubmitError};
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::util::unwind::{PanicPayload, catch, drop_ignoring_panic};
use core::marker::PhantomData;

/// The kind of jobs that call an `F` and leave a `T`.
pub(super) struct Call<F, T>(PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> Call<F, T> {
    pub(super) const VTABLE: &'static JobVTable =
        &JobVTable::new(Self::run, Self::discard, core::mem::needs_drop::<T>(), Self::drop_result);

    pub(super) const NEEDS: JobNeeds = JobNeeds {
        owner: Added::NOTHING,
        closure: size_of::<F>(),
        result: size_of::<T>(),
        failure: size_of::<PanicPayload>(),
        align: max(max(align_of::<F>(), align_of::<T>()), align_of::<PanicPayload>()),
    };

    pub(super) unsafe fn run(payload: Payload, _: &CallContext) -> RunResult {
        // SAFETY:
        // - the payload holds an F (write), and run is called once (job/vtable.rs), so it is moved out once.
        let call = unsafe { payload.at.cast::<F>().read() };
        match catch(call) {
            Ok(value) => {
                // SAFETY:
                // - Fits: the payload has room for a T at this alignment; the F is gone.
                unsafe { payload.at.cast::<T>().write(value) };
                if core::mem::needs_drop::<T>() { RunResult::Done } else { RunResult::Empty }
            }
            Err(failure) => {
                // SAFETY:
                // - as above, for the failure.
                unsafe { payload.at.cast::<PanicPayload>().write(failure) };
                RunResult::Failed
            }
        }
    }

    pub(super) unsafe fn discard(payload: Payload, _: JobId, _: DiscardReason) {
        // SAFETY:
        // - the payload holds an F, and discard is called in place of run (job/vtable.rs).
        drop_ignoring_panic(unsafe { payload.at.cast::<F>().read() });
    }

    pub(super) unsafe fn drop_result(payload: Payload, outcome: RunResult) {
        match outcome {
            // SAFETY:
            // - run stored a T, and nobody took it (job/vtable.rs).
            RunResult::Done => drop_ignoring_panic(unsafe { payload.at.cast::<T>().read() }),
            // SAFETY:
            // - run stored a failure, and nobody took it (job/vtable.rs).
            #[cfg(feature = "std")]
            RunResult::Failed => drop_ignoring_panic(unsafe { payload.at.cast::<PanicPayload>().read() }),
            #[cfg(not(feature = "std"))]
            RunResult::Failed => {}
            RunResult::Empty => {}
        }
    }
}

/// Reads the outcome of a job that ran out of its payload. Of one that did not, `outcome` stays as it is.
///
/// # Safety
/// 1. A closure that returns a T left it there, ended so, and nobody else reads it.
#[inline(always)]
pub(super) unsafe fn read_outcome<T>(payload: Payload, ended: Completion, outcome: &mut Result<T, JobError>) {
    match ended {
        // SAFETY:
        // - 1.
        Completion::Done => *outcome = Ok(unsafe { payload.at.cast::<T>().read() }),
        #[cfg(feature = "std")]
        Completion::Failed => {
            // SAFETY:
            // - 1: as above, for the failure that run stored.
            let panicked = unsafe { payload.at.cast::<PanicPayload>().read() };
            *outcome = Err(JobError::Panicked(JobPanic::new(panicked)));
        }
        _ => {}
    }
}

/// A closure that is being submitted.
pub(crate) struct ClosureRequest<F, T> {
    closure: F,
    _result: PhantomData<fn() -> T>,
}

impl<F: FnOnce() -> T + Send, T: Send> ClosureRequest<F, T> {
    /// A request for a pool into whose slots the closure fits (`_fits`).
    pub(crate) fn new(closure: F, _fits: Fits<F, T>) -> Self {
        Self { closure, _result: PhantomData }
    }

    pub(crate) fn into_closure(self) -> F {
        self.closure
    }

    /// The error that returns the closure, from the reason for the refusal.
    pub(crate) fn refused((why, request): (ReserveError, Self)) -> SubmitError<F> {
        refused(why, request.closure)
    }
}

/// The error that returns a closure, from the reason for the refusal.
#[cold]
pub(super) fn refused<F>(why: ReserveError, closure: F) -> SubmitError<F> {
    match why {
        ReserveError::Shutdown => SubmitError::Shutdown(closure),
        ReserveError::Deadlock => SubmitError::Deadlock(closure),
        ReserveError::Interrupted => SubmitError::Interrupted(closure),
        ReserveError::Full | ReserveError::TimedOut => SubmitError::Full(closure),
    }
}

impl<F: FnOnce() -> T, T> Request for ClosureRequest<F, T> {
    #[inline(always)]
    fn vtable(&self) -> &'static JobVTable {
        Call::<F, T>::VTABLE
    }

    #[inline(always)]
    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - 1; it fits (new).
        unsafe { payload.at.cast::<F>().write(self.closure) };
    }
}

/// Proof that a closure and its result fit into a slot. The functions that users call make it: if they do not
/// fit, the compiler names the caller of the function that makes it.
pub(crate) struct Fits<F, T>(PhantomData<fn(F) -> T>);

impl<F, T> Clone for Fits<F, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, T> Copy for Fits<F, T> {}

impl<F: FnOnce() -> T, T> Fits<F, T> {
    /// Fails to compile if they do not fit. The error comes when code is generated, since the compiler knows
    /// the closure only then.
    pub(crate) const fn asserted(payload: usize) -> Self {
        Call::<F, T>::NEEDS.assert_fits(payload);
        Self(PhantomData)
    }
}
