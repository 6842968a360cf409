//! Calls of C code that may end its thread (pthread_exit, pthread_cancel) instead of coming back. A job right inside a
//! worker's loop may, if the worker can be replaced (`workers`); all else must return, or the process ends. Only Linux
//! tells us; elsewhere it is forbidden.

use super::job::Run;
use crate::frame::Frame;
use core::ffi::c_void;

#[cfg(all(any(feature = "std", feature = "pthread"), target_os = "linux"))]
mod told {
    pub(super) use crate::thread::exit::must_return;

    /// As Run, but the compiler is told that the stack may be unwound from inside of it.
    pub(super) type Leaving = unsafe extern "C-unwind" fn(*mut super::c_void) -> *mut super::c_void;
}

#[cfg(not(all(any(feature = "std", feature = "pthread"), target_os = "linux")))]
mod told {
    pub(super) fn must_return<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    pub(super) type Leaving = super::Run;
}

/// Calls a job's function.
///
/// # Safety
/// 1. `run` takes `arg`; the thread is inside `frame`, the job's own.
#[inline]
pub(super) unsafe fn call_job(run: Run, arg: *mut c_void, frame: &Frame) -> *mut c_void {
    // SAFETY:
    // - the two types differ in what may happen to the stack meanwhile, and in nothing else.
    let run = unsafe { core::mem::transmute::<Run, told::Leaving>(run) };
    // SAFETY:
    // - 1.
    let call = || unsafe { run(arg) };
    if frame.may_end_thread() { call() } else { told::must_return(call) }
}

/// Calls what must return: a callback, or a job that has no slot.
pub(super) fn call_back<R>(f: impl FnOnce() -> R) -> R {
    told::must_return(f)
}
