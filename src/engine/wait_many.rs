//! A wait for several jobs, in one call. It takes no result.
//!
//! A wait for *all* is one wait after the other, since a job that has finished stays so: each sleep is on the
//! word of one job. A wait for the first job that finishes, or that fails, sleeps on the
//! pool's event count, as a listener (`event_count.rs`):
//!
//! ```text
//! caller      count of listeners + 1
//!             read the event count
//!             look at each job; it has not finished → set WAITER by an exchange, also where it is set
//!             the jobs decide the wait → return
//!             sleep while the event count is as read; again from "read the event count"
//!
//! mover       moves a slot's word and saw WAITER: wakes those that sleep on the word; fence;
//!             the count of listeners is not 0 → event count + 1, wakes those that sleep on it
//! ```
//!
//! Four places move a word that may have WAITER: the end of a job, a detach, the end of a look by another
//! thread (`put_back`), and a slot that is given back. (A job of a completion queue has no handle to wait
//! with.)
//!
//! Either the exchange comes before the move: then the mover sees WAITER and, since its fence acquires what
//! the exchange released, the count. Or it comes after the move: then it fails, and the caller sees what the
//! job became. A look alone would not do: a WAITER that is set already may be another thread's, set before
//! this caller was counted.
//!
//! The event count is read before the exchanges, and moved behind the slot's word. So a move that comes after
//! an exchange changes the value on which the caller is about to sleep.
//!
//! A caller that returns leaves WAITER set. It goes when the slot's word moves, at the price of one needless wake.
//!
//! A thread that is stopped between its move and its notification delays its own report alone: the others count
//! their own events. While a job is queued, the caller looks again from time to time, as every waiter does.
//!
//! Inside a job a caller without a time limit stays in the wait-for graph from its first sleep to its last,
//! since a registration may change the event count (deadlock.rs).

use super::RawPool;
use super::blocking_wait::{Patience, Slept, Waiting};
use super::deadlock::{Outlook, Registration, parts};
use super::many_jobs::{Jobs, Member, WaitFor};
use super::wait::WaitError;
use crate::engine::wait_graph::{Awaits, Node};
use crate::job::id::JobId;
use crate::platform::port::{Deadline, Origin, Port, Timeout};
use crate::slot::state::{State, Status};
use crate::slot::storage::Storage;
use crate::slot::{AwaitedOwner, Owner};
use crate::sync::{AtomicUsize, Bug, bug};

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Waits until the jobs are as `jobs.until` says. Returns the number of the job that has decided the
    /// wait, or the count of jobs if all have finished and none has.
    pub(crate) fn wait_many(
        &self,
        jobs: &Jobs<'_>,
        timeout: Timeout,
        help: bool,
    ) -> Result<usize, WaitError> {
        let mut settled = 0;
        if let Some(found) = self.look(jobs, &mut settled, false) {
            return Ok(found);
        }
        if self.is_copy() {
            return Err(WaitError::Forked);
        }
        if timeout == Timeout::Poll {
            return Err(WaitError::Pending);
        }
        let deadline = Deadline::after(&self.port, timeout);
        if self.should_run_itself(timeout, help, false)
            && let Some(found) = self.run_queued(jobs, deadline, &mut settled)?
        {
            return Ok(found);
        }
        match jobs.until {
            WaitFor::All => self.await_all(jobs, timeout, deadline, &mut settled),
            WaitFor::First | WaitFor::Failure => self.await_one(jobs, timeout, deadline, &mut settled),
        }
    }

    /// Looks at the jobs from `settled` on; those before have finished and do not decide the wait.
    /// `registers`: sets WAITER on each that has not finished. Returns what the wait returns, if it is
    /// decided.
    fn look(&self, jobs: &Jobs<'_>, settled: &mut usize, registers: bool) -> Option<usize> {
        let mut in_a_row = true;
        for number in *settled..jobs.count {
            match self.ended(jobs, number, registers) {
                Some(failed) if jobs.until.is_decided_by(failed) => return Some(number),
                Some(_) if in_a_row => *settled = number + 1,
                Some(_) => {}
                None if jobs.until == WaitFor::All => return None,
                None => in_a_row = false,
            }
        }
        (*settled == jobs.count).then_some(jobs.count)
    }

    /// Has this job finished, and has it failed? See `WaitFor::ended`.
    fn ended(&self, jobs: &Jobs<'_>, number: usize, registers: bool) -> Option<bool> {
        let job = match (jobs.member)(number) {
            Member::InPool(job) => job,
            Member::Finished { failed } => return Some(failed),
        };
        let Ok((index, generation)) = self.find(job) else { return Some(false) };
        let slot = self.slot(index);
        loop {
            let state = slot.state();
            let ended = jobs.until.ended(generation, state);
            let is_set = state.has_waiter() && bug(Bug::TrustsAnothersWaiter);
            if ended.is_some() || !registers || is_set || slot.flag(state, state.with_waiter()).is_ok() {
                return ended;
            }
        }
    }

    /// Runs the queued ones among the jobs here, in their order, until the wait is decided. None: the thread
    /// has to sleep.
    fn run_queued(
        &self,
        jobs: &Jobs<'_>,
        deadline: Deadline,
        settled: &mut usize,
    ) -> Result<Option<usize>, WaitError> {
        let mut number = 0;
        while number < jobs.count {
            let Some((index, generation, state)) = self.queued(jobs, number) else {
                number += 1;
                continue;
            };
            deadline.left(&self.port).map_err(|()| WaitError::Pending)?;
            if !self.run_here(index, generation)? {
                if !state.is_held() {
                    break;
                }
                number += 1;
                continue;
            }
            if let Some(found) = self.look(jobs, settled, false) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The same for a caller that has slept, if the last worker has left meanwhile.
    #[cold]
    #[inline(never)]
    fn run_deserted(
        &self,
        jobs: &Jobs<'_>,
        deadline: Deadline,
        settled: &mut usize,
    ) -> Result<Option<usize>, WaitError> {
        if self.lifecycle.live() == 0 { self.run_queued(jobs, deadline, settled) } else { Ok(None) }
    }

    /// The slot, generation and state of this job, if it is queued.
    fn queued(&self, jobs: &Jobs<'_>, number: usize) -> Option<(usize, usize, State)> {
        let Member::InPool(job) = (jobs.member)(number) else { return None };
        let (index, generation) = self.find(job).ok()?;
        let state = self.slot(index).state();
        let is_queued = state.answers_to(generation) && state.status() == Status::Queued;
        is_queued.then_some((index, generation, state))
    }

    /// Waits for one job after the other.
    // Not inlined: a wait that is decided at once does not pay for it.
    #[inline(never)]
    fn await_all(
        &self,
        jobs: &Jobs<'_>,
        timeout: Timeout,
        deadline: Deadline,
        settled: &mut usize,
    ) -> Result<usize, WaitError> {
        if self.waits_for_itself(jobs) {
            return Err(WaitError::Deadlock);
        }
        let mut wait = Waiting::until(self, deadline);
        loop {
            if let Some(found) = self.look(jobs, settled, false) {
                return Ok(found);
            }
            let Member::InPool(job) = (jobs.member)(*settled) else { continue };
            let Ok((index, generation)) = self.find(job) else { continue };
            let slot = self.slot(index);
            let state = slot.state();
            if jobs.until.ended(generation, state).is_some() || self.watch(slot, state).is_some() {
                continue;
            }
            wait.awaits = self.registers(timeout).then_some(Awaits::Job { job, gives_up: true });
            match wait.sleep(self, slot, state) {
                Slept::Now(now) if now.status() == Status::Queued => {
                    if let Some(found) = self.run_deserted(jobs, deadline, settled)? {
                        return Ok(found);
                    }
                }
                Slept::Now(_) => {}
                Slept::TimedOut => return Err(WaitError::Pending),
                Slept::Interrupted => return Err(WaitError::Interrupted),
                Slept::Hopeless(Outlook::NoWorker) => return Err(WaitError::Stack),
                Slept::Hopeless(_) => return Err(WaitError::Deadlock),
            }
        }
    }

    /// Waits until one of the jobs decides the wait.
    // Not inlined, as above.
    #[inline(never)]
    fn await_one(
        &self,
        jobs: &Jobs<'_>,
        timeout: Timeout,
        deadline: Deadline,
        settled: &mut usize,
    ) -> Result<usize, WaitError> {
        let mut found = None;
        if jobs.count - *settled <= WATCHED {
            self.watch_for(|| {
                found = self.look(jobs, settled, false);
                found.is_some()
            });
        }
        if let Some(found) = found {
            return Ok(found);
        }
        let _visit = self.lifecycle.visit(&self.port, Origin::Thread);
        let mut counted = None;
        if !bug(Bug::CountsItselfTooLate) {
            counted = Some(self.lifecycle.count_listener());
        }
        let awaited = AwaitedJobs::new(self, jobs);
        let awaits = Awaits::OneOf { owner: (&raw const awaited).cast(), is_held: is_held::<S, P> };
        let node = self.registers(timeout).then(|| Node::new(awaits, self.id(), self.port.current()));
        let mut registration = node.as_ref().map(|node| Registration::begin(self, node));
        let mut patience = Patience::new();
        loop {
            // Before the look at an interrupt too.
            let events = self.lifecycle.close_events();
            if let Some(found) = self.look(jobs, settled, true) {
                return Ok(found);
            }
            if self.is_interrupted() {
                return Err(WaitError::Interrupted);
            }
            counted.get_or_insert_with(|| self.lifecycle.count_listener());
            let events = if bug(Bug::ReadsTheEventsTooLate) { self.lifecycle.close_events() } else { events };
            if self.waits_for_itself(jobs) {
                return Err(WaitError::Deadlock);
            }
            let left = deadline.left(&self.port).map_err(|()| WaitError::Pending)?;
            // A job that runs ends by itself. A queued job needs a thread to run it.
            let queued = (*settled..jobs.count).find_map(|number| self.queued(jobs, number));
            let outlook = registration.as_mut().map_or(Outlook::Hopeful, Registration::outlook);
            if outlook.is_hopeless() {
                let lacks_stack = queued.is_some_and(|(_, _, state)| !state.is_held());
                return Err(if lacks_stack { WaitError::Stack } else { WaitError::Deadlock });
            }
            let Some(nap) = self.nap(&patience, left, queued.is_some(), outlook) else { continue };
            self.lifecycle.await_close_event(events, &self.port, nap.time);
            if queued.is_some()
                && nap.is_impatient
                && registration.is_none()
                && let Some(found) = self.run_deserted(jobs, deadline, settled)?
            {
                return Ok(found);
            }
            if nap.is_impatient && self.lifecycle.close_events() == events {
                if queued.is_some() {
                    self.idle.reset_searchers(&self.port, Origin::Thread);
                }
                patience.lose();
            }
        }
    }

    /// Can only this thread end the wait, because it is inside of the jobs?
    fn waits_for_itself(&self, jobs: &Jobs<'_>) -> bool {
        if self.current_context().is_none() {
            return false;
        }
        let is_mine = |job| self.contexts().any(|context| context.job() == Some(job));
        if jobs.until != WaitFor::All {
            return self.is_none_left(jobs, is_mine);
        }
        (0..jobs.count).any(|number| {
            let is_mine = matches!((jobs.member)(number), Member::InPool(job) if is_mine(job));
            is_mine && self.ended(jobs, number, false).is_none()
        })
    }

    /// Of a wait for one of several jobs: can no thread end it? `is_stuck` says so of one job.
    pub(super) fn is_none_left(&self, jobs: &Jobs<'_>, is_stuck: impl Fn(JobId) -> bool) -> bool {
        let mut some_are_stuck = false;
        for number in 0..jobs.count {
            match (self.ended(jobs, number, false), (jobs.member)(number)) {
                (Some(failed), _) if jobs.until.is_decided_by(failed) => return false,
                (None, Member::InPool(job)) if is_stuck(job) => some_are_stuck = true,
                (None, _) => return false,
                (Some(_), _) => {}
            }
        }
        some_are_stuck
    }

    /// As `wake_waiters`, where the job did not end just now.
    #[inline(always)]
    pub(super) fn wake_waiters_without_end(&self, word: *const AtomicUsize) {
        if bug(Bug::OnlyAnEndCountsTheEvent) {
            return self.port.wake_all(word);
        }
        self.wake_waiters(word, Origin::Thread);
    }
}

/// With at most this many jobs, a caller looks at them again and again for a while before it sleeps. With more, these looks take
/// longer than the sleep.
const WATCHED: usize = 16;

/// What a caller inside a job registers.
#[repr(C)]
struct AwaitedJobs<'a> {
    // INVARIANT: first, so that its address is that of the whole.
    owner: AwaitedOwner,
    jobs: &'a Jobs<'a>,
}

impl<'a> AwaitedJobs<'a> {
    fn new<S: Storage, P: Port + Clone>(_: &RawPool<S, P>, jobs: &'a Jobs<'a>) -> Self {
        let owner = AwaitedOwner { owner: Owner::OF_NO_JOB, is_stuck: is_stuck::<S, P>, wake: wake::<S, P> };
        Self { owner, jobs }
    }
}

/// See `AwaitedOwner`.
unsafe fn is_stuck<S: Storage, P: Port + Clone>(
    awaited: *const AwaitedOwner,
    pool: *const (),
    locked: *const (),
) -> bool {
    // SAFETY:
    // - what a caller of this pool registered, which cannot leave its call while the graph is locked; its
    //   jobs are only read (Jobs).
    let (pool, locked, awaited) = unsafe { parts::<S, P, AwaitedJobs<'_>>(awaited, pool, locked) };
    pool.is_none_left(awaited.jobs, |job| pool.is_stuck(locked, None, job))
}

/// See `Awaits`.
unsafe fn is_held<S: Storage, P: Port + Clone>(
    awaited: *const AwaitedOwner,
    pool: *const (),
    locked: *const (),
) -> bool {
    // SAFETY:
    // - as in is_stuck.
    let (pool, locked, awaited) = unsafe { parts::<S, P, AwaitedJobs<'_>>(awaited, pool, locked) };
    pool.is_none_left(awaited.jobs, |job| locked.holds(job))
}

/// See `AwaitedOwner`.
unsafe fn wake<S: Storage, P: Port + Clone>(_: *const AwaitedOwner, pool: *const ()) {
    // SAFETY:
    // - as in is_stuck.
    let pool = unsafe { &*pool.cast::<RawPool<S, P>>() };
    pool.lifecycle.notify_closers(&pool.port, Origin::Thread);
}
