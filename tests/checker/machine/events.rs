//! The tie to the code: which sites a thread passes at each place. The events of a thread of the machine, one after
//! the other, are those of the library's thread in the same schedule (`../conform.rs`).

use super::pc::Part;
use super::{Change, Cpu, How, Op, Pc, Setup, Told, Word, World};
use jobring_frozen::Site;

/// What a thread is about to do, as an onlooker sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// One atomic operation, or the point before a wake. A compare-and-swap names two sites, and shows the first.
    Site(Site),
    /// The next call of its script.
    Begin,
    /// The port is asked to sleep, to wake.
    Sleep,
    Wake,
    /// It sleeps; it is about to return from its sleep.
    Asleep,
    Woken,
}

macro_rules! front {
    ($how:expr, $pop:ident, $peek:ident, $look:ident) => {
        match $how {
            How::Pop => &[Site::$pop],
            How::Peek => &[Site::$peek],
            How::Look => &[Site::$look],
        }
    };
}

impl Pc {
    /// The sites of the operation at this place, the one for success first.
    pub fn sites(self) -> &'static [Site] {
        use Site::*;
        match self {
            Pc::PushTail => &[PushTail],
            Pc::PushTailAgain => &[PushTailAgain],
            Pc::PushEntry => &[PushEntry],
            Pc::PushHelp | Pc::PushOwnTail => &[AdvanceTail, AdvanceTailLost],
            Pc::PushPublish => &[PushPublish, PushPublishLost],
            Pc::FrontHead(how) => front!(how, PopHead, PeekHead, LookHead),
            Pc::FrontEntry(how) => front!(how, PopEntry, PeekEntry, LookEntry),
            Pc::PopAdvance | Pc::PopIfAt => &[AdvanceHead, AdvanceHeadLost],
            Pc::MarkHead(_) => &[MarkHead],
            Pc::MarkEntry(_) => &[MarkEntry],
            Pc::MarkSet(_) => &[MarkSet, MarkSetLost],
            Pc::UnmarkHead => &[UnmarkHead],
            Pc::UnmarkEntry => &[UnmarkEntry],
            Pc::UnmarkSet => &[UnmarkSet, UnmarkSetLost],

            Pc::IdleLoad(_) | Pc::NotifyLook | Pc::RegisterClosed | Pc::SleepLook => &[IdleLook],
            Pc::TryReserve | Pc::FullLook | Pc::AwaitClosed | Pc::KickIfClosedLook | Pc::TakerLook => {
                &[IdleLook]
            }
            Pc::IdleCas(change) => match change {
                Change::Grant => &[GrantUpdate, IdleUpdateLost],
                Change::Force => &[ForceUpdate, IdleUpdateLost],
                Change::Search => &[SearchUpdate, IdleUpdateLost],
                Change::Found => &[FoundUpdate, IdleUpdateLost],
                Change::Register => &[RegisterUpdate, IdleUpdateLost],
                Change::Redeem => &[RedeemUpdate, IdleUpdateLost],
                Change::Cancel => &[CancelUpdate, IdleUpdateLost],
                Change::Close => &[CloseUpdate, IdleUpdateLost],
            },
            Pc::Notify => &[NotifyFence],
            Pc::GrantWake => &[GrantWake],
            Pc::ForceWake => &[ForceWake],
            Pc::FoundFence => &[FoundFence],
            Pc::RegisterFence => &[RegisterFence],
            Pc::CloseFence => &[CloseFence],
            Pc::CloseWake => &[CloseWake],
            Pc::Kick => &[Kick],
            Pc::Leave => &[LiveLeave],
            Pc::LiveLook => &[LiveLook],
            Pc::LiveEnter => &[LiveEnter, LiveEnterLost],

            Pc::SlowVisit | Pc::WaitVisit | Pc::Shutdown | Pc::CallVisit => &[VisitBegin],
            Pc::SlowLive | Pc::WaitLive | Pc::InlineLive | Pc::HopeLive | Pc::HopeAlone => &[LiveCount],
            Pc::DrainLive | Pc::JoinLive => &[LiveCount],
            Pc::ReserveLook => &[SlotReserve],
            Pc::ReuseKept => &[ReuseKept, ReuseKeptLost],
            Pc::AwaitFence => &[AwaitSlotFence],
            Pc::Fill => &[SlotFill],
            Pc::FreeSlotWake => &[FreeSlotWake],
            Pc::KickIfClosed => &[KickIfClosedFence],
            Pc::TakerFence => &[TakerFence],
            Pc::Vacate => &[Vacate, VacateLost],
            Pc::VacateWake => &[VacateWake],
            Pc::ReapFence => &[TombstoneFence],
            Pc::ReapLook | Pc::WaitLook | Pc::InlineLook | Pc::WaitWoken | Pc::CancelLook => &[SlotLook],
            Pc::DetachLook | Pc::ReadLook | Pc::ForgetLook | Pc::QuiescentLook | Pc::CensusLook => {
                &[SlotLook]
            }
            Pc::ForgetAllLook => &[SlotLook],

            Pc::ClaimLook => &[ClaimLook],
            Pc::ClaimDetached => &[ClaimDetached],
            Pc::ClaimPopped => &[ClaimPopped, ClaimPoppedLost],
            Pc::LeaveRing => &[LeaveRing],
            Pc::InlineClaim | Pc::CancelClaim => &[ClaimByHandle, ClaimLost],
            Pc::ResolveCas => &[Resolve, ResolveLost],
            Pc::ResolveWake => &[ResolveWake],
            Pc::VacateOwned => &[VacateOwned],
            Pc::Block | Pc::SlowBlock => &[Block],
            Pc::Unblock | Pc::SlowUnblock => &[Unblock],
            Pc::HopeBlocked => &[BlockedLook],
            Pc::WaitFlag | Pc::CancelFlag | Pc::DetachFlag => &[Flag, FlagLost],
            Pc::WaitTake | Pc::DetachTake | Pc::ReadTake | Pc::ForgetAllTake => &[Take, TakeLost],
            Pc::PutBackCas => &[PutBack, PutBackLost],

            Pc::VisitEnd => &[VisitEnd],
            Pc::ModeSet => &[ModeSet],
            Pc::ClosingBegin => &[ClosingBegin],
            Pc::ClosingEnd => &[ClosingEnd],
            Pc::KickLook | Pc::JoinKicks => &[KickLook],
            Pc::Sweep | Pc::QuiescentClosing => &[ClosingLook],
            Pc::ModeLook => &[ModeLook],
            Pc::SlotCloseLook => &[SlotCloseLook],
            Pc::SlotRetire => &[SlotRetire, SlotRetireLost],
            Pc::SlotClose => &[SlotClose],
            Pc::VisitorsWait => &[VisitorsWait],
            Pc::VisitorsLook => &[VisitorsLook],
            _ => &[],
        }
    }

    /// None for a place that is passed through at once, and for the end.
    pub fn event(self) -> Option<Event> {
        match self {
            Pc::Begin | Pc::AwaitRun => Some(Event::Begin),
            Pc::Sleep(_) => Some(Event::Sleep),
            Pc::WakeAll(_) | Pc::WakeFirst(_) | Pc::WakeOne => Some(Event::Wake),
            Pc::Asleep(_) => Some(Event::Asleep),
            Pc::Woken => Some(Event::Woken),
            _ => self.sites().first().map(|site| Event::Site(*site)),
        }
    }

    /// Does the step read or write the pool? A point before a wake does not, and a wake knows an address only.
    fn touches(self) -> bool {
        use Pc::*;
        let point =
            matches!(self, GrantWake | ForceWake | CloseWake | FreeSlotWake | VacateWake | ResolveWake);
        !point && matches!(self.event(), Some(Event::Site(_) | Event::Sleep))
    }

    /// Does the step change nothing and read nothing that others write?
    fn is_silent(self) -> bool {
        match self {
            Pc::Notify | Pc::FoundFence | Pc::CloseFence | Pc::RegisterFence | Pc::AwaitFence => true,
            Pc::KickIfClosed | Pc::TakerFence | Pc::ReapFence | Pc::CensusLook => true,
            Pc::GrantWake | Pc::ForceWake | Pc::CloseWake | Pc::FreeSlotWake => true,
            Pc::VacateWake | Pc::ResolveWake | Pc::ForgetLook => true,
            Pc::ClosingBegin | Pc::ClosingEnd | Pc::Sweep | Pc::QuiescentClosing => true,
            _ => false,
        }
    }

    /// Is it, where every ring operation and every load-and-compare-and-swap is one step, inside of such a step?
    fn continues(self, before: Pc) -> bool {
        match self {
            Pc::PushTail | Pc::FrontHead(_) | Pc::MarkHead(_) | Pc::UnmarkHead | Pc::PopIfAt => false,
            Pc::IdleCas(_) => matches!(before, Pc::IdleLoad(_)),
            Pc::ClaimPopped => before == Pc::ClaimLook,
            Pc::InlineClaim => before == Pc::InlineLook,
            Pc::CancelClaim => before == Pc::CancelLook,
            Pc::DetachTake | Pc::DetachFlag => before == Pc::DetachLook,
            Pc::WaitTake => matches!(before, Pc::WaitLook | Pc::WaitWoken),
            Pc::WaitFlag => before == Pc::WaitLook,
            _ => self.part() == Part::Ring,
        }
    }
}

impl World {
    /// Can the thread take a step?
    pub fn can_step(&self, setup: &Setup, me: usize) -> bool {
        let t = &self.threads[me];
        if t.frozen {
            return false;
        }
        match t.pc {
            Pc::Done | Pc::Asleep(_) => false,
            // The pool's own workers are joined first.
            Pc::VisitorsWait => self.threads.iter().all(|t| t.pc == Pc::Done || !self.is_own(setup, t)),
            Pc::AwaitRun => match self.bodies[t.idx as usize] {
                super::Content::Input(job) => match setup.bodies[job as usize] {
                    super::Body::Until(other) => self.jobs[other as usize].ran > 0,
                    _ => true,
                },
                _ => true,
            },
            Pc::Begin => match setup.scripts[t.role as usize].1.get(t.op as usize) {
                Some(Op::Wait(j) | Op::Poll(j) | Op::Cancel(j) | Op::Detach(j) | Op::Read(j)) => {
                    self.jobs[*j as usize].told != Told::Nothing
                }
                // Nobody may begin a call that the pool's end does not wait for.
                Some(Op::Destroy) => {
                    let others =
                        self.threads[..setup.scripts.len()].iter().enumerate().filter(|(i, _)| *i != me);
                    others
                        .map(|(_, t)| t)
                        .all(|t| t.pc == Pc::Done || t.called || t.visits || self.is_own(setup, t))
                }
                _ => true,
            },
            _ => true,
        }
    }

    /// Is its next step independent of all that others may do from here on, so that it can as well be taken at once?
    /// (In the sense of P. Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996: a
    /// persistent set of one.)
    pub fn is_alone(&self, setup: &Setup, me: usize) -> bool {
        let closes = setup.has(|op| matches!(op, Op::Shutdown { .. }));
        let staff_changes = closes || setup.has(|op| matches!(op, Op::Enter));
        match self.threads[me].pc {
            Pc::Begin | Pc::AwaitRun => true,
            // CLOSED comes once and never goes.
            Pc::TryReserve
            | Pc::FullLook
            | Pc::AwaitClosed
            | Pc::KickIfClosedLook
            | Pc::TakerLook
            | Pc::RegisterClosed => self.idle.closed || !closes,
            // Visits are looked at by the pool's end alone.
            Pc::WaitVisit | Pc::SlowVisit | Pc::CallVisit | Pc::VisitEnd | Pc::Shutdown => {
                !setup.has(|op| matches!(op, Op::Destroy))
            }
            // A closer does not care which of the two states before and after it sees; nobody else looks.
            Pc::Fill | Pc::VacateOwned | Pc::ClaimDetached => true,
            Pc::ReserveLook => !setup.bodies.contains(&super::Body::Fails),
            Pc::WaitLive | Pc::SlowLive | Pc::InlineLive => !staff_changes,
            _ => false,
        }
    }

    /// Is it a thread that the pool started itself?
    fn is_own(&self, setup: &Setup, thread: &super::Thread) -> bool {
        setup.scripts.get(thread.role as usize).is_some_and(|(_, ops)| ops.contains(&Op::Work))
    }

    /// In how many ways can it take its next step?
    pub fn ways(&self, me: usize) -> usize {
        let word = match self.threads[me].pc {
            Pc::WakeOne => Word::Idle,
            Pc::WakeFirst(word) => word,
            _ => return 1,
        };
        self.threads.iter().filter(|t| t.pc == Pc::Asleep(word)).count().max(1)
    }

    /// One step of one thread: the event that it stands at.
    pub fn step(&mut self, setup: &Setup, me: usize, pick: usize) {
        let mut cpu = Cpu { w: self, setup, me, pick };
        cpu.one();
        cpu.pass();
    }

    /// One step, with every ring operation and every load-and-compare-and-swap in one.
    pub fn stride(&mut self, setup: &Setup, me: usize, pick: usize) {
        let mut cpu = Cpu { w: self, setup, me, pick };
        loop {
            let before = cpu.t().pc;
            cpu.one();
            cpu.pass();
            let now = cpu.t().pc;
            let begins = now == Pc::Begin && cpu.w.can_step(setup, me);
            if cpu.w.broken.is_some() || !(begins || now.is_silent() || now.continues(before)) {
                break;
            }
        }
        for other in 0..setup.scripts.len() {
            if self.threads[other].pc == Pc::Woken && !self.threads[other].frozen {
                let mut cpu = Cpu { w: self, setup, me: other, pick: 0 };
                cpu.one();
                cpu.pass();
            }
        }
    }

    /// Ends the sleep of a thread.
    pub fn rouse(&mut self, me: usize) {
        let t = &mut self.threads[me];
        (t.pc, t.asleep, t.nap, t.word) = (Pc::Woken, false, false, 0);
    }
}

impl Cpu<'_> {
    /// Goes on to the next event.
    fn pass(&mut self) {
        while self.t().pc.event().is_none() && self.t().pc != Pc::Done {
            self.one();
        }
        // Registers that are read before the next event, or not at all.
        let t = self.t();
        (t.ok, t.vacant) = (false, false);
        if t.pc.part() != Part::Ring {
            (t.ring, t.ent) = (super::Which::Ready, 0);
            use Pc::{AwaitClosed, AwaitFence, Notify, NotifyLook, ReapLook};
            if !matches!(t.pc, Notify | NotifyLook | AwaitFence | AwaitClosed | ReapLook) {
                t.pos = 0;
            }
        }
    }

    fn one(&mut self) {
        let pc = self.t().pc;
        if self.w.destroyed && pc.touches() {
            self.must(false, "the pool is touched after its end");
        }
        match pc.part() {
            Part::Core => self.core_step(pc),
            Part::Ring => self.ring_step(pc),
            Part::Idle => self.idle_step(pc),
            Part::Submit => self.submit_step(pc),
            Part::Run => self.run_step(pc),
            Part::Result => self.result_step(pc),
            Part::Close => self.close_step(pc),
        }
    }

    fn value(&self, word: Word) -> u16 {
        let t = &self.w.threads[self.me];
        match word {
            Word::Idle => self.w.idle.low(),
            Word::Slot(at) => self.w.slots[at as usize].0,
            Word::Entry(at) => self.w.free.entries[at as usize],
            // A kick since this thread looked makes it another number.
            Word::Kicks => t.word + u16::from(t.kicked),
            Word::Visitors => u16::from(self.w.visitors),
        }
    }

    fn wake(&mut self, word: Word, nth: Option<usize>) {
        let asleep = (0..self.setup.scripts.len()).filter(|&i| self.w.threads[i].pc == Pc::Asleep(word));
        let chosen: Vec<usize> = match nth {
            Some(nth) => asleep.skip(nth).take(1).collect(),
            None => asleep.collect(),
        };
        chosen.into_iter().for_each(|i| self.w.rouse(i));
    }

    fn core_step(&mut self, pc: Pc) {
        match pc {
            Pc::Begin => self.begin(),
            Pc::OpEnd => {
                let old = *self.t();
                if let Some(Op::Submit { job, .. }) = self.op() {
                    // The claim on the result is the thread's from here on.
                    self.tell(job, old.told);
                }
                let op = old.op + 1;
                let fresh = super::Thread::new(old.role);
                *self.t() =
                    super::Thread { op, frozen: old.frozen, holds: old.holds, answer: old.answer, ..fresh };
                self.go(if self.op().is_some() { Pc::Begin } else { Pc::Done });
            }
            Pc::Sleep(word) => {
                if self.value(word) == self.t().word {
                    self.t().asleep = true;
                    self.go(Pc::Asleep(word));
                } else {
                    (self.t().word, self.t().nap) = (0, false);
                    self.go(Pc::Woken);
                }
            }
            Pc::Woken => self.ret(),
            Pc::WakeAll(word) => {
                self.wake(word, None);
                self.ret();
            }
            Pc::WakeOne | Pc::WakeFirst(_) => {
                let word = if let Pc::WakeFirst(word) = pc { word } else { Word::Idle };
                self.wake(word, Some(self.pick));
                self.ret();
            }
            Pc::CallVisit => {
                self.w.visitors += 1;
                self.go(Pc::Called);
            }
            Pc::Called => {
                self.t().called = true;
                self.enter();
            }
            Pc::CallEnd => {
                self.t().called = false;
                self.go(Pc::VisitEnd);
            }
            Pc::RingPushed => {
                self.t().answer = super::NOTHING;
                self.go(Pc::OpEnd);
            }
            Pc::RingPopped => {
                let t = self.t();
                t.answer = if t.ok { t.idx } else { super::NOTHING };
                self.go(Pc::OpEnd);
            }
            Pc::LiveLook => {
                self.t().passes = self.w.live;
                self.go(Pc::LiveEnter);
            }
            // There may be any number of them here.
            Pc::LiveEnter if self.see().passes == self.w.live => {
                self.w.live += 1;
                self.t().passes = 0;
                self.go(Pc::Work);
            }
            Pc::LiveEnter => self.t().passes = self.w.live,
            _ => unreachable!("{pc:?}"),
        }
    }

    fn push_bare(&mut self, idx: u8) {
        self.t().idx = idx;
        self.on_ring(super::Which::Ready, Pc::PushTail, Pc::RingPushed);
    }

    fn begin(&mut self) {
        let Some(op) = self.op() else { return self.go(Pc::Done) };
        let named = match op {
            Op::Wait(job) | Op::Poll(job) | Op::Cancel(job) | Op::Detach(job) | Op::Read(job) => Some(job),
            _ => None,
        };
        if let Some(job) = named {
            let Told::Accepted = self.w.jobs[job as usize].told else { return self.go(Pc::OpEnd) };
            let (idx, generation) = self.w.jobs[job as usize].handle;
            self.t().want = super::Handle { idx, generation };
        }
        let bare = matches!(op, Op::Submit { .. } | Op::Work | Op::Destroy);
        if self.setup.c_face && !bare {
            self.call(Pc::CallVisit, Pc::CallEnd);
        } else {
            self.enter();
        }
    }

    /// The call itself.
    fn enter(&mut self) {
        let Some(op) = self.op() else { return };
        match op {
            Op::Submit { job, blocks, detached } => {
                (self.t().mine, self.t().blocks, self.t().detached) = (job, blocks, detached);
                self.go(Pc::Submit);
            }
            Op::Wait(_) => self.go(Pc::WaitLook),
            Op::Poll(_) => {
                self.t().polls = true;
                self.go(Pc::WaitLook);
            }
            Op::Cancel(_) => self.go(Pc::CancelLook),
            Op::Detach(_) => self.go(Pc::DetachLook),
            Op::Read(_) => self.go(Pc::ReadLook),
            Op::Work | Op::Enter => {
                self.t().worker = true;
                self.go(if op == Op::Work { Pc::Work } else { Pc::LiveLook });
            }
            Op::RunOne => self.go(Pc::RunOne),
            Op::Shutdown { discards } => {
                self.t().discards = discards;
                self.go(Pc::Shutdown);
            }
            Op::RingPush(idx) => self.push_bare(idx),
            Op::RingPushBack => match self.see().answer {
                super::NOTHING => self.go(Pc::OpEnd),
                idx => self.push_bare(idx),
            },
            Op::RingPop => self.on_ring(super::Which::Ready, Pc::FrontHead(How::Pop), Pc::RingPopped),
            Op::RingLook => self.on_ring(super::Which::Ready, Pc::FrontHead(How::Look), Pc::RingPopped),
            Op::Destroy => self.call(Pc::JoinKicks, Pc::DestroyVisitors),
        }
    }
}
