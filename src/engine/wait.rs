//! The operations on a handle: wait, poll, cancel, detach.

use super::RawPool;
use super::blocking_wait::{Slept, Waiting};
use super::deadlock::Outlook;
use super::run::Claimed;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload};
use crate::platform::port::{Origin, Port, Timeout};
use crate::ring::Popper;
use crate::slot::Claim;
use crate::slot::state::{Claimable, State, Status};
use crate::slot::storage::Storage;
use crate::sync::{Bug, bug};

/// How a job ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Completion {
    Done,
    Failed,
    /// It never ran. The payload holds what its vtable's `discard` left.
    Cancelled,
}

/// What the receiver of a result wants to happen to the job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Disposition {
    /// The result was taken: recycle the slot.
    Take,
    /// Nothing was taken: leave the job as it was. Allowed only with `may_leave`.
    Leave,
}

/// Can a receiver leave a job? Only those of the C API and of the models can.
const LEAVES: bool = cfg!(any(feature = "capi", jobring_loom, jobring_freeze));

/// Receives a job that has finished.
pub(crate) type Receiver<'a> = &'a mut dyn FnMut(&'static JobVTable, Payload, Completion) -> Disposition;

/// Why a wait gave no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WaitError {
    /// The handle names no job of this pool that a caller can still ask for.
    Stale,
    /// The job has not finished yet.
    Pending,
    /// The caller is inside the job, or every thread that could end the wait waits itself.
    Deadlock,
    /// There is too little stack to run the job here, and no other thread to run it.
    Stack,
    /// It had not finished when this process was forked from the one that the pool is in.
    Forked,
    /// An interrupt was raised.
    Interrupted,
}

/// How a thread waits for a job.
#[derive(Clone, Copy, Default)]
pub(crate) struct WaitOptions {
    /// May its receiver leave the job? While the receiver looks, another thread can give the handle up. Then
    /// the receiver's answer does not count: the job is stale, and the result is dropped.
    pub(crate) may_leave: bool,
    /// Does the thread run the job itself if it is still queued, even outside of jobs?
    pub(crate) help: bool,
    /// Does the job borrow from the caller, so that the wait may never return a deadlock?
    pub(crate) is_lender: bool,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// The slot and generation that a handle names, if they can belong to this pool.
    pub(super) fn find(&self, job: JobId) -> Result<(usize, usize), WaitError> {
        job.resolve(self.tag(), self.storage.capacity()).ok_or(WaitError::Stale)
    }

    /// Waits until the job has finished, then gives its result to `deliver`.
    pub(crate) fn wait(
        &self,
        job: JobId,
        timeout: Timeout,
        options: WaitOptions,
        deliver: Receiver<'_>,
    ) -> Result<Completion, WaitError> {
        let WaitOptions { may_leave, help, is_lender } = options;
        let (index, generation) = self.find(job)?;
        let mut state = self.slot(index).state();
        let mut wait = None;
        loop {
            let generation = if bug(Bug::WaitsForTheNextJobToo) { state.generation() } else { generation };
            if !state.answers_to(generation) {
                return Err(WaitError::Stale);
            }
            match state.status() {
                Status::Done | Status::Failed | Status::Cancelled => {
                    let slot = self.slot(index);
                    match slot.take(state, !may_leave) {
                        Ok(taking) => return self.deliver(index, state, taking, deliver),
                        Err(now) => state = now,
                    }
                }
                _ if self.is_copy() => return Err(WaitError::Forked),
                Status::Queued
                    if self.should_run_itself(timeout, help, is_lender)
                        && self.run_here(index, generation)? =>
                {
                    state = self.slot(index).state();
                }
                _ if timeout == Timeout::Poll => return Err(WaitError::Pending),
                _ => {
                    if self.contexts().any(|context| context.job() == Some(job)) {
                        return Err(WaitError::Deadlock);
                    }
                    if wait.is_none()
                        && let Some(now) = self.watch(self.slot(index), state)
                    {
                        state = now;
                        continue;
                    }
                    let wait = wait.get_or_insert_with(|| Waiting::new(self, job, timeout, !is_lender));
                    match wait.sleep(self, self.slot(index), state) {
                        Slept::Now(now) => state = now,
                        Slept::TimedOut => return Err(WaitError::Pending),
                        Slept::Interrupted => return Err(WaitError::Interrupted),
                        Slept::Hopeless(Outlook::NoWorker) => return Err(WaitError::Stack),
                        Slept::Hopeless(_) => return Err(WaitError::Deadlock),
                    }
                }
            }
        }
    }

    /// Gives a job that was just taken to its receiver, then gives the slot back.
    fn deliver(
        &self,
        index: usize,
        was: State,
        mut taking: State,
        deliver: Receiver<'_>,
    ) -> Result<Completion, WaitError> {
        let taken = match was.status() {
            Status::Done => Completion::Done,
            Status::Failed => Completion::Failed,
            _ => Completion::Cancelled,
        };
        // SAFETY:
        // - 1: we moved the word to TAKING, so the body is ours.
        let verdict =
            unsafe { self.slot(index).with_body(|vtable, payload| deliver(vtable, payload, taken)) };
        if LEAVES && !taking.is_detached() {
            if verdict == Disposition::Leave {
                self.put_back(index, taking, was);
                return Ok(taken);
            }
            match self.give_up(index, taking) {
                Ok(now) => taking = now,
                Err(now) => {
                    self.drop_taken_result(index, was.status(), now);
                    return Err(WaitError::Stale);
                }
            }
        }
        self.vacate(index, taking, self.must_retire());
        Ok(taken)
    }

    /// Gives up the handle of a job that is being taken. It is given up once: here (Ok), or by a concurrent
    /// detach (Err).
    fn give_up(&self, index: usize, mut taking: State) -> Result<State, State> {
        while !taking.is_detached() {
            match self.slot(index).flag(taking, taking.transition_to_detached()) {
                Ok(now) => return Ok(now),
                Err(now) => taking = now,
            }
        }
        Err(taking)
    }

    /// Ends a look at a job that has finished. The job stays as it was, unless its handle was given up
    /// meanwhile.
    fn put_back(&self, index: usize, mut taking: State, was: State) {
        let slot = self.slot(index);
        let word = core::ptr::from_ref(slot.word());
        while !taking.is_detached() {
            match slot.put_back(taking, taking.transition_back(was)) {
                Err(now) => taking = now,
                Ok(_) => {
                    if taking.has_waiter() && !bug(Bug::PeekWakesNobody) {
                        self.wake_waiters_without_end(word);
                    }
                    return self.notify_closers_if_closed(Origin::Thread);
                }
            }
        }
        self.drop_taken_result(index, was.status(), taking);
    }

    /// Drops the result of a job that was taken, and gives the slot back.
    pub(super) fn drop_taken_result(&self, index: usize, was: Status, taking: State) {
        let retire = self.must_retire();
        let retire = self.drop_result(index, was) || retire;
        self.vacate(index, taking, retire);
    }

    /// Should the waiting thread run a queued job itself? A wait with a timeout does so only if it was asked
    /// to or the pool has no workers: the job could overrun the timeout. A wait that an interrupt ends runs nothing.
    pub(super) fn should_run_itself(&self, timeout: Timeout, help: bool, is_lender: bool) -> bool {
        timeout != Timeout::Poll
            && (help || self.registers(timeout) || self.lifecycle.live() == 0)
            && (is_lender || !self.is_interrupted())
    }

    /// Runs a job for a waiter: the oldest one outside of jobs on a pool without workers, else the awaited
    /// one alone. False if it has run nothing: the waiter may have to sleep.
    // Inlined, though it has two callers: a firmware that waits for one job has one of them.
    #[cfg_attr(all(target_os = "none", not(debug_assertions)), inline(always))]
    pub(super) fn run_here(&self, index: usize, generation: usize) -> Result<bool, WaitError> {
        if !self.stack_suffices() {
            // Another worker has to run it. If there is none, the sleep finds that out. A pool without
            // workers has no such thread.
            return if self.lifecycle.live() > 0 { Ok(false) } else { Err(WaitError::Stack) };
        }
        if self.lifecycle.live() == 0 && self.nesting_depth() == 0 {
            return Ok(self.run_one());
        }
        match self.slot(index).claim(generation, Claimable::TO_RUN) {
            Claim::Claimed(state) => {
                self.execute(Claimed { index, state });
                self.notify_closers_if_closed(Origin::Thread);
                Ok(true)
            }
            // Its lane has to release it.
            Claim::TooLate(state) if state.is_held() => Ok(false),
            // The caller looks again. A firmware has no code to tell these from the jobs above: there the caller finds out when it is
            // about to sleep.
            _ => Ok(cfg!(not(target_os = "none"))),
        }
    }

    /// Cancels a job that is still queued: its input is dropped in this call, and waiters are notified. Of
    /// several threads that cancel a job, one gets Ok(true). Ok(false): too late; a job that runs is asked to
    /// stop.
    pub(crate) fn cancel(&self, job: JobId) -> Result<bool, WaitError> {
        let (index, generation) = self.find(job)?;
        let slot = self.slot(index);
        loop {
            match slot.claim(generation, Claimable::TO_DROP) {
                Claim::Claimed(state) => {
                    self.drop_claimed(Claimed { index, state }, DiscardReason::Cancelled);
                    self.notify_closers_if_closed(Origin::Thread);
                    return Ok(true);
                }
                Claim::Stale => return Err(WaitError::Stale),
                Claim::TooLate(state) => match state.status() {
                    Status::Running if slot.flag(state, state.transition_to_cancelling()).is_err() => {}
                    _ => return Ok(false),
                },
            }
        }
    }

    /// Cancels the queued jobs, oldest first, also those that have no handle. Returns how many. Each job that
    /// was accepted before the call has started, or is cancelled. Of those that are submitted meanwhile, by
    /// drop callbacks for example, some may stay: it cancels no more jobs than the pool has slots.
    pub(crate) fn cancel_all(&self) -> usize {
        // The parent process runs what is queued in a copy.
        let most = if self.is_copy() { 0 } else { self.capacity() };
        let claimed = core::iter::from_fn(|| self.claim_next(Popper::Unpaced)).take(most);
        let cancelled = claimed.map(|claimed| self.drop_claimed(claimed, DiscardReason::Cancelled)).count();
        if cancelled > 0 {
            self.notify_closers_if_closed(Origin::Thread);
        }
        cancelled
    }

    /// Was the innermost job of this pool on this thread asked to stop? None outside of jobs.
    pub(crate) fn cancel_requested(&self) -> Option<bool> {
        let job = self.current_context()?.job()?;
        let (index, _) = self.find(job).ok()?;
        Some(self.slot(index).state().status() == Status::Cancelling)
    }

    /// Has the job finished, so that a wait would return at once?
    pub(crate) fn is_finished(&self, job: JobId) -> bool {
        self.find(job).is_ok_and(|(index, generation)| {
            let state = self.slot(index).state();
            !state.answers_to(generation) || state.is_untaken()
        })
    }

    /// Where a job stands, without taking anything. `Taking`: it has finished, and another thread looks at its
    /// outcome, or takes it.
    pub(crate) fn standing(&self, job: JobId) -> Result<Status, WaitError> {
        let (index, generation) = self.find(job)?;
        let state = self.slot(index).state();
        if state.answers_to(generation) { Ok(state.status()) } else { Err(WaitError::Stale) }
    }

    /// Where the payload of a job lies, as long as its handle is good.
    #[cfg(feature = "capi")]
    pub(crate) fn payload_of(&self, job: JobId) -> Result<*mut u8, WaitError> {
        let (index, generation) = self.find(job)?;
        let slot = self.slot(index);
        if slot.state().answers_to(generation) { Ok(slot.payload().at) } else { Err(WaitError::Stale) }
    }

    /// Gives up the job's result: when there is one, it is dropped and the slot is recycled. Waiters find the
    /// handle stale.
    pub(crate) fn detach(&self, job: JobId) -> Result<(), WaitError> {
        let (index, generation) = self.find(job)?;
        let slot = self.slot(index);
        let mut state = slot.state();
        loop {
            if !state.answers_to(generation) {
                return Err(WaitError::Stale);
            }
            let finished = state.is_untaken();
            let moved = if finished {
                slot.take(state, true)
            } else {
                slot.flag(state, state.transition_to_detached().without_waiter())
            };
            match moved {
                Err(now) => state = now,
                Ok(taking) if finished => {
                    self.drop_taken_result(index, state.status(), taking);
                    return Ok(());
                }
                Ok(_) => {
                    if state.has_waiter() {
                        self.wake_waiters_without_end(slot.word());
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Drops the results that no thread took. The pool is quiescent and its workers have left.
    pub(crate) fn forget_all(&self) {
        for index in 0..self.storage.capacity() {
            let state = self.slot(index).state();
            if state.is_untaken()
                && !bug(Bug::LeaksResults)
                && let Ok(taking) = self.slot(index).take(state, true)
            {
                self.drop_result(index, state.status());
                // So that a shutdown inside the next result's drop no longer finds this result.
                let _ = self.slot(index).vacate(taking, true);
            }
        }
    }
}
