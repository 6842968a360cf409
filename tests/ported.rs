//! A user-defined port under the C API. The library is built without std and without pthread (tests/ported).
//! tests/c/ported.c has a port on POSIX semaphores, and a signal handler as the interrupt.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use std::path::PathBuf;
use std::process::Command;

fn library() -> PathBuf {
    let target = c::tmp("ported-library");
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
    for (name, flags) in [("ported", &[][..]), ("ported-sanitized", c::SANITIZED)] {
        let program = c::program(&library, &["ported.c"], name, &[&["-O1"], flags].concat());
        let printed = c::run(&mut Command::new(program));
        assert_eq!(printed.lines().last(), Some("ported: all scenes"), "{printed}");
    }
}

/// Not for the systems themselves: there is none here. That the pages name the port's fields and jobring's
/// calls rightly, and that they are C, is what this tells.
#[test]
fn the_ports_of_the_examples_compile_against_stubs() {
    for name in ["freertos", "zephyr"] {
        let page = c::root().join("c-examples/ports").join(name).with_extension("md");
        let page =
            std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let code = page.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).expect("code in C");
        let source = c::tmp(&format!("{name}-port.c"));
        std::fs::write(&source, code).expect("the source");
        c::run(
            Command::new("cc")
                .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"])
                .arg(c::root().join("include"))
                .arg("-I")
                .arg(c::root().join("tests/ported/stubs"))
                .arg(&source),
        );
    }
}
