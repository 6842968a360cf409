//! Deadlock detection: a thread that runs jobs sleeps without a timeout only while another thread can end its
//! wait.
//!
//! Such a thread registers in the wait-for graph before it sleeps, and looks at the graph under the same
//! lock. A wait is *stuck* when every thread that could end it waits itself, and those waits are stuck too:
//!
//! - a submit, when no slot is free and no job can free one: each slot holds a running job whose thread is
//!   stuck, a result that no thread has taken, or, if every worker is stuck, a queued job. Other threads may
//!   take a result, but the pool cannot know whether there are any, so a job does not rely on them;
//! - a wait for a running job, when that job's thread is stuck;
//! - a wait for a queued job, when every worker is stuck. (With enough stack the thread would run that job
//!   itself.)
//! - a wait for a job that its lane holds back, when every worker is stuck, or stuck threads have all places of that lane;
//! - a wait for a lane (a submit while it is full, or its close), when stuck threads have all places in use;
//! - a take from a completion queue, when stuck threads are inside of all its pending jobs; or when every worker is stuck and no
//!   other job with an owner can end, since a queued job does not show whose it is;
//! - a wait until the pool is idle, when one of the jobs that it waits for is stuck (`idle_wait.rs`).
//!
//! A pool becomes stuck when one more thread goes to sleep. That thread finds it and does not sleep: its wait
//! is refused and its job continues, and so do the others in turn. Three cases need another look:
//!
//! - A job that ends leaves its slot to the taker of its result, so the submits that relied on the job are
//!   stuck. They look again when their patience ends. Where there is no clock, the thread that ended the job
//!   wakes them (`notify_blocked`).
//! - A slot that a submitter holds is neither free nor a job (`Unsettled`). The thread looks again soon.
//! - A wait for a job that borrows from the thread may not be refused. That thread wakes the others until one
//!   of their waits is refused.

use super::RawPool;
use crate::engine::wait_graph::{Awaits, Locked, Node};
use crate::job::id::JobId;
use crate::platform::port::{Origin, Port, Timeout};
use crate::ring::Mark;
use crate::slot::state::{State, Status};
use crate::slot::storage::Storage;
use crate::slot::{AwaitedOwner, Slot};
use crate::sync::{Bug, SeqCst, Site, bug, dying, fence, ordering};

/// What a thread that is about to sleep without a timeout can expect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outlook {
    /// Another thread can end the wait, and then wakes this one.
    Hopeful,
    /// It is not known now. Look again soon.
    Unsettled,
    /// No thread can end the wait.
    Stuck,
    /// No thread can, because the chain of waits ends at a queued job that no worker is left to run.
    NoWorker,
}

impl Outlook {
    /// Must the thread not sleep at all?
    pub(super) fn is_hopeless(self) -> bool {
        matches!(self, Self::Stuck | Self::NoWorker)
    }
}

/// A thread's registration over several sleeps: of a thread that sleeps on what its own registration changes
/// (the event count).
pub(super) struct Registration<'a, S: Storage, P: Port + Clone> {
    pool: &'a RawPool<S, P>,
    node: &'a Node,
    /// Is the node in the graph?
    is_in: bool,
}

impl<'a, S: Storage, P: Port + Clone> Registration<'a, S, P> {
    pub(super) fn begin(pool: &'a RawPool<S, P>, node: &'a Node) -> Self {
        // SAFETY:
        // - 1: drop removes it, before the node's borrow ends; the contexts are this thread's outer ones.
        unsafe { pool.lifecycle.waits().lock(&pool.port).insert(node) };
        if pool.is_closed() {
            // A closer inside a job may not have to wait for this one.
            pool.lifecycle.notify_closers(&pool.port, Origin::Thread);
        }
        Self { pool, node, is_in: true }
    }

    /// What the thread can expect now. If that is nothing, the registration ends in the same step: of several
    /// stuck threads one is refused.
    pub(super) fn outlook(&mut self) -> Outlook {
        let mut locked = self.pool.lifecycle.waits().lock(&self.pool.port);
        let outlook = self.pool.judge(&locked, self.node);
        if outlook.is_hopeless() {
            locked.remove(self.node);
            self.is_in = false;
        }
        outlook
    }
}

impl<S: Storage, P: Port + Clone> Drop for Registration<'_, S, P> {
    fn drop(&mut self) {
        if self.is_in && !dying() {
            self.pool.lifecycle.waits().lock(&self.pool.port).remove(self.node);
        }
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Does the calling thread run jobs of this pool: is it a worker, or inside a job? A port without
    /// thread-local pointers compiles to no code for this case.
    #[inline(always)]
    pub(crate) fn runs_jobs(&self) -> bool {
        !self.port.current().is_null() && self.is_of_runner()
    }

    fn is_of_runner(&self) -> bool {
        self.contexts().any(|context| context.is_of_job() || context.is_of_worker())
    }

    /// Does the calling thread run jobs of this pool, and wait without a timeout? Such a wait is registered.
    pub(super) fn registers(&self, timeout: Timeout) -> bool {
        timeout == Timeout::Forever && self.runs_jobs()
    }

    /// Lets the calling thread sleep by `sleep`, registered with what it `awaits` if that is given. Does not
    /// call `sleep` if the thread is stuck. The argument of `sleep` says whether to look again soon.
    pub(super) fn sleep_for(&self, awaits: Option<Awaits>, sleep: impl FnOnce(Outlook)) -> Outlook {
        match awaits {
            // A port without thread-local pointers compiles to no code for this.
            Some(awaits) if !self.port.current().is_null() => self.sleep_registered(awaits, sleep),
            _ => {
                sleep(Outlook::Hopeful);
                Outlook::Hopeful
            }
        }
    }

    // A frame of its own: a job that the thread runs in the wait does not lie on top of this.
    #[inline(never)]
    fn sleep_registered(&self, awaits: Awaits, sleep: impl FnOnce(Outlook)) -> Outlook {
        let node = Node::new(awaits, self.id(), self.port.current());
        let waits = self.lifecycle.waits();
        let mut locked = waits.lock(&self.port);
        // SAFETY:
        // - 1: the node is removed below, before it is dropped; nothing in between unwinds, and the contexts
        //   are this thread's outer ones.
        unsafe { locked.insert(&raw const node) };
        let outlook = self.judge(&locked, &node);
        if outlook.is_hopeless() {
            locked.remove(&node);
            return outlook;
        }
        // So that other threads can look while this one sleeps.
        locked.unlock();
        if !matches!(awaits, Awaits::Slot | Awaits::All(_)) && self.is_closed() {
            // A closer inside a job may not have to wait for this one. (It knows of a thread in wait_idle.)
            self.lifecycle.notify_closers(&self.port, Origin::Thread);
        }
        sleep(outlook);
        waits.lock(&self.port).remove(&node);
        outlook
    }

    fn judge(&self, locked: &Locked<'_, P>, node: &Node) -> Outlook {
        if bug(Bug::AssumesAllAreBlocked) {
            return Outlook::Stuck;
        }
        // On a closed pool no submitter stays stuck: its submit is refused.
        let closed = self.is_closed();
        locked.mark(|node| match node.awaits {
            Awaits::Slot => !closed,
            Awaits::Job { .. } | Awaits::All(_) | Awaits::OneOf { .. } => true,
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
            _ if !is_stuck() && (slots == Outlook::Unsettled || locked.is_unsettled()) => Outlook::Unsettled,
            _ if !is_stuck() => Outlook::Hopeful,
            Awaits::Job { gives_up: false, .. } => {
                self.wake_stuck(locked);
                Outlook::Unsettled
            }
            _ => {
                // A cycle of waits stays stuck even if a worker runs what is queued. The other waits do not.
                locked.shrink(Node::awaits_worker);
                // Nor do those for a job that its lane holds back.
                let is_held = |job| {
                    let is_back = |(index, _)| self.slot(index).state().is_held();
                    locked.holds(job) || self.find(job).is_ok_and(is_back)
                };
                locked.shrink(|node| matches!(node.awaits, Awaits::Job { job, .. } if !is_held(job)));
                if is_stuck() { Outlook::Stuck } else { Outlook::NoWorker }
            }
        }
    }

    /// Clears the mark of the waits for jobs that some thread can end.
    fn drop_hopeful(&self, locked: &Locked<'_, P>) {
        locked.shrink(|node| match node.awaits {
            Awaits::Job { job, .. } => !self.is_stuck(locked, Some(node), job),
            // SAFETY:
            // - the thread cannot leave its call while the graph is locked, and registered an owner of this pool.
            Awaits::All(owner) | Awaits::OneOf { owner, .. } => unsafe {
                !((*owner).is_stuck)(owner, self.id(), core::ptr::from_ref(locked).cast())
            },
            _ => false,
        });
    }

    /// Is every worker marked?
    pub(super) fn are_workers_stuck(&self, locked: &Locked<'_, P>) -> bool {
        locked.workers() >= self.lifecycle.live()
    }

    /// Is there no thread that can end the wait of this node for this job?
    pub(super) fn is_stuck(&self, locked: &Locked<'_, P>, node: Option<&Node>, job: JobId) -> bool {
        let Ok((index, generation)) = self.find(job) else { return false };
        let state = self.slot(index).state();
        if let Some(node) = node {
            locked.note_worker(node, state.status() == Status::Queued && !state.is_held());
        }
        if bug(Bug::CountsTheWokenAsBlocked) && state.is_untaken() {
            return true;
        }
        state.answers_to(generation)
            && match state.status() {
                Status::Queued => {
                    self.are_workers_stuck(locked) || state.is_held() && locked.is_held_back(index)
                }
                Status::Running | Status::Cancelling => locked.holds(job),
                _ => false,
            }
    }

    /// Can a slot become free?
    fn slots_outlook(&self, locked: &Locked<'_, P>) -> Outlook {
        // A thread that gives a slot back changes the entry that is marked here.
        let Some(before) = self.free().mark_empty(Mark::Waiter) else { return Outlook::Hopeful };
        // ORDERING: pairs with the fence of a thread that has ended a job: either we see that the job has
        // finished, or that thread sees the graph in use, and wakes the threads that wait for a slot (E8).
        fence(ordering(Site::GraphFence, SeqCst));
        let workers_stuck = self.are_workers_stuck(locked);
        for index in 0..self.capacity() {
            let state = self.slot(index).state();
            let stuck = match state.status() {
                Status::Running | Status::Cancelling | Status::Taking => self.is_held(locked, index, state),
                Status::Queued => workers_stuck || state.is_held() && locked.is_held_back(index),
                // Its entry lies behind a queued job, or a job of its lane.
                _ if state.is_tombstone() => workers_stuck || locked.is_held_back(index),
                _ if state.is_untaken() || state.is_closed() => true,
                _ => return Outlook::Unsettled,
            };
            if !stuck {
                return Outlook::Hopeful;
            }
        }
        // A job whose slot was looked at late may have freed another slot, looked at early, before it ended.
        match self.free().mark_empty(Mark::Waiter) {
            Some(now) if now == before => Outlook::Stuck,
            _ => Outlook::Hopeful,
        }
    }

    /// Called by a thread that has changed a slot by a read-modify-write, then a fence, perhaps without
    /// freeing it: it has ended a job whose result waits for its taker, for example. A job that sleeps in
    /// submit may be stuck since then. It looks again by itself only where there is a clock.
    #[inline(always)]
    pub(super) fn notify_blocked(&self, origin: Origin) {
        if !P::WAKES_BY_ITSELF && self.lifecycle.waits().is_used() {
            self.wake_blocked(origin);
        }
    }

    #[cold]
    fn wake_blocked(&self, origin: Origin) {
        // The mark is cleared, so that a thread that is about to sleep on it finds another value.
        if self.port.now().is_none()
            && let Some(word) = self.free().unmark()
        {
            self.wake_waiters(word, origin);
        }
    }

    /// Is a marked thread inside the job of this slot?
    pub(super) fn is_held(&self, locked: &Locked<'_, P>, index: usize, state: State) -> bool {
        locked.holds(Slot::handle(self.tag(), index, state))
    }

    /// Wakes the stuck threads whose wait may be refused.
    fn wake_stuck(&self, locked: &Locked<'_, P>) {
        for node in locked.marked() {
            match node.awaits {
                Awaits::Slot => {
                    if let Some(marked) = self.free().mark_empty(Mark::Waiter) {
                        self.wake_waiters(marked.word, Origin::Thread);
                    }
                }
                Awaits::Job { job, gives_up: true } => {
                    if let Ok((index, _)) = self.find(job) {
                        self.wake_waiters(self.slot(index).word(), Origin::Thread);
                    }
                }
                // SAFETY:
                // - as in drop_hopeful.
                Awaits::All(owner) | Awaits::OneOf { owner, .. } => unsafe {
                    ((*owner).wake)(owner, self.id())
                },
                _ => {}
            }
        }
    }
}

/// What the functions of an `AwaitedOwner` are called with, by their types.
///
/// # Safety
/// 1. A caller of this pool has registered the owner, which is the first field of an `O`; the graph is the pool's, and is locked.
#[inline(always)]
pub(super) unsafe fn parts<'a, S: Storage, P: Port + Clone, O>(
    owner: *const AwaitedOwner,
    pool: *const (),
    locked: *const (),
) -> (&'a RawPool<S, P>, &'a Locked<'a, P>, &'a O) {
    // SAFETY:
    // - 1: the caller cannot leave its call while the graph is locked.
    unsafe { (&*pool.cast(), &*locked.cast(), &*owner.cast()) }
}
