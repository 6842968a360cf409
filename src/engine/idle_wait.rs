//! Waits until a pool is idle: every job that was accepted has finished. The pool stays open.
//!
//! ```text
//! wait      IDLE_WAIT in the idle word; fence
//!           look; idle → return, else sleep on the event count of the closers, as it was before that
//! leave     clear IDLE_WAIT, move the event count: others that are inside set IDLE_WAIT again
//! end       a worker that goes to sleep reads IDLE_WAIT behind its fence in `register`; each other thread that
//!           has ended a job does so too (notify_closers_if_closed). Set → it moves the event count
//! look      F = the indices in the free ring; each slot: QUEUED or RUNNING → not idle; the free ring once more
//!           idle if as many slots are free as F, and no index was popped meanwhile
//! ```
//!
//! Why one look is enough. Each job takes its slot from the free ring, whose head counts all pops. Take a job
//! that was accepted before the call, or submitted by such a job before that ended.
//! - Its pop is seen: by the caller before the look, or with the end of its parent, which some slot or an
//!   entry of the free ring has shown (Release, Acquire). So if the head is the same at the end of the look,
//!   the pop lies before the entries that the look counted.
//! - If its slot shows that it is queued or runs, the pool is not idle. If it shows an end with a result, a
//!   tombstone or a closed slot, the look has acquired that end. If it shows a free slot, the slot is one of
//!   those counted, because each counted index has a free slot too (or the head has moved): the look has
//!   acquired the push after the job's end. Otherwise there are more free slots than counted indices.
//!
//! So a thread that finds the pool idle sees what those jobs did, also detached jobs, whose slots become free
//! by a plain store. A slot that is in the hands of a submitter, or on its way back, is *unsettled*: the
//! caller looks again soon. A thread that is stopped there holds the call up, as it holds up a shutdown.
//!
//! Inside a job the call excepts the jobs that this thread is inside of, and those that are inside such a
//! call or a shutdown on other threads (`Awaits::End` in the wait-for graph). It runs what is queued. While it
//! sleeps without a timeout it is registered as a thread that waits for all other jobs (`Awaits::All`): it is
//! stuck if one of them is. A caller outside of jobs counts all jobs.

use super::RawPool;
use super::blocking_wait::Patience;
use super::deadlock::{Outlook, parts};
use super::wait::WaitError;
use crate::engine::wait_graph::{Awaits, Locked, Node};
use crate::platform::port::{Deadline, Origin, Port, Timeout};
use crate::slot::state::{State, Status};
use crate::slot::storage::Storage;
use crate::slot::{AwaitedOwner, Owner, Slot};
use crate::sync::{Bug, bug, dying};

/// How often a caller yields its CPU before it sleeps because a slot is unsettled.
const ASIDES: u32 = 2;

/// What a look found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Idle,
    /// A job is queued or runs.
    Job,
    /// A thread is about to submit a job, or to give a slot back.
    Unsettled,
}

/// A thread's stay inside wait_idle.
struct Waiting<'a, S: Storage, P: Port + Clone> {
    pool: &'a RawPool<S, P>,
    /// Registered while the thread runs jobs of the pool.
    node: Option<&'a Node>,
}

impl<'a, S: Storage, P: Port + Clone> Waiting<'a, S, P> {
    fn begin(pool: &'a RawPool<S, P>, node: &'a Node) -> Self {
        let node = pool.runs_jobs().then_some(node);
        if let Some(node) = node {
            // SAFETY:
            // - 1: drop removes it, before the node's borrow ends; the contexts are this thread's outer ones.
            unsafe { pool.lifecycle.waits().lock(&pool.port).insert(node) };
            // Others that are inside may not have to wait for this thread's jobs any more.
            pool.lifecycle.notify_closers(&pool.port, Origin::Thread);
        }
        Self { pool, node }
    }
}

impl<S: Storage, P: Port + Clone> Drop for Waiting<'_, S, P> {
    fn drop(&mut self) {
        if dying() {
            return;
        }
        let pool = self.pool;
        if let Some(node) = self.node {
            pool.lifecycle.waits().lock(&pool.port).remove(node);
        }
        pool.idle.end_idle_wait();
        pool.lifecycle.notify_closers(&pool.port, Origin::Thread);
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Returns when at some moment during the call every accepted job had finished, except those that this
    /// thread is inside of, and those that are inside such a call or a shutdown. Inside a job, and on a pool
    /// without workers, the caller runs what is queued, each job before the time is up.
    pub(crate) fn wait_idle(&self, timeout: Timeout) -> Result<(), WaitError> {
        // A lock may be held for ever in a child by fork.
        if self.is_copy() {
            let is_idle = self.look_for_unfinished(false) == Found::Idle;
            return if is_idle { Ok(()) } else { Err(WaitError::Forked) };
        }
        let deadline = Deadline::after(&self.port, timeout);
        let _visit = self.lifecycle.visit(&self.port, Origin::Thread);
        let node = Node::new(Awaits::End, self.id(), self.port.current());
        let stay = Waiting::begin(self, &node);
        let in_job = stay.node.is_some();
        let registers = self.registers(timeout);
        let mut patience = Patience::new();
        let mut asides = 0;
        loop {
            let helps = in_job || self.lifecycle.live() == 0;
            let may_go_on = || deadline.left(&self.port).is_ok() && !self.is_interrupted();
            while helps && may_go_on() && self.run_one() {}
            let events = self.lifecycle.close_events();
            self.idle.begin_idle_wait();
            let found = self.look_for_unfinished(in_job);
            match found {
                Found::Idle => return Ok(()),
                Found::Unsettled if asides < ASIDES => {
                    asides += 1;
                    self.port.yield_now();
                    continue;
                }
                Found::Unsettled => {}
                Found::Job => asides = 0,
            }
            let Ok(left) = deadline.left(&self.port) else { return Err(WaitError::Pending) };
            if self.is_interrupted() {
                return Err(WaitError::Interrupted);
            }
            let lacks_stack = in_job && !self.stack_suffices();
            if helps && self.has_queued() {
                if !lacks_stack {
                    continue;
                }
                if self.lifecycle.live() == 0 {
                    return Err(WaitError::Stack);
                }
            }
            // The slot that this thread fills stays unsettled until this returns.
            #[cfg(feature = "capi")]
            if self.is_filling() {
                return Err(WaitError::Deadlock);
            }
            let sleeper = Sleeper::new::<S, P>(lacks_stack);
            let awaits = registers.then_some(Awaits::All((&raw const sleeper).cast()));
            let outlook = self.sleep_for(awaits, |outlook| {
                let outlook = if found == Found::Unsettled { Outlook::Unsettled } else { outlook };
                let Some(nap) = self.nap(&patience, left, true, outlook) else { return };
                self.lifecycle.await_close_event(events, &self.port, nap.time);
                if nap.is_impatient && self.lifecycle.close_events() == events {
                    if self.has_queued() {
                        self.idle.reset_searchers(&self.port, Origin::Thread);
                    }
                    patience.lose();
                }
            });
            if outlook.is_hopeless() {
                let needs_stack = lacks_stack && self.has_queued();
                return Err(if needs_stack { WaitError::Stack } else { WaitError::Deadlock });
            }
        }
    }

    /// One look at all slots.
    fn look_for_unfinished(&self, in_job: bool) -> Found {
        let locked = in_job.then(|| self.lifecycle.waits().lock(&self.port));
        let is_excepted = |index, state: State| {
            locked.as_ref().is_some_and(|locked| self.is_inside_end(locked, index, state))
        };
        // Of the slots that nobody has ever used, the last ones, nothing needs to be known. Where the number
        // of pops wraps around, it does not tell which these are.
        let seeds = if usize::BITS == 64 { self.capacity() } else { 0 };
        let inside = self.free().count_inside(seeds);
        let used = if seeds > 0 { inside.popped.min(seeds) } else { self.capacity() };
        let mut free = 0;
        for index in 0..used {
            let state = self.slot(index).state();
            match state.status() {
                Status::Queued => return Found::Job,
                _ if bug(Bug::IdleWaitSeesOnlyTheQueue) => {}
                Status::Running | Status::Cancelling if !is_excepted(index, state) => {
                    return Found::Job;
                }
                _ if state.is_vacant() && !state.is_in_ring() => free += 1,
                _ => {}
            }
        }
        let is_settled = free == inside.pushed && self.free().popped() == inside.popped;
        if is_settled || bug(Bug::IdleWaitSeesOnlyTheQueue) || bug(Bug::IdleWaitTrustsItsLook) {
            Found::Idle
        } else {
            Found::Unsettled
        }
    }

    /// Is a thread inside the job of this slot that is inside wait_idle or a shutdown?
    fn is_inside_end(&self, locked: &Locked<'_, P>, index: usize, state: State) -> bool {
        locked.is_inside_end(Slot::handle(self.tag(), index, state))
    }

    /// Is there a job that no thread can end, among those that this registered thread waits for? A queued job
    /// it would run itself, with enough stack.
    fn is_any_stuck(&self, locked: &Locked<'_, P>, sleeper: &Sleeper) -> bool {
        let queued_are_stuck = sleeper.lacks_stack && self.has_queued() && self.are_workers_stuck(locked);
        (0..self.capacity()).any(|index| {
            let state = self.slot(index).state();
            match state.status() {
                Status::Queued => queued_are_stuck || state.is_held() && locked.is_held_back(index),
                Status::Running | Status::Cancelling => {
                    self.is_held(locked, index, state) && !self.is_inside_end(locked, index, state)
                }
                _ => false,
            }
        })
    }
}

/// A thread that sleeps in wait_idle, for the wait-for graph. As an owner it has no jobs.
#[repr(C)]
struct Sleeper {
    // INVARIANT: first, so that its address is the sleeper's.
    owner: AwaitedOwner,
    lacks_stack: bool,
}

impl Sleeper {
    fn new<S: Storage, P: Port + Clone>(lacks_stack: bool) -> Self {
        let owner = AwaitedOwner { owner: Owner::OF_NO_JOB, is_stuck: is_stuck::<S, P>, wake: wake::<S, P> };
        Self { owner, lacks_stack }
    }
}

/// See `AwaitedOwner`.
unsafe fn is_stuck<S: Storage, P: Port + Clone>(
    owner: *const AwaitedOwner,
    pool: *const (),
    locked: *const (),
) -> bool {
    // SAFETY:
    // - 1: the owner is a sleeper, which `wait_idle` registered in this pool.
    let (pool, locked, sleeper) = unsafe { parts::<S, P, Sleeper>(owner, pool, locked) };
    pool.is_any_stuck(locked, sleeper)
}

/// See `AwaitedOwner`.
unsafe fn wake<S: Storage, P: Port + Clone>(_: *const AwaitedOwner, pool: *const ()) {
    // SAFETY:
    // - as in is_stuck.
    let pool = unsafe { &*pool.cast::<RawPool<S, P>>() };
    pool.lifecycle.notify_closers(&pool.port, Origin::Thread);
}
