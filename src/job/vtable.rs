//! What a slot's body holds: a vtable (how to run or drop the job) and a payload (its input, later its
//! result).

use crate::job::context::CallContext;
use crate::job::id::JobId;

/// The bytes of one slot: first the job's input, after it ran its result.
#[derive(Clone, Copy)]
pub(crate) struct Payload {
    pub(crate) at: *mut u8,
    pub(crate) bytes: usize,
}

impl Payload {
    /// The `n`-th word from the end, where what must outlive the input lies: callbacks, an owner.
    #[inline]
    pub(crate) fn word_from_end(self, n: usize) -> *mut usize {
        debug_assert!(n * size_of::<usize>() <= self.bytes);
        // The payload's size is a multiple of its alignment, so its end is aligned for a word.
        self.at.wrapping_add(self.bytes - n * size_of::<usize>()).cast()
    }
}

/// How a job that ran ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RunResult {
    /// It left a result that must be dropped if nobody takes it.
    Done,
    /// It succeeded, and left nothing that must be dropped. Not for a job with an owner, which gets every outcome.
    Empty,
    Failed,
}

/// Why a job never ran, or its result was never taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DiscardReason {
    /// Cancelled by handle.
    Cancelled,
    /// Discarded by the shutdown of its pool.
    Shutdown,
}

/// The operations on one kind of job. The thread that claimed the job calls either `run` or `discard`, once.
/// `drop_result` is called at most once, after `run`, on a result that nobody takes.
pub(crate) struct JobVTable {
    /// Runs the job: consumes the input and leaves a result. Does not unwind.
    pub(crate) run: unsafe fn(Payload, &CallContext) -> RunResult,
    /// Drops the input of a job that will not run, and may leave in the payload why. Does not unwind.
    pub(crate) discard: unsafe fn(Payload, JobId, DiscardReason),
    /// In place of the rest of `run`, when the job ended its thread: what it leaves is a failure. None: it must return.
    #[cfg(feature = "capi")]
    pub(crate) exited: Option<unsafe fn(Payload, &CallContext) -> RunResult>,
    /// Can a job of this kind end as `Done`, rather than `Empty`?
    pub(crate) drops_result: bool,
    /// Drops what a job left that is `Done` or `Failed`. Does not unwind.
    pub(crate) drop_result: unsafe fn(Payload, RunResult),
}

impl JobVTable {
    /// The vtable of a job that must not end its thread.
    pub(crate) const fn new(
        run: unsafe fn(Payload, &CallContext) -> RunResult,
        discard: unsafe fn(Payload, JobId, DiscardReason),
        drops_result: bool,
        drop_result: unsafe fn(Payload, RunResult),
    ) -> Self {
        Self {
            run,
            discard,
            #[cfg(feature = "capi")]
            exited: None,
            drops_result,
            drop_result,
        }
    }
}
