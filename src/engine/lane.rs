//! Lanes: a FIFO of jobs of which at most `width` run at the same time.
//!
//! A job of a lane is a job of the pool. Either it has one of the lane's *places*, and then it is queued or runs as any job; or
//! its lane holds it back: its slot is HELD (slot/state.rs), and its entry lies in the lane's list instead of the ready ring.
//!
//! The list has no memory of its own: each slot's payload has a *link*, the index of the next older entry. New entries are
//! pushed at the front of the list, whose head is in the lane's word. The thread that has the *role* pops: it takes the whole
//! list by one exchange, turns it round, and keeps that as `first`, oldest entry first.
//!
//! ```text
//! word     running | jobs | newest entry | CLOSED DISCARD ROLE WANTED DEAD ORPHAN
//!
//! enter    jobs + 1: refused if closed or full. No job waits and a place is free: running + 1, and the job is queued at once
//! push     else: the slot becomes HELD, its entry the newest. A place is free and no thread has the role: take both
//! leave    a job with a place has ended: jobs - 1. A job waits and no thread has the role: take it, and keep the place;
//!          else running - 1
//! hand on  with the role and a place: pop the oldest entry, give up the role, and the job gets the place: HELD is cleared, and it goes
//!          to the tail of the ready ring. No entry: give up both, by an exchange that fails if one was pushed meanwhile
//! cancel   of a held job: claim it, HELD stays; drop the input; clear HELD. The last of canceller and popper counts:
//!          jobs - 1. DEAD says that there may be such entries
//! sweep    a submitter that finds no room takes the role and takes those entries out. One that sleeps is woken when it can
//! close    CLOSED. To discard: DISCARD, and a thread that pops an entry drops its job. Then sleep until the word has ended: no job, no
//!          entry, no role
//! ```
//!
//! *No job is forgotten.* A job that waits while a place is free has a thread that will start it: the one between enter and
//! push, or the one with the role. That thread gives up the role by an exchange of the word, and sees there what was pushed, or
//! which places became free.
//!
//! *Order.* A lane hands its jobs to the pool in the order in which they were pushed. With width 1 they run in this order, and
//! each sees what the one before it did: leave releases, and whoever takes the place acquires (E10).
//!
//! *The memory of a lane* can go when its word has ended (close) and no thread calls with it: the exchange that brings that about is the
//! last touch. Threads that sleep for a lane do so on the pool's event count.
//!
//! A thread that is stopped inside one of these steps may hold a place or the role. Then its lane stands still, or is
//! narrower by one, until the thread goes on. Other lanes, and jobs without a lane, do not notice.

use super::RawPool;
use super::lane_ref::{LaneRef, Left};
use super::lane_word::{Flag, Link, Word};
use super::run::Claimed;
use crate::job::id::JobId;
use crate::job::vtable::DiscardReason;
use crate::platform::keeping_errno;
use crate::platform::port::{Origin, Port};
use crate::slot::held::Unheld;
use crate::slot::storage::Storage;
use crate::sync::{AcqRel, Acquire, Bug, Relaxed, Release, Site, bug, ordering, stop_point};
use crate::util::prefetch::fetch_to_write;
use core::ptr;
use core::sync::atomic::Ordering;

/// What a popped entry became.
enum HandedOn {
    Queued,
    /// The job has ended.
    Ended,
    /// Its canceller ends it.
    Left,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Moves the word of a lane by an exchange of this ordering, to what `next` makes of it. Err: `next` gave None. If the word is
    /// over now, the lane may be gone when this returns.
    pub(super) fn move_lane(
        &self,
        lane: LaneRef,
        success: Ordering,
        mut next: impl FnMut(Word) -> Option<Word>,
    ) -> Result<(Word, Word), Word> {
        // The code's address is copied: the lane may be gone when it is used.
        let (word, code) = (&lane.lane().word, lane.lane().code);
        lane.lane().watched.life.with(|_| ());
        fetch_to_write(ptr::from_ref(word).cast());
        // ORDERING: Relaxed: the exchange decides.
        let mut now = Word(word.load(ordering(Site::LaneLook, Relaxed)));
        loop {
            let Some(mut to) = next(now) else { return Err(now) };
            debug_assert!(to.running() <= lane.width() + 1, "one place more than the width is for a closer");
            let has_fewer = to.jobs() < now.jobs() && !to.has(Flag::Closed);
            let gave_up_role = now.has(Flag::Role) && !to.has(Flag::Role) && to.has(Flag::Discard);
            let tells = now.has(Flag::Wanted)
                && (has_fewer
                    || gave_up_role
                    || to.can_be_swept() && !now.can_be_swept()
                    || to.is_over()
                    || to.has(Flag::Closed) && !now.has(Flag::Closed));
            if tells {
                to = to.without(Flag::Wanted);
            }
            // ORDERING: the caller's. Relaxed on failure: it is tried again.
            match word.compare_exchange(now.0, to.0, success, ordering(Site::LaneLost, Relaxed)) {
                Err(found) => now = Word(found),
                Ok(_) => {
                    if to.is_over() && to.has(Flag::Orphan) {
                        // ORDERING: Acquire pairs with the Release of every exchange before: what others did to the lane comes before
                        // its end.
                        word.load(ordering(Site::LaneFree, Acquire));
                        lane.lane().end();
                        // SAFETY:
                        // - the word gets here once: no new job comes, and no other thread has the lane.
                        unsafe { (code.free)(lane.get()) };
                    }
                    if tells {
                        stop_point(Site::LaneWake);
                        self.lifecycle.notify_closers(&self.port, Origin::Thread);
                    }
                    return Ok((now, to));
                }
            }
        }
    }

    /// The link of a slot that has an entry in the lane, or is about to.
    pub(super) fn link(&self, lane: LaneRef, index: usize) -> *mut usize {
        // SAFETY:
        // - 1: the caller's.
        unsafe { (lane.lane().code.link)(self.slot(index).payload()) }
    }

    /// The next older entry. The caller has the role.
    pub(super) fn next(&self, lane: LaneRef, index: usize) -> Link {
        lane.lane().watched.link(index, |link| link.with(|_| ()));
        // SAFETY:
        // - the entry is in the list, so its link is the lane's. The exchange that pushed it released the link, and taking the list
        //   acquired it.
        Link(unsafe { self.link(lane, index).read() })
    }

    pub(super) fn set_next(&self, lane: LaneRef, index: usize, to: Link) {
        lane.lane().watched.link(index, |link| link.with_mut(|_| ()));
        // SAFETY:
        // - as above, or the entry is not in the list yet.
        unsafe { self.link(lane, index).write(to.0) };
    }

    /// A thread that has a place gives it on. `ended`: the number of jobs that end with this: 0 or 1.
    fn pass_place_on(&self, lane: LaneRef, ended: usize) {
        if self.leaves_with_role(lane, ended) {
            self.hand_on(lane);
        }
    }

    /// Gives up a place, or takes the role with it. True: the caller has both.
    fn leaves_with_role(&self, lane: LaneRef, ended: usize) -> bool {
        let mut takes_role = false;
        // ORDERING: Release: what the job did comes before what the next one in its place does (E10). Acquire: with the role come
        // the list and its links.
        let _ = self.move_lane(lane, ordering(Site::LaneLeave, AcqRel), |word| {
            let word = word.end_place().end_jobs(ended);
            takes_role = word.waiting() > 0 && !word.has(Flag::Role);
            Some(if takes_role { word.with(Flag::Role).add_place() } else { word })
        });
        takes_role
    }

    /// Gives the caller's place to the oldest job that waits, and gives up the role. Goes on as long as there are free places.
    pub(super) fn hand_on(&self, lane: LaneRef) {
        loop {
            let Some(index) = self.pop_entry(lane) else {
                // ORDERING: Release: the next thread with the role finds the list as it is, and the next job in this place what
                // the last one did.
                let left = self.move_lane(lane, ordering(Site::LaneEmpty, Release), |word| {
                    let is_empty = word.newest().is_none() || bug(Bug::GivesTheRoleUpUnseen);
                    is_empty.then(|| word.without(Flag::Role).end_place())
                });
                if left.is_ok() {
                    return;
                }
                continue;
            };
            let (mut keeps_role, mut discards) = (false, false);
            // ORDERING: Release: as above.
            let _ = self.move_lane(lane, ordering(Site::LaneYield, Release), |word| {
                discards = word.has(Flag::Discard) || self.lifecycle.discards();
                // Not over the drop of an input: that is user code.
                keeps_role = !discards && word.waiting() > 0 && word.running() < lane.width();
                Some(if keeps_role { word.add_place() } else { word.without(Flag::Role) })
            });
            let ended = match self.end_hold(lane, index, discards) {
                HandedOn::Queued if keeps_role => continue,
                HandedOn::Queued => return,
                _ if bug(Bug::StopsAtACancelledJob) => return,
                HandedOn::Ended => 1,
                HandedOn::Left => 0,
            };
            // The place is still the caller's, besides the one that goes with the role.
            let takes_role = self.leaves_with_role(lane, ended);
            if !keeps_role && !takes_role {
                return;
            }
        }
    }

    /// Pops the oldest entry. The caller has the role.
    fn pop_entry(&self, lane: LaneRef) -> Option<usize> {
        // SAFETY:
        // - 1: the caller's.
        let mut first = unsafe { lane.first() };
        if first.is_none() {
            first = self.take_list(lane);
        }
        let index = first.index()?;
        let next = self.next(lane, index);
        // SAFETY:
        // - 1: the caller's.
        unsafe { lane.set_first(next) };
        Some(index)
    }

    /// Takes the entries that were pushed, and returns the oldest: the links lead to newer ones. The caller has the role.
    pub(super) fn take_list(&self, lane: LaneRef) -> Link {
        // ORDERING: Acquire pairs with the Release of a push: the links, and the jobs' bodies.
        let taken = self.move_lane(lane, ordering(Site::LaneTake, Acquire), |word| {
            (!word.newest().is_none()).then(|| word.with_newest(Link::NONE))
        });
        let mut link = taken.map_or(Link::NONE, |(old, _)| old.newest());
        let mut oldest = Link::NONE;
        while let Some(index) = link.index() {
            let older = self.next(lane, index);
            self.set_next(lane, index, oldest);
            (oldest, link) = (link, older);
        }
        oldest
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
        let Left::Dropped(job) = left else { return self.pass_place_on(lane, 1) };
        let Ok((index, _)) = self.find(job) else { return };
        let slot = self.slot(index);
        if self.has_place(job) {
            return self.pass_place_on(lane, 1);
        }
        // ORDERING: Release: a submitter that sees DEAD finds the job not HELD, and a thread that sees the word ended has seen the drop. The
        // lane is there: the popper leaves us the count.
        let _ = self.move_lane(lane, ordering(Site::LaneDead, Release), |word| Some(word.with(Flag::Dead)));
        if !slot.end_drop().is_in_ring() && !bug(Bug::LosesACancelledJob) {
            // ORDERING: Release: a closer that sees the word ended has seen the drop.
            let _ = self.move_lane(lane, ordering(Site::LaneDropped, Release), |word| Some(word.end_jobs(1)));
        }
    }
}
