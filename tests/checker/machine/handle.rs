//! `engine/wait.rs`, step by step: what is done with a handle besides waiting.

use super::words::{State, Status};
use super::{Content, Cpu, Pc, Word};

impl Cpu<'_> {
    pub fn handle_step(&mut self, pc: Pc) {
        let (idx, seen) = (self.t().idx, self.t().seen);
        match pc {
            // cancel
            Pc::CancelLook => {
                let s = self.wanted();
                self.cancel_by(s);
            }
            Pc::CancelClaim => match self.cas_slot(seen.with(Status::Running)) {
                Ok(now) => {
                    self.hold();
                    self.t().seen = now;
                    self.call(Pc::Discard, Pc::KickIfClosed);
                }
                Err(now) => self.cancel_by(now),
            },
            Pc::CancelFlag => match self.cas_slot(seen.with(Status::Cancelling)) {
                Ok(_) => self.end_seen(),
                Err(_) => self.go(Pc::CancelLook),
            },

            // detach
            Pc::DetachLook => {
                let s = self.wanted();
                self.detach_by(s);
            }
            Pc::DetachTake => match self.cas_slot(seen.with(Status::Taking).detach()) {
                Ok(taking) => {
                    self.hold();
                    self.t().to = seen.status();
                    self.t().seen = taking;
                    self.give_handle();
                    self.go(Pc::ForgetTaken);
                }
                Err(now) => self.detach_by(now),
            },
            Pc::ForgetTaken => self.call(Pc::TakerFence, Pc::Retiring),
            Pc::Retiring => self.call(Pc::Forget, Pc::ForgottenTo),
            Pc::ForgottenTo => {
                self.t().to = Status::Free;
                self.go(Pc::Vacate);
            }
            Pc::DetachFlag => {
                match self.cas_slot(seen.detach().unawaited()) {
                    Ok(_) => {
                        self.give_handle();
                        if seen.has_waiter() {
                            self.end_regs();
                            self.go(Pc::WakeAll(Word::Slot(idx)));
                        } else {
                            self.end_seen();
                        }
                    }
                    Err(now) => self.detach_by(now),
                };
            }

            // read_failure
            Pc::ReadLook => {
                let s = self.wanted();
                self.read_by(s);
            }
            Pc::ReadTake => match self.cas_slot(seen.with(Status::Taking)) {
                Ok(taking) => {
                    self.hold();
                    self.t().seen = taking;
                    let there = matches!(self.w.bodies[idx as usize], Content::Failure(_));
                    self.must(there, "a failure is read that is not there");
                    self.t().back = seen;
                    self.go(Pc::PutBack);
                }
                Err(now) => self.read_by(now),
            },
            // put_back(idx, seen, back)
            Pc::PutBack => self.call(Pc::TakerFence, Pc::PutBackTop),
            Pc::PutBackTop => {
                self.t().was_in_ring = seen.in_ring();
                self.put_back_top();
            }
            Pc::PutBackCas => {
                let back = self.backed();
                match self.cas_slot(back) {
                    Ok(_) => {
                        self.unhold();
                        self.t().seen = back;
                        let wakes = seen.has_waiter();
                        if wakes {
                            self.call(Pc::WakeAll(Word::Slot(idx)), Pc::PutBackKept);
                        } else {
                            self.go(Pc::PutBackKept);
                        }
                    }
                    Err(now) => {
                        self.t().seen = now;
                        self.put_back_top();
                    }
                }
            }
            Pc::PutBackKept => {
                let t = self.t();
                let (newly, gone) = (t.newly_kept, t.was_in_ring && !seen.in_ring());
                (t.newly_kept, t.was_in_ring, t.retire) = (false, false, false);
                (t.back, t.seen) = (State::default(), State::default());
                if seen.kept() && newly && seen.in_ring() {
                    self.call(Pc::Reap, Pc::KickIfClosed);
                } else if seen.kept() && (newly || gone) {
                    self.call(Pc::GiveBack, Pc::KickIfClosed);
                } else {
                    self.t().idx = 0;
                    self.go(Pc::KickIfClosed);
                }
            }
            _ => unreachable!("{pc:?}"),
        }
    }

    fn end_regs(&mut self) {
        (self.t().idx, self.t().seen, self.t().want) = Default::default();
    }

    fn end_seen(&mut self) {
        self.end_regs();
        self.ret();
    }

    fn cancel_by(&mut self, s: State) {
        self.t().seen = s;
        if !s.answers_to(self.t().want.generation) {
            return self.end_seen();
        }
        match s.status() {
            Status::Queued => self.go(Pc::CancelClaim),
            Status::Running => self.go(Pc::CancelFlag),
            _ => self.end_seen(),
        }
    }

    fn detach_by(&mut self, s: State) {
        self.t().seen = s;
        if !s.answers_to(self.t().want.generation) {
            self.end_seen();
        } else if s.untaken() {
            self.go(Pc::DetachTake);
        } else {
            self.go(Pc::DetachFlag);
        }
    }

    fn read_by(&mut self, s: State) {
        self.t().seen = s;
        let readable = s.kept() || s.retired() || s.status() == Status::Taking;
        let generation = self.t().want.generation;
        if s.generation() == generation
            && (readable || s.answers_to(generation))
            && s.status() == Status::Failed
        {
            self.go(Pc::ReadTake);
        } else {
            self.end_seen();
        }
    }

    /// What the word is put back to.
    fn backed(&mut self) -> State {
        let t = self.t();
        let mut back = t.seen.with(t.back.status()).unawaited();
        if t.back.detached() {
            back = back.detach();
        }
        if t.back.retired() || t.newly_kept && t.retire { back.await_by() } else { back }
    }

    fn put_back_top(&mut self) {
        let (taking, back) = (self.t().seen, self.t().back);
        if taking.detached() && !back.detached() {
            self.t().to = back.status();
            let t = self.t();
            (t.back, t.newly_kept, t.was_in_ring) = (State::default(), false, false);
            self.call(Pc::Forget, Pc::ForgottenTo);
        } else {
            self.go(Pc::PutBackCas);
        }
    }
}
