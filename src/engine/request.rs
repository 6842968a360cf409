//! What a submitter hands over, and what submit does when the pool is full.

use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::Timeout;
use crate::ring::Popper;

/// A job as an API (`rust`, `ffi`) hands it over: checked, and not yet written into a slot.
pub(crate) trait Request {
    /// How the job is run or dropped.
    fn vtable(&self) -> &'static JobVTable;

    /// Can what was written be left in its slot, and the request be used again? Not if the write moved a value there.
    fn can_be_taken_back(&self) -> bool {
        true
    }

    /// Writes the job's input into a payload.
    ///
    /// # Safety
    /// 1. The payload belongs to the pool that the request was made for, and no other thread has it.
    unsafe fn write(self, payload: Payload);
}

/// What a submit does when no slot is free. It is a type, so that a firmware that never waits contains no
/// code for waiting.
pub(crate) trait WhenFull: Copy {
    const WAITS: bool;
    /// How the free ring sees the submitter.
    const POPPER: Popper = if Self::WAITS { Popper::Submitter } else { Popper::Unpaced };

    fn timeout(self) -> Timeout;
}

/// Fails at once.
#[derive(Clone, Copy)]
pub(crate) struct Fail;

/// Waits for a slot.
#[derive(Clone, Copy)]
pub(crate) struct Wait(pub(crate) Timeout);

impl WhenFull for Fail {
    const WAITS: bool = false;

    fn timeout(self) -> Timeout {
        Timeout::Poll
    }
}

impl WhenFull for Wait {
    const WAITS: bool = true;

    fn timeout(self) -> Timeout {
        self.0
    }
}
