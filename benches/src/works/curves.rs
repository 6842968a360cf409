//! W9: what a job costs as something grows.

use super::{Case, Entrant, Metric, Rounds, entrant};
use crate::options::Options;

const PEERS: [&str; 3] = ["jobring", "channel, inline", "rayon"];
/// Of a rate of jobs: what one takes, wall time.
const RATE: Metric = super::rate("rate", "M jobs/s");
/// The most jobs in a burst for a peer whose queue has no bound.
const MOST_UNBOUNDED: u64 = 1_000_000;

/// The cases: one for each point.
pub fn cases(options: &Options) -> Vec<Case> {
    let point =
        |curve: &'static str, at: u64, what: &str, change: &[(&'static str, u64)], entrants: Vec<Entrant>| {
            let millis = options.millis / 2;
            let mut params =
                vec![("submitters", 1), ("workers", 2), ("burst", 30_720), ("millis", millis), ("fewest", 3)];
            for &(name, value) in change {
                params.retain(|&(known, _)| known != name);
                params.push((name, value));
            }
            Case {
                work: "W9",
                id: format!("w9-{curve}-{at}"),
                title: format!("growth: {at} {what}"),
                params,
                metric: RATE,
                columns: &[],
                entrants,
                rounds: Rounds::Third,
                point: Some((curve, at as f64)),
            }
        };
    let detached = || PEERS.map(|peer| entrant(peer, "detached")).into_iter().collect::<Vec<_>>();
    let mut cases = Vec::new();
    let most = match (options.quick, options.long) {
        (true, _) => 6,
        (_, false) => 7,
        (_, true) => 8,
    };
    for exponent in 3..=most {
        let jobs = 10u64.pow(exponent);
        let mut entrants = detached();
        if jobs > MOST_UNBOUNDED {
            entrants.retain(|entrant| entrant.peer != "rayon");
        }
        cases.push(point("jobs", jobs, "jobs in a burst", &[("burst", jobs), ("fewest", 1)], entrants));
    }
    for workers in [1, 2, 4, 8, 16, 32, 64] {
        cases.push(point("workers", workers, "workers", &[("workers", workers)], detached()));
    }
    for submitters in [1, 2, 4, 8, 16] {
        cases.push(point("submitters", submitters, "submitters", &[("submitters", submitters)], detached()));
    }
    for exponent in [4, 6, 8, 10, 12, 14, 16, 18] {
        let jobs = 1 << exponent;
        let mut entrants = detached();
        entrants.truncate(2);
        cases.push(point("capacity", jobs, "jobs fit in", &[("capacity", jobs)], entrants));
    }
    for (bytes, mode) in [
        (0, "load0"),
        (16, "load16"),
        (48, "load48"),
        (112, "load112"),
        (240, "load240"),
        (496, "load496"),
        (1008, "load1008"),
    ] {
        let entrants =
            ["jobring", "channel, inline", "channel, boxed", "rayon"].map(|peer| entrant(peer, mode));
        cases.push(point("payload", bytes, "bytes with each job", &[], entrants.into()));
    }
    cases
}
