//! The steps of the parent's threads. Each of its operations holds the lock, except where it wakes a worker.

use super::setup::{Mistake, Setup};
use super::world::{
    Activity, Cancel, Cell, Close, Holder, Kill, Notify, Pc, Record, SLOTS, Status, Submit, Sweep, Take,
    WORKERS, Word, Worker, World,
};

/// What happens next, other than a step of a worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    Submit,
    Take,
    Sweep,
    /// Begins with this worker.
    SweepOf(u8),
    Cancel,
    /// Begins with this slot.
    CancelOf(u8),
    Kill,
    KillOf(u8),
    Close,
    /// One of `World::notify`; with the worker that it chooses.
    Notify(u8, u8),
    /// A thread of the parent has waited for long: it wakes one more worker if there are entries.
    Patience,
}

pub const SUBMITTER: usize = 0;
pub const SWEEPER: usize = 1;
pub const CLOSER: usize = 2;
pub const PATIENCE: usize = 3;

impl World {
    fn takes_lock(&mut self, holder: Holder) {
        self.lock = holder;
    }

    fn unlock(&mut self, holder: Holder) {
        if self.lock == holder {
            self.lock = Holder::Nobody;
        }
    }

    fn is_unlocked(&self, setup: &Setup, holder: Holder) -> bool {
        let ignores = holder == Holder::Sweeper && setup.mistake == Some(Mistake::SweepsWithoutTheLock);
        self.lock == Holder::Nobody || ignores
    }

    /// Jobs of the setup that have not ended, or slots that did not come back.
    pub fn has_work(&self, setup: &Setup) -> bool {
        let ended = self.jobs.iter().filter(|job| job.ended > 0).count();
        ended < setup.jobs as usize || self.records.iter().any(|record| *record != Record::Free)
    }

    /// The operations of the parent that can be done now.
    pub fn parent_ops(&self, setup: &Setup, to: &mut Vec<Op>) {
        let slots = 0..SLOTS as u8;
        let free = |holder| self.is_unlocked(setup, holder);
        // Elsewhere the call would change nothing.
        let is = |slot: &u8, status| {
            let word = self.slots[*slot as usize];
            let flies = matches!(self.records[*slot as usize], Record::InFlight { position, .. } if position == word.position);
            flies && word.status == status
        };
        match self.submit {
            Submit::Ready => {
                let has_room = self.records.contains(&Record::Free) || self.cancelled_at_head().is_some();
                if self.submitted < setup.jobs && has_room && free(Holder::Submitter) {
                    to.push(Op::Submit);
                }
            }
            Submit::Notify => {}
            _ => to.push(Op::Submit),
        }
        match self.take {
            Take::Asleep => {}
            Take::Ready => {
                if (self.news || self.has_work(setup)) && free(Holder::Taker) {
                    to.push(Op::Take);
                }
            }
            _ => to.push(Op::Take),
        }
        match self.sweep {
            Sweep::Ready if free(Holder::Sweeper) => {
                let dead = (0..WORKERS as u8).filter(|w| self.workers[*w as usize].unswept);
                to.extend(dead.map(Op::SweepOf));
            }
            Sweep::Ready => {}
            Sweep::Notify => {}
            _ => to.push(Op::Sweep),
        }
        match self.cancel {
            Cancel::Ready if self.cancels > 0 && free(Holder::Canceller) => {
                to.extend(slots.clone().filter(|slot| is(slot, Status::Queued)).map(Op::CancelOf));
            }
            Cancel::Ready => {}
            _ => to.push(Op::Cancel),
        }
        match self.kill {
            Kill::Ready if self.kills > 0 && free(Holder::Killer) => {
                to.extend(slots.filter(|slot| is(slot, Status::Running)).map(Op::KillOf));
            }
            Kill::Ready => {}
            _ => to.push(Op::Kill),
        }
        match self.close {
            Close::Open if setup.closes && self.submitted == setup.jobs && self.submit == Submit::Ready => {
                to.push(Op::Close);
            }
            _ => {}
        }
        for (by, notify) in (0..).zip(&self.notify) {
            match notify {
                Notify::Nothing => {}
                Notify::Look if self.sleepers == 0 => to.push(Op::Notify(by, 0)),
                Notify::Look => {
                    let sleeps = |w: &u8| self.sleepers & 1 << w != 0;
                    to.extend((0..WORKERS as u8).filter(sleeps).map(|w| Op::Notify(by, w)));
                }
                Notify::Take(w) | Notify::Wake(w) => to.push(Op::Notify(by, *w)),
            }
        }
    }

    pub fn parent_step(&mut self, setup: &Setup, op: Op) {
        match op {
            Op::Submit => self.submit_step(),
            Op::Take => self.take_step(setup),
            Op::Sweep => self.sweep_step(setup),
            Op::SweepOf(worker) => {
                self.takes_lock(Holder::Sweeper);
                let trusts = setup.mistake == Some(Mistake::TrustsACleanExit);
                (self.swept, self.sweep) = (worker, if trusts { Sweep::Bit } else { Sweep::Look(0) });
                if setup.mistake == Some(Mistake::RespawnsBeforeTheSweep) && self.respawns > 0 {
                    self.respawns -= 1;
                    self.workers[worker as usize] = Worker { unswept: true, ..self.fresh(worker) };
                }
            }
            Op::Cancel => self.cancel_step(),
            Op::CancelOf(slot) => {
                self.takes_lock(Holder::Canceller);
                (self.cancels, self.cancel) = (self.cancels - 1, Cancel::Word(slot));
            }
            Op::Kill => self.kill_step(setup),
            Op::KillOf(slot) => {
                self.takes_lock(Holder::Killer);
                (self.kills, self.kill) = (self.kills - 1, Kill::Look(slot));
            }
            Op::Close => self.close_step(),
            Op::Notify(by, worker) => self.notify_step(setup, by as usize, worker),
            Op::Patience => {
                self.patience -= 1;
                if self.has_entries() {
                    self.notify[PATIENCE] = Notify::Look;
                }
            }
        }
    }

    /// A worker that begins with a used number.
    fn fresh(&self, worker: u8) -> Worker {
        let old = self.workers[worker as usize];
        Worker { activity: old.activity, parked: old.parked, ..Worker::new(old.life + 1) }
    }

    /// Publishes the slot at the tail of the ready ring.
    fn publish(&mut self, slot: u8) {
        let twice = self.entries_of(slot).next().is_some();
        self.must(!twice, "a slot is in the ready ring twice");
        let room = self.tail - self.head < SLOTS as u8;
        self.must(room, "an entry is overwritten before head has passed it");
        self.cells[self.tail as usize % SLOTS] = Cell { lap: self.tail + 1, slot };
        self.tail += 1;
    }

    fn queue(&mut self, slot: u8) {
        self.slots[slot as usize] = Word { status: Status::Queued, owner: 0, position: self.tail };
    }

    /// The slot of the entry at head, if its job is cancelled.
    fn cancelled_at_head(&self) -> Option<u8> {
        let Cell { lap, slot } = self.cells[self.head as usize % SLOTS];
        let is_cancelled =
            lap == self.head + 1 && self.records[slot as usize] == Record::Tombstone { position: self.head };
        is_cancelled.then_some(slot)
    }

    fn next_of_submit(&self) -> Submit {
        match self.records.iter().position(|record| *record == Record::Free) {
            Some(slot) => Submit::Word(slot as u8),
            None => Submit::Pass(self.cancelled_at_head().expect("the step was possible")),
        }
    }

    fn submit_step(&mut self) {
        match self.submit {
            Submit::Ready => {
                self.takes_lock(Holder::Submitter);
                self.submit = self.next_of_submit();
            }
            Submit::Pass(slot) => {
                if let Record::Tombstone { position } = self.records[slot as usize] {
                    self.pass(position);
                }
                self.submit = Submit::Passed(slot);
            }
            Submit::Passed(slot) => {
                let freed = self.settle(slot);
                self.must(freed, "a slot whose entry was passed is not free");
                self.submit = self.cancelled_at_head().map_or_else(|| self.next_of_submit(), Submit::Pass);
            }
            Submit::Word(slot) => {
                self.queue(slot);
                self.records[slot as usize] = Record::InFlight { job: self.submitted, position: self.tail };
                self.submit = Submit::Entry(slot);
            }
            Submit::Entry(slot) => {
                self.publish(slot);
                self.submitted += 1;
                self.unlock(Holder::Submitter);
                self.submit = Submit::Notify;
                self.notify[SUBMITTER] = Notify::Look;
            }
            Submit::Notify => unreachable!("it ends with the wake-up"),
        }
    }

    fn notify_step(&mut self, setup: &Setup, by: usize, worker: u8) {
        let w = worker as usize;
        self.notify[by] = match self.notify[by] {
            Notify::Nothing => unreachable!("it does nothing"),
            Notify::Look if setup.mistake == Some(Mistake::SubmitWakesNobody) && by == SUBMITTER => {
                Notify::Nothing
            }
            Notify::Look if self.sleepers == 0 => Notify::Nothing,
            Notify::Look => Notify::Take(worker),
            Notify::Take(_) if self.sleepers & 1 << w == 0 => Notify::Look,
            Notify::Take(_) => {
                self.sleepers &= !(1 << w);
                Notify::Wake(worker)
            }
            Notify::Wake(_) => {
                self.workers[w].parked = false;
                if self.workers[w].pc == Pc::Asleep {
                    self.workers[w].pc = Pc::Unregister;
                }
                // A closer wakes all.
                if by == CLOSER { Notify::Look } else { Notify::Nothing }
            }
        };
        if self.notify[SUBMITTER] == Notify::Nothing && self.submit == Submit::Notify {
            self.submit = Submit::Ready;
        }
        if self.notify[SWEEPER] == Notify::Nothing && self.sweep == Sweep::Notify {
            self.sweep = Sweep::Ready;
        }
        if self.notify[CLOSER] == Notify::Nothing && self.close == Close::Notify {
            self.close = Close::Closed;
        }
    }

    /// The slot is looked at: if its job has ended, or the entry of its tombstone has been passed, it can be used again.
    fn settle(&mut self, slot: u8) -> bool {
        let word = self.slots[slot as usize];
        match self.records[slot as usize] {
            Record::InFlight { job, position } if word.status == Status::Ended => {
                self.must(word.position == position, "the end of a job is taken for that of another");
                self.job_ends(job);
                let passed = self.entries_of(slot).next().is_none();
                self.must(passed, "a slot is used again while its entry is in the ready ring");
                self.records[slot as usize] = Record::Free;
                true
            }
            Record::Tombstone { position } if self.head > position => {
                self.records[slot as usize] = Record::Free;
                true
            }
            _ => false,
        }
    }

    fn take_step(&mut self, setup: &Setup) {
        let wrong = |mistake| setup.mistake == Some(mistake);
        match self.take {
            Take::Ready => {
                self.takes_lock(Holder::Taker);
                // The results that another thread has found are there to take.
                (self.take, self.rearmed, self.news) = (Take::Collect, false, false);
            }
            Take::Collect => {
                self.take = Take::Look(self.reports);
                if !wrong(Mistake::ClearsTheReportsLate) {
                    self.reports = 0;
                }
                self.none_left(setup);
            }
            Take::Look(slots) => {
                let slot = slots.trailing_zeros() as u8;
                self.news |= self.settle(slot);
                self.take = Take::Look(slots & !(1 << slot));
                self.none_left(setup);
            }
            Take::Bell => {
                self.rung = false;
                self.take = if wrong(Mistake::ReadsTheBellLate) { Take::Sleep } else { Take::Arm };
            }
            Take::Arm => {
                self.armed = true;
                self.workers.iter_mut().for_each(|worker| worker.current = false);
                self.rearmed = true;
                self.take = if wrong(Mistake::ArmsAfterTheLook) { Take::Sleep } else { Take::Collect };
            }
            Take::Sleep => self.take = if self.rung { Take::Ready } else { Take::Asleep },
            Take::Asleep => unreachable!("it sleeps"),
        }
        if self.take == Take::Ready {
            self.rearmed = false;
        }
        if matches!(self.take, Take::Ready | Take::Sleep) {
            self.unlock(Holder::Taker);
        }
        if matches!(self.take, Take::Ready | Take::Collect | Take::Look(_) | Take::Bell) && !self.rearmed {
            self.rung = false;
        }
    }

    /// Behind the last slot that is to be looked at.
    fn none_left(&mut self, setup: &Setup) {
        if self.take == Take::Look(0) {
            if setup.mistake == Some(Mistake::ClearsTheReportsLate) {
                self.reports = 0;
            }
            self.take = match () {
                () if self.news => Take::Ready,
                () if self.rearmed && setup.mistake == Some(Mistake::ReadsTheBellLate) => Take::Bell,
                () if self.rearmed => Take::Sleep,
                () if setup.mistake == Some(Mistake::ReadsTheBellLate) => Take::Arm,
                () => Take::Bell,
            };
        }
    }

    fn next_slot(slot: u8) -> Sweep {
        if slot as usize + 1 < SLOTS { Sweep::Look(slot + 1) } else { Sweep::Bit }
    }

    fn sweep_step(&mut self, setup: &Setup) {
        let wrong = |mistake| setup.mistake == Some(mistake);
        let w = self.swept as usize;
        match self.sweep {
            Sweep::Ready => unreachable!("it begins with SweepOf"),
            Sweep::Look(slot) => {
                let word = self.slots[slot as usize];
                let flies = matches!(self.records[slot as usize], Record::InFlight { .. });
                let held =
                    matches!(word.status, Status::Claimed | Status::Running) && word.owner == self.swept;
                self.sweep = Self::next_slot(slot);
                if flies && (held || wrong(Mistake::FailsEveryJob)) {
                    self.sweep = Sweep::Pass(slot);
                } else if !wrong(Mistake::SweepTrustsTheReports) {
                    self.news |= self.settle(slot);
                }
            }
            Sweep::Pass(slot) => {
                let word = self.slots[slot as usize];
                if !wrong(Mistake::SweepLeavesTheEntry) {
                    self.pass(word.position);
                }
                let never_began = word.status == Status::Claimed && !wrong(Mistake::FailsWhatNeverBegan);
                if never_began {
                    self.sweep = Sweep::Word(slot);
                } else {
                    if let Record::InFlight { job, .. } = self.records[slot as usize] {
                        let began = self.jobs[job as usize].ran > 0;
                        self.must(began, "a job that had not begun was lost with its worker");
                        self.job_ends(job);
                        self.news = true;
                    }
                    self.records[slot as usize] = Record::Free;
                    self.sweep = Self::next_slot(slot);
                }
            }
            Sweep::Word(slot) => {
                if wrong(Mistake::QueuesAtTheOldPosition) {
                    self.slots[slot as usize].status = Status::Queued;
                } else {
                    self.queue(slot);
                }
                if let Record::InFlight { position, .. } = &mut self.records[slot as usize] {
                    *position = self.tail;
                }
                self.sweep = Sweep::Entry(slot);
                if wrong(Mistake::SweepForgetsTheEntry) {
                    self.sweep = Self::next_slot(slot);
                }
            }
            Sweep::Entry(slot) => {
                self.publish(slot);
                self.sweep = Self::next_slot(slot);
            }
            Sweep::Bit => {
                if !wrong(Mistake::SweepLeavesTheBit) {
                    self.sleepers &= !(1 << w);
                }
                self.sweep = Sweep::Record;
            }
            Sweep::Record => {
                self.workers[w].activity = Activity::Idle;
                self.workers[w].parked = false;
                self.workers[w].unswept = false;
                if self.respawns > 0 && !self.closed && self.workers[w].pc == Pc::Dead {
                    self.respawns -= 1;
                    self.workers[w] = self.fresh(self.swept);
                }
                self.swept = 0;
                self.unlock(Holder::Sweeper);
                self.sweep = Sweep::Bell;
            }
            Sweep::Bell => {
                if !wrong(Mistake::SweepNotifiesNoTaker) {
                    self.ring();
                }
                self.sweep = Sweep::Entries;
            }
            Sweep::Entries => {
                self.sweep = Sweep::Ready;
                if self.has_entries() && !wrong(Mistake::SweepWakesNobody) {
                    self.notify[SWEEPER] = Notify::Look;
                    self.sweep = Sweep::Notify;
                }
            }
            Sweep::Notify => unreachable!("it ends with the wake-up"),
        }
    }

    fn cancel_step(&mut self) {
        match self.cancel {
            Cancel::Ready => unreachable!("it begins with CancelOf"),
            Cancel::Word(slot) => {
                let at = slot as usize;
                self.cancel = Cancel::Ready;
                if let Record::InFlight { job, position } = self.records[at]
                    && self.slots[at] == (Word { status: Status::Queued, owner: 0, position })
                {
                    self.slots[at].status = Status::Cancelled;
                    self.job_ends(job);
                    self.news = true;
                    self.records[at] = Record::Tombstone { position };
                    self.cancel = Cancel::Pass(slot);
                }
            }
            Cancel::Pass(slot) => {
                if let Record::Tombstone { position } = self.records[slot as usize] {
                    self.pass(position);
                    if self.head > position {
                        self.records[slot as usize] = Record::Free;
                    }
                }
                self.cancel = Cancel::Bell;
            }
            Cancel::Bell => {
                self.ring();
                self.cancel = Cancel::Ready;
            }
        }
        if matches!(self.cancel, Cancel::Ready | Cancel::Bell) {
            self.unlock(Holder::Canceller);
        }
    }

    fn kill_step(&mut self, setup: &Setup) {
        let wrong = |mistake| setup.mistake == Some(mistake);
        match self.kill {
            Kill::Ready => unreachable!("it begins with KillOf"),
            Kill::Look(slot) => {
                let word = self.slots[slot as usize];
                let life = self.workers[word.owner as usize].life;
                self.kill = match word.status {
                    Status::Running if wrong(Mistake::KillsWithoutExchange) => {
                        Kill::Signal(word.owner, life, word.position)
                    }
                    Status::Running => Kill::Exchange(word.owner, life, word.position),
                    _ => Kill::Ready,
                };
                if wrong(Mistake::KillsWithoutTheLock) {
                    self.unlock(Holder::Killer);
                }
            }
            Kill::Exchange(worker, life, position) => {
                let w = worker as usize;
                let any =
                    wrong(Mistake::DoomsAnyJob) && matches!(self.workers[w].activity, Activity::Running(_));
                self.kill = Kill::Ready;
                if self.workers[w].activity == Activity::Running(position) || any {
                    self.workers[w].activity = Activity::Doomed(position);
                    self.kill = Kill::Signal(worker, life, position);
                }
            }
            Kill::Signal(worker, life, position) => {
                let w = worker as usize;
                let same = self.workers[w].life == life || wrong(Mistake::KillsWithoutTheLock);
                if same && self.workers[w].pc != Pc::Dead && !setup.signals_are_lost {
                    let its = self.workers[w].activity == Activity::Doomed(position)
                        && self.slots.iter().any(|word| {
                            (word.status, word.owner, word.position) == (Status::Running, worker, position)
                        });
                    self.must(its, "a worker was killed for a job that it does not run");
                    self.workers[w] = self.dead(w);
                }
                self.kill = Kill::Ready;
            }
        }
        if self.kill == Kill::Ready {
            self.unlock(Holder::Killer);
        }
    }

    fn close_step(&mut self) {
        self.closed = true;
        self.notify[CLOSER] = Notify::Look;
        self.close = Close::Notify;
    }
}
