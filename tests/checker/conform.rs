//! The machine and the library, side by side: the same scripts under the same random schedule, step by step. After
//! every step each thread of the one must stand before the same operation as that of the other.
//!
//! So a step that is added to the library, taken away, or put before another shows here, and so does a wrong step of the
//! machine.

mod dice;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod explore;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod machine;
mod planted;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod play;
#[path = "../common/progress.rs"]
mod progress;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod promises;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod setups;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod stage;

use dice::Dice;
use jobring_frozen::Site;
use machine::{Op, Setup, World};
use play::Play;
use progress::Progress;
use std::collections::BTreeSet;

/// Sites of the library that the machine has not, each with its reason.
const LEFT_OUT: &[(&[Site], &str)] = &[
    (&[Site::CountTail, Site::CountEntry, Site::CountHead], "statistics"),
    (
        &[Site::PopNextEntry],
        "batches, which are not in the machine: the models' (loom-tests/batch.rs, ring.rs)",
    ),
    (
        &[Site::AheadLook, Site::VisitorsCount],
        "a guess that decides whether to spin, which nobody does in these builds",
    ),
    (
        &[
            Site::ShareLook,
            Site::ShareClaim,
            Site::ShareClaimLost,
            Site::SharesStop,
            Site::HelperCount,
            Site::FirstOffer,
        ],
        "parallel_for, which stands on jobs: the models' (loom-tests/forkjoin.rs)",
    ),
    (
        &[
            Site::SpotKeep,
            Site::SpotKeepLost,
            Site::SpotWriteData,
            Site::SpotWriteTable,
            Site::SpotLeave,
            Site::SpotLeaveLost,
            Site::SpotTurn,
            Site::SpotLook,
            Site::SpotMove,
            Site::SpotMoveLost,
            Site::SpotData,
            Site::SpotTable,
            Site::TaskWake,
        ],
        "the feature `future`, which this build does not have: the models' (loom-tests/future.rs)",
    ),
    (&[Site::Age], "unit tests of the wrap-around, before the ring is shared"),
    (
        &[
            Site::SeatTake,
            Site::SeatTakeLost,
            Site::SeatFence,
            Site::SeatWordLook,
            Site::SeatLeave,
            Site::SeatsFence,
            Site::SeatLook,
            Site::SeatChoose,
            Site::SeatChooseLost,
        ],
        "a port of the user's, below the protocol: the models' (loom-tests/lot.rs)",
    ),
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

/// One schedule: its number of steps; Err says where the two part. Notes the sites that were passed.
fn side_by_side(setup: &Setup, seed: u64, passed: &mut BTreeSet<u8>) -> Result<usize, String> {
    let mut dice = Dice::new(seed);
    let mut world = World::new(setup);
    let mut play = Play::new(setup);
    let threads = setup.scripts.len();
    // Now and then one stands still for a while, so that others overtake it by whole rounds.
    let mut still = (0, 0);
    let mut before = Vec::new();
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
        let asleep: Vec<usize> = play.stage.asleep(false).collect();
        if steps.is_empty() {
            // Patience, where there is a clock; else this is the end.
            let naps: Vec<usize> = play.stage.asleep(true).collect();
            let Some(me) = dice.of(&naps) else { return Ok(before.len()) };
            if before.len() > 5000 {
                return Ok(before.len());
            }
            world.rouse(me);
            play.stage.rouse(me);
            before.push(format!("{me} loses its patience"));
            continue;
        }
        if dice.below(40) == 0
            && let Some(me) = dice.of(&asleep)
        {
            world.rouse(me);
            play.stage.rouse(me);
            before.push(format!("{me} is roused"));
            continue;
        }
        if still.1 == 0 && dice.below(30) == 0 {
            still = (dice.below(threads as u64) as usize, 20 << dice.below(5));
        }
        let moving: Vec<usize> = steps.iter().copied().filter(|me| still.1 == 0 || *me != still.0).collect();
        still.1 = if moving.is_empty() { 0 } else { still.1 - u64::from(still.1 > 0) };
        let me = dice.of(if moving.is_empty() { &steps } else { &moving }).expect("there is one");
        let pick = dice.below(world.ways(me) as u64) as usize;
        before.push(format!("{me} {:?}", world.threads[me].pc));
        passed.extend(world.threads[me].pc.sites().iter().map(|site| *site as u8));
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
    let progress = Progress::begin("setups beside the library", setups.len(), takes);
    for setup in setups {
        for round in 0..rounds {
            schedules += 1;
            steps += side_by_side(&setup, seed + round, &mut passed).unwrap_or_else(|why| {
                panic!("{}, JOBRING_SEED={}: {why}", setup.name, seed + round);
            });
        }
        progress.step();
    }
    println!("{schedules} schedules, {steps} steps");
    let left_out = |site: &Site| LEFT_OUT.iter().any(|(sites, _)| sites.contains(site));
    let missed: Vec<&str> = Site::ALL
        .iter()
        .filter(|s| !left_out(s) && !passed.contains(&(**s as u8)))
        .map(|s| s.name())
        .collect();
    assert!(missed.is_empty(), "no schedule came to: {missed:?}");
    let too_many: Vec<&str> =
        Site::ALL.iter().filter(|s| left_out(s) && passed.contains(&(**s as u8))).map(|s| s.name()).collect();
    assert!(too_many.is_empty(), "said to be left out, but passed: {too_many:?}");
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
        SleepsWithoutALook,
        FinderTellsNobody,
        CountsAWakeTwice,
        StoresTheCounts,
        WakesOneWaiter,
        ClaimsWithoutExchange,
        IgnoresALostExchange,
        WaitsForTheNextJobToo,
        PutsTheJobBackSilently,
        GivesTheSlotBackTwice,
        // Submit, the close.
        VisitEndsTooSoon,
        CloserIsNotTold,
        EntersWithoutExchange,
        SleepsPastTheClose,
        CloseWakesNobody,
        CloseWakesOne,
        CloseGrantsTokens,
        CloseOfNobodyIsNoClose,
        CloseLeavesSubmittersAsleep,
        ForgetsTheKicksSinceItLooked,
        ForgetsWhatWasDiscarded,
        KickWakesOne,
        OneEndEndsTheWait,
        // Jobs that wait, submit and shut down.
        CountsTheWokenAsStuck,
        LeavesOtherClosersBehind,
    ];
    planted::must_be_seen("the_machine_goes_where_the_library_goes", &bugs);
}
