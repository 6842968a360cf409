//! The C API under ThreadSanitizer. The library is built with instrumentation and without std (tests/tsan,
//! which needs a nightly compiler). The C programs of tests/tsan pass plain data over every happens-before
//! edge of the library. The unchanged library must give no report, without any suppression. With one ordering
//! weakened there must be a data race over that ordering's edge. tests/tsan/README.md has the table.
#![cfg(all(target_os = "linux", target_pointer_width = "64", feature = "capi", feature = "pthread"))]

#[path = "common/c.rs"]
mod c;
#[path = "common/tsan.rs"]
mod tsan;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// One ordering that is weakened, and the race that then is reported.
struct Control {
    site: &'static str,
    /// Inside or outside of calls that submit alone: the ready ring's pushes and the free ring's pops are
    /// inside.
    at: Option<&'static str>,
    scene: &'static str,
    /// More than it takes.
    rounds: u32,
    /// What the stack of the later access names, one of these; and that of the earlier one.
    later: &'static [&'static str],
    earlier: &'static [&'static str],
}

const fn control(
    site: &'static str,
    (scene, rounds): (&'static str, u32),
    later: &'static [&'static str],
    earlier: &'static [&'static str],
) -> Control {
    Control { site, at: None, scene, rounds, later, earlier }
}

impl Control {
    const fn inside(self) -> Self {
        Self { at: Some("--inside"), ..self }
    }

    const fn outside(self) -> Self {
        Self { at: Some("--outside"), ..self }
    }
}

const RESULTS: (&str, u32) = ("results", 100_000);
const EXCHANGE: (&str, u32) = ("exchange", 200_000);
const FAILURES: (&str, u32) = ("failures", 200_000);
const BATCHES: (&str, u32) = ("batches", 50_000);
const STOPS: (&str, u32) = ("stop_requests", 50_000);
const SHUTDOWNS: (&str, u32) = ("shutdowns", 5_000);
const DESTROY: (&str, u32) = ("helped_destroy", 20_000);
const QUEUES: (&str, u32) = ("queues", 200_000);
const QUEUE_DRAINS: (&str, u32) = ("queue_drains", 5_000);
const WATCHES: (&str, u32) = ("watches", 100_000);
const INTERRUPTS: (&str, u32) = ("interrupts", 200_000);
const IDLE_WAITS: (&str, u32) = ("idle_waits", 100_000);
const SEVERAL: (&str, u32) = ("first_of_several", 100_000);
const LANES: (&str, u32) = ("lanes", 100_000);
const LANE_CLOSES: (&str, u32) = ("lane_closes", 30_000);

const SUBMITS: &[&str] = &["jobring_submit"];
const RUNS: &[&str] = &["execute", "drop_claimed"];
/// The thread that submits a job into a queue, or runs it: a consumer reads what both wrote.
const FILLS_OR_RUNS: &[&str] = &["jobring_completions_submit", "execute", "drop_claimed"];
/// The thread that runs a job, or takes it.
const OWNS: &[&str] = &["execute", "drop_claimed", "deliver", "drop_result"];
/// The same, or the thread that filled the slot before: TSan remembers some of the accesses.
const OWNED: &[&str] = &["execute", "drop_claimed", "deliver", "drop_result", "jobring_submit"];
/// A slot's next submitter, or, where its access is forgotten by now, the next job's runner.
const REUSES: &[&str] = &["jobring_submit", "execute", "drop_claimed"];
const READS: &[&str] = &["jobring_wait_opts"];
/// The thread that takes the result, and goes on.
const TAKES: &[&str] = &["make_results"];
/// Takes from a completion queue.
const CONSUMES: &[&str] = &["jobring_completions_take", "take_some"];
/// After its shutdown.
const HAS_CLOSED: &[&str] = &["#0 close_or_submit"];
const HAS_DRAINED: &[&str] = &["#0 close_and_look"];

/// The thread that adds a callback; and the one that ends the job, and calls it.
const ADDS: &[&str] = &["#0 watch_one", "jobring_watch"];
const ENDS: &[&str] = &["execute"];
const ADDS_OR_ENDS: &[&str] = &["#0 watch_one", "jobring_watch", "execute"];

/// The thread that raises an interrupt; and the one whose call that ends.
const RAISES: &[&str] = &["#0 raise_each"];
const INTERRUPTED: &[&str] = &["#0 be_interrupted"];
/// After a wait until the pool is idle.
const FINDS_IT_IDLE: &[&str] = &["wait_for_all"];
/// After a wait for the first of several jobs.
const FINDS_ONE: &[&str] = &["look_at_the_first"];

/// The jobs of a lane of width 1.
const TAKES_A_TURN: &[&str] = &["#0 take_turn"];
/// The thread that has a lane's role; and the one that submits to the lane.
const HAS_ROLE: &[&str] = &["pop_entry", "take_list", "gather", "sweep_lane"];
const SUBMITS_TO_IT: &[&str] = &["jobring_lane_submit"];
/// Or what they hand over was handed on: a job of the lane meets the one before it.
const HAS_ROLE_OR_TURN: &[&str] = &["pop_entry", "take_list", "gather", "sweep_lane", "#0 take_turn"];
const SUBMITS_OR_TAKES_A_TURN: &[&str] = &["jobring_lane_submit", "#0 take_turn"];
/// After its close of a lane.
const HAS_CLOSED_IT: &[&str] = &["#0 close_a_lane", "jobring_lane_init"];

const JUDGED: &[Control] = &[
    // E1: the slot and the submitter's data, to the thread that runs the job.
    control("PushPublish", RESULTS, OWNS, SUBMITS).inside(),
    control("PopEntry", RESULTS, OWNS, SUBMITS).outside(),
    // E1 by handle.
    control("SlotFill", EXCHANGE, OWNS, SUBMITS),
    control("SlotLook", EXCHANGE, OWNS, SUBMITS),
    // E2: the slot, to its next submitter.
    control("PushPublish", RESULTS, REUSES, OWNED).outside(),
    control("PopEntry", RESULTS, REUSES, OWNED).inside(),
    control("PopNextEntry", BATCHES, REUSES, OWNED).inside(),
    control("PutBack", FAILURES, REUSES, READS),
    // E2 to a thread that finds the pool idle: what detached jobs did.
    control("InsideEntry", IDLE_WAITS, FINDS_IT_IDLE, RUNS),
    // E3: the result, to the thread that takes it; the request to stop, to the job.
    control("Resolve", RESULTS, TAKES, RUNS),
    control("Take", RESULTS, TAKES, RUNS),
    control("Flag", STOPS, &["until_asked"], &["#0 ask "]),
    control("SlotLook", STOPS, &["until_asked"], &["#0 ask "]),
    // E3 without a take: what the first of several jobs did.
    control("SlotLook", SEVERAL, FINDS_ONE, RUNS),
    // E4: the data of the thread that raises an interrupt, to the one whose call that ends.
    control("InterruptRaise", INTERRUPTS, INTERRUPTED, RAISES),
    control("InterruptLook", INTERRUPTS, INTERRUPTED, RAISES),
    control("InterruptReset", INTERRUPTS, INTERRUPTED, RAISES),
    // E3 by a completion queue.
    control("PopNextEntry", QUEUES, CONSUMES, FILLS_OR_RUNS).outside(),
    // E5: what was done in a slot, to every closer.
    control("ResolveOwned", QUEUE_DRAINS, HAS_DRAINED, RUNS),
    control("SlotClose", SHUTDOWNS, HAS_CLOSED, RUNS),
    control("SlotLook", SHUTDOWNS, HAS_CLOSED, RUNS),
    // E6: the slot, from the thread that took its job by handle to the popper of its entry, and so to its next submitter.
    control("Vacate", EXCHANGE, REUSES, OWNED),
    control("LeaveRing", EXCHANGE, REUSES, OWNED),
    // E7: all of the pool's memory, to the thread that destroys it.
    control("VisitEnd", DESTROY, &["destroy_under"], &["jobring_wait_opts"]),
    control("VisitorsWait", DESTROY, &["destroy_under"], &["jobring_wait_opts"]),
    control("VisitorsLook", DESTROY, &["destroy_under"], &["jobring_wait_opts"]),
    // E9: the data of the thread that adds a callback, to the callback on the thread that ended the job; that
    // one's data, to a callback that is added late.
    control("WatchAdd", WATCHES, ENDS, ADDS),
    control("WatchClose", WATCHES, ADDS_OR_ENDS, ADDS_OR_ENDS),
    control("WatchLook", WATCHES, ADDS, ENDS),
    // E10: what a job did, to the next one in its place.
    control("LaneLeave", LANES, TAKES_A_TURN, TAKES_A_TURN),
    control("LaneEnter", LANES, TAKES_A_TURN, TAKES_A_TURN),
    // E10: an entry and its job, to the thread with the role.
    control("LanePush", LANES, HAS_ROLE_OR_TURN, SUBMITS_OR_TAKES_A_TURN),
    control("LanePost", LANES, HAS_ROLE_OR_TURN, SUBMITS_OR_TAKES_A_TURN),
    control("LaneTake", LANES, HAS_ROLE, SUBMITS_TO_IT),
    // E10: the list, to the next thread with the role.
    control("LaneClaim", LANES, HAS_ROLE, HAS_ROLE),
    control("LaneRole", LANES, HAS_ROLE, HAS_ROLE),
    control("LaneYield", LANES, HAS_ROLE, HAS_ROLE),
    control("LaneRelease", LANES, HAS_ROLE, HAS_ROLE),
    control("LaneLookEnd", LANES, HAS_ROLE, HAS_ROLE),
    // E6 in a lane: the slot, from the thread that took its job to the popper of its entry, and so to its next submitter.
    control("LeaveLane", LANES, SUBMITS_TO_IT, OWNED),
    // E10: what the jobs did, what was dropped, and the lane's memory, to the thread that closes it.
    control("LaneOver", LANE_CLOSES, HAS_CLOSED_IT, RUNS),
    control("LaneDead", LANE_CLOSES, HAS_CLOSED_IT, &["on_drop"]),
    control("LaneEnded", LANE_CLOSES, HAS_CLOSED_IT, &["end_lane_jobs"]),
];

/// What no data race can show, and why; fences besides, which are between atomics alone. The models judge all
/// of these (loom-tests/README.md).
const NOT_JUDGED: &[(&str, &[&str])] = &[
    (
        "process workers: ThreadSanitizer sees one process, and this build has none of their code",
        &[
            "ProcessEntry",
            "ProcessReport",
            "ProcessResolve",
            "ProcessRegister",
            "ProcessChoose",
            "ProcessPublish",
            "ProcessSettle",
            "ProcessCollect",
        ],
    ),
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
            "CountTail",
            "CountEntry",
        ],
    ),
    (
        "order the end of a queue and the wake-ups of threads that sleep there; the data goes by the rings' entries",
        &["DoorShutLook", "DoorLeave", "DoorNotifyLook", "DoorShut"],
    ),
    ("look at an entry only: what is read behind it is atomic", &["PeekEntry"]),
    ("matters between a look and a claim: so seldom that no run is sure to report it", &["ClaimLost"]),
    (
        "order a closer's look at counts of workers and of shutdowns; the data goes by the slots, the joins and the visits",
        &["NotifyClosers", "CloseEventsLook"],
    ),
    (
        "order a completion queue's atomics alone: the look at the ring behind the last worker's end, and the descriptor's \
         name; the data goes by the ring's entries",
        &["LiveLeft", "CompletionsArm", "CompletionsArmedLook"],
    ),
    (
        "belong to queues of the Rust API, which C does not use",
        &["CompletionsClaim", "CompletionsRelease", "QueuesLook", "QueuesPush"],
    ),
    (
        "order the start hooks before the end of the call that makes the pool; as a rule the notification after each hook does so too",
        &["HookEnd", "HooksLook"],
    ),
    (
        "belong to tasks that await a job, which C has none of (the feature `future`)",
        &["WakerTurn", "WakerLeave", "WakerLook", "WakerFind", "WakerMove"],
    ),
    ("matters if the job ends between a watcher's look and its exchange: too seldom", &["WatchAddLost"]),
    ("belong to a lane that its owner leaves behind, which C has none of", &["LaneAbandon", "LaneFree"]),
    (
        "brings the end of a cancelled job to a sweep: as a rule the exchange that takes the list does so too",
        &["LaneSweep"],
    ),
    (
        "belongs to a job that waits for one of a lane, and runs it before a worker does: too seldom",
        &["Unhold"],
    ),
    (
        "guard the list of threads that sleep inside jobs: no scene has two such jobs at once for certain",
        &["GraphLock", "GraphUnlock"],
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
        let target = c::tmp("tsan");
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
        let library = target.join(host).join("release/libjobring_tsan.a");
        tsan::compile("cc", "-std=c11", &tsan::STRESS, &library, &program);
        program
    })
}

fn stress(words: &[&str]) -> Output {
    tsan::run(program(), words)
}

#[test]
fn nothing_is_reported() {
    let output = stress(&[]);
    assert!(output.status.success(), "{}\n{}", output.status, c::printed(&output));
    let played = c::printed(&output);
    assert_eq!(
        played.lines().filter(|line| line.ends_with(" rounds")).count(),
        tsan::STRESS_SCENES,
        "{played}"
    );
}

#[test]
fn each_weakened_ordering_is_reported() {
    for Control { site, at, scene, rounds, later, earlier } in JUDGED {
        // In one run: nothing is reported before the site is weakened.
        let (rounds, before) = (rounds.to_string(), (rounds / 200).to_string());
        let mut words = vec![scene, before.as_str(), "--weaken", site];
        words.extend(at.iter().flat_map(|at| [*at, "submit"]));
        words.extend([*scene, rounds.as_str()]);
        let start = std::time::Instant::now();
        let output = stress(&words);
        let text = c::printed(&output);
        assert_eq!(output.status.code(), Some(tsan::REPORTED), "{words:?}: nothing was reported\n{text}");
        let played: Vec<_> = text.lines().filter(|line| line.ends_with(" rounds")).collect();
        assert_eq!(played, [format!("{scene}: {before} rounds")], "{words:?}: too early\n{text}");
        let (a, b) = tsan::race(&text).unwrap_or_else(|| panic!("{words:?}: no data race\n{text}"));
        let over_the_edge =
            later.iter().any(|name| a.contains(name)) && earlier.iter().any(|name| b.contains(name));
        assert!(over_the_edge, "{words:?}: not {earlier:?}, then {later:?}\n{text}");
        println!("{site:<14} {:<9} {scene:<16} {:.1} s", at.unwrap_or(""), start.elapsed().as_secs_f32());
    }
}

/// The sites in src whose ordering is more than Relaxed, except those of fences.
fn ordered_sites(folder: &Path, into: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            ordered_sites(&path, into);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file");
        let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        for (at, call) in code.match_indices("ordering(Site::") {
            if ["fence(", "fence_behind_rmw("].iter().any(|fence| code[..at].trim_end().ends_with(fence)) {
                continue;
            }
            let site = &code[at + call.len()..];
            let (name, rest) = site.split_at(site.find(|c: char| !c.is_alphanumeric()).expect("an end"));
            if let Some(ordering) = rest.strip_prefix(", ")
                && ["Acquire", "Release", "AcqRel", "SeqCst"].iter().any(|known| ordering.starts_with(known))
            {
                into.insert(name.to_owned());
            }
        }
        // `front(Site::PopHead, Site::PopEntry, Acquire)`: the ordering is the second one's, the first is
        // Acquire there.
        for words in code.split("front(Site::").skip(1) {
            let words: Vec<_> = words.split(')').next().expect("an end").split(", ").collect();
            let [head, entry, ordering] = words[..] else { panic!("{words:?}") };
            into.insert(head.to_owned());
            if ordering != "Relaxed" {
                into.insert(entry.strip_prefix("Site::").expect("a site").to_owned());
            }
        }
    }
}

#[test]
fn every_ordering_is_judged_or_excused() {
    let mut sites = BTreeSet::new();
    ordered_sites(&c::root().join("src"), &mut sites);
    assert!(sites.len() > 30, "{sites:?}");
    let judged = JUDGED.iter().map(|control| control.site);
    let listed: BTreeSet<_> =
        judged.chain(NOT_JUDGED.iter().flat_map(|(_, sites)| sites.iter().copied())).collect();
    assert_eq!(listed, sites.iter().map(String::as_str).collect(), "left: this file; right: src");
    let table = fs::read_to_string(c::root().join("tests/tsan/README.md")).expect("the table");
    let left_out = |control: &&Control| !table.contains(&format!("| `{}`", control.site));
    let left_out: Vec<_> = JUDGED.iter().filter(left_out).map(|control| control.site).collect();
    assert_eq!(left_out, [""; 0], "not in tests/tsan/README.md");
}
