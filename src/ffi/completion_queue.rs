//! The memory of a C completion queue, and the queues for which the library allocates it.

use super::c_port::CPort;
use super::status::{JOBRING_E_INVALID, JOBRING_E_NOMEM, StatusError};
use super::types::{jobring_completions, jobring_pool};
use crate::engine::{Completions, RawPool};
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::platform::Lock;
use crate::slot::storage::Block;
use crate::sync::AtomicUsize;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::util::memory;
use core::alloc::Layout;
use core::ptr::NonNull;
#[cfg(any(feature = "std", feature = "pthread"))]
use core::ptr::null_mut;

/// The beginning of a queue's memory. The entries of its ring follow.
#[repr(C)]
pub(super) struct CQueue {
    /// Made from its own address, while it lives.
    mark: usize,
    pool: *const jobring_pool,
    completions: Completions,
    /// The library's memory, if it is in that.
    #[cfg(any(feature = "std", feature = "pthread"))]
    owned: Option<memory::Raw>,
    /// The next queue in the library's memory, and the next of those that were destroyed.
    // INVARIANT: touched under the lock of the pool's QueueList.
    #[cfg(any(feature = "std", feature = "pthread"))]
    next: *mut CQueue,
    #[cfg(any(feature = "std", feature = "pthread"))]
    next_unused: *mut CQueue,
}

/// The pool of a queue, without its workers.
type Pool = RawPool<Block<'static>, CPort>;

/// The mark of a living queue at this address: not a pool's, which is the complement. No address has it, nor
/// has zeroed memory.
fn mark_of(at: *const CQueue) -> usize {
    !(at as usize) ^ 1
}

/// Where the parts of a queue lie in its memory.
pub(super) struct QueueLayout {
    pub(super) layout: Layout,
    entries: usize,
    length: usize,
}

impl QueueLayout {
    /// As many entries as in the pool's rings.
    pub(super) fn of(pool: &Pool) -> Result<Self, StatusError> {
        let too_large = |_| StatusError(JOBRING_E_NOMEM);
        let length = pool.capacity().next_power_of_two();
        let ring = Layout::array::<AtomicUsize>(length).map_err(too_large)?;
        let (layout, entries) = Layout::new::<CQueue>().extend(ring).map_err(too_large)?;
        Ok(Self { layout: layout.pad_to_align(), entries, length })
    }
}

/// The queue behind a pointer, if it is one (not NULL, aligned, marked as a living queue), and its pool as it
/// was given.
///
/// # Safety
/// 1. `at` is NULL or points to memory that is readable during 'a. A caller that passes a destroyed queue, or
///    one of a destroyed pool, is responsible for its memory.
pub(super) unsafe fn find<'a>(
    at: *const jobring_completions,
) -> Result<(&'a Completions, *const jobring_pool), StatusError> {
    let at: *const CQueue = at.cast();
    if at.is_null() || !at.is_aligned() {
        return Err(StatusError(JOBRING_E_INVALID));
    }
    // SAFETY:
    // - 1.
    if unsafe { (&raw const (*at).mark).read() } != mark_of(at) {
        return Err(StatusError(JOBRING_E_INVALID));
    }
    // SAFETY:
    // - the mark says that make made a queue here.
    unsafe { Ok((&(*at).completions, (&raw const (*at).pool).read())) }
}

/// Makes a queue for at most `limit` jobs; 0: any number. `handle`: the pool as it was given.
///
/// # Safety
/// 1. `at` is aligned and writable as `parts` says, and belongs to the queue until the pool has ended.
pub(super) unsafe fn make(
    at: NonNull<u8>,
    pool: &Pool,
    handle: *const jobring_pool,
    parts: &QueueLayout,
    limit: u32,
) -> *mut CQueue {
    let queue: *mut CQueue = at.cast().as_ptr();
    // SAFETY:
    // - 1: the entries' part of the memory; then every field, the mark last.
    unsafe {
        let entries = at.add(parts.entries).cast::<AtomicUsize>();
        for i in 0..parts.length {
            entries.add(i).write(AtomicUsize::new(0));
        }
        let entries = NonNull::slice_from_raw_parts(entries, parts.length);
        let completions = Completions::new_for(pool, entries, countable(limit));
        (&raw mut (*queue).completions).write(completions);
        (&raw mut (*queue).pool).write(handle);
        #[cfg(any(feature = "std", feature = "pthread"))]
        {
            (&raw mut (*queue).owned).write(None);
            (&raw mut (*queue).next).write(null_mut());
            (&raw mut (*queue).next_unused).write(null_mut());
        }
        (&raw mut (*queue).mark).write(mark_of(queue));
    }
    queue
}

fn countable(limit: u32) -> usize {
    if limit == 0 { usize::MAX } else { limit as usize }
}

/// Ends a queue: no call finds it after this. Its memory is kept until its pool has ended.
///
/// # Safety
/// 1. `at` is a queue of which no job is pending, and nobody else is inside a call on it, except for a submit
///    that has been accepted.
pub(super) unsafe fn end(at: *mut jobring_completions) {
    // SAFETY:
    // - 1.
    unsafe { (&raw mut (*at.cast::<CQueue>()).mark).write(0) };
}

/// The queues of one pool that are in the library's memory, or have a descriptor.
#[cfg(any(feature = "std", feature = "pthread"))]
pub(super) struct QueueList(Lock<Queues>);

#[cfg(any(feature = "std", feature = "pthread"))]
struct Queues {
    first: *mut CQueue,
    first_unused: *mut CQueue,
}

// SAFETY:
// - addresses of queues, which no thread owns.
#[cfg(any(feature = "std", feature = "pthread"))]
unsafe impl Send for Queues {}

#[cfg(any(feature = "std", feature = "pthread"))]
impl QueueList {
    pub(super) const fn new() -> Self {
        Self(Lock::new(Queues { first: null_mut(), first_unused: null_mut() }))
    }

    /// A queue of this pool in the library's memory. `handle`: the pool as it was given.
    pub(super) fn create(
        &self,
        pool: &Pool,
        handle: *const jobring_pool,
        limit: u32,
    ) -> Result<*mut CQueue, StatusError> {
        if let Some(queue) = self.reuse(limit) {
            return Ok(queue);
        }
        let parts = QueueLayout::of(pool)?;
        let memory = memory::get(parts.layout).ok_or(StatusError(JOBRING_E_NOMEM))?;
        // SAFETY:
        // - just allocated with that layout, and freed with the pool. Then nobody else has the queue yet.
        let queue = unsafe {
            let queue = make(memory.at, pool, handle, &parts, limit);
            (&raw mut (*queue).owned).write(Some(memory.raw));
            queue
        };
        // SAFETY:
        // - new.
        unsafe { self.link(queue) };
        Ok(queue)
    }

    /// A queue that was destroyed. It stays as it is, except for its limit: a thread that handed over its
    /// last completion may still touch its words.
    fn reuse(&self, limit: u32) -> Option<*mut CQueue> {
        let queue = self.0.with(|queues| {
            let queue = queues.first_unused;
            if !queue.is_null() {
                // SAFETY:
                // - the lock is held; queues in the list live as long as the pool.
                queues.first_unused = unsafe { (&raw const (*queue).next_unused).read() };
            }
            queue
        });
        if queue.is_null() {
            return None;
        }
        // SAFETY:
        // - it is out of the list, so it is ours. No job was pending and no submit was waiting when it was
        //   destroyed.
        unsafe {
            (*queue).completions.set_limit(countable(limit));
            (&raw mut (*queue).mark).write(mark_of(queue));
        }
        Some(queue)
    }

    /// Keeps the memory of a queue for the next one, if it is the library's.
    ///
    /// # Safety
    /// 1. `at` was a queue of this pool, and has just been ended.
    pub(super) unsafe fn keep(&self, at: *mut jobring_completions) {
        let queue: *mut CQueue = at.cast();
        // SAFETY:
        // - 1: the memory lives as long as the pool, and the field was written when the queue was made.
        if unsafe { (&raw const (*queue).owned).read() }.is_none() {
            return;
        }
        self.0.with(|queues| {
            // SAFETY:
            // - 1; the lock is held.
            unsafe { (&raw mut (*queue).next_unused).write(queues.first_unused) };
            queues.first_unused = queue;
        });
    }

    /// A queue of this pool has got a descriptor, which is closed with the pool: a thread that handed over
    /// its last completion may still write to it.
    ///
    /// # Safety
    /// 1. `at` is a queue of this pool; it gets a descriptor once.
    #[cfg(unix)]
    pub(super) unsafe fn close_at_end(&self, at: *mut jobring_completions) {
        let queue: *mut CQueue = at.cast();
        // SAFETY:
        // - 1. A queue in the caller's memory is in no list yet; its memory stays until the pool has ended.
        unsafe {
            if (&raw const (*queue).owned).read().is_none() {
                self.link(queue);
            }
        }
    }

    /// # Safety
    /// 1. The queue is not in the list, and stays until the pool has ended.
    unsafe fn link(&self, queue: *mut CQueue) {
        self.0.with(|queues| {
            // SAFETY:
            // - 1; the lock is held.
            unsafe { (&raw mut (*queue).next).write(queues.first) };
            queues.first = queue;
        });
    }

    /// Frees the memory of all queues, and closes their descriptors.
    ///
    /// # Safety
    /// 1. The pool has ended, except for its memory: nobody has one of its queues.
    pub(super) unsafe fn free_all(&self, pool: &Pool) {
        let Ok(QueueLayout { layout, .. }) = QueueLayout::of(pool) else { return };
        let mut next = self.0.with(|queues| core::mem::replace(&mut queues.first, null_mut()));
        while !next.is_null() {
            let queue = next;
            // SAFETY:
            // - 1; create wrote both fields, and allocated it with this layout. Nothing in it owns anything
            //   that a drop would
            //   free.
            unsafe {
                next = (&raw const (*queue).next).read();
                #[cfg(unix)]
                if (*queue).completions.descriptor() != 0 {
                    crate::platform::descriptor::close((*queue).completions.descriptor());
                }
                if let Some(raw) = (&raw const (*queue).owned).read() {
                    memory::give_back(raw, layout);
                }
            }
        }
    }
}
