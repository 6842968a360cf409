//! What makes explorations small: steps that are joined to the step before them, and workers that change places.
//!
//! A step is joined where no step of another thread in between could make a difference. Each line below says why. A worker that
//! dies or stops before such a step leaves the same as one that dies or stops behind it, except for what the sweep does not read.

use super::parent::Op;
use super::setup::{Mistake, Setup};
use super::world::{
    Activity, Cancel, Cell, Kill, NO_WORD, Notify, Pc, Record, SLOTS, Status, Submit, Sweep, Take, WORKERS,
    Worker, World,
};
use crate::seen::digest;

impl World {
    /// Is the worker's next step joined to its last?
    pub fn worker_is_alone(&self, setup: &Setup, me: usize) -> bool {
        if self.broken.is_some() {
            return false;
        }
        match self.workers[me].pc {
            // Head and the entry there: at some moment in between both were so, or the worker reads head again.
            Pc::Entry | Pc::RestEntry => true,
            // It will look once more.
            Pc::Park => setup.mistake != Some(Mistake::SleepsWithoutALook),
            // A late wake-up comes before both or behind both.
            Pc::Register => true,
            // Nothing brings the word back; who else has moved head was faster.
            Pc::Help => true,
            // A late ring is one for no reason.
            Pc::Ring => setup.mistake != Some(Mistake::ClearsFirst),
            // Only a killer reads the record.
            Pc::Record => setup.kills == 0,
            // The same, and where it stops.
            Pc::Leave => setup.kills == 0 && !setup.stops_in_jobs,
            // Only a sweep tells CLAIMED from RUNNING.
            Pc::Run => setup.kills == 0 && setup.deaths == 0,
            // Never set.
            Pc::RestClosed => !setup.closes,
            // Asleep or not: a wake-up has the same effect.
            Pc::Sleep => true,
            _ => false,
        }
    }

    /// The operation of the parent that is joined to this one.
    pub fn alone(&self, setup: &Setup, last: Op) -> Option<Op> {
        if self.broken.is_some() {
            return None;
        }
        // No worker moves the word of such a slot.
        let is_stable = |slot: u8| {
            let word = self.slots[slot as usize];
            let held = matches!(word.status, Status::Claimed | Status::Running) && word.owner == self.swept;
            match self.records[slot as usize] {
                Record::Free => true,
                Record::InFlight { .. } => word.status == Status::Ended || self.sweep != Sweep::Ready && held,
                Record::Tombstone { .. } => false,
            }
        };
        let is_alone = match last {
            // The slot is of no interest to a worker before its entry is there.
            Op::Submit => matches!(self.submit, Submit::Word(_) | Submit::Entry(_)),
            Op::Take => match self.take {
                // With the lock.
                Take::Collect => !self.rearmed,
                Take::Look(slots) => {
                    setup.mistake != Some(Mistake::ClearsTheReportsLate)
                        && is_stable(slots.trailing_zeros() as u8)
                }
                // A ring in between leads to one more round.
                Take::Arm => true,
                Take::Sleep => true,
                _ => false,
            },
            Op::Sweep | Op::SweepOf(_) => match self.sweep {
                Sweep::Look(slot) => is_stable(slot),
                // Workers see the new word as they saw the old one, before the entry is there.
                Sweep::Entry(_) => true,
                // The thread that clears the dead worker's bit does so before both.
                Sweep::Record => true,
                // A late ring is one for no reason, and a late look finds no more than its own entries.
                Sweep::Bell | Sweep::Entries => true,
                _ => false,
            },
            // With the lock.
            Op::CancelOf(_) => matches!(self.cancel, Cancel::Word(_)),
            Op::KillOf(_) => matches!(self.kill, Kill::Look(_)),
            // A worker that is chosen and has gone is chosen anew. A late wake-up is one for no reason.
            Op::Notify(by, _) => matches!(self.notify[by as usize], Notify::Take(_) | Notify::Wake(_)),
            Op::Cancel | Op::Kill | Op::Close | Op::Patience => false,
        };
        let next = match last {
            Op::CancelOf(_) => Op::Cancel,
            Op::KillOf(_) => Op::Kill,
            Op::SweepOf(_) => Op::Sweep,
            other => other,
        };
        is_alone.then_some(next)
    }

    /// The same world with its workers in an order that does not depend on their numbers.
    pub fn in_order(&self) -> Self {
        let key = |me: &usize| {
            let (me, w) = (*me as u8, self.workers[*me]);
            let owned = |slot: &usize| {
                let word = self.slots[*slot];
                matches!(word.status, Status::Claimed | Status::Running) && word.owner == me
            };
            let seen =
                matches!(w.seen.status, Status::Claimed | Status::Running).then_some(w.seen.owner == me);
            let owned: u8 = (0..SLOTS).filter(owned).map(|slot| 1 << slot).sum();
            let chosen = self.notify.map(|n| matches!(n, Notify::Take(w) | Notify::Wake(w) if w == me));
            let hunted = matches!(self.kill, Kill::Exchange(w, ..) | Kill::Signal(w, ..) if w == me);
            let swept = self.sweep != Sweep::Ready && self.swept == me;
            digest(&(w.pc, w.head, w.slot, (w.activity, w.parked, w.current, w.frozen, w.unswept)))
                .wrapping_add(digest(&(seen, owned, chosen, hunted, swept, self.sleepers >> me & 1)))
        };
        let mut order: [usize; WORKERS] = std::array::from_fn(|me| me);
        order.sort_by_cached_key(key);
        let mut place = [0; WORKERS];
        order.iter().enumerate().for_each(|(to, from)| place[*from] = to as u8);
        let mut world = *self;
        world.workers = order.map(|from| self.workers[from]);
        let rename = |owner: &mut u8, status| {
            *owner =
                if matches!(status, Status::Claimed | Status::Running) { place[*owner as usize] } else { 0 };
        };
        world.slots.iter_mut().for_each(|word| rename(&mut word.owner, word.status));
        world.workers.iter_mut().for_each(|w| rename(&mut w.seen.owner, w.seen.status));
        world.sleepers =
            (0..WORKERS).filter(|me| self.sleepers & 1 << me != 0).map(|me| 1 << place[me]).sum();
        world.swept = if self.sweep == Sweep::Ready { 0 } else { place[self.swept as usize] };
        for notify in &mut world.notify {
            if let Notify::Take(w) | Notify::Wake(w) = notify {
                *w = place[*w as usize];
            }
        }
        if let Kill::Exchange(w, ..) | Kill::Signal(w, ..) = &mut world.kill {
            *w = place[*w as usize];
        }
        world.forget();
        world
    }

    /// What is left in the end, without what depends on how late somebody was.
    pub fn outcome(&self) -> u64 {
        let mut world = *self;
        (world.armed, world.reports) = (false, 0);
        for w in world.workers.iter_mut().filter(|w| w.frozen) {
            *w = Worker { frozen: true, ..Worker::new(w.life) };
        }
        digest(&world.in_order())
    }

    /// Clears what nobody will read.
    fn forget(&mut self) {
        for w in self.workers.iter_mut().filter(|w| w.pc == Pc::Dead) {
            (w.activity, w.parked) = (Activity::Idle, false);
        }
        // Head and the entry there are read together.
        let head = self.head;
        for cell in self.cells.iter_mut().filter(|cell| cell.lap <= head) {
            *cell = Cell::default();
        }
        for (slot, word) in self.slots.iter_mut().enumerate() {
            let looks = |w: &Worker| {
                w.slot as usize == slot && matches!(w.pc, Pc::Look | Pc::Claim) && w.head == word.position
            };
            if self.records[slot] == Record::Free && !self.workers.iter().any(looks) {
                *word = NO_WORD;
            }
        }
        let between = matches!(self.take, Take::Arm | Take::Sleep) || self.rearmed;
        self.rung &= between;
        self.rearmed &= self.take != Take::Asleep;
        self.jobs.iter_mut().filter(|job| job.ended > 0).for_each(|job| job.ran = 1);
        let hunted = match self.kill {
            Kill::Exchange(w, ..) | Kill::Signal(w, ..) => w as usize,
            _ => WORKERS,
        };
        for (_, w) in self.workers.iter_mut().enumerate().filter(|(me, _)| *me != hunted) {
            w.life = 0;
        }
    }
}
