//! The explicit-state checker. README.md says what it shows and what it does not.
//!
//! `cargo test -p jobring-checker --test protocol` explores the small setups; with `-- --deep` the large ones too, with
//! `-- text` those whose names contain the text.

mod explore;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod machine;
mod mistakes;
#[path = "../common/progress.rs"]
mod progress;
mod promises;
#[allow(dead_code, reason = "shared: each test uses its part")]
mod setups;

use explore::{Found, Grain, explore};
use machine::{Facts, Setup, World};
use progress::Progress;
use setups::Task;
use std::process::ExitCode;

/// More states than memory is good for.
const BOUND: u64 = 400_000_000;

/// Up to so many states a setup is also explored without leaving out any order of steps.
const WHOLE: u64 = 250_000;
const WHOLE_DEEP: u64 = 16_000_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let filters: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let deep = args.iter().any(|arg| arg == "--deep");
    let chosen = |name: &str| filters.is_empty() || filters.iter().any(|f| name.contains(f.as_str()));
    let mut failed = false;
    let tasks = setups::tasks();
    let tasks =
        tasks.iter().filter(|task| (deep || !task.deep) && chosen(task.setup.name)).collect::<Vec<_>>();
    let mistakes =
        mistakes::mistakes().into_iter().map(|(mistake, task)| (mistake, format!("{mistake:?}"), task));
    let mistakes = mistakes.filter(|(_, name, _)| chosen(name)).collect::<Vec<_>>();
    let takes = Some("about 30 s").filter(|_| filters.is_empty() && !deep);
    let progress = Progress::begin("setups of the protocol", tasks.len() + mistakes.len(), takes);
    println!(
        "{:<44} {:>6} {:>11} {:>11} {:>6} {:>7}",
        "setup", "grain", "states", "transitions", "depth", "s"
    );
    for task in tasks {
        let found = explore(&task.setup, task.grain, BOUND);
        say(task.setup.name, task.grain, &found);
        if found.cut {
            failed = true;
            println!("    more states than that");
        }
        if let Some(broken) = &found.broken {
            failed = true;
            tell(&task.setup, task.grain, broken);
        } else if task.grain == Grain::Coarse && !found.cut {
            failed |= !agrees_with_whole(&task.setup, &found, if deep { WHOLE_DEEP } else { WHOLE });
        }
        progress.step();
    }
    for (mistake, name, Task { mut setup, grain, .. }) in mistakes {
        setup.mistake = Some(mistake);
        let found = explore(&setup, grain, BOUND);
        say(&name, grain, &found);
        match &found.broken {
            Some((why, path)) => println!("    found: {why}, after {} steps", path.len()),
            None => {
                failed = true;
                println!("    NOT found");
            }
        }
        progress.step();
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Are the states in which the exploration ends those in which it ends with every order of every step? True also where
/// those are too many.
fn agrees_with_whole(setup: &Setup, found: &Found, bound: u64) -> bool {
    // The whole is some five times as large, or more.
    if found.states > bound / 8 {
        return true;
    }
    let whole = explore(setup, Grain::Whole, bound);
    if whole.cut {
        return true;
    }
    say("", Grain::Whole, &whole);
    let missed = whole.ends.iter().find(|(print, _)| !found.ends.contains_key(print));
    let agree = whole.broken.is_none() && missed.is_none() && whole.ends.len() == found.ends.len();
    if !agree {
        let (all, those) = (whole.ends.len(), found.ends.len());
        println!("    it ends in {all} states, of which were reached {those}: {:?}", whole.broken);
        println!("{missed:#?}");
    }
    agree
}

fn say(name: &str, grain: Grain, found: &Found) {
    println!(
        "{name:<44} {:>6} {:>11} {:>11} {:>6} {:>7.2}",
        format!("{grain:?}").to_lowercase(),
        found.states,
        found.transitions,
        found.deepest,
        found.time.as_secs_f64()
    );
}

/// Plays the moves again, and prints them.
fn tell(setup: &Setup, grain: Grain, (why, path): &(String, Vec<explore::Move>)) {
    println!("BROKEN: {why}");
    let mut world = World::new(setup);
    for next in path {
        let (me, what) = match *next {
            explore::Move::Step { me, .. } => (me, format!("{:?}", world.threads[me as usize].pc)),
            explore::Move::Freeze(me) => (me, "stops for ever".into()),
            explore::Move::Rouse(me) => (me, "wakes for no reason".into()),
            explore::Move::Nap(me) => (me, "loses its patience".into()),
        };
        let name = setup.scripts[me as usize].0;
        explore::apply(&mut world, setup, &Facts::new(setup), grain, *next);
        let slots = &world.slots[..setup.slots as usize];
        println!("  {me} {name:<10} {what:<28} {slots:?} {:?} live {}", world.idle, world.live);
    }
    println!("{world:#?}");
}
