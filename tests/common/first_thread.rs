//! The test program's first thread.

/// Is this the program's first thread? It waits for the test, and its own bookkeeping for the test's begin may come late: it
/// allocates at any time.
pub fn is_first_thread() -> bool {
    #[cfg(target_os = "linux")]
    // SAFETY:
    // - both have no preconditions.
    let is_first = unsafe { libc::gettid() == libc::getpid() };
    #[cfg(not(target_os = "linux"))]
    let is_first = false;
    is_first
}
