//! Rust closures as jobs of a completion queue. The last bytes of the payload hold the user's tag and, in the
//! last word, the queue.

use super::closure::{Call, refused};
use super::fits::{Added, JobNeeds};
use crate::engine::{Completion, Request, ReserveError};
use crate::error::{JobError, JobPanic, SubmitError};
use crate::job::context::CallContext;
use crate::job::vtable::{JobVTable, Payload, RunResult};
use crate::rust::completion as rust;
use crate::slot::Owner;
#[cfg(feature = "std")]
use crate::util::unwind::PanicPayload;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

/// What a queue takes of the payload: the tag, and the word for the queue.
const QUEUE_BYTES: usize = size_of::<u64>() + size_of::<*const Owner>();

/// Where the tag lies. On 32 bits it may be aligned to a word only.
fn tag_at(payload: Payload) -> *mut u64 {
    payload.at.wrapping_add(payload.bytes - QUEUE_BYTES).cast()
}

/// The kind of jobs of a queue that call an `F` and leave a `T`.
struct QueuedCall<F, T>(PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> QueuedCall<F, T> {
    const VTABLE: &'static JobVTable = &JobVTable::new(
        Self::run,
        Call::<F, T>::discard,
        core::mem::needs_drop::<T>(),
        Call::<F, T>::drop_result,
    );

    unsafe fn run(payload: Payload, context: &CallContext) -> RunResult {
        // SAFETY:
        // - the caller's; nothing that it leaves reaches the tag (QueuedFits).
        match unsafe { Call::<F, T>::run(payload, context) } {
            // An empty result arrives in the queue too.
            RunResult::Empty => RunResult::Done,
            outcome => outcome,
        }
    }
}

/// Proof that a closure, its result, the tag and the queue fit into a slot: see `Fits`.
pub(super) struct QueuedFits<F, T>(PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> QueuedFits<F, T> {
    /// Fails to compile if they do not fit.
    pub(super) const fn asserted(payload: usize) -> Self {
        let owner = Added { bytes: QUEUE_BYTES, by: "its completion queue" };
        JobNeeds { owner, ..Call::<F, T>::NEEDS }.assert_fits(payload);
        Self(PhantomData)
    }
}

/// A closure that is being submitted into a queue.
pub(super) struct QueuedRequest<F, T> {
    closure: F,
    tag: u64,
    owner: *const Owner,
    _result: PhantomData<fn() -> T>,
}

impl<F: FnOnce() -> T + Send, T: Send> QueuedRequest<F, T> {
    /// A request for a pool into whose slots it fits (`_fits`).
    pub(super) fn new(closure: F, tag: u64, owner: *const Owner, _fits: QueuedFits<F, T>) -> Self {
        Self { closure, tag, owner, _result: PhantomData }
    }

    /// The error that returns the closure, from the reason for the refusal.
    pub(super) fn refused((why, request): (ReserveError, Self)) -> SubmitError<F> {
        refused(why, request.closure)
    }
}

impl<F: FnOnce() -> T, T> Request for QueuedRequest<F, T> {
    fn vtable(&self) -> &'static JobVTable {
        QueuedCall::<F, T>::VTABLE
    }

    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - 1; all three fit beside each other (new).
        unsafe {
            payload.at.cast::<F>().write(self.closure);
            tag_at(payload).write_unaligned(self.tag);
            payload.word_from_end(1).cast::<*const Owner>().write(self.owner);
        }
    }
}

/// Moves the tag and the outcome of a job out of its payload, into `place`.
///
/// # Safety
/// 1. The job was submitted by a `QueuedRequest` with this T, ended so, and its payload is the caller's.
/// 2. This is called once.
pub(super) unsafe fn take_outcome<T>(
    payload: Payload,
    ended: Completion,
    place: &mut MaybeUninit<rust::Completion<T>>,
) {
    let place = place.as_mut_ptr();
    // Each field is written where it stays: a value that is put together first and then copied is read by wider loads than it was
    // stored by, for which the processor waits.
    // SAFETY:
    // - the place is ours. 1: the tag was written by the request, and by nothing after it.
    unsafe { (&raw mut (*place).tag).write(tag_at(payload).read_unaligned()) };
    // SAFETY:
    // - the place is ours.
    let result = unsafe { &raw mut (*place).result };
    match ended {
        // SAFETY:
        // - 1, 2: run left a T, which is read only here.
        Completion::Done => unsafe { result.write(Ok(payload.at.cast::<T>().read())) },
        #[cfg(feature = "std")]
        Completion::Failed => {
            // SAFETY:
            // - 1, 2: as above, for the failure that run left.
            let panic = JobPanic::new(unsafe { payload.at.cast::<PanicPayload>().read() });
            // SAFETY:
            // - the place is ours.
            unsafe { result.write(Err(JobError::Panicked(panic))) };
        }
        // SAFETY:
        // - the place is ours.
        _ => unsafe { result.write(Err(JobError::Cancelled)) },
    }
}
