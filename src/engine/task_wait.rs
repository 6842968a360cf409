//! Async tasks that await a job. `slot/waker.rs` has the protocol between them and whoever resolves it.
//!
//! A task does not sleep in the pool, so it runs no job, is nobody whom a shutdown or a full pool has to wake, and stands in
//! for no stopped thread (`patience`): its executor may have other things to do.

use super::RawPool;
use crate::job::id::Job;
use crate::platform::port::Port;
use crate::slot::storage::Storage;
use crate::slot::waker::WakerToken;
use crate::sync::{Site, stop_point};
use crate::util::unwind::{call_ignoring_panic, drop_ignoring_panic};
use core::task::{Poll, Waker};

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Is the job over? If not, `waker` will be woken when it is: run, cancelled or discarded. The caller holds the job's only
    /// handle, and `left` belongs to it.
    pub(crate) fn poll_job(&self, job: Job, left: &mut WakerToken, waker: &Waker) -> Poll<()> {
        let Some((index, generation)) = job.resolve(self.tag(), self.capacity()) else {
            return Poll::Ready(());
        };
        let slot = self.slot(index);
        let mut state = slot.state();
        // Stale counts as over too, and so does what never ends in a child by fork: the thread that takes the result learns it.
        while state.answers_to(generation) && !state.is_untaken() && !self.is_copy() {
            let Some(cell) = self.storage.waker_cells().get(index) else {
                waker.wake_by_ref();
                return Poll::Pending;
            };
            let left_here = cell.register(left, waker);
            // After the leave: what was seen before it may be old.
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

    /// The waker that a poll left, if it still lies there. To be called before the job's handle is given up, by its holder.
    #[must_use = "dropping it runs its owner's code: not before the handle is given up"]
    pub(crate) fn take_waker_back(&self, job: Job, left: &mut WakerToken) -> Option<Waker> {
        let (index, _) = job.resolve(self.tag(), self.capacity())?;
        self.storage.waker_cells().get(index)?.take_back(left)
    }

    /// Wakes the task that awaits a job that the caller has resolved. Of its slot only the word is looked at: it may have
    /// another job already.
    pub(super) fn wake_task(&self, index: usize, generation: usize) {
        let still = || self.slot(index).state().generation() == generation;
        let Some(waker) = self.storage.waker_cells().get(index).and_then(|cell| cell.take_for_wake(still))
        else {
            return;
        };
        stop_point(Site::TaskWake);
        // An executor's code on a thread of the pool's: its panic has nobody to go to. The job's own frame is gone.
        self.call_back(|| call_ignoring_panic(|| waker.wake()));
    }

    /// Drops the wakers of handles that were leaked. Nobody else has the pool any more.
    pub(crate) fn drop_wakers(&self) {
        for cell in self.storage.waker_cells() {
            if let Some(waker) = cell.take_for_wake(|| true) {
                drop_ignoring_panic(waker);
            }
        }
    }
}
