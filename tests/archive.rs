//! What `make` builds for C: one object without Rust's std, of which only `jobring_*` can be seen. It links beside another Rust
//! library, into a static program, and into a shared library that hides it.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

#[path = "common/c.rs"]
mod c;

use c::tmp;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program gets from it at most, in bytes: `size` of the stripped object, code and data.
const MOST_BYTES: u64 = 150 * 1024;

/// The last words of the lines that `nm` prints.
fn names(library: &Path, options: &[&str]) -> Vec<String> {
    let printed = c::run(Command::new("nm").args(options).arg(library));
    let lines = printed.lines().filter(|line| !line.is_empty() && !line.ends_with(':'));
    lines.filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect()
}

/// Has rustc make a static library of this source.
fn rust_library(name: &str, source: &str, options: &[&str]) -> PathBuf {
    let (file, library) = (tmp(name).with_extension("rs"), tmp(&format!("lib{name}.a")));
    std::fs::write(&file, source).expect("the source");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--crate-type", "staticlib", "-O"]).args(options);
    c::run(rustc.arg("-o").arg(&library).arg(&file));
    library
}

#[test]
fn it_is_one_small_object_that_needs_the_system_alone() {
    let archive = c::archive();
    assert_eq!(c::run(Command::new("ar").arg("t").arg(&archive)), "jobring.o\n");
    assert_eq!(names(&archive, &["-g", "--defined-only"]), c::symbols());
    let needed = names(&archive, &["--undefined-only"]);
    let of_rust = needed.iter().find(|name| name.contains("rust") || name.starts_with("_Unwind"));
    assert_eq!(of_rust, None);

    let stripped = tmp("stripped.a");
    c::run(Command::new("strip").arg("--strip-unneeded").arg("-o").arg(&stripped).arg(&archive));
    let sizes = c::run(Command::new("size").arg(&stripped));
    let words = sizes.lines().nth(1).expect("a line of sizes").split_whitespace();
    let [text, data]: [u64; 2] =
        std::array::from_fn(|at| words.clone().nth(at).and_then(|word| word.parse().ok()).expect("a size"));
    println!("{} bytes", text + data);
    assert!(text > 0 && text + data < MOST_BYTES, "{sizes}");
}

#[test]
fn a_static_program_gets_no_processes_and_no_network_with_it() {
    // (`socket` is in every static program that makes a thread with glibc.)
    let of_std = ["execvp", "getaddrinfo"];
    let program =
        |library: &Path, name| c::program(library, &["../../c-examples/hello.c"], name, &["-static"]);
    let taken = |program: &Path| {
        let names = names(program, &["--defined-only"]);
        of_std.into_iter().filter(|wanted| names.iter().any(|name| name == wanted)).collect::<Vec<_>>()
    };
    let without_std = program(&c::archive(), "hello-static");
    assert_eq!(c::run(&mut Command::new(&without_std)), "a worker says: twice 21 is 42\n");
    assert!(taken(&without_std).is_empty(), "{:?}", taken(&without_std));
    // The control.
    let with_std = program(&c::library(c::FEATURES), "hello-static-std");
    assert_eq!(taken(&with_std), of_std);
}

#[test]
fn it_links_beside_another_rust_library() {
    let other = rust_library(
        "other",
        "#[unsafe(no_mangle)]
        pub extern \"C\" fn other_library(count: u32, call: extern \"C\" fn(*mut u8), arg: *mut u8) -> u32 {
            let arg = arg.addr();
            for _ in 0..count {
                let thread = std::thread::spawn(move || call(std::ptr::with_exposed_provenance_mut(arg)));
                thread.join().expect(\"it returns\");
            }
            std::panic::set_hook(Box::new(|_| ()));
            std::panic::catch_unwind(|| if count > 0 { panic!(\"{count}\") }).map_or(42, |()| 0)
        }\n",
        &[],
    );
    let archive = c::archive();
    let other = other.to_str().expect("a path");
    // The order of archives is that in which a linker looks into them.
    for (name, first, second) in
        [("beside", &*archive, other), ("beside-turned", Path::new(other), archive.to_str().expect("a path"))]
    {
        let program = c::program(first, &["beside.c"], name, &["-Wl,--start-group", second]);
        assert_eq!(c::run(&mut Command::new(program)), "beside: two Rust libraries, one program\n");
    }
}

#[test]
fn a_shared_library_may_hide_a_copy_while_the_program_has_another() {
    let archive = c::archive();
    let plugin =
        c::program(&archive, &["plugin.c"], "plugin.so", &["-shared", "-fPIC", "-Wl,--exclude-libs,ALL"]);
    assert_eq!(names(&plugin, &["-D", "--defined-only"]), ["plugin"]);
    // Also if the program shows its copy.
    for (name, flags) in [("plugin-host", &[][..]), ("plugin-host-exports", &["-rdynamic"])] {
        let program = c::program(&archive, &["plugin_host.c"], name, flags);
        assert_eq!(c::run(Command::new(program).arg(&plugin)), "plugin: two copies, one process\n");
    }
}

#[test]
fn its_panic_handler_says_where_and_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    let of = |name: &str| c::root().join("packaging/clib").join(name);
    let (handler, personality) = (of("panic.rs"), of("personality.rs"));
    let source = format!(
        "#![no_std]\n#[path = {handler:?}]\nmod panic;\n#[path = {personality:?}]\nmod personality;\n\
         #[unsafe(no_mangle)]\npub extern \"C\" fn main(count: usize) -> i32 {{\n\
         if core::hint::black_box(count) == 1 {{ panic!(\"on purpose\") }}\n[1, 2][core::hint::black_box(count)] }}\n"
    );
    let library = rust_library("panics", &source, &["-Cpanic=abort"]);
    let program = tmp("panics");
    c::run(Command::new("cc").arg(&library).arg("-o").arg(&program));
    let file = tmp("panics.rs");
    for (arguments, text) in [(&[][..], ":8: on purpose\n"), (&["one", "two"], ":9\n")] {
        let output = c::output(Command::new(&program).args(arguments));
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said, format!("jobring: panic at {}{text}", file.display()));
    }
}

/// What was built in one way is not taken for another: make sees that by a file which changes with the way.
#[test]
fn make_builds_again_what_was_built_in_another_way() {
    let folder = tmp("ways");
    let way = folder.join("way");
    let goal = way.display().to_string();
    let asked = |variables: &[&str]| {
        let mut make = Command::new("make");
        make.current_dir(c::root()).arg(&goal).arg(format!("OUTDIR={}", folder.display())).args(variables);
        c::run(make.env_remove("STD").env_remove("CARGO_BUILD_TARGET"));
        std::fs::read_to_string(&way).expect("a file")
    };
    let plain = asked(&[]);
    for variable in ["STD=1", "PROCESSES=1", "TSAN=1", "CARGO_BUILD_TARGET=aarch64-unknown-linux-gnu"] {
        assert_ne!(asked(&[variable]), plain, "{variable}");
        assert_eq!(asked(&[]), plain);
    }
}
