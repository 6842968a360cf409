//! Runs the commands of README.md, "Your own code under loom": the example's tests pass, and each of its
//! planted mistakes is found, with these messages.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("README.md");
const MANIFEST: &str = include_str!("downstream/Cargo.toml");
const WORKSPACE: &str = include_str!("../Cargo.toml");

/// A feature of the example, the models that fail with it, and why.
const PLANTED: &[(&str, &[&str], &str)] = &[
    ("planted-order", &["a_reading_is_whole_when_it_is_there"], "half a reading"),
    (
        "planted-lost-update",
        &["a_sum_counts_every_number", "jobs_of_a_worker_and_of_the_caller_lose_nothing"],
        "a number is missing",
    ),
    ("planted-lost-wake-up", &["a_sum_counts_every_number"], "deadlock; threads ="),
];

/// The section of the README.
fn section() -> &'static str {
    let from = README.split("\n## Your own code under loom\n").nth(1).expect("the section");
    from.split("\n## ").next().expect("its end")
}

/// The section's commands.
fn commands() -> Vec<&'static str> {
    let commands: Vec<_> =
        section().lines().map(str::trim).filter(|line| line.starts_with("RUSTFLAGS=")).collect();
    assert_eq!(commands.len(), 2, "one that passes, one that finds a mistake: {commands:?}");
    commands
}

/// The models in its table of sizes.
fn sized() -> BTreeSet<&'static str> {
    let row = |line: &'static str| line.strip_prefix("| ")?.strip_suffix("` |")?.rsplit_once('`');
    section().lines().filter_map(row).map(|(_, name)| name).filter(|name| *name != "downstream").collect()
}

/// Runs a line of the README. Did it succeed, and what did it print?
fn run(line: &str) -> (bool, String) {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace"))
        // The outer cargo holds the lock of its target folder. Nothing may be downloaded.
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("own-code"))
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("LOOM_MAX_PREEMPTIONS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .expect("sh");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), text)
}

/// The names of the tests with this result, except `should panic` tests: they have no size.
fn tests<'a>(text: &'a str, word: &str) -> BTreeSet<&'a str> {
    let ends = |line: &'a str| line.strip_prefix("test ")?.strip_suffix(word)?.strip_suffix(" ... ");
    text.lines().filter_map(ends).filter(|name| !name.ends_with("should panic")).collect()
}

#[test]
fn what_is_right_passes_and_what_is_planted_is_found() {
    let (right, wrong) = (commands()[0], commands()[1]);
    let (passed, text) = run(right);
    assert!(passed, "{right}\n{text}");
    let models = tests(&text, "ok");
    assert_eq!(models, sized(), "the table of the README names others");

    let named = PLANTED[0].0;
    assert!(wrong.ends_with(named), "{wrong}");
    for (mistake, finders, words) in PLANTED {
        let (passed, text) = run(&wrong.replace(named, mistake));
        assert!(!passed, "{mistake} is not found:\n{text}");
        // Every model ended: a panic in one does not stop the others.
        let failed = tests(&text, "FAILED");
        assert_eq!(failed.len() + tests(&text, "ok").len(), models.len(), "{mistake}:\n{text}");
        for finder in *finders {
            assert!(failed.contains(finder), "{finder} does not find {mistake}:\n{text}");
            let printed = text.split(&format!("---- {finder} stdout ----")).nth(1).expect("what it says");
            let printed = printed.split("\n---- ").next().expect("its end");
            assert!(printed.contains(words), "{mistake} gives other words than {words:?}:\n{text}");
        }
    }
}

/// The example is not a default member of the workspace, because it would bring `std` into `cargo build
/// --no-default-features`. So its tests with real threads run here.
#[test]
fn the_example_works_on_real_threads() {
    let (passed, text) = run("cargo test -p jobring-downstream --test threads");
    assert!(passed && !tests(&text, "ok").is_empty(), "{text}");
}

#[test]
fn the_manifest_in_the_readme_is_the_one_of_the_example() {
    let shown =
        section().split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a manifest");
    for line in shown.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        // The example also names jobring's path.
        let own = MANIFEST.replace("path = \"../..\", ", "");
        assert!(own.lines().chain(WORKSPACE.lines()).any(|there| there == line), "{line}");
    }
}

#[test]
fn every_planted_mistake_is_looked_for() {
    let planted = |line: &'static str| line.strip_suffix(" = []").filter(|name| name.starts_with("planted-"));
    let there: BTreeSet<_> = MANIFEST.lines().filter_map(planted).collect();
    assert_eq!(there, PLANTED.iter().map(|(mistake, ..)| *mistake).collect());
}
