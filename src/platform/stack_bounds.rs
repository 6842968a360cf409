//! The bounds of the calling thread's stack, from the system.

use super::{keeping_errno, thread_local};
use crate::job::context::Stack;

/// The calling thread's stack. Only the first call on a thread asks the system. None if the system does not
/// tell.
#[cold]
pub(super) fn known() -> Option<Stack> {
    if let Some(kept) = thread_local::stack() {
        return kept;
    }
    let stack = keeping_errno(query);
    thread_local::keep_stack(stack);
    stack
}

/// Asks the system for the calling thread's stack, without its guard. May allocate; on a main thread glibc
/// reads a file.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn query() -> Option<Stack> {
    let mut attr = core::mem::MaybeUninit::uninit();
    let (mut low, mut size, mut guard) = (core::ptr::null_mut(), 0, 0);
    // SAFETY:
    // - pthread_getattr_np initialises `attr` if it returns 0; the other calls write the variables that they
    //   are given.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attr.as_mut_ptr()) != 0 {
            return None;
        }
        let known = libc::pthread_attr_getstack(attr.as_ptr(), &raw mut low, &raw mut size) == 0
            && libc::pthread_attr_getguardsize(attr.as_ptr(), &raw mut guard) == 0;
        libc::pthread_attr_destroy(attr.as_mut_ptr());
        if !known {
            return None;
        }
    }
    let (low, high) = (low.expose_provenance(), low.addr() + size);
    // Systems differ in whether the guard is part of the stack, so the bytes that may be the guard are left
    // out.
    Some(Stack { low: low_of_main(high).map_or(low + guard, |main| main.min(low)), high })
}

/// How far down a main thread's stack below `high` may grow. musl reports only the part that is mapped now.
#[cfg(target_env = "musl")]
fn low_of_main(high: usize) -> Option<usize> {
    // SAFETY:
    // - no preconditions, except that the limit is writable.
    let limit = unsafe {
        if libc::syscall(libc::SYS_gettid) != libc::c_long::from(libc::getpid()) {
            return None;
        }
        let mut limit = core::mem::zeroed::<libc::rlimit>();
        if libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) != 0 || limit.rlim_cur == libc::RLIM_INFINITY {
            return None;
        }
        limit.rlim_cur
    };
    usize::try_from(limit).ok().map(|limit| high.saturating_sub(limit))
}

/// glibc and Android apply the limit themselves.
#[cfg(all(any(target_os = "linux", target_os = "android"), not(target_env = "musl")))]
fn low_of_main(_: usize) -> Option<usize> {
    None
}

#[cfg(target_vendor = "apple")]
pub(crate) fn query() -> Option<Stack> {
    // SAFETY:
    // - the calling thread is alive.
    let (high, size) = unsafe {
        let thread = libc::pthread_self();
        (libc::pthread_get_stackaddr_np(thread).addr(), libc::pthread_get_stacksize_np(thread))
    };
    Some(Stack { low: high.saturating_sub(size), high })
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(crate) fn query() -> Option<Stack> {
    None
}
