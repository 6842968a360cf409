//! `engine/close.rs` and `engine/lifecycle.rs`, step by step.

use super::graph::Awaits;
use super::words::{Mark, Status};
use super::{Cpu, Mistake, Pc, Which, Word};

impl Cpu<'_> {
    /// The end of a stay, if there was one.
    pub fn end_visit(&mut self) {
        let visits = std::mem::take(&mut self.t().visits);
        if visits { self.go(Pc::VisitEnd) } else { self.ret() }
    }

    fn last_slot(&mut self) -> bool {
        self.t().at + 1 == self.setup.slots
    }

    pub fn close_step(&mut self, pc: Pc) {
        let (idx, at) = (self.t().idx, self.t().at as usize);
        match pc {
            Pc::VisitEnd => {
                self.w.visitors -= 1;
                let last = self.w.visitors == 0 && self.w.leaving;
                if last { self.go(Pc::WakeAll(Word::Visitors)) } else { self.ret() }
            }

            Pc::Shutdown => {
                self.w.visitors += 1;
                let discards = self.t().discards;
                if discards { self.go(Pc::ModeSet) } else { self.call(Pc::Close, Pc::Unmark) }
            }
            Pc::ModeSet => {
                self.w.discard = true;
                self.call(Pc::Close, Pc::Unmark);
            }
            Pc::Unmark => self.on_ring(Which::Free, Pc::UnmarkHead, Pc::Unmarked),
            Pc::Unmarked if self.t().ok => {
                let at = self.w.free.at(self.see().pos) as u8;
                self.call(Pc::WakeAll(Word::Entry(at)), Pc::Closing);
            }
            Pc::Unmarked => self.go(Pc::Closing),
            // Inside a job it registers.
            Pc::Closing => {
                self.t().pos = 0;
                self.t().drains = self.see().worker;
                if !self.runs_jobs() {
                    self.go(Pc::ClosingNotify);
                } else if self.see().worker && self.see().closing {
                    self.call(Pc::RegisterEnd, Pc::ClosingNotify);
                } else {
                    self.go(Pc::ClosingBegin);
                }
            }
            Pc::ClosingBegin => {
                if self.see().worker {
                    self.w.closing += 1;
                } else {
                    self.w.guests += 1;
                }
                (self.t().closing, self.t().counted) = (true, true);
                self.call(Pc::RegisterEnd, Pc::ClosingNotify);
            }
            Pc::ClosingNotify => self.call(Pc::NotifyClosers, Pc::CloseEventsLook),
            Pc::CloseEventsLook => {
                (self.t().listens, self.t().notified) = (true, false);
                self.call(Pc::Sweep, Pc::Swept);
            }

            Pc::Sweep => {
                self.t().progress = false;
                self.go(Pc::ModeLook);
            }
            Pc::ModeLook if self.w.discard => self.call(Pc::ClaimNext, Pc::DiscardClaimed),
            Pc::ModeLook => self.go(Pc::Drain),
            Pc::DiscardClaimed if self.t().ok => self.call(Pc::Discard, Pc::Discarded),
            Pc::DiscardClaimed => self.go(Pc::SweepReap),
            Pc::Discarded => {
                self.t().progress = true;
                self.call(Pc::ClaimNext, Pc::DiscardClaimed);
            }
            Pc::Drain if self.see().drains => self.call(Pc::RunOne, Pc::DrainRan),
            Pc::Drain => self.go(Pc::DrainLook),
            Pc::DrainLook if self.w.live <= self.w.closing => self.call(Pc::RunOne, Pc::DrainRan),
            Pc::DrainLook => self.go(Pc::SweepReap),
            Pc::DrainRan if self.t().ok => {
                self.t().progress = true;
                self.go(Pc::Drain);
            }
            Pc::DrainRan => self.go(Pc::SweepReap),
            Pc::SweepReap => self.call(Pc::Reap, Pc::SweepFree),
            Pc::SweepFree => self.on_ring(Which::Free, Pc::FrontHead(super::How::Pop), Pc::SweepPopped),
            Pc::SweepPopped if self.t().ok => self.go(Pc::SlotCloseLook),
            Pc::SweepPopped if self.mistake(Mistake::CloserDoesNotMark) => self.end_sweep(),
            Pc::SweepPopped => self.on_ring(Which::Free, Pc::MarkHead(Mark::Closer), Pc::SweepMarked),
            Pc::SlotCloseLook => {
                let s = self.w.slots[idx as usize];
                self.t().seen = s;
                self.must(s.vacant(), "the free ring has a slot that is not free");
                self.go(Pc::SlotClose);
            }
            Pc::SlotClose => {
                let s = self.t().seen;
                self.must(s == self.w.slots[idx as usize], "a slot is closed that another has moved");
                self.w.slots[idx as usize] = s.detach();
                self.slot_closed();
            }
            Pc::SweepMarked if self.t().ok => self.end_sweep(),
            Pc::SweepMarked => self.go(Pc::SweepFree),

            // look_for_jobs
            Pc::Swept if self.see().inside > 0 => self.call(Pc::GraphLook, Pc::LookLocked),
            Pc::Swept => self.go(Pc::QuiescentLook),
            Pc::LookLocked => {
                self.mark(|awaits| awaits == Awaits::End);
                self.spread_from(0);
            }
            Pc::LookAwaited => self.spread_if_awaited(),
            Pc::QuiescentLook => {
                let (s, inside) = (self.w.slots[at], self.see().inside > 0);
                let runs = matches!(s.status(), Status::Running | Status::Cancelling | Status::Taking);
                let ended = s.untaken() || s.closed();
                let ignored = !inside && self.mistake(Mistake::ShutdownIgnoresOtherShutdowns);
                let excepted = inside && runs && self.is_held(at as u8)
                    || ignored && runs && self.w.outlives_closer(at as u8);
                if !(ended || excepted) {
                    self.t().at = 0;
                    self.go(if inside { Pc::LookLive } else { Pc::LookedForJobs });
                } else if self.last_slot() {
                    self.t().at = 0;
                    self.quiescent();
                } else {
                    self.t().at += 1;
                }
            }
            Pc::LookLive => {
                if !self.mistake(Mistake::ShutdownReliesOnBlockedWorkers) {
                    self.mark(|_| true);
                }
                self.t().alone = self.marked_workers() >= self.w.live;
                self.end_look();
                self.call(Pc::GraphUnlock, Pc::LookedForJobs);
            }
            Pc::LookedForJobs => {
                let alone = std::mem::take(&mut self.t().alone);
                let again = alone && !self.see().drains;
                self.t().drains = alone || self.see().worker;
                if again {
                    self.go(Pc::CloseEventsLook)
                } else {
                    self.call(Pc::Sleep(Word::CloseEvents), Pc::CloseEventsLook)
                }
            }
            Pc::CensusLook if self.last_slot() => {
                let t = self.t();
                (t.at, t.listens, t.notified, t.drains) = (0, false, false, false);
                if self.runs_jobs() {
                    self.call(Pc::Unregister, Pc::ClosingLeft);
                } else {
                    self.go(Pc::VisitEnd);
                }
            }
            Pc::CensusLook => self.t().at += 1,
            Pc::ClosingLeft if self.see().counted => self.go(Pc::ClosingEnd),
            Pc::ClosingLeft => self.go(Pc::VisitEnd),
            Pc::ClosingEnd => {
                if self.see().worker {
                    self.w.closing -= 1;
                } else {
                    self.w.guests -= 1;
                }
                (self.t().closing, self.t().counted) = (false, false);
                self.go(Pc::VisitEnd);
            }

            // await_workers
            Pc::JoinEvents => {
                (self.t().listens, self.t().notified) = (true, false);
                self.go(Pc::JoinLive);
            }
            Pc::JoinLive if self.w.live == 0 => {
                (self.t().listens, self.t().notified) = (false, false);
                self.ret();
            }
            Pc::JoinLive => self.call(Pc::Sleep(Word::CloseEvents), Pc::JoinEvents),

            // await_visitors
            Pc::DestroyVisitors => self.call(Pc::VisitorsWait, Pc::ForgetAllLook),
            Pc::VisitorsWait => {
                self.w.leaving = true;
                self.visitors_left();
            }
            Pc::VisitorsLook => self.visitors_left(),

            // forget_all
            Pc::ForgetAllLook if self.w.slots[at].untaken() => {
                self.t().idx = at as u8;
                self.t().seen = self.w.slots[at];
                self.t().to = self.t().seen.status();
                self.go(Pc::ForgetAllTake);
            }
            Pc::ForgetAllLook => self.forget_next(),
            Pc::ForgetAllTake => {
                let s = self.t().seen;
                if self.cas_slot(s.with(Status::Taking).detach()).is_ok() {
                    self.hold();
                    self.call(Pc::Forget, Pc::ForgetAllNext);
                } else {
                    self.forget_next();
                }
            }
            Pc::ForgetAllNext => self.forget_next(),
            _ => unreachable!("{pc:?}"),
        }
    }

    /// All accepted jobs have ended, as this closer sees it.
    fn quiescent(&mut self) {
        let inside = self.see().inside > 0;
        for slot in 0..self.setup.slots {
            let s = self.w.slots[slot as usize];
            let runs = matches!(s.status(), Status::Queued | Status::Running | Status::Cancelling);
            let excepted = inside && self.w.outlives_closer(slot);
            self.must(!runs || excepted, "a shutdown returns before a job that it waits for");
        }
        if inside {
            if !self.mistake(Mistake::OutlivingJobFreesItsSlot) {
                self.outlive();
            }
            self.end_look();
            self.call(Pc::GraphUnlock, Pc::CensusLook);
        } else {
            self.go(Pc::CensusLook);
        }
    }

    fn forget_next(&mut self) {
        if self.last_slot() {
            self.t().at = 0;
            self.w.destroyed = true;
            self.ret();
        } else {
            self.t().at += 1;
            self.go(Pc::ForgetAllLook);
        }
    }

    fn slot_closed(&mut self) {
        let t = self.t();
        (t.seen, t.idx, t.progress) = (Default::default(), 0, true);
        self.go(Pc::SweepFree);
    }

    fn end_sweep(&mut self) {
        self.t().pos = 0;
        let progress = std::mem::take(&mut self.t().progress);
        if progress { self.go(Pc::NotifyClosers) } else { self.ret() }
    }

    fn visitors_left(&mut self) {
        if self.w.visitors == 0 {
            self.ret();
        } else {
            self.t().word = u16::from(self.w.visitors);
            self.call(Pc::Sleep(Word::Visitors), Pc::VisitorsLook);
        }
    }
}
