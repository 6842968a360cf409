//! A thread that ends in the middle of a job: by pthread_exit(), or because it was cancelled.
//!
//! Before pthread_cleanup_push() became a macro, it was a function that registered a cleanup handler. glibc
//! and musl still export that function. glibc unwinds an ending thread's stack up to its start function, and
//! calls each handler when it reaches the handler's frame (nptl/cleanup_compat.c, nptl/unwind.c); musl calls
//! the handlers at once. In both, the frames further out are still intact when a handler runs.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;

/// `struct _pthread_cleanup_buffer`; musl's `struct __ptcb` is shorter.
#[repr(C)]
struct Buffer {
    routine: Option<Handler>,
    arg: *mut c_void,
    cancel_type: c_int,
    previous: *mut Buffer,
}

/// Called on the thread that ends.
pub(crate) type Handler = unsafe extern "C" fn(*mut c_void);

unsafe extern "C" {
    fn _pthread_cleanup_push(buffer: *mut Buffer, routine: Handler, arg: *mut c_void);
    fn _pthread_cleanup_pop(buffer: *mut Buffer, execute: c_int);
}

/// Runs `f`. If the thread ends inside it, `handler(arg)` runs on the thread while this frame and those
/// further out are still intact.
///
/// # Safety
/// 1. `handler` may be called with `arg` while `f` runs.
/// 2. `f` does not unwind.
pub(crate) unsafe fn with_exit_handler<R>(handler: Handler, arg: *mut c_void, f: impl FnOnce() -> R) -> R {
    let mut buffer = MaybeUninit::<Buffer>::uninit();
    // SAFETY:
    // - the buffer stays where it is until pop, which is reached unless the thread ends (2); the handler may
    //   be called until then (1).
    unsafe { _pthread_cleanup_push(buffer.as_mut_ptr(), handler, arg) };
    let result = f();
    // SAFETY:
    // - the innermost buffer is this one: `f` popped what it pushed.
    unsafe { _pthread_cleanup_pop(buffer.as_mut_ptr(), 0) };
    result
}

/// Runs `f`, which calls code that must return. If the thread ends inside it, the process ends.
pub(crate) fn must_return<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY:
    // - 1: `refuse` accepts any argument. 2: the callers pass functions that do not unwind (JobVTable,
    //   Hooks).
    unsafe { with_exit_handler(refuse, ptr::null_mut(), f) }
}

unsafe extern "C" fn refuse(_: *mut c_void) {
    end_process();
}

/// Prints the reason and ends the process: otherwise a job would never finish, or a callback's caller never
/// continue.
pub(crate) fn end_process() -> ! {
    const WHY: &[u8] = b"jobring: a thread ended (pthread_exit, pthread_cancel) where it must return\n";
    // SAFETY:
    // - the bytes are readable; abort has no preconditions. A failed write changes nothing.
    unsafe {
        let _ = libc::write(libc::STDERR_FILENO, WHY.as_ptr().cast(), WHY.len());
        libc::abort()
    }
}
