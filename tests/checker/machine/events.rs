//! Which sites a thread passes at each place. In one schedule the events of a thread of the machine are, in
//! order, those of the library's thread (`../conform.rs`).

use super::pc::Part;
use super::{Change, Cpu, How, Op, Pc, Setup, SubmitResult, Word, World};
use jobring_frozen::Site;

/// What a thread is about to do, as an monitor sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// One atomic operation, or the point before a wake. A compare-and-swap names two sites, and shows the
    /// first.
    Site(Site),
    /// The next call of its script.
    Begin,
    /// The port is asked to sleep, to wake.
    Sleep,
    Wake,
    /// A descriptor becomes readable, and unreadable.
    Signal,
    Clear,
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

            Pc::IdleLoad(_) | Pc::NotifyLook | Pc::RegisterClosed | Pc::ClosedLast | Pc::SleepLook => {
                &[IdleLook]
            }
            Pc::TryReserve | Pc::FullLook | Pc::AwaitClosed | Pc::NotifyIfClosedLook | Pc::TakerLook => {
                &[IdleLook]
            }
            Pc::IdleCas(change) => match change {
                Change::Grant => &[GrantUpdate, IdleUpdateLost],
                Change::Force => &[ForceUpdate, IdleUpdateLost],
                Change::Search => &[SearchUpdate, IdleUpdateLost],
                Change::EndSearch => &[FoundUpdate, IdleUpdateLost],
                Change::Register => &[RegisterUpdate, IdleUpdateLost],
                Change::TakeToken => &[RedeemUpdate, IdleUpdateLost],
                Change::Rest => &[RestUpdate, IdleUpdateLost],
                Change::Cancel => &[CancelUpdate, IdleUpdateLost],
                Change::Close => &[CloseUpdate, IdleUpdateLost],
                Change::BeginIdleWait => &[IdleWaitBegin, IdleUpdateLost],
                Change::EndIdleWait => &[IdleWaitEnd, IdleUpdateLost],
            },
            Pc::Notify => &[NotifyFence],
            Pc::GrantWake => &[GrantWake],
            Pc::ForceWake => &[ForceWake],
            Pc::FoundFence => &[FoundFence],
            Pc::RegisterFence => &[RegisterFence],
            Pc::LookAgainFence => &[LookAgainFence],
            Pc::ClosedFence => &[ClosedFence],
            Pc::LagLook | Pc::SentryPopped | Pc::SleptLook => &[PoppedLook],
            Pc::CloseFence => &[CloseFence],
            Pc::CloseWake => &[CloseWake],
            Pc::NotifyClosers => &[NotifyClosers],
            Pc::EventWake => &[EventWake],
            Pc::Leave => &[LiveLeave],
            Pc::LiveLook => &[LiveLook],
            Pc::LiveEnter => &[LiveEnter, LiveEnterLost],

            Pc::SlowVisit | Pc::WaitVisit | Pc::Shutdown | Pc::CallVisit => &[VisitBegin],
            Pc::SlowLive | Pc::WaitLive | Pc::InlineLive | Pc::JoinLive => &[LiveCount],
            Pc::JudgeLive | Pc::JudgeWorkers | Pc::LookLive => &[LiveCount],
            Pc::ReserveLook => &[FillLook],
            Pc::AwaitFence => &[AwaitSlotFence],
            Pc::Fill => &[SlotFill],
            Pc::FreeSlotWake => &[FreeSlotWake],
            Pc::NotifyIfClosed => &[NotifyIfClosedFence],
            Pc::TakerFence => &[TakerFence],
            Pc::Vacate => &[Vacate, VacateLost],
            Pc::VacateWake => &[VacateWake],
            Pc::ReapFence => &[TombstoneFence],
            Pc::ReapLook | Pc::WaitLook | Pc::InlineLook | Pc::WaitWoken | Pc::CancelLook => &[SlotLook],
            Pc::DetachLook | Pc::ForgetLook | Pc::QuiescentLook | Pc::CensusLook => &[SlotLook],
            Pc::ForgetAllLook | Pc::WaitPatience | Pc::JudgeLook | Pc::JudgeSlot | Pc::LookAwaited => {
                &[SlotLook]
            }

            Pc::GraphLook => &[GraphLook],
            Pc::GraphLock => &[GraphLock, GraphLockLost],
            Pc::GraphContend => &[GraphContend, GraphContendLost],
            Pc::GraphUnlock => &[GraphUnlock],
            Pc::NotifyBlocked => &[GraphPeek],
            Pc::JudgeFence => &[GraphFence],
            Pc::RegisteredClosed | Pc::JudgeClosed => &[IdleLook],

            Pc::ClaimLook => &[ClaimLook],
            Pc::ClaimDetached => &[ClaimDetached],
            Pc::ClaimPopped => &[ClaimPopped, ClaimPoppedLost],
            Pc::LeaveRing => &[LeaveRing],
            Pc::InlineClaim | Pc::CancelClaim => &[ClaimByHandle, ClaimLost],
            Pc::ResolveCas => &[Resolve, ResolveLost],
            Pc::ResolveWake => &[ResolveWake],
            Pc::VacateOwned => &[VacateOwned],
            Pc::WaitFlag | Pc::CancelFlag | Pc::DetachFlag | Pc::GiveUp => &[Flag, FlagLost],
            Pc::WaitTake | Pc::DetachTake | Pc::ForgetAllTake => &[Take, TakeLost],
            Pc::PutBackCas => &[PutBack, PutBackLost],

            Pc::AnswerFence => &[AnswerFence],
            Pc::ListenersLook => &[ListenersLook],
            Pc::VisitEnd => &[VisitEnd],
            Pc::ModeSet => &[ModeSet],
            Pc::ClosingBegin => &[ClosingBegin],
            Pc::ClosingEnd => &[ClosingEnd],
            Pc::CloseEventsLook | Pc::JoinEvents => &[CloseEventsLook],
            Pc::DrainLook => &[ClosingLook],
            Pc::ModeLook => &[ModeLook],
            Pc::SlotCloseLook => &[SlotCloseLook],
            Pc::SlotClose => &[SlotClose],
            Pc::VisitorsWait => &[VisitorsWait],
            Pc::VisitorsLook => &[VisitorsLook],

            Pc::QuietVisit => &[VisitBegin],
            Pc::QuietLive => &[LiveCount],
            Pc::QuietEvents | Pc::QuietEventsLate => &[CloseEventsLook],
            Pc::QuietFence => &[IdleWaitFence],
            Pc::QuietPopped | Pc::QuietPoppedAgain => &[PoppedLook],
            Pc::QuietEntry => &[InsideEntry],
            Pc::QuietSlot => &[SlotLook],

            Pc::FirstLook | Pc::FirstQueued | Pc::FirstMark | Pc::FirstSleepLook => &[SlotLook],
            Pc::FirstLive | Pc::FirstRunLive => &[LiveCount],
            Pc::FirstVisit => &[VisitBegin],
            Pc::FirstListen => &[ListenBegin],
            Pc::FirstEvents | Pc::FirstEventsLate => &[CloseEventsLook],
            Pc::FirstFlag => &[Flag, FlagLost],
            Pc::FirstLeave => &[ListenEnd],

            Pc::Raise => &[InterruptRaise],
            Pc::Reset => &[InterruptReset],
            Pc::ScopeEvents => &[CloseEventsLook],
            Pc::ScopeRaised => &[InterruptLook],
            Pc::ListenBegin => &[ListenBegin],
            Pc::ListenFence => &[ListenFence],
            Pc::ListenWordLook => &[ListenWordLook],
            Pc::ListenEnd => &[ListenEnd],

            Pc::CountLook => &[CompletionsCount],
            Pc::CountAdd => &[CompletionsAdd, CompletionsAddLost],
            Pc::LimitVisit | Pc::ConsumerVisit => &[VisitBegin],
            Pc::LimitEvents | Pc::LimitEventsAgain => &[CloseEventsLook],
            Pc::LimitWanted => &[CompletionsWanted],
            Pc::LimitClosed => &[IdleLook],
            Pc::CountTaken => &[CompletionsTaken],
            Pc::Unwanted => &[CompletionsUnwanted],
            Pc::ZeroFence => &[CompletionsZeroFence],
            Pc::OwnedLook => &[ResolveOwnedLook],
            Pc::OwnedCas => &[ResolveOwned, ResolveOwnedLost],
            Pc::OwnedFence => &[CompletionsPushFence],
            Pc::UseLook => &[CompletionsUseLook],
            Pc::ArmedLook => &[CompletionsArmedLook],
            Pc::SignalName | Pc::ArmKnown | Pc::ArmName => &[CompletionsDescriptor],
            Pc::Disarm | Pc::ArmOff => &[CompletionsDisarm, CompletionsDisarmLost],
            Pc::OwnedWake => &[CompletionsWake],
            Pc::TakeOwnedLook => &[TakeOwnedLook],
            Pc::TakeOwnedStore => &[TakeOwnedAlone],
            Pc::TakeOwnedCas => &[TakeOwned, TakeOwnedLost],
            Pc::TakenFence => &[CompletionsTakerFence],
            Pc::WatchLook | Pc::ConsumerPending | Pc::LeftPending | Pc::SecondLook => &[CompletionsLook],
            Pc::LeftLook => &[LiveLeft],
            Pc::SleepFence => &[CompletionsSleepFence],
            Pc::ArmCount => &[CompletionsArms],
            Pc::ArmStore => &[CompletionsArm],
            Pc::ArmFence => &[CompletionsArmFence],
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
            Pc::Signal => Some(Event::Signal),
            Pc::ArmClear => Some(Event::Clear),
            _ => self.sites().first().map(|site| Event::Site(*site)),
        }
    }

    /// Does the step read or write the pool? A point before a wake does not, and a wake knows an address
    /// only.
    pub fn touches(self) -> bool {
        use Pc::*;
        let point =
            matches!(self, GrantWake | ForceWake | CloseWake | FreeSlotWake | VacateWake | ResolveWake);
        let point = point || matches!(self, OwnedWake | EventWake);
        !point && matches!(self.event(), Some(Event::Site(_) | Event::Sleep))
    }

    /// Does the step change nothing and read nothing that others write?
    pub fn is_silent(self) -> bool {
        use Pc::*;
        let fence = matches!(self, Notify | FoundFence | CloseFence | RegisterFence | AwaitFence);
        let fence =
            fence || matches!(self, NotifyIfClosed | TakerFence | ReapFence | JudgeFence | CensusLook);
        let fence = fence || matches!(self, LookAgainFence | ClosedFence | AnswerFence);
        let point = matches!(self, GrantWake | ForceWake | CloseWake | FreeSlotWake);
        let point = point || matches!(self, VacateWake | ResolveWake | ForgetLook | OwnedWake | EventWake);
        let fence = fence || matches!(self, ZeroFence | OwnedFence | TakenFence | SleepFence | ArmFence);
        let fence = fence || matches!(self, QuietFence | ListenFence);
        // Nobody gives the queue up, nor changes its descriptor.
        let known = matches!(self, UseLook | SignalName | ArmKnown | ArmName);
        fence || point || known
    }

    /// Is it, where every ring operation and every load-and-compare-and-swap is one step, inside of such a
    /// step?
    pub fn continues(self, before: Pc) -> bool {
        match self {
            Pc::PushTail | Pc::FrontHead(_) | Pc::MarkHead(_) | Pc::UnmarkHead | Pc::PopIfAt => false,
            Pc::IdleCas(_) => matches!(before, Pc::IdleLoad(_)),
            // A thread that finds another value than at the look before comes back to that look.
            Pc::Sleep(Word::Idle) => before == Pc::SleepLook,
            Pc::ClaimPopped => before == Pc::ClaimLook,
            Pc::InlineClaim => before == Pc::InlineLook,
            Pc::CancelClaim => before == Pc::CancelLook,
            Pc::DetachTake | Pc::DetachFlag => before == Pc::DetachLook,
            Pc::GraphLock | Pc::GraphContend => before == Pc::GraphLook,
            Pc::WaitTake => matches!(before, Pc::WaitLook | Pc::WaitWoken),
            Pc::WaitFlag => before == Pc::WaitLook,
            Pc::FirstFlag => before == Pc::FirstMark,
            Pc::CountAdd => before == Pc::CountLook,
            Pc::OwnedCas => before == Pc::OwnedLook,
            Pc::TakeOwnedCas | Pc::TakeOwnedStore => before == Pc::TakeOwnedLook,
            _ => self.part() == Part::Ring,
        }
    }
}
