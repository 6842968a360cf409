//! What is checked: scripts, sizes, planted mistakes.

use super::JOBS;

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    Plain,
    Fails,
    /// Waits for ever for another job.
    Waits(u8),
    /// Does not end before another job has run, which it sees without the pool.
    Until(u8),
    /// Submits another, detached, and blocks for it.
    Submits(u8),
    /// Shuts the pool down, and drains it.
    Shuts,
}

/// What a thread does next. Operations on a job's handle wait until its submit has returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    Submit {
        job: u8,
        blocks: bool,
        detached: bool,
    },
    /// Submits a job into the completion queue.
    Into {
        job: u8,
        blocks: bool,
    },
    /// Takes a job from it.
    Take,
    /// The same, as an event loop: takes, arms and polls, until it has one or none is pending.
    Hear,
    Wait(u8),
    /// Waits and looks at the result; then leaves it, or takes it.
    See {
        job: u8,
        leaves: bool,
    },
    Poll(u8),
    Cancel(u8),
    Detach(u8),
    /// Looks at the result if it is there, and leaves it.
    Peek(u8),
    /// The loop of a worker that was counted in before its thread began.
    Work,
    /// The same, of a thread that enters by itself.
    Enter,
    RunOne,
    /// Waits until the pool is idle.
    WaitIdle,
    /// Waits until one of jobs 0 and 1 has finished, both of which were accepted.
    First,
    /// Waits for a job in a scope of the interrupt.
    WaitInterruptible(u8),
    /// Raises the interrupt.
    Raise,
    /// Ends its effect.
    Reset,
    Shutdown {
        discards: bool,
    },
    /// await_workers, await_visitors, forget_all.
    Destroy,
    /// On the bare ready ring, for `linear.rs`: push this index; pop; push what the last pop gave; is it
    /// empty?
    RingPush(u8),
    RingPop,
    RingPushBack,
    RingLook,
}

impl Op {
    /// Does it sleep as a listener?
    pub fn listens(&self) -> bool {
        matches!(self, Op::First | Op::WaitInterruptible(_))
    }

    /// The job whose handle is used.
    pub fn named(self) -> Option<u8> {
        match self {
            Op::Wait(job) | Op::WaitInterruptible(job) => Some(job),
            Op::See { job, .. } | Op::Poll(job) => Some(job),
            Op::Cancel(job) | Op::Detach(job) | Op::Peek(job) => Some(job),
            _ => None,
        }
    }
}

/// Mistakes that can be planted, to show that the checks find them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    /// A push writes its entry whatever the entry holds by then.
    PushOverwritesTheEntry,
    /// A popper that lost the race for the head keeps its index.
    PopIgnoresLostRace,
    /// A popper takes an entry of any other lap for an empty ring.
    TakesAnyLapForEmpty,
    NoNotify,
    /// A searcher that found a job wakes nobody for the jobs behind it.
    FinderWakesNobody,
    SleepsWithoutRecheck,
    CancelDoesNotTakeTheToken,
    CloseWakesNobody,
    /// A worker that leaves does not notify the closers.
    LeavingWorkerDoesNotNotify,
    BlockedSubmitterIgnoresClosed,
    /// A thread that gives a slot back does not wake those that wait for one.
    PushIgnoresTheMark,
    SubmitterDoesNotNotifyCloser,
    /// The taker of a result gives its slot back although the pool is closed.
    TakerFreesSlotAfterClose,
    TombstoneLeaksItsSlot,
    ResolveWakesNobody,
    ResolveWakesOne,
    ReadWithoutTaking,
    /// A result is delivered although its handle was given up meanwhile.
    DeliversDetachedResult,
    ClaimWithoutCas,
    /// A taker frees a slot whose entry is still in the ready ring.
    FreesSlotThatIsInTheRing,
    CloserDoesNotMark,
    /// A waiter's patience never ends.
    NoPatience,
    UnmarkDropsTheCloserMark,
    TrustsOneSearcher,
    CountsSentryAndTokenAsTwo,
    /// No second wake for a token whose waker may have stopped.
    NoSecondWakeForAToken,
    /// A worker that ends its search wakes one worker where it should wake two.
    FinderWakesOnlyOne,
    /// A sentry sleeps without a time limit, and stays counted as a sentry.
    RestingSentryStaysCounted,
    /// A sentry that stops being one sleeps without a look at the rings.
    SentryDoesNotRecheck,
    CancelTakesAToken,
    /// A worker reads CLOSED after its last look at the rings, not before.
    ClosedIsReadLast,
    /// No wait is ever refused.
    NoDeadlockDetection,
    /// Every wait is refused, whatever the graph says.
    EverySleepIsADeadlock,
    /// A thread whose job has ended, but that has not woken yet, counts as one that waits.
    CountsTheWokenAsBlocked,
    /// The slots are looked at once, whatever was given back meanwhile.
    ReadsEachSlotOnce,
    /// A thread that ends a job and frees no slot wakes no blocked submitter.
    BlockedSubmittersAreNotWoken,
    /// A worker that leaves does not notify a shutdown inside a job on another thread.
    OutsideShutdownsAreNotCounted,
    /// A shutdown inside a job relies on workers that wait for something other than a shutdown.
    ShutdownReliesOnBlockedWorkers,
    /// A thread that registers on a closed pool does not notify the closers.
    RegisteringDoesNotNotifyClosers,
    UnlockWakesNobody,
    /// A shutdown outside of jobs does not wait for a job inside a shutdown.
    ShutdownIgnoresOtherShutdowns,
    /// A shutdown inside a job waits for the jobs that wait for that job.
    ShutdownWaitsForItsWaiters,
    /// The slot of a job that a shutdown did not wait for is given back.
    OutlivingJobFreesItsSlot,
    /// A consumer sleeps on the mark without a second look at the count.
    NoSecondLookAtTheCount,
    /// The thread that lowers the count to 0 wakes the consumers and leaves their mark as it is.
    ZeroKeepsTheMark,
    /// A refused submit into a queue does not give its count back.
    RefusedSubmitStaysPending,
    /// A submitter that sleeps for the limit trusts that the taker wakes it.
    LimitHasNoPatience,
    /// A thread that ends a job outside of a worker's loop does not notify a wait until the pool is idle.
    OnlyWorkersEndIdleWaits,
    /// Nor does a worker that goes to sleep.
    WorkersEndNoIdleWait,
    /// A wait until the pool is idle ends where its look does not show whether there is a job.
    IdleWaitTrustsItsLook,
    /// It reads the event count behind its look.
    IdleWaitReadsEventsTooLate,
    /// It notifies no other such wait when it ends.
    IdleWaitLeavesInSilence,
    /// A thread that waits for one of several jobs counts itself when it has marked them.
    ListenerCountsItselfTooLate,
    /// It reads the event count then.
    ListenerReadsEventsTooLate,
    /// A thread that finds a mark notifies no such thread.
    NobodyAnswersListeners,
    /// A detach does not.
    OnlyAnEndCountsTheEvent,
    /// A raise sets the interrupt, and makes no event.
    RaiseMakesNoEvent,
    /// A thread in a scope reads the event count behind its look at the interrupt.
    LooksAtTheInterruptFirst,
    /// It sleeps without a look at the word that it has marked.
    ListenerDoesNotLookAgain,
    /// An arm clears the descriptor behind its number.
    ArmClearsTooLate,
    /// The end of a job takes the arm's number off before it signals.
    ClearsBeforeTheSignal,
}

/// What is checked: which threads do what, with how many slots.
#[derive(Clone, Debug)]
pub struct Setup {
    pub name: &'static str,
    pub slots: u8,
    /// The limit of the completion queue; 0: there is none.
    pub limit: u8,
    /// Workers counted in from the start.
    pub live: u8,
    /// Is there a clock, and so patience?
    pub clock: bool,
    /// Are there sentries, as in the library where there is a clock? Without them the setup is smaller.
    pub sentries: bool,
    pub bodies: [Body; JOBS],
    pub scripts: Vec<(&'static str, Vec<Op>)>,
    /// Every push with a position that is a multiple of this relies on no searcher.
    pub trigger: u8,
    /// May one thread stop for ever, before any step?
    pub freeze: bool,
    /// Does a thread that polls sleep until no other thread can take a step? So there are no endless runs.
    pub aside: bool,
    /// How many sleeps may end spuriously, or by their time limit although other threads could go on.
    pub spurious: u8,
    /// Do the workers sleep at the start?
    pub rested: bool,
    /// Are the counts of the idle word ignored after the close? (`alone.rs`)
    pub loose: bool,
    /// Is there too little stack for a job inside a job?
    pub short: bool,
    /// Are all calls visits, as in the C API?
    pub c_face: bool,
    pub mistake: Option<Mistake>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            name: "",
            slots: 2,
            limit: 0,
            live: 0,
            clock: false,
            sentries: false,
            bodies: [Body::Plain; JOBS],
            scripts: Vec::new(),
            trigger: 16,
            freeze: false,
            aside: true,
            spurious: 0,
            rested: false,
            loose: false,
            short: false,
            c_face: false,
            mistake: None,
        }
    }
}

impl Setup {
    /// Does any script have such a call?
    pub fn has(&self, such: impl Fn(&Op) -> bool) -> bool {
        self.scripts.iter().flat_map(|(_, ops)| ops).any(such)
    }

    /// Does any job?
    pub fn has_body(&self, such: impl Fn(&Body) -> bool) -> bool {
        self.bodies.iter().any(such)
    }

    /// Is the job submitted detached?
    pub fn gives(&self, job: u8) -> bool {
        let such = |op: &Op| matches!(op, Op::Submit { job: given, detached: true, .. } if *given == job);
        self.has(such) || self.bodies.iter().any(|body| matches!(body, Body::Submits(given) if *given == job))
    }

    /// Threads that do the same are one role, and may be exchanged.
    pub fn role(&self, thread: usize) -> u8 {
        let Some(script) = self.scripts.get(thread) else { return thread as u8 };
        self.scripts.iter().position(|other| other == script).unwrap_or(thread) as u8
    }
}
