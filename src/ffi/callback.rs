//! Calls of user functions, which might never return.
//!
//! An exception that leaves a user function (a C++ exception) ends the process. The types say "C-unwind",
//! so that the compiler writes unwind tables here: without them the unwinder would walk through the library
//! to the thread's next catch. A build without threads has no unwinder, and could not link the tables.
//!
//! A job may end its thread (pthread_exit, pthread_cancel) if the loop of a worker that can be replaced
//! called it directly (`workers/worker_thread.rs`). Every other function must return, or the process ends.
//! Only Linux reports the end of a thread; elsewhere it is forbidden.

#![cfg_attr(
    not(any(feature = "std", feature = "pthread")),
    allow(clippy::useless_transmute, reason = "without threads the types are the same")
)]

use super::config::{jobring_start_fn, jobring_stop_fn};
use super::status::{JOBRING_OK, jobring_status};
use super::types::{DoneFn, DropFn, MoveFn, RunFn, jobring_outcome};
use crate::job::context::CallContext;
#[cfg(all(any(feature = "std", feature = "pthread"), target_os = "linux"))]
use crate::platform::thread::exit::must_return;
use core::ffi::c_void;

pub(super) type Body = unsafe extern "C" fn(*mut c_void, usize, usize) -> i32;

#[cfg(any(feature = "std", feature = "pthread"))]
mod throwing {
    use super::{c_void, jobring_outcome, jobring_status};

    pub(super) type RunFn = unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void;
    pub(super) type DoneFn = unsafe extern "C-unwind" fn(*mut c_void, *const jobring_outcome);
    pub(super) type DropFn = unsafe extern "C-unwind" fn(*mut c_void, jobring_status);
    pub(super) type MoveFn = unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, usize);
    pub(super) type Start = unsafe extern "C-unwind" fn(*mut c_void, u32) -> jobring_status;
    pub(super) type Stop = unsafe extern "C-unwind" fn(*mut c_void, u32);
    pub(super) type Body = unsafe extern "C-unwind" fn(*mut c_void, usize, usize) -> i32;
}

#[cfg(not(any(feature = "std", feature = "pthread")))]
mod throwing {
    use super::{c_void, jobring_outcome, jobring_status};

    pub(super) type RunFn = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
    pub(super) type DoneFn = unsafe extern "C" fn(*mut c_void, *const jobring_outcome);
    pub(super) type DropFn = unsafe extern "C" fn(*mut c_void, jobring_status);
    pub(super) type MoveFn = unsafe extern "C" fn(*mut c_void, *mut c_void, usize);
    pub(super) type Start = unsafe extern "C" fn(*mut c_void, u32) -> jobring_status;
    pub(super) type Stop = unsafe extern "C" fn(*mut c_void, u32);
    pub(super) type Body = unsafe extern "C" fn(*mut c_void, usize, usize) -> i32;
}

#[cfg(not(all(any(feature = "std", feature = "pthread"), target_os = "linux")))]
fn must_return<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Calls a job's function.
///
/// # Safety
/// 1. `run` takes `arg`; the thread is inside `context`, which is the job's.
#[inline]
pub(super) unsafe fn run(run: RunFn, arg: *mut c_void, context: &CallContext) -> *mut c_void {
    if context.may_end_thread() {
        // SAFETY:
        // - the types differ only in whether the function may unwind; 1.
        unsafe { core::mem::transmute::<RunFn, throwing::RunFn>(run)(arg) }
    } else {
        // SAFETY:
        // - 1.
        unsafe { run_here(run, arg) }
    }
}

/// Calls a job's function that must return.
///
/// # Safety
/// 1. `run` takes `arg`.
pub(super) unsafe fn run_here(run: RunFn, arg: *mut c_void) -> *mut c_void {
    // SAFETY:
    // - as in run.
    must_return(|| unsafe { core::mem::transmute::<RunFn, throwing::RunFn>(run)(arg) })
}

/// # Safety
/// 1. `done` may be called with these arguments.
pub(super) unsafe fn done(done: DoneFn, arg: *mut c_void, outcome: &jobring_outcome) {
    // SAFETY:
    // - as in run.
    must_return(|| unsafe { core::mem::transmute::<DoneFn, throwing::DoneFn>(done)(arg, outcome) });
}

/// # Safety
/// 1. `drop` may be called with these arguments.
pub(super) unsafe fn drop(drop: DropFn, arg: *mut c_void, why: jobring_status) {
    // SAFETY:
    // - as in run.
    must_return(|| unsafe { core::mem::transmute::<DropFn, throwing::DropFn>(drop)(arg, why) });
}

/// # Safety
/// 1. `moves` may be called with these arguments.
pub(super) unsafe fn move_value(moves: MoveFn, to: *mut c_void, from: *mut c_void, size: usize) {
    // SAFETY:
    // - as in run.
    must_return(|| unsafe { core::mem::transmute::<MoveFn, throwing::MoveFn>(moves)(to, from, size) });
}

/// True unless the hook failed.
///
/// # Safety
/// 1. `hook`, if there is one, may be called with these arguments.
pub(super) unsafe fn start(hook: jobring_start_fn, arg: *mut c_void, worker: u32) -> bool {
    // SAFETY:
    // - as in run; None stays None.
    let hook = unsafe { core::mem::transmute::<jobring_start_fn, Option<throwing::Start>>(hook) };
    // SAFETY:
    // - 1.
    hook.is_none_or(|hook| must_return(|| unsafe { hook(arg, worker) }) == JOBRING_OK)
}

/// # Safety
/// 1. `hook`, if there is one, may be called with these arguments.
pub(super) unsafe fn stop(hook: jobring_stop_fn, arg: *mut c_void, worker: u32) {
    // SAFETY:
    // - as in run; None stays None.
    let hook = unsafe { core::mem::transmute::<jobring_stop_fn, Option<throwing::Stop>>(hook) };
    if let Some(hook) = hook {
        // SAFETY:
        // - 1.
        must_return(|| unsafe { hook(arg, worker) });
    }
}

/// Calls the body of a loop. An exception that leaves it ends the process here, with the loop's stack frames
/// still in place: other threads read them.
///
/// # Safety
/// 1. `body` may be called with these arguments.
#[inline]
pub(super) unsafe extern "C" fn body(body: Body, ctx: *mut c_void, from: usize, to: usize) -> i32 {
    // SAFETY:
    // - as in run.
    must_return(|| unsafe { core::mem::transmute::<Body, throwing::Body>(body)(ctx, from, to) })
}
