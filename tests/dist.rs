//! `make dist`: the source archive builds without a network and with an empty folder of cargo's, fetched by CMake and installed.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use c::{root, run};
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_source_archive_builds_without_a_network() {
    let folder = c::fresh("dist");
    fs::create_dir_all(folder.join("cargo")).expect("a folder");
    let mut make = Command::new("make");
    make.arg("dist").arg(format!("OUTDIR={}", folder.display())).current_dir(root());
    run(make.env("CARGO", env!("CARGO")));
    let name = concat!("jobring-", env!("CARGO_PKG_VERSION"));
    let archive = folder.join(format!("{name}.tar.gz"));
    let listed = run(Command::new("tar").arg("-tf").arg(&archive));
    for file in ["Makefile", "LICENSE-MIT", "packaging/clib/vendor/libc/LICENSE-MIT", "tests/dist.rs"] {
        assert!(listed.lines().any(|line| line == format!("{name}/{file}")), "{file}");
    }

    fs::copy(root().join("c-examples/hello.c"), folder.join("hello.c")).expect("hello.c");
    let project = format!(
        "cmake_minimum_required(VERSION 3.14)\nproject(user C)\ninclude(FetchContent)\n\
         FetchContent_Declare(jobring URL {})\nFetchContent_MakeAvailable(jobring)\n\
         add_executable(hello hello.c)\ntarget_link_libraries(hello jobring::static)\n",
        archive.display()
    );
    fs::write(folder.join("CMakeLists.txt"), project).expect("a project");
    let offline = |command: &[&str], at: &Path| {
        let mut tool = Command::new(command[0]);
        tool.args(&command[1..]).current_dir(at).env("CARGO", env!("CARGO"));
        tool.env("CARGO_NET_OFFLINE", "true").env("CARGO_HOME", folder.join("cargo"));
        for name in ["CARGO_TARGET_DIR", "OUTDIR", "STD"] {
            tool.env_remove(name);
        }
        run(&mut tool)
    };
    offline(&["cmake", "-G", "Ninja", "-S", ".", "-B", "build"], &folder);
    offline(&["cmake", "--build", "build"], &folder);
    assert_eq!(run(&mut Command::new(folder.join("build/hello"))), "a worker says: twice 21 is 42\n");

    let source = folder.join("build/_deps/jobring-src");
    let built = format!("OUTDIR={}", folder.join("build/_deps/jobring-build").display());
    offline(&["make", "install", &built, &format!("PREFIX={}", folder.join("usr").display())], &source);
    assert!(folder.join("usr/lib/libjobring.a").exists());
    // What cargo would have fetched would lie here.
    assert!(!folder.join("cargo/registry").exists());
}
