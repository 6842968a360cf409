//! The key of thread-specific data that std makes for all of its threads, in the first of them. If there is none left, it ends
//! the process; so it is looked before.

#[cfg(unix)]
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

#[cfg(unix)]
static CREATED: AtomicBool = AtomicBool::new(false);

/// Has std its key, or is there one left? (Another thread may take it first.)
pub(crate) fn is_available() -> bool {
    #[cfg(unix)]
    {
        // ORDERING: Relaxed: guards nothing.
        if CREATED.load(Relaxed) {
            return true;
        }
        let mut key = 0;
        // SAFETY:
        // - `key` is writable, and deleted only if it was made; nobody else knows of it.
        unsafe { libc::pthread_key_create(&raw mut key, None) == 0 && libc::pthread_key_delete(key) == 0 }
    }
    #[cfg(not(unix))]
    true
}

/// Called on a thread of std's.
pub(crate) fn mark_created() {
    // ORDERING: Relaxed: guards nothing.
    #[cfg(unix)]
    CREATED.store(true, Relaxed);
}
