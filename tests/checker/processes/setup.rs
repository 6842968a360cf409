//! What is explored: the setups, and the mistakes that must show in them.

/// A rule of `src/processes/README.md` that is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    // A worker.
    IgnoresThePosition,
    ClaimsWithoutExchange,
    RunsBeforeItPasses,
    ReportsNoTombstone,
    ClearsFirst,
    ClearsAnyArming,
    SleepsWithoutALook,
    StaysRegistered,
    DoomedWaits,
    // The sweep.
    TrustsACleanExit,
    FailsEveryJob,
    SweepLeavesTheEntry,
    SweepForgetsTheEntry,
    QueuesAtTheOldPosition,
    FailsWhatNeverBegan,
    SweepTrustsTheReports,
    SweepLeavesTheBit,
    SweepNotifiesNoTaker,
    SweepWakesNobody,
    RespawnsBeforeTheSweep,
    SweepsWithoutTheLock,
    // The rest of the parent.
    SubmitWakesNobody,
    ClearsTheReportsLate,
    ArmsAfterTheLook,
    ReadsTheBellLate,
    KillsWithoutExchange,
    DoomsAnyJob,
    KillsWithoutTheLock,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setup {
    pub name: &'static str,
    pub workers: u8,
    pub jobs: u8,
    /// How many workers die, each before any step.
    pub deaths: u8,
    /// How many workers stop for ever, each before any step.
    pub stops: u8,
    /// They stop inside jobs only. Such a worker has not been woken in vain, so no patience is needed.
    pub stops_in_jobs: bool,
    /// How many sleeps end for no reason.
    pub spurious: u8,
    pub respawns: u8,
    pub cancels: u8,
    pub kills: u8,
    /// How often a thread of the parent that has waited for long wakes one more worker.
    pub patience: u8,
    pub closes: bool,
    pub signals_are_lost: bool,
    /// Each step by itself (`alone.rs`).
    pub fine: bool,
    /// Explored with `--deep` alone.
    pub deep: bool,
    pub mistake: Option<Mistake>,
}

const TWO: Setup = Setup {
    name: "",
    workers: 2,
    jobs: 2,
    deaths: 0,
    stops: 0,
    stops_in_jobs: false,
    spurious: 0,
    respawns: 0,
    cancels: 0,
    kills: 0,
    patience: 0,
    closes: false,
    signals_are_lost: false,
    fine: false,
    deep: false,
    mistake: None,
};
const STOP: Setup = Setup { stops: 1, patience: 1, ..TWO };
const STOP_IN_A_JOB: Setup = Setup { stops: 1, stops_in_jobs: true, ..TWO };
const KILL: Setup = Setup { kills: 1, ..TWO };
const DEATH: Setup = Setup { deaths: 1, ..TWO };

/// The setups in which each promise must hold.
pub const SETUPS: &[Setup] = &[
    Setup { name: "2 jobs", ..TWO },
    Setup { name: "3 jobs", jobs: 3, ..TWO },
    Setup { name: "a cancel", cancels: 1, ..TWO },
    Setup {
        name: "3 jobs, a cancel, a wake for no reason",
        deep: true,
        jobs: 3,
        cancels: 1,
        spurious: 1,
        ..TWO
    },
    Setup { name: "a cancel, a wake for no reason", cancels: 1, spurious: 1, ..TWO },
    Setup { name: "3 jobs, a cancel", jobs: 3, cancels: 1, ..TWO },
    Setup { name: "two cancels, a close", cancels: 2, closes: true, ..TWO },
    Setup { name: "a death", ..DEATH },
    Setup { name: "a death, a restart", respawns: 1, ..DEATH },
    Setup { name: "3 jobs, a death, a restart", deep: true, jobs: 3, respawns: 1, ..DEATH },
    Setup { name: "3 jobs, a death", jobs: 3, ..DEATH },
    Setup { name: "a death, a cancel, a restart", cancels: 1, respawns: 1, ..DEATH },
    Setup { name: "two deaths, a restart", deaths: 2, respawns: 1, ..DEATH },
    Setup { name: "a death, a close", closes: true, respawns: 1, ..DEATH },
    Setup { name: "a stop", ..STOP },
    Setup { name: "a stop in a job, a wake for no reason", spurious: 1, ..STOP_IN_A_JOB },
    Setup { name: "3 jobs, a stop", jobs: 3, ..STOP },
    Setup { name: "a stop, a cancel", cancels: 1, ..STOP },
    Setup { name: "a stop, a death, a restart", deaths: 1, respawns: 1, ..STOP },
    Setup { name: "3 workers, 1 job, a stop, a death", workers: 3, jobs: 1, deaths: 1, ..STOP },
    Setup {
        name: "3 workers, 1 job, two deaths, a cancel",
        workers: 3,
        jobs: 1,
        deaths: 2,
        cancels: 1,
        ..TWO
    },
    Setup { name: "a kill, a restart", respawns: 1, ..KILL },
    Setup { name: "3 jobs, a kill", jobs: 3, ..KILL },
    Setup { name: "3 jobs, a kill, a restart", jobs: 3, respawns: 1, ..KILL },
    Setup { name: "a kill, a death, a restart", deaths: 1, respawns: 1, ..KILL },
    Setup { name: "a kill, a stop, a restart", kills: 1, respawns: 1, ..STOP },
    Setup { name: "a kill whose signal is lost", signals_are_lost: true, ..KILL },
];

/// Each mistake, with a setup in which it must show. Without it the setup is one of `SETUPS`.
pub const MISTAKES: &[(Mistake, Setup)] = {
    use Mistake::*;
    const THREE: Setup = Setup { jobs: 3, ..TWO };
    &[
        (IgnoresThePosition, THREE),
        (ClaimsWithoutExchange, TWO),
        (RunsBeforeItPasses, THREE),
        (ReportsNoTombstone, Setup { cancels: 1, ..TWO }),
        (ClearsFirst, STOP),
        (ClearsAnyArming, THREE),
        (SleepsWithoutALook, TWO),
        (StaysRegistered, Setup { spurious: 1, ..STOP_IN_A_JOB }),
        (DoomedWaits, Setup { signals_are_lost: true, ..KILL }),
        (TrustsACleanExit, DEATH),
        (FailsEveryJob, DEATH),
        (SweepLeavesTheEntry, DEATH),
        (SweepForgetsTheEntry, DEATH),
        (QueuesAtTheOldPosition, DEATH),
        (FailsWhatNeverBegan, DEATH),
        (SweepTrustsTheReports, DEATH),
        (SweepLeavesTheBit, DEATH),
        (SweepNotifiesNoTaker, DEATH),
        (SweepWakesNobody, DEATH),
        (RespawnsBeforeTheSweep, Setup { respawns: 1, ..DEATH }),
        (SweepsWithoutTheLock, Setup { fine: true, ..DEATH }),
        (SubmitWakesNobody, TWO),
        (ClearsTheReportsLate, THREE),
        (ArmsAfterTheLook, TWO),
        (ReadsTheBellLate, TWO),
        (KillsWithoutExchange, Setup { respawns: 1, ..KILL }),
        (DoomsAnyJob, Setup { jobs: 3, ..KILL }),
        (KillsWithoutTheLock, Setup { deaths: 1, respawns: 1, ..KILL }),
    ]
};
