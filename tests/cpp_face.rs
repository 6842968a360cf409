//! jobring.hpp: its programs in tests/cpp, with g++ and clang++, from C++17 to C++23, without exceptions, and under
//! AddressSanitizer and UndefinedBehaviorSanitizer. No compiler warns.
//!
//! Only with the feature `capi`: `cargo test` must need no compiler except cc.
#![cfg(all(target_os = "linux", feature = "capi"))]

#[path = "common/c.rs"]
mod c;

use c::{MACHINE, SANITIZED, WARNINGS, output, root, run};
use jobring_harness::for_each;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What only C++ compilers warn of.
const CPP_WARNINGS: &[&str] = &["-Wold-style-cast", "-Wnon-virtual-dtor"];
const PLAIN: &[&str] = &[];
const BARE: &[&str] = &["-fno-exceptions", "-fno-rtti"];

/// A program, its compiler, its dialect, more flags.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str]);

const PROGRAMS: &[Case] = &[
    ("pool", "g++", "17", PLAIN),
    ("later", "g++", "20", SANITIZED),
    ("no_exceptions", "clang++", "17", BARE),
];

/// With JOBRING_CPP_ALL=1 also these, which take minutes to compile (.ci/deep).
const MORE: &[Case] = &[
    ("pool", "g++", "17", SANITIZED),
    ("pool", "g++", "20", &["-O3"]),
    ("pool", "g++", "2b", &["-O2"]),
    ("pool", "clang++", "17", PLAIN),
    ("pool", "clang++", "20", &["-O2"]),
    ("pool", "clang++", "2b", PLAIN),
    ("later", "g++", "2b", PLAIN),
    ("later", "clang++", "20", PLAIN),
    ("no_exceptions", "g++", "20", BARE),
];

fn library() -> PathBuf {
    // What `make` builds is for this machine.
    if MACHINE.is_empty() { c::archive() } else { c::library(c::FEATURES) }
}

fn build(library: &Path, source: &str, compiler: &str, dialect: &str, flags: &[&str]) -> PathBuf {
    let name = format!("cpp-{source}-{compiler}-{dialect}{}", flags.concat().replace(',', "-"));
    let program = c::tmp(&name);
    run(Command::new(compiler)
        .arg(format!("-std=c++{dialect}"))
        .args(WARNINGS)
        .args(CPP_WARNINGS)
        .args(MACHINE)
        .args(flags)
        .arg("-I")
        .arg(root().join("include"))
        .arg(root().join("tests/cpp").join(source).with_extension("cpp"))
        .arg(library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program));
    program
}

#[test]
fn cpp_programs_find_what_the_header_promises() {
    let library = library();
    let more = if std::env::var_os("JOBRING_CPP_ALL").is_some() { MORE } else { &[] };
    // clang's C++ library need not be there for another machine.
    let compiler = |compiler| if MACHINE.is_empty() { compiler } else { "g++" };
    let runs_here = |&&(.., flags): &&Case| MACHINE.is_empty() || flags != SANITIZED;
    let cases: Vec<_> = PROGRAMS.iter().chain(more).filter(runs_here).collect();
    for_each(&cases, |&&(source, with, dialect, flags)| {
        let program = build(&library, source, compiler(with), dialect, flags);
        run(&mut Command::new(&program));
        if flags == PLAIN || flags == BARE {
            ends_and_says_why(source, &program);
        }
    });
}

/// What nobody can catch ends the process, and says what it was.
fn ends_and_says_why(source: &str, program: &Path) {
    let said = match source {
        "pool" => "left a job",
        "no_exceptions" => "jobring: the job was cancelled",
        _ => return,
    };
    let ended = output(Command::new(program).arg("ends"));
    let printed = c::printed(&ended);
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{source}: {printed}");
    assert!(printed.contains(said), "{source}: {printed}");
}
