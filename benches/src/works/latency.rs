//! W3: the round trip of one job. W13: the same, waited for as the first of several. W18: the same in another process, and the
//! end of one.

use super::{Case, Entrant, Metric, Rounds, entrant, less};
use crate::options::Options;

const MIDDLE: Metric = less("p50", "µs, median");
const COLUMNS: &[Metric] = &[less("p10", "p10"), less("p90", "p90"), less("p99", "p99")];

const DEATHS: &[Metric] = &[
    less("reported_p95_ms", "p95"),
    less("replaced_ms", "ms to a job of its successor"),
    less("replaced_p95_ms", "p95 of that"),
];

/// The cases.
pub fn cases(options: &Options) -> Vec<Case> {
    let samples = if options.quick { 40 } else { 120 };
    let case = |id: &str, title: &str, same: u64, entrants: Vec<Entrant>| Case {
        work: "W3",
        id: id.into(),
        title: format!("round trip of one job, {title}"),
        params: vec![("samples", samples), ("same", same), ("workers", 1)],
        metric: MIDDLE,
        columns: COLUMNS,
        entrants,
        rounds: Rounds::All,
        point: None,
    };
    let asleep = || {
        let mut all =
            vec![entrant("jobring", "asleep"), entrant("bare", "asleep").called("bare futex, no pool")];
        let peers = [
            "channel, inline",
            "ArrayQueue, by hand",
            "rayon",
            "threadpool",
            "tokio",
            "forte",
            "libuv",
            "oneTBB",
            "Boost.Asio",
            "GLib",
            "moodycamel, by hand",
            "CPython ThreadPoolExecutor",
        ];
        all.extend(peers.map(|peer| entrant(peer, "asleep")));
        all
    };
    let mut awake = vec![
        entrant("jobring", "awake").with("spin", 4000).called("jobring, spin 4,000"),
        entrant("bare", "awake"),
    ];
    awake[1].label = "bare line, no pool".into();
    let peers = ["channel, inline", "ArrayQueue, by hand", "rayon", "threadpool", "tokio", "forte"];
    awake.extend(peers.map(|peer| entrant(peer, "awake")));
    let first = |id: &str, places: &str, same| Case {
        work: "W13",
        title: format!("the first of 8 jobs, both asleep, {places}; 7 jobs hold a worker each"),
        ..case(
            id,
            "",
            same,
            vec![
                entrant("jobring", "first of 8").called("jobring, wait_many for the first of 8"),
                entrant("jobring", "one of 8").called("jobring, a wait for that one"),
            ],
        )
    };
    let processes = Case {
        work: "W18",
        ..case(
            "w18-asleep",
            "both asleep, in another process and in a thread, on different CPUs",
            0,
            vec![
                entrant("jobring processes", "asleep").called("jobring, processes"),
                entrant("jobring C", "asleep").called("jobring, threads (C API)"),
                entrant("CPython ProcessPoolExecutor", "process asleep"),
            ],
        )
    };
    let deaths = Case {
        work: "W18",
        title: "from the kill of a worker until its job is reported, and until a new worker has run a job, 1 worker".into(),
        metric: less("reported_ms", "ms to the report, median"),
        columns: DEATHS,
        ..case("w18-deaths", "", 0, vec![entrant("jobring processes", "deaths").called("jobring, processes")])
    };
    vec![
        processes,
        deaths,
        first("w13-apart", "worker and submitter on different CPUs", 0),
        first("w13-same", "worker and submitter on one CPU", 1),
        case("w3-asleep-apart", "both asleep, worker and submitter on different CPUs", 0, asleep()),
        case("w3-asleep-same", "both asleep, worker and submitter on one CPU", 1, asleep()),
        case("w3-awake", "both awake, on different CPUs, the submitter spins", 0, awake),
        case(
            "w3-itself",
            "the waiter runs the job itself",
            0,
            vec![
                entrant("jobring", "itself").called("jobring, no workers"),
                entrant("bare", "itself").called("a call through a pointer"),
                entrant("rayon", "itself").called("rayon scope on its only worker"),
                entrant("oneTBB", "itself").called("oneTBB task_group::wait"),
            ],
        ),
    ]
}
