//! Submitting to a lane: `lane.rs` has the protocol.

use super::RawPool;
use super::lane_ref::LaneRef;
use super::lane_waits::LaneWaitError;
use super::lane_word::{Flag, Link, Role, RoleFlag, Word};
use super::request::{Request, WhenFull};
use super::submit::{ReserveError, Reserved};
use crate::job::id::JobId;
use crate::platform::keeping_errno;
use crate::platform::port::{Deadline, Origin, Port, Timeout};
use crate::slot::Slot;
use crate::slot::held::Unheld;
use crate::slot::state::Recipient;
use crate::slot::storage::Storage;
use crate::sync::{AcqRel, Acquire, Bug, Relaxed, Release, Site, bug, ordering};
use crate::util::backoff::{SPINS, pause};
use core::mem::ManuallyDrop;
use core::ptr;

/// How long a submitter at a full lane pauses before it takes jobs off the count, about 1 µs: otherwise it fetches the role's word
/// after each job.
const PAUSES_AT_FULL: usize = 32;

/// What a submitter found in the word of a lane.
enum Entered {
    /// The job has a place.
    WithPlace,
    /// It waits, and its submitter has a place.
    WithClaim,
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
        mut request: R,
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
                // Jobs that have ended may still be counted. Cancelled ones may have their places in the list, and their slots.
                Err(ReserveError::Full) if is_full && self.fold(lane, W::WAITS) || self.sweep_lane(lane) => {
                    continue;
                }
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
            let submitted = if recipient.is_nobody() && request.can_be_taken_back() {
                self.post(lane, index, request)
            } else {
                // SAFETY:
                // - the index was reserved just now; the caller's.
                unsafe { self.enter_and_push(lane, index, request, recipient) }
            };
            match submitted {
                Ok(job) => return Ok(job),
                // Another submitter was faster, or the lane was closed: look again.
                Err(back) => {
                    self.give_back(index, Origin::Thread);
                    request = back;
                }
            }
        }
    }

    /// Submits a detached job, for which the caller has reserved a slot: nobody knows its handle, so it can be taken back.
    /// Err: the lane is full or closed.
    fn post<R: Request>(&self, lane: LaneRef, index: usize, request: R) -> Result<JobId, R> {
        let slot = self.slot(index);
        let vtable = request.vtable();
        let request = ManuallyDrop::new(request);
        // SAFETY:
        // - 1: the index came out of our free ring and went nowhere else. 2: a request writes what its functions take. It is
        //   moved there bit by bit, and from here on only one of the two copies is used.
        let state = unsafe {
            slot.fill(vtable, Recipient::NOBODY.held(), |payload| {
                ptr::from_ref(&*request).read().write(payload)
            })
        };
        match self.push_new(lane, index) {
            Entered::WithPlace => {
                slot.unhold(false);
                let position = self.ready().push(index).position;
                self.notify_workers(position, false, Origin::Thread);
            }
            Entered::WithClaim => self.find_jobs(lane, 1, 0),
            Entered::Waits => {}
            Entered::Full | Entered::Closed => {
                slot.vacate_owned(state.transition_to_running_popped());
                return Err(ManuallyDrop::into_inner(request));
            }
        }
        Ok(Slot::handle(self.tag(), index, state))
    }

    /// Counts a job that was filled as HELD, and pushes its entry, unless it can have a place at once.
    fn push_new(&self, lane: LaneRef, index: usize) -> Entered {
        // ORDERING: Release publishes the link and the body. Acquire pairs with the Release of the thread that gave the place up:
        // the jobs before come before this one (E10).
        let pushed = self.move_lane(lane, ordering(Site::LanePost, AcqRel), |word| {
            let entered = Self::judge_again(lane, word);
            match entered {
                Entered::WithPlace => Some(word.add_job().add_place()),
                Entered::WithClaim | Entered::Waits => {
                    self.link_new(lane, index, word.newest());
                    let to = word.add_job().with_newest(Link::to(index));
                    Some(if matches!(entered, Entered::WithClaim) { to.add_place() } else { to })
                }
                Entered::Full | Entered::Closed => None,
            }
        });
        let (Ok((found, _)) | Err(found)) = pushed;
        Self::judge_again(lane, found)
    }

    /// Submits a job with a handle: it is counted first, for from `fill` on a guessed handle can cancel it. Err: as for `post`.
    ///
    /// # Safety
    /// As `publish`.
    unsafe fn enter_and_push<R: Request>(
        &self,
        lane: LaneRef,
        index: usize,
        request: R,
        recipient: Recipient,
    ) -> Result<JobId, R> {
        match self.enter_lane(lane) {
            Entered::WithPlace => {
                // SAFETY:
                // - the caller's.
                Ok(unsafe { self.publish(Reserved(index), request, recipient, Origin::Thread) })
            }
            Entered::WithClaim | Entered::Waits => {
                let vtable = request.vtable();
                // SAFETY:
                // - 1: the caller's. 2: a request writes what its functions take.
                let state = unsafe {
                    self.slot(index).fill(vtable, recipient.held(), |payload| request.write(payload))
                };
                self.push_entry(lane, index);
                Ok(Slot::handle(self.tag(), index, state))
            }
            Entered::Full | Entered::Closed => Err(request),
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
        } else if word.running() >= lane.width() {
            Entered::Waits
        } else if word.has_no_entry() {
            Entered::WithPlace
        } else {
            Entered::WithClaim
        }
    }

    /// The same, once a slot is reserved.
    fn judge_again(lane: LaneRef, word: Word) -> Entered {
        match Self::judge_lane(lane, word) {
            Entered::Full if bug(Bug::LooksForRoomOnce) => Entered::Waits,
            judged => judged,
        }
    }

    /// Counts a job.
    fn enter_lane(&self, lane: LaneRef) -> Entered {
        // ORDERING: Acquire pairs with the Release of the thread that gave the place up: the jobs before come before this one (E10).
        let entered =
            self.move_lane(lane, ordering(Site::LaneEnter, Acquire), |word| {
                match Self::judge_again(lane, word) {
                    Entered::WithPlace => Some(word.add_job().add_place()),
                    Entered::WithClaim | Entered::Waits => Some(word.add_job()),
                    Entered::Full | Entered::Closed => None,
                }
            });
        let (Ok((found, _)) | Err(found)) = entered;
        Self::judge_again(lane, found)
    }

    /// Pushes the entry of a held job, which is counted.
    fn push_entry(&self, lane: LaneRef, index: usize) {
        // ORDERING: Release publishes the link and the body. If this takes a place, LaneTake acquires what the job before did.
        let (old, new) = self.change_lane(lane, ordering(Site::LanePush, Release), |word| {
            self.link_new(lane, index, word.newest());
            let to = word.with_newest(Link::to(index));
            if word.running() < lane.width() { to.add_place() } else { to }
        });
        if new.running() > old.running() {
            self.find_jobs(lane, 1, 0);
        }
    }

    /// Takes jobs that have ended off the lane's count. False if there are none. `waits`: may it pause for more of them?
    fn fold(&self, lane: LaneRef, waits: bool) -> bool {
        if SPINS && waits && self.config().spin > 0 {
            pause(PAUSES_AT_FULL.min(lane.most() / 8));
        }
        // ORDERING: Relaxed: guards no data. A close learns of the end of all jobs from the last place (LaneRelease, LaneLeave).
        let (old, _) = self.change_role(lane, ordering(Site::LaneFold, Relaxed), Role::without_ended);
        self.end_lane_jobs(lane, old.ended());
        old.ended() > 0
    }

    /// Takes the entries of cancelled jobs out of the lane. False if there is nothing to do, or if another thread has the role.
    #[cold]
    pub(super) fn sweep_lane(&self, lane: LaneRef) -> bool {
        // ORDERING: Relaxed: the exchange decides.
        if !Word(lane.lane().word.load(ordering(Site::LaneLook, Relaxed))).has(Flag::Dead) {
            return false;
        }
        if !self.takes_role(lane, false) {
            return false;
        }
        // ORDERING: Acquire: as LaneDead says.
        let swept = self.move_lane(lane, ordering(Site::LaneSweep, Acquire), |word| {
            word.has(Flag::Dead).then(|| word.without(Flag::Dead))
        });
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
        self.end_lane_jobs(lane, ended);
        self.end_look(lane);
        swept.is_ok()
    }

    /// Ends a look at the list by a thread that has the role and no place.
    pub(super) fn end_look(&self, lane: LaneRef) {
        // SAFETY:
        // - 1: we have the role.
        let has_more = !unsafe { lane.first() }.is_none();
        // ORDERING: Release: the next thread with the role finds the list as it is. Acquire: with an owed place comes what the job
        // in it did (E10).
        let (old, new) = self.change_role(lane, ordering(Site::LaneLookEnd, AcqRel), |role| {
            if role.owed() > 0 { role.without_owed() } else { role.released(has_more) }
        });
        if new.has(RoleFlag::Held) {
            self.hand_on(lane, old.owed());
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
        // Room. Or the last worker has left: then this thread runs jobs.
        let has_room =
            |word: Word| word.jobs() < lane.most() || word.has(Flag::Closed) || self.lifecycle.live() == 0;
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
