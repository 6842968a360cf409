//! std creates one key of thread-specific data, in the first of its threads. If the system has no key left,
//! std ends the process, so this module checks first.

#[cfg(unix)]
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

#[cfg(unix)]
static CREATED: AtomicBool = AtomicBool::new(false);

/// Does std have its key, or is there one left? (Another thread may take the last one first.)
pub(crate) fn is_available() -> bool {
    #[cfg(unix)]
    {
        // ORDERING: Relaxed: guards nothing.
        if CREATED.load(Relaxed) {
            return true;
        }
        let mut key = 0;
        // SAFETY:
        // - `key` is writable, and deleted only if it was created; no other thread knows it.
        unsafe { libc::pthread_key_create(&raw mut key, None) == 0 && libc::pthread_key_delete(key) == 0 }
    }
    #[cfg(not(unix))]
    true
}

/// Records that std has its key. Called on a thread that std created.
pub(crate) fn mark_created() {
    // ORDERING: Relaxed: guards nothing.
    #[cfg(unix)]
    CREATED.store(true, Relaxed);
}
