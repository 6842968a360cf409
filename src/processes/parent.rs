//! The parent's part: submit, collect, take, cancel, kill. Its threads take turns, under a lock around the [`Parent`].

use super::mapping::{BITS, Body, Mapping};
use super::record::{End, List, Phase, Record};
use super::word::{Entry, SlotWord, Status, doomed, running};
use crate::sync::{AcqRel, Acquire, Relaxed, Release, Site, ordering};
use alloc::boxed::Box;

/// The mapping holds what nobody writes: some process has written into it at random.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Corrupt(pub(crate) &'static str);

/// What the parent knows, and its access to the mapping.
pub(crate) struct Parent<'a> {
    pub(super) mapping: Mapping<'a>,
    pub(super) records: Box<[Record]>,
    free: List,
    /// In the order in which the parent learned of them.
    ended: List,
    in_flight: usize,
    /// The position of the next push.
    pub(super) tail: usize,
    /// Head, as read last.
    head: usize,
    /// The number of the last arming.
    arming: usize,
}

impl<'a> Parent<'a> {
    /// Of an empty pool.
    pub(crate) fn new(mapping: Mapping<'a>) -> Self {
        let mut records: Box<[Record]> = (0..mapping.len()).map(|_| Record::NEW).collect();
        let mut free = List::EMPTY;
        for slot in 0..records.len() {
            free.push(&mut records, slot);
        }
        Self { mapping, records, free, ended: List::EMPTY, in_flight: 0, tail: 0, head: 0, arming: 0 }
    }

    /// The number of jobs that have not ended, as far as the parent knows.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Have jobs ended that nobody has taken?
    pub(crate) fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// Head now, which never goes back and never passes the tail.
    fn read_head(&mut self) -> Result<usize, Corrupt> {
        // ORDERING: Relaxed: no data is read through it: a slot of which the entry was passed is read by its own word.
        let head = self.mapping.header.head.load(ordering(Site::ProcessHeadLook, Relaxed));
        if !(self.head..=self.tail).contains(&head) {
            return Err(Corrupt("the head of the ready ring"));
        }
        self.head = head;
        Ok(head)
    }

    /// Looks at head, on which every worker depends: one that it leads astray ends no job.
    pub(crate) fn check_head(&mut self) -> Result<(), Corrupt> {
        self.read_head().map(drop)
    }

    /// Moves head past a position, unless somebody has.
    pub(super) fn pass(&self, position: usize) {
        // ORDERING: Relaxed, as in a worker.
        let _ = self.mapping.header.head.compare_exchange(
            position,
            position + 1,
            ordering(Site::ProcessPassParent, Relaxed),
            ordering(Site::ProcessPassParentLost, Relaxed),
        );
    }

    /// Queues a slot at the tail.
    pub(super) fn queue(&mut self, slot: usize) -> Result<(), Corrupt> {
        let position = self.tail;
        if position - self.read_head()? >= self.mapping.len() {
            return Err(Corrupt("the ready ring has an entry too many"));
        }
        let word = SlotWord::new(position, 0, Status::Queued);
        // ORDERING: Relaxed: published by the entry.
        self.mapping.slots[slot].word.store(word.bits(), ordering(Site::ProcessQueue, Relaxed));
        let entry = Entry::pack(position, slot, self.mapping.len());
        // ORDERING: Release pairs with the Acquire of `front`: a worker sees the word and the body.
        self.mapping.entry(position).store(entry, ordering(Site::ProcessPublish, Release));
        self.tail += 1;
        self.records[slot] = Record { phase: Phase::InFlight, position, ..self.records[slot] };
        Ok(())
    }

    /// Submits a job that `fill` writes; None if there is no free slot. The caller then unlocks, and calls [`Mapping::notify`].
    pub(crate) fn submit(&mut self, fill: impl FnOnce(usize, &mut Body)) -> Result<Option<usize>, Corrupt> {
        if self.free.is_empty() {
            self.pass_cancelled()?;
        }
        let Some(slot) = self.free.pop(&mut self.records) else { return Ok(None) };
        // SAFETY:
        // - the slot is free, so only the parent touches its body, and `self` is borrowed.
        self.mapping.slots[slot].body.with_mut(|body| fill(slot, unsafe { &mut *body }));
        self.queue(slot)?;
        self.in_flight += 1;
        Ok(Some(slot))
    }

    /// Moves head past entries of cancelled jobs, as a worker does that has no other job: all may be busy for long.
    fn pass_cancelled(&mut self) -> Result<(), Corrupt> {
        loop {
            let head = self.read_head()?;
            // ORDERING: Relaxed: the parent's own store.
            let bits = self.mapping.entry(head).load(ordering(Site::ProcessFrontEntry, Relaxed));
            let Entry::Slot(slot) = Entry::unpack(bits, head, self.mapping.len()) else { return Ok(()) };
            if !self.records[slot].in_ring || self.records[slot].position != head {
                return Ok(());
            }
            self.pass(head);
            self.settle(slot)?;
        }
    }

    pub(super) fn end(&mut self, slot: usize, end: End) {
        self.in_flight -= 1;
        self.records[slot].phase = Phase::Ended(end);
        self.ended.push(&mut self.records, slot);
    }

    fn release(&mut self, slot: usize) {
        self.records[slot].phase = Phase::Free;
        self.free.push(&mut self.records, slot);
    }

    /// Reads the word of a slot that is in flight.
    pub(super) fn word_in_flight(&self, slot: usize) -> Result<SlotWord, Corrupt> {
        // ORDERING: Acquire pairs with the Release of `resolve` (the result).
        let word = self.mapping.slots[slot].word.load(ordering(Site::ProcessSettle, Acquire));
        let word = SlotWord::from_bits(word);
        let known = match word.status() {
            Some(Status::Queued | Status::Ended) => true,
            Some(Status::Claimed | Status::Running) => word.owner() < self.mapping.workers.len(),
            _ => false,
        };
        if known && word.position() == self.records[slot].position {
            Ok(word)
        } else {
            Err(Corrupt("a slot's word"))
        }
    }

    /// Looks at a slot: has its job ended, or may the slot be used again?
    pub(crate) fn settle(&mut self, slot: usize) -> Result<(), Corrupt> {
        let Record { phase, position, in_ring, .. } = self.records[slot];
        if phase == Phase::InFlight && self.word_in_flight(slot)?.status() == Some(Status::Ended) {
            if self.read_head()? <= position {
                return Err(Corrupt("a job has ended that was not claimed"));
            }
            self.end(slot, End::Returned);
        }
        if in_ring && self.read_head()? > position {
            self.records[slot].in_ring = false;
            if phase == Phase::Tombstone {
                self.release(slot);
            }
        }
        Ok(())
    }

    /// Looks at the slots that workers reported.
    pub(crate) fn collect(&mut self) -> Result<(), Corrupt> {
        for (at, word) in self.mapping.reports.iter().enumerate() {
            // ORDERING: AcqRel pairs with the same in `report`. An exchange, so that no later bit is lost.
            let mut bits = word.swap(0, ordering(Site::ProcessCollect, AcqRel));
            while bits != 0 {
                let slot = at * BITS + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if slot >= self.mapping.len() {
                    return Err(Corrupt("a report of a slot that does not exist"));
                }
                self.settle(slot)?;
            }
        }
        Ok(())
    }

    /// Looks at every slot, reported or not: a wild write may have cleared the report, or spoilt a job that waits for a worker.
    pub(crate) fn settle_all(&mut self) -> Result<(), Corrupt> {
        self.check_head()?;
        (0..self.records.len()).try_for_each(|slot| self.settle(slot))
    }

    /// The next job that has ended, and how. Its body can be read until [`Parent::free`].
    pub(crate) fn take(&mut self) -> Option<(usize, End)> {
        let slot = self.ended.pop(&mut self.records)?;
        let Phase::Ended(end) = self.records[slot].phase else {
            unreachable!("it is in the list of ended jobs")
        };
        self.records[slot].phase = Phase::Taken;
        Some((slot, end))
    }

    /// The same of one slot: how its job ended, if it has, and nobody has taken it.
    pub(crate) fn take_this(&mut self, slot: usize) -> Option<End> {
        let Phase::Ended(end) = self.records[slot].phase else { return None };
        self.ended.remove(&mut self.records, slot);
        self.records[slot].phase = Phase::Taken;
        Some(end)
    }

    /// The body of a slot that [`Parent::take`] returned.
    pub(crate) fn body(&self, slot: usize) -> Body {
        // SAFETY:
        // - the job has ended, so no worker touches the body, and the slot is not free yet. Volatile: what is checked is what is used, even
        //   if a process writes at random meanwhile.
        self.mapping.slots[slot].body.with(|body| unsafe { body.read_volatile() })
    }

    /// The slot of a job that was taken can be used again, at the latest when its entry has been passed.
    pub(crate) fn free(&mut self, slot: usize) {
        if self.records[slot].in_ring {
            self.records[slot].phase = Phase::Tombstone;
        } else {
            self.release(slot);
        }
    }

    /// Before a thread sleeps: it calls this, then [`Parent::collect`] once more, unlocks, and sleeps ([`Mapping::wait`]) on what this
    /// returns.
    pub(crate) fn arm(&mut self) -> usize {
        let header = self.mapping.header;
        // ORDERING: Relaxed: only its change counts. The Release of `collect` puts it before the ring of a worker that reports later.
        let bell = header.bell.load(ordering(Site::ProcessBell, Relaxed));
        self.arming = self.arming.wrapping_add(1).max(1);
        // ORDERING: Relaxed: published by the Release of `collect`. A swap, because the model checker may order a plain store before
        // the exchange in `report`.
        header.armed.swap(self.arming, ordering(Site::ProcessArm, Relaxed));
        bell
    }

    /// Cancels a job that no worker has claimed. False if it is not in flight, or was claimed.
    pub(crate) fn cancel(&mut self, slot: usize) -> Result<bool, Corrupt> {
        let Record { phase: Phase::InFlight, position, .. } = self.records[slot] else { return Ok(false) };
        // ORDERING: Relaxed: the body stays the parent's.
        let cancelled = self.mapping.slots[slot].word.compare_exchange(
            SlotWord::new(position, 0, Status::Queued).bits(),
            SlotWord::new(position, 0, Status::Cancelled).bits(),
            ordering(Site::ProcessCancel, Relaxed),
            ordering(Site::ProcessCancelLost, Relaxed),
        );
        if cancelled.is_err() {
            return Ok(false);
        }
        self.pass(position);
        self.records[slot].in_ring = self.read_head()? <= position;
        self.end(slot, End::Cancelled);
        Ok(true)
    }

    /// The position of the job in this slot, if it is in flight and this worker has it.
    pub(crate) fn position_with(&self, slot: usize, worker: usize) -> Result<Option<usize>, Corrupt> {
        if self.records[slot].phase != Phase::InFlight {
            return Ok(None);
        }
        let word = self.word_in_flight(slot)?;
        let has_it =
            matches!(word.status(), Some(Status::Claimed | Status::Running)) && word.owner() == worker;
        Ok(has_it.then_some(word.position()))
    }

    /// Is this worker to be killed?
    pub(crate) fn is_doomed(&self, worker: usize) -> bool {
        // ORDERING: Relaxed: the parent's own exchange, under its lock.
        let activity = self.mapping.workers[worker].activity.load(ordering(Site::ProcessDoomLook, Relaxed));
        activity & 3 == doomed(0)
    }

    /// The position of the job in this slot, if it is in flight.
    pub(crate) fn position(&self, slot: usize) -> Option<usize> {
        self.is_in_flight(slot).then(|| self.records[slot].position)
    }

    /// Has the job in this slot not ended, as far as the parent knows?
    pub(crate) fn is_in_flight(&self, slot: usize) -> bool {
        self.records[slot].phase == Phase::InFlight
    }

    /// Has somebody taken the job in this slot, who still reads?
    pub(crate) fn is_taken(&self, slot: usize) -> bool {
        self.records[slot].phase == Phase::Taken
    }

    /// Dooms the worker that runs a job, and calls `send` with its number to send the signal. False if the job does not run, or no
    /// longer; shortly after its begin too.
    pub(crate) fn kill(&mut self, slot: usize, send: impl FnOnce(usize)) -> Result<bool, Corrupt> {
        if self.records[slot].phase != Phase::InFlight {
            return Ok(false);
        }
        let word = self.word_in_flight(slot)?;
        if word.status() != Some(Status::Running) {
            return Ok(false);
        }
        // ORDERING: Relaxed: as in `leave`.
        let won = self.mapping.workers[word.owner()].activity.compare_exchange(
            running(word.position()),
            doomed(word.position()),
            ordering(Site::ProcessDoom, Relaxed),
            ordering(Site::ProcessDoomLost, Relaxed),
        );
        if won.is_ok() {
            send(word.owner());
        }
        Ok(won.is_ok())
    }
}
