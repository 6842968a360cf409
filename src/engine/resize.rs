//! Workers come and go while the pool works: how many of its own it has, and is to have.
//!
//! ```text
//! one word    leaving │ wanted │ present
//!
//! set         wanted := n; if present > wanted: F (Release); LEAVE in the idle word; wake all
//! worker      sees LEAVE, between two jobs or about to sleep:
//!               present > wanted → present−1, leaving+1: it leaves
//!               else clear LEAVE; F (Acquire); present > wanted → LEAVE again, wake all
//! left        leaving−1; notify the closers
//! start       present < wanted → present+1, then a thread is made; if that fails: present−1
//! ```
//!
//! *One leaves for each that is too many.* The exchange that makes a worker a leaver takes it out of `present`. A call that wants
//! more raises `wanted`: first it keeps those who have not left, then it starts threads.
//!
//! *None sleeps past a request.* LEAVE is in the half of the idle word that sleepers compare, so no worker of the pool's own falls
//! asleep while it is set. It is cleared by a worker that finds that none has to leave. If a call has asked again before that, its change of
//! the idle word comes before the clearing one, and so its fence before the other: the worker sees the new `wanted`. If it asks
//! later, LEAVE is set.
//!
//! *No job is lost.* A worker that is about to sleep takes a token first, if there is one, and looks for that token's job. It leaves as it
//! does when the pool is closed: it cancels its registration, and ends its search with a look at the ring, which wakes another worker if a job
//! is there. A worker that leaves between two jobs is not counted in the idle word, so nobody relies on it while another worker is there: see
//! the proof in `sleep/README.md`, 3.
//!
//! *The last worker.* From then on the pool is one without workers: callers that wait run what is queued. A thread that
//! already sleeps has seen a worker: the last one to leave wakes those threads. One that was about to sleep looks again when its patience ends, as it does when a
//! worker is stopped: where a pool can be resized, there is a clock.

use super::RawPool;
use super::headcount::{Headcount, Heads};
use crate::platform::port::{Origin, Port};
use crate::slot::state::Status;
use crate::slot::storage::Storage;

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    pub(crate) fn headcount(&self) -> &Headcount {
        &self.lifecycle.headcount
    }

    /// Wants this many workers of the pool's own. The others leave, each after its job. False if none is to leave.
    pub(crate) fn want_workers(&self, workers: usize) -> bool {
        let too_many = self.lifecycle.headcount.want(workers).is_some_and(Heads::are_too_many);
        if too_many {
            self.notices.set(super::pause::LEFT_ONCE);
            self.idle.ask_to_leave(&self.port);
        }
        too_many
    }

    /// A worker of the pool's own sees LEAVE. Does it leave? If not, no worker has to leave, and LEAVE is cleared.
    #[cold]
    pub(super) fn begin_leave(&self) -> bool {
        if self.lifecycle.headcount.begin_leave() {
            return true;
        }
        self.idle.end_request();
        if self.lifecycle.headcount.heads().are_too_many() {
            self.idle.ask_to_leave(&self.port);
        }
        false
    }

    /// A worker that was asked has left.
    #[cold]
    pub(super) fn end_leave(&self) {
        self.lifecycle.headcount.end_leave();
        // The thread that asked waits for it.
        self.lifecycle.leave(true, &self.port);
        // The pool ends after this thread, which is its own.
        if self.lifecycle.live() == 0 {
            self.wake_deserted();
        }
    }

    /// The last worker has left: wakes the threads that rely on workers. Each of them looks again.
    fn wake_deserted(&self) {
        for index in 0..self.capacity() {
            let state = self.slot(index).state();
            if state.status() == Status::Queued && state.has_waiter() {
                self.wake_waiters(self.slot(index).word(), Origin::Thread);
            }
        }
        if let Some(word) = self.free().unmark() {
            self.wake_waiters(word, Origin::Thread);
        }
    }
}
