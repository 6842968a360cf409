//! The steps of a worker. It may die or stop before each.

use super::mapping::{BITS, Body, Mapping};
use super::word::{Entry, IDLE, SlotWord, Status, running};
use crate::platform::port::Port;
use crate::sync::{AcqRel, Acquire, Relaxed, Release, SeqCst, Site, fence, ordering};
use crate::util::backoff::yield_in_model;

/// One worker's access to the mapping.
pub(crate) struct Worker<'a> {
    mapping: Mapping<'a>,
    number: usize,
}

/// A job that this worker has claimed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(super) slot: usize,
    pub(super) position: usize,
}

impl Claimed {
    /// The slot in which its input lies.
    pub(crate) fn slot(&self) -> usize {
        self.slot
    }
}

/// What is at the front of the ready ring.
enum Front {
    Slot { position: usize, slot: usize },
    Empty,
}

impl<'a> Worker<'a> {
    /// `number` is less than the number of workers, and no other process has it.
    pub(crate) fn new(mapping: Mapping<'a>, number: usize) -> Self {
        assert!(number < mapping.workers.len());
        Self { mapping, number }
    }

    fn front(&self) -> Front {
        loop {
            // ORDERING: Relaxed: no data is read through it. A value that is out of date shows as an entry of a later lap,
            // as a word with another position, or as a lost exchange.
            let head = self.mapping.header.head.load(ordering(Site::ProcessHead, Relaxed));
            // ORDERING: Acquire pairs with the Release of `publish`: the worker sees the slot's word and body.
            let bits = self.mapping.entry(head).load(ordering(Site::ProcessEntry, Acquire));
            match Entry::unpack(bits, head, self.mapping.len()) {
                Entry::Slot(slot) => return Front::Slot { position: head, slot },
                Entry::Empty => return Front::Empty,
                Entry::Later => yield_in_model(),
            }
        }
    }

    /// Moves head past a position, unless somebody has.
    fn pass(&self, position: usize) {
        // ORDERING: Relaxed: the entry and the slot's word carry the data.
        let _ = self.mapping.header.head.compare_exchange(
            position,
            position.wrapping_add(1),
            ordering(Site::ProcessPass, Relaxed),
            ordering(Site::ProcessPassLost, Relaxed),
        );
    }

    /// Claims the oldest job; None if there is none. Lock-free.
    pub(crate) fn claim(&self, port: &impl Port) -> Option<Claimed> {
        loop {
            let Front::Slot { position, slot } = self.front() else { return None };
            let word = &self.mapping.slots[slot].word;
            // ORDERING: Relaxed: the entry's Acquire has made it visible, and the exchange decides.
            let seen = SlotWord::from_bits(word.load(ordering(Site::ProcessLook, Relaxed)));
            if seen.position() != position {
                yield_in_model();
                continue;
            }
            if seen.status() != Some(Status::Queued) {
                self.pass(position);
                if seen.status() == Some(Status::Cancelled) {
                    // A submitter may wait for this slot.
                    self.report(slot, port);
                }
                continue;
            }
            let claimed = SlotWord::new(position, self.number, Status::Claimed);
            // ORDERING: Relaxed: the body is visible by the entry.
            let won = word.compare_exchange(
                seen.bits(),
                claimed.bits(),
                ordering(Site::ProcessClaim, Relaxed),
                ordering(Site::ProcessClaimLost, Relaxed),
            );
            if won.is_ok() {
                self.pass(position);
                return Some(Claimed { slot, position });
            }
        }
    }

    /// Calls `f` with the job's body.
    pub(crate) fn with_body<R>(&self, job: &Claimed, f: impl FnOnce(&mut Body) -> R) -> R {
        // SAFETY:
        // - the body belongs to the worker that claimed the job (`Claimed` is neither copied nor made elsewhere), until it resolves it.
        self.mapping.slots[job.slot].body.with_mut(|body| f(unsafe { &mut *body }))
    }

    /// From here on the job runs: if the worker dies, the job has failed.
    pub(crate) fn begin(&self, job: &Claimed) {
        let activity = &self.mapping.workers[self.number].activity;
        // ORDERING: Relaxed: published by the word's Release.
        activity.store(running(job.position), ordering(Site::ProcessActivity, Relaxed));
        let word = SlotWord::new(job.position, self.number, Status::Running);
        // ORDERING: Relaxed: a killer that does not see the activity yet tries again.
        self.mapping.slots[job.slot].word.store(word.bits(), ordering(Site::ProcessBegin, Relaxed));
    }

    /// The function has returned. False if the worker is to be killed: then the process exits at once, and touches nothing.
    #[must_use]
    pub(crate) fn leave(&self, job: &Claimed) -> bool {
        // ORDERING: Relaxed: a killer and the worker agree by the exchange of this one word.
        let left = self.mapping.workers[self.number].activity.compare_exchange(
            running(job.position),
            IDLE,
            ordering(Site::ProcessLeave, Relaxed),
            ordering(Site::ProcessLeaveLost, Relaxed),
        );
        left.is_ok()
    }

    /// The job has ended, and its result lies in the slot. After a `leave` that was true.
    pub(crate) fn resolve(&self, job: Claimed, port: &impl Port) {
        let word = SlotWord::new(job.position, 0, Status::Ended);
        // ORDERING: Release pairs with the Acquire of `settle`: the parent sees the result.
        self.mapping.slots[job.slot].word.store(word.bits(), ordering(Site::ProcessResolve, Release));
        self.report(job.slot, port);
    }

    /// Asks the parent to look at the slot, and rings if a thread of the parent sleeps.
    fn report(&self, slot: usize, port: &impl Port) {
        let header = self.mapping.header;
        // ORDERING: AcqRel pairs with the same in `collect`, whichever comes first: the parent sees the slot's word, or head; or this
        // worker sees that the parent is armed. Both are read-modify-writes of one word, so no fence is needed.
        self.mapping.reports[slot / BITS].fetch_or(1 << (slot % BITS), ordering(Site::ProcessReport, AcqRel));
        // ORDERING: Relaxed: a number; the line above makes it visible.
        let armed = header.armed.load(ordering(Site::ProcessArmedLook, Relaxed));
        if armed == 0 {
            return;
        }
        self.mapping.ring(port);
        // Behind the ring, and this arming alone (README.md).
        // ORDERING: Relaxed: a number, through which nothing is read.
        let _ = header.armed.compare_exchange(
            armed,
            0,
            ordering(Site::ProcessDisarm, Relaxed),
            ordering(Site::ProcessDisarmLost, Relaxed),
        );
    }

    /// Sleeps unless there is an entry; may return early. False if the pool is closed and empty: then the process ends.
    #[must_use]
    pub(crate) fn rest(&self, port: &impl Port) -> bool {
        let (header, bit) = (self.mapping.header, 1 << self.number);
        let parked = &self.mapping.workers[self.number].parked;
        // ORDERING: Relaxed: published by the bit's Release.
        parked.store(1, ordering(Site::ProcessPark, Relaxed));
        // ORDERING: Release pairs with the Acquire of `notify`: its store to `parked` comes behind this worker's.
        header.sleepers.fetch_or(bit, ordering(Site::ProcessRegister, Release));
        // ORDERING: SeqCst pairs with the fences of `notify` and `close`: the parent sees the bit, or this worker sees the entry, or
        // that the pool is closed.
        fence(ordering(Site::ProcessRegisterFence, SeqCst));
        if matches!(self.front(), Front::Empty) {
            // ORDERING: Relaxed: nothing is read through it; the fence orders it.
            if header.closed.load(ordering(Site::ProcessClosedLook, Relaxed)) != 0 {
                return false;
            }
            port.wait(parked, 1, None);
        }
        // ORDERING: Relaxed: the bit guards nothing while its worker is awake.
        header.sleepers.fetch_and(!bit, ordering(Site::ProcessUnregister, Relaxed));
        true
    }
}
