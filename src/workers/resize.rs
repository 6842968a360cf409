//! Changing the number of a pool's workers while it works: `engine/resize.rs` has the protocol.
//!
//! A call wants a number. Then it brings the pool there, step by step, as far as it can without waiting: it joins those that have
//! left, and starts those that are missing. It waits for an event between two rounds. Several calls do this for the
//! same number, the one that was wanted last.

use super::WorkerSet;
use crate::engine::RawPool;
use crate::error::BuildError;
use crate::platform::System;
use crate::platform::port::{Deadline, Origin, Timeout};
use crate::slot::storage::Storage;

/// Why a pool has not the number of workers that was wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ResizeError {
    /// It has fewer places than that.
    TooMany,
    /// The time is up. Some are still to leave, to be joined or to be started: a later call goes on.
    TimedOut,
    /// An interrupt was raised. The same.
    Interrupted,
    Shutdown,
    /// Threads that entered are workers in place of those.
    Full,
    /// Only the calling thread itself is in the way: it is a worker's, and has left.
    Busy,
    /// A thread could not be made, or its start hook failed.
    Start(BuildError),
}

/// What one round has found.
enum Round {
    Done,
    Wait,
    Failed(ResizeError),
}

impl WorkerSet {
    /// Makes `workers` the number of the pool's own workers. Inside a job it does not wait.
    pub(crate) fn resize<S: Storage>(
        &self,
        pool: &RawPool<S, System>,
        workers: usize,
        timeout: Timeout,
    ) -> Result<(), ResizeError> {
        if workers > self.most() {
            return Err(ResizeError::TooMany);
        }
        if pool.refuses_jobs() {
            return Err(ResizeError::Shutdown);
        }
        // A worker cannot wait for its own end, nor two jobs for each other's.
        let timeout = if pool.current_context().is_some() { Timeout::Poll } else { timeout };
        let deadline = Deadline::after(pool.port(), timeout);
        let failures = self.failures();
        pool.want_workers(workers);
        loop {
            let events = pool.lifecycle().close_events();
            if pool.is_closed() {
                return Err(ResizeError::Shutdown);
            }
            match self.go_on(pool, timeout != Timeout::Poll, failures) {
                Round::Done => return Ok(()),
                Round::Failed(error) => {
                    pool.headcount().settle();
                    return Err(error);
                }
                Round::Wait => {}
            }
            let left = deadline.left(pool.port()).map_err(|()| ResizeError::TimedOut)?;
            if pool.is_interrupted() {
                return Err(ResizeError::Interrupted);
            }
            pool.lifecycle().await_close_event(events, pool.port(), left);
        }
    }

    /// One round. `failures`: of start hooks, before the call.
    fn go_on<S: Storage>(&self, pool: &RawPool<S, System>, joins: bool, failures: u64) -> Round {
        let (mut is_settled, mut has_joined) = (true, false);
        let mut failed = None;
        for place in self.places() {
            let was_vacant = place.is_vacant();
            let is_vacant = was_vacant || place.join_left(joins);
            if is_vacant && !was_vacant {
                has_joined = true;
                // The thread that failed has been joined: it is no longer counted.
                if self.failures() > failures {
                    failed = Some(ResizeError::Start(BuildError::StartHook));
                }
            }
            if is_vacant && failed.is_none() {
                failed = self.start_one(pool, place).err();
            }
            is_settled &= !(place.has_left() || self.has_start_hook() && place.is_starting());
        }
        if has_joined {
            // Another call may wait for the place.
            pool.lifecycle().notify_closers(pool.port(), Origin::Thread);
        }
        let heads = pool.headcount().heads();
        if let Some(error) = failed {
            Round::Failed(error)
        } else if is_settled && heads.leaving() == 0 && heads.present() == heads.wanted() {
            Round::Done
        } else if heads.leaving() == 0 && heads.present() < heads.wanted() && self.is_mine_alone() {
            Round::Failed(ResizeError::Busy)
        } else {
            Round::Wait
        }
    }

    /// Starts a worker in a vacant place, if one is missing.
    fn start_one<S: Storage>(
        &self,
        pool: &RawPool<S, System>,
        place: &super::WorkerThread,
    ) -> Result<(), ResizeError> {
        if !pool.headcount().add() {
            return Ok(());
        }
        if !pool.admit_worker() {
            pool.headcount().lose();
            return Err(ResizeError::Full);
        }
        let started = {
            let _blocked = self.blocked_signals();
            place.start_thread()
        };
        if !matches!(started, Some(Ok(()))) {
            pool.headcount().lose();
            pool.lifecycle().leave(false, pool.port());
        }
        // Another call may have been faster.
        started.unwrap_or(Ok(())).map_err(ResizeError::Start)
    }
}
