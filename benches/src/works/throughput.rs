//! W1, W1t, W2, W11, W14, W16, W17, W18: bursts of empty jobs. W12: the same through epoll. W5: queues without a pool.

use super::{Case, Entrant, Metric, Rounds, entrant, less, rate};
use crate::options::Options;

const RATE: Metric = rate("rate", "M jobs/s");
const COLUMNS: &[Metric] = &[
    rate("rate_p90", "best bursts (p90)"),
    less("cpu_ns", "CPU ns a job"),
    less("sleeps_per_million", "sleeps in 10⁶ jobs"),
    less("wakes_per_million", "wakes in 10⁶ jobs"),
];

const CALLS: &[Metric] = &[
    less("writes", "writes a burst"),
    less("waits", "epoll_waits a burst"),
    less("reads", "reads a burst"),
    less("yields", "yields a burst"),
    less("worker_sleeps_per_million", "sleeps of the workers in 10⁶ jobs"),
    RATE,
];

fn case(work: &'static str, title: &str, params: &[(&'static str, u64)], entrants: Vec<Entrant>) -> Case {
    Case {
        work,
        id: work.to_lowercase(),
        title: title.into(),
        params: params.to_vec(),
        metric: RATE,
        columns: COLUMNS,
        entrants,
        rounds: Rounds::All,
        point: None,
    }
}

/// CPython is 300 times slower: shorter bursts.
fn cpython(mode: &'static str) -> Entrant {
    entrant("CPython ThreadPoolExecutor", mode).with("burst", 1024)
}

fn detached(several_submitters: bool) -> Vec<Entrant> {
    let mut all = vec![
        entrant("jobring", "detached"),
        entrant("jobring C", "detached").called("jobring, C API"),
        entrant("jobring C", "batches").called("jobring, C API, batches of 64"),
    ];
    let peers = [
        "channel, inline",
        "ArrayQueue, by hand",
        "moodycamel, by hand",
        "channel, boxed",
        "rayon",
        "threadpool",
        "tokio",
        "forte",
        "oneTBB",
        "Boost.Asio",
        "GLib",
    ];
    all.extend(peers.map(|peer| entrant(peer, "detached")));
    if !several_submitters {
        all.extend(["libuv", "OpenMP (libgomp)"].map(|peer| entrant(peer, "detached")));
    }
    all.push(cpython("detached"));
    all
}

/// 10⁵ jobs, and one wait for all of them.
fn until_idle(params: &[(&'static str, u64)]) -> Case {
    const BURST: u64 = 100_000;
    let mut params = params.to_vec();
    params.retain(|&(name, _)| name != "burst" && name != "batch");
    // The batch is for peers that wait for each batch: here for the whole burst.
    params.extend([("burst", BURST), ("batch", BURST)]);
    case(
        "W14",
        "a burst of 10⁵ empty jobs, detached, and one wait for all of them, 1 submitter, 2 workers",
        &params,
        vec![
            entrant("jobring", "wait_idle").called("jobring, wait_idle"),
            entrant("jobring", "counter").called("jobring, a counter and a futex by hand"),
            entrant("jobring", "detached").called("jobring, the submitter yields until all have run"),
            entrant("rayon", "handles").called("rayon in_place_scope"),
            entrant("threadpool", "handles").called("threadpool join()"),
        ],
    )
}

fn event_loop(jobs: u64) -> Case {
    // A tenth of the jobs: each is a write.
    let by_hand = |label| entrant("channel, inline", "event loop").with("jobs", jobs / 10).called(label);
    Case {
        metric: less("calls", "system calls in 10⁶ jobs"),
        columns: CALLS,
        ..case(
            "W12",
            "empty jobs through epoll in bursts of 256, by one thread, 2 workers",
            &[("workers", 2), ("batch", 256), ("jobs", jobs)],
            vec![
                entrant("jobring", "event loop"),
                by_hand("two channels, an eventfd written by each job"),
                by_hand("the same, the loop yields first").with("yields", 1),
            ],
        )
    }
}

/// W1, W1t, W2, W5, W11, W12, W14, W16, W17, and a part of W18.
pub fn cases(options: &Options) -> Vec<Case> {
    let burst = |submitters, workers| {
        let millis = options.millis;
        vec![
            ("submitters", submitters),
            ("workers", workers),
            ("burst", 30_720),
            ("millis", millis),
            ("batch", 256),
        ]
    };
    let mut cases = vec![
        case("W1", "empty jobs in bursts, detached, 1 submitter, 2 workers", &burst(1, 2), detached(false)),
        case(
            "W1t",
            "the same with a handle for each job, waited for in batches of 256",
            &burst(1, 2),
            vec![
                entrant("jobring", "handles"),
                entrant("jobring C", "handles").called("jobring, C API"),
                entrant("rayon", "handles").called("rayon in_place_scope"),
                entrant("channel, boxed", "handles").called("channel, boxed, a channel for each answer"),
                entrant("threadpool", "handles").called("threadpool join()"),
                entrant("tokio", "handles").called("tokio JoinHandle"),
                entrant("oneTBB", "handles").called("oneTBB task_group"),
                entrant("libuv", "handles").called("libuv, after-work callbacks"),
                entrant("OpenMP (libgomp)", "handles").called("OpenMP taskgroup"),
                cpython("handles"),
            ],
        ),
        case("W2", "empty jobs in bursts, detached, 4 submitters, 2 workers", &burst(4, 2), detached(true)),
        case(
            "W11",
            "empty jobs into a completion queue and out of it, by one thread, 256 in flight, 2 workers",
            &burst(1, 2),
            vec![
                entrant("jobring", "completions"),
                entrant("jobring C", "completions").called("jobring, C API"),
                entrant("jobring", "handles").called("jobring, a handle for each job"),
                entrant("jobring", "detached").called("jobring, detached jobs"),
                entrant("channel, inline", "completions").called("two channels"),
                entrant("moodycamel, by hand", "completions").called("two moodycamel queues"),
                cpython("completions").called("CPython as_completed"),
            ],
        ),
    ];
    cases.push(until_idle(&burst(1, 2)));
    cases.push(case(
        "W16",
        "empty jobs in bursts, detached, through lanes of width 1, 1 submitter, 2 workers",
        &burst(1, 2),
        vec![
            entrant("jobring", "lanes").with("lanes", 1).called("jobring, one lane"),
            entrant("jobring", "lanes").with("lanes", 10_000).called("jobring, 10,000 lanes in turn"),
            entrant("jobring", "detached").called("jobring, without lanes"),
            entrant("Boost.Asio", "lanes").with("lanes", 1).called("Boost.Asio, one strand"),
            entrant("Boost.Asio", "lanes").with("lanes", 10_000).called("Boost.Asio, 10,000 strands in turn"),
        ],
    ));
    cases.push(case(
        "W17",
        "C++: empty jobs with a future each, waited for in batches of 256, 1 submitter, 2 workers",
        &burst(1, 2),
        vec![
            entrant("jobring C++", "futures").called("jobring.hpp, futures"),
            entrant("jobring C++", "owned").called("C API, copied data with a drop callback"),
            entrant("jobring C++", "plain").called("C API, an argument"),
            entrant("Boost.Asio", "futures").called("Boost.Asio, packaged_task"),
            // A thread for each job: shorter bursts.
            entrant("jobring C++", "async").with("burst", 1024).called("std::async"),
        ],
    ));
    cases.push(case(
        "W18",
        "empty jobs in other processes, waited for in batches of 256, 1 submitter, 2 workers",
        &burst(1, 2),
        vec![
            entrant("jobring processes", "handles").called("jobring, processes"),
            entrant("jobring C", "handles").called("jobring, threads (C API)"),
            // Shorter bursts.
            entrant("CPython ProcessPoolExecutor", "process handles").with("burst", 1024),
        ],
    ));
    cases.push(event_loop(if options.quick { 100_000 } else { 1_000_000 }));
    cases.extend([(0, "one thread"), (1, "1p1c"), (2, "2p2c"), (4, "4p4c")].map(|(pairs, shape)| {
        let pushes = if options.quick { 40_000 } else { 100_000 };
        Case {
            id: format!("w5-{shape}").replace(' ', "-"),
            metric: rate("rate", "M pairs/s"),
            columns: &COLUMNS[..1],
            ..case(
                "W5",
                &format!("queues without a pool, 1,024 words, {shape}"),
                &[("pairs", pairs), ("burst", pushes), ("bursts", 10)],
                [
                    "jobring rings",
                    "jobring, Queue",
                    "jobring, BlockingQueue",
                    "ArrayQueue",
                    "crossbeam-channel",
                    "heapless",
                    "Mutex<VecDeque>",
                    "ck_ring",
                ]
                .map(|peer| entrant(peer, "ring"))
                .into(),
            )
        }
    }));
    cases
}
