//! `sleep/idle.rs`, step by step: the idle word, and the loop of a worker that sleeps on it.

use super::words::Counts;
use super::{Cpu, How, Mistake, Pc, Thread, Which, Word};

/// The updates of the idle word, each a load and a loop of compare-and-swap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Change {
    Grant,
    Force,
    Search,
    EndSearch,
    Register,
    TakeToken,
    Cancel,
    Rest,
    Close,
    BeginIdleWait,
    EndIdleWait,
}

impl Change {
    /// The new counts, or None where the update wants no change.
    fn apply(self, c: Counts, t: &Thread, sentries: bool) -> Option<Counts> {
        let distrusts = |c: Counts| if c.searching > c.tokens { c.write_off() } else { c };
        match self {
            // As `Cpu::wake_another`, which knows of the mistakes.
            Change::Grant => c.wake_another(),
            Change::Force => {
                let trusted = distrusts(c);
                let new = if trusted.tokens == 0 && trusted.sleeping > 0 { trusted.grant() } else { trusted };
                (new != c || new.tokens > 0).then_some(new)
            }
            Change::Search => Some(c.search()),
            Change::EndSearch => Some(c.without_search(t.epoch)),
            Change::Register => {
                let new = c.without_search(t.epoch).sleep();
                Some(Counts { sentries: c.sentries + u8::from(sentries && c.sentries < 2), ..new })
            }
            Change::TakeToken => (c.tokens > 0).then(|| c.without_sentry(t.sentry).take_token()),
            Change::Cancel => {
                let c = c.without_sentry(t.sentry);
                let c = if t.overdue { distrusts(c) } else { c };
                Some(if c.sleeping > 0 { c.wake().search() } else { c.take_token() })
            }
            Change::Rest => Some(c.without_sentry(t.sentry)),
            Change::Close => Some(c.close()),
            Change::BeginIdleWait => Some(Counts { idle_wait: true, ..c }),
            Change::EndIdleWait => Some(Counts { idle_wait: false, ..c }),
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
        let forgets = self.mistake(Mistake::CancelDoesNotTakeTheToken);
        let takes = c.tokens > 0 && self.mistake(Mistake::CancelTakesAToken);
        let wakes = change == Change::Cancel && !takes && (c.sleeping > 0 || c.tokens == 0 || forgets);
        self.must(!wakes || c.sleeping > 0, "a worker wakes that was not counted as sleeping");
        if wakes && c.sleeping == 0 {
            return Some(c);
        }
        if change == Change::Grant {
            return self.wake_another(c);
        }
        if change == Change::Rest && self.mistake(Mistake::RestingSentryStaysCounted) {
            return Some(c);
        }
        let (t, sentries) = (*self.see(), self.setup.sentries);
        let mut new = change.apply(c, &t, sentries)?;
        if change == Change::Cancel && c.tokens > 0 && self.mistake(Mistake::CancelTakesAToken) {
            new = c.without_sentry(t.sentry).take_token();
        }
        if change == Change::Cancel && forgets {
            new = c.without_sentry(t.sentry).wake().search();
        }
        Some(new)
    }

    /// As `Counts::wake_another` of the library.
    fn wake_another(&self, c: Counts) -> Option<Counts> {
        let tokens = if self.mistake(Mistake::CountsSentryAndTokenAsTwo) { 0 } else { c.tokens };
        let one = c.searching == 1 && (c.sentries > tokens || self.mistake(Mistake::TrustsOneSearcher));
        if c.searching > 1 || one {
            return None;
        }
        let rewakes = c.sleeping == 0;
        c.wake_another().filter(|_| !rewakes || !self.mistake(Mistake::NoSecondWakeForAToken))
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
                if change == Change::Register {
                    self.t().sentry = new.sentries > seen.sentries;
                }
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
                if !self.mistake(Mistake::NoNotify) && self.wake_another(now).is_none() {
                    if trigger && now.sleeping + now.tokens > 0 {
                        return self.go(Pc::LagLook);
                    }
                } else if !self.mistake(Mistake::NoNotify) {
                    self.t().pos = 0;
                    return self.go(Pc::Grant);
                }
                self.t().pos = 0;
                self.ret();
            }
            Pc::LagLook => {
                // Positions begin with lap 1 here, and a backlog of one is enough, as in the library's
                // models.
                let popped = self.w.ready.head - self.w.ready.len;
                let lies = std::mem::take(&mut self.t().pos) + 1 > popped;
                if lies { self.go(Pc::Force) } else { self.ret() }
            }
            Pc::Grant => self.change(Change::Grant, Pc::Granted),
            Pc::Granted => {
                let granted = self.t().ok;
                let more = granted && self.t().counts.sleeping > 0;
                self.t().again = more && self.see().stack.calls().last() == Some(&Pc::FoundAgain);
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

            Pc::EndSearch => self.change(Change::EndSearch, Pc::FoundFence),
            Pc::FoundFence => {
                let wants = self.wake_another(self.see().counts).is_some();
                let wants = wants && !self.mistake(Mistake::FinderWakesNobody);
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
                if self.t().ok { self.call(Pc::Grant, Pc::FoundAgain) } else { self.ret() }
            }
            Pc::FoundAgain => {
                let again = std::mem::take(&mut self.t().again) && !self.mistake(Mistake::FinderWakesOnlyOne);
                if again { self.go(Pc::Grant) } else { self.ret() }
            }

            Pc::Close => self.change(Change::Close, Pc::CloseFence),
            Pc::CloseFence => {
                self.forget_counts();
                self.go(Pc::CloseWake);
            }
            Pc::CloseWake if self.mistake(Mistake::CloseWakesNobody) => self.ret(),
            Pc::CloseWake => self.go(Pc::WakeAll(Word::Idle)),

            Pc::NotifyClosers => {
                for t in &mut self.w.threads {
                    t.notified = t.listens;
                    t.outer.iter_mut().for_each(|outer| outer.notified = outer.listens);
                }
                self.go(Pc::EventWake);
            }
            Pc::EventWake => self.go(Pc::WakeAll(Word::CloseEvents)),
            _ => self.worker_step(pc),
        }
    }

    /// Forgets what it was as a sleeper.
    fn end_sleep(&mut self) {
        let t = self.t();
        (t.sentry, t.overdue, t.slept_timed, t.popped) = (false, false, false, 0);
    }

    /// `engine/worker_loop.rs`.
    fn worker_step(&mut self, pc: Pc) {
        let now = self.w.idle;
        match pc {
            Pc::Work => self.call(Pc::ClaimNext, Pc::WorkClaimed),
            Pc::WorkClaimed if self.t().ok => self.call(Pc::Execute, Pc::Work),
            Pc::WorkClaimed => self.change(Change::Search, Pc::Searching),
            Pc::Searching => {
                self.end_sleep();
                self.t().epoch = self.t().counts.epoch;
                self.forget_counts();
                self.go(Pc::SearchPoll);
            }
            Pc::SearchPoll => self.call(Pc::ClaimNext, Pc::SearchClaimed),
            Pc::SearchClaimed if self.t().ok => self.call(Pc::EndSearch, Pc::FoundRun),
            Pc::FoundRun => {
                self.t().known = false;
                self.call(Pc::Execute, Pc::Work);
            }
            Pc::SearchClaimed => self.change(Change::Register, Pc::RegisterFence),
            Pc::RegisterFence => {
                self.t().epoch = 0;
                self.forget_counts();
                self.go(if self.see().sentry { Pc::SentryPopped } else { Pc::RegisterClosed });
            }
            Pc::SentryPopped => {
                self.t().popped = self.w.ready.head;
                self.go(Pc::RegisterClosed);
            }
            Pc::RegisterClosed if self.mistake(Mistake::SleepsWithoutRecheck) => self.go(Pc::SleepLook),
            Pc::RegisterClosed if now.closed && !self.mistake(Mistake::ClosedIsReadLast) => {
                self.t().closed = true;
                self.go(Pc::ClosedFence);
            }
            Pc::RegisterClosed | Pc::ClosedFence => {
                self.t().notifies = now.idle_wait && !self.mistake(Mistake::WorkersEndNoIdleWait);
                self.on_ring(Which::Ready, Pc::FrontHead(How::Look), Pc::RegisterLooked);
            }
            Pc::RegisterLooked if !self.see().ok && self.mistake(Mistake::ClosedIsReadLast) => {
                self.go(Pc::ClosedLast);
            }
            Pc::RegisterLooked | Pc::ClosedLast => {
                let closed = std::mem::take(&mut self.t().closed) || pc == Pc::ClosedLast && now.closed;
                let full = self.t().ok;
                let notifies = std::mem::take(&mut self.t().notifies);
                self.t().pos = 0;
                if full {
                    self.change(Change::Cancel, Pc::Searching);
                } else if closed {
                    self.change(Change::Cancel, Pc::Leaving);
                } else {
                    self.t().known = true;
                    self.call(Pc::NotifyBlocked, if notifies { Pc::NotifyIdleWait } else { Pc::SleepLook });
                }
            }
            Pc::NotifyIdleWait => self.call(Pc::NotifyClosers, Pc::SleepLook),
            Pc::SleepLook => {
                if now.closed {
                    self.change(Change::Cancel, Pc::Searching);
                } else if now.tokens == 0 && std::mem::take(&mut self.t().slept_timed) {
                    self.t().overdue = true;
                    self.go(Pc::SleptLook);
                } else if now.tokens == 0 {
                    let t = self.t();
                    (t.word, t.timed, t.slept_timed) = (now.low(), t.sentry, t.sentry);
                    self.call(Pc::Sleep(Word::Idle), Pc::SleepLook);
                } else {
                    self.change(Change::TakeToken, Pc::TokenTaken);
                }
            }
            Pc::SleptLook if self.mistake(Mistake::SentryDoesNotRecheck) => {
                self.t().sentry = false;
                self.go(Pc::SleepLook);
            }
            Pc::SleptLook if self.see().popped == self.w.ready.head => {
                self.change(Change::Rest, Pc::Rested);
            }
            Pc::SleptLook => {
                self.t().popped = self.w.ready.head;
                self.go(Pc::LookAgainFence);
            }
            Pc::Rested => {
                self.end_sleep();
                self.forget_counts();
                self.go(Pc::LookAgainFence);
            }
            Pc::LookAgainFence => self.go(Pc::RegisterClosed),
            Pc::TokenTaken => self.go(if self.see().ok { Pc::Searching } else { Pc::SleepLook }),
            Pc::Leaving => {
                self.end_sleep();
                self.t().epoch = self.t().counts.epoch;
                self.forget_counts();
                self.call(Pc::EndSearch, Pc::Leave);
            }
            Pc::Leave => {
                self.w.live -= 1;
                let few = self.w.live <= self.w.closing
                    || self.w.guests > 0 && !self.mistake(Mistake::OutsideShutdownsAreNotCounted);
                let tells = !std::mem::take(&mut self.t().known) || few;
                let notifies = tells && !self.mistake(Mistake::LeavingWorkerDoesNotNotify);
                if notifies { self.go(Pc::NotifyClosers) } else { self.ret() }
            }
            _ => unreachable!("{pc:?}"),
        }
    }
}
