//! What the tests share that build C programs.
//!
//! They build them for the target that they are built for themselves. Another one than the host's is named to cargo, the
//! outer and the inner one, by the variable CARGO_BUILD_TARGET.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// What makes a C compiler generate code for this target.
pub const MACHINE: &[&str] = if cfg!(target_arch = "x86") { &["-m32"] } else { &[] };

/// Runs a command to its end, and returns what it printed; all of it goes into the panic if it fails.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        printed.lines().last().unwrap_or_default(),
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

/// Builds the static library as the README says.
pub fn library(features: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Cargo gives each build the same name; another test may make one meanwhile.
    let lock = std::fs::File::create(folder.join("capi.lock")).expect("a lock");
    lock.lock().expect("the lock");
    // A target folder of its own: the outer cargo holds the lock of its.
    let target = folder.join("capi");
    run(Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["rustc", "--package", "jobring", "--lib", "--release", "--crate-type", "staticlib"])
        .args(["--no-default-features", "--features", &features.join(",")])
        .arg("--target-dir")
        .arg(&target));
    // Cargo keeps what it builds for a target that it was told apart from what it builds for the host.
    let named = std::env::var_os("CARGO_BUILD_TARGET").unwrap_or_default();
    let kept = folder.join(format!("libjobring-{}.a", features.join("-")));
    // Beside it and renamed: who links the older one goes on with that.
    let fresh = kept.with_extension("fresh");
    std::fs::copy(target.join(named).join("release/libjobring.a"), &fresh).expect("the library");
    std::fs::rename(&fresh, &kept).expect("the library");
    kept
}
