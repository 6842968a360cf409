//! C jobs as kinds: a function, its argument or copied data, and callbacks, in the payload of one slot.
//!
//! ```text
//! submit        arg │ …                                       │ drop? │ done? │ function, later the result
//! submit_copy   data, the result if the job leaves one there  │ drop? │ done? │ length │ function, later the result
//! failed        code, length, text                            │
//! ```

use super::outward;
use super::status::{
    JOBRING_E_CANCELLED, JOBRING_E_FAILED, JOBRING_E_SHUTDOWN, JOBRING_E_UNTAKEN, JOBRING_OK, jobring_status,
};
use crate::frame::Frame;
use crate::handle::Job;
use crate::job::{Kind, Outcome, Payload, Why};
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;

/// Names one job of one pool. A value, not a reference: it may be copied and kept. 0 is never a job.
///
/// A handle is stale once its result was taken or it was detached; using it then is an error that is noticed, except
/// after exactly k * 2^36 (on 32-bit targets 2^26) reuses of one slot. A handle of another pool is noticed with a
/// probability of 255 in 256. After the pool was destroyed, nothing may be called with it.
pub type jobring_job = u64;

/// What a pool runs: as for pthread_create(). It may call any function of its pool that does not say otherwise, and
/// must return: leaving it by longjmp() or pthread_exit() is not allowed, and a C++ exception ends the process.
pub type jobring_fn = Option<unsafe extern "C" fn(arg: *mut c_void) -> *mut c_void>;

/// Called once when a job is over, on the thread that brought that about, before waiters learn of it: the job's
/// argument (for copied data, the data), its handle, JOBRING_OK, JOBRING_E_FAILED, JOBRING_E_CANCELLED or
/// JOBRING_E_SHUTDOWN, and the result (NULL unless OK). To jobring_self() and jobring_cancel_requested() the thread is
/// inside the job then; jobring_fail() comes too late.
pub type jobring_done_fn = Option<
    unsafe extern "C" fn(arg: *mut c_void, job: jobring_job, status: jobring_status, result: *mut c_void),
>;

/// Called once with what nobody else will free: the argument of a job that will not run (JOBRING_E_CANCELLED,
/// JOBRING_E_SHUTDOWN), or the result, unless it is NULL, of one whose result nobody took (JOBRING_E_UNTAKEN). On the
/// thread that decided it, before its call returns.
pub type jobring_drop_fn = Option<unsafe extern "C" fn(arg: *mut c_void, why: jobring_status)>;

pub(super) type Run = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
pub(super) type Done = unsafe extern "C" fn(*mut c_void, u64, jobring_status, *mut c_void);
pub(super) type Drop = unsafe extern "C" fn(*mut c_void, jobring_status);

/// The callbacks of one job.
#[derive(Clone, Copy, Default)]
pub(super) struct Callbacks {
    pub(super) done: jobring_done_fn,
    pub(super) drop: jobring_drop_fn,
}

/// The kind of jobs with copied data or not, and with each of the callbacks or not.
struct C<const COPY: bool, const DONE: bool, const DROP: bool>;

const RESULT: usize = 1;

impl<const COPY: bool, const DONE: bool, const DROP: bool> C<COPY, DONE, DROP> {
    const KIND: &'static Kind =
        &Kind { run: Self::run, discard: Self::discard, by_copy: COPY, forget: Self::forget };
    const LENGTH: usize = RESULT + COPY as usize;
    const DONE_AT: usize = Self::LENGTH + DONE as usize;
    const DROP_AT: usize = Self::DONE_AT + DROP as usize;

    /// What the job is called with.
    unsafe fn arg(payload: Payload) -> *mut c_void {
        if COPY {
            return payload.at.cast();
        }
        // SAFETY:
        // - without COPY, write() put the argument first; it is read before a result or failure overwrites it.
        unsafe { payload.at.cast::<*mut c_void>().read() }
    }

    unsafe fn run(payload: Payload, frame: &Frame) -> Outcome {
        let failure = Failure::default();
        frame.locals.set((&raw const failure).cast());
        // SAFETY:
        // - the payload is as write() left it; the caller of submit promised that the function takes this argument.
        let (arg, result) = unsafe {
            let arg = Self::arg(payload);
            let run: Run = payload.word_from_end(RESULT).cast::<Run>().read();
            (arg, outward::run(run, arg))
        };
        frame.locals.set(core::ptr::null());
        let failed = failure.code.get().is_some();
        let job = frame.job.map_or(0, Job::to_bits);
        // SAFETY:
        // - as above, for the done callback.
        unsafe {
            if failed {
                Self::tell(payload, arg, job, JOBRING_E_FAILED, core::ptr::null_mut());
            } else {
                Self::tell(payload, arg, job, JOBRING_OK, result);
            }
        }
        if failed {
            failure.leave_in(payload);
            return Outcome::Failed;
        }
        // SAFETY:
        // - the function's word is not needed any more, and is the result's place.
        unsafe { payload.word_from_end(RESULT).cast::<*mut c_void>().write(result) };
        Outcome::Done
    }

    unsafe fn tell(
        payload: Payload,
        arg: *mut c_void,
        job: u64,
        status: jobring_status,
        result: *mut c_void,
    ) {
        if DONE {
            // SAFETY:
            // - with DONE, write() put the callback there; the submitter promised that it may be called so.
            unsafe {
                let done = payload.word_from_end(Self::DONE_AT).cast::<Done>().read();
                outward::done(done, arg, job, status, result);
            }
        }
    }

    unsafe fn discard(payload: Payload, job: Job, why: Why) {
        let status = match why {
            Why::Cancelled => JOBRING_E_CANCELLED,
            Why::Shutdown => JOBRING_E_SHUTDOWN,
        };
        // SAFETY:
        // - the payload is as write() left it.
        unsafe {
            let arg = Self::arg(payload);
            Self::tell(payload, arg, job.to_bits(), status, core::ptr::null_mut());
            if DROP {
                outward::drop(payload.word_from_end(Self::DROP_AT).cast::<Drop>().read(), arg, status);
            }
        }
    }

    unsafe fn forget(payload: Payload, outcome: Outcome) {
        if !DROP || outcome != Outcome::Done {
            return;
        }
        // SAFETY:
        // - run left the result, and the callback's word as write() left it.
        unsafe {
            let result = payload.word_from_end(RESULT).cast::<*mut c_void>().read();
            if !result.is_null() {
                let drop = payload.word_from_end(Self::DROP_AT).cast::<Drop>().read();
                outward::drop(drop, result, JOBRING_E_UNTAKEN);
            }
        }
    }

    unsafe fn write_tail(payload: Payload, run: Run, length: usize, callbacks: Callbacks) {
        // SAFETY:
        // - the caller fills a slot, whose payload has room for these words (data_room, Settings).
        unsafe {
            payload.word_from_end(RESULT).cast::<Run>().write(run);
            if COPY {
                payload.word_from_end(Self::LENGTH).write(length);
            }
            if DONE {
                payload.word_from_end(Self::DONE_AT).cast::<jobring_done_fn>().write(callbacks.done);
            }
            if DROP {
                payload.word_from_end(Self::DROP_AT).cast::<jobring_drop_fn>().write(callbacks.drop);
            }
        }
    }
}

/// How a job's input gets into its payload.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) kind: &'static Kind,
    tail: unsafe fn(Payload, Run, usize, Callbacks),
    /// Words at the payload's end that data cannot have.
    words: usize,
}

impl Recipe {
    const fn of<const COPY: bool, const DONE: bool, const DROP: bool>() -> Self {
        Self {
            kind: C::<COPY, DONE, DROP>::KIND,
            tail: C::<COPY, DONE, DROP>::write_tail,
            words: C::<COPY, DONE, DROP>::DROP_AT,
        }
    }

    pub(super) const fn new(copy: bool, callbacks: Callbacks) -> Self {
        match (copy, callbacks.done.is_some(), callbacks.drop.is_some()) {
            (false, false, false) => Self::of::<false, false, false>(),
            (false, false, true) => Self::of::<false, false, true>(),
            (false, true, false) => Self::of::<false, true, false>(),
            (false, true, true) => Self::of::<false, true, true>(),
            (true, false, false) => Self::of::<true, false, false>(),
            (true, false, true) => Self::of::<true, false, true>(),
            (true, true, false) => Self::of::<true, true, false>(),
            (true, true, true) => Self::of::<true, true, true>(),
        }
    }

    /// Bytes of data that fit into a payload of `bytes`.
    pub(super) const fn data_room(self, bytes: usize) -> usize {
        bytes.saturating_sub(self.words * size_of::<usize>())
    }

    /// # Safety
    /// 1. The payload is being filled, and at least four words long.
    pub(super) unsafe fn write_arg(self, payload: Payload, run: Run, arg: *mut c_void, callbacks: Callbacks) {
        // SAFETY:
        // - 1: the argument is the first of the words, the tail at most the last three.
        unsafe {
            payload.at.cast::<*mut c_void>().write(arg);
            (self.tail)(payload, run, 0, callbacks);
        }
    }

    /// # Safety
    /// 1. The payload is being filled; `data` is readable for `length` bytes, at most `data_room`.
    pub(super) unsafe fn write_data(
        self,
        payload: Payload,
        run: Run,
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

/// The length of a job's copied data. The caller has taken a job that was submitted by copy.
pub(super) unsafe fn length(payload: Payload) -> usize {
    // SAFETY:
    // - write_tail wrote it there, and nothing overwrites it.
    unsafe { payload.word_from_end(C::<true, false, false>::LENGTH).read() }
}

/// What jobring_fail() said, while the job runs.
#[derive(Default)]
pub(super) struct Failure {
    code: Cell<Option<i32>>,
    text: UnsafeCell<Text>,
}

/// The longest text that a failure keeps, bytes; a slot may have room for less.
const TEXT: usize = 120;

struct Text {
    bytes: [u8; TEXT],
    length: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; TEXT], length: 0 }
    }
}

/// The head of a failure in the payload; the text follows.
#[repr(C)]
struct Record {
    code: i32,
    length: u32,
}

impl Failure {
    pub(super) fn note(&self, code: i32, text: &[u8]) {
        self.code.set(Some(code));
        // SAFETY:
        // - the cell is this thread's alone, and no reference to it is held.
        let kept = unsafe { &mut *self.text.get() };
        kept.length = text.len().min(TEXT);
        kept.bytes[..kept.length].copy_from_slice(&text[..kept.length]);
    }

    fn leave_in(&self, payload: Payload) {
        // SAFETY:
        // - as in note.
        let text = unsafe { &*self.text.get() };
        let length = text.length.min(payload.bytes - size_of::<Record>());
        let record = Record { code: self.code.get().unwrap_or(0), length: length as u32 };
        // SAFETY:
        // - the payload is the runner's, aligned for a Record and at least four words long.
        unsafe {
            payload.at.cast::<Record>().write(record);
            payload.at.add(size_of::<Record>()).copy_from_nonoverlapping(text.bytes.as_ptr(), length);
        }
    }
}

/// The failure that a job left: its code, and its text as long as the payload is not given back.
///
/// # Safety
/// 1. The caller has the body of a job that failed, for as long as 'a.
pub(super) unsafe fn failure<'a>(payload: Payload) -> (i32, &'a [u8]) {
    // SAFETY:
    // - 1: leave_in wrote both.
    unsafe {
        let record = payload.at.cast::<Record>().read();
        let text = payload.at.add(size_of::<Record>());
        (record.code, core::slice::from_raw_parts(text, record.length as usize))
    }
}
