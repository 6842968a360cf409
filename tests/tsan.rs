//! The C face under ThreadSanitizer: the library is built instrumented and without std (tests/tsan, which needs a nightly
//! compiler), and tests/tsan's C programs hand plain data over every edge of it. A clean run reports nothing, with no
//! suppression; with one ordering weakened, a data race is reported.
//!
//! ThreadSanitizer knows nothing of fences, in either direction: an edge that stands on one would be reported falsely.
//! None is, so no plain data goes by a fence alone.
#![cfg(all(target_os = "linux", feature = "capi", feature = "pthread"))]

#[path = "common/c.rs"]
mod c;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// What can be weakened: where (`inside` or `outside` of calls that submit: the ready ring's pushes and the free ring's
/// pops are inside), and the scene that shows it, with more rounds than it takes.
const JUDGED: &[(&str, Option<&str>, &str, u32)] = &[
    // E1: the slot and the submitter's data, to who runs the job.
    ("PushPublish", Some("inside"), "results", 100_000),
    ("PopEntry", Some("outside"), "results", 100_000),
    // E2: the slot, to its next submitter.
    ("PushPublish", Some("outside"), "results", 100_000),
    ("PopEntry", Some("inside"), "results", 100_000),
    ("ReuseKept", None, "failures", 200_000),
    ("PutBack", None, "failures", 200_000),
    // E1 by handle.
    ("SlotFill", None, "exchange", 200_000),
    // E3: the result, to who takes it.
    ("Resolve", None, "results", 100_000),
    ("Take", None, "results", 100_000),
    ("SlotLook", None, "exchange", 200_000),
    ("Flag", None, "stop_requests", 50_000),
    // E5: what was done in a slot, to every closer.
    ("SlotClose", None, "shutdowns", 5_000),
    // E6: the slot, from who ran the job by handle to the popper of its entry.
    ("Vacate", None, "exchange", 200_000),
    ("LeaveRing", None, "exchange", 200_000),
    // E7: all of the pool's memory, to who destroys it.
    ("VisitEnd", None, "helped_destroy", 20_000),
    ("VisitorsWait", None, "helped_destroy", 20_000),
    ("VisitorsLook", None, "helped_destroy", 20_000),
];

/// What no data race can show, and why. The models judge these (loom-tests/README.md).
const NOT_JUDGED: &[(&str, &[&str])] = &[
    (
        "order a ring's counters, by which pushes and pops find their entries and call a ring empty or not; the data goes \
         by the entries",
        &[
            "PushTail",
            "PushTailAgain",
            "AdvanceTail",
            "AdvanceTailLost",
            "PopHead",
            "AdvanceHead",
            "PeekHead",
            "LookHead",
        ],
    ),
    (
        "look at an entry only: nothing is read behind it before the popper's own acquire",
        &["PeekEntry", "LookEntry"],
    ),
    (
        "order a closer's look at counts of workers and of shutdowns; the data goes by the slots, the joins and the visits",
        &["Kick", "KickLook"],
    ),
    (
        "are fences: between atomics alone",
        &[
            "NotifyFence",
            "FoundFence",
            "RegisterFence",
            "CloseFence",
            "AwaitSlotFence",
            "KickIfClosedFence",
            "TakerFence",
            "TombstoneFence",
        ],
    ),
];

const NEEDS_NIGHTLY: &str = "ThreadSanitizer needs a nightly compiler beside the stable one: the compiler's \
    -Zsanitizer=thread is not to be had otherwise (rustup toolchain install nightly --profile minimal)";

/// A command of the nightly toolchain, whatever toolchain runs this test.
fn nightly(tool: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", tool]);
    for variable in
        ["RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC", "RUSTC_WRAPPER", "CARGO", "CARGO_ENCODED_RUSTFLAGS"]
    {
        command.env_remove(variable);
    }
    command
}

/// The host, as nightly calls it.
fn host() -> String {
    let version =
        nightly("rustc").arg("-vV").output().unwrap_or_else(|error| panic!("{NEEDS_NIGHTLY}: {error}"));
    assert!(version.status.success(), "{NEEDS_NIGHTLY}\n{}", c::printed(&version));
    let text = c::printed(&version);
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned()
}

/// The stress program, built once.
fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let (host, folder) = (host(), c::root().join("tests/tsan"));
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tsan");
        // A target is named so that build scripts are not instrumented.
        c::run(
            nightly("cargo")
                .args(["build", "--release", "--target", &host, "--target-dir"])
                .arg(&target)
                .arg("--manifest-path")
                .arg(folder.join("Cargo.toml"))
                .env(
                    "RUSTFLAGS",
                    "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg jobring_tsan",
                ),
        );
        let program = target.join("stress");
        // Unwinding: pthread_exit() in a job.
        c::run(
            Command::new("cc")
                .args(["-std=c11", "-O1", "-g", "-fsanitize=thread", "-fexceptions"])
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
                .arg(c::root().join("include"))
                .args(["stress.c", "scenes.c", "inside.c", "ends.c"].map(|source| folder.join(source)))
                .arg(target.join(host).join("release/libjobring_tsan.a"))
                .args(["-lpthread", "-ldl", "-o"])
                .arg(&program),
        );
        program
    })
}

fn stress(words: &[&str]) -> Output {
    let run = |command: &mut Command| {
        c::output(command.args(words).env("TSAN_OPTIONS", "halt_on_error=1:exitcode=66:history_size=4"))
    };
    let output = run(&mut Command::new(program()));
    // Older runtimes do not find their places where the system scatters memory widely.
    if c::printed(&output).contains("unexpected memory mapping") {
        return run(Command::new("setarch").arg("--addr-no-randomize").arg(program()));
    }
    output
}

#[test]
fn nothing_is_reported() {
    let output = stress(&[]);
    assert!(output.status.success(), "{}\n{}", output.status, c::printed(&output));
    let played = c::printed(&output);
    assert_eq!(played.lines().filter(|line| line.ends_with(" rounds")).count(), 13, "{played}");
}

#[test]
fn each_weakened_ordering_is_reported() {
    for &(site, at, scene, rounds) in JUDGED {
        let rounds = rounds.to_string();
        let mut words = vec!["--weaken", site];
        if let Some(at) = at {
            words.extend([["--inside", "submit"], ["--outside", "submit"]][usize::from(at == "outside")]);
        }
        words.extend([scene, rounds.as_str()]);
        let start = std::time::Instant::now();
        let output = stress(&words);
        let text = c::printed(&output);
        assert!(
            output.status.code() == Some(66) && text.contains("ThreadSanitizer: data race"),
            "{words:?}: {}, and no data race was reported\n{text}",
            output.status
        );
        println!("{site:<14} {:<8} {scene:<16} {:.1} s", at.unwrap_or(""), start.elapsed().as_secs_f32());
    }
}

/// The sites in src whose ordering is more than Relaxed.
fn ordered_sites(folder: &Path, into: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            ordered_sites(&path, into);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file");
        let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        for site in code.split("o(Site::").skip(1) {
            let (name, rest) = site.split_at(site.find(|c: char| !c.is_alphanumeric()).expect("an end"));
            if let Some(ordering) = rest.strip_prefix(", ")
                && ["Acquire", "Release", "AcqRel", "SeqCst"].iter().any(|known| ordering.starts_with(known))
            {
                into.insert(name.to_owned());
            }
        }
        // `front(Site::PopHead, Site::PopEntry)`: both are Acquire there.
        for names in code.split("front(Site::").skip(1) {
            let names = names.split(')').next().expect("an end");
            into.extend(names.split(", Site::").map(str::to_owned));
        }
    }
}

#[test]
fn every_ordering_is_judged_or_excused() {
    let mut sites = BTreeSet::new();
    ordered_sites(&c::root().join("src"), &mut sites);
    assert!(sites.len() > 30, "{sites:?}");
    let judged = JUDGED.iter().map(|(site, ..)| *site);
    let listed: BTreeSet<_> =
        judged.chain(NOT_JUDGED.iter().flat_map(|(_, sites)| sites.iter().copied())).collect();
    assert_eq!(listed, sites.iter().map(String::as_str).collect(), "left: this file; right: src");
}
