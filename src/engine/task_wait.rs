//! Async tasks that await a job, or poll a completion queue. `slot/waker.rs` has the protocol between a task and
//! the thread that resolves its job, `completions.rs` that of a queue's task.
//!
//! A task does not sleep in the pool: its executor may have other tasks to run. So it runs no job, a shutdown
//! or a full pool does not have to wake it, and it does not step in for a stopped thread (`Patience` in
//! `blocking_wait.rs`).

use super::RawPool;
use super::completion_queue::Completions;
use crate::job::id::JobId;
use crate::platform::port::{Origin, Port};
use crate::ring::Mark;
use crate::slot::storage::Storage;
use crate::slot::waker::WakerToken;
use crate::sync::{Relaxed, SeqCst, Site, fence, ordering, stop_point};
use crate::util::unwind::{call_ignoring_panic, drop_ignoring_panic};
use core::task::{Poll, Waker};

impl Completions {
    /// Takes back the waker that a poll left, if it is still there. The one user of the queue calls it before it
    /// gives the queue up.
    #[must_use = "dropping it runs its owner's code: not before the queue is given up"]
    #[cfg(feature = "alloc")]
    pub(crate) fn take_waker_back(&self, left: &mut WakerToken) -> Option<Waker> {
        self.waker.take_back(left)
    }

    /// Drops the waker of a user that was leaked. No other thread uses the queue any more.
    #[cfg(feature = "alloc")]
    pub(crate) fn drop_waker(&self) {
        if let Some(waker) = self.waker.take_left() {
            drop_ignoring_panic(waker);
        }
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Has the job finished? If not, `waker` is woken when it has: run, cancelled or discarded. The caller
    /// holds the job's only handle, and `left` belongs to that handle.
    pub(crate) fn poll_job(&self, job: JobId, left: &mut WakerToken, waker: &Waker) -> Poll<()> {
        let Ok((index, generation)) = self.find(job) else {
            return Poll::Ready(());
        };
        let slot = self.slot(index);
        let mut state = slot.state();
        // A stale job counts as finished, and so does one that never ends in a child by fork: the take that
        // follows reports it.
        while state.answers_to(generation) && !state.is_untaken() && !self.is_copy() {
            let Some(cell) = self.storage.waker_cells().get(index) else {
                waker.wake_by_ref();
                return Poll::Pending;
            };
            let left_here = cell.register(left, waker);
            // Read after the leave: what was seen before it may be old.
            state = slot.state();
            if !left_here || state.is_untaken() {
                continue;
            }
            if state.has_waiter() {
                return Poll::Pending;
            }
            match slot.flag(state, state.with_waiter()) {
                Ok(_) => return Poll::Pending,
                Err(now) => state = now,
            }
        }
        Poll::Ready(())
    }

    /// Takes back the waker that a poll left, if it is still there. The holder of the job's handle calls it
    /// before it gives the handle up.
    #[must_use = "dropping it runs its owner's code: not before the handle is given up"]
    pub(crate) fn take_waker_back(&self, job: JobId, left: &mut WakerToken) -> Option<Waker> {
        let (index, _) = self.find(job).ok()?;
        self.storage.waker_cells().get(index)?.take_back(left)
    }

    /// Wakes the task that awaits a job that the caller has resolved. It reads only the slot's word: the slot
    /// may have another job already.
    pub(super) fn wake_task(&self, index: usize, generation: usize) {
        let still = || self.slot(index).state().generation() == generation;
        let Some(waker) = self.storage.waker_cells().get(index).and_then(|cell| cell.take_for_wake(still))
        else {
            return;
        };
        stop_point(Site::TaskWake);
        // This runs an executor's code on a thread of the pool, where no caller could receive its panic. The
        // thread is no longer inside of the job.
        self.call_back(|| call_ignoring_panic(|| waker.wake()));
    }

    /// Is there a job of the queue to take, or is none pending? If not, `waker` is woken when it is so. Wake-ups
    /// for nothing are possible. One thread at a time polls a queue, and `left` belongs to the one user of it.
    #[cfg(feature = "alloc")]
    pub(crate) fn poll_completions(
        &self,
        queue: &Completions,
        left: &mut WakerToken,
        waker: &Waker,
    ) -> Poll<()> {
        if !queue.is_empty() || queue.pending() == 0 || self.is_copy() {
            return Poll::Ready(());
        }
        // Nobody else moves the word of a cell that holds no waker.
        let is_left = queue.waker.register(left, waker);
        debug_assert!(is_left, "a queue has one poller");
        let Some(marked) = queue.ring().mark_empty(Mark::Waiter) else {
            return Poll::Ready(());
        };
        // ORDERING: pairs with the fence of the thread that brings the count to 0 (lower_count), and with that of
        // a thread that found the mark of another consumer (receive).
        fence(ordering(Site::CompletionsTaskFence, SeqCst));
        if queue.pending() == 0 {
            // As a thread that is about to sleep.
            self.wake_consumers(queue, Origin::Thread);
            return Poll::Ready(());
        }
        // An old look may have found another consumer's mark, which a push has replaced. (A thread compares when it
        // sleeps.)
        // ORDERING: Relaxed: behind the fence. If the mark is still there, the thread whose push replaces it finds our
        // waker behind its own fence (receive).
        let mark = marked.word.load(ordering(Site::CompletionsMarkLook, Relaxed));
        if mark == marked.value { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Wakes the task that polls the queue, if there is one. The caller has fenced behind what it did.
    pub(super) fn wake_consuming_task(&self, queue: &Completions) {
        if let Some(waker) = queue.waker.take_left() {
            stop_point(Site::TaskWake);
            // As in wake_task.
            self.call_back(|| call_ignoring_panic(|| waker.wake()));
        }
    }

    /// Drops the wakers of handles that were leaked. No other thread uses the pool any more.
    pub(crate) fn drop_wakers(&self) {
        for cell in self.storage.waker_cells() {
            if let Some(waker) = cell.take_for_wake(|| true) {
                drop_ignoring_panic(waker);
            }
        }
    }
}
