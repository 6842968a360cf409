//! `engine/wait.rs` and `engine/blocking_wait.rs`, step by step: waits.

use super::graph::Outlook;
use super::words::{State, Status};
use super::{Content, Cpu, Mistake, Op, Pc, Word};

impl Cpu<'_> {
    pub fn wanted(&mut self) -> State {
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
        } else if self.frames() & 1 << self.see().want.idx != 0 {
            // It waits for a job that it is inside of.
            self.go(Pc::WaitEnd);
        } else {
            self.go(Pc::WaitSleep);
        }
    }

    pub fn result_step(&mut self, pc: Pc) {
        let (seen, wseen) = (self.t().seen, self.t().wseen);
        let inside = self.see().inside > 0;
        match pc {
            Pc::WaitLook => {
                self.t().wseen = self.wanted();
                self.wait_top();
            }
            // should_run_itself, run_here
            Pc::WaitLive if self.w.live == 0 && self.in_scope() => self.listen(Pc::WaitMayRun),
            Pc::WaitLive => self.go(if self.w.live == 0 { Pc::InlineLive } else { Pc::WaitSleep }),
            Pc::WaitMayRun => self.go(if self.see().ok { Pc::WaitSleep } else { Pc::InlineLive }),
            Pc::InlineLive if self.w.live == 0 && self.t().inside == 0 => self.call(Pc::RunOne, Pc::WaitRan),
            Pc::InlineLive if self.setup.short && inside => {
                self.go(if self.w.live > 0 { Pc::WaitSleep } else { Pc::WaitEnd });
            }
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
            Pc::InlineRan => {
                let then = self.ran_inline();
                self.call(Pc::NotifyIfClosed, then);
            }

            // Waiting::new, Waiting::sleep
            Pc::WaitSleep if !self.t().waits => {
                self.t().waits = true;
                self.go(Pc::WaitVisit);
            }
            Pc::WaitVisit => {
                self.w.visitors += 1;
                self.t().visits = true;
                self.go(Pc::WaitSleep);
            }
            Pc::WaitSleep if self.in_scope() => self.listen(Pc::WaitListens),
            Pc::WaitListens if self.see().ok => self.go(Pc::WaitEnd),
            Pc::WaitListens => self.flag_or_sleep(),
            Pc::WaitSleep => self.flag_or_sleep(),
            Pc::WaitFlag => {
                (self.t().idx, self.t().seen) = (self.t().want.idx, wseen);
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
            Pc::WaitJudged if self.is_refused() => self.go(Pc::WaitEnd),
            Pc::WaitJudged => self.sleep_on_job_word(),
            Pc::WaitSlept => {
                let impatient = self.is_impatient() && !self.mistake(Mistake::NoPatience);
                self.go(if impatient { Pc::WaitPatience } else { Pc::WaitSleepEnded });
            }
            Pc::WaitPatience => {
                let now = self.w.slots[self.t().want.idx as usize];
                if now == wseen && wseen.status() == Status::Queued {
                    self.call(Pc::Force, Pc::WaitSleepEnded);
                } else {
                    self.go(Pc::WaitSleepEnded);
                }
            }
            Pc::WaitSleepEnded if self.runs_jobs() => self.call(Pc::Unregister, Pc::WaitWoken),
            Pc::WaitSleepEnded => self.go(Pc::WaitWoken),
            Pc::WaitWoken => {
                self.t().wseen = self.w.slots[self.t().want.idx as usize];
                self.wait_top();
            }
            Pc::WaitTake if self.mistake(Mistake::ReadWithoutTaking) => {
                self.t().seen = wseen;
                self.deliver(wseen);
            }
            Pc::WaitTake => {
                self.t().seen = wseen;
                let taking = wseen.with(Status::Taking);
                // A thread that may leave it gives the handle up later.
                let taking = if self.t().sees.is_some() { taking } else { taking.detach() };
                match self.cas_slot(taking) {
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
            Pc::GiveUp => match self.cas_slot(seen.detach()) {
                Ok(now) => {
                    self.t().seen = now;
                    self.delivered();
                }
                Err(now) => {
                    self.t().seen = now;
                    self.give_up(wseen);
                }
            },
            Pc::WaitTaken => self.call(Pc::Vacate, Pc::WaitEnd),
            Pc::WaitEnd => {
                let t = self.t();
                (t.idx, t.seen, t.wseen, t.want) = Default::default();
                t.waits = false;
                if self.in_scope() {
                    (self.t().listens, self.t().notified) = (false, false);
                }
                self.end_visit();
            }

            _ => unreachable!("{pc:?}"),
        }
    }

    fn inline_claim(&mut self, s: State) {
        self.t().seen = s;
        if s.answers_to(self.t().want.generation) && s.status() == Status::Queued {
            self.go(Pc::InlineClaim);
        } else {
            self.t().seen = State::default();
            let then = self.ran_inline();
            self.go(then);
        }
    }

    /// Where a thread goes on that has run the job that it waits for, or has found that another did.
    fn ran_inline(&self) -> Pc {
        if self.op() == Some(Op::First) { Pc::FirstRanHere } else { Pc::WaitLook }
    }

    fn flag_or_sleep(&mut self) {
        let s = self.t().wseen;
        if s.has_waiter() { self.sleep_on_job() } else { self.go(Pc::WaitFlag) }
    }

    fn sleep_on_job(&mut self) {
        if self.runs_jobs() { self.call(Pc::RegisterJob, Pc::WaitJudged) } else { self.sleep_on_job_word() }
    }

    fn sleep_on_job_word(&mut self) {
        if self.see().outlook == Outlook::Unsettled && !self.setup.clock {
            return self.call(Pc::StandAside, Pc::WaitSleepEnded);
        }
        if self.in_scope() {
            return self.go(Pc::ListenBegin);
        }
        self.t().timed = self.is_impatient();
        self.t().word = self.see().wseen.0;
        let idx = self.t().want.idx;
        self.call(Pc::Sleep(Word::Slot(idx)), Pc::WaitSlept);
    }

    /// Does its sleep last as long as its patience?
    fn is_impatient(&self) -> bool {
        let t = self.see();
        self.setup.clock && (t.wseen.status() == Status::Queued || t.outlook == Outlook::Unsettled)
    }

    /// The job in `idx` is taken (`seen`); it was `was`.
    fn deliver(&mut self, was: State) {
        let idx = self.t().idx as usize;
        let there = matches!(
            (was.status(), self.w.bodies[idx]),
            (Status::Done, Content::Result(_))
                | (Status::Failed, Content::Failure(_))
                | (Status::Cancelled, Content::Empty)
        );
        self.must(there, "a result is taken that is not there");
        match self.t().sees {
            Some(true) => {
                self.t().back = was;
                self.call(Pc::PutBack, Pc::WaitEnd);
            }
            Some(false) => self.give_up(was),
            None => self.delivered(),
        }
    }

    /// The handle is given up by this thread, or was meanwhile; then what was seen does not count.
    fn give_up(&mut self, was: State) {
        if self.t().seen.detached() && !self.mistake(Mistake::DeliversDetachedResult) {
            self.t().to = was.status();
            self.call(Pc::ForgetTaken, Pc::WaitEnd);
        } else if self.t().seen.detached() {
            self.delivered();
        } else {
            self.go(Pc::GiveUp);
        }
    }

    /// A handle is given up by one thread: it has the result, or has seen that it is detached.
    pub fn give_handle(&mut self) {
        let want = (self.t().want.idx, self.t().want.generation);
        let Some(job) = self.w.jobs.iter_mut().find(|job| job.accepted > 0 && job.handle == want) else {
            return;
        };
        job.given += 1;
        let once = job.given == 1;
        self.must(once, "a handle is given up twice");
    }

    /// What was seen is this thread's.
    fn delivered(&mut self) {
        let idx = self.t().idx as usize;
        self.give_handle();
        match self.w.bodies[idx] {
            Content::Result(job) | Content::Failure(job) => {
                self.w.jobs[job as usize].out += 1;
                self.w.bodies[idx] = Content::Empty;
            }
            _ => {}
        }
        self.call(Pc::TakerFence, Pc::WaitTaken);
    }
}
