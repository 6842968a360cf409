//! The *watchers* of one job: callbacks that are added at any time.
//!
//! The list lies beside the job, in the submitter's memory, and not in its slot: so no thread that adds a
//! watcher, however slow, meets the slot's next job. The job has a callback that *closes* the list when the job has ended.
//!
//! ```text
//! word    changed by, and to what
//!
//! empty   a thread that adds a node, by an exchange → the node          the node points to the one before it
//! a node  a thread that adds a node, by an exchange → the node
//! either  the thread that ended the job, by one swap → CLOSED, after it has stored how the job ended
//! CLOSED  nobody
//! ```
//!
//! **Called once.** A node whose exchange succeeds is in the list that the swap takes: the thread that closes
//! calls it. A thread that finds CLOSED has not added its node, and calls it itself. There is no third case.
//!
//! **In order.** The swap takes the newest node first. The thread that closes reverses the list, and calls the
//! oldest first. A thread that finds CLOSED may call its node before those calls have ended, as with CPython's
//! futures.
//!
//! **Nodes and list are given up as early as possible.** The next node is read before a node's callback is
//! called, which may use the node again. Behind the swap the closing thread does not touch the list, so any
//! callback may free it, if no other thread is about to add a node.
//!
//! **No thread waits.** A thread that is stopped before its exchange has changed nothing. A thread that is
//! stopped before the swap delays the end of its own job, and nothing else.

use crate::sync::{AcqRel, Acquire, AtomicUsize, Bug, Release, Site, UnsafeCell, const_fn, ordering, stores};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

/// The word of a list that is closed. No node has this address.
const CLOSED: usize = 1;

/// The head of a node.
#[repr(C)]
pub(crate) struct Link {
    // INVARIANT: written by the thread that adds the node, then by the one that closed the list.
    next: UnsafeCell<*const Link>,
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl Link {
    pub(crate) fn new() -> Self {
        Self { next: UnsafeCell::new(ptr::null()) }
    }
}

/// The watchers of one job, and how it ended.
#[repr(C)]
pub(crate) struct Watchers<E> {
    /// The address of the newest node, 0, or CLOSED. A word, because every target compares and swaps words.
    newest: AtomicUsize,
    // INVARIANT: written once, before the list is closed, and never after it.
    end: UnsafeCell<MaybeUninit<E>>,
}

// SAFETY:
// - `end` is written before the swap (Release) and read behind a look that finds CLOSED (Acquire); a node is
//   a pointer that goes from the thread that adds it to the thread that closes (`add`'s obligation); the rest
//   is atomic.
unsafe impl<E: Copy + Send + Sync> Sync for Watchers<E> {}
// SAFETY:
// - as for Sync.
unsafe impl<E: Copy + Send> Send for Watchers<E> {}

impl<E: Copy> Watchers<E> {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self { newest: AtomicUsize::new(0), end: UnsafeCell::new(MaybeUninit::uninit()) }
        }
    }

    /// Adds a node. Some(end): the job has ended, the node was not added, and the caller calls it.
    ///
    /// # Safety
    /// 1. The node is the caller's, is in no list, may be given to another thread, and stays in place until
    ///    it is called.
    pub(crate) unsafe fn add(&self, node: NonNull<Link>) -> Option<E> {
        // ORDERING: Acquire pairs with the Release of `close`: a thread that finds CLOSED finds how the job
        // ended.
        let mut newest = self.newest.load(ordering(Site::WatchLook, Acquire));
        loop {
            if newest == CLOSED {
                // SAFETY:
                // - it was written before the list was closed, and is not written again.
                return Some(self.end.with(|at| unsafe { (*at).assume_init() }));
            }
            // SAFETY:
            // - 1: the node is not in the list yet.
            unsafe { node.as_ref() }.next.with_mut(|at| unsafe { *at = links(newest) });
            if stores(Bug::AddsAWatcherByPlainStore, &self.newest, node.as_ptr().expose_provenance()) {
                return None;
            }
            // ORDERING: Release publishes the node, and by the chain of exchanges those behind it, to
            // `close`. Acquire on failure: as in the look.
            match self.newest.compare_exchange(
                newest,
                node.as_ptr().expose_provenance(),
                ordering(Site::WatchAdd, Release),
                ordering(Site::WatchAddLost, Acquire),
            ) {
                Ok(_) => return None,
                Err(now) => newest = now,
            }
        }
    }

    /// The job has ended: takes the nodes, which the caller calls. Behind the swap it does not touch the
    /// list, which a callback may free from then on.
    ///
    /// # Safety
    /// 1. The list is there, and this is called once.
    pub(crate) unsafe fn close(this: *const Self, end: E) -> Added {
        let newest = {
            // SAFETY:
            // - 1. The borrow ends with the swap.
            let this = unsafe { &*this };
            // SAFETY:
            // - 1: nobody reads it before the list is closed, and no other thread closes it.
            this.end.with_mut(|at| unsafe { (*at).write(end) });
            // ORDERING: Acquire pairs with the Release of `add`: the nodes are whole. Release pairs with the
            // Acquire there: a thread that adds a node later finds how the job ended.
            this.newest.swap(CLOSED, ordering(Site::WatchClose, AcqRel))
        };
        Added { oldest: turned_round(links(newest)) }
    }
}

fn links(address: usize) -> *const Link {
    ptr::with_exposed_provenance(address)
}

/// Reverses a list that the caller took.
fn turned_round(mut newest: *const Link) -> *const Link {
    let mut done = ptr::null();
    // SAFETY:
    // - a node stays in place until it is called (`add`), and none of these was.
    while let Some(link) = unsafe { newest.as_ref() } {
        // SAFETY:
        // - the list was taken by this thread, so its nodes are this thread's.
        newest = link.next.with_mut(|at| unsafe { ptr::replace(at, done) });
        done = link;
    }
    done
}

/// The nodes that were in a list when it was closed, the oldest first. Each is its owner's again when it has
/// been returned.
pub(crate) struct Added {
    oldest: *const Link,
}

impl Iterator for Added {
    type Item = NonNull<Link>;

    fn next(&mut self) -> Option<NonNull<Link>> {
        let node = NonNull::new(self.oldest.cast_mut())?;
        // SAFETY:
        // - a node stays in place until it is called, which it is when it was returned; the list is this
        //   thread's.
        self.oldest = unsafe { node.as_ref() }.next.with(|at| unsafe { *at });
        Some(node)
    }
}
