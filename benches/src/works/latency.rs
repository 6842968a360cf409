//! W3: the round trip of one job. W13: the same, waited for as the first of several.

use super::{Case, Entrant, Metric, Rounds, entrant, less};
use crate::options::Options;

const MIDDLE: Metric = less("p50", "µs, median");
const COLUMNS: &[Metric] = &[less("p10", "p10"), less("p90", "p90"), less("p99", "p99")];

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
    vec![
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
