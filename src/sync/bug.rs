//! Bugs that other pools had, planted in this one by name. The kill list (loom-tests/KILLS.md) shows that a
//! test catches each. In a build for users [`bug`] is a constant `false`, and the compiler removes it.
//!
//! A planted bug is one short line where the bug would be. `JOBRING_BUG` names those that are active in a
//! process.

use super::{AtomicUsize, Relaxed};

macro_rules! bugs {
    ($(#[doc = $about:literal] $name:ident,)*) => {
        /// A published bug, translated to this library.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        #[allow(dead_code, reason = "the build's features decide which are planted")]
        pub enum Bug { $(#[doc = $about] $name,)* }

        #[cfg(any(jobring_loom, jobring_bug))]
        impl Bug {
            /// Every bug, in the order of declaration.
            pub const ALL: &'static [Bug] = &[$(Bug::$name,)*];

            /// The bug's name as written in the source.
            pub const fn name(self) -> &'static str {
                match self { $(Bug::$name => stringify!($name),)* }
            }

            /// The project that had it, a colon, and what it is.
            pub const fn about(self) -> &'static str {
                match self { $(Bug::$name => $about,)* }
            }
        }
    };
}

bugs! {
    // Parking and wake-up.
    /// tokio#8056: a worker that goes to sleep stays counted as a searcher, and no worker is woken.
    SleeperCountsAsSearcher,
    /// tokio#7757: a push relies on one worker that was woken or searches, and that may be stopped.
    TrustsOneSearcher,
    /// tokio#8057: a token and a sentry count as two workers, although the sentry may be the one that was woken.
    CountsSentryAndTokenAsTwo,
    /// tokio#525: a worker looks for a token in one value of the idle word, and falls asleep on a newer one.
    SleepsOnANewerWord,
    /// bshoshany/thread-pool#93: a worker about to sleep does not look for CLOSED in the word that it sleeps on.
    SleepsPastTheClose,
    /// bshoshany/thread-pool#110: the thread that resolves a job wakes only one of its waiters.
    WakesOneWaiter,
    /// Open3D-PoissonRecon#6: a worker registers, and sleeps without a look at the ring.
    SleepsWithoutRecheck,
    /// tokio#8067: the sentry sleeps without a time limit, and others still rely on it.
    RestingSentryStaysCounted,
    /// tensorflow#932: a submitter that finds the pool closed after its push does not notify the closers.
    CloserIsNotNotified,
    /// rayon#200: the close sets CLOSED, and wakes no worker.
    CloseWakesNobody,
    /// rayon be12615b: a closer reads the event count after its look, not before.
    ReadsCloseEventsTooLate,
    /// Pithikos/C-Thread-Pool#135: the close wakes one worker.
    CloseWakesOne,
    /// libuv 0f1bdb6b1: a searcher that found a job wakes nobody for the jobs behind it.
    FinderWakesNobody,
    /// jobring: a worker that finds the pool paused registers, and does not look for the pause again.
    LooksForThePauseOnce,
    /// jobring: a worker that is to leave cancels its sleep, perhaps with a token, and looks at the ring no more.
    LeavesWithoutALook,
    /// jobring: a worker about to sleep does not look for LEAVE in the word that it sleeps on.
    SleepsPastTheRequest,
    /// glibc BZ 25847: a worker that cancels its sleep takes a token for which another was woken.
    TakesAnothersToken,
    /// glibc BZ 25847: the close grants every sleeper a token, which a worker that comes later may take.
    CloseGrantsTokens,
    // Touch after hand-off.
    /// rayon#739: a runner reads the slot again after it resolved the job.
    ReadsSlotAfterResolve,
    /// folly#2093: a submitter that had to wait ends its visit before its job is handed over.
    VisitEndsTooSoon,
    /// crossbeam#1187: destroy drops again what a discard has dropped.
    DropsDiscardedJobsTwice,
    /// crossbeam#726: a popper that lost the race for the head keeps its index.
    PopsWithoutWinning,
    /// scoped-threadpool-rs#11: a closer stops waiting when one job has ended.
    OneEndEndsTheWait,
    /// libuv#4443: the child of a fork treats its parent's pool as its own.
    ChildTakesThePool,
    // Cancel, flush, accounting.
    /// Zephyr#35225: a worker marks a queued job as running by a plain store.
    ClaimsWithoutExchange,
    /// Zephyr#51872: a runner takes a lost exchange of the job's state for a won one.
    IgnoresALostExchange,
    /// Zephyr#119700: a notification of the closers wakes only one.
    NotifiesOneCloser,
    /// tokio#7922: a worker that cancels its sleep takes a token and also its registration.
    CountsAWakeTwice,
    /// tokio#8406: a worker whose thread could not be created stays counted.
    CountsAThreadThatFailedToStart,
    /// folly 70502069e: a worker registers by a plain store to the idle word.
    RegistersByPlainStore,
    /// apr 427cde49b: a worker is counted in by a load and a store.
    EntersWithoutExchange,
    /// apr a06fce846: destroy does not wait until the workers have left.
    EndsWithWorkersInside,
    /// asio#1534: a closer that sees no worker does not set CLOSED.
    CloseWithoutWorkersIsIgnored,
    /// rust-threadpool#89: a waiter does not ask whether the job that it finds in the slot is its own.
    WaitsForTheNextJobToo,
    /// CPython gh-125451: a shutdown inside a job waits for that job.
    ShutdownWaitsForItself,
    /// pthreadpool f4af06b: a runner clears WAITER after it resolved the job, not in the same step.
    ClearsTheFlagTooLate,
    /// libvips#4116: a peek does not wake the threads that started to wait meanwhile.
    PeekWakesNobody,
    /// fjall#260: the close wakes no submitter that waits for room.
    CloseLeavesSubmittersAsleep,
    /// esbmc#6474: a thread whose wait has ended, but that has not woken yet, counts as waiting.
    CountsTheWokenAsBlocked,
    /// globus-compute#1583: a shutdown does not wait for a job that is inside another shutdown.
    IgnoresOtherShutdowns,
    /// jobring: a wait for an idle pool looks for queued jobs, and not for those that run.
    IdleWaitSeesOnlyTheQueue,
    /// jobring: a wait for an idle pool does not ask whether a slot was used while it looked at the others.
    IdleWaitTrustsItsLook,
    /// jobring: a job that ends outside of a worker's loop wakes no thread that waits for an idle pool.
    OnlyWorkersEndIdleWaits,
    /// zguide#568: a thread in a scope looks at the interrupt before it reads the event count.
    LooksAtTheInterruptFirst,
    /// rusty-jvm#913: a reset looks at the interrupt, and then clears it.
    ResetsInTwoSteps,
    /// hazelcast-python-client#5: a watcher is added by a plain store, after a look at the list.
    AddsAWatcherByPlainStore,
    // Rings.
    /// heapless#583: a push moves the tail before it publishes its entry.
    MovesTheTailFirst,
    /// heapless#121: a push compares laps by their order, which is wrong when they wrap.
    OrdersLaps,
    /// dpdk d097964616: a batch of no jobs announces one.
    NothingIsAnnounced,
    /// ck e78c421: a popper takes an entry of another lap for an empty ring.
    TakesALateLookForEmpty,
    /// heapless#180: a taker frees a slot that its entry's popper must free.
    GivesTheSlotBackTwice,
    /// heapless 7cfdb848: destroy does not drop a result that nobody took.
    LeaksResults,
    /// rtic#780: a batch that took several slots and filled some does not free the others.
    BatchKeepsTheRest,
    /// folly 232f650cc: a submit that waits for room ignores its deadline.
    WaitsPastTheDeadline,
    /// rusnikola/lfqueue 3507ec5: the free ring, full at first, lacks its last index.
    SeedsOneTooFew,
    // Completion queues.
    /// swift-corelibs-libdispatch#152: a refused submit into a completion queue stays counted as pending.
    RefusedSubmitStaysPending,
    /// tinyalsa#254: an arm clears the descriptor after it has stored its number, which may erase an event.
    ArmClearsTooLate,
    // Lanes.
    /// hew#2578: a submit looks whether the lane has room, and counts its job without looking again.
    LooksForRoomOnce,
    /// actr#6: a thread gives the role up although an entry was pushed behind its last look at the list.
    GivesTheRoleUpUnseen,
    /// cats-helper#404: a thread that popped a cancelled job keeps its place, and the lane does not go on.
    StopsAtACancelledJob,
    /// james-project#2833: a cancelled job whose entry was popped meanwhile stays counted.
    LosesACancelledJob,
    /// fjall#260: a close of a lane needs room in it.
    CloseNeedsRoom,
    // Not published: no test caught them when they were first planted here.
    /// jobring: a job on a full pool without workers is refused instead of running a queued job.
    JobMakesNoRoom,
    /// jobring: a wait for the first of several jobs counts itself behind its registrations.
    CountsItselfTooLate,
    /// jobring: such a wait reads the event count behind its registrations.
    ReadsTheEventsTooLate,
    /// jobring: the thread that ends a job counts the event of such waits before it moves the slot's word.
    CountsTheEventTooEarly,
    /// jobring: of the four places that move a slot's word only the end of a job counts the event.
    OnlyAnEndCountsTheEvent,
    /// jobring: such a wait takes a flag that is set already for its own.
    TrustsAnothersWaiter,
    /// jobring: a worker's job that is about to sleep assumes that every other worker's job sleeps too.
    AssumesAllAreBlocked,
}

/// Is this bug planted?
#[cfg(not(any(jobring_loom, jobring_bug)))]
#[inline(always)]
pub(crate) const fn bug(_: Bug) -> bool {
    false
}

#[cfg(any(jobring_loom, jobring_bug))]
pub(crate) use planted::bug;

/// If the bug is planted, stores a value where an exchange is needed. Is it planted?
#[inline(always)]
pub(crate) fn stores(planted: Bug, word: &AtomicUsize, value: usize) -> bool {
    if bug(planted) {
        // ORDERING: Relaxed: no ordering would make it right.
        word.store(value, Relaxed);
    }
    bug(planted)
}

#[cfg(any(jobring_loom, jobring_bug))]
mod planted {
    extern crate std;

    use super::Bug;
    use std::sync::OnceLock;

    // The published package has no planted bug, whatever its flags.
    #[cfg(jobring_bug)]
    const _: () =
        assert!(!matches!(env!("CARGO_PKG_NAME").as_bytes(), b"jobring"), "cfg(jobring_bug) is for tests");

    pub(crate) fn bug(bug: Bug) -> bool {
        static PLANTED: OnceLock<u128> = OnceLock::new();
        let planted = PLANTED.get_or_init(|| {
            let text = std::env::var("JOBRING_BUG").unwrap_or_default();
            text.split_terminator(',').fold(0, |all, name| {
                let named = Bug::ALL.iter().find(|bug| bug.name() == name);
                all | 1 << *named.unwrap_or_else(|| panic!("no such bug: {name}")) as u8
            })
        });
        planted >> bug as u8 & 1 == 1
    }
}
