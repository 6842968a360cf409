//! The library's own code under random schedules, as in `walk.rs`: lanes of widths 1 and 2 with 3 workers, 3 submitters, 2
//! cancellers, and closers of the lanes and of the pool.
//!
//! At no step do more jobs of a lane run than its width allows. The jobs that a submitter gave to the lane of width 1 run in their
//! order. When a close of a lane has returned, all of its jobs have ended. In the end each job has run or was dropped, once, and no
//! thread waits for ever.
//!
//! A seed determines one execution: `JOBRING_SEED=n cargo test -p jobring-checker --test lane_walk` repeats it.

mod common;
mod dice;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod machine;
mod planted;
mod schedule;
mod stage;

use common::{Common, add, kept, mode};
use dice::Dice;
use jobring_frozen::{Lane, Shared, StaticPool, SubmitError};
use std::cell::Cell;
use std::rc::Rc;

type Pool = StaticPool<8, 8, 64>;

const WORKERS: usize = 3;
const SUBMITTERS: usize = 3;
const CANCELLERS: usize = 2;
/// Submits of each submitter.
const JOBS: usize = 8;
const WIDTHS: [usize; 2] = [1, 2];
/// Jobs that a lane holds back.
const HELD: usize = 2;
/// Executions with each scheduler.
const ROUNDS: u64 = 2500;

/// What the threads of one execution share.
struct Props {
    pool: &'static Pool,
    lanes: [Lane<'static, Pool>; 2],
    common: Common,
    /// The jobs of each lane that run.
    running: [Cell<usize>; 2],
    /// The last job of each submitter that ran in the lane of width 1.
    last: [Cell<usize>; SUBMITTERS],
}

/// In a job's closure: says how the job ended, whatever became of it.
struct Token {
    props: *const Props,
    lane: usize,
    /// Its submitter, and its number among that one's jobs.
    from: usize,
    number: usize,
    ran: bool,
}
// SAFETY:
// - it stays on the one thread of the stage.
unsafe impl Send for Token {}

impl Token {
    fn new(props: &Props, lane: usize, from: usize, number: usize) -> Self {
        add(&props.common.made);
        Self { props, lane, from, number, ran: false }
    }

    fn props(&self) -> &'static Props {
        // SAFETY:
        // - the props outlive the stage and all that runs on it.
        unsafe { &*self.props }
    }

    fn run(mut self, kind: u64) -> u64 {
        let (fails, waits) = (kind == 0, kind == 1);
        self.ran = true;
        let props = self.props();
        add(&props.common.ran);
        let running = &props.running[self.lane];
        add(running);
        assert!(running.get() <= WIDTHS[self.lane], "more jobs than the width run");
        if self.lane == 0 {
            let before = props.last[self.from].replace(self.number + 1);
            assert!(before <= self.number, "a job has overtaken another one of its submitter");
        }
        // Others have a turn meanwhile.
        stage::begin();
        if waits {
            // Perhaps for one behind it in its lane: then the wait is refused.
            if let Some(job) = props.common.any_handle() {
                props.pool.shared_wait(job, false, false);
            }
        }
        assert!(running.get() <= WIDTHS[self.lane], "more jobs than the width run");
        running.set(running.get() - 1);
        if fails {
            std::panic::resume_unwind(Box::new(()));
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

fn submitter(props: &Props, me: usize) {
    stage::begin();
    for number in 0..JOBS {
        let at = props.common.below(2) as usize;
        let (lane, token, kind) =
            (&props.lanes[at], Token::new(props, at, me, number), props.common.below(8));
        match props.common.below(6) {
            0 => _ = props.common.accepted(lane.submit_detached(move || _ = token.run(kind))),
            1 | 2 => _ = props.common.accepted(lane.try_submit_detached(move || _ = token.run(kind))),
            3 => {
                if let Some(job) = props.common.accepted(lane.try_submit(move || token.run(kind)).map(kept)) {
                    props.pool.shared_detach(job);
                }
            }
            _ => {
                if let Some(job) = props.common.accepted(lane.submit(move || token.run(kind)).map(kept)) {
                    props.common.share(job);
                    if let Shared::Pending = props.pool.shared_wait(job, false, false) {
                        props.pool.shared_detach(job);
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
        if let Some(job) = props.common.any_handle()
            && props.pool.shared_cancel(job)
        {
            add(&props.common.cancelled);
        }
        for (lane, width) in props.lanes.iter().zip(WIDTHS) {
            assert!(lane.pending() <= width + HELD, "more jobs than there is room for");
        }
    }
}

/// Closes one lane.
fn lane_closer(props: &Props, at: usize, late: u64, discards: bool) {
    // Other threads have this many turns first, if the scheduler chooses so.
    (0..=late).for_each(|_| stage::begin());
    props.lanes[at].close(mode(discards), None).expect("without a time limit");
    assert_eq!((props.lanes[at].pending(), props.running[at].get()), (0, 0), "a job has not ended");
    let refused = props.lanes[at].try_submit_detached(|| unreachable!());
    assert!(matches!(refused, Err(SubmitError::Shutdown(_))), "a closed lane accepts a job");
}

/// One execution. The number of its steps.
fn walk(seed: u64, pct: bool) -> usize {
    let mut dice = Dice::new(seed);
    let pool: *mut Pool = Box::into_raw(Box::new(Pool::new()));
    // SAFETY:
    // - it is freed behind the last use, at the end of this function.
    let shared: &'static Pool = unsafe { &*pool };
    let props = Rc::new(Props {
        pool: shared,
        lanes: WIDTHS.map(|width| shared.lane(width, HELD).expect("a lane")),
        common: Common::new(seed),
        running: Default::default(),
        last: Default::default(),
    });
    let (discards, patient, closes_lanes) = (dice.below(2) == 0, dice.below(2) == 0, dice.below(3) > 0);
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
    (0..SUBMITTERS).for_each(|me| cast(Box::new(move |props| submitter(props, me))));
    (0..CANCELLERS).for_each(|_| cast(Box::new(canceller)));
    // Sometimes two close one lane.
    let mut drops = discards;
    for _ in 0..if closes_lanes { 3 } else { 0 } {
        let (at, late, discards) = (dice.below(2) as usize, dice.below(400), dice.below(2) == 0);
        drops |= discards;
        cast(Box::new(move |props| lane_closer(props, at, late, discards)));
    }
    let late = dice.below(400);
    cast(Box::new(move |props| common::close(props.pool, late, discards)));
    let steps = schedule::play(parts, WORKERS, &mut dice, pct, patient);
    props.common.add_up(drops);
    assert!(props.lanes.iter().all(|lane| lane.pending() == 0));
    drop(props);
    // SAFETY:
    // - it came from a box, and nothing uses it any more.
    drop(unsafe { Box::from_raw(pool) });
    steps
}

#[test]
fn uniform_schedules_keep_the_order_and_the_width() {
    schedule::walks(ROUNDS, |seed| walk(seed, false));
}

#[test]
fn schedules_by_priority_keep_the_order_and_the_width() {
    schedule::walks(ROUNDS, |seed| walk(seed, true));
}

#[test]
fn planted_bugs_are_seen() {
    use jobring_frozen::Bug::*;
    let in_lanes =
        [LooksForRoomOnce, GivesTheRoleUpUnseen, StopsAtACancelledJob, LosesACancelledJob, CloseNeedsRoom];
    planted::must_be_seen("schedules_by_priority_keep_the_order_and_the_width", &in_lanes);
}
