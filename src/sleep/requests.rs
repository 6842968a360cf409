//! What workers are asked for: to start no job for a while, and to leave. `README.md` states the protocol of a pause,
//! `engine/resize.rs` that of workers that leave.

use super::counts::Counts;
use super::idle::Idle;
use crate::platform::port::{Origin, Port};
use crate::sync::{Acquire, Release, SeqCst, Site, fence, fence_behind_rmw, ordering, stop_point};

impl Idle {
    /// Pauses: from here on a worker that looks at the word starts no job, and nobody wakes a worker for one.
    pub(crate) fn pause(&self) {
        self.change(Site::PauseUpdate, Counts::pause);
    }

    /// Ends a pause, and wakes workers for what is queued.
    pub(crate) fn resume(&self, port: &impl Port, is_empty: impl Fn() -> bool) {
        self.change(Site::ResumeUpdate, Counts::resume);
        // ORDERING: pairs with the fences in `notify` and `register`: either this thread sees the push, or its
        // submitter sees that the pause has ended. And a worker sees either that, or its registration is seen here (E4).
        fence_behind_rmw(ordering(Site::ResumeFence, SeqCst));
        if !is_empty() && self.wake_another(port, Origin::Thread).is_some_and(|now| now.sleeping() > 0) {
            // The worker just woken may be stopped.
            self.wake_another(port, Origin::Thread);
        }
    }

    /// Asks a worker of the pool's own to leave: from here on none of them falls asleep before it has looked for whom.
    pub(crate) fn ask_to_leave(&self, port: &impl Port) {
        // ORDERING: pairs with the fence in `end_request`: a worker that clears LEAVE after this sees how many are wanted.
        fence(ordering(Site::LeaveFence, Release));
        self.change(Site::LeaveUpdate, Counts::with_leave);
        stop_point(Site::LeaveWake);
        port.wake_all(self.word());
    }

    /// A worker that found nobody to leave clears the request. It looks again afterwards.
    pub(crate) fn end_request(&self) {
        self.change(Site::LeaveEnd, Counts::without_leave);
        // ORDERING: pairs with the fence in `ask_to_leave`.
        fence(ordering(Site::LeaveEndFence, Acquire));
    }
}
