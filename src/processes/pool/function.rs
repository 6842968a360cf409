//! The functions that jobs call, and what they return.

use super::super::Body;

/// What a function returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Return {
    /// It has written this many bytes of result.
    Done(usize),
    Failed(i32),
    /// It unwound, and its face has caught that.
    Panicked,
}

/// One function of the table: the code, and how its face calls that.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    code: *const (),
    call: unsafe fn(*const (), &[u8], &mut [u8]) -> Return,
}

// SAFETY:
// - addresses of code, which every thread may call.
unsafe impl Send for Function {}
// SAFETY:
// - as above.
unsafe impl Sync for Function {}

impl Function {
    /// # Safety
    /// 1. `call` may be called with `code`, any input and any buffer. If it unwinds, the process aborts: `serve` is a C function.
    pub(crate) unsafe fn new(
        code: *const (),
        call: unsafe fn(*const (), &[u8], &mut [u8]) -> Return,
    ) -> Self {
        Self { code, call }
    }

    pub(super) fn call(self, input: &[u8], result: &mut [u8]) -> Return {
        // SAFETY:
        // - `new`, 1.
        unsafe { (self.call)(self.code, input, result) }
    }
}

const DONE: usize = 0;
const FAILED: usize = 1;
const PANICKED: usize = 2;

impl Return {
    /// Writes it down in a slot's body: the kind above, and the function's code below.
    pub(super) fn store(self, body: &mut Body) {
        let (kind, code, size) = match self {
            Self::Done(size) => (DONE, 0, size),
            Self::Failed(code) => (FAILED, code, 0),
            Self::Panicked => (PANICKED, 0, 0),
        };
        (body.size, body.code) = (size, kind << 32 | code as u32 as usize);
    }

    /// Reads it. None: no worker has written that.
    pub(super) fn load(body: Body, capacity: usize) -> Option<Self> {
        match body.code >> 32 {
            DONE if body.size <= capacity => Some(Self::Done(body.size)),
            FAILED => Some(Self::Failed(body.code as u32 as i32)),
            PANICKED => Some(Self::Panicked),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_returned_can_be_read_and_nothing_else() {
        for what in
            [Return::Done(0), Return::Done(8), Return::Failed(-1), Return::Failed(0), Return::Panicked]
        {
            let mut body = Body::default();
            what.store(&mut body);
            assert_eq!(Return::load(body, 8), Some(what));
        }
        assert_eq!(Return::load(Body { function: 0, size: 9, code: 0 }, 8), None, "larger than its place");
        assert_eq!(Return::load(Body { function: 0, size: 0, code: 3 << 32 }, 8), None);
    }
}
