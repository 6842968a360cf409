//! Links the programs of tests/c with the static library and runs them: with and without std and pthread in it, and plain and under
//! AddressSanitizer and UndefinedBehaviorSanitizer.
#![cfg(unix)]

#[path = "common/c.rs"]
mod c;

use c::{MACHINE, SANITIZED, for_each, library, run};
use std::path::Path;
use std::process::Command;

/// A program of tests/c: its source; does it also run with the sanitizers; does it also run with the library that has only the
/// backend of the standard library?
const PROGRAMS: &[(&str, bool, bool)] = &[
    ("face", true, true),
    ("parallel", true, true),
    ("threads", true, true),
    ("static_bytes", false, false),
    ("exit", false, true),
    ("exit_destructors", true, true),
    ("cancellable", true, true),
    ("moved", true, true),
    ("completions", true, true),
    ("queue", true, true),
    ("several", true, true),
    ("deadlock", true, true),
    ("end_places", true, true),
    ("watch", true, true),
    ("lane", true, true),
    ("lane_end", true, true),
    // On 32 bits the sanitizer itself calls the syscall() that this program has in place of the library's.
    ("workers", cfg!(target_pointer_width = "64"), true),
];

/// Compiles a program of tests/c, links it, runs it.
fn face(library: &Path, source: &str, name: &str, flags: &[&str]) {
    let program = c::program(library, &[&format!("{source}.c")], name, flags);
    run(&mut Command::new(program));
}

#[test]
fn c_programs_find_what_the_header_promises() {
    let both = library(c::FEATURES);
    let std_alone = library(&["std", "capi"]);
    // What `make` builds is for this machine.
    let without_std = MACHINE.is_empty().then(c::archive);
    let mut runs = Vec::new();
    for &(source, is_sanitized, with_std_alone) in PROGRAMS {
        let name = source.replace('_', "-");
        if is_sanitized {
            runs.push((&both, source, format!("{name}-sanitized"), SANITIZED));
        }
        if with_std_alone {
            runs.push((&std_alone, source, format!("{name}-std"), &[]));
        }
        if let Some(without_std) = &without_std {
            runs.push((without_std, source, format!("{name}-no-std"), &[]));
        }
        runs.push((&both, source, name, &[]));
    }
    for_each(&runs, |(library, source, name, flags)| face(library, source, name, flags));
}
