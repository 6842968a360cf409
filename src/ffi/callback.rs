//! Calls of functions of the caller's, which may not come back.
//!
//! What is thrown out of them (a C++ exception) ends the process. The compiler has to be told that it may be: else it leaves
//! no note for the unwinder, which would walk through the library to whoever catches. Without threads there is no unwinder
//! that we know of, and its notes would not link.
//!
//! A function that ends its thread (pthread_exit, pthread_cancel) may do so if it is a job right inside the loop of a
//! worker that can be replaced (`workers::seat`); all else must return, or the process ends. Only Linux tells us; elsewhere
//! it is forbidden.

#![cfg_attr(
    not(any(feature = "std", feature = "pthread")),
    allow(clippy::useless_transmute, reason = "without threads the types are the same")
)]

use super::config::jobring_hook_fn;
use super::status::jobring_status;
use super::types::{DoneFn, DropFn, RunFn, jobring_outcome};
use crate::job::context::CallContext;
#[cfg(all(any(feature = "std", feature = "pthread"), target_os = "linux"))]
use crate::platform::thread::exit::must_return;
use core::ffi::c_void;

type Body = unsafe extern "C" fn(*mut c_void, usize, usize) -> i32;

#[cfg(any(feature = "std", feature = "pthread"))]
mod throwing {
    use super::{c_void, jobring_outcome, jobring_status};

    pub(super) type RunFn = unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void;
    pub(super) type DoneFn = unsafe extern "C-unwind" fn(*mut c_void, *const jobring_outcome);
    pub(super) type DropFn = unsafe extern "C-unwind" fn(*mut c_void, jobring_status);
    pub(super) type Hook = unsafe extern "C-unwind" fn(*mut c_void, u32);
    pub(super) type Body = unsafe extern "C-unwind" fn(*mut c_void, usize, usize) -> i32;
}

#[cfg(not(any(feature = "std", feature = "pthread")))]
mod throwing {
    use super::{c_void, jobring_outcome, jobring_status};

    pub(super) type RunFn = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
    pub(super) type DoneFn = unsafe extern "C" fn(*mut c_void, *const jobring_outcome);
    pub(super) type DropFn = unsafe extern "C" fn(*mut c_void, jobring_status);
    pub(super) type Hook = unsafe extern "C" fn(*mut c_void, u32);
    pub(super) type Body = unsafe extern "C" fn(*mut c_void, usize, usize) -> i32;
}

#[cfg(not(all(any(feature = "std", feature = "pthread"), target_os = "linux")))]
fn must_return<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Calls a job's function.
///
/// # Safety
/// 1. `run` takes `arg`; the thread is inside `frame`, the job's own.
#[inline]
pub(super) unsafe fn run(run: RunFn, arg: *mut c_void, frame: &CallContext) -> *mut c_void {
    if frame.may_end_thread() {
        // SAFETY:
        // - the types differ in what may happen to the stack meanwhile, and in nothing else; 1.
        unsafe { core::mem::transmute::<RunFn, throwing::RunFn>(run)(arg) }
    } else {
        // SAFETY:
        // - 1.
        unsafe { run_here(run, arg) }
    }
}

/// Calls a function as a job that must return.
///
/// # Safety
/// 1. `run` takes `arg`.
pub(super) unsafe fn run_here(run: RunFn, arg: *mut c_void) -> *mut c_void {
    // SAFETY:
    // - as in run.
    must_return(|| unsafe { core::mem::transmute::<RunFn, throwing::RunFn>(run)(arg) })
}

/// # Safety
/// 1. `done` may be called so.
pub(super) unsafe fn done(done: DoneFn, arg: *mut c_void, outcome: &jobring_outcome) {
    // SAFETY:
    // - as in run.
    must_return(|| unsafe { core::mem::transmute::<DoneFn, throwing::DoneFn>(done)(arg, outcome) });
}

/// # Safety
/// 1. `drop` may be called so.
pub(super) unsafe fn drop(drop: DropFn, arg: *mut c_void, why: jobring_status) {
    // SAFETY:
    // - as in run.
    must_return(|| unsafe { core::mem::transmute::<DropFn, throwing::DropFn>(drop)(arg, why) });
}

/// # Safety
/// 1. `hook`, if there is one, may be called so.
pub(super) unsafe fn hook(hook: jobring_hook_fn, arg: *mut c_void, worker: u32) {
    // SAFETY:
    // - as in run; None stays None.
    let hook = unsafe { core::mem::transmute::<jobring_hook_fn, Option<throwing::Hook>>(hook) };
    if let Some(hook) = hook {
        // SAFETY:
        // - 1.
        must_return(|| unsafe { hook(arg, worker) });
    }
}

/// Calls the body of a loop. What is thrown out of it ends the process here, with the loop's frames still on the stack: other
/// threads look at them.
///
/// # Safety
/// 1. `body` may be called so.
#[inline]
pub(super) unsafe extern "C" fn body(body: Body, ctx: *mut c_void, from: usize, to: usize) -> i32 {
    // SAFETY:
    // - as in run.
    must_return(|| unsafe { core::mem::transmute::<Body, throwing::Body>(body)(ctx, from, to) })
}
