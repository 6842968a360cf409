//! Ownership, submits from signal handlers, and races on handles: runs the programs of tests/c without
//! sanitizers. tests/sanitized.rs runs them with sanitizers.
#![cfg(target_os = "linux")]

#[path = "common/capi.rs"]
mod capi;

#[cfg(target_arch = "x86_64")]
use capi::SIGNAL_STEP;
use capi::{
    FEATURES, MACHINE, OWNERSHIP, OWNERSHIP_VERDICT, RACES, SIGNAL_SUBMIT, archive, for_each, library,
    program, run, verdict,
};
use std::process::Command;

#[test]
fn every_argument_and_result_has_one_owner_at_each_end() {
    let mut builds =
        vec![("ownership-both", library(FEATURES)), ("ownership-std", library(&["std", "capi"]))];
    // What `make` builds is for this machine.
    if MACHINE.is_empty() {
        builds.push(("ownership-no-std", archive()));
    }
    for_each(&builds, |(name, library)| {
        let program = program(library, OWNERSHIP, name, &[]);
        let printed = run(&mut Command::new(program));
        assert_eq!(verdict(&printed), OWNERSHIP_VERDICT);
        assert_eq!(printed.lines().filter(|line| line.starts_with("way ")).count(), 158);
    });
}

#[test]
fn a_signal_handler_may_submit() {
    let library = library(FEATURES);
    run(Command::new(program(&library, SIGNAL_SUBMIT, "signal-submit", &[])).arg("5000"));
    #[cfg(target_arch = "x86_64")]
    run(Command::new(program(&library, SIGNAL_STEP, "signal-step", &[])).arg("7"));
}

#[test]
fn of_threads_that_race_for_a_job_one_gets_it() {
    let library = library(FEATURES);
    run(Command::new(program(&library, RACES, "races", &[])).arg("600"));
}
