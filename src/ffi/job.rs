//! C jobs as kinds: a function, its argument or copied data, and callbacks, in the payload of one slot.
//!
//! ```text
//! submit        arg │ …                                │ nodes? │ drop? │ done? │ function, later the result
//! submit_copy   data, the result if it is left there   │ nodes? │ drop? │ done? │ length │ function, later the result
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

/// Is every node of a list aligned, and has it a callback?
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

/// The kind of jobs with copied data or not, and with each of the callbacks or not.
struct C<const COPY: bool, const DONE: bool, const DROP: bool, const NODES: bool>;

/// The word, from the end, of a job's function, later of its result.
pub(super) const RESULT: usize = 1;

impl<const COPY: bool, const DONE: bool, const DROP: bool, const NODES: bool> C<COPY, DONE, DROP, NODES> {
    const VTABLE: &'static JobVTable = &JobVTable {
        run: Self::run,
        discard: Self::discard,
        by_copy: COPY,
        // Without threads there is none to be ended.
        exited: if cfg!(any(feature = "std", feature = "pthread")) { Some(Self::exited) } else { None },
        drops_result: DROP,
        drop_result: Self::drop_result,
    };
    const LENGTH: usize = RESULT + COPY as usize;
    const DONE_AT: usize = Self::LENGTH + DONE as usize;
    const DROP_AT: usize = Self::DONE_AT + DROP as usize;
    const NODES_AT: usize = Self::DROP_AT + NODES as usize;

    /// What the job is called with.
    unsafe fn arg(payload: Payload) -> *mut c_void {
        if COPY {
            return payload.at.cast();
        }
        // SAFETY:
        // - without COPY, write() put the argument first.
        unsafe { arg(payload) }
    }

    unsafe fn run(payload: Payload, frame: &CallContext) -> RunResult {
        let failure = JobFailure::new();
        frame.vtable_data.set((&raw const failure).cast());
        // SAFETY:
        // - the payload is as write() left it; the caller of submit promised that the function takes this argument.
        let (arg, result) = unsafe {
            let arg = Self::arg(payload);
            let run: RunFn = payload.word_from_end(RESULT).cast::<RunFn>().read();
            (arg, callback::run(run, arg, frame))
        };
        frame.vtable_data.set(core::ptr::null());
        if failure.is_noted() {
            // SAFETY:
            // - the payload is as write() left it, but for data that the job changed.
            return unsafe { Self::fail(payload, frame, &failure) };
        }
        // SAFETY:
        // - as above, for the done callback. Then the function's word is not needed any more, and is the result's place.
        unsafe {
            if DONE || NODES {
                let mut outcome = jobring_outcome { arg, result, ..Self::outcome(frame.job(), JOBRING_OK) };
                if COPY {
                    outcome.data = arg;
                    outcome.length = length(payload) as u32;
                }
                Self::tell(payload, &outcome);
            }
            payload.word_from_end(RESULT).cast::<*mut c_void>().write(result);
        }
        RunResult::Done
    }

    fn outcome(job: Option<Job>, status: jobring_status) -> jobring_outcome {
        jobring_outcome::new(job.map_or(0, Job::to_bits), status)
    }

    unsafe fn fail(payload: Payload, frame: &CallContext, failure: &JobFailure) -> RunResult {
        if DONE || NODES {
            // SAFETY:
            // - the caller's: the tail of the payload is as write() left it.
            let arg = unsafe { Self::arg(payload) };
            let mut outcome = jobring_outcome { arg, ..Self::outcome(frame.job(), JOBRING_E_FAILED) };
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

    unsafe fn exited(payload: Payload, frame: &CallContext) -> RunResult {
        frame.vtable_data.set(core::ptr::null());
        let failure = JobFailure::new();
        // SAFETY:
        // - a C string. Then as in run, which got no further than the call of the function.
        unsafe {
            failure.note(JOBRING_E_EXITED, c"the job ended its thread".as_ptr().cast());
            Self::fail(payload, frame, &failure)
        }
    }

    /// # Safety
    /// 1. The tail of the payload is as write() left it.
    unsafe fn tell(payload: Payload, outcome: &jobring_outcome) {
        // SAFETY:
        // - 1; the submitter promised that they may be called so.
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
        // - the payload is as write() left it. The function's word is not needed, and is the status' place.
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
        // - run left the result, and the callback's word as write() left it.
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
        // - the caller fills a slot, whose payload has room for these words (data_room, Settings).
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

/// How a job's input gets into its payload.
#[derive(Clone, Copy)]
pub(super) struct PayloadLayout {
    pub(super) vtable: &'static JobVTable,
    tail: unsafe fn(Payload, RunFn, usize, Callbacks),
    /// Words at the payload's end that data cannot have.
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

    /// Bytes of data that fit into a payload of `bytes`.
    pub(super) const fn data_room(self, bytes: usize) -> usize {
        bytes.saturating_sub(self.words * size_of::<usize>())
    }

    /// # Safety
    /// 1. The payload is being filled, and at least four words long.
    #[inline(always)]
    pub(super) unsafe fn write_arg(
        self,
        payload: Payload,
        run: RunFn,
        arg: *mut c_void,
        callbacks: Callbacks,
    ) {
        // SAFETY:
        // - 1: the argument is the first of the words, the tail at most the last four.
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
    // - run wrote it there.
    unsafe { payload.word_from_end(RESULT).cast::<*mut c_void>().read() }
}

/// The argument of a job that was not submitted by copy: it stays where write() put it.
pub(super) unsafe fn arg(payload: Payload) -> *mut c_void {
    // SAFETY:
    // - as above; results and failures lie behind it.
    unsafe { payload.at.cast::<*mut c_void>().read() }
}

/// Why a job was dropped. The caller has taken a job that never ran.
pub(super) unsafe fn why_dropped(payload: Payload) -> jobring_status {
    // SAFETY:
    // - discard wrote it there.
    unsafe { payload.word_from_end(RESULT).cast::<jobring_status>().read() }
}

/// The length of a job's copied data. The caller has taken a job that was submitted by copy.
pub(super) unsafe fn length(payload: Payload) -> usize {
    // SAFETY:
    // - write_tail wrote it there, and nothing overwrites it.
    unsafe { payload.word_from_end(C::<true, false, false, false>::LENGTH).read() }
}
