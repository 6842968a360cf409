//! W4: a loop over an array, in parallel. W7: recursive join.
//!
//! jobring's own parallel_for and join go into the first place of each list once the library has them: the others are
//! then compared with it, and until then with the plain loop and the plain call.

use super::{Case, Metric, Rounds, entrant, less};
use crate::options::Options;

/// Said in the tables as long as it is so.
const NOT_YET: &str = "jobring";

const SPREAD: &[Metric] = &[less("p10", "p10"), less("p90", "p90"), less("p99", "p99")];
const CPU: &[Metric] = &[less("cpu_ns", "CPU ns a join")];

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
            entrants: [entrant("bare", "loop").called("plain loop"), entrant(NOT_YET, "loop")]
                .into_iter()
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
            entrants: [entrant("bare", "fib").called("plain calls"), entrant(NOT_YET, "fib")]
                .into_iter()
                .chain(["chili", "rayon"].map(|peer| entrant(peer, "fib")))
                .collect(),
            ..case("W7", format!("w7-{threads}"), title, &params, less("ns", "ns a join"))
        });
    }
    cases
}
