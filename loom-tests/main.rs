//! The loom models of jobring. README.md lists them: which promise, which edge, which orderings.
//!
//! `cargo test -p jobring-loom-tests` runs all, `… -- text` those whose names contain the text.

#![allow(
    clippy::arc_with_non_send_sync,
    reason = "loom runs all of a model's threads on one of the system's"
)]
#![allow(dropping_copy_types, reason = "drop says that a model's thread wants no result")]

mod batch;
mod blocking_queue;
mod callback;
mod cancel;
mod cancellable;
mod close;
mod completions;
mod costs;
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
mod idle_wait;
mod interrupt;
mod kill;
mod lane;
mod many;
mod nested;
mod pause;
mod peek;
mod pool;
mod processes;
mod queue;
mod recycle;
mod resize;
mod result;
mod ring;
mod seats;
mod sites;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod stacks;
mod stream;
mod table;
mod watch;
mod weaken;

use harness::{BOUND, Model, run_apart, run_here};
use jobring_harness::{Arguments, Progress};
use std::process::ExitCode;
use std::time::Instant;

fn models() -> Vec<&'static Model> {
    [
        ring::MODELS,
        queue::MODELS,
        lane::MODELS,
        blocking_queue::MODELS,
        frozen::MODELS,
        result::MODELS,
        deadline::MODELS,
        callback::MODELS,
        cancel::MODELS,
        cancellable::MODELS,
        watch::MODELS,
        recycle::MODELS,
        handle::MODELS,
        nested::MODELS,
        deadlock::MODELS,
        peek::MODELS,
        idle::MODELS,
        idle_wait::MODELS,
        pause::MODELS,
        resize::MODELS,
        seats::MODELS,
        pool::MODELS,
        processes::MODELS,
        batch::MODELS,
        full::MODELS,
        future::MODELS,
        close::MODELS,
        completions::MODELS,
        interrupt::MODELS,
        stream::MODELS,
        many::MODELS,
        end::MODELS,
        forkjoin::MODELS,
        kill::MODELS,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let (filters, all) = (arguments.filters(), models());
    if arguments.has("--list") {
        all.iter().for_each(|model| println!("{}: test", model.name));
        return ExitCode::SUCCESS;
    }
    if let Some(end) = kill::command(&arguments, &all) {
        return end;
    }
    let chosen: Vec<&'static Model> =
        all.iter().filter(|model| arguments.wants(model.name)).copied().collect();
    if arguments.has("--here") {
        // In the order of the command line, if it names them: see weaken.rs.
        let named = |name: &&str| all.iter().find(|model| model.name == *name).copied();
        let chosen =
            if arguments.has("--exact") { filters.iter().filter_map(named).collect() } else { chosen };
        let finished = run_here(&chosen, arguments.has("--fail-fast"));
        return if finished == chosen.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    // A new model has no costs yet, and is run by its name first.
    let costs_agree = || if filters.is_empty() { costs::agrees_with(&all) } else { Ok(()) };
    let consistent = table::agrees_with(&all)
        .and_then(|()| sites::agree(all.len()))
        .and_then(|()| kill::agrees_with(&all))
        .and_then(|()| costs_agree());
    if let Err(problem) = consistent {
        eprintln!("loom-tests/README.md, KILLS.md, costs.txt and the models differ: {problem}");
        return ExitCode::FAILURE;
    }
    if arguments.has("--weaken") {
        return weaken::run(&filters, &all, arguments.has("--thorough"));
    }
    if arguments.has("--greedy") {
        return weaken::greedy(&all);
    }
    let reduced = |model: &&'static Model| costs::reduced_bound(model).is_some();
    let chosen = match (arguments.has("--fast"), arguments.has("--costly")) {
        (true, _) => costs::cheap(&chosen),
        (_, true) => chosen.into_iter().filter(reduced).collect(),
        _ => chosen,
    };
    let own_bounds = std::env::var_os(BOUND).is_none();
    let blesses = own_bounds && std::env::var_os("JOBRING_BLESS").is_some();
    let reduces = chosen.len() == all.len() && own_bounds && !blesses;
    let start = Instant::now();
    // The usual time of a run of all models.
    let progress = Progress::begin("models", chosen.len(), Some("about a minute").filter(|_| reduces));
    let executions = run_apart(&chosen, reduces, &progress);
    let finished = executions.len();
    println!("{finished} of {} models finished in {:.1} s", chosen.len(), start.elapsed().as_secs_f64());
    if finished < chosen.len() {
        return ExitCode::FAILURE;
    }
    if chosen.len() < all.len() {
        return ExitCode::SUCCESS;
    }
    // Only a run of all models with their own bounds has all costs.
    if blesses {
        costs::bless(&executions);
    }
    if reduces {
        let costly = all.iter().filter(|model| reduced(model)).count();
        println!(
            "{costly} costly models had one preemption less than their bound: --costly runs them with it"
        );
    }
    // The kill list need not repeat the models that have just passed with their own bounds.
    let passed: Vec<&str> =
        all.iter().filter(|model| !(reduces && reduced(model))).map(|model| model.name).collect();
    kill::run(&[], &all, &passed)
}
