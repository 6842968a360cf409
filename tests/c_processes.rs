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
fn the_example_loses_no_job_but_those_that_it_is_about() {
    let options = &["-I", "../../c-examples"];
    let program = c::program(&c::library(c::FEATURES), &["../../c-examples/isolate.c"], "isolate", options);
    let said = c::run(&mut Command::new(program));
    assert!(said.starts_with("10000 inputs: 9951 decoded, 25 crashed, 4 killed"), "{said}");
}

#[test]
fn a_library_without_them_says_so() {
    let program = c::program(&c::archive(), &["processes_absent.c"], "processes-absent", &[]);
    c::run(&mut Command::new(program));
}
