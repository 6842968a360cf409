//! Lanes: a FIFO of jobs of which at most `width` run at the same time.
//!
//! A job of a lane is a job of the pool. Either it has one of the lane's *places*, and then it is queued or runs as any job; or
//! its lane holds it back: its slot is HELD (slot/state.rs), and its entry lies in the lane's list instead of the ready ring.
//!
//! The list has no memory of its own: each slot's payload has a *link*, the index of the next older entry. New entries are
//! pushed at the front of the list, whose head is in the lane's word. The thread that has the *role* pops: it takes the whole
//! list by one exchange, turns it round, and keeps that as `first`, oldest entry first.
//!
//! There are two words, so that a submitter and a worker seldom change the same one. Submitters change `word`. A thread whose job
//! has ended changes only `role` while `first` has entries; otherwise `word`.
//!
//! ```text
//! word     running | jobs | newest entry | CLOSED DISCARD WANTED DEAD ORPHAN LISTED
//! role     owed places | ended jobs | HELD MORE WANTED DISCARD ASKED
//!
//! enter    jobs + 1: refused if closed or full. No entry, and a place is free: running + 1, and the job is queued at once
//! push     else: the slot becomes HELD, its entry the newest. A place is free: take it, and claim with it. A detached job is
//!          entered and pushed by one exchange
//! leave    a job with a place has ended. No entry: running - 1, jobs - 1. Else claim, with one job ended
//! claim    by a thread with a place and no job. ended + 1 if a job has ended. The role is free: take it, and hand on.
//!          Else owed + 1: the place is left to the thread with the role
//! hand on  with the role and a place: pop the oldest entry, take the owed places, or give up the role if there are none. The
//!          job gets the place: HELD is cleared, and it goes to the tail of the ready ring
//! no entry with the role and places, and nothing to pop: clear LISTED; give up the role if no place is owed, and take the ended
//!          jobs. Then running - places, jobs - ended, by an exchange that fails if there are entries: claim again
//! fold     a submitter that finds the lane full, or a thread about to sleep for it: jobs - ended
//! cancel   of a held job: claim it, HELD stays; drop the input; clear HELD. The last of canceller and popper counts:
//!          jobs - 1. DEAD says that there may be such entries
//! sweep    a submitter that finds no room takes the role and takes those entries out. One that sleeps is woken when it can
//! close    CLOSED. To discard: DISCARD, and a thread that pops an entry drops its job. Then sleep until the word is over: no job, no
//!          place, no entry
//! ```
//!
//! *No job is forgotten.* While a job waits and a place is free, at least as many threads are about to pop as jobs wait, or have
//! left their places to the thread with the role. A push that finds a free place adds such a thread; a pop takes an entry with it.
//! A place becomes free only when there is no entry: LISTED is set by the exchange that takes the list, and cleared with the
//! role, when `first` is empty.
//!
//! *The count of jobs* is never too low. Jobs that ended are counted in `role` first, and a thread that would refuse or sleep
//! because of the count takes them off. If the role is free and counts some, LISTED is set: so the last place folds before it goes.
//!
//! *Sleep.* A thread that waits for room sets WANTED in `word`, then in `role`. The thread that clears it in `role` takes the
//! ended jobs off `word`, and finds it there. A thread that could help if it had the role sets ASKED: the thread that gives up the
//! role wakes it.
//!
//! *Order.* A lane hands its jobs to the pool in the order in which they were pushed. With width 1 they run in this order, and
//! each sees what the one before it did: leave and claim release, and whoever takes the place acquires (E10).
//!
//! *The memory of a lane* can go when its word is over (close) and no thread calls with it: the exchange of `word` that brings
//! that about is the last touch, of a thread that gives up a place or takes jobs off. Threads that sleep for a lane do so on the
//! pool's event count.
//!
//! A thread that is stopped inside one of these steps may hold a place or the role. Then its lane stands still, or is
//! narrower by one, until the thread goes on. Other lanes, and jobs without a lane, do not notice.

use super::RawPool;
use super::lane_ref::{LaneRef, Left};
use super::lane_word::{Flag, RoleFlag};
use super::run::Claimed;
use crate::job::id::JobId;
use crate::job::vtable::DiscardReason;
use crate::platform::keeping_errno;
use crate::platform::port::{Origin, Port};
use crate::slot::held::Unheld;
use crate::slot::storage::Storage;
use crate::sync::{AcqRel, Bug, Relaxed, Release, Site, bug, ordering};

/// What a popped entry became.
enum HandedOn {
    Queued,
    /// The job has ended.
    Ended,
    /// Its canceller ends it.
    Left,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// A job that has a place has ended: its thread gives the place on.
    fn pass_place_on(&self, lane: LaneRef) {
        // With entries in `first` the word need not be read, which submitters write.
        if lane.role_now().has(RoleFlag::More) || !self.gives_up(lane, 1, 1) {
            self.find_jobs(lane, 1, 1);
        }
    }

    /// Gives up places, unless a job waits. If true, the lane may be gone.
    fn gives_up(&self, lane: LaneRef, places: usize, ended: usize) -> bool {
        // ORDERING: Release: what the job did comes before what the next one in its place does (E10).
        let left = self.move_lane(lane, ordering(Site::LaneLeave, Release), |word| {
            let is_free = word.has_no_entry() || bug(Bug::GivesTheRoleUpUnseen);
            is_free.then(|| word.end_places(places).end_jobs(ended))
        });
        left.is_ok()
    }

    /// Finds jobs for the caller's places, or leaves the places to the thread with the role.
    pub(super) fn find_jobs(&self, lane: LaneRef, places: usize, ended: usize) {
        if let Some(places) = self.claim(lane, places, ended) {
            self.hand_on(lane, places);
        }
    }

    /// Some: the caller has the role, and this many places. None: the lane may be gone.
    fn claim(&self, lane: LaneRef, places: usize, ended: usize) -> Option<usize> {
        let (mut mine, mut folded) = (None, 0);
        // ORDERING: Release: what the job did comes before what the next one in its place does, also if another thread hands that
        // on (E10), and before the close that learns of its end. Acquire: with the role come the list and its links.
        self.change_role(lane, ordering(Site::LaneClaim, AcqRel), |role| {
            let mut to = role.add_ended(ended);
            folded = if to.has(RoleFlag::Wanted) { to.ended() } else { 0 };
            if folded > 0 {
                to = to.without(RoleFlag::Wanted).without_ended();
            }
            mine = (!role.has(RoleFlag::Held)).then(|| places + role.owed());
            if mine.is_some() { to.with(RoleFlag::Held).without_owed() } else { to.owe(places) }
        });
        self.end_lane_jobs(lane, folded);
        mine
    }

    /// Gives the caller's places to the oldest jobs that wait, then gives up the role. The caller has both.
    pub(super) fn hand_on(&self, lane: LaneRef, places: usize) {
        let mut left = Some(places);
        while let Some(places) = left {
            left = match self.pop_entry(lane) {
                Some(index) => self.hand_one_on(lane, index, places),
                None => self.end_search(lane, places),
            };
        }
    }

    /// Gives one place to the job whose entry was popped. Some: the caller still has the role, and this many places.
    fn hand_one_on(&self, lane: LaneRef, index: usize, places: usize) -> Option<usize> {
        // SAFETY:
        // - 1: we have the role.
        let has_more = !unsafe { lane.first() }.is_none();
        let (mut left, mut discards) = (0, false);
        // ORDERING: Release: the next thread with the role finds the list as it is. An owed place that is taken here is one of
        // several, whose jobs need not see each other.
        self.change_role(lane, ordering(Site::LaneYield, Release), |role| {
            discards = role.has(RoleFlag::Discard) || self.lifecycle.discards();
            if discards {
                left = 0;
                // The role is not kept over the drop of an input: that is user code. The next thread that claims has the places.
                return role.owe(places - 1).released(has_more);
            }
            left = places - 1 + role.owed();
            let to = role.without_owed();
            if left == 0 { to.released(has_more) } else { to }
        });
        let ended = match self.end_hold(lane, index, discards) {
            HandedOn::Queued => return (left > 0).then_some(left),
            _ if bug(Bug::StopsAtACancelledJob) => return None,
            HandedOn::Ended => 1,
            HandedOn::Left => 0,
        };
        // The place is still the caller's.
        if left == 0 {
            return self.claim(lane, 1, ended);
        }
        self.end_lane_jobs(lane, ended);
        Some(left + 1)
    }

    /// Gives up the role, and places for which there is no job. Some: there is one.
    fn end_search(&self, lane: LaneRef, mut places: usize) -> Option<usize> {
        let mut ended = 0;
        loop {
            // ORDERING: Relaxed: guards no data. The role's word brings what the thread finds that reads this.
            let unlisted = self.move_lane(lane, ordering(Site::LaneEmpty, Relaxed), |word| {
                word.newest().is_none().then(|| word.without(Flag::Listed))
            });
            if unlisted.is_err() {
                self.end_lane_jobs(lane, ended);
                return Some(places);
            }
            // ORDERING: Acquire: what the jobs did that have ended comes before `gives_up`, and before the next job in an owed
            // place. Release: the next thread with the role finds the list as it is.
            let (old, new) = self.change_role(lane, ordering(Site::LaneRelease, AcqRel), |role| {
                let to = role.without_owed().without_ended();
                if role.owed() > 0 { to } else { to.released(false) }
            });
            places += old.owed();
            ended += old.ended();
            if !new.has(RoleFlag::Held) {
                let has_left = self.gives_up(lane, places, ended);
                return if has_left { None } else { self.claim(lane, places, ended) };
            }
        }
    }

    /// Queues or drops a job whose entry was popped. It gets the caller's place.
    fn end_hold(&self, lane: LaneRef, index: usize, discards: bool) -> HandedOn {
        let slot = self.slot(index);
        match slot.unhold(discards) {
            Unheld::Job(state) if discards => {
                // SAFETY:
                // - 1: the job is claimed, so the body is ours.
                unsafe { (lane.lane().code.forget)(slot.payload()) };
                let discard = || self.drop_claimed(Claimed { index, state }, DiscardReason::Shutdown);
                keeping_errno(|| lane.inside(true, discard));
                self.notify_closers_if_closed(Origin::Thread);
                HandedOn::Ended
            }
            Unheld::Job(_) => {
                let position = self.ready().push(index).position;
                self.notify_workers(position, false, Origin::Thread);
                HandedOn::Queued
            }
            Unheld::Dropped { vacant } => {
                if vacant {
                    self.give_back(index, Origin::Thread);
                }
                HandedOn::Ended
            }
            Unheld::Dropping => HandedOn::Left,
        }
    }

    /// Has a job of a lane, whose input is being dropped, been released before?
    pub(super) fn has_place(&self, job: JobId) -> bool {
        self.find(job).is_ok_and(|(index, _)| !self.slot(index).state().is_dropping())
    }

    pub(super) fn leave_lane(&self, lane: LaneRef, left: Left) {
        let Left::Dropped(job) = left else { return self.pass_place_on(lane) };
        let Ok((index, _)) = self.find(job) else { return };
        let slot = self.slot(index);
        if self.has_place(job) {
            return self.pass_place_on(lane);
        }
        // ORDERING: Release: a submitter that sees DEAD finds that the job no longer waits, and a thread that sees the word ended has
        // seen the drop. The lane is there: the popper leaves us the count.
        self.change_lane(lane, ordering(Site::LaneDead, Release), |word| word.with(Flag::Dead));
        if !slot.end_drop().is_in_ring() && !bug(Bug::LosesACancelledJob) {
            self.end_lane_jobs(lane, 1);
        }
    }
}
