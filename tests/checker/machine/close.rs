//! `pool/close.rs` and `lifecycle.rs`, step by step.

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
                self.call(Pc::WakeAll(Word::Entry(at)), Pc::ClosingBegin);
            }
            Pc::Unmarked => self.go(Pc::ClosingBegin),
            Pc::ClosingBegin => self.call(Pc::Kick, Pc::KickLook),
            Pc::KickLook => {
                self.t().pos = 0;
                (self.t().listens, self.t().kicked) = (true, false);
                self.call(Pc::Sweep, Pc::Swept);
            }

            Pc::Sweep => {
                self.t().progress = false;
                self.go(Pc::ModeLook);
            }
            Pc::ModeLook if self.w.discard => self.call(Pc::ClaimNext, Pc::DiscardClaimed),
            Pc::ModeLook => self.go(Pc::DrainLive),
            Pc::DiscardClaimed if self.t().ok => self.call(Pc::Discard, Pc::Discarded),
            Pc::DiscardClaimed => self.go(Pc::SweepReap),
            Pc::Discarded => {
                self.t().progress = true;
                self.call(Pc::ClaimNext, Pc::DiscardClaimed);
            }
            Pc::DrainLive if self.w.live == 0 => self.call(Pc::RunOne, Pc::DrainRan),
            Pc::DrainLive => self.go(Pc::SweepReap),
            Pc::DrainRan if self.t().ok => {
                self.t().progress = true;
                self.go(Pc::DrainLive);
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
                if s.kept() {
                    self.go(Pc::SlotRetire);
                } else if s.status() == Status::Free {
                    self.go(Pc::SlotClose);
                } else {
                    self.go(Pc::SweepPutBack);
                }
            }
            Pc::SlotRetire => {
                let s = self.t().seen;
                match self.cas_slot(s.await_by()) {
                    Ok(_) => self.slot_closed(),
                    Err(_) => self.go(Pc::SweepPutBack),
                }
            }
            Pc::SlotClose => {
                let s = self.t().seen;
                self.must(s == self.w.slots[idx as usize], "a slot is closed that another has moved");
                self.w.slots[idx as usize] = s.detach();
                self.slot_closed();
            }
            Pc::SweepPutBack => {
                self.t().seen = Default::default();
                self.on_ring(Which::Free, Pc::PushTail, Pc::SweepIsBack);
            }
            Pc::SweepIsBack => {
                let t = self.t();
                (t.marked, t.progress, t.idx) = (0, false, 0);
                self.ret();
            }
            Pc::SweepMarked if self.t().ok => self.end_sweep(),
            Pc::SweepMarked => self.go(Pc::SweepFree),

            Pc::Swept => self.go(Pc::QuiescentClosing),
            Pc::QuiescentClosing => {
                self.t().at = 0;
                self.go(Pc::QuiescentLook);
            }
            Pc::QuiescentLook => {
                let s = self.w.slots[at];
                let over = s.untaken() || s.closed() || s.retired();
                if !over {
                    self.t().at = 0;
                    self.t().nap = false;
                    self.call(Pc::Sleep(Word::Kicks), Pc::KickLook);
                } else if self.last_slot() {
                    self.t().at = 0;
                    self.go(Pc::CensusLook);
                } else {
                    self.t().at += 1;
                }
            }
            Pc::CensusLook if self.last_slot() => {
                let t = self.t();
                (t.at, t.listens, t.kicked) = (0, false, false);
                self.go(Pc::ClosingEnd);
            }
            Pc::CensusLook => self.t().at += 1,
            Pc::ClosingEnd => self.go(Pc::VisitEnd),

            // await_workers
            Pc::JoinKicks => {
                (self.t().listens, self.t().kicked) = (true, false);
                self.go(Pc::JoinLive);
            }
            Pc::JoinLive if self.w.live == 0 => {
                (self.t().listens, self.t().kicked) = (false, false);
                self.ret();
            }
            Pc::JoinLive => self.call(Pc::Sleep(Word::Kicks), Pc::JoinKicks),

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
        if progress { self.go(Pc::Kick) } else { self.ret() }
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
