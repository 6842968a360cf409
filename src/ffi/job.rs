//! The two kinds of C jobs, in the payload of one slot: with an argument and nothing else, and with options.
//!
//! ```text
//! plain         arg │ …                                                     │ function, later the result
//! with options  arg or copied data │ … │ nodes? │ drop? │ done? │ contents │ function, later the result
//! failed        arg, or NULL for copied data │ code, length, text
//! and moved     what it returned │ code, length, text │ nodes? │ drop? │ done? │ contents │ …
//! dropped       as before                                                   │ status
//! ```

use super::callback;
use super::failure::{JobFailure, error, mark_error};
use super::outcome;
use super::status::{
    JOBRING_E_CANCELLED, JOBRING_E_EXITED, JOBRING_E_FAILED, JOBRING_E_SHUTDOWN, JOBRING_E_UNTAKEN,
    JOBRING_OK, jobring_status,
};
use super::types::{RunFn, jobring_done_fn, jobring_done_node, jobring_drop_fn, jobring_outcome};
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use core::ffi::c_void;
use core::ptr::null_mut;

/// The callbacks of one job.
#[derive(Clone, Copy)]
pub(super) struct Callbacks {
    pub(super) done: jobring_done_fn,
    pub(super) drop: jobring_drop_fn,
    pub(super) nodes: *mut jobring_done_node,
}

impl Callbacks {
    const NONE: Self = Self { done: None, drop: None, nodes: null_mut() };

    /// Calls those that are called when the job has finished.
    ///
    /// # Safety
    /// 1. The submitter promised that they may be called with this outcome.
    unsafe fn tell(&self, outcome: impl FnOnce() -> jobring_outcome) {
        if self.done.is_some() || !self.nodes.is_null() {
            // SAFETY:
            // - 1.
            unsafe { outcome::tell(self.done, self.nodes, &outcome()) };
        }
    }
}

/// The word of a job's function, and later of its result, counted from the payload's end.
const RESULT: usize = 1;

/// The word of a job's contents. Those of its callbacks come after it.
const CONTENTS: usize = 2;

/// What a job with options has besides its function: a bit for each callback, and above them the length of its copied data,
/// which is at most 1 MiB.
#[derive(Clone, Copy)]
pub(super) struct Contents(usize);

impl Contents {
    const DONE: usize = 1;
    const DROP: usize = 2;
    const NODES: usize = 4;
    /// The data are a value that was moved, and that the job owns: its drop callback gets an error too.
    const MOVED: usize = 8;
    /// The lowest bit of the length.
    const LENGTH: u32 = 4;

    pub(super) fn new(copied: usize, callbacks: &Callbacks) -> Self {
        let bit = |is_there, bit| if is_there { bit } else { 0 };
        let done = bit(callbacks.done.is_some(), Self::DONE);
        let drop = bit(callbacks.drop.is_some(), Self::DROP);
        let nodes = bit(!callbacks.nodes.is_null(), Self::NODES);
        Self(copied << Self::LENGTH | done | drop | nodes)
    }

    /// The same, if the job owns its data.
    pub(super) fn of_moved(self) -> Self {
        Self(self.0 | Self::MOVED)
    }

    fn is_moved(self) -> bool {
        self.0 & Self::MOVED != 0
    }

    /// The length of the copied data. 0: the job has an argument instead.
    pub(super) fn copied(self) -> usize {
        self.0 >> Self::LENGTH
    }

    /// The bytes at the payload's end that neither an argument nor data can use.
    pub(super) fn tail(self) -> usize {
        let callbacks = (self.0 & 1) + (self.0 >> 1 & 1) + (self.0 >> 2 & 1);
        (CONTENTS + callbacks) * size_of::<usize>()
    }

    /// The word of a callback, if the job has it.
    fn word(self, payload: Payload, bit: usize) -> Option<*mut usize> {
        // At most two callbacks come before it.
        let before = self.0 & (bit - 1);
        let at = CONTENTS + 1 + (before & 1) + (before >> 1);
        (self.0 & bit != 0).then(|| payload.word_from_end(at))
    }

    /// # Safety
    /// 1. The contents are this payload's, and the callbacks are as they were written.
    unsafe fn callbacks(self, payload: Payload) -> Callbacks {
        let word = |bit| self.word(payload, bit);
        // SAFETY:
        // - 1.
        unsafe {
            Callbacks {
                done: word(Self::DONE).and_then(|at| at.cast::<jobring_done_fn>().read()),
                drop: word(Self::DROP).and_then(|at| at.cast::<jobring_drop_fn>().read()),
                nodes: word(Self::NODES).map_or(null_mut(), |at| at.cast::<*mut jobring_done_node>().read()),
            }
        }
    }
}

/// The kinds of C jobs: with options or without.
struct C<const OPTIONS: bool>;

pub(super) const PLAIN: &JobVTable = C::<false>::VTABLE;
pub(super) const WITH_OPTIONS: &JobVTable = C::<true>::VTABLE;

impl<const OPTIONS: bool> C<OPTIONS> {
    const VTABLE: &'static JobVTable = &JobVTable {
        run: Self::run,
        discard: Self::discard,
        // Without threads a job cannot end its thread.
        exited: if cfg!(any(feature = "std", feature = "pthread")) { Some(Self::exited) } else { None },
        drops_result: OPTIONS,
        drop_result: Self::drop_result,
    };

    /// The length of the copied data. 0: the job has an argument instead.
    ///
    /// # Safety
    /// 1. The tail of the payload is as it was written.
    unsafe fn copied(payload: Payload) -> usize {
        // SAFETY:
        // - 1.
        if OPTIONS { unsafe { contents(payload) }.copied() } else { 0 }
    }

    /// # Safety
    /// 1. The tail of the payload is as it was written.
    unsafe fn callbacks(payload: Payload) -> Callbacks {
        // SAFETY:
        // - 1.
        if OPTIONS { unsafe { contents(payload).callbacks(payload) } } else { Callbacks::NONE }
    }

    /// What the job's function is called with.
    ///
    /// # Safety
    /// 1. The payload is as it was written.
    unsafe fn arg(payload: Payload) -> *mut c_void {
        // SAFETY:
        // - 1.
        unsafe { if Self::copied(payload) > 0 { payload.at.cast() } else { arg(payload) } }
    }

    unsafe fn run(payload: Payload, context: &CallContext) -> RunResult {
        let failure = JobFailure::new();
        context.vtable_data.set((&raw const failure).cast());
        // SAFETY:
        // - the payload is as it was written; the caller of submit promised that the function takes this argument.
        let (arg, result) = unsafe {
            let arg = Self::arg(payload);
            let run: RunFn = payload.word_from_end(RESULT).cast::<RunFn>().read();
            (arg, callback::run(run, arg, context))
        };
        context.vtable_data.set(core::ptr::null());
        if failure.is_noted() {
            // SAFETY:
            // - the payload is as it was written, except for data that the job changed.
            return unsafe { Self::fail(payload, context, &failure, result) };
        }
        // SAFETY:
        // - as above, and the callbacks may be called. Then the function's word is no longer needed, and holds the result.
        unsafe {
            let callbacks = Self::callbacks(payload);
            callbacks.tell(|| {
                let length = Self::copied(payload) as u32;
                let data = if length > 0 { arg } else { null_mut() };
                jobring_outcome { arg, result, data, length, ..Self::outcome(context.job(), JOBRING_OK) }
            });
            payload.word_from_end(RESULT).cast::<*mut c_void>().write(result);
            if callbacks.drop.is_some() && !result.is_null() { RunResult::Done } else { RunResult::Empty }
        }
    }

    fn outcome(job: Option<JobId>, status: jobring_status) -> jobring_outcome {
        jobring_outcome::new(job.map_or(0, JobId::to_bits), status)
    }

    unsafe fn fail(
        payload: Payload,
        context: &CallContext,
        failure: &JobFailure,
        result: *mut c_void,
    ) -> RunResult {
        // SAFETY:
        // - the caller's: the payload is as it was written, except for data that the job changed. Nobody receives the data of
        //   a job that failed, so NULL or its error can stand in their place.
        unsafe {
            let (arg, moved) = (Self::arg(payload), Self::moved(payload));
            let error = if moved.is_some() { result } else { null_mut() };
            Self::callbacks(payload).tell(|| {
                let mut outcome = jobring_outcome { arg, ..Self::outcome(context.job(), JOBRING_E_FAILED) };
                if let Some((code, text)) = failure.noted() {
                    (outcome.code, outcome.length) = (code, text.len() as u32);
                    outcome.data = text.as_ptr().cast_mut().cast();
                }
                outcome.result = error;
                outcome
            });
            if Self::copied(payload) > 0 {
                payload.at.cast::<*mut c_void>().write(error);
            }
            match moved {
                None => failure.leave_in(payload),
                Some(contents) => {
                    failure.leave_in(Payload { bytes: payload.bytes - contents.tail(), ..payload });
                    mark_error(payload);
                }
            }
        }
        RunResult::Failed
    }

    /// The contents of a job that owns its data.
    ///
    /// # Safety
    /// 1. The tail of the payload is as it was written.
    unsafe fn moved(payload: Payload) -> Option<Contents> {
        // SAFETY:
        // - 1.
        let contents = OPTIONS.then(|| unsafe { contents(payload) });
        contents.filter(|contents| contents.is_moved())
    }

    unsafe fn exited(payload: Payload, context: &CallContext) -> RunResult {
        context.vtable_data.set(core::ptr::null());
        let failure = JobFailure::new();
        // SAFETY:
        // - a C string. Then as in run, which stopped in the call of the function.
        unsafe {
            // A job that owns its value may have shared the bytes that a text would take (jobring_job_data).
            let text = if Self::moved(payload).is_some() { c"" } else { c"the job ended its thread" };
            failure.note(JOBRING_E_EXITED, text.as_ptr().cast());
            Self::fail(payload, context, &failure, null_mut())
        }
    }

    unsafe fn discard(payload: Payload, job: JobId, why: DiscardReason) {
        let status = match why {
            DiscardReason::Cancelled => JOBRING_E_CANCELLED,
            DiscardReason::Shutdown => JOBRING_E_SHUTDOWN,
        };
        // SAFETY:
        // - the payload is as it was written, and the callbacks may be called. The function's word is not needed, and holds the
        //   status.
        unsafe {
            let (arg, callbacks) = (Self::arg(payload), Self::callbacks(payload));
            callbacks.tell(|| jobring_outcome { arg, ..Self::outcome(Some(job), status) });
            if let Some(drop) = callbacks.drop {
                callback::drop(drop, arg, status);
            }
            payload.word_from_end(RESULT).cast::<jobring_status>().write(status);
        }
    }

    unsafe fn drop_result(payload: Payload, outcome: RunResult) {
        // SAFETY:
        // - run stored the result, and the rest of the tail is as it was written. If the job failed, that is so where `failure`
        //   finds an error.
        unsafe {
            let (result, why) = match outcome {
                RunResult::Failed if !OPTIONS => return,
                RunResult::Failed => (error(payload), JOBRING_E_FAILED),
                _ => (result(payload), JOBRING_E_UNTAKEN),
            };
            if result.is_null() {
                return;
            }
            if let Some(drop) = Self::callbacks(payload).drop {
                callback::drop(drop, result, why);
            }
        }
    }
}

/// Writes a job with an argument and nothing else.
///
/// # Safety
/// 1. The payload is being filled, and is at least two words long.
#[inline(always)]
pub(super) unsafe fn write_plain(payload: Payload, run: RunFn, arg: *mut c_void) {
    // SAFETY:
    // - 1: the two words do not overlap.
    unsafe {
        payload.at.cast::<*mut c_void>().write(arg);
        payload.word_from_end(RESULT).cast::<RunFn>().write(run);
    }
}

/// Writes a job with options; the contents say whether `arg` is passed on or data to copy. If `build` has built the data, it
/// returns true, and nothing is copied.
///
/// # Safety
/// 1. The payload is being filled, with room for the argument or the data before the tail of these contents.
/// 2. `contents` are those of the callbacks; `arg` is readable for the length of the data.
#[inline(always)]
pub(super) unsafe fn write_with_options(
    payload: Payload,
    run: RunFn,
    arg: *mut c_void,
    contents: Contents,
    callbacks: &Callbacks,
    build: impl FnOnce() -> bool,
) {
    // SAFETY:
    // - 1, 2; the slot is ours, so the data do not overlap it.
    unsafe {
        if contents.copied() > 0 {
            if !build() {
                payload.at.copy_from_nonoverlapping(arg.cast(), contents.copied());
            }
        } else {
            payload.at.cast::<*mut c_void>().write(arg);
        }
        payload.word_from_end(RESULT).cast::<RunFn>().write(run);
        payload.word_from_end(CONTENTS).write(contents.0);
        if let Some(at) = contents.word(payload, Contents::DONE) {
            at.cast::<jobring_done_fn>().write(callbacks.done);
        }
        if let Some(at) = contents.word(payload, Contents::DROP) {
            at.cast::<jobring_drop_fn>().write(callbacks.drop);
        }
        if let Some(at) = contents.word(payload, Contents::NODES) {
            at.cast::<*mut jobring_done_node>().write(callbacks.nodes);
        }
    }
}

/// The contents of a job with options. The caller has the body of one that has not failed.
pub(super) unsafe fn contents(payload: Payload) -> Contents {
    // SAFETY:
    // - write_with_options stored them there, and only a failure is written over them.
    Contents(unsafe { payload.word_from_end(CONTENTS).read() })
}

/// The result that a job left. The caller has taken a job that is done.
pub(super) unsafe fn result(payload: Payload) -> *mut c_void {
    // SAFETY:
    // - run stored it there.
    unsafe { payload.word_from_end(RESULT).cast::<*mut c_void>().read() }
}

/// The argument of a job without copied data. Of a job with copied data that failed: NULL.
pub(super) unsafe fn arg(payload: Payload) -> *mut c_void {
    // SAFETY:
    // - it is the first word; results and failures lie after it.
    unsafe { payload.at.cast::<*mut c_void>().read() }
}

/// Why a job was dropped. The caller has taken a job that never ran.
pub(super) unsafe fn why_dropped(payload: Payload) -> jobring_status {
    // SAFETY:
    // - discard stored it there.
    unsafe { payload.word_from_end(RESULT).cast::<jobring_status>().read() }
}

/// The length of a job's copied data, 0 if it has an argument. The caller has taken a job that has not failed.
pub(super) unsafe fn copied(vtable: &JobVTable, payload: Payload) -> usize {
    // Of all jobs in a C pool only those with options have results to drop. (Their vtable itself is not named here: a
    // firmware that only waits would have to contain it.)
    // SAFETY:
    // - a job with options.
    if vtable.drops_result { unsafe { contents(payload) }.copied() } else { 0 }
}
