//! The explicit-state checker for process workers: the protocol of `src/processes/README.md` as a transition system in which a
//! worker may die or stop before each of its steps.
//!
//! `cargo test -p jobring-checker --test processes` explores the setups; with `-- --deep` also two that take long, and more of them with
//! each step by itself; with `-- text` those with the text in their names.

mod alone;
mod explore;
mod parent;
#[path = "../seen.rs"]
mod seen;
mod setup;
mod worker;
mod world;

use explore::{Found, Move, explore};
use jobring_harness::{Arguments, Progress, for_each};
use setup::{MISTAKES, Mistake, SETUPS, Setup};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use world::World;

/// A setup with fewer states is also explored with each step by itself, and must end in the same states.
const SMALL: u64 = 70_000;
/// The same with `--deep`.
const SMALL_DEEP: u64 = 100_000;

/// A setup that must keep every promise, or one with a mistake that must be found.
enum Case {
    Keeps(Setup),
    Mistaken(Mistake, Setup),
}

impl Case {
    fn name(&self) -> String {
        match self {
            Self::Keeps(setup) => setup.name.into(),
            Self::Mistaken(mistake, _) => format!("{mistake:?}"),
        }
    }

    /// Is it as it must be, what is printed about it, and how many states it has.
    fn judge(&self, small: u64) -> (bool, String, u64) {
        match self {
            Self::Keeps(setup) => {
                let found = explore(setup);
                let mut out = line(&self.name(), &found);
                if let Some(broken) = &found.broken {
                    out += &replay(setup, broken);
                }
                let (mut kept, mut states) = (found.broken.is_none(), found.states);
                if kept && found.states < small {
                    let fine = explore(&Setup { fine: true, ..*setup });
                    out += &line("  fine", &fine);
                    states += fine.states;
                    kept = fine.broken.is_none() && fine.ends == found.ends;
                    if !kept {
                        out += &format!(
                            "    NOT the same: {} ends, {} ends\n",
                            found.ends.len(),
                            fine.ends.len()
                        );
                    }
                }
                (kept, out, states)
            }
            Self::Mistaken(mistake, setup) => {
                let setup = Setup { mistake: Some(*mistake), ..*setup };
                let found = explore(&setup);
                let mut out = line(&self.name(), &found);
                match &found.broken {
                    Some((why, path)) => out += &format!("    found: {why}, after {} steps\n", path.len()),
                    None => out += "    NOT found\n",
                }
                (found.broken.is_some(), out, found.states)
            }
        }
    }
}

fn line(name: &str, found: &Found) -> String {
    let Found { states, transitions, deepest, time, .. } = found;
    format!("{name:<44} {states:>10} {transitions:>11} {deepest:>6} {:>7.2}\n", time.as_secs_f64())
}

/// Plays the moves again: each with the state that it leads to.
fn replay(setup: &Setup, (why, path): &(String, Vec<Move>)) -> String {
    let mut out = format!("BROKEN: {why}\n");
    let mut world = World::new(setup);
    for next in path {
        let what = match *next {
            Move::Step(me) => format!("w{me} {:?}", world.workers[me as usize].pc),
            Move::Dies(me) => format!("w{me} dies at {:?}", world.workers[me as usize].pc),
            Move::Stops(me) => format!("w{me} stops at {:?}", world.workers[me as usize].pc),
            Move::Parent(op) => format!("{op:?} {:?} {:?} {:?}", world.submit, world.take, world.sweep),
            Move::WakesForNoReason(_) => format!("{next:?}"),
        };
        world.apply(setup, *next);
        let word = |word: &world::Word| format!("{:?}({}, w{})", word.status, word.position, word.owner);
        let slots: Vec<String> = world.slots.iter().map(word).collect();
        let ends = (world.head, world.tail, world.sleepers, world.reports);
        out += &format!("  {what:<50} {} ring, sleepers, reports {ends:?}\n", slots.join(" "));
    }
    out + &format!("{world:#?}\n")
}

/// Fails unless the setup of each mistake keeps every promise without it: else what is found shows nothing.
fn assert_controls() {
    let plain = |setup: &Setup| Setup { name: "", fine: false, deep: false, mistake: None, ..*setup };
    for (mistake, setup) in MISTAKES {
        assert!(SETUPS.iter().any(|kept| plain(kept) == plain(setup)), "{mistake:?} has no control");
    }
}

fn main() -> ExitCode {
    assert_controls();
    let arguments = Arguments::of_this_process();
    let deep = arguments.has("--deep");
    let keeps = SETUPS.iter().filter(|setup| deep || !setup.deep).map(|setup| Case::Keeps(*setup));
    let mistakes = MISTAKES.iter().map(|(mistake, setup)| Case::Mistaken(*mistake, *setup));
    let cases: Vec<Case> = keeps.chain(mistakes).filter(|case| arguments.wants(&case.name())).collect();
    let progress = Progress::begin("setups of process workers", cases.len(), None);
    println!("{:<44} {:>10} {:>11} {:>6} {:>7}", "setup", "states", "transitions", "depth", "s");
    let (failed, all) = (AtomicBool::new(false), AtomicU64::new(0));
    for_each(&cases, |case| {
        let (kept, out, states) = case.judge(if deep { SMALL_DEEP } else { SMALL });
        print!("{out}");
        // ORDERING: Relaxed: both are read when the threads have ended.
        all.fetch_add(states, Relaxed);
        if !kept {
            failed.store(true, Relaxed);
        }
        progress.step();
    });
    println!("{} cases, {} states", cases.len(), all.into_inner());
    if failed.into_inner() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
