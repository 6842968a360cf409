//! Checks the number of instructions of each operation against the bounds in `bounds.txt`. Times cannot be
//! checked on a machine that others use too; instructions can.
//!
//! ```text
//! cargo run --release -p jobring-instructions              checks
//! cargo run --release -p jobring-instructions -- --bless   writes bounds.txt; say in the commit why it changed
//! ```
//!
//! Each operation runs in a process of its own under `valgrind --tool=callgrind`, which counts only inside
//! the function that repeats it. The counts are the same in every run. An operation fails if it takes 3 %
//! more than its bound (15 % with a compiler other than the one named in bounds.txt). At the end an operation
//! is made a tenth longer, to show that the check finds it.

mod operations;

use operations::{COUNTED, OPERATIONS, TIMES};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Allowed above the bound, with the compiler that it was measured with, and with another.
const SLACK: (f64, f64) = (0.03, 0.15);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--run", name] => operations::run(name),
        ["--bless"] => bless(),
        [] => check(),
        _ => Err("usage: jobring-instructions [--bless]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jobring-instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bounds_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bounds.txt")
}

/// The compiler, as bounds.txt names it.
fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    format!("{} {}", std::env::consts::ARCH, text.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// Instructions for one `name`.
fn count(name: &str) -> Result<f64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(std::env::current_exe().map_err(|error| error.to_string())?)
        .args(["--run", name])
        .output()
        .map_err(|error| format!("valgrind cannot be run ({error}); Debian's package is valgrind"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{name}: {}\n{text}", output.status));
    }
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    let collected = collected.and_then(|(_, number)| number.trim().parse::<f64>().ok());
    let per_operation = collected.ok_or(format!("{name}: callgrind says no count:\n{text}"))? / TIMES as f64;
    if per_operation < 2.0 { Err(format!("{name}: nothing was counted")) } else { Ok(per_operation) }
}

fn bless() -> Result<(), String> {
    let mut text = format!(
        "# Instructions for each operation, counted by callgrind: count.rs says how. Written by --bless, with:\n# {}\n",
        compiler()
    );
    for (name, what) in OPERATIONS {
        let count = count(name)?;
        println!("{name:<20} {count:>8.1}  {what}");
        writeln!(text, "{name} {count:.1}").unwrap();
    }
    std::fs::write(bounds_file(), text).map_err(|error| error.to_string())
}

fn check() -> Result<(), String> {
    if cfg!(not(target_arch = "x86_64")) {
        println!("not checked: the bounds are for x86-64");
        return Ok(());
    }
    let text = std::fs::read_to_string(bounds_file()).map_err(|error| error.to_string())?;
    let slack = if text.contains(&compiler()) { SLACK.0 } else { SLACK.1 };
    let bound = |name: &str| -> Result<f64, String> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|number| number.parse().ok())
            .ok_or(format!("bounds.txt has no {name}; --bless writes it"))
    };
    let mut over = Vec::new();
    for (name, what) in OPERATIONS {
        let (count, bound) = (count(name)?, bound(name)?);
        let verdict = match count / bound {
            ratio if ratio > 1.0 + slack => {
                over.push(*name);
                "TOO MANY"
            }
            ratio if ratio < 1.0 - slack => "fewer: --bless keeps it so",
            _ => "ok",
        };
        println!("{name:<20} {count:>8.1} of {bound:>8.1}  {verdict:<10} {what}");
    }
    // What the check is worth: the first operation, a tenth longer.
    let (name, _) = OPERATIONS[0];
    let (as_it_is, longer) = (count(name)?, count(&format!("{name}+"))?);
    if longer <= as_it_is * (1.0 + SLACK.0) {
        return Err(format!("{name} with instructions planted in it ({longer:.1}) was not noticed"));
    }
    println!("{name} with instructions planted in it: {longer:.1}, noticed");
    if over.is_empty() { Ok(()) } else { Err(format!("too many instructions: {}", over.join(", "))) }
}
