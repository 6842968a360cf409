//! Completion queues: jobs that have finished, in the order in which they did, for threads that take them.
//!
//! The slot is the entry. A queue is one more index ring, with as many entries as the pool's own rings, and
//! the index of a job that was submitted into the queue is pushed there when the job has ended: run, failed,
//! cancelled or discarded. So the queue cannot overflow, and nothing is allocated or copied. A job that
//! nobody takes keeps its slot.
//!
//! ```text
//! submit    count + 1, if it is below the limit         then as any submit, with the queue as the owner (slot/state.rs)
//!           refused: count - 1
//! end       the slot becomes DONE, FAILED, CANCELLED    its runner, canceller or closer; then it
//!           pushes the index                            wakes the consumers that sleep on the entry
//! take      pops indices, takes the outcomes, gives the slots back, then count - n
//! sleep     mark the empty entry; fence; look at the count: 0 → nothing is pending; else sleep on the entry
//! at 0      the thread that lowers the count to 0: fence; replace the mark; wake the consumers
//! ```
//!
//! `count` is the number of jobs that were submitted and not taken. It is raised before the job is accepted,
//! and lowered after its outcome was taken: so a consumer that finds the ring empty and the count 0 knows
//! that nothing is there or will come. Either a consumer about to sleep sees 0 behind its mark, or the thread
//! that lowers the count to 0 sees the mark, because both fence between the two. A consumer that sees 0
//! behind its own mark replaces the mark and wakes too: its mark may have brought back the value on which
//! another consumer is about to sleep.
//!
//! A task that polls the queue (`task_wait.rs`) leaves its waker beside the queue, marks the empty entry as a
//! thread does, fences, and looks at the count and at the marked entry once more. So a push that fills that
//! entry, and the thread that lowers the count to 0, find the waker, or the task sees what they did. An empty
//! ring behind the fence would not do: the mark that the task found may be one that a push has replaced, whose
//! job another consumer took; then the next push finds no mark. One task polls a queue; while a thread that
//! has taken its waker is stopped, no other thread wakes it.
//!
//! A submitter beyond the limit sets WANTED in the count, which the next taker clears: it moves the pool's
//! event count, on which the submitter sleeps. A shutdown moves it as well.
//!
//! A queue that its user gives up is *abandoned*: see `abandoned_completions.rs`.
//!
//! The thread that pushes an index still touches the queue when a consumer has taken the outcome. So the
//! memory of a queue is kept until its pool has ended.
//!
//! Where there is a clock, a thread that is stopped between push and wake delays the consumers that sleep
//! until their patience ends, and a taker that is stopped between its clearing of WANTED and the event the
//! submitters that sleep for the limit. A taker that is stopped before it lowers the count, and a submitter
//! before its job is accepted, keep others from "nothing is pending", and as many places of the limit as they
//! have jobs. A thread that is stopped while it drops what lies in an abandoned queue keeps the slots of what
//! arrives there meanwhile. Nothing is lost.

use super::RawPool;
use super::blocking_wait::Patience;
use super::completion_queue::{Completions, ONE, WANTED};
use super::deadlock::Outlook;
use super::request::{Request, WhenFull};
use super::submit::ReserveError;
use super::wait::Completion;
use crate::job::id::JobId;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::{Deadline, Origin, Port, Timeout};
use crate::ring::{Mark, Popper};
use crate::slot::Slot;
use crate::slot::state::{Recipient, State, Status};
use crate::slot::storage::Storage;
use crate::sync::{Bug, Relaxed, SeqCst, Site, bug, fence, fence_behind_rmw, ordering};
use core::mem;

/// How many indices one pop takes at most.
pub(crate) const AT_ONCE: usize = 8;
/// A take pauses for more (`ring/pacing.rs`) only if more jobs than this are pending.
const MANY: usize = 32;

/// A function of its own, so that an accepted request stays in registers.
#[cold]
#[inline(never)]
fn refuse<R>(refused: ReserveError, request: R) -> Result<JobId, (ReserveError, R)> {
    Err((refused, request))
}

/// Has the one who received an outcome called user code, which may have shut the pool down?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RanUserCode {
    Yes,
    No,
}

/// Why a take gave nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TakeError {
    /// Nothing has finished, and nothing is pending.
    Empty,
    TimedOut,
    /// Jobs are pending, and the pool has no worker to run them.
    NoWorkers,
    /// Every thread that could end a pending job waits itself.
    Deadlock,
    Forked,
    /// An interrupt was raised.
    Interrupted,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Submits a job into the queue. Its handle can only cancel it.
    ///
    /// # Safety
    /// 1. As `submit`.
    /// 2. The request writes `queue.owner()` into the last word of the payload, and the queue is this pool's.
    pub(crate) unsafe fn submit_into<R: Request, W: WhenFull>(
        &self,
        queue: &Completions,
        request: R,
        when_full: W,
        origin: Origin,
    ) -> Result<JobId, (ReserveError, R)> {
        if let Err(refused) = self.raise_count(queue, when_full) {
            return refuse(refused, request);
        }
        // SAFETY:
        // - the caller's.
        match unsafe { self.submit(request, Recipient::OWNER, when_full, origin) } {
            Ok(job) => Ok(job),
            Err((refused, request)) => {
                if !bug(Bug::RefusedSubmitStaysPending) {
                    self.lower_count(queue, 1, origin);
                }
                refuse(refused, request)
            }
        }
    }

    /// One job more is pending. Waits for the limit, if it may.
    fn raise_count<W: WhenFull>(&self, queue: &Completions, when_full: W) -> Result<(), ReserveError> {
        // ORDERING: Relaxed: a count; the job's entry carries what matters.
        let mut count = queue.count.load(ordering(Site::CompletionsCount, Relaxed));
        loop {
            if count / ONE >= queue.limit() {
                if !W::WAITS {
                    return Err(ReserveError::Full);
                }
                count = self.await_limit(queue, when_full.timeout())?;
                continue;
            }
            // ORDERING: Relaxed, the same.
            match queue.count.compare_exchange(
                count,
                count + ONE,
                ordering(Site::CompletionsAdd, Relaxed),
                ordering(Site::CompletionsAddLost, Relaxed),
            ) {
                Ok(_) => return Ok(()),
                Err(now) => count = now,
            }
        }
    }

    /// Waits until the queue is below its limit. Returns the count.
    #[cold]
    fn await_limit(&self, queue: &Completions, timeout: Timeout) -> Result<usize, ReserveError> {
        let deadline = Deadline::after(&self.port, timeout);
        let _visit = self.lifecycle.visit(&self.port, Origin::Thread);
        let mut patience = Patience::new();
        loop {
            let events = self.lifecycle.close_events();
            // ORDERING: Relaxed: of this and a taker's change of the same word the later sees the earlier.
            let count = queue.count.fetch_or(WANTED, ordering(Site::CompletionsWanted, Relaxed));
            if count / ONE < queue.limit() {
                return Ok(count | WANTED);
            }
            if self.refuses_jobs() || self.is_copy() {
                return Err(ReserveError::Shutdown);
            }
            if self.is_interrupted() {
                return Err(ReserveError::Interrupted);
            }
            let left = deadline.left(&self.port).map_err(|_| ReserveError::TimedOut)?;
            // A taker may be stopped when it has cleared WANTED: then no later one moves the event count.
            let Some(nap) = self.nap(&patience, left, true, Outlook::Hopeful) else { continue };
            self.lifecycle.await_close_event(events, &self.port, nap.time);
            if nap.is_impatient && self.lifecycle.close_events() == events {
                self.idle.reset_searchers(&self.port, Origin::Thread);
                patience.lose();
            }
        }
    }

    /// `taken` jobs of the queue are no longer pending.
    pub(super) fn lower_count(&self, queue: &Completions, taken: usize, origin: Origin) {
        // ORDERING: Relaxed: a count. The fence below orders it before the look at the mark.
        let mut count = queue.count.fetch_sub(taken * ONE, ordering(Site::CompletionsTaken, Relaxed));
        count -= taken * ONE;
        if count & WANTED != 0 {
            // ORDERING: Relaxed: a submitter that sets it again has seen the lower count.
            queue.count.fetch_and(!WANTED, ordering(Site::CompletionsUnwanted, Relaxed));
            self.lifecycle.notify_closers(&self.port, origin);
        }
        if count / ONE == 0 {
            // ORDERING: pairs with the fence of a consumer that is about to sleep: either it sees that
            // nothing is pending, or we see its mark.
            fence_behind_rmw(ordering(Site::CompletionsZeroFence, SeqCst));
            self.wake_consumers(queue, origin);
            #[cfg(feature = "future")]
            self.wake_consuming_task(queue);
        }
    }

    /// Wakes the consumers that sleep, and keeps those that are about to from it.
    pub(super) fn wake_consumers(&self, queue: &Completions, origin: Origin) {
        if let Some(word) = queue.ring().unmark() {
            self.wake_waiters(word, origin);
        }
    }

    /// Takes jobs of the queue that have finished, at most `most`, and gives their outcomes to `deliver`.
    /// Waits until there is one. Runs no jobs. Returns how many it took.
    pub(crate) fn take_completions(
        &self,
        queue: &Completions,
        timeout: Timeout,
        most: usize,
        deliver: &mut dyn FnMut(JobId, &'static JobVTable, Payload, Completion) -> RanUserCode,
    ) -> Result<usize, TakeError> {
        let taken = self.take_ready(queue, most, deliver);
        if taken > 0 {
            return Ok(taken);
        }
        self.await_completion(queue, timeout)?;
        loop {
            match self.take_ready(queue, most, deliver) {
                // Another consumer was faster.
                0 => self.await_completion(queue, timeout)?,
                taken => return Ok(taken),
            }
        }
    }

    /// Takes what is there, at most `most`.
    fn take_ready(
        &self,
        queue: &Completions,
        most: usize,
        deliver: &mut dyn FnMut(JobId, &'static JobVTable, Payload, Completion) -> RanUserCode,
    ) -> usize {
        let mut indices = [0; AT_ONCE];
        let (mut taken, mut delivered) = (0, 0);
        // It pauses before the first: what it has taken does not wait for more.
        let mut by = Popper::Consumer;
        while delivered < most {
            let room = AT_ONCE.min(most - delivered);
            let (by, has_peer) = (mem::replace(&mut by, Popper::Unpaced), || queue.pending() > MANY);
            let fetch = |index| self.slot(index).fetch();
            let popped = queue.ring().pop_many(&mut indices[..room], by, has_peer, fetch);
            if popped == 0 {
                break;
            }
            taken += popped;
            delivered += self.deliver_owned(&indices[..popped], deliver);
        }
        if taken > 0 {
            self.lower_count(queue, taken, Origin::Thread);
        }
        delivered
    }

    /// Gives the outcomes of jobs, whose indices were popped from their queue, to `deliver`, and gives the slots back. Returns how
    /// many these are: none if the pool ends, and this thread is inside the drop of a result; then the outcomes are gone
    /// (`forget_all`).
    fn deliver_owned(
        &self,
        indices: &[usize],
        deliver: &mut dyn FnMut(JobId, &'static JobVTable, Payload, Completion) -> RanUserCode,
    ) -> usize {
        // The slots come from other cores: all at the same time.
        indices.iter().for_each(|&index| self.slot(index).fetch());
        let mut ended = [State::free(0); AT_ONCE];
        for (ended, &index) in ended.iter_mut().zip(indices) {
            *ended = self.slot(index).take_owned();
        }
        let retire = self.must_retire_owned();
        let mut delivered = 0;
        for (ended, &index) in ended.into_iter().zip(indices) {
            let completion = match ended.status() {
                Status::Done => Completion::Done,
                Status::Failed => Completion::Failed,
                Status::Cancelled => Completion::Cancelled,
                _ => continue,
            };
            let taking = ended.transition_to_taking_owned();
            let slot = self.slot(index);
            let job = Slot::handle(self.tag(), index, taking);
            // SAFETY:
            // - 1: we moved the word to TAKING, so the body is ours.
            let ran = unsafe { slot.with_body(|vtable, payload| deliver(job, vtable, payload, completion)) };
            let retire = retire || ran == RanUserCode::Yes && self.is_closed();
            if retire || taking.is_in_ring() {
                self.vacate(index, taking, retire);
            } else {
                slot.vacate_owned(taking);
                self.give_back(index, Origin::Thread);
            }
            delivered += 1;
        }
        delivered
    }

    /// As must_retire, for outcomes that take_owned has claimed.
    pub(super) fn must_retire_owned(&self) -> bool {
        // ORDERING: pairs with the fence in Idle::close, as TakerFence does, for all of them at once (E5).
        fence(ordering(Site::CompletionsTakerFence, SeqCst));
        self.is_closed()
    }

    /// Sleeps until a job of the queue has finished. Returns at once if one has, or if none is pending.
    fn await_completion(&self, queue: &Completions, timeout: Timeout) -> Result<(), TakeError> {
        if timeout != Timeout::Poll && queue.pending() > 0 && self.watch_for(|| !queue.is_empty()) {
            return Ok(());
        }
        let deadline = Deadline::after(&self.port, timeout);
        let mut patience = Patience::new();
        let mut visit = None;
        loop {
            if !queue.is_empty() {
                return Ok(());
            }
            if queue.pending() == 0 {
                return Err(TakeError::Empty);
            }
            if self.is_copy() {
                return Err(TakeError::Forked);
            }
            let left = deadline.left(&self.port).map_err(|_| TakeError::TimedOut)?;
            if timeout == Timeout::Forever && self.lifecycle.have_workers_left() {
                // What the last of them ended has arrived.
                let is_over = !queue.is_empty() || queue.pending() == 0;
                return if is_over { Ok(()) } else { Err(TakeError::NoWorkers) };
            }
            visit.get_or_insert_with(|| self.lifecycle.visit(&self.port, Origin::Thread));
            let listening = self.listen();
            if listening.is_ended() {
                return Err(TakeError::Interrupted);
            }
            // The job that this thread builds may be one of the queue's.
            #[cfg(feature = "capi")]
            if self.is_filling() {
                return Err(TakeError::Deadlock);
            }
            let Some(marked) = queue.ring().mark_empty(Mark::Waiter) else { return Ok(()) };
            // ORDERING: pairs with the fence of the thread that brings the count to 0 (lower_count).
            fence(ordering(Site::CompletionsSleepFence, SeqCst));
            if queue.pending() == 0 {
                self.wake_consumers(queue, Origin::Thread);
                return if queue.is_empty() { Err(TakeError::Empty) } else { Ok(()) };
            }
            let awaits = self.registers(timeout).then(|| queue.awaits::<S, P>());
            let outlook = self.sleep_for(awaits, |outlook| {
                let Some(nap) = self.nap(&patience, left, true, outlook) else { return };
                self.sleep_on(marked.word, marked.value, nap.time, listening);
                let is_unchanged = || queue.ring().mark_empty(Mark::Waiter).is_some_and(|now| now == marked);
                if nap.is_impatient && is_unchanged() {
                    self.idle.reset_searchers(&self.port, Origin::Thread);
                    patience.lose();
                }
            });
            if outlook.is_hopeless() {
                return Err(TakeError::Deadlock);
            }
        }
    }
}
