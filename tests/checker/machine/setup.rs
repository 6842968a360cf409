//! What is checked: scripts, sizes, planted mistakes.

use super::JOBS;

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    Plain,
    Fails,
    /// Waits for ever for another job.
    Waits(u8),
    /// Does not end before another has run, which it can know without the pool.
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
    Shutdown {
        discards: bool,
    },
    /// await_workers, await_visitors, forget_all.
    Destroy,
    /// On the bare ready ring, for `linear.rs`: push this index; pop; push what the last pop gave; is it empty?
    RingPush(u8),
    RingPop,
    RingPushBack,
    RingLook,
}

impl Op {
    /// The job whose handle is used.
    pub fn named(self) -> Option<u8> {
        match self {
            Op::Wait(job) | Op::See { job, .. } | Op::Poll(job) => Some(job),
            Op::Cancel(job) | Op::Detach(job) | Op::Peek(job) => Some(job),
            _ => None,
        }
    }
}

/// Mistakes that can be planted, to see that the checks find them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    PushIgnoresTheEntry,
    PopDoesNotClaim,
    EmptyWithoutLap,
    NoNotify,
    FoundTellsNobody,
    NoLookBeforeSleep,
    CancelLeavesTheToken,
    CloseWakesNobody,
    WorkerLeavesSilently,
    BlockedIgnoresClosed,
    MarksAreNotSeen,
    SubmitterDoesNotKick,
    TakerGivesBackAfterClose,
    TombstoneIsLost,
    ResolveWakesNobody,
    ResolveWakesOne,
    ReadWithoutTaking,
    SeenThoughDetached,
    ClaimWithoutCas,
    VacateIgnoresTheRing,
    CloserDoesNotMark,
    NoPatience,
    UnmarkLeavesNoMark,
    TrustsOneSearcher,
    TrustsTheSentryWithItsToken,
    TokenIsWokenForOnce,
    FoundWakesOne,
    SentryRestsSilently,
    SentryDoesNotLook,
    CancelTakesAToken,
    ClosedIsReadLast,
    /// No wait is ever found stuck.
    NoJudge,
    /// Each is, whatever the look at the graph says.
    EachSleepIsADeadlock,
    /// A thread whose job is over, and which has not woken yet, counts as one that waits.
    CountsTheWoken,
    /// Of the slots each is looked at once, whatever came back meanwhile.
    LooksOnce,
    /// Whoever ends a job and frees no slot wakes nobody.
    BlockedAreNotTold,
    /// A worker that leaves tells no shutdown inside a job on another thread.
    GuestsAreNotCounted,
    /// A shutdown inside a job counts on workers that wait for something else than a shutdown.
    WaitingWorkersRun,
    /// A thread that registers on a closed pool does not kick.
    RegistersSilently,
    UnlockWakesNobody,
    /// A shutdown outside of jobs does not wait for a job inside a shutdown.
    ClosersAreNotWaitedFor,
    /// A shutdown inside of a job waits for the jobs that wait for it.
    WaitersAreWaitedFor,
    /// The slot of a job that a shutdown did not wait for is given back.
    OutlivedSlotIsGivenBack,
}

/// What is checked: who does what, over how many slots.
#[derive(Clone, Debug)]
pub struct Setup {
    pub name: &'static str,
    pub slots: u8,
    /// Workers counted in from the start.
    pub live: u8,
    /// Is there a clock, and so patience?
    pub clock: bool,
    /// And, as in the library where there is one, sentries? Without, the setup is smaller.
    pub sentries: bool,
    pub bodies: [Body; JOBS],
    pub scripts: Vec<(&'static str, Vec<Op>)>,
    /// Every so many pushes trust no searcher.
    pub trigger: u8,
    /// May one thread stop for ever, anywhere?
    pub freeze: bool,
    /// Is a thread that looks again and again one that sleeps until nothing else can happen? So no endless runs come of it.
    pub aside: bool,
    /// How many sleeps may end for no reason, or because of the time although there was something else to do.
    pub spurious: u8,
    /// Do the workers sleep in the beginning?
    pub rested: bool,
    /// Are the counts of the idle word of no interest after the close? (`alone.rs`)
    pub loose: bool,
    /// Has no job that waits enough stack left to run the other one inside of it?
    pub short: bool,
    /// Calls of the C face are visits.
    pub c_face: bool,
    pub mistake: Option<Mistake>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            name: "",
            slots: 2,
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
