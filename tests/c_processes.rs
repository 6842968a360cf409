//! Pools of processes, from C: tests/c/processes.c ends jobs in every way, and the example isolates what crashes. In a library without
//! them every call says so.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

#[path = "common/c.rs"]
mod c;

use std::process::Command;

#[test]
fn jobs_end_in_every_way_with_workers_of_both_kinds() {
    let program = c::program(&c::library(c::FEATURES), &["processes.c"], "processes", &[]);
    for arguments in [&[][..], &["spawn"]] {
        let said = c::run(Command::new(&program).args(arguments));
        assert_eq!(said, "every job ended in its way\n", "{arguments:?}");
    }
}

#[test]
fn a_copy_that_takes_over_too_late_says_so_and_ends() {
    let program = c::program(&c::library(c::FEATURES), &["processes.c"], "processes-late", &[]);
    let output = c::output(Command::new(program).env("JOBRING_TEST_LATE", "1"));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "no pool\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("too late") && said.lines().count() == 1, "{said}");
}

#[test]
fn threads_and_processes_do_each_others_jobs_also_with_sanitizers() {
    for (name, flags) in [("processes-beside", &[][..]), ("processes-beside-sanitized", c::SANITIZED)] {
        let program = c::program(&c::library(c::FEATURES), &["processes_beside.c"], name, flags);
        for arguments in [&[][..], &["spawn"]] {
            c::run(Command::new(&program).args(arguments));
        }
    }
}

#[test]
fn the_example_loses_no_job_but_those_that_it_is_about() {
    let mut make = Command::new("make");
    make.arg("--no-print-directory").arg("-C").arg(c::root().join("c-examples")).arg("isolate");
    make.arg(format!("BUILD={}", c::tmp("c-examples-isolate").display()));
    let said = c::run(make.arg(format!("LIB={}", c::library(c::FEATURES).display())));
    assert!(said.contains("\n10000 inputs: 9951 decoded, 25 crashed, 4 killed"), "{said}");
}

/// `cargo test` without features must need no compiler except cc.
#[cfg(feature = "capi")]
#[test]
fn an_exception_that_leaves_a_job_ends_its_worker() {
    let program =
        c::program(&c::library(c::FEATURES), &["processes_exception.cpp"], "processes-exception", &[]);
    c::run(&mut Command::new(program));
}

#[test]
fn a_library_without_them_says_so() {
    let program = c::program(&c::archive(), &["processes_absent.c"], "processes-absent", &[]);
    c::run(&mut Command::new(program));
}
