//! The closer's loop. `lifecycle.rs` states the protocol.

use super::RawPool;
use crate::frame::{Chain, Frame};
use crate::job::Why;
use crate::lifecycle::Queued;
use crate::port::{Deadline, Port, Timeout};
use crate::ring::Mark;
use crate::slot::state::Status;
use crate::storage::Storage;
use crate::sync::{Bug, bug, dying};

/// What was in a pool when its shutdown returned.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Report {
    /// Jobs that nobody has begun.
    pub queued: usize,
    /// Jobs that run.
    pub running: usize,
    /// Slots in the hands of a submit, or of a thread that takes a result.
    pub in_submission: usize,
    /// Jobs that are over and whose result nobody has taken.
    pub untaken: usize,
}

/// A thread's stay inside shutdown, announced to the other closers: the jobs that it is inside of, and the worker that
/// it is, cannot end before the shutdown does. What an outer shutdown of the same thread announced is not counted again.
struct Closing<'a, S: Storage, P: Port + Clone> {
    pool: &'a RawPool<S, P>,
    frames: usize,
    worker: bool,
    is_worker: bool,
}

impl<'a, S: Storage, P: Port + Clone> Closing<'a, S, P> {
    fn begin(pool: &'a RawPool<S, P>) -> Self {
        let mine = || Chain(pool.port.current()).filter(|frame| frame.pool == pool.id());
        mine().for_each(|frame| frame.outlives.set(true));
        let is_worker = mine().next().and_then(Frame::worker).is_some();
        let worker = is_worker && !mine().any(|frame| frame.closing.get());
        let news = mine().filter(|frame| !frame.closing.replace(true));
        let frames = news.filter(|frame| frame.is_of_job()).count();
        pool.lifecycle.begin_closing(frames, worker);
        Self { pool, frames, worker, is_worker }
    }
}

impl<S: Storage, P: Port + Clone> Drop for Closing<'_, S, P> {
    fn drop(&mut self) {
        if dying() {
            return;
        }
        self.pool.lifecycle.end_closing(self.frames, self.worker);
        let mut left = self.frames;
        let mine = Chain(self.pool.port.current()).filter(|frame| frame.pool == self.pool.id());
        // The innermost are ours; those further out, if any are left marked, an outer shutdown's.
        for frame in mine {
            if frame.is_of_job() {
                if left == 0 {
                    break;
                }
                left -= 1;
                frame.closing.set(false);
            } else if self.worker {
                frame.closing.set(false);
            }
        }
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Refuses new jobs and waits until all accepted ones are over: run, or in `Discard` mode dropped if they had
    /// not begun. The jobs that the caller is inside of are not waited for, nor those of others inside a shutdown.
    /// Err when the time is over: the pool stays closed, and shutdown can be called again. Without an end, Err if nobody can run
    /// what is queued, because this thread has too little stack left. In a child by fork it does nothing, and that is Err too.
    pub(crate) fn shutdown(&self, queued: Queued, timeout: Timeout) -> Result<Report, Report> {
        if self.is_copy() {
            return Err(self.census());
        }
        let deadline = Deadline::after(&self.port, timeout);
        let _visit = self.lifecycle.visit(&self.port);
        if queued == Queued::Discard {
            self.lifecycle.discard();
        }
        if !bug(Bug::CloseOfNobodyIsNoClose) || self.lifecycle.live() > 0 {
            self.idle.close(&self.port);
        }
        if let Some(word) = self.free().unmark()
            && !bug(Bug::CloseLeavesSubmittersAsleep)
        {
            self.port.wake_all(word);
        }
        let closing = Closing::begin(self);
        self.lifecycle.kick(&self.port);
        loop {
            let kicks = self.lifecycle.kicks();
            self.sweep(deadline, closing.is_worker);
            if self.is_quiescent() {
                return Ok(self.census());
            }
            let Ok(left) = deadline.left(&self.port) else { return Err(self.census()) };
            if !self.stack_suffices() && left.is_none() && self.is_to_drain() {
                return Err(self.census());
            }
            let kicks = if bug(Bug::ForgetsTheKicksSinceItLooked) { self.lifecycle.kicks() } else { kicks };
            self.lifecycle.await_kick(kicks, &self.port, left);
        }
    }

    /// Returns when no worker is in its loop or in a hook any more. The pool was shut down.
    pub(crate) fn await_workers(&self) {
        loop {
            let kicks = self.lifecycle.kicks();
            if self.lifecycle.live() == 0 || bug(Bug::EndsWithWorkersInside) {
                return;
            }
            self.lifecycle.await_kick(kicks, &self.port, None);
        }
    }

    /// Gets out of the rings what can be got: queued jobs, if they are for us, and free slots.
    fn sweep(&self, deadline: Deadline, worker: bool) {
        let (_, closing_workers) = self.lifecycle.closing();
        let mut progress = false;
        if self.lifecycle.discards() {
            while let Some(claimed) = self.claim_next() {
                self.drop_claimed(claimed, Why::Shutdown);
                progress = true;
            }
        } else {
            // Workers drain the ring, and so does a worker that waits in here; without them it is for us.
            while (worker || self.lifecycle.live() <= closing_workers) && self.run_before(deadline) {
                progress = true;
            }
        }
        // The tombstones of cancelled jobs, which lay behind queued ones that others have run by now.
        self.reap();
        loop {
            while let Some(index) = self.free().pop() {
                if !self.slot(index).close() {
                    // Its kept failure is being read; the reader kicks.
                    self.free().push(index);
                    return;
                }
                progress = true;
            }
            if self.free().mark_empty(Mark::Closer).is_some() {
                break;
            }
        }
        if progress {
            self.lifecycle.kick(&self.port);
        }
    }

    /// Is something queued that no worker runs?
    fn is_to_drain(&self) -> bool {
        let (_, closing_workers) = self.lifecycle.closing();
        self.lifecycle.live() <= closing_workers && !self.lifecycle.discards() && self.has_queued()
    }

    fn run_before(&self, deadline: Deadline) -> bool {
        deadline.left(&self.port).is_ok() && self.stack_suffices() && self.run_one()
    }

    /// Are all accepted jobs over, but those that are inside of a shutdown?
    fn is_quiescent(&self) -> bool {
        let (mut frames, _) = self.lifecycle.closing();
        let over = |index| {
            let state = self.slot(index).state();
            match state.status() {
                Status::Running | Status::Cancelling | Status::Taking
                    if frames > 0 && !bug(Bug::ShutdownWaitsForItself) =>
                {
                    frames -= 1;
                    true
                }
                _ => state.untaken() || state.closed() || state.retired(),
            }
        };
        let mut slots = 0..self.storage.capacity();
        if bug(Bug::OneEndEndsTheWait) { slots.any(over) } else { slots.all(over) }
    }

    fn census(&self) -> Report {
        let mut report = Report::default();
        for index in 0..self.storage.capacity() {
            let state = self.slot(index).state();
            match state.status() {
                Status::Queued => report.queued += 1,
                Status::Running | Status::Cancelling => report.running += 1,
                _ if state.untaken() => report.untaken += 1,
                _ if state.closed() || state.retired() || state.tombstone() => {}
                _ => report.in_submission += 1,
            }
        }
        report
    }
}
