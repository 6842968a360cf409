//! W6: many workers come and go. W8: a pool with nothing to do. W10: a pool one of whose workers is stopped. W15: workers come and
//! go under load.

use super::{Case, Metric, Rounds, entrant, less};
use crate::options::Options;

const MANY: &[Metric] = &[
    less("join_ms", "end, ms"),
    less("resident_kib", "resident KiB a thread"),
    less("mapped_kib", "mapped KiB a thread"),
    less("threads", "threads"),
];
const SWITCHES: &[Metric] = &[less("switches", "context switches")];

const CYCLES: &[Metric] = &[less("p10", "p10"), less("p90", "p90")];

const STOPPED: &[Metric] = &[less("p99", "p99"), less("most", "longest"), less("stood", "stood for 200 ms")];

/// W6, W8, W10 and W15.
pub fn cases(options: &Options) -> Vec<Case> {
    let workers = if options.quick { 200 } else { 2000 };
    let seconds = if options.quick { 2 } else { 10 };
    let mut idlers = vec![entrant("jobring", "idle"), entrant("jobring C", "idle").called("jobring, C API")];
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
    idlers.extend(peers.map(|peer| entrant(peer, "idle")));
    vec![
        Case {
            work: "W6",
            id: "w6".into(),
            title: format!("{workers} workers on stacks of 64 KiB"),
            params: vec![("workers", workers), ("stack", 64 * 1024)],
            metric: less("create_ms", "create, ms"),
            columns: MANY,
            entrants: [
                entrant("jobring", "many"),
                entrant("jobring C", "many").called("jobring, C API"),
                entrant("bare", "many").called("bare pthreads, no pool"),
            ]
            .into_iter()
            .chain(["channel, inline", "threadpool", "tokio", "rayon"].map(|peer| entrant(peer, "many")))
            .collect(),
            rounds: Rounds::All,
            point: None,
        },
        Case {
            work: "W8",
            id: "w8".into(),
            title: format!("an idle pool of 2 workers, over {seconds} s"),
            params: vec![("workers", 2), ("seconds", seconds)],
            metric: less("cpu_us", "CPU µs"),
            columns: SWITCHES,
            entrants: idlers,
            rounds: Rounds::One,
            point: None,
        },
        Case {
            work: "W10",
            id: "w10".into(),
            title: "one worker of 4 is stopped by a signal: until the others have run 100 jobs".into(),
            params: vec![("workers", 4), ("samples", if options.quick { 40 } else { 200 })],
            metric: less("p50", "µs, median"),
            columns: STOPPED,
            entrants: [
                entrant("jobring", "stopped"),
                entrant("jobring C", "stopped").called("jobring, C API"),
            ]
            .into_iter()
            .chain(
                ["channel, inline", "ArrayQueue, by hand", "rayon", "threadpool"]
                    .map(|peer| entrant(peer, "stopped")),
            )
            .collect(),
            rounds: Rounds::Third,
            point: None,
        },
        Case {
            work: "W15",
            id: "w15".into(),
            title: "1, 64, 1 workers on stacks of 64 KiB, while another thread submits".into(),
            params: vec![
                ("workers", 64),
                ("stack", 64 * 1024),
                ("samples", if options.quick { 10 } else { 40 }),
            ],
            metric: less("p50", "µs, median"),
            columns: CYCLES,
            entrants: vec![
                entrant("jobring", "resize").called("jobring, set_workers"),
                entrant("bare", "resize").called("bare pthreads beside the pool"),
            ],
            rounds: Rounds::All,
            point: None,
        },
    ]
}
