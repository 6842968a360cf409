//! Runs cases in processes of their own.

use std::process::Command;

/// This program, to be run again as a child: without backtraces, and without those variables of the
/// environment that choose what the child is to do.
pub fn again(choosing: &[&str]) -> Command {
    let program = std::env::current_exe().expect("a running program has a path");
    let mut command = Command::new(program);
    command.env("RUST_BACKTRACE", "0");
    for variable in choosing {
        command.env_remove(variable);
    }
    command
}
