//! Weakens every ordering by one step, one at a time, and runs the models against each: `cargo test -p
//! jobring-loom-tests --test models -- --weaken [text]`. A weakening that no model notices is slack, or a missing
//! model. Each run is a process of this program with `JOBRING_WEAKEN` set.

use crate::harness::Model;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

/// One step down from an ordering. For a fence, Relaxed is no fence.
fn steps(ordering: &str) -> &'static [&'static str] {
    match ordering {
        "SeqCst" | "Acquire" | "Release" => &["Relaxed"],
        "AcqRel" => &["Acquire", "Release"],
        _ => &[],
    }
}

/// The weakenings in the text of one source file: `o(Site::Name, Ordering)`, or `f(Site::Name, Ordering)`.
fn weakenings(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for site in source.split("o(Site::").skip(1) {
        let name: String = site.chars().take_while(|c| c.is_alphanumeric()).collect();
        let rest = site[name.len()..].trim_start_matches(", ");
        let ordering: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        found.extend(steps(&ordering).iter().map(|weaker| format!("{name}={weaker}")));
    }
    // `front(Site::PopHead, Site::PopEntry)` and its like: the ordering stands where the name arrives.
    for (call, ordering) in [("front(Site::", "Acquire")] {
        for site in source.split(call).skip(1) {
            let names = site.split(')').next().unwrap_or("");
            for name in names.split(", ") {
                let name = name.trim_start_matches("Site::");
                found.extend(steps(ordering).iter().map(|weaker| format!("{name}={weaker}")));
            }
        }
    }
    found
}

fn all_weakenings(folder: &Path, into: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            all_weakenings(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            into.extend(weakenings(&code.join("\n")));
        }
    }
}

const README: &str = include_str!("README.md");

enum Judgement {
    Killed(String),
    Survived,
    /// As README.md says and gives the reason for.
    Slack,
    NotJudged,
}

fn judge(weakening: &str) -> Judgement {
    let program = std::env::current_exe().expect("a running program has a path");
    let run = Command::new(program)
        .args(["--here", "--fail-fast"])
        .env("JOBRING_WEAKEN", weakening)
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("this program starts");
    if run.status.success() {
        let listed = README.lines().any(|line| line.starts_with(&format!("- `{weakening}`")));
        return if listed { Judgement::Slack } else { Judgement::Survived };
    }
    let out = String::from_utf8_lossy(&run.stdout);
    match out.lines().find(|line| line.ends_with("FAILED")).and_then(|line| line.split(' ').nth(1)) {
        Some(model) => Judgement::Killed(model.into()),
        None => Judgement::NotJudged,
    }
}

/// Runs every weakening whose text contains one of `filters`. Fails if one survives or is not judged.
pub fn run(filters: &[&String], models: &[&'static Model]) -> ExitCode {
    let mut all = Vec::new();
    all_weakenings(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../src"), &mut all);
    all.sort();
    all.dedup();
    all.retain(|weakening| {
        filters.is_empty() || filters.iter().any(|text| weakening.contains(text.as_str()))
    });
    println!("{} weakenings against {} models", all.len(), models.len());
    let (next, counts, start) = (AtomicUsize::new(0), Mutex::new([0; 4]), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(weakening) = all.get(next.fetch_add(1, Relaxed)) {
                    let start = Instant::now();
                    let (kind, text) = match judge(weakening) {
                        Judgement::Killed(model) => (0, format!("killed by {model}")),
                        Judgement::Survived => (1, "SURVIVED".into()),
                        Judgement::Slack => (2, "survived, as README.md says".into()),
                        Judgement::NotJudged => (3, "NOT JUDGED (a model was cut)".into()),
                    };
                    println!("{weakening:<28} {:>6.1} s  {text}", start.elapsed().as_secs_f64());
                    counts.lock().unwrap()[kind] += 1;
                }
            });
        }
    });
    let [killed, survived, slack, not_judged] = counts.into_inner().unwrap();
    println!(
        "{killed} killed, {survived} survived, {slack} listed as slack, {not_judged} not judged, {:.0} s",
        start.elapsed().as_secs_f64()
    );
    if survived + not_judged == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
