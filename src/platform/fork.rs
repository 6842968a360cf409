//! How many forks lie between this process and the one that began: a pool does not live on in a child, whose only thread
//! is the one that forked.

use crate::util::cache_padded::CachePadded;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Every submit reads it, so it shares its line with nobody's variables that are written all the time.
static FORKS: CachePadded<AtomicUsize> = CachePadded::new(AtomicUsize::new(0));

extern "C" fn in_child() {
    // ORDERING: Relaxed: the child has one thread.
    FORKS.fetch_add(1, Relaxed);
}

/// Counts forks from now on. False if the system refuses that for want of memory; the next call asks again. Called when a
/// pool is made or a thread enters as a worker, never on the way of a job.
pub(crate) fn watch() -> bool {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    // ORDERING: Relaxed: guards nothing; the system keeps the list of handlers under a lock of its own.
    if WATCHED.load(Relaxed) {
        return true;
    }
    // Without a lock, which a child could inherit locked. If two threads register it, a fork counts as two.
    // SAFETY:
    // - the handler is a function of this library, and does what a child of a threaded process may do.
    let watched = unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0;
    if watched {
        // ORDERING: Relaxed, as above.
        WATCHED.store(true, Relaxed);
    }
    watched
}

/// The forks so far: in a child more than in its parent. Children by vfork(), _Fork() or a bare clone() are not counted.
#[inline]
pub(crate) fn count() -> usize {
    // ORDERING: Relaxed: changes only where there is one thread.
    FORKS.load(Relaxed)
}
