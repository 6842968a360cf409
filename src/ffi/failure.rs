//! How a C job failed: noted on its runner's stack while it runs, then left in its payload.

use crate::job::vtable::Payload;
use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;

/// What jobring_fail() said, while the job runs.
pub(super) struct JobFailure {
    code: Cell<Option<i32>>,
    // INVARIANT: written when `code` is.
    text: UnsafeCell<MaybeUninit<Text>>,
}

/// The longest text that a failure keeps, bytes; a slot may have room for less.
const TEXT: usize = 120;

struct Text {
    length: usize,
    // The first `length` are set.
    bytes: [MaybeUninit<u8>; TEXT],
}

/// The head of a failure in the payload; the text follows.
#[repr(C)]
struct WorkerStats {
    code: i32,
    length: u32,
}

impl JobFailure {
    /// None so far. The room for the text is not touched: every job that runs has one.
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { code: Cell::new(None), text: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// Did the job say that it failed?
    pub(super) fn is_noted(&self) -> bool {
        self.code.get().is_some()
    }

    pub(super) fn note(&self, code: i32, text: &[u8]) {
        let length = text.len().min(TEXT);
        self.code.set(Some(code));
        // SAFETY:
        // - the cell is this thread's alone, no reference to it is held, and it has room for TEXT bytes.
        unsafe {
            let kept = (*self.text.get()).as_mut_ptr();
            (&raw mut (*kept).length).write(length);
            (&raw mut (*kept).bytes).cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), length);
        }
    }

    /// For a failure that was noted.
    pub(super) fn leave_in(&self, payload: Payload) {
        let Some(code) = self.code.get() else { return };
        // SAFETY:
        // - as in note; it was noted, so the length was written, and so much of the text.
        // - the payload is the runner's, aligned for a Record and at least four words long.
        unsafe {
            let text = (*self.text.get()).as_ptr();
            let length = (*text).length.min(payload.bytes - size_of::<WorkerStats>());
            payload.at.cast::<WorkerStats>().write(WorkerStats { code, length: length as u32 });
            let (to, from) =
                (payload.at.add(size_of::<WorkerStats>()), (&raw const (*text).bytes).cast::<u8>());
            for i in 0..length {
                // Volatile, so that it stays a loop: memcpy, if nothing else in a firmware needs it, is larger than this file.
                to.add(i).write_volatile(from.add(i).read());
            }
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
        let record = payload.at.cast::<WorkerStats>().read();
        let text = payload.at.add(size_of::<WorkerStats>());
        (record.code, core::slice::from_raw_parts(text, record.length as usize))
    }
}
