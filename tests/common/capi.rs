//! Builds the static library and C programs against it, and runs them.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a program under test is made of: sources of tests/c.
pub const OWNERSHIP: &[&str] = &["ownership.c", "ownership_subject.c", "ownership_special.c"];
pub const RACES: &[&str] = &["races.c", "races_job.c", "races_end.c"];
pub const SIGNAL_SUBMIT: &[&str] = &["signal_submit.c"];
pub const SIGNAL_STEP: &[&str] = &["signal_step.c"];

pub fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs a command to its end, and returns what it printed; all of it goes into the panic if it fails.
pub fn run(command: &mut Command) -> String {
    let output = output(command);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        printed.lines().last().unwrap_or_default(),
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

fn temporary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn build(cargo: &mut Command, features: &[&str], target: &Path) {
    run(cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["rustc", "--package", "jobring", "--lib", "--release", "--crate-type", "staticlib"])
        .args(["--no-default-features", "--features", &features.join(",")])
        .arg("--target-dir")
        .arg(target));
}

/// As in tests/c_face.rs, whose builds it shares.
pub fn library(features: &[&str]) -> PathBuf {
    let target = temporary(&format!("capi-{}", features.join("-")));
    build(&mut Command::new(env!("CARGO")), features, &target);
    target.join("release/libjobring.a")
}

/// The library under AddressSanitizer, by a nightly compiler.
pub fn library_with_asan(features: &[&str]) -> PathBuf {
    let version = Command::new("rustup").args(["run", "nightly", "rustc", "-vV"]).output();
    let version = version.ok().filter(|output| output.status.success());
    let version = version.expect("AddressSanitizer needs a nightly compiler that `rustup run nightly` finds");
    let version = String::from_utf8(version.stdout).expect("text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("its host");
    let target = temporary("asan");
    // An explicit target keeps the flag off build scripts.
    let mut cargo = Command::new("rustup");
    cargo.args(["run", "nightly", "cargo"]).env("RUSTFLAGS", "-Zsanitizer=address");
    for inherited in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "CARGO_ENCODED_RUSTFLAGS"] {
        cargo.env_remove(inherited);
    }
    build(cargo.env("CARGO_BUILD_TARGET", host), features, &target);
    target.join(host).join("release/libjobring.a")
}

/// Compiles sources of tests/c and links them with the library.
pub fn program(library: &Path, sources: &[&str], name: &str, flags: &[&str]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = temporary(name);
    run(Command::new("cc")
        .args(["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(flags)
        .arg("-I")
        .arg(root.join("include"))
        .args(sources.iter().map(|source| root.join("tests/c").join(source)))
        .arg(library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program));
    program
}

/// The last line that a program prints.
pub fn verdict(printed: &str) -> &str {
    printed.lines().last().expect("it prints something")
}

/// How many ways a job can end and how many rows that makes: one that goes missing is noticed here.
pub const OWNERSHIP_VERDICT: &str = "ownership: 102 ways, 3320 rows";
