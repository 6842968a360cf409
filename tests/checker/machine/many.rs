//! `engine/wait_many.rs`, step by step: a wait for the first of jobs 0 and 1 that finishes, outside of jobs and
//! without a clock.

use super::words::{State, Status};
use super::{Cpu, Mistake, Pc, Word};

/// The jobs that such a wait is for.
const COUNT: u8 = 2;

impl Cpu<'_> {
    /// The state of the slot of the job in `at`, and whether it has finished.
    fn member(&mut self) -> (State, bool) {
        let (idx, generation) = self.w.jobs[self.see().at as usize].handle;
        self.t().idx = idx;
        let s = self.w.slots[idx as usize];
        (s, !s.answers_to(generation) || s.over() || s.status() == Status::Taking)
    }

    /// Goes on to the next job; false behind the last one.
    fn next_member(&mut self) -> bool {
        let t = self.t();
        t.at = (t.at + 1) % COUNT;
        t.at > 0
    }

    pub fn many_step(&mut self, pc: Pc) {
        match pc {
            Pc::First => self.call(Pc::FirstLook, Pc::FirstLooked),
            // look, without a registration
            Pc::FirstLook => {
                let (_, ended) = self.member();
                self.t().idx = 0;
                if ended || !self.next_member() {
                    (self.t().ok, self.t().at) = (ended, 0);
                    self.ret();
                }
            }
            Pc::FirstLooked if self.see().ok => self.ret(),
            Pc::FirstLooked => self.go(Pc::FirstLive),
            Pc::FirstLive => self.go(if self.w.live == 0 { Pc::FirstQueued } else { Pc::FirstVisit }),

            // run_queued, on a pool without workers
            Pc::FirstQueued => {
                let (s, ended) = self.member();
                if s.status() == Status::Queued && !ended {
                    let (idx, generation) = self.w.jobs[self.see().at as usize].handle;
                    self.t().want = super::Handle { idx, generation };
                    self.t().mine = std::mem::take(&mut self.t().at);
                    self.go(Pc::FirstRunLive);
                } else if !self.next_member() {
                    self.go(Pc::FirstVisit);
                }
                self.t().idx = 0;
            }
            Pc::FirstRunLive if self.w.live == 0 => self.call(Pc::RunOne, Pc::FirstRan),
            Pc::FirstRunLive => self.go(Pc::InlineLook),
            Pc::FirstRan if self.see().ok => self.go(Pc::FirstRanHere),
            Pc::FirstRan => {
                (self.t().mine, self.t().want) = Default::default();
                self.go(Pc::FirstVisit);
            }
            Pc::FirstRanHere => {
                (self.t().idx, self.t().seen, self.t().want) = Default::default();
                self.call(Pc::FirstLook, Pc::FirstRanLooked);
            }
            Pc::FirstRanLooked => {
                let number = std::mem::take(&mut self.t().mine);
                if self.see().ok {
                    self.ret();
                } else {
                    self.t().at = number;
                    self.go(Pc::FirstQueued);
                }
            }

            // await_one
            Pc::FirstVisit => {
                self.w.visitors += 1;
                let late = self.mistake(Mistake::ListenerCountsItselfTooLate);
                self.go(if late { Pc::FirstEvents } else { Pc::FirstListen });
            }
            Pc::FirstListen => {
                self.w.listeners += 1;
                let late = self.mistake(Mistake::ListenerCountsItselfTooLate);
                self.t().counted = true;
                self.go(if late { Pc::FirstSleepLook } else { Pc::FirstEvents });
            }
            Pc::FirstEvents => {
                (self.t().listens, self.t().notified) = (true, false);
                self.go(Pc::FirstMark);
            }
            Pc::FirstMark => {
                let (s, ended) = self.member();
                if ended {
                    (self.t().idx, self.t().at) = (0, 0);
                    self.leave_first();
                } else {
                    self.t().seen = s;
                    self.go(Pc::FirstFlag);
                }
            }
            Pc::FirstFlag => {
                let seen = self.see().seen;
                let set = self.cas_slot(seen.await_by()).is_ok();
                (self.t().idx, self.t().seen) = Default::default();
                if set && !self.next_member() {
                    self.marked_all();
                } else {
                    self.go(Pc::FirstMark);
                }
            }
            Pc::FirstEventsLate => {
                self.t().notified = false;
                self.go(Pc::FirstSleepLook);
            }
            // A thread with a clock would trust no other thread to run what is queued.
            Pc::FirstSleepLook => {
                let (s, ended) = self.member();
                self.t().idx = 0;
                if s.status() == Status::Queued && !ended || !self.next_member() {
                    self.t().at = 0;
                    self.call(Pc::Sleep(Word::CloseEvents), Pc::FirstEvents);
                }
            }
            Pc::FirstLeave => {
                self.w.listeners -= 1;
                self.go(Pc::VisitEnd);
            }
            _ => unreachable!("{pc:?}"),
        }
    }

    fn marked_all(&mut self) {
        if self.mistake(Mistake::ListenerReadsEventsTooLate) {
            self.go(Pc::FirstEventsLate);
        } else {
            self.go(if self.see().counted { Pc::FirstSleepLook } else { Pc::FirstListen });
        }
    }

    fn leave_first(&mut self) {
        let t = self.t();
        (t.listens, t.notified) = (false, false);
        let counted = std::mem::take(&mut t.counted);
        self.go(if counted { Pc::FirstLeave } else { Pc::VisitEnd });
    }
}
