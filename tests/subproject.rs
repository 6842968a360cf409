//! This tree inside other projects: CMake's `add_subdirectory` and FetchContent, and a subproject of Meson. Each builds the library
//! itself, and a program that finds it.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use c::{root, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project of these files, beside the example `hello`.
fn project(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = c::fresh(&format!("subproject-{name}"));
    fs::copy(root().join("c-examples/hello.c"), folder.join("hello.c")).expect("hello.c");
    for (file, text) in files {
        fs::write(folder.join(file), text.replace("ROOT", &root().display().to_string())).expect("a file");
    }
    folder
}

/// A tool, in the project's folder. What cargo builds is shared with other tests.
fn tool(folder: &Path, command: &[&str]) -> String {
    let mut said = String::new();
    c::in_release_folder(|target| {
        let mut tool = Command::new(command[0]);
        tool.args(&command[1..])
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO", env!("CARGO"));
        said = run(tool.env_remove("OUTDIR").env_remove("STD"));
    });
    said
}

/// The program runs, with the shared library or without it.
fn works(program: &Path, is_shared: bool) {
    assert_eq!(run(&mut Command::new(program)), "a worker says: twice 21 is 42\n");
    let needed = run(Command::new("readelf").arg("-d").arg(program));
    assert_eq!(needed.contains("libjobring.so"), is_shared, "{}: {needed}", program.display());
}

const BOTH: &str = "add_executable(shared hello.c)\ntarget_link_libraries(shared jobring::jobring)\n\
    add_executable(static hello.c)\ntarget_link_libraries(static jobring::static)\n";

#[test]
fn cmake_builds_it_below_another_project() {
    let begin = "cmake_minimum_required(VERSION 3.14)\nproject(user C)\n";
    let fetched = "include(FetchContent)\nFetchContent_Declare(jobring SOURCE_DIR ROOT)\nFetchContent_MakeAvailable(jobring)\n";
    let found = "find_package(jobring 0.1 REQUIRED)\n";
    let cases = [
        ("added", "add_subdirectory(ROOT jobring)\n".to_owned(), "Unix Makefiles"),
        ("added-ninja", "add_subdirectory(ROOT jobring)\n".to_owned(), "Ninja"),
        ("fetched", fetched.to_owned(), "Ninja"),
        (
            "fetched-for-find",
            format!("{}{found}", fetched.replace("ROOT", "ROOT OVERRIDE_FIND_PACKAGE")),
            "Ninja",
        ),
    ];
    for (name, text, generator) in cases {
        let folder = project(name, &[("CMakeLists.txt", &format!("{begin}{text}{BOTH}"))]);
        tool(&folder, &["cmake", "-G", generator, "-S", ".", "-B", "build"]);
        // Twice: the second time there is nothing to do.
        for _ in 0..2 {
            tool(&folder, &["cmake", "--build", "build", "-j2"]);
        }
        for (program, is_shared) in [("shared", true), ("static", false)] {
            works(&folder.join("build").join(program), is_shared);
        }
    }
}

#[test]
fn cmake_builds_and_installs_it_by_itself() {
    let folder = project("alone", &[]);
    let (source, prefix) = (root().display().to_string(), folder.join("usr").display().to_string());
    for (folders, lib) in [(&[][..], "lib"), (&["-DCMAKE_INSTALL_LIBDIR=lib64"][..], "lib64")] {
        let mut configure = vec!["cmake", "-G", "Ninja", "-S", &source, "-B", "build"];
        configure.extend(folders);
        tool(&folder, &configure);
        tool(&folder, &["cmake", "--build", "build"]);
        tool(&folder, &["cmake", "--install", "build", "--prefix", &prefix]);
        let in_lib = ["libjobring.a", "libjobring.so", "cmake/jobring/jobring-config.cmake"];
        let files =
            in_lib.map(|file| format!("{lib}/{file}")).into_iter().chain(["include/jobring.h".to_owned()]);
        for installed in files {
            assert!(folder.join("usr").join(&installed).exists(), "{installed}");
        }
        fs::remove_dir_all(folder.join("usr")).expect("an installed tree");
    }
}

#[test]
fn meson_builds_it_as_a_subproject() {
    let begin = "project('user', 'c')\n";
    let end = "executable('hello', 'hello.c', dependencies: jobring)\n";
    let ways = [
        ("found", "jobring = dependency('jobring', fallback: 'jobring')\n"),
        ("named", "jobring = subproject('jobring').get_variable('jobring_dep')\n"),
    ];
    for (name, way) in ways {
        let folder = project(&format!("meson-{name}"), &[("meson.build", &format!("{begin}{way}{end}"))]);
        fs::create_dir(folder.join("subprojects")).expect("a folder");
        std::os::unix::fs::symlink(root(), folder.join("subprojects/jobring")).expect("a link");
        tool(&folder, &["meson", "setup", "build", "--wrap-mode=forcefallback"]);
        for _ in 0..2 {
            tool(&folder, &["meson", "compile", "-C", "build"]);
        }
        works(&folder.join("build/hello"), false);
    }
}
