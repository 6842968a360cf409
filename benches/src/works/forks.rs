//! W4: a loop over an array, in parallel. W7: recursive join.
//!
//! Beside jobring as it is, one whose worker spins: fork_union's, pthreadpool's and OpenMP's do.

use super::{Case, Entrant, Metric, Rounds, entrant, less};
use crate::options::Options;

/// Polls of a worker before it sleeps.
const SPIN: u64 = 4000;

const SPREAD: &[Metric] = &[less("p10", "p10"), less("p90", "p90"), less("p99", "p99")];
const CPU: &[Metric] = &[less("cpu_ns", "CPU ns a join")];

fn ours(mode: &'static str) -> [Entrant; 2] {
    [entrant("jobring", mode), entrant("jobring", mode).with("spin", SPIN).called("jobring, spin 4,000")]
}

/// W4 and W7.
pub fn cases(options: &Options) -> Vec<Case> {
    let case = |work, id: String, title: String, params: &[(&'static str, u64)], metric: Metric| Case {
        work,
        id,
        title,
        params: params.to_vec(),
        metric,
        columns: &[],
        entrants: Vec::new(),
        rounds: Rounds::All,
        point: None,
    };
    let millis = options.millis / 2;
    let mut cases = Vec::new();
    for (n, threads) in [(1_000, 2), (10_000, 2), (1_000_000, 2), (10_000, 4)] {
        let title = format!("parallel loop over {n} numbers, {threads} threads, the caller included");
        let params = [("n", n), ("threads", threads), ("millis", millis)];
        cases.push(Case {
            columns: SPREAD,
            entrants: ours("loop")
                .into_iter()
                .chain([entrant("bare", "loop").called("plain loop")])
                .chain(
                    ["fork_union", "chili", "rayon", "OpenMP (libgomp)", "pthreadpool", "oneTBB"]
                        .map(|peer| entrant(peer, "loop")),
                )
                .collect(),
            ..case("W4", format!("w4-{n}-{threads}"), title, &params, less("p50", "µs a region, median"))
        });
    }
    let n = if options.quick { 25 } else { 30 };
    for threads in [1, 2] {
        let title = format!("recursive join, fib({n}) without a cut-off, {threads} threads");
        let params = [("n", n), ("threads", threads), ("millis", millis)];
        cases.push(Case {
            columns: CPU,
            entrants: ours("fib")
                .into_iter()
                .chain([entrant("bare", "fib").called("plain calls")])
                .chain(["chili", "rayon"].map(|peer| entrant(peer, "fib")))
                .collect(),
            ..case("W7", format!("w7-{threads}"), title, &params, less("ns", "ns a join"))
        });
    }
    cases
}
