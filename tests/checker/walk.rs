//! The library's own code under random schedules, in scenarios that are too large for loom and the state
//! explorer: 4 workers, 4 submitters, 2 cancellers and a closer on 4 slots. Schedules are uniform or by
//! priorities (PCT: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with Probabilistic
//! Guarantees of Finding Bugs", ASPLOS 2010).
//!
//! A seed determines one execution: `JOBRING_SEED=n cargo test -p jobring-checker --test walk` repeats it.

mod dice;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod machine;
mod planted;
mod stage;

use dice::Dice;
use jobring_frozen::{JobHandle, JobId, Shared, ShutdownMode, StaticPool, SubmitError};
use stage::Stage;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

type Pool = StaticPool<4, 8, 48>;

const WORKERS: usize = 4;
const SUBMITTERS: usize = 4;
const CANCELLERS: usize = 2;
/// Submits of each submitter.
const JOBS: usize = 6;
/// Executions with each scheduler.
const ROUNDS: u64 = 3000;
/// Longer than any execution.
const MANY_STEPS: usize = 200_000;

#[derive(Default)]
struct Accounts {
    made: Cell<usize>,
    ran: Cell<usize>,
    dropped: Cell<usize>,
    refused: Cell<usize>,
    cancelled: Cell<usize>,
    taken: Cell<usize>,
}

fn add(to: &Cell<usize>) {
    to.set(to.get() + 1);
}

/// What the threads of one execution share. They are coroutines, on one thread.
struct Props {
    pool: Pool,
    accounts: Accounts,
    /// Copies of handles.
    handles: RefCell<Vec<JobId>>,
    dice: RefCell<Dice>,
}

impl Props {
    fn below(&self, n: u64) -> u64 {
        self.dice.borrow_mut().below(n)
    }

    fn token(&self) -> Token {
        add(&self.accounts.made);
        Token { props: self, ran: false }
    }
}

/// In a job's closure: says how the job ended, whatever became of it.
struct Token {
    props: *const Props,
    ran: bool,
}
// SAFETY:
// - it stays on the one thread of the stage.
unsafe impl Send for Token {}

impl Token {
    fn props(&self) -> &'static Props {
        // SAFETY:
        // - the props outlive the stage and all that runs on it.
        unsafe { &*self.props }
    }

    fn run(mut self, kind: u64) -> u64 {
        self.ran = true;
        add(&self.props().accounts.ran);
        match kind {
            // A job that submits and waits for another, which it may run itself.
            0 => {
                let props = self.props();
                let token = props.token();
                match props.pool.try_submit(move || token.run(9)) {
                    Ok(child) => drop(child.wait()),
                    Err(_) => add(&props.accounts.refused),
                }
            }
            1 => std::panic::resume_unwind(Box::new(())),
            2 => {
                let (props, token) = (self.props(), self.props().token());
                if props
                    .pool
                    .try_submit_detached(move || {
                        token.run(9);
                    })
                    .is_err()
                {
                    add(&props.accounts.refused);
                }
            }
            _ => {}
        }
        kind
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if !self.ran {
            add(&self.props().accounts.dropped);
        }
    }
}

fn kept<T: Send>(handle: JobHandle<'_, T>) -> JobId {
    let job = handle.id().expect("it is in the pool");
    std::mem::forget(handle);
    job
}

fn shared<F>(props: &Props, result: Result<JobId, SubmitError<F>>) -> Option<JobId> {
    match result {
        Ok(job) => {
            props.handles.borrow_mut().push(job);
            Some(job)
        }
        Err(_) => {
            add(&props.accounts.refused);
            None
        }
    }
}

fn submitter(props: &Props) {
    stage::begin();
    for _ in 0..JOBS {
        let (token, kind, way) = (props.token(), props.below(10), props.below(4));
        match way {
            0 => {
                if props
                    .pool
                    .submit_detached(move || {
                        token.run(kind);
                    })
                    .is_err()
                {
                    add(&props.accounts.refused);
                }
            }
            1 => {
                let tried = props.pool.try_submit(move || token.run(kind)).map(kept);
                if let Some(job) = shared(props, tried) {
                    props.pool.shared_detach(job);
                }
            }
            _ => {
                let given = props.pool.submit(move || token.run(kind)).map(kept);
                if let Some(job) = shared(props, given) {
                    let poll = way == 2 && props.below(2) == 0;
                    if poll {
                        let _ = props.pool.shared_peek(job);
                    }
                    match props.pool.shared_wait(job, poll, false) {
                        Shared::Done(_) => add(&props.accounts.taken),
                        Shared::Pending => props.pool.shared_detach(job),
                        Shared::Over | Shared::Stale => {}
                    }
                }
            }
        }
    }
}

fn canceller(props: &Props) {
    stage::begin();
    for _ in 0..2 * JOBS {
        stage::begin();
        let handles = props.handles.borrow();
        let job = handles.get(props.below(handles.len() as u64) as usize).copied();
        drop(handles);
        if let Some(job) = job {
            match props.below(5) {
                0..3 => {
                    if props.pool.shared_cancel(job) {
                        add(&props.accounts.cancelled);
                    }
                }
                how => {
                    // Polls, or sleeps beside the submitter.
                    if let Shared::Done(_) = props.pool.shared_wait(job, how == 3, false) {
                        add(&props.accounts.taken);
                    }
                }
            }
        }
    }
}

fn closer(props: &Props, late: u64, discards: bool) {
    stage::begin();
    // Other threads have this many turns first, if the scheduler chooses so.
    (0..late).for_each(|_| stage::begin());
    let queued = if discards { ShutdownMode::Discard } else { ShutdownMode::Drain };
    let report = props.pool.shutdown(queued, None).expect("without a time limit");
    // A result may be in the hands of its taker, which counts as in submission.
    assert_eq!((report.queued(), report.running()), (0, 0), "{report:?}");
}

/// Chooses the thread that takes the next step.
enum Scheduler {
    Uniform,
    /// The highest priority; at some steps the one that would run becomes the lowest.
    Priorities {
        of: Vec<i64>,
        changes: Vec<usize>,
        lowest: i64,
    },
}

impl Scheduler {
    fn pct(dice: &mut Dice, threads: usize) -> Self {
        let mut of: Vec<i64> = (0..threads as i64).collect();
        (1..threads).rev().for_each(|i| of.swap(i, dice.below(i as u64 + 1) as usize));
        let changes = (0..1 + dice.below(12)).map(|_| dice.below(2500) as usize).collect();
        Self::Priorities { of, changes, lowest: 0 }
    }

    fn next(&mut self, dice: &mut Dice, step: usize, able: &[usize]) -> usize {
        match self {
            Self::Uniform => dice.of(able).expect("someone is able"),
            Self::Priorities { of, changes, lowest } => {
                let first = |of: &Vec<i64>| able.iter().copied().max_by_key(|me| of[*me]);
                let chosen = first(of).expect("someone is able");
                if !changes.contains(&step) {
                    return chosen;
                }
                *lowest -= 1;
                of[chosen] = *lowest;
                first(of).expect("someone is able")
            }
        }
    }
}

/// One execution. The number of its steps.
fn walk(seed: u64, pct: bool) -> usize {
    let mut dice = Dice::new(seed);
    let props = Rc::new(Props {
        pool: Pool::new(),
        accounts: Accounts::default(),
        handles: RefCell::default(),
        dice: RefCell::new(Dice::new(seed ^ u64::MAX)),
    });
    let (late, discards) = (dice.below(400), dice.below(2) == 0);
    // In every second execution the pool closes when all else is done: a close wakes everyone, and hides a
    // lost wake-up.
    let patient = dice.below(2) == 0;
    let mut parts: Vec<Box<dyn FnOnce()>> = Vec::new();
    let mut cast = |part: Box<dyn FnOnce(&Props)>| {
        let props = props.clone();
        parts.push(Box::new(move || part(&props)));
    };
    for _ in 0..WORKERS {
        cast(Box::new(|props| {
            stage::begin();
            assert!(props.pool.enter_worker());
        }));
    }
    (0..SUBMITTERS).for_each(|_| cast(Box::new(submitter)));
    (0..CANCELLERS).for_each(|_| cast(Box::new(canceller)));
    cast(Box::new(move |props| closer(props, late, discards)));
    let threads = parts.len();
    let mut scheduler = if pct { Scheduler::pct(&mut dice, threads) } else { Scheduler::Uniform };
    let mut stage = Stage::new(false, parts);
    let mut step = 0;
    loop {
        let mut able: Vec<usize> = (0..threads).filter(|me| stage.can_step(*me)).collect();
        if patient && (WORKERS..threads - 1).any(|me| stage.event(me).is_some()) {
            able.retain(|me| *me < threads - 1);
        }
        if able.is_empty() {
            break;
        }
        let asleep: Vec<usize> = stage.asleep(false).collect();
        if dice.below(100) == 0
            && let Some(me) = dice.of(&asleep)
        {
            stage.end_sleep(me);
            continue;
        }
        let me = scheduler.next(&mut dice, step, &able);
        let pick = dice.below(asleep.len() as u64) as usize;
        stage.step(me, pick);
        step += 1;
        assert!(step < MANY_STEPS, "it does not end");
    }
    let left: Vec<usize> = (0..threads).filter(|me| stage.event(*me).is_some()).collect();
    assert!(left.is_empty(), "these threads wait for ever: {left:?}");
    drop(stage);
    let of = &props.accounts;
    assert_eq!(of.made.get(), of.ran.get() + of.dropped.get(), "jobs made, and run or dropped");
    let (dropped, refused) = (of.dropped.get(), of.refused.get());
    let told = refused + of.cancelled.get();
    assert!(if discards { dropped >= told } else { dropped == told }, "dropped {dropped}, told {told}");
    assert!(of.taken.get() <= of.ran.get());
    step
}

fn walks(pct: bool) {
    let first = dice::seed();
    let mut steps = 0;
    let rounds = dice::rounds(ROUNDS);
    for seed in first..first + rounds {
        let done = std::panic::catch_unwind(|| walk(seed, pct));
        match done {
            Ok(taken) => steps += taken,
            Err(why) => {
                eprintln!("the execution is had again with JOBRING_SEED={seed}");
                std::panic::resume_unwind(why);
            }
        }
    }
    println!("{rounds} executions, {steps} steps");
}

#[test]
fn uniform_schedules_keep_the_accounts() {
    walks(false);
}

#[test]
fn schedules_by_priority_keep_the_accounts() {
    walks(true);
}

#[test]
fn planted_bugs_are_seen() {
    use jobring_frozen::Bug::*;
    let in_any = [
        SleepsOnANewerWord,
        SleepsPastTheClose,
        CloserIsNotNotified,
        CloseWakesNobody,
        ReadsCloseEventsTooLate,
        CloseWakesOne,
        PopsWithoutWinning,
        OneEndEndsTheWait,
        IgnoresALostExchange,
        CountsAWakeTwice,
        SleeperCountsAsSearcher,
        SleepsWithoutRecheck,
        WakesOneWaiter,
        GivesTheSlotBackTwice,
        SeedsOneTooFew,
    ];
    planted::must_be_seen("schedules_by_priority_keep_the_accounts", &in_any);
}
