//! `pool/result.rs` and `pool/patience.rs`, step by step: what is done with a handle.

use super::words::{State, Status};
use super::{Content, Cpu, Mistake, Pc, Word};

impl Cpu<'_> {
    fn wanted(&mut self) -> State {
        let idx = self.t().want.idx;
        self.t().idx = idx;
        self.w.slots[idx as usize]
    }

    /// The head of wait's loop, with the state in `wseen`.
    fn wait_top(&mut self) {
        let s = self.t().wseen;
        self.t().idx = self.t().want.idx;
        let (poll, inside) = (self.t().polls, self.t().inside > 0);
        if !s.answers_to(self.t().want.generation) {
            self.go(Pc::WaitEnd);
        } else if s.over() {
            self.go(Pc::WaitTake);
        } else if poll {
            self.go(Pc::WaitEnd);
        } else if s.status() == Status::Queued && inside {
            self.go(Pc::InlineLive);
        } else if s.status() == Status::Queued {
            self.go(Pc::WaitLive);
        } else {
            self.go(Pc::WaitSleep);
        }
    }

    pub fn result_step(&mut self, pc: Pc) {
        let (idx, seen, wseen) = (self.t().idx, self.t().seen, self.t().wseen);
        match pc {
            Pc::WaitLook => {
                self.t().wseen = self.wanted();
                self.wait_top();
            }
            // should_run_itself, run_here
            Pc::WaitLive => self.go(if self.w.live == 0 { Pc::InlineLive } else { Pc::WaitSleep }),
            Pc::InlineLive if self.w.live == 0 && self.t().inside == 0 => self.call(Pc::RunOne, Pc::WaitRan),
            // Inside a job the wait is for ever, and runs that very job.
            Pc::InlineLive => self.go(Pc::InlineLook),
            Pc::WaitRan => self.go(if self.see().ok { Pc::WaitLook } else { Pc::WaitSleep }),
            Pc::InlineLook => {
                let s = self.wanted();
                self.inline_claim(s);
            }
            Pc::InlineClaim => match self.cas_slot(seen.with(Status::Running)) {
                Ok(now) => {
                    self.hold();
                    self.t().seen = now;
                    self.t().wseen = State::default();
                    self.call(Pc::Execute, Pc::InlineRan);
                }
                Err(now) => self.inline_claim(now),
            },
            Pc::InlineRan => self.call(Pc::KickIfClosed, Pc::WaitLook),

            // Waiting::new, Waiting::sleep
            Pc::WaitSleep if !self.t().waits => {
                self.t().waits = true;
                let blocked = self.t().inside > 0 && self.t().worker;
                self.t().blocked = blocked;
                self.go(if blocked { Pc::Block } else { Pc::WaitVisit });
            }
            Pc::Block => {
                self.w.blocked += 1;
                self.go(Pc::WaitVisit);
            }
            Pc::WaitVisit => {
                self.w.visitors += 1;
                self.t().visits = true;
                self.go(Pc::WaitSleep);
            }
            Pc::WaitSleep if wseen.status() == Status::Queued && self.t().blocked => {
                self.call(Pc::HopeBlocked, Pc::WaitHoped);
            }
            Pc::WaitHoped if self.see().ok => self.flag_or_sleep(),
            Pc::WaitHoped => self.go(Pc::WaitEnd),
            Pc::WaitSleep => self.flag_or_sleep(),
            Pc::HopeBlocked => {
                // The count of the blocked, to be compared with the live in the next step.
                self.t().passes = self.w.blocked;
                self.go(Pc::HopeLive);
            }
            Pc::HopeLive => {
                let all = std::mem::take(&mut self.t().passes) >= self.w.live;
                match (all, self.t().worn) {
                    (true, true) => self.hope(false),
                    (true, false) => self.go(Pc::HopeAlone),
                    _ => self.hope(true),
                }
            }
            Pc::HopeAlone => self.hope(self.w.live != 1),
            Pc::WaitFlag => {
                self.t().seen = wseen;
                match self.cas_slot(wseen.await_by()) {
                    Ok(now) => {
                        self.t().wseen = now;
                        self.sleep_on_job();
                    }
                    Err(now) => {
                        self.t().wseen = now;
                        self.wait_top();
                    }
                }
                self.t().seen = State::default();
            }
            Pc::WaitWoken => {
                let now = self.w.slots[self.t().want.idx as usize];
                self.t().wseen = now;
                let impatient = self.setup.clock
                    && wseen.status() == Status::Queued
                    && !self.mistake(Mistake::NoPatience);
                if impatient && now == wseen {
                    self.t().worn = self.t().blocked;
                    self.call(Pc::Force, Pc::WaitTop);
                } else {
                    self.wait_top();
                }
            }
            Pc::WaitTop => self.wait_top(),
            Pc::WaitTake if self.mistake(Mistake::ReadWithoutTaking) => {
                self.t().seen = wseen;
                self.deliver(wseen);
            }
            Pc::WaitTake => {
                self.t().seen = wseen;
                match self.cas_slot(wseen.with(Status::Taking)) {
                    Ok(taking) => {
                        self.t().seen = taking;
                        self.hold();
                        self.deliver(wseen);
                    }
                    Err(now) => {
                        (self.t().wseen, self.t().seen) = (now, State::default());
                        self.wait_top();
                    }
                }
            }
            Pc::WaitTaken => self.call(Pc::Vacate, Pc::WaitEnd),
            Pc::WaitEnd => {
                let t = self.t();
                (t.idx, t.seen, t.wseen, t.want) = Default::default();
                (t.worn, t.waits) = (false, false);
                self.go(if self.see().blocked { Pc::Unblock } else { Pc::WaitVisitEnd });
            }
            Pc::Unblock => {
                self.w.blocked -= 1;
                self.t().blocked = false;
                self.go(Pc::WaitVisitEnd);
            }
            Pc::WaitVisitEnd => self.end_visit(),

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
                    self.call(Pc::TakerFence, Pc::DetachTaken);
                }
                Err(now) => self.detach_by(now),
            },
            Pc::DetachTaken => self.call(Pc::Forget, Pc::ForgottenTo),
            Pc::ForgottenTo => {
                self.t().to = Status::Free;
                self.go(Pc::Vacate);
            }
            Pc::DetachFlag => {
                match self.cas_slot(seen.detach().unawaited()) {
                    Ok(_) if seen.has_waiter() => {
                        self.end_regs();
                        self.go(Pc::WakeAll(Word::Slot(idx)));
                    }
                    Ok(_) => self.end_seen(),
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
                let (was_in_ring, back) = (seen.in_ring(), self.t().back);
                self.t().was_in_ring = was_in_ring;
                self.t().newly_kept = back.kept() && !seen.detached();
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

    /// Is there hope that the sleep ends?
    fn hope(&mut self, there_is: bool) {
        self.t().ok = there_is;
        self.ret();
    }

    fn end_regs(&mut self) {
        (self.t().idx, self.t().seen, self.t().want) = Default::default();
    }

    fn end_seen(&mut self) {
        self.end_regs();
        self.ret();
    }

    fn inline_claim(&mut self, s: State) {
        self.t().seen = s;
        if s.answers_to(self.t().want.generation) && s.status() == Status::Queued {
            self.go(Pc::InlineClaim);
        } else {
            self.t().seen = State::default();
            self.go(Pc::WaitLook);
        }
    }

    fn flag_or_sleep(&mut self) {
        let s = self.t().wseen;
        if s.has_waiter() { self.sleep_on_job() } else { self.go(Pc::WaitFlag) }
    }

    fn sleep_on_job(&mut self) {
        let s = self.t().wseen;
        self.t().nap = self.setup.clock && s.status() == Status::Queued;
        self.t().word = s.0;
        let idx = self.t().want.idx;
        self.call(Pc::Sleep(Word::Slot(idx)), Pc::WaitWoken);
    }

    /// The job in `idx` is taken (`seen`); it was `was`.
    fn deliver(&mut self, was: State) {
        let idx = self.t().idx as usize;
        match (was.status(), self.w.bodies[idx]) {
            (Status::Done, Content::Result(job)) => {
                self.w.jobs[job as usize].out += 1;
                self.w.bodies[idx] = Content::Empty;
            }
            // A C caller's failure stays in its slot.
            (Status::Failed, Content::Failure(job)) => {
                self.w.jobs[job as usize].out += 1;
                self.t().back = was.detach();
                return self.call(Pc::PutBack, Pc::WaitEnd);
            }
            (Status::Cancelled, Content::Empty) => {}
            _ => self.must(false, "a result is taken that is not there"),
        }
        self.call(Pc::TakerFence, Pc::WaitTaken);
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
