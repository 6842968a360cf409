//! Status codes and their texts.

use crate::engine::{ReserveError, TakeError, WaitError};
use crate::error::BuildError;
use core::ffi::{CStr, c_char};

/// What a call returns: JOBRING_OK, JOBRING_PENDING, or a negative JOBRING_E_ code. Codes are never
/// renumbered.
pub type jobring_status = i32;

/// Success.
pub const JOBRING_OK: jobring_status = 0;
/// The job has not finished yet.
pub const JOBRING_PENDING: jobring_status = 1;
/// An argument is NULL, misaligned, out of its range, or makes no sense here.
pub const JOBRING_E_INVALID: jobring_status = -1;
/// Out of memory.
pub const JOBRING_E_NOMEM: jobring_status = -2;
/// The system refused to make a thread.
pub const JOBRING_E_THREAD: jobring_status = -3;
/// No slot is free. Of a queue: no place is free.
pub const JOBRING_E_FULL: jobring_status = -4;
/// The pool is shut down. Of a job: a shutdown discarded it. Of a queue: it is closed.
pub const JOBRING_E_SHUTDOWN: jobring_status = -5;
/// The time limit has passed.
pub const JOBRING_E_TIMEDOUT: jobring_status = -6;
/// The handle names no job: its result was taken, it was detached, or it was never a handle of this pool.
pub const JOBRING_E_STALE: jobring_status = -7;
/// The job was cancelled before it ran.
pub const JOBRING_E_CANCELLED: jobring_status = -8;
/// The job ran and failed: it called jobring_fail(), or ended its thread. From jobring_create(): on_start failed.
pub const JOBRING_E_FAILED: jobring_status = -9;
/// Not now: the job runs or has finished, or the caller is inside the pool.
pub const JOBRING_E_BUSY: jobring_status = -10;
/// The wait would never end: every thread that could end it waits in this pool itself.
pub const JOBRING_E_DEADLOCK: jobring_status = -11;
/// A stack is too small, or too little of it is left.
pub const JOBRING_E_STACK: jobring_status = -12;
/// Memory or a buffer is too small, or data are too large.
pub const JOBRING_E_SIZE: jobring_status = -13;
/// This build or this backend cannot do it.
pub const JOBRING_E_UNSUPPORTED: jobring_status = -14;
/// No job is queued. Of a completion queue: no job is pending. Of a queue: no item is in it.
pub const JOBRING_E_EMPTY: jobring_status = -15;
/// This process is a child, by fork(), of the process that made the pool.
pub const JOBRING_E_FORKED: jobring_status = -17;
/// For a drop callback only: the job ran, and nobody took its result.
pub const JOBRING_E_UNTAKEN: jobring_status = -18;
/// The `code` of a failed job that ended its thread (pthread_exit, cancellation): see jobring_fn.
pub const JOBRING_E_EXITED: jobring_status = -19;
/// Jobs are pending, and the pool has no worker to run them.
pub const JOBRING_E_NO_WORKERS: jobring_status = -20;
/// The call was ended by jobring_interrupt_raise().
pub const JOBRING_E_INTERRUPTED: jobring_status = -21;
/// The worker process of the job ended in it (jobring_processes.h).
pub const JOBRING_E_WORKER_DIED: jobring_status = -22;
/// The memory that processes share holds a value that the library did not write (jobring_processes.h).
pub const JOBRING_E_CORRUPT: jobring_status = -23;

/// Returns a short English text for `status`, also for a number that is no status.
///
/// The text is never NULL, lives as long as the program, and must not be freed.
///
/// From anywhere, including a signal handler and an interrupt. Does not block or allocate.
#[unsafe(no_mangle)]
pub extern "C" fn jobring_status_text(status: jobring_status) -> *const c_char {
    let text: &'static CStr = match status {
        JOBRING_OK => c"done",
        JOBRING_PENDING => c"not finished yet",
        JOBRING_E_INVALID => c"invalid argument",
        JOBRING_E_NOMEM => c"out of memory",
        JOBRING_E_THREAD => c"the system refused a thread",
        JOBRING_E_FULL => c"no slot is free",
        JOBRING_E_SHUTDOWN => c"shut down or closed",
        JOBRING_E_TIMEDOUT => c"timed out",
        JOBRING_E_STALE => c"stale or foreign handle",
        JOBRING_E_CANCELLED => c"the job was cancelled",
        JOBRING_E_FAILED => c"the job or a start hook failed",
        JOBRING_E_BUSY => c"busy",
        JOBRING_E_DEADLOCK => c"waiting would never end",
        JOBRING_E_STACK => c"the stack is too small",
        JOBRING_E_SIZE => c"too small a buffer or too large a value",
        JOBRING_E_UNSUPPORTED => c"not supported by this build",
        JOBRING_E_EMPTY => c"nothing is queued",
        JOBRING_E_FORKED => c"the pool is another process's",
        JOBRING_E_UNTAKEN => c"nobody took the result",
        JOBRING_E_EXITED => c"the job ended its thread",
        JOBRING_E_NO_WORKERS => c"no worker is there to run it",
        JOBRING_E_INTERRUPTED => c"interrupted",
        JOBRING_E_WORKER_DIED => c"the job's worker process ended",
        JOBRING_E_CORRUPT => c"shared memory is corrupt",
        _ => c"unknown status",
    };
    text.as_ptr()
}

impl From<ReserveError> for StatusError {
    fn from(refused: ReserveError) -> Self {
        Self(match refused {
            ReserveError::Full => JOBRING_E_FULL,
            ReserveError::Shutdown => JOBRING_E_SHUTDOWN,
            ReserveError::TimedOut => JOBRING_E_TIMEDOUT,
            ReserveError::Deadlock => JOBRING_E_DEADLOCK,
            ReserveError::Interrupted => JOBRING_E_INTERRUPTED,
        })
    }
}

impl From<WaitError> for StatusError {
    fn from(error: WaitError) -> Self {
        Self(match error {
            WaitError::Stale => JOBRING_E_STALE,
            WaitError::Pending => JOBRING_E_TIMEDOUT,
            WaitError::Deadlock => JOBRING_E_DEADLOCK,
            WaitError::Stack => JOBRING_E_STACK,
            WaitError::Forked => JOBRING_E_FORKED,
            WaitError::Interrupted => JOBRING_E_INTERRUPTED,
        })
    }
}

impl From<TakeError> for StatusError {
    fn from(error: TakeError) -> Self {
        Self(match error {
            TakeError::Empty => JOBRING_E_EMPTY,
            TakeError::TimedOut => JOBRING_E_TIMEDOUT,
            TakeError::NoWorkers => JOBRING_E_NO_WORKERS,
            TakeError::Deadlock => JOBRING_E_DEADLOCK,
            TakeError::Forked => JOBRING_E_FORKED,
            TakeError::Interrupted => JOBRING_E_INTERRUPTED,
        })
    }
}

impl From<BuildError> for StatusError {
    fn from(error: BuildError) -> Self {
        Self(match error {
            BuildError::Invalid(_) => JOBRING_E_INVALID,
            BuildError::NoMemory => JOBRING_E_NOMEM,
            BuildError::StackTooSmall(_) => JOBRING_E_STACK,
            BuildError::StartHook => JOBRING_E_FAILED,
            BuildError::Thread(_) => JOBRING_E_THREAD,
            BuildError::Unsupported(_) => JOBRING_E_UNSUPPORTED,
        })
    }
}

/// A failed call's status, so that `?` works in this API.
pub(super) struct StatusError(pub(super) jobring_status);

impl StatusError {
    /// For checks on every job's path: the code for their failure stays off that path.
    #[cold]
    #[inline(never)]
    pub(super) fn refuse(status: jobring_status) -> Self {
        Self(status)
    }
}
