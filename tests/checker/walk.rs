//! The library's own code under random schedules, in scenarios that are too large for loom and the state
//! explorer: 4 workers, 4 submitters, 2 cancellers and a closer on 4 slots.
//!
//! A seed determines one execution: `JOBRING_SEED=n cargo test -p jobring-checker --test walk` repeats it.

mod dice;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod machine;
mod planted;
mod schedule;
mod stage;

use dice::Dice;
use jobring_frozen::{JobHandle, JobId, Shared, ShutdownMode, StaticPool, SubmitError};
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
    let steps = schedule::play(parts, WORKERS, &mut dice, pct, patient);
    let of = &props.accounts;
    assert_eq!(of.made.get(), of.ran.get() + of.dropped.get(), "jobs made, and run or dropped");
    let (dropped, refused) = (of.dropped.get(), of.refused.get());
    let told = refused + of.cancelled.get();
    assert!(if discards { dropped >= told } else { dropped == told }, "dropped {dropped}, told {told}");
    assert!(of.taken.get() <= of.ran.get());
    steps
}

#[test]
fn uniform_schedules_keep_the_accounts() {
    schedule::walks(ROUNDS, |seed| walk(seed, false));
}

#[test]
fn schedules_by_priority_keep_the_accounts() {
    schedule::walks(ROUNDS, |seed| walk(seed, true));
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
