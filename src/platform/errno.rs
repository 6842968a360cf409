//! Keeps errno across calls that change it.

/// Runs `body` and restores the calling thread's errno.
#[inline]
pub(crate) fn keeping_errno<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let errno = errno();
        // SAFETY:
        // - points to this thread's own errno, which lives as long as the thread.
        let saved = unsafe { *errno };
        let result = body();
        // SAFETY:
        // - as above; still the same thread.
        unsafe { *errno = saved };
        result
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    body()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn errno() -> *mut i32 {
    // SAFETY:
    // - has no preconditions.
    #[cfg(target_os = "linux")]
    return unsafe { libc::__errno_location() };
    // SAFETY:
    // - has no preconditions.
    #[cfg(target_os = "android")]
    return unsafe { libc::__errno() };
}
