//! Names for the atomic operations, each given once where the operation stands: `ordering(Site::X, Acquire)`.
//!
//! In production `ordering` is the identity and vanishes. In the model it lets one build run every weakening
//! of every ordering, and under ThreadSanitizer those that it can judge; in the freeze test it is the point
//! where a thread is stopped, just before its operation.

macro_rules! sites {
    ($($name:ident,)*) => {
        /// One named atomic operation (or fence) of the library.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        #[allow(missing_docs, reason = "a site is documented where it is used")]
        #[allow(dead_code, reason = "the build's features decide which sites it has")]
        pub enum Site { $($name,)* }

        impl Site {
            /// Every site, in the order of declaration.
            #[cfg(any(jobring_loom, jobring_freeze, jobring_tsan))]
            pub const ALL: &'static [Site] = &[$(Site::$name,)*];

            /// Is it the failure ordering of another site's compare-and-swap?
            #[cfg(jobring_loom)]
            pub fn is_failure(self) -> bool {
                self.name().ends_with("Lost")
            }

            /// The site's name as written in the source.
            #[cfg(any(jobring_loom, jobring_freeze, jobring_tsan))]
            pub const fn name(self) -> &'static str {
                match self { $(Site::$name => stringify!($name),)* }
            }
        }
    };
}

sites! {
    // job/interrupt.rs
    InterruptLook,
    InterruptReset,
    InterruptRaise,
    // ring/ncq.rs
    PushTail,
    PushEntry,
    PushPublish,
    PushPublishLost,
    PushTailAgain,
    AdvanceTail,
    AdvanceTailLost,
    PopHead,
    PopEntry,
    // ring/pop_many.rs
    PopNextEntry,
    // ring/ncq.rs
    PeekHead,
    PeekEntry,
    AdvanceHead,
    AdvanceHeadLost,
    LookHead,
    LookEntry,
    // ring/waiters.rs
    MarkHead,
    MarkEntry,
    MarkSet,
    MarkSetLost,
    UnmarkHead,
    UnmarkEntry,
    UnmarkSet,
    UnmarkSetLost,
    // ring/prefetch.rs
    AheadLook,
    // ring/ncq.rs
    PoppedLook,
    // ring/inside.rs
    InsideEntry,
    CountTail,
    CountEntry,
    CountHead,
    // ring/init.rs
    Age,
    // slot/mod.rs
    SlotLook,
    FillLook,
    SlotFill,
    ClaimLook,
    ClaimDetached,
    ClaimPopped,
    ClaimPoppedLost,
    LeaveRing,
    ClaimByHandle,
    ClaimLost,
    Resolve,
    ResolveLost,
    ResolveOwnedLook,
    ResolveOwned,
    ResolveOwnedLost,
    TakeOwnedLook,
    TakeOwned,
    TakeOwnedAlone,
    TakeOwnedLost,
    Take,
    TakeLost,
    Vacate,
    VacateLost,
    VacateOwned,
    PutBack,
    PutBackLost,
    Flag,
    FlagLost,
    SlotCloseLook,
    SlotClose,
    // slot/held.rs
    UnholdLook,
    UnholdDetached,
    Unhold,
    UnholdLost,
    LeaveLane,
    DropEnd,
    // job/watchers.rs
    WatchLook,
    WatchAdd,
    WatchAddLost,
    WatchClose,
    // sleep/idle.rs
    IdleLook,
    NotifyFence,
    GrantUpdate,
    GrantWake,
    ForceUpdate,
    ForceWake,
    SearchUpdate,
    FoundUpdate,
    FoundFence,
    RegisterUpdate,
    RegisterFence,
    RedeemUpdate,
    RestUpdate,
    LookAgainFence,
    ClosedFence,
    CancelUpdate,
    CloseUpdate,
    CloseFence,
    CloseWake,
    IdleWaitBegin,
    IdleWaitFence,
    IdleWaitEnd,
    IdleUpdateLost,
    // sleep/requests.rs
    PauseUpdate,
    ResumeUpdate,
    ResumeFence,
    LeaveFence,
    LeaveUpdate,
    LeaveWake,
    LeaveEnd,
    LeaveEndFence,
    // platform/user_port/seat.rs
    SeatTake,
    SeatTakeLost,
    SeatLeave,
    SeatLook,
    SeatChoose,
    SeatChooseLost,
    // platform/user_port/seat_table.rs
    SeatWordLook,
    SeatFence,
    SeatsFence,
    // queue/door.rs
    DoorShutLook,
    DoorRegister,
    DoorRegisterFence,
    DoorSleepLook,
    DoorLeaveLook,
    DoorLeave,
    DoorLeaveLost,
    DoorNotifyFence,
    DoorNotifyLook,
    DoorGrant,
    DoorGrantLost,
    DoorWake,
    DoorShut,
    DoorShutWake,
    // queue/doors.rs
    CloseQueueFence,
    RetireCell,
    // engine/submit.rs
    AwaitSlotFence,
    FreeSlotWake,
    NotifyIfClosedFence,
    VacateWake,
    TakerFence,
    CompletionsTakerFence,
    TombstoneFence,
    // engine/run.rs
    ResolveWake,
    // slot/waker.rs
    WakerKeep,
    WakerKeepLost,
    WakerWriteData,
    WakerWriteTable,
    WakerLeave,
    WakerLeaveLost,
    WakerTurn,
    WakerLook,
    WakerFind,
    WakerMove,
    WakerMoveLost,
    WakerData,
    WakerTable,
    // engine/task_wait.rs
    TaskWake,
    CompletionsTaskFence,
    CompletionsMarkLook,
    // engine/completion_event.rs
    CompletionsDescriptor,
    CompletionsDescriptorSet,
    CompletionsDescriptorLost,
    CompletionsArms,
    CompletionsArm,
    CompletionsArmFence,
    CompletionsDisarm,
    CompletionsDisarmLost,
    // engine/completion_queue.rs
    CompletionsPushFence,
    CompletionsArmedLook,
    CompletionsLook,
    CompletionsWake,
    CompletionsClaim,
    CompletionsClaimLost,
    CompletionsRelease,
    CompletionsUseLook,
    // engine/completions.rs
    CompletionsCount,
    CompletionsAdd,
    CompletionsAddLost,
    CompletionsWanted,
    CompletionsTaken,
    CompletionsUnwanted,
    CompletionsZeroFence,
    CompletionsSleepFence,
    CompletionsTidyFence,
    // engine/lane_moves.rs
    LaneLook,
    LaneLost,
    LaneFree,
    LaneWake,
    LaneEnded,
    LaneTake,
    LaneRole,
    // engine/lane.rs
    LaneLeave,
    LaneClaim,
    LaneYield,
    LaneEmpty,
    LaneRelease,
    LaneDead,
    // engine/lane_submit.rs
    LanePost,
    LaneEnter,
    LanePush,
    LaneFold,
    LaneSweep,
    LaneLookEnd,
    // engine/lane_waits.rs
    LaneClose,
    LaneCloseRole,
    LaneAbandon,
    LaneDiscard,
    LaneWanted,
    LaneWantedRole,
    LaneOver,
    // rust/queue_list.rs
    QueuesLook,
    QueuesPushLook,
    QueuesPush,
    QueuesPushLost,
    // engine/interrupt.rs
    ListenFence,
    ListenWordLook,
    // engine/event_count.rs
    ListenBegin,
    ListenEnd,
    ListenersLook,
    AnswerFence,
    // engine/lifecycle.rs
    NotifyClosers,
    EventWake,
    CloseEventsLook,
    ModeSet,
    ModeLook,
    HookEnd,
    HooksLook,
    LiveLook,
    LiveEnter,
    LiveEnterLost,
    LiveLeave,
    LiveLeft,
    LiveCount,
    ClosingBegin,
    ClosingEnd,
    ClosingLook,
    VisitBegin,
    VisitorsWait,
    VisitorsLook,
    VisitorsCount,
    VisitEnd,
    // engine/headcount.rs
    HeadsLook,
    HeadsMove,
    HeadsMoveLost,
    // engine/wait_graph.rs
    GraphLook,
    GraphLock,
    GraphLockLost,
    GraphContend,
    GraphContendLost,
    GraphUnlock,
    GraphPeek,
    // engine/deadlock.rs
    GraphFence,
    // processes/worker.rs
    ProcessHead,
    ProcessEntry,
    ProcessPass,
    ProcessPassLost,
    ProcessLook,
    ProcessClaim,
    ProcessClaimLost,
    ProcessActivity,
    ProcessBegin,
    ProcessLeave,
    ProcessLeaveLost,
    ProcessResolve,
    ProcessReport,
    ProcessArmedLook,
    ProcessDisarm,
    ProcessDisarmLost,
    ProcessPark,
    ProcessRegister,
    ProcessRegisterFence,
    ProcessClosedLook,
    ProcessUnregister,
    // processes/wake.rs
    ProcessNotifyFence,
    ProcessSleepersLook,
    ProcessChoose,
    ProcessUnpark,
    ProcessClose,
    ProcessCloseFence,
    ProcessFrontHead,
    ProcessFrontEntry,
    ProcessRing,
    // processes/parent.rs
    ProcessHeadLook,
    ProcessPassParent,
    ProcessPassParentLost,
    ProcessQueue,
    ProcessPublish,
    ProcessSettle,
    ProcessCollect,
    ProcessBell,
    ProcessArm,
    ProcessCancel,
    ProcessCancelLost,
    ProcessDoom,
    ProcessDoomLook,
    ProcessDoomLost,
    // processes/sweep.rs
    ProcessSweepBit,
    ProcessSweepActivity,
    ProcessSweepParked,
    // fork_join/chunks.rs
    ShareLook,
    ShareClaim,
    ShareClaimLost,
    SharesStop,
    HelperCount,
    // fork_join/once_slot.rs
    FirstOffer,
}
