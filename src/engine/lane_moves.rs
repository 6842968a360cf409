//! Moves the words of a lane, and the links of its list. `lane.rs` has the protocol.

use super::RawPool;
use super::lane_ref::{LaneCode, LaneRef};
use super::lane_word::{Flag, Link, Role, RoleFlag, Word};
use crate::platform::port::{Origin, Port};
use crate::slot::storage::Storage;
use crate::sync::{Acquire, Relaxed, Release, Site, ordering, stop_point};
use crate::util::prefetch::fetch_to_write;
use core::ptr;
use core::sync::atomic::Ordering;

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
        let (word, code) = (&lane.lane().word, lane.lane().submitters_code);
        lane.lane().watched.life.with(|_| ());
        fetch_to_write(ptr::from_ref(word).cast());
        // ORDERING: Relaxed: the exchange decides.
        let mut now = Word(word.load(ordering(Site::LaneLook, Relaxed)));
        loop {
            let Some(mut to) = next(now) else { return Err(now) };
            debug_assert!(to.running() <= lane.width() + 1, "one place more than the width is for a closer");
            let has_fewer = to.jobs() < now.jobs() && !to.has(Flag::Closed);
            let tells = now.has(Flag::Wanted)
                && (has_fewer
                    || to.has(Flag::Dead) && !now.has(Flag::Dead)
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
                        self.notify_lane_waiters();
                    }
                    return Ok((now, to));
                }
            }
        }
    }

    /// As move_lane. Returns the old and the new value.
    pub(super) fn change_lane(
        &self,
        lane: LaneRef,
        success: Ordering,
        mut next: impl FnMut(Word) -> Word,
    ) -> (Word, Word) {
        match self.move_lane(lane, success, |word| Some(next(word))) {
            Ok(moved) => moved,
            Err(word) => (word, word),
        }
    }

    /// Moves the role's word, as `change_lane` does, and wakes the threads that wait for the role if it is given up. If this leaves
    /// the caller's places to another thread, the lane may be gone when it returns.
    pub(super) fn change_role(
        &self,
        lane: LaneRef,
        success: Ordering,
        mut next: impl FnMut(Role) -> Role,
    ) -> (Role, Role) {
        let word = &lane.lane().role;
        lane.lane().watched.life.with(|_| ());
        let mut now = lane.role_now();
        loop {
            let to = next(now);
            debug_assert!(to.owed() <= lane.width() + 1);
            // ORDERING: the caller's. Relaxed on failure: it is tried again.
            match word.compare_exchange(now.0, to.0, success, ordering(Site::LaneLost, Relaxed)) {
                Err(found) => now = Role(found),
                Ok(_) => {
                    if now.has(RoleFlag::Asked) && !to.has(RoleFlag::Asked) {
                        self.notify_lane_waiters();
                    }
                    return (now, to);
                }
            }
        }
    }

    /// Takes the role, without a place. False: another thread has it. `to_discard`: what waits is dropped from here on.
    pub(super) fn takes_role(&self, lane: LaneRef, to_discard: bool) -> bool {
        // ORDERING: Acquire: with the role come the list and its links.
        let (old, _) = self.change_role(lane, ordering(Site::LaneRole, Acquire), |role| {
            let to = role.with(RoleFlag::Held);
            if to_discard { to.with(RoleFlag::Discard) } else { to }
        });
        !old.has(RoleFlag::Held)
    }

    /// Wakes the threads that sleep for a lane. The lane may be gone.
    pub(super) fn notify_lane_waiters(&self) {
        stop_point(Site::LaneWake);
        self.lifecycle.notify_closers(&self.port, Origin::Thread);
    }

    /// Takes jobs that have ended off the lane's word. They kept the lane until now.
    pub(super) fn end_lane_jobs(&self, lane: LaneRef, ended: usize) {
        if ended > 0 {
            // ORDERING: Release: a closer that sees the word over has seen what the jobs did.
            self.change_lane(lane, ordering(Site::LaneEnded, Release), |word| word.end_jobs(ended));
        }
    }

    /// The link of a slot that has an entry in the lane, or is about to.
    fn link(&self, code: &LaneCode, index: usize) -> *mut usize {
        // SAFETY:
        // - 1: the caller's.
        unsafe { (code.link)(self.slot(index).payload()) }
    }

    /// The next entry of the list. The caller has the role.
    pub(super) fn next(&self, lane: LaneRef, index: usize) -> Link {
        lane.lane().watched.link(index, |link| link.with(|_| ()));
        // SAFETY:
        // - the entry is in the list, so its link is the lane's. The exchange that pushed it released the link, and taking the list
        //   acquired it.
        Link(unsafe { self.link(lane.lane().code, index).read() })
    }

    pub(super) fn set_next(&self, lane: LaneRef, index: usize, to: Link) {
        self.write_link(lane, lane.lane().code, index, to);
    }

    /// As set_next, of an entry that is not in the list yet.
    pub(super) fn link_new(&self, lane: LaneRef, index: usize, to: Link) {
        self.write_link(lane, lane.lane().submitters_code, index, to);
    }

    fn write_link(&self, lane: LaneRef, code: &LaneCode, index: usize, to: Link) {
        lane.lane().watched.link(index, |link| link.with_mut(|_| ()));
        // SAFETY:
        // - as in next, or the entry is not in the list yet.
        unsafe { self.link(code, index).write(to.0) };
    }

    /// Pops the oldest entry. The caller has the role.
    pub(super) fn pop_entry(&self, lane: LaneRef) -> Option<usize> {
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
            (!word.newest().is_none()).then(|| word.with_newest(Link::NONE).with(Flag::Listed))
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
}
