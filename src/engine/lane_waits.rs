//! Closing a lane, and what the wait-for graph says of threads that wait for one: `lane.rs` has the protocol.

use super::RawPool;
use super::blocking_wait::Patience;
use super::deadlock::{Outlook, Registration, parts};
use super::lane_ref::LaneRef;
use super::lane_word::{Flag, RoleFlag, Word};
use crate::engine::wait_graph::{Awaits, Locked, Node};
use crate::job::context::CallContext;
use crate::platform::port::{Deadline, Origin, Port, Timeout};
use crate::slot::AwaitedOwner;
use crate::slot::state::Status;
use crate::slot::storage::Storage;
use crate::sync::{Acquire, Bug, Relaxed, Release, Site, bug, ordering};
use core::ptr;

/// Why a wait for a lane ended before what it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LaneWaitError {
    TimedOut,
    /// The caller is inside a job of the lane, or every thread that could end the wait waits itself.
    Deadlock,
    /// An interrupt was raised.
    Interrupted,
    /// The pool was shut down, or this is a copy of it by fork.
    Ended,
}

/// What a thread that waits for a lane found.
enum Sight {
    Done,
    /// The role is free, and jobs wait that the thread can drop.
    CanDiscard,
    /// The role is free, and there are cancelled jobs that the thread can take out of the list.
    CanSweep,
    Sleep,
}

/// May a closer take a place to drop jobs that wait? One place more than the width, for all closers together: it runs nothing.
fn can_discard(lane: LaneRef, word: Word) -> bool {
    word.has(Flag::Discard) && !word.has_no_entry() && word.running() <= lane.width()
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Refuses new jobs of the lane and waits until all of its jobs have ended: run, or with `discards` dropped if they waited.
    /// Those that have a place already run. Can be called again.
    ///
    /// # Safety
    /// 1. The lane is this pool's, and stays until this returns.
    pub(crate) unsafe fn close_lane(
        &self,
        lane: LaneRef,
        discards: bool,
        timeout: Timeout,
    ) -> Result<(), LaneWaitError> {
        let deadline = Deadline::after(&self.port, timeout);
        let _visit = self.lifecycle.visit(&self.port, Origin::Thread);
        // ORDERING: Relaxed: guards no data.
        let _ = self.move_lane(lane, ordering(Site::LaneClose, Relaxed), |word| {
            let closed = word.with(Flag::Closed);
            let is_refused = bug(Bug::CloseNeedsRoom) && word.jobs() >= lane.most();
            (!is_refused).then(|| if discards { closed.with(Flag::Discard) } else { closed })
        });
        if discards {
            // ORDERING: Relaxed: guards no data.
            self.change_role(lane, ordering(Site::LaneCloseRole, Relaxed), |role| {
                role.with(RoleFlag::Discard)
            });
        }
        // ORDERING: Relaxed: the sleep's look decides.
        let now = || Word(lane.lane().word.load(ordering(Site::LaneLook, Relaxed)));
        // The job that this thread builds may be one of the lane's.
        #[cfg(feature = "capi")]
        if timeout != Timeout::Poll && !now().is_over() && self.is_filling() {
            return Err(LaneWaitError::Deadlock);
        }
        // As a wait on a pool without workers.
        let runs_one = || {
            self.lifecycle.live() == 0
                && timeout != Timeout::Poll
                && self.nesting_depth() == 0
                && !now().is_over()
                && deadline.left(&self.port).is_ok()
                && !self.is_interrupted()
                && self.run_one()
        };
        let is_ended = || {
            if runs_one() {
                // The sleep ends at once.
                self.lifecycle.notify_closers(&self.port, Origin::Thread);
            }
            self.is_copy()
        };
        self.sleep_for_lane(lane, timeout, deadline, Word::is_over, is_ended)
    }

    /// Gives up a lane. Its jobs run, and the last of them frees it.
    ///
    /// # Safety
    /// 1. The lane is this pool's, and the caller does not use it any more.
    pub(crate) unsafe fn abandon_lane(&self, lane: LaneRef) {
        // ORDERING: Release: what this thread did to the lane comes before its end.
        self.change_lane(lane, ordering(Site::LaneAbandon, Release), |word| {
            word.with(Flag::Closed).with(Flag::Orphan)
        });
    }

    /// Drops the jobs that wait, if that is wanted and no other thread does.
    fn discard_lane(&self, lane: LaneRef) {
        // The first closer may not have told the role's word yet: a job that waits must not get this place.
        if !self.takes_role(lane, true) {
            return;
        }
        // ORDERING: Relaxed: the role's word brings the list.
        let took = self.move_lane(lane, ordering(Site::LaneDiscard, Relaxed), |word| {
            can_discard(lane, word).then(|| word.add_place())
        });
        if took.is_ok() {
            self.hand_on(lane, 1);
        } else {
            self.end_look(lane);
        }
    }

    /// Sleeps until `is_done` says so of the lane's word. `is_ended`: does the wait end anyway?
    pub(super) fn sleep_for_lane(
        &self,
        lane: LaneRef,
        timeout: Timeout,
        deadline: Deadline,
        is_done: impl Fn(Word) -> bool,
        is_ended: impl Fn() -> bool,
    ) -> Result<(), LaneWaitError> {
        let awaits = Awaits::OneOf { owner: lane.awaited(), is_held: is_held::<S, P> };
        let node = Node::new(awaits, self.id(), self.port.current());
        let mut registration = None;
        let mut patience = Patience::new();
        loop {
            let events = self.lifecycle.close_events();
            let is_ended = is_ended();
            let sight = self.sight(lane, &is_done);
            if matches!(sight, Sight::Done) {
                // ORDERING: Acquire pairs with the Release of each exchange that ends a job: the caller sees what the jobs did, and
                // may free the lane.
                lane.lane().word.load(ordering(Site::LaneOver, Acquire));
                return Ok(());
            }
            if is_ended {
                return Err(LaneWaitError::Ended);
            }
            match sight {
                Sight::CanDiscard => self.discard_lane(lane),
                Sight::CanSweep => {
                    self.sweep_lane(lane);
                }
                _ => {}
            }
            if matches!(sight, Sight::CanDiscard | Sight::CanSweep) {
                continue;
            }
            if self.is_interrupted() {
                return Err(LaneWaitError::Interrupted);
            }
            let left = deadline.left(&self.port).map_err(|()| LaneWaitError::TimedOut)?;
            if timeout == Timeout::Forever
                && self.contexts().any(|context| context.lane() == lane.get().cast())
            {
                return Err(LaneWaitError::Deadlock);
            }
            if registration.is_none() && self.registers(timeout) {
                registration = Some(Registration::begin(self, &node));
                // The registration may have changed the event count.
                continue;
            }
            let outlook = registration.as_mut().map_or(Outlook::Hopeful, Registration::outlook);
            if outlook.is_hopeless() {
                return Err(LaneWaitError::Deadlock);
            }
            // A thread may be stopped when it has cleared WANTED: then no later one moves the event count.
            let Some(nap) = self.nap(&patience, left, true, outlook) else { continue };
            self.lifecycle.await_close_event(events, &self.port, nap.time);
            if nap.is_impatient && self.lifecycle.close_events() == events {
                self.idle.reset_searchers(&self.port, Origin::Thread);
                patience.lose();
            }
        }
    }

    /// Looks at the lane. Before Sleep it sees to it that the next thread that changes what it saw moves the event count.
    fn sight(&self, lane: LaneRef, is_done: &impl Fn(Word) -> bool) -> Sight {
        // ORDERING: Relaxed: of this and the exchange that ends a job the later sees the earlier.
        let wanted = self.move_lane(lane, ordering(Site::LaneWanted, Relaxed), |word| {
            (!is_done(word)).then(|| word.with(Flag::Wanted))
        });
        let Ok((_, word)) = wanted else { return Sight::Done };
        let is_closed = word.has(Flag::Closed);
        let (helps, help) = if is_closed {
            (can_discard(lane, word), Sight::CanDiscard)
        } else {
            (word.has(Flag::Dead), Sight::CanSweep)
        };
        // In a closed lane the number of jobs does not matter before the last place goes, whose thread takes them all off.
        if is_closed && !helps {
            return Sight::Sleep;
        }
        // ORDERING: Relaxed, as in `fold`.
        let (old, new) = self.change_role(lane, ordering(Site::LaneWantedRole, Relaxed), |role| {
            let to = if is_closed { role } else { role.with(RoleFlag::Wanted).without_ended() };
            if helps && role.has(RoleFlag::Held) { to.with(RoleFlag::Asked) } else { to }
        });
        // This moves the event count.
        self.end_lane_jobs(lane, old.ended() - new.ended());
        if helps && !old.has(RoleFlag::Held) { help } else { Sight::Sleep }
    }

    /// Is there no thread that could end a job of the lane?
    fn is_lane_stuck(&self, locked: &Locked<'_, P>, lane: LaneRef) -> bool {
        // ORDERING: Relaxed: a place that a marked thread has stays taken while the graph is locked.
        let word = Word(lane.lane().word.load(ordering(Site::LaneLook, Relaxed)));
        let held = places_in(locked, lane);
        if word.running() == 0 || word.running() <= held {
            return word.running() > 0;
        }
        let runs = |index: usize| {
            let state = self.slot(index).state();
            let is_inside = matches!(state.status(), Status::Running | Status::Cancelling | Status::Taking);
            is_inside && !self.is_held(locked, index, state)
        };
        // A place that no marked thread has belongs to a job that runs, or is queued.
        self.are_workers_stuck(locked) && !(0..self.capacity()).any(runs)
    }
}

/// See `AwaitedOwner`.
pub(super) unsafe fn is_stuck<S: Storage, P: Port + Clone>(
    owner: *const AwaitedOwner,
    pool: *const (),
    locked: *const (),
) -> bool {
    // SAFETY:
    // - 1: the owner is a lane, for which a thread of this pool sleeps.
    let (pool, locked, _) = unsafe { parts::<S, P, AwaitedOwner>(owner, pool, locked) };
    // SAFETY:
    // - 1: that thread keeps the lane.
    pool.is_lane_stuck(locked, unsafe { LaneRef::of_awaited(owner) })
}

/// See `Awaits`: does the wait need a job that a marked thread is inside of?
unsafe fn is_held<S: Storage, P: Port + Clone>(
    owner: *const AwaitedOwner,
    _: *const (),
    locked: *const (),
) -> bool {
    // SAFETY:
    // - as in is_stuck.
    unsafe { places_in(&*locked.cast::<Locked<'_, P>>(), LaneRef::of_awaited(owner)) > 0 }
}

/// See `AwaitedOwner`.
pub(super) unsafe fn wake<S: Storage, P: Port + Clone>(_: *const AwaitedOwner, pool: *const ()) {
    // SAFETY:
    // - as in is_stuck.
    let pool = unsafe { &*pool.cast::<RawPool<S, P>>() };
    pool.lifecycle.notify_closers(&pool.port, Origin::Thread);
}

/// How many places of this lane do marked threads have?
fn places_in<P: Port>(locked: &Locked<'_, P>, lane: LaneRef) -> usize {
    let scopes = locked.marked_frames().filter_map(CallContext::lane_scope);
    scopes.filter(|scope| scope.has_place && ptr::eq(scope.lane, lane.get().cast())).count()
}

/// See `LaneScope`. None: another thread has the role.
///
/// # Safety
/// 1. A thread is inside a job of the lane, and cannot leave it before this returns.
pub(super) unsafe fn holds_back<S: Storage, P: Port + Clone>(
    lane: *const (),
    locked: *const (),
    index: usize,
) -> Option<bool> {
    // SAFETY:
    // - 1, and that job is the pool's, for whose type this function was made.
    let (lane, pool) = unsafe {
        let lane = LaneRef::new(lane.cast());
        (lane, &*lane.pool().cast::<RawPool<S, P>>())
    };
    // SAFETY:
    // - the caller has the graph, which is the pool's.
    let held = places_in(unsafe { &*locked.cast::<Locked<'_, P>>() }, lane);
    // A closer that drops jobs has a place more than the width.
    let is_full = |word: Word| word.running() >= lane.width() && word.running() <= held;
    // ORDERING: Relaxed: places that marked threads have stay taken while the graph is locked.
    if !is_full(Word(lane.lane().word.load(ordering(Site::LaneLook, Relaxed)))) {
        return Some(false);
    }
    if !pool.takes_role(lane, false) {
        return None;
    }
    pool.gather(lane);
    // SAFETY:
    // - 1: we have the role.
    let mut link = unsafe { lane.first() };
    let mut is_there = false;
    while let Some(entry) = link.index() {
        is_there |= entry == index;
        link = pool.next(lane, entry);
    }
    // No place is free, so this hands nothing on.
    pool.end_look(lane);
    Some(is_there)
}
