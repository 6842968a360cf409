//! `engine/wait.rs`, step by step: the operations on a handle except waits.

use super::words::{State, Status};
use super::{Cpu, Mistake, Pc, Word};

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
                    self.call(Pc::Discard, Pc::NotifyIfClosed);
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
                        if seen.has_waiter() && self.mistake(Mistake::OnlyAnEndCountsTheEvent) {
                            self.end_regs();
                            self.go(Pc::WakeAll(Word::Slot(idx)));
                        } else if seen.has_waiter() {
                            self.end_regs();
                            self.wake_waiters(Word::Slot(idx));
                        } else {
                            self.end_seen();
                        }
                    }
                    Err(now) => self.detach_by(now),
                };
            }

            // put_back(idx, seen, back)
            Pc::PutBack if seen.detached() => {
                self.t().to = std::mem::take(&mut self.t().back).status();
                self.go(Pc::ForgetTaken);
            }
            Pc::PutBack => self.go(Pc::PutBackCas),
            Pc::PutBackCas => {
                let back = seen.with(self.see().back.status()).unawaited();
                match self.cas_slot(back) {
                    Ok(_) => {
                        self.unhold();
                        (self.t().back, self.t().seen) = Default::default();
                        self.t().idx = 0;
                        if seen.has_waiter() {
                            self.wake_waiters_then(Word::Slot(idx), Pc::NotifyIfClosed);
                        } else {
                            self.go(Pc::NotifyIfClosed);
                        }
                    }
                    Err(now) => {
                        self.t().seen = now;
                        self.go(Pc::PutBack);
                    }
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
        if !s.cancellable_by(self.t().want.generation) {
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
}
