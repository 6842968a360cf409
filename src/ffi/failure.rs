//! How a C job failed: kept on its runner's stack while it runs, then stored in its payload.

use crate::job::vtable::Payload;
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::null_mut;

/// What the job passed to jobring_fail(), while it runs.
pub(super) struct JobFailure {
    code: Cell<Option<i32>>,
    // INVARIANT: written when `code` is written.
    text: UnsafeCell<MaybeUninit<Text>>,
}

/// The longest text of a failure, in bytes; a slot may have room for less.
const TEXT: usize = 119;

struct Text {
    length: usize,
    // The first `length` bytes are set, and the next one is zero.
    bytes: [MaybeUninit<u8>; TEXT + 1],
}

/// A failure in the payload, after the job's argument or its error. The text follows it.
#[repr(C)]
struct Record {
    code: i32,
    // The text's, and HAS_ERROR.
    length: u32,
}

/// The word before the record is the job's error, not its argument.
const HAS_ERROR: u32 = 1 << 31;

/// The bytes that a failure takes of a payload, without a text.
pub(super) const LEAST: usize = RECORD + size_of::<Record>();

/// The record's offset in the payload.
const RECORD: usize = size_of::<usize>();

impl JobFailure {
    /// No failure so far. The room for the text is not touched, since every job that runs makes one of these.
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { code: Cell::new(None), text: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// Did the job say that it failed?
    pub(super) fn is_noted(&self) -> bool {
        self.code.get().is_some()
    }

    /// Stores a code, and as much of a text as there is room for.
    ///
    /// # Safety
    /// 1. `text` is NULL or a C string.
    pub(super) unsafe fn note(&self, code: i32, text: *const u8) {
        self.code.set(Some(code));
        // SAFETY:
        // - only this thread has the cell, no reference to it is held, and it has room for TEXT bytes and a
        //   zero.
        // - 1: readable up to its zero. (A hand-written loop: strlen and memcpy are more than a firmware
        //   needs.)
        unsafe {
            let noted = (*self.text.get()).as_mut_ptr();
            let (bytes, mut length) = ((&raw mut (*noted).bytes).cast::<u8>(), 0);
            while !text.is_null() && length < TEXT && text.add(length).read() != 0 {
                bytes.add(length).write_volatile(text.add(length).read());
                length += 1;
            }
            bytes.add(length).write(0);
            (&raw mut (*noted).length).write(length);
        }
    }

    /// The code and the text that were stored, with a zero after the text; None if there was no failure.
    pub(super) fn noted(&self) -> Option<(i32, &[u8])> {
        let code = self.code.get()?;
        // SAFETY:
        // - a failure was stored, so the length was written, and that many bytes of the text; nothing is
        //   stored while the slice is held, since the job's function has returned.
        let text = unsafe {
            let text = (*self.text.get()).as_ptr();
            core::slice::from_raw_parts((&raw const (*text).bytes).cast::<u8>(), (*text).length)
        };
        Some((code, text))
    }

    /// Stores the failure in the payload. There is one.
    pub(super) fn leave_in(&self, payload: Payload) {
        let Some((code, text)) = self.noted() else { return };
        let length = text.len().min(payload.bytes - LEAST);
        // SAFETY:
        // - the payload is the runner's, aligned for words and at least three of them long.
        unsafe {
            let record = payload.at.add(RECORD).cast::<Record>();
            record.write(Record { code, length: length as u32 });
            let (to, from) = (record.add(1).cast::<u8>(), text.as_ptr());
            for i in 0..length {
                // The write is volatile, so that this stays a loop: a memcpy that nothing else in a firmware
                // needs is larger than this file.
                to.add(i).write_volatile(from.add(i).read());
            }
        }
    }
}

/// The error that a failed job left; NULL if it left none.
///
/// # Safety
/// 1. The caller has the body of a job that failed.
pub(super) unsafe fn error(payload: Payload) -> *mut c_void {
    // SAFETY:
    // - 1: leave_in wrote the record, and its caller the first word.
    unsafe {
        let has_error = (*payload.at.add(RECORD).cast::<Record>()).length & HAS_ERROR != 0;
        if has_error { payload.at.cast::<*mut c_void>().read() } else { null_mut() }
    }
}

/// Notes that the first word of a failure is an error.
///
/// # Safety
/// 1. The payload is the runner's, and leave_in has stored a failure there.
pub(super) unsafe fn mark_error(payload: Payload) {
    // SAFETY:
    // - 1.
    unsafe { (*payload.at.add(RECORD).cast::<Record>()).length |= HAS_ERROR };
}

/// What a job that failed left.
pub(super) struct Failure<'a> {
    pub(super) code: i32,
    pub(super) text: &'a [u8],
    /// Its argument. NULL for data.
    pub(super) arg: *mut c_void,
    /// What it returned, if it owned its data. Else NULL.
    pub(super) error: *mut c_void,
}

/// The failure that a job left, until the payload is given back.
///
/// # Safety
/// 1. The caller has the body of a job that failed, during 'a.
pub(super) unsafe fn failure<'a>(payload: Payload) -> Failure<'a> {
    // SAFETY:
    // - 1: leave_in wrote both, and its caller the first word.
    unsafe {
        let first = payload.at.cast::<*mut c_void>().read();
        let at = payload.at.add(RECORD).cast::<Record>();
        let Record { code, length } = at.read();
        let text = core::slice::from_raw_parts(at.add(1).cast::<u8>(), (length & !HAS_ERROR) as usize);
        let (arg, error) = if length & HAS_ERROR != 0 { (null_mut(), first) } else { (first, null_mut()) };
        Failure { code, text, arg, error }
    }
}
