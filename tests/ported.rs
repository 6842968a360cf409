//! A port of the caller's under the C face: the library is built without std and without pthread (tests/ported), and
//! tests/c/ported.c brings a port of POSIX semaphores, and a signal handler as the interrupt.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use std::path::{Path, PathBuf};
use std::process::Command;

fn library() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ported-library");
    let manifest = c::root().join("tests/ported/Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    c::run(
        cargo.args(["build", "--release", "--manifest-path"]).arg(manifest).arg("--target-dir").arg(&target),
    );
    let named = std::env::var_os("CARGO_BUILD_TARGET").unwrap_or_default();
    target.join(named).join("release/libjobring_ported.a")
}

#[test]
fn pools_work_on_a_port_of_the_callers() {
    let library = library();
    let sanitized = ["-fsanitize=address,undefined", "-fno-sanitize-recover"];
    for (name, flags) in [("ported", &[][..]), ("ported-sanitized", &sanitized[..])] {
        let program = c::program(&library, &["ported.c"], name, &[&["-O1"], flags].concat());
        let printed = c::run(&mut Command::new(program));
        assert_eq!(printed.lines().last(), Some("ported: all scenes"), "{printed}");
    }
}
