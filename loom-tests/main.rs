//! The loom models of jobring. README.md lists them: which promise, which edge, which orderings.
//!
//! `cargo test -p jobring-loom-tests` runs all, `… -- text` those whose names contain the text.

#![allow(
    clippy::arc_with_non_send_sync,
    reason = "loom runs all of a model's threads on one of the system's"
)]
#![allow(dropping_copy_types, reason = "drop says that a model's thread wants no result")]

mod batch;
mod callback;
mod cancel;
mod close;
mod deadline;
mod deadlock;
mod end;
mod fixtures;
mod forkjoin;
mod frozen;
mod full;
mod future;
mod handle;
mod harness;
mod idle;
mod kill;
mod lot;
mod nested;
mod peek;
mod pool;
#[path = "../tests/common/progress.rs"]
mod progress;
mod recycle;
mod result;
mod ring;
mod sites;
mod table;
mod weaken;

use harness::{Model, run_apart, run_here};
use progress::Progress;
use std::process::ExitCode;
use std::time::Instant;

fn models() -> Vec<&'static Model> {
    [
        ring::MODELS,
        frozen::MODELS,
        result::MODELS,
        deadline::MODELS,
        callback::MODELS,
        cancel::MODELS,
        recycle::MODELS,
        handle::MODELS,
        nested::MODELS,
        deadlock::MODELS,
        peek::MODELS,
        idle::MODELS,
        lot::MODELS,
        pool::MODELS,
        batch::MODELS,
        full::MODELS,
        future::MODELS,
        close::MODELS,
        end::MODELS,
        forkjoin::MODELS,
        kill::MODELS,
    ]
    .into_iter()
    .flatten()
    .collect()
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
    let here = args.iter().any(|arg| arg == "--here");
    let consistent = || {
        table::agrees_with(&models())
            .and_then(|()| sites::agree(models().len()))
            .and_then(|()| kill::agrees_with(&models()))
    };
    if !here && let Err(problem) = consistent() {
        eprintln!("loom-tests/README.md, KILLS.md and the models differ: {problem}");
        return ExitCode::FAILURE;
    }
    if args.iter().any(|arg| arg == "--weaken") {
        return weaken::run(&filters, &models(), args.iter().any(|arg| arg == "--thorough"));
    }
    if args.iter().any(|arg| arg == "--greedy") {
        return weaken::greedy(&models());
    }
    let all = models();
    let chosen: Vec<&'static Model> = if args.iter().any(|arg| arg == "--exact") {
        filters.iter().filter_map(|name| all.iter().find(|model| model.name == **name)).copied().collect()
    } else {
        let wanted =
            |name: &str| filters.is_empty() || filters.iter().any(|text| name.contains(text.as_str()));
        all.iter().filter(|model| wanted(model.name)).copied().collect()
    };
    let start = Instant::now();
    if here {
        let finished = run_here(&chosen, args.iter().any(|arg| arg == "--fail-fast"));
        return if finished == chosen.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Known for all of them, with their own bounds.
    let own_bounds = std::env::var_os("JOBRING_MODEL_BOUND").is_none();
    let takes = Some("about 2 minutes").filter(|_| chosen.len() == all.len() && own_bounds);
    let finished = run_apart(&chosen, cores, &Progress::begin("models", chosen.len(), takes));
    println!("{finished} of {} models finished in {:.1} s", chosen.len(), start.elapsed().as_secs_f64());
    if finished < chosen.len() {
        return ExitCode::FAILURE;
    }
    // Those that all models are run for: what has just passed need not pass again.
    let passed: Vec<&str> = all.iter().map(|model| model.name).collect();
    if filters.is_empty() { kill::run(&[], &all, &passed) } else { ExitCode::SUCCESS }
}
