//! Sleeping without end inside a job: only while somebody is left who can end it.
//!
//! A thread that runs jobs registers in the wait-for graph before such a sleep, and looks at the graph under the same lock. A
//! wait is *stuck* when every thread that could end it waits itself, and those waits are stuck too:
//!
//! - a submit, when no slot is free and no job can free one: each slot holds a running job whose thread is stuck, a result
//!   that nobody has taken, or, if every worker is stuck, a queued job. A job does not count on threads outside that may
//!   take a result: the pool cannot know whether there are any;
//! - a wait for a running job, when that job's thread is stuck;
//! - a wait for a queued job (which the thread would run itself, had it the stack), when every worker is stuck.
//!
//! A pool becomes stuck when one more thread goes to sleep. That thread finds it and does not sleep: its wait is refused, its job
//! goes on, and so do the others by and by. Three cases need another look. A job that ends leaves its slot to the taker of its
//! result, and the submits that counted on it are stuck then: they look again when their patience is over, and where there
//! is no clock whoever ended the job wakes them (`tell_blocked`). A slot in the hands of a submitter is neither free nor
//! a job (`Unsettled`): the thread looks again soon. And a wait may not be refused if it is for a job that borrows from the thread: that thread
//! wakes the others until one of them is.

use super::RawPool;
use crate::engine::wait_graph::{Awaits, Locked, Node};
use crate::job::context::{CallChain, CallContext};
use crate::job::id::Job;
use crate::platform::port::{Origin, Port};
use crate::ring::Mark;
use crate::slot::Slot;
use crate::slot::state::{State, Status};
use crate::slot::storage::Storage;
use crate::sync::{Bug, SeqCst, Site, bug, fence, ordering};

/// What a thread that is about to sleep without end has to expect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outlook {
    /// Somebody can end the wait, and wakes the thread then.
    Hopeful,
    /// That cannot be told now. Look again soon.
    Unsettled,
    /// Nobody can.
    Stuck,
    /// Nobody can, because the wait ends in one for a queued job that no worker is left to run.
    NoWorker,
}

impl Outlook {
    /// Does the thread not sleep at all?
    pub(super) fn is_hopeless(self) -> bool {
        matches!(self, Self::Stuck | Self::NoWorker)
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Does the calling thread run jobs of this pool: is it a worker, or inside a job? A port that does not know its threads
    /// has no code of what follows from that.
    #[inline(always)]
    pub(crate) fn runs_jobs(&self) -> bool {
        !self.port.current().is_null() && self.is_of_runner()
    }

    fn is_of_runner(&self) -> bool {
        let of_runner = |frame: &CallContext| frame.is_of_job() || frame.is_of_worker();
        CallChain(self.port.current()).any(|frame| frame.pool == self.id() && of_runner(frame))
    }

    /// Lets the calling thread, which runs jobs of this pool, sleep without end by `sleep`, registered; not if it is stuck.
    /// `sleep` learns from its argument whether to look again soon.
    pub(super) fn sleep_registered(&self, awaits: Awaits, sleep: impl FnOnce(Outlook)) -> Outlook {
        let node = Node::new(awaits, self.id(), self.port.current());
        let waits = self.lifecycle.waits();
        let mut locked = waits.lock(&self.port);
        // SAFETY:
        // - 1: it is removed below, before it goes; nothing in between unwinds, and the frames are this thread's outer ones.
        unsafe { locked.insert(&raw const node) };
        let outlook = self.judge(&locked, &node);
        if outlook.is_hopeless() {
            locked.remove(&node);
            return outlook;
        }
        // So that others may look.
        locked.unlock();
        if !matches!(awaits, Awaits::Slot) && self.is_closed() {
            // A closer inside a job may not have to wait for this one.
            self.lifecycle.notify_closers(&self.port, Origin::Thread);
        }
        sleep(outlook);
        waits.lock(&self.port).remove(&node);
        outlook
    }

    fn judge(&self, locked: &Locked<'_, P>, node: &Node) -> Outlook {
        if bug(Bug::TakesAllForBlocked) {
            return Outlook::Stuck;
        }
        // Submitters leave a closed pool.
        let closed = self.is_closed();
        locked.mark(|node| match node.awaits {
            Awaits::Slot => !closed,
            Awaits::Job { .. } => true,
            Awaits::End => false,
        });
        self.drop_hopeful(locked);
        let mut slots = Outlook::Stuck;
        if locked.awaits_slot() {
            slots = self.slots_outlook(locked);
            if slots != Outlook::Stuck {
                locked.shrink(|node| matches!(node.awaits, Awaits::Slot));
                self.drop_hopeful(locked);
            }
        }
        let is_stuck = || locked.marked().any(|marked| core::ptr::eq(marked, node));
        match node.awaits {
            _ if !is_stuck() && slots == Outlook::Unsettled => Outlook::Unsettled,
            _ if !is_stuck() => Outlook::Hopeful,
            Awaits::Job { gives_up: false, .. } => {
                self.wake_stuck(locked);
                Outlook::Unsettled
            }
            _ => {
                // Of a circle all are still stuck if somebody runs what is queued.
                locked.shrink(Node::awaits_worker);
                locked.shrink(|node| matches!(node.awaits, Awaits::Job { job, .. } if !locked.holds(job)));
                if is_stuck() { Outlook::Stuck } else { Outlook::NoWorker }
            }
        }
    }

    /// Takes the mark off the waits for jobs that somebody can end.
    fn drop_hopeful(&self, locked: &Locked<'_, P>) {
        locked.shrink(|node| match node.awaits {
            Awaits::Job { job, .. } => !self.is_stuck(locked, node, job),
            _ => false,
        });
    }

    /// Is every worker marked?
    pub(super) fn are_workers_stuck(&self, locked: &Locked<'_, P>) -> bool {
        locked.workers() >= self.lifecycle.live()
    }

    /// Can nobody end the wait of this node for this job?
    fn is_stuck(&self, locked: &Locked<'_, P>, node: &Node, job: Job) -> bool {
        let Some((index, generation)) = job.resolve(self.tag(), self.capacity()) else { return false };
        let state = self.slot(index).state();
        locked.note_worker(node, state.status() == Status::Queued);
        if bug(Bug::CountsTheWokenAsStuck) && state.is_untaken() {
            return true;
        }
        state.answers_to(generation)
            && match state.status() {
                Status::Queued => self.are_workers_stuck(locked),
                Status::Running | Status::Cancelling => locked.holds(job),
                _ => false,
            }
    }

    /// Can a slot become free?
    fn slots_outlook(&self, locked: &Locked<'_, P>) -> Outlook {
        // Whoever gives a slot back changes what is marked here.
        let Some(before) = self.free().mark_empty(Mark::Waiter) else { return Outlook::Hopeful };
        // ORDERING: pairs with the fence of a thread that has ended a job: either we see that it is over, or that thread
        // sees the graph in use, and wakes those who wait for a slot (E8).
        fence(ordering(Site::GraphFence, SeqCst));
        let workers_stuck = self.are_workers_stuck(locked);
        for index in 0..self.capacity() {
            let state = self.slot(index).state();
            let stuck = match state.status() {
                Status::Running | Status::Cancelling | Status::Taking => self.is_held(locked, index, state),
                Status::Queued => workers_stuck,
                // Its entry lies behind a job that is queued.
                _ if state.is_tombstone() => workers_stuck,
                _ if state.is_untaken() || state.is_closed() => true,
                _ => return Outlook::Unsettled,
            };
            if !stuck {
                return Outlook::Hopeful;
            }
        }
        // A job that was looked at late may have ended after it freed a slot that was looked at early.
        match self.free().mark_empty(Mark::Waiter) {
            Some(now) if now == before => Outlook::Stuck,
            _ => Outlook::Hopeful,
        }
    }

    /// For a thread that has changed a slot by a read-modify-write, and a fence, and may free none by it: it has ended a job
    /// whose result waits for its taker, say. A job that sleeps in submit may be stuck since, and looks at that again by
    /// itself only where there is a clock.
    #[inline(always)]
    pub(super) fn tell_blocked(&self, origin: Origin) {
        if !P::WAKES_BY_ITSELF && self.lifecycle.waits().is_used() {
            self.wake_blocked(origin);
        }
    }

    #[cold]
    fn wake_blocked(&self, origin: Origin) {
        // The mark is taken off, so that a thread that is about to sleep on it finds another value.
        if self.port.now().is_none()
            && let Some(word) = self.free().unmark()
        {
            self.port.wake(word, true, origin);
        }
    }

    /// Is a marked thread inside the job of this slot?
    pub(super) fn is_held(&self, locked: &Locked<'_, P>, index: usize, state: State) -> bool {
        locked.holds(Slot::handle(self.tag(), index, state))
    }

    /// Wakes the threads that are stuck and whose wait may be refused.
    fn wake_stuck(&self, locked: &Locked<'_, P>) {
        for node in locked.marked() {
            match node.awaits {
                Awaits::Slot => {
                    if let Some(marked) = self.free().mark_empty(Mark::Waiter) {
                        self.port.wake_all(marked.word);
                    }
                }
                Awaits::Job { job, gives_up: true } => {
                    if let Some((index, _)) = job.resolve(self.tag(), self.capacity()) {
                        self.port.wake_all(self.slot(index).word());
                    }
                }
                _ => {}
            }
        }
    }
}
