//! The kinds of C jobs: a function, its argument or copied data, and callbacks, in the payload of one slot.
//!
//! ```text
//! with arg      arg │ …                                │ nodes? │ drop? │ done? │ function, later the result
//! with copy     data, the result if it is left there   │ nodes? │ drop? │ done? │ length │ function, later the result
//! failed        arg │ code, length, text               │
//! dropped       arg │ …                                │ status
//! ```

use super::callback;
use super::failure::JobFailure;
use super::outcome;
use super::status::{
    JOBRING_E_CANCELLED, JOBRING_E_EXITED, JOBRING_E_FAILED, JOBRING_E_SHUTDOWN, JOBRING_E_UNTAKEN,
    JOBRING_OK, jobring_status,
};
use super::types::{DropFn, RunFn, jobring_done_fn, jobring_done_node, jobring_drop_fn, jobring_outcome};
use crate::job::context::CallContext;
use crate::job::id::Job;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use core::ffi::c_void;

/// The callbacks of one job.
#[derive(Clone, Copy)]
pub(super) struct Callbacks {
    pub(super) done: jobring_done_fn,
    pub(super) drop: jobring_drop_fn,
    pub(super) nodes: *mut jobring_done_node,
}

impl Callbacks {
    pub(super) const NONE: Self = Self { done: None, drop: None, nodes: core::ptr::null_mut() };
}

/// Is every node of a list aligned, with a callback?
///
/// # Safety
/// 1. The nodes are readable, and the list ends.
pub(super) unsafe fn are_nodes_valid(mut node: *const jobring_done_node) -> bool {
    while !node.is_null() {
        // SAFETY:
        // - aligned, as just checked; 1.
        match node.is_aligned().then(|| unsafe { node.read() }) {
            Some(jobring_done_node { next, done: Some(_), .. }) => node = next,
            _ => return false,
        }
    }
    true
}

/// The kinds of C jobs: with or without copied data, and with or without each of the callbacks.
struct C<const COPY: bool, const DONE: bool, const DROP: bool, const NODES: bool>;

/// The word of a job's function, and later of its result, counted from the payload's end.
pub(super) const RESULT: usize = 1;

impl<const COPY: bool, const DONE: bool, const DROP: bool, const NODES: bool> C<COPY, DONE, DROP, NODES> {
    const VTABLE: &'static JobVTable = &JobVTable {
        run: Self::run,
        discard: Self::discard,
        by_copy: COPY,
        // Without threads a job cannot end its thread.
        exited: if cfg!(any(feature = "std", feature = "pthread")) { Some(Self::exited) } else { None },
        drops_result: DROP,
        drop_result: Self::drop_result,
    };
    const LENGTH: usize = RESULT + COPY as usize;
    const DONE_AT: usize = Self::LENGTH + DONE as usize;
    const DROP_AT: usize = Self::DONE_AT + DROP as usize;
    const NODES_AT: usize = Self::DROP_AT + NODES as usize;

    /// The argument of the job's function.
    unsafe fn arg(payload: Payload) -> *mut c_void {
        if COPY {
            return payload.at.cast();
        }
        // SAFETY:
        // - without COPY, write() put the argument first.
        unsafe { arg(payload) }
    }

    unsafe fn run(payload: Payload, context: &CallContext) -> RunResult {
        let failure = JobFailure::new();
        context.vtable_data.set((&raw const failure).cast());
        // SAFETY:
        // - the payload is as write() left it; the caller of submit promised that the function takes this argument.
        let (arg, result) = unsafe {
            let arg = Self::arg(payload);
            let run: RunFn = payload.word_from_end(RESULT).cast::<RunFn>().read();
            (arg, callback::run(run, arg, context))
        };
        context.vtable_data.set(core::ptr::null());
        if failure.is_noted() {
            // SAFETY:
            // - the payload is as write() left it, except for data that the job changed.
            return unsafe { Self::fail(payload, context, &failure) };
        }
        // SAFETY:
        // - as above, for the done callback. Then the function's word is no longer needed, and holds the result.
        unsafe {
            if DONE || NODES {
                let mut outcome = jobring_outcome { arg, result, ..Self::outcome(context.job(), JOBRING_OK) };
                if COPY {
                    outcome.data = arg;
                    outcome.length = length(payload) as u32;
                }
                Self::tell(payload, &outcome);
            }
            payload.word_from_end(RESULT).cast::<*mut c_void>().write(result);
            if DROP && !result.is_null() { RunResult::Done } else { RunResult::Empty }
        }
    }

    fn outcome(job: Option<Job>, status: jobring_status) -> jobring_outcome {
        jobring_outcome::new(job.map_or(0, Job::to_bits), status)
    }

    unsafe fn fail(payload: Payload, context: &CallContext, failure: &JobFailure) -> RunResult {
        if DONE || NODES {
            // SAFETY:
            // - the caller's: the tail of the payload is as write() left it.
            let arg = unsafe { Self::arg(payload) };
            let mut outcome = jobring_outcome { arg, ..Self::outcome(context.job(), JOBRING_E_FAILED) };
            if let Some((code, text)) = failure.noted() {
                (outcome.code, outcome.length) = (code, text.len() as u32);
                outcome.data = text.as_ptr().cast_mut().cast();
            }
            // SAFETY:
            // - the caller's.
            unsafe { Self::tell(payload, &outcome) };
        }
        failure.leave_in(payload);
        RunResult::Failed
    }

    unsafe fn exited(payload: Payload, context: &CallContext) -> RunResult {
        context.vtable_data.set(core::ptr::null());
        let failure = JobFailure::new();
        // SAFETY:
        // - a C string. Then as in run, which stopped in the call of the function.
        unsafe {
            failure.note(JOBRING_E_EXITED, c"the job ended its thread".as_ptr().cast());
            Self::fail(payload, context, &failure)
        }
    }

    /// # Safety
    /// 1. The tail of the payload is as write() left it.
    unsafe fn tell(payload: Payload, outcome: &jobring_outcome) {
        // SAFETY:
        // - 1; the submitter promised that they may be called with this outcome.
        unsafe {
            let done = if DONE {
                payload.word_from_end(Self::DONE_AT).cast::<jobring_done_fn>().read()
            } else {
                None
            };
            let nodes = if NODES {
                payload.word_from_end(Self::NODES_AT).cast::<*mut jobring_done_node>().read()
            } else {
                core::ptr::null_mut()
            };
            outcome::tell(done, nodes, outcome);
        }
    }

    unsafe fn discard(payload: Payload, job: Job, why: DiscardReason) {
        let status = match why {
            DiscardReason::Cancelled => JOBRING_E_CANCELLED,
            DiscardReason::Shutdown => JOBRING_E_SHUTDOWN,
        };
        // SAFETY:
        // - the payload is as write() left it. The function's word is not needed, and holds the status.
        unsafe {
            let arg = Self::arg(payload);
            if DONE || NODES {
                let outcome = jobring_outcome { arg, ..Self::outcome(Some(job), status) };
                Self::tell(payload, &outcome);
            }
            if DROP {
                callback::drop(payload.word_from_end(Self::DROP_AT).cast::<DropFn>().read(), arg, status);
            }
            payload.word_from_end(RESULT).cast::<jobring_status>().write(status);
        }
    }

    unsafe fn drop_result(payload: Payload, outcome: RunResult) {
        if !DROP || outcome != RunResult::Done {
            return;
        }
        // SAFETY:
        // - run stored the result; the callback's word is as write() left it.
        unsafe {
            let result = payload.word_from_end(RESULT).cast::<*mut c_void>().read();
            if !result.is_null() {
                let drop = payload.word_from_end(Self::DROP_AT).cast::<DropFn>().read();
                callback::drop(drop, result, JOBRING_E_UNTAKEN);
            }
        }
    }

    #[inline(always)]
    unsafe fn write_tail(payload: Payload, run: RunFn, length: usize, callbacks: Callbacks) {
        // SAFETY:
        // - the caller fills a slot, whose payload has room for these words (data_room, CheckedConfig).
        unsafe {
            payload.word_from_end(RESULT).cast::<RunFn>().write(run);
            if COPY {
                payload.word_from_end(Self::LENGTH).write(length);
            }
            if DONE {
                payload.word_from_end(Self::DONE_AT).cast::<jobring_done_fn>().write(callbacks.done);
            }
            if DROP {
                payload.word_from_end(Self::DROP_AT).cast::<jobring_drop_fn>().write(callbacks.drop);
            }
            if NODES {
                payload.word_from_end(Self::NODES_AT).cast::<*mut jobring_done_node>().write(callbacks.nodes);
            }
        }
    }
}

/// How a job's input is written into its payload.
#[derive(Clone, Copy)]
pub(super) struct PayloadLayout {
    pub(super) vtable: &'static JobVTable,
    tail: unsafe fn(Payload, RunFn, usize, Callbacks),
    /// The number of words at the payload's end that data cannot use.
    words: usize,
}

impl PayloadLayout {
    const fn of<const COPY: bool, const DONE: bool, const DROP: bool, const NODES: bool>() -> Self {
        Self {
            vtable: C::<COPY, DONE, DROP, NODES>::VTABLE,
            tail: C::<COPY, DONE, DROP, NODES>::write_tail,
            words: C::<COPY, DONE, DROP, NODES>::NODES_AT,
        }
    }

    #[inline(always)]
    pub(super) const fn new(copy: bool, callbacks: Callbacks) -> Self {
        if callbacks.nodes.is_null() {
            Self::with::<false>(copy, callbacks)
        } else {
            Self::with::<true>(copy, callbacks)
        }
    }

    #[inline(always)]
    const fn with<const NODES: bool>(copy: bool, callbacks: Callbacks) -> Self {
        match (copy, callbacks.done.is_some(), callbacks.drop.is_some()) {
            (false, false, false) => Self::of::<false, false, false, NODES>(),
            (false, false, true) => Self::of::<false, false, true, NODES>(),
            (false, true, false) => Self::of::<false, true, false, NODES>(),
            (false, true, true) => Self::of::<false, true, true, NODES>(),
            (true, false, false) => Self::of::<true, false, false, NODES>(),
            (true, false, true) => Self::of::<true, false, true, NODES>(),
            (true, true, false) => Self::of::<true, true, false, NODES>(),
            (true, true, true) => Self::of::<true, true, true, NODES>(),
        }
    }

    /// How many bytes of data fit into a payload of `bytes`.
    pub(super) const fn data_room(self, bytes: usize) -> usize {
        bytes.saturating_sub(self.words * size_of::<usize>())
    }

    /// # Safety
    /// 1. The payload is being filled, and is at least four words long.
    #[inline(always)]
    pub(super) unsafe fn write_arg(
        self,
        payload: Payload,
        run: RunFn,
        arg: *mut c_void,
        callbacks: Callbacks,
    ) {
        // SAFETY:
        // - 1: the argument is the first word, and the tail is at most the last four.
        unsafe {
            payload.at.cast::<*mut c_void>().write(arg);
            (self.tail)(payload, run, 0, callbacks);
        }
    }

    /// # Safety
    /// 1. The payload is being filled; `data` is readable for `length` bytes, at most `data_room`.
    #[inline(always)]
    pub(super) unsafe fn write_data(
        self,
        payload: Payload,
        run: RunFn,
        data: *const u8,
        length: usize,
        callbacks: Callbacks,
    ) {
        // SAFETY:
        // - 1; the slot is ours, so the two do not overlap.
        unsafe {
            if length > 0 {
                payload.at.copy_from_nonoverlapping(data, length);
            }
            (self.tail)(payload, run, length, callbacks);
        }
    }
}

/// The result that a job left. The caller has taken a job that is done.
pub(super) unsafe fn result(payload: Payload) -> *mut c_void {
    // SAFETY:
    // - run stored it there.
    unsafe { payload.word_from_end(RESULT).cast::<*mut c_void>().read() }
}

/// The argument of a job that was not submitted by copy: it stays where write() put it.
pub(super) unsafe fn arg(payload: Payload) -> *mut c_void {
    // SAFETY:
    // - as above; results and failures lie after it.
    unsafe { payload.at.cast::<*mut c_void>().read() }
}

/// Why a job was dropped. The caller has taken a job that never ran.
pub(super) unsafe fn why_dropped(payload: Payload) -> jobring_status {
    // SAFETY:
    // - discard stored it there.
    unsafe { payload.word_from_end(RESULT).cast::<jobring_status>().read() }
}

/// The length of a job's copied data. The caller has taken a job that was submitted by copy.
pub(super) unsafe fn length(payload: Payload) -> usize {
    // SAFETY:
    // - write_tail stored it there, and nothing overwrites it.
    unsafe { payload.word_from_end(C::<true, false, false, false>::LENGTH).read() }
}
