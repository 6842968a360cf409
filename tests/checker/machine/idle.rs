//! `wait/idle.rs`, step by step: the idle word, and the loop of a worker that sleeps on it.

use super::words::Counts;
use super::{Cpu, How, Mistake, Pc, Which, Word};

/// The updates of the idle word, each a load and a loop of compare-and-swap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Change {
    Grant,
    Force,
    Search,
    Found,
    Register,
    Redeem,
    Cancel,
    Close,
}

impl Change {
    /// The new counts, or None where the update wants no change.
    fn apply(self, c: Counts, epoch: u8) -> Option<Counts> {
        match self {
            Change::Grant => c.wants_notice().then(|| c.grant()),
            Change::Force => {
                let trusted = if c.searching > c.tokens { c.write_off() } else { c };
                let new = if trusted.tokens == 0 && trusted.sleeping > 0 { trusted.grant() } else { trusted };
                (new != c || new.tokens > 0).then_some(new)
            }
            Change::Search => Some(c.search()),
            Change::Found => Some(c.ended(epoch)),
            Change::Register => Some(c.ended(epoch).sleep()),
            Change::Redeem => (c.tokens > 0).then(|| c.redeem()),
            Change::Cancel => Some(if c.tokens > 0 { c.redeem() } else { c.wake().search() }),
            Change::Close => Some(c.close()),
        }
    }
}

impl Cpu<'_> {
    fn change(&mut self, change: Change, then: Pc) {
        self.call(Pc::IdleLoad(change), then);
    }

    fn end_change(&mut self, ok: bool) {
        let t = self.t();
        t.ok = ok;
        if !ok {
            t.counts = Counts::default();
        }
        self.ret();
    }

    fn apply(&mut self, change: Change, c: Counts) -> Option<Counts> {
        let forgets = self.mistake(Mistake::CancelLeavesTheToken);
        let wakes = change == Change::Cancel && (c.tokens == 0 || forgets);
        self.must(!wakes || c.sleeping > 0, "a worker wakes that was not counted as sleeping");
        if wakes && c.sleeping == 0 {
            return Some(c);
        }
        let mut new = change.apply(c, self.t().epoch)?;
        if change == Change::Cancel && forgets {
            new = c.wake().search();
        }
        Some(new)
    }

    /// Forgets what was read of the idle word.
    fn forget_counts(&mut self) {
        self.t().counts = Counts::default();
    }

    pub fn idle_step(&mut self, pc: Pc) {
        let now = self.w.idle;
        let seen = self.t().counts;
        match pc {
            Pc::IdleLoad(change) => {
                if self.apply(change, now).is_some() {
                    self.t().counts = now;
                    self.go(Pc::IdleCas(change));
                } else {
                    self.end_change(false);
                }
            }
            Pc::IdleCas(change) if now == seen => {
                let new = self.apply(change, seen).expect("looked at before");
                self.w.idle = new;
                self.t().counts = new;
                self.end_change(true);
            }
            Pc::IdleCas(change) => match self.apply(change, now) {
                Some(_) => self.t().counts = now,
                None => self.end_change(false),
            },

            Pc::Notify => self.go(Pc::NotifyLook),
            Pc::NotifyLook => {
                let position = self.t().pos;
                let trigger = position.is_multiple_of(self.setup.trigger);
                self.t().closed = now.closed;
                self.t().pos = 0;
                if self.mistake(Mistake::NoNotify) {
                    self.ret();
                } else if now.wants_notice() {
                    self.go(Pc::Grant);
                } else if trigger && now.sleeping + now.tokens > 0 {
                    self.go(Pc::Force);
                } else {
                    self.ret();
                }
            }
            Pc::Grant => self.change(Change::Grant, Pc::Granted),
            Pc::Granted => {
                let granted = self.t().ok;
                self.forget_counts();
                if granted { self.go(Pc::GrantWake) } else { self.ret() }
            }
            Pc::GrantWake | Pc::ForceWake => self.go(Pc::WakeOne),
            Pc::Force => self.change(Change::Force, Pc::Forced),
            Pc::Forced => {
                let wake = self.t().ok && self.t().counts.tokens > 0;
                self.forget_counts();
                if wake { self.go(Pc::ForceWake) } else { self.ret() }
            }

            Pc::Found => self.change(Change::Found, Pc::FoundFence),
            Pc::FoundFence => {
                let wants = self.t().counts.wants_notice() && !self.mistake(Mistake::FoundTellsNobody);
                self.t().epoch = 0;
                self.forget_counts();
                if wants {
                    self.on_ring(Which::Ready, Pc::FrontHead(How::Look), Pc::FoundLooked);
                } else {
                    self.ret();
                }
            }
            Pc::FoundLooked => {
                self.t().pos = 0;
                if self.t().ok { self.go(Pc::Grant) } else { self.ret() }
            }

            Pc::Close => self.change(Change::Close, Pc::CloseFence),
            Pc::CloseFence => {
                self.forget_counts();
                self.go(Pc::CloseWake);
            }
            Pc::CloseWake if self.mistake(Mistake::CloseWakesNobody) => self.ret(),
            Pc::CloseWake => self.go(Pc::WakeAll(Word::Idle)),

            Pc::Kick => {
                self.w.threads.iter_mut().for_each(|t| t.kicked = t.listens);
                self.go(Pc::WakeAll(Word::Kicks));
            }
            _ => self.worker_step(pc),
        }
    }

    /// `pool/worker.rs`.
    fn worker_step(&mut self, pc: Pc) {
        let now = self.w.idle;
        match pc {
            Pc::Work => self.call(Pc::ClaimNext, Pc::WorkClaimed),
            Pc::WorkClaimed if self.t().ok => self.call(Pc::Execute, Pc::Work),
            Pc::WorkClaimed => self.change(Change::Search, Pc::Searching),
            Pc::Searching => {
                self.t().epoch = self.t().counts.epoch;
                self.forget_counts();
                self.go(Pc::SearchPoll);
            }
            Pc::SearchPoll => self.call(Pc::ClaimNext, Pc::SearchClaimed),
            Pc::SearchClaimed if self.t().ok => self.call(Pc::Found, Pc::FoundRun),
            Pc::FoundRun => {
                self.t().known = false;
                self.call(Pc::Execute, Pc::Work);
            }
            Pc::SearchClaimed => self.change(Change::Register, Pc::RegisterFence),
            Pc::RegisterFence => {
                self.t().epoch = 0;
                self.forget_counts();
                self.go(if self.mistake(Mistake::NoLookBeforeSleep) {
                    Pc::SleepLook
                } else {
                    Pc::RegisterClosed
                });
            }
            Pc::RegisterClosed => {
                self.t().closed = now.closed;
                self.on_ring(Which::Ready, Pc::FrontHead(How::Look), Pc::RegisterLooked);
            }
            Pc::RegisterLooked => {
                let (full, closed) = (self.t().ok, self.t().closed);
                self.t().closed = false;
                self.t().pos = 0;
                if full {
                    self.change(Change::Cancel, Pc::Searching);
                } else if closed {
                    self.change(Change::Cancel, Pc::Leaving);
                } else {
                    self.t().known = true;
                    self.go(Pc::SleepLook);
                }
            }
            Pc::SleepLook => {
                if now.closed {
                    self.change(Change::Cancel, Pc::Searching);
                } else if now.tokens == 0 {
                    self.t().word = now.low();
                    self.call(Pc::Sleep(Word::Idle), Pc::SleepLook);
                } else {
                    self.change(Change::Redeem, Pc::Redeemed);
                }
            }
            Pc::Redeemed => self.go(if self.see().ok { Pc::Searching } else { Pc::SleepLook }),
            Pc::Leaving => {
                self.t().epoch = self.t().counts.epoch;
                self.forget_counts();
                self.call(Pc::Found, Pc::Leave);
            }
            Pc::Leave => {
                self.w.live -= 1;
                let tells = !std::mem::take(&mut self.t().known) || self.w.live == 0;
                let kicks = tells && !self.mistake(Mistake::WorkerLeavesSilently);
                if kicks { self.go(Pc::Kick) } else { self.ret() }
            }
            _ => unreachable!("{pc:?}"),
        }
    }
}
