//! Submitting to a lane: `lane.rs` has the protocol.

use super::RawPool;
use super::lane_ref::LaneRef;
use super::lane_waits::LaneWaitError;
use super::lane_word::{Flag, Link, Word};
use super::request::{Request, WhenFull};
use super::submit::{ReserveError, Reserved};
use crate::job::id::JobId;
use crate::platform::keeping_errno;
use crate::platform::port::{Deadline, Origin, Port, Timeout};
use crate::slot::Slot;
use crate::slot::held::Unheld;
use crate::slot::state::Recipient;
use crate::slot::storage::Storage;
use crate::sync::{AcqRel, Acquire, Bug, Relaxed, Site, bug, ordering};

/// What a submitter found in the word of a lane.
enum Entered {
    /// The job has a place.
    WithPlace,
    /// It waits.
    Waits,
    Full,
    Closed,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Submits a job to a lane of this pool. What `submit` says holds here too; a closed lane refuses as a pool that was shut
    /// down, a full lane as a full pool.
    ///
    /// # Safety
    /// 1. As `submit`.
    /// 2. The job's functions call `LaneRef::run`, `leave_exited` or `drop_job` of this lane, its payload has a link
    ///    (`LaneJobs`), and its recipient is not an owner.
    /// 3. The lane stays until this returns.
    pub(crate) unsafe fn submit_to_lane<R: Request, W: WhenFull>(
        &self,
        lane: LaneRef,
        request: R,
        recipient: Recipient,
        when_full: W,
    ) -> Result<JobId, (ReserveError, R)> {
        let deadline = Deadline::after(&self.port, when_full.timeout());
        let _counted =
            self.storage.counts_submits().then(|| self.lifecycle.visit(&self.port, Origin::Thread));
        loop {
            let look = self.look_at_lane(lane);
            let is_full = matches!(look, Entered::Full);
            let found = match look {
                Entered::Closed => Err(ReserveError::Shutdown),
                Entered::Full if self.refuses_jobs() => Err(ReserveError::Shutdown),
                // It takes no slot.
                Entered::Full => Err(ReserveError::Full),
                _ => self.try_reserve(W::POPPER, Origin::Thread),
            };
            let found = match found {
                // Cancelled jobs may still have their places in the list, and their slots.
                Err(ReserveError::Full) if self.sweep_lane(lane) => continue,
                Err(ReserveError::Full) if W::WAITS && !is_full => {
                    keeping_errno(|| self.reserve_until(when_full, deadline))
                }
                found => found,
            };
            let Reserved(index) = match found {
                Ok(reserved) => reserved,
                Err(ReserveError::Full) if W::WAITS && is_full => {
                    match keeping_errno(|| self.await_room(lane, when_full.timeout(), deadline)) {
                        Ok(()) => continue,
                        Err(refused) => return Err((refused, request)),
                    }
                }
                Err(refused) => return Err((refused, request)),
            };
            match self.enter_lane(lane) {
                Entered::WithPlace => {
                    // SAFETY:
                    // - 1: just reserved from this pool. 2: the caller's.
                    return Ok(unsafe { self.publish(Reserved(index), request, recipient, Origin::Thread) });
                }
                Entered::Waits => {
                    let vtable = request.vtable();
                    // SAFETY:
                    // - 1: as above. 2: a request writes what its functions take.
                    let state = unsafe {
                        self.slot(index).fill(vtable, recipient.held(), |payload| request.write(payload))
                    };
                    self.push_entry(lane, index);
                    return Ok(Slot::handle(self.tag(), index, state));
                }
                // Another submitter was faster, or the lane was closed: look again.
                Entered::Full | Entered::Closed => self.give_back(index, Origin::Thread),
            }
        }
    }

    fn reserve_until<W: WhenFull>(&self, when_full: W, deadline: Deadline) -> Result<Reserved, ReserveError> {
        let left = match when_full.timeout() {
            Timeout::Nanos(_) => deadline
                .left(&self.port)
                .map_err(|()| ReserveError::TimedOut)?
                .map_or(Timeout::Forever, Timeout::Nanos),
            timeout => timeout,
        };
        self.reserve_slow(left).map(|(reserved, _visit)| reserved)
    }

    fn look_at_lane(&self, lane: LaneRef) -> Entered {
        // ORDERING: Relaxed: `enter_lane` decides.
        Self::judge_lane(lane, Word(lane.lane().word.load(ordering(Site::LaneLook, Relaxed))))
    }

    fn judge_lane(lane: LaneRef, word: Word) -> Entered {
        if word.has(Flag::Closed) {
            Entered::Closed
        } else if word.jobs() >= lane.most() {
            Entered::Full
        } else if word.waiting() == 0 && word.running() < lane.width() {
            Entered::WithPlace
        } else {
            Entered::Waits
        }
    }

    /// Counts a job.
    fn enter_lane(&self, lane: LaneRef) -> Entered {
        let judge = |word| match Self::judge_lane(lane, word) {
            Entered::Full if bug(Bug::LooksForRoomOnce) => Entered::Waits,
            judged => judged,
        };
        // ORDERING: Acquire pairs with the Release of the thread that gave the place up: the jobs before come before this one (E10).
        let entered = self.move_lane(lane, ordering(Site::LaneEnter, Acquire), |word| match judge(word) {
            Entered::WithPlace => Some(word.add_job().add_place()),
            Entered::Waits => Some(word.add_job()),
            Entered::Full | Entered::Closed => None,
        });
        match entered {
            Ok((old, _)) => judge(old),
            Err(word) => judge(word),
        }
    }

    /// Pushes the entry of a held job, which is counted.
    fn push_entry(&self, lane: LaneRef, index: usize) {
        // ORDERING: Release publishes the link and the body. Acquire: as in pass_place_on, if this thread takes the role.
        let pushed = self.move_lane(lane, ordering(Site::LanePush, AcqRel), |word| {
            self.set_next(lane, index, word.newest());
            let word = word.with_newest(Link::to(index));
            let takes_role = word.running() < lane.width() && !word.has(Flag::Role);
            Some(if takes_role { word.with(Flag::Role).add_place() } else { word })
        });
        if let Ok((old, new)) = pushed
            && !old.has(Flag::Role)
            && new.has(Flag::Role)
        {
            self.hand_on(lane);
        }
    }

    /// Takes the entries of cancelled jobs out of the lane. False if there is nothing to do, or if another thread has the role.
    #[cold]
    fn sweep_lane(&self, lane: LaneRef) -> bool {
        // ORDERING: Acquire: with the role come the list and its links. And as LaneDead says.
        let took = self.move_lane(lane, ordering(Site::LaneSweep, Acquire), |word| {
            word.can_be_swept().then(|| word.with(Flag::Role).without(Flag::Dead))
        });
        if took.is_err() {
            return false;
        }
        let (mut ended, mut last) = (0, None);
        self.gather(lane);
        // SAFETY:
        // - 1: we have the role.
        let mut link = unsafe { lane.first() };
        while let Some(index) = link.index() {
            let next = self.next(lane, index);
            if self.slot(index).state().is_held() {
                last = Some(index);
            } else {
                match last {
                    Some(last) => self.set_next(lane, last, next),
                    // SAFETY:
                    // - as above.
                    None => unsafe { lane.set_first(next) },
                }
                if let Unheld::Dropped { vacant } = self.slot(index).unhold(false) {
                    ended += 1;
                    if vacant {
                        self.give_back(index, Origin::Thread);
                    }
                }
            }
            link = next;
        }
        self.end_look(lane, ended);
        true
    }

    /// Puts the entries that were pushed behind those that were taken before. The caller has the role.
    pub(super) fn gather(&self, lane: LaneRef) {
        let newer = self.take_list(lane);
        // SAFETY:
        // - 1: the caller's.
        let mut link = unsafe { lane.first() };
        let mut last = None;
        while let Some(index) = link.index() {
            last = Some(index);
            link = self.next(lane, index);
        }
        match last {
            Some(last) => self.set_next(lane, last, newer),
            // SAFETY:
            // - as above.
            None => unsafe { lane.set_first(newer) },
        }
    }

    /// Ends a look at the list by a thread that has the role and no place. `ended` jobs end with it.
    pub(super) fn end_look(&self, lane: LaneRef, ended: usize) {
        // ORDERING: as in pass_place_on.
        let moved = self.move_lane(lane, ordering(Site::LaneLookEnd, AcqRel), |word| {
            let word = word.end_jobs(ended);
            let hands_on = word.waiting() > 0 && word.running() < lane.width();
            Some(if hands_on { word.add_place() } else { word.without(Flag::Role) })
        });
        if moved.is_ok_and(|(_, new)| new.has(Flag::Role)) {
            self.hand_on(lane);
        }
    }

    /// Waits until the lane has room, or is closed.
    #[cold]
    fn await_room(&self, lane: LaneRef, timeout: Timeout, deadline: Deadline) -> Result<(), ReserveError> {
        let _visit = self.lifecycle.visit(&self.port, Origin::Thread);
        if self.lifecycle.live() == 0 {
            // As a submit to a full pool without workers.
            deadline.left(&self.port).map_err(|()| ReserveError::TimedOut)?;
            return if self.stack_suffices() && self.run_one() { Ok(()) } else { Err(ReserveError::Full) };
        }
        // Room, or what a sweep may make room of. Or the last worker has left: then this thread runs jobs.
        let has_room = |word: Word| {
            let is_full = word.jobs() >= lane.most() && !word.can_be_swept();
            !is_full || word.has(Flag::Closed) || self.lifecycle.live() == 0
        };
        let is_refused = || self.refuses_jobs() || self.is_copy();
        match self.sleep_for_lane(lane, timeout, deadline, has_room, is_refused) {
            Ok(()) => Ok(()),
            Err(LaneWaitError::Ended) => Err(ReserveError::Shutdown),
            Err(LaneWaitError::TimedOut) => Err(ReserveError::TimedOut),
            Err(LaneWaitError::Deadlock) => Err(ReserveError::Deadlock),
            Err(LaneWaitError::Interrupted) => Err(ReserveError::Interrupted),
        }
    }
}
