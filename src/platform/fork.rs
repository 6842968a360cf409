//! Counts the forks between this process and the first one. A pool does not work in a child, whose only
//! thread is the one that called fork.

use crate::util::cache_padded::CachePadded;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Every submit reads it, so it must not share its cache line with variables that are written often.
static FORKS: CachePadded<AtomicUsize> = CachePadded::new(AtomicUsize::new(0));

extern "C" fn in_child() {
    // ORDERING: Relaxed: the child has one thread.
    FORKS.fetch_add(1, Relaxed);
}

/// Counts the fork that made this process, which no handler has seen. The calling thread is its only one.
#[cfg(all(feature = "processes", target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
pub(crate) fn note_child() {
    in_child();
}

/// Counts forks from now on. False if the system has no memory for that; the next call tries again. Called
/// when a pool is created or a thread enters as a worker, never on a job's path.
pub(crate) fn watch() -> bool {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    // ORDERING: Relaxed: guards nothing; the system keeps its list of handlers under its own lock.
    if WATCHED.load(Relaxed) {
        return true;
    }
    // No lock, because a child could inherit it locked. If two threads register the handler, a fork counts
    // twice.
    // SAFETY:
    // - the handler is a function of this library, and does what a child of a threaded process may do.
    let watched = unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0;
    if watched {
        // ORDERING: Relaxed, as above.
        WATCHED.store(true, Relaxed);
    }
    watched
}

/// The number of forks so far: larger in a child than in its parent. vfork(), _Fork() and a bare clone() do
/// not count.
#[inline]
pub(crate) fn count() -> usize {
    // ORDERING: Relaxed: changes only while the process has one thread.
    FORKS.load(Relaxed)
}
