//! The memory of a lane, and what its jobs call: `lane.rs` has the protocol.

use super::lane_word::{Link, Role, Word};
use crate::job::context::{CallContext, LaneScope};
use crate::job::id::JobId;
use crate::job::vtable::{Payload, RunResult};
use crate::slot::AwaitedOwner;
use crate::sync::{AtomicUsize, Relaxed, Site, UnsafeCell, ordering};

/// The code of a lane, for one type of pool and one API.
pub(super) struct LaneCode {
    pub(super) link: unsafe fn(Payload) -> *mut usize,
    pub(super) forget: unsafe fn(Payload),
    pub(super) free: unsafe fn(*const Lane),
    pub(super) current: unsafe fn(*const ()) -> *const CallContext,
    pub(super) set_current: unsafe fn(*const (), *const CallContext),
    pub(super) leave: unsafe fn(LaneRef, Left),
    pub(super) has_place: unsafe fn(LaneRef, JobId) -> bool,
    pub(super) holds_back: unsafe fn(*const (), *const (), usize) -> Option<bool>,
}

/// The numbers that a lane is made with.
#[cfg(target_pointer_width = "64")]
pub(super) type Half = u32;
#[cfg(not(target_pointer_width = "64"))]
pub(super) type Half = u16;

/// A lane of one pool: what submitters use, what few need, and what threads use that run jobs. Submitters write `word`, those
/// threads `role` and `first`, and the two are at least a cache line of 64 bytes apart.
#[repr(C)]
pub(crate) struct Lane {
    pub(super) word: AtomicUsize,
    pub(super) width: Half,
    /// The most jobs that have not ended: the width, and as many as may wait.
    pub(super) most: Half,
    pub(super) submitters_code: &'static LaneCode,
    pub(super) owner: AwaitedOwner,
    pub(super) apart: Apart,
    pub(super) pool: *const (),
    pub(super) code: &'static LaneCode,
    // INVARIANT: only the thread that has the role touches it.
    pub(super) first: UnsafeCell<Link>,
    pub(super) role: AtomicUsize,
    /// Takes no memory. By it the model sees uses of the lane after its end, and of links before they are written.
    pub(super) watched: Watched,
}

/// The distance between the two parts. 32-bit targets save the memory: there a submitter and a worker may write the same cache line.
#[cfg(target_pointer_width = "64")]
pub(super) type Apart = [usize; 3];
#[cfg(not(target_pointer_width = "64"))]
pub(super) type Apart = [usize; 0];

#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::offset_of!(Lane, first) - core::mem::offset_of!(Lane, owner) >= 64);

pub(super) struct Watched {
    pub(super) life: UnsafeCell<()>,
    pub(super) links: [UnsafeCell<()>; 4],
}

impl Watched {
    pub(super) fn link(&self, index: usize, f: impl FnOnce(&UnsafeCell<()>)) {
        if let Some(link) = self.links.get(index) {
            f(link);
        }
    }
}

// SAFETY:
// - `first` belongs to the thread with the role; all else is atomic or never changes, and the pool is shared.
unsafe impl Send for Lane {}
// SAFETY:
// - as for Send.
unsafe impl Sync for Lane {}

impl Lane {
    /// The lane has ended.
    pub(crate) fn end(&self) {
        self.watched.life.with_mut(|_| ());
    }
}

/// A lane whose memory may go while a function still has this.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaneRef(*const Lane);

// SAFETY:
// - it is used as a `&Lane` is, and a lane is Sync.
unsafe impl Send for LaneRef {}
// SAFETY:
// - as for Send.
unsafe impl Sync for LaneRef {}

/// How a job of a lane ended.
pub(super) enum Left {
    /// It has a place: it ran, or it ended its thread.
    Ran,
    /// Its input was dropped.
    Dropped(JobId),
}

impl LaneRef {
    /// # Safety
    /// 1. The lane stays in its place until its word has ended, and until no thread calls with it.
    #[inline]
    pub(crate) unsafe fn new(lane: *const Lane) -> Self {
        Self(lane)
    }

    #[inline]
    pub(crate) fn get(&self) -> *const Lane {
        self.0
    }

    /// The jobs that were accepted and have not ended.
    pub(crate) fn jobs(self) -> usize {
        // ORDERING: Relaxed, both: a count that may be out of date.
        let counted = Word(self.lane().word.load(ordering(Site::LaneLook, Relaxed))).jobs();
        counted.saturating_sub(self.role_now().ended())
    }

    #[inline]
    pub(super) fn role_now(self) -> Role {
        // ORDERING: Relaxed: an exchange decides.
        Role(self.lane().role.load(ordering(Site::LaneLook, Relaxed)))
    }

    pub(super) fn pool(self) -> *const () {
        self.lane().pool
    }

    pub(super) fn awaited(self) -> *const AwaitedOwner {
        // By the lane's own pointer, so that the way back (`of_awaited`) stays within what the pointer may reach.
        self.0.wrapping_byte_add(core::mem::offset_of!(Lane, owner)).cast()
    }

    /// The lane that this is a part of.
    ///
    /// # Safety
    /// 1. As `new`, and the lane's `awaited` gave the pointer.
    pub(super) unsafe fn of_awaited(owner: *const AwaitedOwner) -> Self {
        Self(owner.wrapping_byte_sub(core::mem::offset_of!(Lane, owner)).cast())
    }

    #[inline]
    pub(super) fn width(self) -> usize {
        self.lane().width as usize
    }

    /// The most jobs that have not ended.
    #[inline]
    pub(super) fn most(self) -> usize {
        self.lane().most as usize
    }

    /// What never changes, and both words.
    #[inline]
    pub(super) fn lane<'a>(self) -> &'a Lane {
        // SAFETY:
        // - a caller counts as a job, has a place or the role, or its own caller keeps the lane. After the exchange that gives
        //   that up, nothing calls this.
        unsafe { &*self.0 }
    }

    /// # Safety
    /// 1. The caller has the role.
    #[inline]
    pub(super) unsafe fn first(self) -> Link {
        // SAFETY:
        // - 1.
        self.lane().first.with(|first| unsafe { *first })
    }

    /// # Safety
    /// 1. The caller has the role.
    #[inline]
    pub(super) unsafe fn set_first(self, link: Link) {
        // SAFETY:
        // - 1.
        self.lane().first.with_mut(|first| unsafe { *first = link });
    }

    /// Runs a job of this lane that has a place, and then gives the place on.
    pub(crate) fn run(self, context: &CallContext, run: impl FnOnce() -> RunResult) -> RunResult {
        let Lane { pool, code, .. } = self.lane();
        let scope = self.scope(true);
        let inside = CallContext::of_lane(&scope, *pool, context);
        // SAFETY:
        // - the lane's pool, for whose type the code was made. The scope leaves the chain before it is dropped, and `run` does not
        //   unwind.
        unsafe {
            (code.set_current)(*pool, &raw const inside);
            let result = run();
            (code.set_current)(*pool, context);
            (code.leave)(self, Left::Ran);
            result
        }
    }

    /// A job of this lane has ended its thread. It is no longer inside the lane.
    pub(crate) fn leave_exited(self, context: &CallContext) {
        let Lane { pool, code, .. } = self.lane();
        // SAFETY:
        // - as in run.
        unsafe {
            (code.set_current)(*pool, context);
            (code.leave)(self, Left::Ran);
        }
    }

    /// Drops the input of a job of this lane, then hands on its place, if it has one.
    pub(crate) fn drop_job(self, job: JobId, discard: impl FnOnce()) {
        let code = self.lane().code;
        // SAFETY:
        // - as in run.
        unsafe {
            self.inside((code.has_place)(self, job), discard);
            (code.leave)(self, Left::Dropped(job));
        }
    }

    #[inline]
    fn scope(self, has_place: bool) -> LaneScope {
        LaneScope { lane: self.0.cast(), has_place, holds_back: self.lane().code.holds_back }
    }

    /// Calls user code inside the lane. `f` does not unwind.
    pub(super) fn inside(self, has_place: bool, f: impl FnOnce()) {
        let Lane { pool, code, .. } = self.lane();
        // SAFETY:
        // - as in run.
        unsafe {
            let outer = (code.current)(*pool);
            let scope = self.scope(has_place);
            let inside = CallContext::of_lane(&scope, *pool, outer);
            (code.set_current)(*pool, &raw const inside);
            f();
            (code.set_current)(*pool, outer);
        }
    }
}
