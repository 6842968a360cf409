//! The programs about ownership, races and lanes under AddressSanitizer, which finds memory that is freed twice,
//! used after it was freed, or (LeakSanitizer) never freed. The ownership table and the lanes also run under valgrind.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "common/capi.rs"]
mod capi;

use capi::{
    FEATURES, OWNERSHIP, OWNERSHIP_VERDICT, RACES, SIGNAL_STEP, SIGNAL_SUBMIT, library, library_with_asan,
    output, program, run, verdict,
};
use std::path::Path;
use std::process::Command;

/// The programs about lanes.
const LANES: [(&str, &str); 2] = [("lane.c", "lane"), ("lane_end.c", "lane-end")];

fn asan(library: &Path, sources: &[&str], name: &str, argument: &str) -> Command {
    let program = program(library, sources, &format!("{name}-asan"), &["-fsanitize=address"]);
    let mut command = Command::new(program);
    command.arg(argument).env("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1");
    command
}

#[test]
fn address_sanitizer_finds_nothing() {
    let library = library_with_asan(FEATURES);
    // It would find something.
    for (mistake, report) in [
        ("leak", "LeakSanitizer: detected memory leaks"),
        ("twice", "attempting double-free"),
        ("use", "heap-use-after-free"),
    ] {
        let found = output(&mut asan(&library, &["sanitized_control.c"], "control", mistake));
        let said = String::from_utf8_lossy(&found.stderr);
        assert!(!found.status.success() && said.contains(report), "{mistake}: {}\n{said}", found.status);
    }
    assert_eq!(verdict(&run(&mut asan(&library, OWNERSHIP, "ownership", ""))), OWNERSHIP_VERDICT);
    run(&mut asan(&library, RACES, "races", "60"));
    run(&mut asan(&library, &["exit_destructors.c"], "exit-destructors", ""));
    for (source, name) in LANES {
        run(&mut asan(&library, &[source], name, ""));
    }
    run(&mut asan(&library, SIGNAL_SUBMIT, "signal-submit", "2000"));
    run(&mut asan(&library, SIGNAL_STEP, "signal-step", "61"));
}

#[test]
fn memcheck_finds_nothing() {
    let library = library(FEATURES);
    let checked = |sources: &[&str], name: &str| {
        let program = program(&library, sources, &format!("{name}-memcheck"), &[]);
        run(Command::new("valgrind")
            .args([
                "-q",
                "--leak-check=full",
                "--errors-for-leak-kinds=definite,indirect",
                "--error-exitcode=9",
            ])
            .arg("--fair-sched=yes")
            .arg(program))
    };
    assert_eq!(verdict(&checked(OWNERSHIP, "ownership")), OWNERSHIP_VERDICT);
    for (source, name) in LANES {
        checked(&[source], name);
    }
}
