//! The steps of a worker, which may die or stop before each. `src/processes/README.md` has their names.

use super::setup::{Mistake, Setup};
use super::world::{Activity, NO_WORD, Pc, Record, Status, Take, Worker, World};

impl World {
    /// Lets worker `me` take its next step.
    pub fn worker_step(&mut self, setup: &Setup, me: usize) {
        let w = self.workers[me];
        let wrong = |mistake| setup.mistake == Some(mistake);
        let slot = w.slot as usize;
        let mut next = w;
        match w.pc {
            Pc::Head | Pc::RestHead => {
                next.head = self.head;
                next.pc = if w.pc == Pc::Head { Pc::Entry } else { Pc::RestEntry };
            }
            Pc::Entry => {
                next.slot = self.cell(w.head).slot;
                next.pc = match () {
                    () if self.is_published(w.head) => Pc::Look,
                    () if self.is_behind(w.head) => Pc::Park,
                    () => Pc::Head,
                };
            }
            Pc::Look => {
                let word = self.slots[slot];
                next.seen = word;
                let mine = word.position == w.head || wrong(Mistake::IgnoresThePosition);
                next.pc = match word.status {
                    _ if !mine => Pc::Head,
                    Status::Queued => Pc::Claim,
                    _ => Pc::Help,
                };
            }
            Pc::Claim => {
                next.pc = Pc::Head;
                if self.slots[slot] == w.seen || wrong(Mistake::ClaimsWithoutExchange) {
                    let at_head = self.head == w.seen.position && self.cell(self.head).slot == w.slot;
                    self.must(at_head, "a worker claims a job that is not at head");
                    self.slots[slot].status = Status::Claimed;
                    self.slots[slot].owner = me as u8;
                    next.pc = if wrong(Mistake::RunsBeforeItPasses) { Pc::Record } else { Pc::Pass };
                }
            }
            Pc::Pass => {
                self.pass(w.head);
                next.pc = Pc::Record;
            }
            Pc::Help => {
                self.pass(w.head);
                next.pc = match w.seen.status {
                    // A submitter may wait for its slot.
                    Status::Cancelled if !wrong(Mistake::ReportsNoTombstone) => Pc::Report,
                    _ => Pc::Head,
                };
            }
            Pc::Record => {
                next.activity = Activity::Running(w.head);
                next.pc = Pc::Run;
            }
            Pc::Run => {
                self.slots[slot].status = Status::Running;
                let position = self.slots[slot].position;
                if let Record::InFlight { job, position: at } = self.records[slot]
                    && at == position
                {
                    self.jobs[job as usize].ran += 1;
                    let once = self.jobs[job as usize].ran == 1;
                    self.must(once, "a job ran twice");
                } else {
                    self.must(false, "a job runs whose end was reported");
                }
                next.pc = Pc::Leave;
            }
            Pc::Leave => {
                let own = self.slots[slot].status == Status::Running && self.slots[slot].owner == me as u8;
                self.must(own, "a job runs whose end was reported");
                next.pc = match w.activity {
                    Activity::Doomed(_) => Pc::Doomed,
                    _ => Pc::Resolve,
                };
                if next.pc == Pc::Resolve {
                    next.activity = Activity::Idle;
                }
            }
            Pc::Doomed if wrong(Mistake::DoomedWaits) => unreachable!("it waits"),
            Pc::Doomed => next = self.dead(me),
            Pc::Resolve => {
                self.slots[slot].status = Status::Ended;
                next.pc = Pc::Report;
            }
            Pc::Report => {
                self.reports |= 1 << slot;
                next.pc = Pc::Armed;
            }
            Pc::Armed => {
                next.current = self.armed;
                next.pc = if self.armed { Pc::Ring } else { Pc::Head };
                if wrong(Mistake::ClearsFirst) {
                    self.armed = false;
                }
            }
            Pc::Ring => {
                self.ring();
                next.pc = if wrong(Mistake::ClearsFirst) { Pc::Head } else { Pc::Disarm };
            }
            Pc::Disarm => {
                if self.workers[me].current || wrong(Mistake::ClearsAnyArming) {
                    self.armed = false;
                }
                next.pc = Pc::Head;
            }
            Pc::Park => {
                next.parked = true;
                next.pc = Pc::Register;
            }
            Pc::Register => {
                self.sleepers |= 1 << me;
                next.pc = if wrong(Mistake::SleepsWithoutALook) { Pc::Sleep } else { Pc::RestHead };
            }
            Pc::RestEntry => {
                next.pc = match () {
                    () if self.is_published(w.head) => Pc::Unregister,
                    () if self.is_behind(w.head) => Pc::RestClosed,
                    () => Pc::RestHead,
                };
            }
            Pc::RestClosed if self.closed => next = self.dead(me),
            Pc::RestClosed => next.pc = Pc::Sleep,
            Pc::Sleep => next.pc = if w.parked { Pc::Asleep } else { Pc::Unregister },
            Pc::Asleep | Pc::Dead => unreachable!("it does nothing"),
            Pc::Unregister => {
                if !wrong(Mistake::StaysRegistered) {
                    self.sleepers &= !(1 << me);
                }
                next.pc = Pc::Head;
            }
        }
        // What it has read is no longer needed.
        if matches!(next.pc, Pc::Head | Pc::Park | Pc::RestHead | Pc::RestClosed | Pc::Sleep | Pc::Unregister)
        {
            (next.head, next.slot, next.seen) = (0, 0, NO_WORD);
        } else if !matches!(next.pc, Pc::Claim | Pc::Help | Pc::Pass) {
            next.seen = NO_WORD;
        }
        if !matches!(next.pc, Pc::Ring | Pc::Disarm) {
            next.current = false;
        }
        self.workers[me] = next;
    }

    /// What a dead worker leaves: what it stored in its record, and the bit in `sleepers`.
    pub fn dead(&self, me: usize) -> Worker {
        let old = self.workers[me];
        let mut dead = Worker::new(old.life);
        (dead.activity, dead.parked) = (old.activity, old.parked);
        (dead.pc, dead.unswept) = (Pc::Dead, true);
        dead
    }

    /// Rings the parent's bell.
    pub fn ring(&mut self) {
        self.rung = true;
        if self.take == Take::Asleep {
            self.take = Take::Ready;
        }
    }
}
