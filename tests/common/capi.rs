//! The sources of the programs about ownership and races, and the library under AddressSanitizer.
#![allow(dead_code, reason = "each test uses a part of it")]

#[path = "c.rs"]
mod c;

#[allow(unused_imports, reason = "each test uses a part of it")]
pub use c::{FEATURES, MACHINE, archive, for_each, library, output, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The sources of the ownership program, in tests/c.
pub const OWNERSHIP: &[&str] = &["ownership.c", "ownership_subject.c", "ownership_special.c"];
pub const RACES: &[&str] = &["races.c", "races_job.c", "races_end.c"];
pub const SIGNAL_SUBMIT: &[&str] = &["signal_submit.c"];
pub const SIGNAL_STEP: &[&str] = &["signal_step.c"];

/// The library under AddressSanitizer, built by a nightly compiler.
pub fn library_with_asan(features: &[&str]) -> PathBuf {
    let version = Command::new("rustup").args(["run", "nightly", "rustc", "-vV"]).output();
    let version = version.ok().filter(|output| output.status.success());
    let version = version.expect("AddressSanitizer needs a nightly compiler that `rustup run nightly` finds");
    let version = String::from_utf8(version.stdout).expect("text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("its host");
    let target = c::tmp("asan");
    // With an explicit target, build scripts do not get the flag.
    let mut cargo = Command::new("rustup");
    cargo.args(["run", "nightly", "cargo"]).env("RUSTFLAGS", "-Zsanitizer=address");
    for inherited in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "CARGO_ENCODED_RUSTFLAGS"] {
        cargo.env_remove(inherited);
    }
    run(cargo
        .env("CARGO_BUILD_TARGET", host)
        .current_dir(c::root())
        .args(["rustc", "--package", "jobring", "--lib", "--release", "--crate-type", "staticlib"])
        .args(["--no-default-features", "--features", &features.join(",")])
        .arg("--target-dir")
        .arg(&target));
    target.join(host).join("release/libjobring.a")
}

/// Compiles sources of tests/c and links them with the library.
pub fn program(library: &Path, sources: &[&str], name: &str, flags: &[&str]) -> PathBuf {
    c::program(library, sources, name, &[&["-O1"], flags].concat())
}

/// The last line that a program prints.
pub fn verdict(printed: &str) -> &str {
    printed.lines().last().expect("it prints something")
}

/// The number of ways in which a job can end, and the number of rows: a missing one is noticed here.
pub const OWNERSHIP_VERDICT: &str = "ownership: 158 ways, 6716 rows";
