//! Programs under ThreadSanitizer.

use crate::c;
use std::path::Path;
use std::process::{Command, Output};

/// A program's status when something was reported, at once.
pub const REPORTED: i32 = 66;

/// Runs a program that is built with ThreadSanitizer.
pub fn run(program: &Path, words: &[&str]) -> Output {
    let options = format!("halt_on_error=1:exitcode={REPORTED}:history_size=4");
    let run = |command: &mut Command| c::output(command.args(words).env("TSAN_OPTIONS", &options));
    let output = run(&mut Command::new(program));
    // Older runtimes do not find their places where the system scatters memory widely.
    if c::printed(&output).contains("unexpected memory mapping") {
        return run(Command::new("setarch").arg("--addr-no-randomize").arg(program));
    }
    output
}

/// The stacks of the first report's two accesses, the later one first. None unless it is a data race.
pub fn race(text: &str) -> Option<(&str, &str)> {
    let mut stacks = text.split_once("WARNING: ThreadSanitizer: data race")?.1.split("\n\n");
    Some((stacks.next()?, stacks.next().filter(|earlier| earlier.starts_with("  Previous "))?))
}

/// The stress program's sources, in tests/tsan.
pub const STRESS: [&str; 8] =
    ["stress.c", "scenes.c", "inside.c", "ends.c", "queues.c", "watches.c", "waits.c", "lanes.c"];

/// How many scenes it plays.
pub const STRESS_SCENES: usize = 27;

/// Compiles sources of tests/tsan, and links them with a library.
pub fn compile(compiler: &str, standard: &str, sources: &[&str], library: &Path, program: &Path) {
    let folder = c::root().join("tests/tsan");
    c::run(
        // Unwinding: pthread_exit() in a job.
        Command::new(compiler)
            .args([standard, "-O1", "-g", "-fsanitize=thread", "-fexceptions"])
            .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
            .arg(c::root().join("include"))
            .args(sources.iter().map(|source| folder.join(source)))
            .arg(library)
            .args(["-lpthread", "-ldl", "-o"])
            .arg(program),
    );
}
