//! How many forks lie between this process and the one that began: a pool does not live on in a child, whose only thread
//! is the one that forked.

use crate::pad::CachePadded;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
#[cfg(not(feature = "std"))]
use spin::Once;
#[cfg(feature = "std")]
use std::sync::Once;

/// Every submit reads it, so it shares its line with nobody's variables that are written all the time.
static FORKS: CachePadded<AtomicUsize> = CachePadded::new(AtomicUsize::new(0));

extern "C" fn in_child() {
    // ORDERING: Relaxed: the child has one thread.
    FORKS.fetch_add(1, Relaxed);
}

/// Counts forks from now on. Called when a pool is made, never on the way of a job.
pub(crate) fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // SAFETY:
        // - the handler is a function of this library, and does what a child of a threaded process may do.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

/// The forks so far: in a child more than in its parent. (Children made by vfork or a bare clone are not counted.)
#[inline]
pub(crate) fn count() -> usize {
    // ORDERING: Relaxed: changes only where there is one thread.
    FORKS.load(Relaxed)
}
