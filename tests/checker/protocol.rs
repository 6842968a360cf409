//! The explicit-state checker. README.md says what it shows and what it does not.
//!
//! `cargo test -p jobring-checker --test protocol` explores the small setups; with `-- --large` those that only
//! `.ci/run` explores; with `-- --deep` all; with `-- text` those whose names contain the text.

mod explore;
#[allow(dead_code, unused_imports, reason = "shared: each test uses its part")]
mod machine;
mod mistakes;
mod promises;
mod seen;
#[allow(dead_code, reason = "shared: each test uses its part")]
mod setups;

use explore::{Found, Grain, explore};
use jobring_harness::{Arguments, Progress, for_each};
use machine::{Facts, Mistake, Setup, World};
use setups::Task;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// More states than memory is good for.
const BOUND: u64 = 400_000_000;

/// A setup with at most this many states is also explored without reductions.
const WHOLE: u64 = 250_000;
const WHOLE_DEEP: u64 = 16_000_000;

/// Setups that take longest. Smaller ones of the same kinds are explored without being asked for: three workers and
/// a drain, a discard with fewer workers, and wakes for no reason with fewer threads.
const LARGE: &[&str] = &["3 workers, 2 given, discard", "spurious: 3 workers, 2 given, drain"];

/// A setup that must keep every promise, or one with a mistake that must be found, or the same without the mistake: if that
/// broke a promise, what is found would show nothing.
enum Case {
    Keeps(Task),
    Control(Mistake, Task),
    Mistaken(Mistake, Task),
}

impl Case {
    fn name(&self) -> String {
        match self {
            Self::Keeps(task) => task.setup.name.into(),
            Self::Control(mistake, _) => format!("without {mistake:?}"),
            Self::Mistaken(mistake, _) => format!("{mistake:?}"),
        }
    }

    /// Is it as it must be, and what is printed about it?
    fn judge(&self, deep: bool) -> (bool, String) {
        let mut out = String::new();
        let kept = match self {
            Self::Keeps(Task { setup, grain, .. }) => {
                let found = explore(setup, *grain, BOUND);
                out += &line(setup.name, *grain, &found);
                if found.cut {
                    out += "    more states than that\n";
                }
                if let Some(broken) = &found.broken {
                    out += &replay(setup, *grain, broken);
                }
                let whole = *grain == Grain::Coarse && !found.cut && found.broken.is_none();
                !found.cut
                    && found.broken.is_none()
                    && (!whole
                        || agrees_with_whole(setup, &found, if deep { WHOLE_DEEP } else { WHOLE }, &mut out))
            }
            Self::Control(_, Task { setup, grain, .. }) => {
                let found = explore(setup, *grain, BOUND);
                out += &line(&self.name(), *grain, &found);
                if let Some(broken) = &found.broken {
                    out += &replay(setup, *grain, broken);
                }
                !found.cut && found.broken.is_none()
            }
            Self::Mistaken(mistake, Task { setup, grain, .. }) => {
                let setup = Setup { mistake: Some(*mistake), ..setup.clone() };
                let found = explore(&setup, *grain, BOUND);
                out += &line(&self.name(), *grain, &found);
                match &found.broken {
                    Some((why, path)) => out += &format!("    found: {why}, after {} steps\n", path.len()),
                    None => out += "    NOT found\n",
                }
                found.broken.is_some()
            }
        };
        (kept, out)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let (deep, large, all) =
        (arguments.has("--deep"), arguments.has("--large"), arguments.filters().is_empty());
    let is_chosen = |case: &Case| {
        let is_large = LARGE.contains(&case.name().as_str());
        arguments.wants(&case.name()) && (deep || if large { is_large } else { !is_large || !all })
    };
    let tasks = setups::tasks().into_iter().filter(|task| deep || !task.deep).map(Case::Keeps);
    let mistakes = mistakes::mistakes().into_iter().map(|(mistake, task)| Case::Mistaken(mistake, task));
    let controls = mistakes::mistakes().into_iter().filter(|_| deep);
    let controls = controls.map(|(mistake, task)| Case::Control(mistake, task));
    let cases: Vec<Case> = tasks.chain(mistakes).chain(controls).filter(is_chosen).collect();
    let takes = Some("about 35 s").filter(|_| all && !deep && !large);
    let progress = Progress::begin("setups of the protocol", cases.len(), takes);
    println!(
        "{:<44} {:>6} {:>11} {:>11} {:>6} {:>7}",
        "setup", "grain", "states", "transitions", "depth", "s"
    );
    let failed = AtomicBool::new(false);
    let judge = |case: &Case| {
        let (kept, out) = case.judge(deep);
        print!("{out}");
        if !kept {
            // ORDERING: Relaxed: read when the threads have ended.
            failed.store(true, Relaxed);
        }
        progress.step();
    };
    // Two large ones at once might need too much memory.
    if deep {
        cases.iter().for_each(judge)
    } else {
        for_each(&cases, judge)
    }
    if failed.into_inner() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Are the states in which the exploration ends those in which it ends with every order of every step? True
/// also where those are too many.
fn agrees_with_whole(setup: &Setup, found: &Found, bound: u64, out: &mut String) -> bool {
    // The whole is some five times as large, or more.
    if found.states > bound / 8 {
        return true;
    }
    let whole = explore(setup, Grain::Whole, bound);
    if whole.cut {
        return true;
    }
    *out += &line("", Grain::Whole, &whole);
    let missed = whole.ends.iter().find(|(print, _)| !found.ends.contains_key(print));
    let agree = whole.broken.is_none() && missed.is_none() && whole.ends.len() == found.ends.len();
    if !agree {
        let (all, those) = (whole.ends.len(), found.ends.len());
        *out += &format!("    it ends in {all} states, of which were reached {those}: {:?}\n", whole.broken);
        *out += &format!("{missed:#?}\n");
    }
    agree
}

fn line(name: &str, grain: Grain, found: &Found) -> String {
    format!(
        "{name:<44} {:>6} {:>11} {:>11} {:>6} {:>7.2}\n",
        format!("{grain:?}").to_lowercase(),
        found.states,
        found.transitions,
        found.deepest,
        found.time.as_secs_f64()
    )
}

/// Plays the moves again: each with the state that it leads to.
fn replay(setup: &Setup, grain: Grain, (why, path): &(String, Vec<explore::Move>)) -> String {
    let mut out = format!("BROKEN: {why}\n");
    let mut world = World::new(setup);
    for next in path {
        let (me, what) = match *next {
            explore::Move::Step { me, .. } => {
                let pc = world.threads[me as usize].pc;
                let sites: Vec<_> = pc.sites().iter().map(|site| site.name()).collect();
                (me, format!("{pc:?} {}", sites.join(" ")))
            }
            explore::Move::Freeze(me) => (me, "stops for ever".into()),
            explore::Move::SpuriousWake(me) => (me, "wakes for no reason".into()),
            explore::Move::SleepEnds(me) => (me, "loses its patience".into()),
        };
        let name = setup.scripts[me as usize].0;
        explore::apply(&mut world, setup, &Facts::new(setup), grain, *next);
        let slots = &world.slots[..setup.slots as usize];
        out += &format!("  {me} {name:<10} {what:<28} {slots:?} {:?} live {}\n", world.idle, world.live);
    }
    let again = "cargo test -p jobring-checker --test protocol --";
    out + &format!("{world:#?}\nto see it again: {again} \"{}\"\n", setup.name)
}
