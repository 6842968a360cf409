//! A thread that ends in the middle: by pthread_exit(), or because it was cancelled.
//!
//! glibc unwinds such a thread's stack up to its start function, and on the way, when it comes to the frame that one lies
//! in, calls the handlers that were registered by pthread_cleanup_push() as it was before it became a macro around the
//! compiler's own unwinding (nptl/cleanup_compat.c, nptl/unwind.c); musl calls them at once. Both export that function.
//! What lies further out on the stack is still as it was when a handler is called.

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

/// Runs `f`. If the thread ends inside of it, `handler(arg)` is called on it before the stack from here on outwards is
/// gone.
///
/// # Safety
/// 1. `handler` may be called with `arg` while `f` runs.
/// 2. `f` does not unwind.
pub(crate) unsafe fn with_exit_handler<R>(handler: Handler, arg: *mut c_void, f: impl FnOnce() -> R) -> R {
    let mut buffer = MaybeUninit::<Buffer>::uninit();
    // SAFETY:
    // - the buffer stays where it is until pop, which is reached unless the thread ends (2); the handler may be called
    //   until then (1).
    unsafe { _pthread_cleanup_push(buffer.as_mut_ptr(), handler, arg) };
    let result = f();
    // SAFETY:
    // - the innermost buffer is ours: what `f` pushed, it popped.
    unsafe { _pthread_cleanup_pop(buffer.as_mut_ptr(), 0) };
    result
}

/// Runs `f`, which calls code that must return. If the thread ends inside of it, the process does.
pub(crate) fn must_return<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY:
    // - 1: `refuse` takes anything. 2: our callers pass what does not unwind (Kind, Hooks).
    unsafe { with_exit_handler(refuse, ptr::null_mut(), f) }
}

unsafe extern "C" fn refuse(_: *mut c_void) {
    end_process();
}

/// Says why, and ends the process: a job would never be over, or a callback's caller never go on.
pub(crate) fn end_process() -> ! {
    const WHY: &[u8] = b"jobring: a thread ended (pthread_exit, pthread_cancel) where it must return\n";
    // SAFETY:
    // - the bytes are readable; abort has no preconditions. What could not be written changes nothing.
    unsafe {
        let _ = libc::write(libc::STDERR_FILENO, WHY.as_ptr().cast(), WHY.len());
        libc::abort()
    }
}
