//! The completion queues that a pool has made: a list that grows by pushes only. The pool frees them at its
//! end, because a worker may touch a queue, or write to its descriptor, after its user has given it up. A
//! queue that nobody uses any more is used again.

use crate::engine::{Completions, RawPool};
use crate::platform::port::Port;
use crate::slot::storage::{Storage, boxed};
use crate::sync::{Acquire, AtomicUsize, Relaxed, Release, Site, const_fn, dying, ordering};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::{self, NonNull};

/// A queue, and its place in the list.
struct Kept {
    queue: Completions,
    entries: NonNull<[AtomicUsize]>,
    // INVARIANT: written before the node is pushed.
    next: *const Kept,
}

/// The list of one pool.
pub(super) struct QueueList {
    /// The address of the newest node. A word, because every target compares and swaps words.
    first: AtomicUsize,
}

impl QueueList {
    const_fn! {
        pub(super) fn new() -> Self {
            Self { first: AtomicUsize::new(0) }
        }
    }

    /// A queue for at most `limit` jobs, which the caller alone uses until it gives the queue up
    /// (`abandon_completions`). It stays valid as long as the list. None if out of memory.
    ///
    /// # Safety
    /// 1. The list is this pool's, and lives until no thread is in the pool.
    pub(super) unsafe fn get<S: Storage, P: Port + Clone>(
        &self,
        pool: &RawPool<S, P>,
        limit: usize,
    ) -> Option<NonNull<Completions>> {
        // ORDERING: Acquire pairs with the Release of `push`: the nodes are whole.
        let mut at = nodes(self.first.load(ordering(Site::QueuesLook, Acquire)));
        // SAFETY:
        // - a node lives as long as the list, and only the list's drop changes it.
        while let Some(kept) = unsafe { at.as_ref() } {
            if pool.reuse_completions(&kept.queue, limit) {
                return Some(NonNull::from(&kept.queue));
            }
            at = kept.next;
        }
        let entries = entries(pool.capacity().next_power_of_two())?;
        // SAFETY:
        // - 1: a pool's rings have as many entries as the next power of two of its capacity. The list frees
        //   queue and entries at
        //   its end (1), and a node does not move.
        let queue = unsafe { Completions::new_for(pool, entries, limit) };
        let Some(kept) = boxed(Kept { queue, entries, next: ptr::null() }) else {
            // SAFETY:
            // - from `entries`, and the queue is gone.
            unsafe { free(entries) };
            return None;
        };
        Some(self.push(kept))
    }

    fn push(&self, kept: Box<Kept>) -> NonNull<Completions> {
        let kept = Box::into_raw(kept);
        // ORDERING: Relaxed: the address is only stored. The exchange decides.
        let mut first = self.first.load(ordering(Site::QueuesPushLook, Relaxed));
        loop {
            // SAFETY:
            // - the node is this thread's until it is pushed.
            unsafe { (*kept).next = nodes(first) };
            // ORDERING: Release publishes the node, and by the chain of exchanges those behind it, to `get`.
            // Relaxed on failure: it is tried again.
            match self.first.compare_exchange(
                first,
                kept.expose_provenance(),
                ordering(Site::QueuesPush, Release),
                ordering(Site::QueuesPushLost, Relaxed),
            ) {
                // SAFETY:
                // - a node lives as long as the list.
                Ok(_) => return NonNull::from(unsafe { &(*kept).queue }),
                Err(now) => first = now,
            }
        }
    }
}

fn nodes(address: usize) -> *const Kept {
    ptr::with_exposed_provenance(address)
}

/// The entries of a ring, all zero. None if out of memory.
fn entries(len: usize) -> Option<NonNull<[AtomicUsize]>> {
    let mut entries = Vec::new();
    entries.try_reserve_exact(len).ok()?;
    entries.resize_with(len, || AtomicUsize::new(0));
    Some(NonNull::from(Box::leak(entries.into_boxed_slice())))
}

/// Frees a ring's entries.
///
/// # Safety
/// 1. They came from `entries`, and nobody uses them any more.
unsafe fn free(entries: NonNull<[AtomicUsize]>) {
    // SAFETY:
    // - 1: they were a box's.
    drop(unsafe { Box::from_raw(entries.as_ptr()) });
}

impl Drop for QueueList {
    fn drop(&mut self) {
        if dying() {
            return;
        }
        // ORDERING: Relaxed: nobody else has the list any more.
        let mut at = nodes(self.first.load(ordering(Site::QueuesLook, Relaxed)));
        while !at.is_null() {
            // SAFETY:
            // - it was a box's, and nobody else has it: the pool has ended.
            let kept = unsafe { Box::from_raw(at.cast_mut()) };
            #[cfg(feature = "future")]
            kept.queue.drop_waker();
            #[cfg(all(unix, any(feature = "std", feature = "pthread")))]
            if kept.queue.descriptor() != 0 {
                crate::platform::descriptor::close(kept.queue.descriptor());
            }
            // SAFETY:
            // - 1: the queue that used them is dropped with this node.
            unsafe { free(kept.entries) };
            at = kept.next;
        }
    }
}
