//! `engine/submit.rs`, step by step.

use super::graph::Outlook;
use super::words::{Mark, State, Status};
use super::{Content, Cpu, How, Mistake, Pc, Which, Word};

/// What a submit returned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SubmitResult {
    Nothing,
    Accepted,
    Full,
    Shutdown,
    /// No thread could free a slot.
    Deadlock,
}

impl Cpu<'_> {
    fn refuse(&mut self, why: SubmitResult) {
        self.t().submitted = why;
        self.ret();
    }

    fn reserved(&mut self) {
        self.hold();
        self.t().submitted = SubmitResult::Accepted;
        self.ret();
    }

    pub fn submit_step(&mut self, pc: Pc) {
        let (idx, seen) = (self.t().idx, self.t().seen);
        match pc {
            // reserve: leaves `submitted`, and the slot in `idx` and `seen`.
            // submit, of the job in `mine`.
            Pc::Submit => self.call(Pc::Reserve, Pc::Reserved),
            Pc::Reserve => self.call(Pc::TryReserve, Pc::ReserveTried),
            Pc::ReserveTried if self.t().submitted == SubmitResult::Full && self.t().blocks => {
                self.go(Pc::SlowVisit)
            }
            Pc::ReserveTried => self.ret(),
            Pc::Reserved if self.t().submitted == SubmitResult::Accepted => self.go(Pc::Fill),
            Pc::Reserved => self.end_visit(),
            Pc::SlowVisit => {
                self.w.visitors += 1;
                self.t().visits = true;
                self.call(Pc::TryReserve, Pc::SlowTried);
            }
            Pc::SlowTried if self.t().submitted == SubmitResult::Full => self.go(Pc::SlowLive),
            Pc::SlowTried => self.go(Pc::SlowEnd),
            Pc::SlowLive if self.w.live == 0 => self.call(Pc::RunOne, Pc::SlowRan),
            Pc::SlowLive => self.call(Pc::AwaitSlot, Pc::SlowAgain),
            Pc::SlowEnd => self.ret(),
            Pc::SlowRan if self.t().ok => self.go(Pc::SlowAgain),
            Pc::SlowRan => {
                self.t().submitted = SubmitResult::Full;
                self.go(Pc::SlowEnd);
            }
            Pc::SlowAgain if self.is_refused() => {
                self.t().submitted = SubmitResult::Deadlock;
                self.go(Pc::SlowEnd);
            }
            Pc::SlowAgain => self.call(Pc::TryReserve, Pc::SlowTried),

            Pc::TryReserve if self.w.idle.closed => self.refuse(SubmitResult::Shutdown),
            Pc::TryReserve => self.go(Pc::PopFree),
            Pc::PopFree => self.on_ring(Which::Free, Pc::FrontHead(How::Pop), Pc::PoppedFree),
            Pc::PoppedFree if self.t().ok => self.go(Pc::ReserveLook),
            Pc::PoppedFree => self.call(Pc::Reap, Pc::Reaped),
            Pc::Reaped if self.t().reaped => self.go(Pc::TryReserve),
            Pc::Reaped => self.go(Pc::FullLook),
            Pc::FullLook => {
                let why = if self.w.idle.closed { SubmitResult::Shutdown } else { SubmitResult::Full };
                self.refuse(why);
            }
            Pc::ReserveLook => {
                let s = self.w.slots[idx as usize];
                self.t().seen = s;
                self.must(s.vacant(), "the free ring has a slot that is not free");
                self.reserved();
            }

            Pc::AwaitSlot => self.on_ring(Which::Free, Pc::MarkHead(Mark::Waiter), Pc::AwaitMarked),
            Pc::AwaitMarked if self.t().ok => self.go(Pc::AwaitFence),
            Pc::AwaitMarked => {
                self.t().pos = 0;
                self.ret();
            }
            Pc::AwaitFence => self.go(Pc::AwaitClosed),
            Pc::AwaitClosed
                if self.w.idle.closed && !self.mistake(Mistake::BlockedSubmitterIgnoresClosed) =>
            {
                self.ret()
            }
            Pc::AwaitClosed => {
                self.t().slept = (self.t().pos, std::mem::take(&mut self.t().word));
                if self.runs_jobs() {
                    self.call(Pc::RegisterSlot, Pc::AwaitJudged);
                } else {
                    self.await_slot_sleep();
                }
            }
            Pc::AwaitJudged if self.see().outlook == Outlook::Stuck => {
                self.t().slept = (0, 0);
                self.ret();
            }
            Pc::AwaitJudged => self.await_slot_sleep(),
            Pc::AwaitWoken if self.setup.clock => {
                self.on_ring(Which::Free, Pc::MarkHead(Mark::Waiter), Pc::AwaitLooked);
            }
            Pc::AwaitWoken => self.go(Pc::AwaitSleepEnded),
            Pc::AwaitSleepEnded => {
                self.t().slept = (0, 0);
                if self.runs_jobs() { self.go(Pc::Unregister) } else { self.ret() }
            }
            Pc::AwaitLooked => {
                let (at, value) = std::mem::take(&mut self.t().slept);
                let same = self.see().ok && self.w.free.at(at) == self.w.free.at(self.see().pos);
                let same = same && std::mem::take(&mut self.t().word) == value;
                if same { self.call(Pc::Force, Pc::AwaitSleepEnded) } else { self.go(Pc::AwaitSleepEnded) }
            }

            // publish, of the job in `mine`.
            Pc::Fill => {
                let detached = self.t().detached;
                self.must(seen == self.w.slots[idx as usize], "a slot is filled that another has moved");
                self.body_is(Content::Empty, "a slot is filled twice");
                self.w.bodies[idx as usize] = Content::Input(self.see().mine);
                let queued = seen.with(Status::Queued).put_in_ring();
                let queued = if self.see().owned { queued.detach().await_by() } else { queued };
                self.w.slots[idx as usize] = if detached { queued.detach() } else { queued };
                self.unhold();
                self.w.jobs[self.see().mine as usize].handle = (idx, seen.generation());
                self.t().seen = State::default();
                self.on_ring(Which::Ready, Pc::PushTail, Pc::Placed);
            }
            Pc::Placed => {
                // Positions begin with lap 1 here.
                let first = self.w.ready.len;
                let t = self.t();
                (t.idx, t.marked) = (0, 0);
                t.pos -= first;
                self.call(Pc::Notify, Pc::Announced);
            }
            Pc::Announced => {
                let closed = std::mem::take(&mut self.t().closed);
                let notifies = closed && !self.mistake(Mistake::SubmitterDoesNotNotifyCloser);
                if notifies { self.call(Pc::NotifyClosers, Pc::Published) } else { self.go(Pc::Published) }
            }
            Pc::Published => self.end_visit(),

            // give_back(idx)
            Pc::GiveBack => self.on_ring(Which::Free, Pc::PushTail, Pc::GivenBack),
            Pc::GivenBack => {
                let marked = std::mem::take(&mut self.t().marked);
                (self.t().pos, self.t().idx) = (0, 0);
                if marked == 0 || self.mistake(Mistake::PushIgnoresTheMark) {
                    self.ret();
                } else {
                    self.t().woken = marked - 1;
                    self.go(Pc::FreeSlotWake);
                }
            }
            Pc::FreeSlotWake => {
                let at = std::mem::take(&mut self.t().woken);
                self.wake_waiters_then(Word::Entry(at), Pc::NotifyIfClosed);
            }
            Pc::NotifyIfClosed => self.call(Pc::NotifyBlocked, Pc::NotifyIfClosedLook),
            Pc::NotifyIfClosedLook if self.w.idle.closed => self.go(Pc::NotifyClosers),
            Pc::NotifyIfClosedLook
                if self.w.idle.idle_wait && !self.mistake(Mistake::OnlyWorkersEndIdleWaits) =>
            {
                self.go(Pc::NotifyClosers)
            }
            Pc::NotifyIfClosedLook => self.ret(),

            // must_retire, then vacate(idx, seen).
            Pc::TakerFence => self.go(Pc::TakerLook),
            Pc::TakerLook => {
                self.t().retire = self.w.idle.closed && !self.mistake(Mistake::TakerFreesSlotAfterClose);
                self.ret();
            }
            Pc::Vacate => {
                let retire = self.t().retire;
                let next = if retire { seen.next().detach() } else { seen.next() };
                match self.cas_slot(next) {
                    Ok(_) => {
                        self.body_is(Content::Empty, "a slot is given back with something in it");
                        self.unhold();
                        self.t().woken = idx;
                        (self.t().seen, self.t().retire) = (State::default(), false);
                        self.t().after_vacate = match (retire, next.in_ring()) {
                            (true, _) => Pc::NotifyClosers,
                            (_, true) if !self.mistake(Mistake::FreesSlotThatIsInTheRing) => Pc::Reap,
                            _ => Pc::GiveBack,
                        };
                        self.go(if seen.has_waiter() { Pc::VacateWake } else { Pc::Vacated });
                    }
                    Err(now) => self.t().seen = now,
                }
            }
            Pc::VacateWake => {
                let at = self.t().woken;
                self.wake_waiters_then(Word::Slot(at), Pc::Vacated);
            }
            Pc::Vacated => {
                let next = std::mem::replace(&mut self.t().after_vacate, Pc::Done);
                self.t().woken = 0;
                if next != Pc::GiveBack {
                    self.t().idx = 0;
                }
                self.go(next);
            }

            Pc::Reap => {
                self.t().reaped = false;
                self.go(Pc::ReapFence);
            }
            Pc::ReapFence => self.on_ring(Which::Ready, Pc::FrontHead(How::Peek), Pc::ReapPeeked),
            Pc::ReapPeeked if self.t().ok => self.go(Pc::ReapLook),
            Pc::ReapPeeked => self.end_reap(),
            Pc::ReapLook if self.w.slots[idx as usize].tombstone() => {
                self.on_ring(Which::Ready, Pc::PopIfAt, Pc::ReapPopped);
            }
            Pc::ReapLook => self.end_reap(),
            Pc::ReapPopped => {
                self.t().pos = 0;
                if self.t().ok {
                    self.call(Pc::ClaimLook, Pc::ReapClaimed);
                } else {
                    self.t().reaped = true;
                    self.go(Pc::ReapFence);
                }
            }
            Pc::ReapClaimed => {
                self.must(!self.see().ok, "a tombstone came to life");
                self.t().reaped = true;
                let vacant = std::mem::take(&mut self.t().vacant);
                self.must(vacant, "a tombstone is not vacant");
                self.call(Pc::GiveBack, Pc::ReapFence);
            }
            _ => unreachable!("{pc:?}"),
        }
    }

    /// Sleeps until a slot is given back; for as long as the patience lasts, where there is a clock.
    fn await_slot_sleep(&mut self) {
        let (at, word) = self.see().slept;
        if self.see().outlook == Outlook::Unsettled && !self.setup.clock {
            return self.call(Pc::StandAside, Pc::AwaitSleepEnded);
        }
        (self.t().word, self.t().timed) = (word, self.setup.clock);
        let at = self.w.free.at(at) as u8;
        self.call(Pc::Sleep(Word::Entry(at)), Pc::AwaitWoken);
    }

    fn end_reap(&mut self) {
        (self.t().pos, self.t().idx) = (0, 0);
        self.ret();
    }
}
