//! Runs the machine and the library side by side, with the same scripts and the same random schedule. After
//! every step each thread of the machine must be before the same operation as the library's thread.
//!
//! So a step that is added to the library, removed, or moved shows here, and so does a wrong step of the
//! machine.

mod dice;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod explore;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod machine;
mod planted;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod play;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod promises;
#[allow(dead_code, reason = "shared: each test uses its part")]
mod seen;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod setups;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod stage;

use dice::Dice;
use jobring_frozen::Site;
use jobring_harness::{Coverage, Progress};
use machine::{Op, Pc, Setup, World};
use play::Play;
use std::collections::BTreeSet;

/// Sites of the library that the machine has not, by name or by where they stand, each with its reason.
const LEFT_OUT: &[(&[&str], &str)] = &[
    (&["CountTail", "CountEntry", "CountHead"], "statistics"),
    (&["PopNextEntry"], "batches, which are not in the machine: the models' (loom-tests/batch.rs, ring.rs)"),
    (
        &["AheadLook", "VisitorsCount"],
        "a guess that decides whether to spin, which nobody does in these builds",
    ),
    (
        &["CompletionsDescriptorSet", "CompletionsDescriptorLost"],
        "the making of a queue's descriptor, before its threads begin: the freeze test's",
    ),
    (
        &[
            "CompletionsClaim",
            "CompletionsClaimLost",
            "CompletionsRelease",
            "CompletionsTidyFence",
            "rust/queue_list.rs",
        ],
        "queues that are given up and used again: the models' (loom-tests/completions.rs)",
    ),
    (
        &["LeaveFence", "LeaveUpdate", "LeaveWake", "LeaveEnd", "LeaveEndFence", "engine/headcount.rs"],
        "workers that come and go: the models' (loom-tests/resize.rs)",
    ),
    (&["PauseUpdate", "ResumeUpdate", "ResumeFence"], "pauses: the models' (loom-tests/pause.rs)"),
    (&["HookEnd", "HooksLook"], "the making of a pool: the models' (loom-tests/end.rs)"),
    (&["fork_join/"], "parallel_for, which stands on jobs: the models' (loom-tests/forkjoin.rs)"),
    (
        &["job/watchers.rs"],
        "callbacks in the user's memory, beside the protocol: the models' (loom-tests/watch.rs)",
    ),
    (
        &["slot/waker.rs", "engine/task_wait.rs"],
        "the feature `future`, which this build does not have: the models' (loom-tests/future.rs)",
    ),
    (
        &[
            "slot/held.rs",
            "engine/lane.rs",
            "engine/lane_moves.rs",
            "engine/lane_submit.rs",
            "engine/lane_waits.rs",
        ],
        "lanes, which are not in the machine: the models' (loom-tests/lane.rs), and lane_walk.rs",
    ),
    (
        &["queue/"],
        "the public queue, which is no part of a pool: the models' (loom-tests/queue.rs, blocking_queue.rs)",
    ),
    (
        &["processes/"],
        "process workers, which have a machine of their own (processes/), and models (loom-tests/processes.rs)",
    ),
    (&["ring/init.rs"], "unit tests of the wrap-around, before the ring is shared"),
    (&["platform/user_port/"], "a port of the user's, below the protocol: the models' (loom-tests/seats.rs)"),
];

/// Schedules of each setup.
const ROUNDS: u64 = 1000;

/// As the library's threads enter: by themselves.
fn entering(mut setup: Setup) -> Setup {
    for (_, ops) in &mut setup.scripts {
        ops.iter_mut().filter(|op| **op == Op::Work).for_each(|op| *op = Op::Enter);
    }
    (setup.live, setup.aside) = (0, false);
    setup.sentries = setup.clock;
    setup
}

/// What a thread did.
#[derive(Debug)]
enum Past {
    Steps(#[allow(dead_code, reason = "printed")] Pc),
    LosesPatience,
    IsRoused,
}

/// One schedule: its number of steps; Err says where the two part. Notes the sites that were passed.
fn side_by_side(setup: &Setup, seed: u64, passed: &mut BTreeSet<u16>) -> Result<usize, String> {
    let mut dice = Dice::new(seed);
    let mut world = World::new(setup);
    let mut play = Play::new(setup);
    let threads = setup.scripts.len();
    // Now and then one stands still for a while, so that others overtake it by whole rounds.
    let mut still = (0, 0);
    let mut before: Vec<(usize, Past)> = Vec::new();
    loop {
        for me in 0..threads {
            let (model, real) = (world.threads[me].pc.event(), play.stage.event(me));
            if model != real {
                let name = setup.scripts[me].0;
                let last = before.iter().rev().take(12).rev().collect::<Vec<_>>();
                return Err(format!(
                    "thread {me} ({name}): the machine is at {model:?} ({:?}), the library at {real:?}\nafter {last:#?}",
                    world.threads[me].pc
                ));
            }
        }
        play.agrees_with(&world)?;
        let steps: Vec<usize> = (0..threads).filter(|me| world.can_step(setup, *me)).collect();
        if steps.is_empty() {
            // Patience, where there is a clock; else this is the end.
            let timed: Vec<usize> = play.stage.asleep(true).collect();
            let Some(me) = dice.of(&timed) else { return Ok(before.len()) };
            if before.len() > 5000 {
                return Ok(before.len());
            }
            world.end_sleep(me);
            play.stage.end_sleep(me);
            before.push((me, Past::LosesPatience));
            continue;
        }
        if dice.below(40) == 0
            && let Some(me) = dice.of(&play.stage.asleep(false).collect::<Vec<_>>())
        {
            world.end_sleep(me);
            play.stage.end_sleep(me);
            before.push((me, Past::IsRoused));
            continue;
        }
        if still.1 == 0 && dice.below(30) == 0 {
            still = (dice.below(threads as u64) as usize, 20 << dice.below(5));
        }
        let moving: Vec<usize> = steps.iter().copied().filter(|me| still.1 == 0 || *me != still.0).collect();
        still.1 = if moving.is_empty() { 0 } else { still.1 - u64::from(still.1 > 0) };
        let me = dice.of(if moving.is_empty() { &steps } else { &moving }).expect("there is one");
        let pick = dice.below(world.ways(me) as u64) as usize;
        before.push((me, Past::Steps(world.threads[me].pc)));
        passed.extend(world.threads[me].pc.sites().iter().map(|site| *site as u16));
        world.step(setup, me, pick);
        play.stage.step(me, pick);
        if let Some(why) = world.broken {
            return Err(format!("broken: {why}"));
        }
    }
}

#[test]
fn the_machine_goes_where_the_library_goes() {
    let seed = dice::seed();
    let mut passed = BTreeSet::new();
    let (mut schedules, mut steps) = (0, 0);
    let setups = setups::tasks().into_iter().map(|task| task.setup).chain(setups::walks()).map(entering);
    let setups: Vec<Setup> = setups.filter(play::can_be_played).collect();
    let rounds = dice::rounds(ROUNDS);
    let takes = Some("about 15 s").filter(|_| rounds == ROUNDS);
    let progress = Progress::begin("rounds beside the library", rounds as usize, takes);
    // A round is a schedule of each setup: so a mistake that one of them shows is soon seen.
    for round in 0..rounds {
        for setup in &setups {
            schedules += 1;
            steps += side_by_side(setup, seed + round, &mut passed).unwrap_or_else(|why| {
                panic!("{}, JOBRING_SEED={}: {why}", setup.name, seed + round);
            });
        }
        progress.step();
    }
    println!("{schedules} schedules, {steps} steps");
    let seen = |name: &str| passed.iter().any(|site| Site::ALL[*site as usize].name() == name);
    Coverage::new(include_str!("../../src/sync/site.rs"), LEFT_OUT).check(seen).unwrap();
}

/// Steps of the library that are changed, left out or added, each by a published bug.
#[test]
fn changed_steps_are_seen() {
    use jobring_frozen::Bug::*;
    let bugs = [
        // The ring, the idle word, the slot.
        PopsWithoutWinning,
        MovesTheTailFirst,
        TakesALateLookForEmpty,
        SeedsOneTooFew,
        SleeperCountsAsSearcher,
        SleepsOnANewerWord,
        SleepsWithoutRecheck,
        FinderWakesNobody,
        CountsAWakeTwice,
        RegistersByPlainStore,
        WakesOneWaiter,
        ClaimsWithoutExchange,
        IgnoresALostExchange,
        WaitsForTheNextJobToo,
        PeekWakesNobody,
        GivesTheSlotBackTwice,
        // Submit, the close.
        VisitEndsTooSoon,
        CloserIsNotNotified,
        EntersWithoutExchange,
        SleepsPastTheClose,
        CloseWakesNobody,
        CloseWakesOne,
        CloseGrantsTokens,
        CloseWithoutWorkersIsIgnored,
        CloseLeavesSubmittersAsleep,
        ReadsCloseEventsTooLate,
        DropsDiscardedJobsTwice,
        NotifiesOneCloser,
        OneEndEndsTheWait,
        // Jobs that wait, submit and shut down.
        CountsTheWokenAsBlocked,
        IgnoresOtherShutdowns,
        // Waits until the pool is idle.
        OnlyWorkersEndIdleWaits,
        IdleWaitTrustsItsLook,
        IdleWaitSeesOnlyTheQueue,
        // Interrupts.
        LooksAtTheInterruptFirst,
        ResetsInTwoSteps,
        // Waits for one of several jobs.
        CountsItselfTooLate,
        ReadsTheEventsTooLate,
        OnlyAnEndCountsTheEvent,
        CountsTheEventTooEarly,
        // Completion queues.
        RefusedSubmitStaysPending,
        ArmClearsTooLate,
    ];
    planted::must_be_seen("the_machine_goes_where_the_library_goes", &bugs);
}
