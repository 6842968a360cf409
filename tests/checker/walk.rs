//! The library's own code under random schedules, in scenarios that are too large for loom and the state
//! explorer: 4 workers, 4 submitters, 2 cancellers and a closer on 4 slots.
//!
//! A seed determines one execution: `JOBRING_SEED=n cargo test -p jobring-checker --test walk` repeats it.

mod common;
mod dice;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod machine;
mod planted;
mod schedule;
mod stage;

use common::{Common, add, kept};
use dice::Dice;
use jobring_frozen::{JobId, Shared, StaticPool, SubmitError};
use std::cell::Cell;
use std::rc::Rc;

type Pool = StaticPool<4, 8, 48>;

const WORKERS: usize = 4;
const SUBMITTERS: usize = 4;
const CANCELLERS: usize = 2;
/// Submits of each submitter.
const JOBS: usize = 6;
/// Executions with each scheduler.
const ROUNDS: u64 = 3000;

/// What the threads of one execution share.
struct Props {
    pool: Pool,
    common: Common,
    taken: Cell<usize>,
}

impl Props {
    fn token(&self) -> Token {
        add(&self.common.made);
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
        add(&self.props().common.ran);
        match kind {
            // A job that submits and waits for another, which it may run itself.
            0 => {
                let props = self.props();
                let token = props.token();
                if let Some(child) = props.common.accepted(props.pool.try_submit(move || token.run(9))) {
                    drop(child.wait());
                }
            }
            1 => std::panic::resume_unwind(Box::new(())),
            2 => {
                let (props, token) = (self.props(), self.props().token());
                props.common.accepted(props.pool.try_submit_detached(move || _ = token.run(9)));
            }
            _ => {}
        }
        kind
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if !self.ran {
            add(&self.props().common.dropped);
        }
    }
}

/// A job with a handle, of which others get copies.
fn shared<F>(props: &Props, submitted: Result<JobId, SubmitError<F>>) -> Option<JobId> {
    let job = props.common.accepted(submitted)?;
    props.common.share(job);
    Some(job)
}

fn submitter(props: &Props) {
    stage::begin();
    for _ in 0..JOBS {
        let (token, kind, way) = (props.token(), props.common.below(10), props.common.below(4));
        match way {
            0 => _ = props.common.accepted(props.pool.submit_detached(move || _ = token.run(kind))),
            1 => {
                let tried = props.pool.try_submit(move || token.run(kind)).map(kept);
                if let Some(job) = shared(props, tried) {
                    props.pool.shared_detach(job);
                }
            }
            _ => {
                let given = props.pool.submit(move || token.run(kind)).map(kept);
                if let Some(job) = shared(props, given) {
                    let poll = way == 2 && props.common.below(2) == 0;
                    if poll {
                        let _ = props.pool.shared_peek(job);
                    }
                    match props.pool.shared_wait(job, poll, false) {
                        Shared::Done(_) => add(&props.taken),
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
        if let Some(job) = props.common.any_handle() {
            match props.common.below(5) {
                0..3 => {
                    if props.pool.shared_cancel(job) {
                        add(&props.common.cancelled);
                    }
                }
                how => {
                    // Polls, or sleeps beside the submitter.
                    if let Shared::Done(_) = props.pool.shared_wait(job, how == 3, false) {
                        add(&props.taken);
                    }
                }
            }
        }
    }
}

/// One execution. The number of its steps.
fn walk(seed: u64, pct: bool) -> usize {
    let mut dice = Dice::new(seed);
    let props = Rc::new(Props { pool: Pool::new(), common: Common::new(seed), taken: Cell::default() });
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
    cast(Box::new(move |props| common::close(&props.pool, late, discards)));
    let steps = schedule::play(parts, WORKERS, &mut dice, pct, patient);
    props.common.add_up(discards);
    assert!(props.taken.get() <= props.common.ran.get());
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
