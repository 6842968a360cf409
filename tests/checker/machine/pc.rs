//! The places where a thread can be (program counters). A thread passes places without a site (`events.rs`)
//! at once.

use super::words::Mark;
use super::{Change, How, Word};

macro_rules! places {
    ($($file:ident: $($name:ident $(($of:ty))?),*;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Pc { $($($name $(($of))?,)*)* }

        /// Which part of the protocol a place belongs to.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Part { $($file,)* }

        impl Pc {
            #[allow(unused_variables, reason = "the payload does not matter")]
            pub fn part(self) -> Part {
                match self { $($(places!(@pattern $name $(($of))?) => Part::$file,)*)* }
            }
        }
    };
    (@pattern $name:ident) => { Pc::$name };
    (@pattern $name:ident ($of:ty)) => { Pc::$name(_) };
}

places! {
    Core: Begin, OpEnd, Done, Asleep(Word), Woken, Sleep(Word), WakeAll(Word), WakeFirst(Word), WakeOne, AnswerFence, ListenersLook,
        LiveLook, LiveEnter, StandAside, CallVisit, Called, CallEnd, RingPushed, RingPopped;
    Ring: PushTail, PushTailAgain, PushEntry, PushHelp, PushPublish, PushOwnTail, FrontHead(How), FrontEntry(How),
        PopAdvance, PopIfAt, MarkHead(Mark), MarkEntry(Mark), MarkSet(Mark), UnmarkHead, UnmarkEntry, UnmarkSet;
    Idle: IdleLoad(Change), IdleCas(Change), Notify, NotifyLook, LagLook, Grant, Granted, GrantWake, Force, Forced, ForceWake,
        EndSearch, FoundFence, FoundLooked, FoundAgain, Close, CloseFence, CloseWake, NotifyClosers, EventWake, Work, WorkClaimed, Searching, SearchPoll,
        SearchClaimed, FoundRun, RegisterFence, SentryPopped, RegisterClosed, ClosedFence, RegisterLooked, ClosedLast, NotifyIdleWait, SleepLook, SleptLook, Rested, LookAgainFence, TokenTaken, Leaving, Leave;
    Submit: Submit, Reserve, Reserved, ReserveTried, SlowVisit, SlowTried, SlowLive, SlowEnd, SlowRan, SlowAgain, TryReserve, PopFree, PoppedFree,
        Reaped, FullLook, ReserveLook, AwaitSlot, AwaitMarked, AwaitFence, AwaitClosed,
        AwaitJudged, AwaitWoken, AwaitLooked, AwaitSleepEnded, Fill, Placed, Announced, Published, GiveBack, GivenBack, FreeSlotWake, NotifyIfClosed,
        NotifyIfClosedLook, TakerFence, TakerLook, Vacate, VacateWake, Vacated, Reap, ReapFence, ReapPeeked, ReapLook,
        ReapPopped, ReapClaimed;
    Run: ClaimLook, ClaimDetached, ClaimPopped, LeaveRing, ClaimNext, ClaimNextPopped, ClaimNextClaimed, Execute,
        ExecuteWaited, ExecuteSubmitted, AwaitRun, Discard, Resolve, ResolveCas, ResolveWake, ResolveForgotten, ResolveOwned, VacateOwned, Forget, ForgetLook,
        RunOne, RunOneClaimed, RunOneRan, RunOneDone;
    Result: WaitLook, WaitLive, WaitMayRun, WaitListens, InlineLive, WaitRan, InlineLook, InlineClaim, InlineRan, WaitSleep, WaitVisit,
        WaitFlag, WaitJudged, WaitSlept, WaitPatience, WaitSleepEnded, WaitWoken, WaitTake, WaitTaken, GiveUp, WaitEnd;
    Handle: CancelLook, CancelClaim, CancelFlag, DetachLook, DetachTake, ForgetTaken, Retiring, ForgottenTo,
        DetachFlag, PutBack, PutBackCas;
    Graph: GraphLook, GraphLock, GraphContend, GraphUnlock, RegisterSlot, RegisteredSlot, RegisterJob, RegisteredJob,
        RegisterEnd, RegisteredEnd, Registered, RegisteredClosed, Unregister, Unregistered, Judged, JudgeClosed, JudgeLook,
        JudgeLive, JudgeMarked, JudgeFence, JudgeWorkers, JudgeSlot, JudgeRemarked, NotifyBlocked, NotifyUnmarked;
    Close: VisitEnd, Shutdown, ModeSet, Unmark, Unmarked, Closing, ClosingBegin, ClosingNotify, CloseEventsLook, Sweep, ModeLook,
        DiscardClaimed, Discarded, Drain, DrainLook, DrainRan, SweepReap, SweepFree, SweepPopped, SlotCloseLook, SlotClose,
        SweepMarked, Swept, LookLocked, LookAwaited, QuiescentLook, LookLive, LookedForJobs,
        CensusLook, ClosingLeft, ClosingEnd, JoinEvents, JoinLive,
        DestroyVisitors, VisitorsWait, VisitorsLook, ForgetAllLook, ForgetAllTake, ForgetAllNext;
    IdleWait: QuietVisit, QuietLive, QuietRun, QuietRan, QuietEvents, QuietFence, QuietPopped, QuietEntry, QuietSlot,
        QuietPoppedAgain, QuietQueued, QuietEventsLate, QuietLeave;
    Many: First, FirstLook, FirstLooked, FirstLive, FirstQueued, FirstRunLive, FirstRan, FirstRanHere, FirstRanLooked, FirstVisit,
        FirstListen, FirstEvents, FirstMark, FirstFlag, FirstEventsLate, FirstSleepLook, FirstLeave;
    Interrupt: Raise, Reset, ScopeEvents, ScopeRaised, ListenBegin, ListenFence, ListenWordLook, ListenEnd;
    Queue: CountLook, CountAdd, IntoSubmitted, LimitVisit, LimitEvents, LimitWanted, LimitClosed, LimitSlept, LimitEventsAgain,
        CountTaken, Unwanted, CountLowered, ZeroFence, WakeConsumers, ConsumersUnmarked,
        OwnedLook, OwnedCas, OwnedPushed, OwnedFence, UseLook, ArmedLook, SignalName, Signal, Disarm, OwnedEnd, OwnedWake,
        Take, TakePopped, TakeOwnedLook, TakeOwnedStore, TakeOwnedCas, TakenFence, TookOwned, TookVacated, TookLowered, Taken, WatchLook,
        ConsumerEmpty, ConsumerLooked, ConsumerPending, LeftLook, LeftLooked, LeftPending, ConsumerVisit, ConsumerMark, ConsumerMarked,
        SleepFence, SecondLook, ZeroLook, ZeroLooked, ConsumerSlept, ConsumerRemarked,
        ArmKnown, ArmName, ArmClear, ArmCount, ArmStore, ArmFence, ArmLooked, ArmOff;
}
