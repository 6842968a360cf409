//! The goals of "fast", and what a run says of each. Met only if the whole interval lies on the right side.

use crate::run::Outcome;
use crate::stats::{Median, median};
use crate::table::{interval, short};
use std::fmt::Write;

/// What has to hold.
enum Need {
    /// At least this many times as good as each of these, by a number of the report.
    Times(f64, &'static [&'static str], &'static str),
    /// At most this, by a number of the report.
    AtMost(f64, &'static str),
    /// Along a curve, between two of its points, at most this many times the cost.
    Flat(f64, f64, f64),
}
use Need::{AtMost, Flat, Times};

struct Goal(&'static str, &'static str, &'static str, &'static str, Need);

const LOCKED: &[&str] = &["threadpool", "tokio", "GLib", "Boost.Asio"];
const ASLEEP: &[&str] = &["bare futex, no pool"];
const ARRAY_QUEUE: &[&str] = &["ArrayQueue"];
const RINGS: &[&str] = &["jobring rings"];
const QUEUE: &str = "jobring, Queue";
const BLOCKING: &str = "jobring, BlockingQueue";
const PTHREADS: &[&str] = &["bare pthreads, no pool"];
const BATCHES: &str = "jobring, C API, batches of 64";
const SPINNERS: &[&str] =
    &["channel, inline", "ArrayQueue, by hand", "rayon", "threadpool", "tokio", "forte"];
const FORKS: &[&str] = &["fork_union", "OpenMP (libgomp)"];
const PLAIN: &[&str] = &["plain loop"];
const SPINS: &str = "jobring, spin 4,000";
const FIRST: &str = "jobring, wait_many for the first of 8";
const PLAIN_WAIT: &str = "jobring, a wait for that one";
/// Within ten, fifteen, twenty-five and fifty per cent.
const WITHIN_10: f64 = 1.0 / 1.1;
const WITHIN_15: f64 = 1.0 / 1.15;
const WITHIN_25: f64 = 1.0 / 1.25;
const WITHIN_50: f64 = 1.0 / 1.5;

/// Work, case (or curve), entrant, in words, need.
const GOALS: &[Goal] = &[
    Goal("W1", "w1", "jobring", "10 times rayon's spawn", Times(10.0, &["rayon"], "rate")),
    Goal("W1", "w1", "jobring", "10 times every mutex-based pool", Times(10.0, LOCKED, "rate")),
    Goal("W1", "w1", "jobring", "4 times libuv", Times(4.0, &["libuv"], "rate")),
    Goal(
        "W1",
        "w1",
        "jobring",
        "not behind the fastest hand-made queue pool",
        Times(1.0, &["channel, inline", "ArrayQueue, by hand"], "rate"),
    ),
    Goal(
        "W1",
        "w1",
        BATCHES,
        "batches of 64: 1.5 times those",
        Times(1.5, &["channel, inline", "ArrayQueue, by hand"], "rate"),
    ),
    Goal(
        "W1t",
        "w1t",
        "jobring",
        "2.5 times rayon's in_place_scope",
        Times(2.5, &["rayon in_place_scope"], "rate"),
    ),
    Goal("W2", "w2", "jobring", "0.8 of crossbeam-channel inline", Times(0.8, &["channel, inline"], "rate")),
    Goal("W2", "w2", "jobring", "5 times rayon's spawn", Times(5.0, &["rayon"], "rate")),
    Goal("W2", "w2", "jobring", "5 times every mutex-based pool", Times(5.0, LOCKED, "rate")),
    Goal(
        "W3",
        "w3-asleep-apart",
        "jobring",
        "asleep, two CPUs: within 15 % of a bare futex",
        Times(WITHIN_15, ASLEEP, "p50"),
    ),
    Goal(
        "W3",
        "w3-asleep-same",
        "jobring",
        "asleep, one CPU: within 15 % of a bare futex",
        Times(WITHIN_15, ASLEEP, "p50"),
    ),
    Goal(
        "W3",
        "w3-awake",
        "jobring, spin 4,000",
        "awake: not behind the fastest peer",
        Times(1.0, SPINNERS, "p50"),
    ),
    Goal("W3", "w3-itself", "jobring, no workers", "the waiter runs it: under 0.06 µs", AtMost(0.06, "p50")),
    Goal("W4", "w4-1000-2", SPINS, "10³: ahead of fork_union and OpenMP", Times(1.0, FORKS, "p50")),
    Goal("W4", "w4-10000-2", SPINS, "10⁴: ahead of fork_union and OpenMP", Times(1.0, FORKS, "p50")),
    Goal("W4", "w4-1000000-2", SPINS, "10⁶: ahead of fork_union and OpenMP", Times(1.0, FORKS, "p50")),
    Goal(
        "W4",
        "w4-1000-2",
        "jobring",
        "10³: never over 1.1 of the plain loop",
        Times(WITHIN_10, PLAIN, "p50"),
    ),
    Goal(
        "W4",
        "w4-10000-4",
        "jobring",
        "10⁴, 4 threads: never over 1.1 of it",
        Times(WITHIN_10, PLAIN, "p50"),
    ),
    Goal("W5", "w5-1p1c", "jobring rings", "1p1c: 0.8 of ArrayQueue", Times(0.8, ARRAY_QUEUE, "rate")),
    Goal("W5", "w5-2p2c", "jobring rings", "2p2c: 0.8 of ArrayQueue", Times(0.8, ARRAY_QUEUE, "rate")),
    Goal("W5", "w5-4p4c", "jobring rings", "4p4c: 0.8 of ArrayQueue", Times(0.8, ARRAY_QUEUE, "rate")),
    Goal("W5", "w5-one-thread", QUEUE, "one thread: 0.9 of the bare rings", Times(0.9, RINGS, "rate")),
    Goal("W5", "w5-1p1c", BLOCKING, "1p1c: 0.9 of the bare rings", Times(0.9, RINGS, "rate")),
    Goal("W5", "w5-2p2c", BLOCKING, "2p2c: 0.9 of the bare rings", Times(0.9, RINGS, "rate")),
    Goal("W5", "w5-4p4c", BLOCKING, "4p4c: 0.9 of the bare rings", Times(0.9, RINGS, "rate")),
    Goal(
        "W6",
        "w6",
        "jobring, C API",
        "create: within 10 % of bare pthreads",
        Times(WITHIN_10, PTHREADS, "create_ms"),
    ),
    Goal(
        "W6",
        "w6",
        "jobring, C API",
        "join: within 10 % of bare pthreads",
        Times(WITHIN_10, PTHREADS, "join_ms"),
    ),
    Goal(
        "W6",
        "w6",
        "jobring, C API",
        "resident memory: within 10 % of bare pthreads",
        Times(WITHIN_10, PTHREADS, "resident_kib"),
    ),
    Goal("W7", "w7-1", "jobring", "one thread: 5 ns a join", AtMost(5.0, "ns")),
    Goal(
        "W7",
        "w7-2",
        SPINS,
        "two threads: ahead of rayon's and chili's join",
        Times(1.0, &["rayon", "chili"], "ns"),
    ),
    Goal(
        "W8",
        "w1",
        "jobring, C API",
        "under 1,000 wakes for 10⁶ submits in bursts",
        AtMost(1000.0, "wakes_per_million"),
    ),
    Goal("W8", "w8", "jobring", "idle: no context switch", AtMost(0.0, "switches")),
    Goal("W10", "w10", "jobring", "a worker is stopped: the others take 5 ms", AtMost(5000.0, "most")),
    Goal(
        "W11",
        "w11",
        "jobring",
        "a completion queue: faster than a handle for each job",
        Times(1.0, &["jobring, a handle for each job"], "rate"),
    ),
    Goal("W11", "w11", "jobring", "0.45 of detached jobs", Times(0.45, &["jobring, detached jobs"], "rate")),
    Goal(
        "W11",
        "w11",
        "jobring",
        "ahead of two channels and of two moodycamel queues",
        Times(1.0, &["two channels", "two moodycamel queues"], "rate"),
    ),
    Goal(
        "W11",
        "w11",
        "jobring",
        "10 times CPython's as_completed",
        Times(10.0, &["CPython as_completed"], "rate"),
    ),
    Goal("W12", "w12", "jobring", "10⁶ jobs through epoll: 20,000 system calls", AtMost(2e4, "calls")),
    Goal(
        "W13",
        "w13-apart",
        FIRST,
        "the first of 8, two CPUs: 1.5 times a plain wait",
        Times(WITHIN_50, &[PLAIN_WAIT], "p50"),
    ),
    Goal(
        "W13",
        "w13-same",
        FIRST,
        "the first of 8, one CPU: 1.5 times a plain wait",
        Times(WITHIN_50, &[PLAIN_WAIT], "p50"),
    ),
    Goal(
        "W14",
        "w14",
        "jobring, wait_idle",
        "wait_idle: within 10 % of a counter by hand",
        Times(WITHIN_10, &["jobring, a counter and a futex by hand"], "rate"),
    ),
    Goal(
        "W15",
        "w15",
        "jobring, set_workers",
        "1, 64, 1 workers under load: 1.25 times bare threads",
        Times(WITHIN_25, &["bare pthreads beside the pool"], "p50"),
    ),
    Goal(
        "W16",
        "w16",
        "jobring, one lane",
        "5 times a strand of Boost.Asio",
        Times(5.0, &["Boost.Asio, one strand"], "rate"),
    ),
    Goal(
        "W16",
        "w16",
        "jobring, one lane",
        "0.4 of jobs without a lane",
        Times(0.4, &["jobring, without lanes"], "rate"),
    ),
    Goal(
        "W16",
        "w16",
        "jobring, 10,000 lanes in turn",
        "half of one lane's rate",
        Times(0.5, &["jobring, one lane"], "rate"),
    ),
    Goal("W17", "w17", "jobring.hpp, futures", "10 times std::async", Times(10.0, &["std::async"], "rate")),
    Goal(
        "W17",
        "w17",
        "jobring.hpp, futures",
        "3 times Boost.Asio's thread pool",
        Times(3.0, &["Boost.Asio, packaged_task"], "rate"),
    ),
    Goal(
        "W17",
        "w17",
        "jobring.hpp, futures",
        "0.8 of the C API",
        Times(0.8, &["C API, copied data with a drop callback"], "rate"),
    ),
    Goal(
        "W17",
        "w17",
        "jobring.hpp, futures",
        "0.8 of the C API's shortest way",
        Times(0.8, &["C API, an argument"], "rate"),
    ),
    Goal(
        "W18",
        "w18",
        "jobring, processes",
        "50 times CPython's ProcessPoolExecutor",
        Times(50.0, &["CPython ProcessPoolExecutor"], "rate"),
    ),
    Goal(
        "W18",
        "w18-asleep",
        "jobring, processes",
        "a round trip: at most 2 times that of threads",
        Times(0.5, &["jobring, threads (C API)"], "p50"),
    ),
    Goal(
        "W18",
        "w18-deaths",
        "jobring, processes",
        "a death is reported within 5 ms",
        AtMost(5.0, "reported_ms"),
    ),
    Goal(
        "W18",
        "w18-deaths",
        "jobring, processes",
        "and the worker replaced within 10 ms",
        AtMost(10.0, "replaced_ms"),
    ),
    Goal("W9", "jobs", "jobring", "cost flat within 20 % from 10⁴ to 10⁷ jobs", Flat(1.2, 1e4, 1e7)),
];

/// A table with all goals.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from("\n### Goals\n\n| work | goal | measured | so |\n|---|---|---|---|\n");
    for goal in GOALS {
        let (measured, verdict) = judge(goal, outcomes);
        writeln!(text, "| {} | {} | {measured} | {verdict} |", goal.0, goal.3).unwrap();
    }
    text
}

fn judge(Goal(_, case, entrant, _, need): &Goal, outcomes: &[Outcome]) -> (String, &'static str) {
    let outcome = outcomes.iter().find(|outcome| outcome.case.id == *case);
    let ours = outcome.and_then(|outcome| Some((outcome, outcome.entrant(entrant)?)));
    match (need, ours) {
        (Flat(most, from, to), _) => flat(outcomes, case, entrant, *most, *from, *to),
        (_, None) => ("–".into(), "not run"),
        (AtMost(most, metric), Some((outcome, ours))) => {
            let found = median(outcome.values(ours, metric));
            // A count has no spread, and one of it is enough.
            let (low, high) = bounds(found, *metric == "switches");
            (interval(found), verdict(high <= *most, low > *most))
        }
        (Times(least, peers, metric), Some((outcome, ours))) => {
            // The peer that we are the least ahead of.
            let worst = peers
                .iter()
                .filter_map(|peer| {
                    let more = *metric == "rate";
                    let ratios = outcome.ratios(ours, outcome.entrant(peer)?, metric, more);
                    Some((median(ratios)?, *peer))
                })
                .min_by(|(one, _), (other, _)| one.value.total_cmp(&other.value));
            let Some((found, peer)) = worst else { return ("–".into(), "not run") };
            let (low, high) = bounds(Some(found), false);
            let missing: Vec<&str> =
                peers.iter().filter(|peer| outcome.entrant(peer).is_none()).copied().collect();
            let mut text = format!("{} times {peer}, need {}", interval(Some(found)), short(*least));
            if !missing.is_empty() {
                write!(text, "; not compared with {}", missing.join(", ")).unwrap();
            }
            (text, verdict(low >= *least, high < *least))
        }
    }
}

fn flat(
    outcomes: &[Outcome],
    curve: &str,
    entrant: &str,
    most: f64,
    from: f64,
    to: f64,
) -> (String, &'static str) {
    let rates = |at: f64| {
        let outcome =
            outcomes.iter().find(|outcome| outcome.case.point.is_some_and(|point| point == (curve, at)))?;
        Some(outcome.values(outcome.entrant(entrant)?, "rate"))
    };
    let (Some(few), Some(many)) = (rates(from), rates(to)) else { return ("–".into(), "not run") };
    let found = median(few.iter().zip(many).map(|(few, many)| few / many).collect());
    let (low, high) = bounds(found, false);
    (format!("{} times the cost", interval(found)), verdict(high <= most && low >= 1.0 / most, low > most))
}

fn bounds(found: Option<Median>, counted: bool) -> (f64, f64) {
    match found {
        Some(Median { value, .. }) if counted => (value, value),
        Some(Median { interval: Some(bounds), .. }) => bounds,
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    }
}

fn verdict(met: bool, missed: bool) -> &'static str {
    match (met, missed) {
        (true, _) => "**met**",
        (_, true) => "missed",
        _ => "open",
    }
}
