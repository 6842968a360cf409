//! Completion queues that their users have given up.
//!
//! A queue that its user gives up is *abandoned*: the outcomes that lie in it are dropped, and each later one
//! by the thread that brings it. The thread that drops them claims the queue for that time. The fences:
//! either the thread that pushes sees that nobody uses the queue, or the thread that releases it sees the
//! index, and claims the queue again. A queue is used again when a claim finds nothing pending.

use super::RawPool;
use super::completion_queue::Completions;
use crate::platform::port::{Origin, Port};
use crate::slot::storage::Storage;
use crate::sync::{SeqCst, Site, fence, ordering};

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Gives the queue up: drops what lies in it and what arrives later. Nobody else uses it any more.
    #[cfg(feature = "alloc")]
    pub(crate) fn abandon_completions(&self, queue: &Completions) {
        self.forget_completions(queue);
        queue.release();
        self.tidy_completions(queue);
    }

    /// Takes an abandoned queue into use again, for at most `limit` jobs. False if another thread has it, or
    /// if a job of its last user is pending.
    #[cfg(feature = "alloc")]
    pub(crate) fn reuse_completions(&self, queue: &Completions, limit: usize) -> bool {
        if !queue.claim() {
            return false;
        }
        self.forget_completions(queue);
        if queue.pending() > 0 {
            queue.release();
            self.tidy_completions(queue);
            return false;
        }
        // SAFETY:
        // - 1: nothing is pending, and of the threads that claim the queue this one alone has it.
        unsafe { queue.set_limit(limit) };
        true
    }

    /// Drops what lies in an abandoned queue.
    #[cold]
    pub(super) fn tidy_completions(&self, queue: &Completions) {
        loop {
            // ORDERING: pairs with the fence in `receive`: either we see the index, or the thread that pushed
            // it sees that nobody uses the queue.
            fence(ordering(Site::CompletionsTidyFence, SeqCst));
            if queue.is_empty() || !queue.claim() {
                return;
            }
            self.forget_completions(queue);
            queue.release();
        }
    }

    /// Drops the outcomes that lie in the queue.
    fn forget_completions(&self, queue: &Completions) {
        while let Some(index) = queue.ring().pop() {
            let ended = self.slot(index).take_owned();
            // Not so: the pool ends, and this thread is inside the drop of a result (`forget_all`).
            if ended.is_untaken() {
                let retire = self.must_retire_owned();
                let retire = self.drop_result(index, ended.status()) || retire;
                self.vacate(index, ended.transition_to_taking_owned(), retire);
            }
            self.lower_count(queue, 1, Origin::Thread);
        }
    }
}
