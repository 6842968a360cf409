//! Builds the static library as the README says, links the programs of tests/c with it, and runs them: plain
//! and, where the compiler has the sanitizers, under AddressSanitizer and UndefinedBehaviorSanitizer.
#![cfg(unix)]

#[path = "common/c.rs"]
mod c;

use c::{MACHINE, library, run};
use std::path::Path;
use std::process::Command;

/// Compiles a program of tests/c, links it, runs it.
fn face(library: &Path, source: &str, name: &str, flags: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    run(Command::new("cc")
        .args(["-std=c11", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(MACHINE)
        .args(flags)
        .arg("-I")
        .arg(root.join("include"))
        .arg(root.join("tests/c").join(source))
        .arg(library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program));
    run(&mut Command::new(&program));
}

#[test]
fn c_programs_find_what_the_header_promises() {
    let both = library(&["std", "pthread", "capi"]);
    let sanitized = ["-fsanitize=address,undefined", "-fno-sanitize-recover"];
    face(&both, "face.c", "face", &[]);
    face(&both, "face.c", "face-sanitized", &sanitized);
    face(&both, "parallel.c", "parallel", &[]);
    face(&both, "parallel.c", "parallel-sanitized", &sanitized);
    face(&both, "threads.c", "threads", &[]);
    face(&both, "static_bytes.c", "static-bytes", &[]);
    face(&both, "exit.c", "exit", &[]);
    face(&both, "exit_destructors.c", "exit-destructors", &[]);
    face(&both, "exit_destructors.c", "exit-destructors-sanitized", &sanitized);
    face(&both, "cancellable.c", "cancellable", &[]);
    face(&both, "cancellable.c", "cancellable-sanitized", &sanitized);
    face(&both, "completions.c", "completions", &[]);
    face(&both, "completions.c", "completions-sanitized", &sanitized);
    face(&both, "several.c", "several", &[]);
    face(&both, "several.c", "several-sanitized", &sanitized);
    face(&both, "deadlock.c", "deadlock", &[]);
    face(&both, "deadlock.c", "deadlock-sanitized", &sanitized);
    face(&both, "end_places.c", "end-places", &[]);
    face(&both, "end_places.c", "end-places-sanitized", &sanitized);
    face(&both, "watch.c", "watch", &[]);
    face(&both, "watch.c", "watch-sanitized", &sanitized);
    face(&both, "workers.c", "workers", &[]);
    // On 32 bits the sanitizer itself calls the syscall() that this program has in place of the library's.
    if cfg!(target_pointer_width = "64") {
        face(&both, "workers.c", "workers-sanitized", &sanitized);
    }
    face(&both, "threads.c", "threads-sanitized", &sanitized);
    let std_alone = library(&["std", "capi"]);
    face(&std_alone, "face.c", "face-std", &[]);
    face(&std_alone, "parallel.c", "parallel-std", &[]);
    face(&std_alone, "threads.c", "threads-std", &[]);
    face(&std_alone, "exit.c", "exit-std", &[]);
    face(&std_alone, "exit_destructors.c", "exit-destructors-std", &[]);
    face(&std_alone, "cancellable.c", "cancellable-std", &[]);
    face(&std_alone, "completions.c", "completions-std", &[]);
    face(&std_alone, "several.c", "several-std", &[]);
    face(&std_alone, "deadlock.c", "deadlock-std", &[]);
    face(&std_alone, "end_places.c", "end-places-std", &[]);
    face(&std_alone, "watch.c", "watch-std", &[]);
    face(&std_alone, "workers.c", "workers-std", &[]);
}
