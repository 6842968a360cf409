//! Functions that jobs of process pools call.

use crate::processes::pool::{Function, Return};
use crate::util::unwind::{catch, drop_ignoring_panic};

/// A function that jobs of a [`ProcessPool`](crate::ProcessPool) call: it reads the input, writes a result, and returns the number of bytes that it
/// has written, or an error. If it returns a larger number than there is room for, the worker aborts.
///
/// A child that it makes by fork(2) ends if it returns from the function too. It closes only descriptors that it has opened.
pub type ProcessFunction = fn(input: &[u8], result: &mut [u8]) -> Result<usize, i32>;

/// Calls a function of the table.
unsafe fn call(code: *const (), input: &[u8], result: &mut [u8]) -> Return {
    // SAFETY:
    // - `function` made it of such a function.
    let function: ProcessFunction = unsafe { core::mem::transmute(code) };
    match catch(|| function(input, result)) {
        Ok(Ok(size)) => Return::Done(size),
        Ok(Err(code)) => Return::Failed(code),
        Err(panic) => {
            drop_ignoring_panic(panic);
            Return::Panicked
        }
    }
}

pub(super) fn function(function: ProcessFunction) -> Function {
    // SAFETY:
    // - `call` takes the address of any such function, and catches its panic.
    unsafe { Function::new(function as *const (), call) }
}
