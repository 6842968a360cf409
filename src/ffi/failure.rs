//! How a C job failed: noted on its runner's stack while it runs, then left in its payload.

use crate::job::Payload;
use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;

/// What jobring_fail() said, while the job runs.
pub(super) struct Failure {
    code: Cell<Option<i32>>,
    // INVARIANT: written when `code` is.
    text: UnsafeCell<MaybeUninit<Text>>,
}

/// The longest text that a failure keeps, bytes; a slot may have room for less.
const TEXT: usize = 120;

struct Text {
    bytes: [u8; TEXT],
    length: usize,
}

/// The head of a failure in the payload; the text follows.
#[repr(C)]
struct Record {
    code: i32,
    length: u32,
}

impl Failure {
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
        self.code.set(Some(code));
        // SAFETY:
        // - the cell is this thread's alone, and no reference to it is held.
        let kept = unsafe { &mut *self.text.get() };
        let kept = kept.write(Text { bytes: [0; TEXT], length: text.len().min(TEXT) });
        kept.bytes[..kept.length].copy_from_slice(&text[..kept.length]);
    }

    /// For a failure that was noted.
    pub(super) fn leave_in(&self, payload: Payload) {
        assert!(self.is_noted());
        // SAFETY:
        // - as in note; it was noted, so the text was written.
        let text = unsafe { (*self.text.get()).assume_init_ref() };
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
