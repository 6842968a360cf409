//! The loom models of jobring. README.md lists them: which promise, which edge, which orderings.
//!
//! `cargo test -p jobring-loom-tests` runs all, `… -- text` those whose names contain the text.

#![allow(
    clippy::arc_with_non_send_sync,
    reason = "loom runs all of a model's threads on one of the system's"
)]
#![allow(dropping_copy_types, reason = "drop says that a model's thread wants no result")]

mod harness;
mod idle;
mod kill;
mod pool;
mod ring;
mod slot;
mod table;
mod weaken;

use harness::{Model, Verdict, run_all};
use std::process::ExitCode;
use std::time::Instant;

fn models() -> Vec<&'static Model> {
    [ring::MODELS, slot::MODELS, idle::MODELS, pool::MODELS, kill::MODELS].into_iter().flatten().collect()
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let filters: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    if args.iter().any(|arg| arg == "--list") {
        models().iter().for_each(|model| println!("{}: test", model.name));
        return ExitCode::SUCCESS;
    }
    if let Some(end) = kill::command(&args, &filters, &models()) {
        return end;
    }
    if args.iter().any(|arg| arg == "--weaken") {
        return weaken::run(&filters, &models());
    }
    let fail_fast = args.iter().any(|arg| arg == "--fail-fast");
    if filters.is_empty()
        && !fail_fast
        && let Err(problem) = table::agrees_with(&models()).and_then(|()| kill::agrees_with(&models()))
    {
        eprintln!("loom-tests/README.md, KILLS.md and the models differ: {problem}");
        return ExitCode::FAILURE;
    }
    let exact = args.iter().any(|arg| arg == "--exact");
    let wanted = |model: &&&'static Model| {
        filters.is_empty()
            || filters.iter().any(|f| if exact { model.name == **f } else { model.name.contains(f.as_str()) })
    };
    let all = models();
    let chosen: Vec<&'static Model> = all.iter().filter(wanted).copied().collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.iter().find_map(|arg| arg.strip_prefix("--threads=")?.parse().ok()).unwrap_or(cores);
    let start = Instant::now();
    let verdicts = run_all(&chosen, threads, fail_fast);
    let finished = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Finished).count();
    println!("{finished} of {} models finished in {:.1} s", chosen.len(), start.elapsed().as_secs_f64());
    if finished < chosen.len() {
        return ExitCode::FAILURE;
    }
    // Those that all models are run for: what has just passed need not pass again.
    let passed: Vec<&str> = all.iter().map(|model| model.name).collect();
    if filters.is_empty() && !fail_fast { kill::run(&[], &all, &passed) } else { ExitCode::SUCCESS }
}
