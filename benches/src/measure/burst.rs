//! Bursts of empty jobs. A burst ends when all its jobs have run.

use super::Pool;
use crate::lines::{job, ran};
use crate::machine::{cpus, pin, usage};
use crate::params::{Params, Report};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// The fewest bursts that are measured, however slow the pool, where the case does not say.
const FEWEST: u64 = 5;
/// Jobs of each submitter in a burst that only warms up.
const WARM: u64 = 4096;

/// Bursts of detached jobs, one by one.
pub fn detached<P: Pool>(params: &Params) -> Report {
    run::<P>(params, |pool, count| {
        for _ in 0..count {
            pool.hand_over(job);
        }
    })
}

/// Bursts of detached jobs, in batches.
pub fn batches<P: Pool>(params: &Params) -> Report {
    run::<P>(params, |pool, count| {
        for begin in (0..count).step_by(64) {
            pool.hand_over_many(job, 64.min(count - begin));
        }
    })
}

fn run<P: Pool>(params: &Params, submit: impl Fn(&P, u64) + Sync) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = P::start(params.size("workers"), params);
    bursts(params, &places, |count| submit(&pool, count))
}

/// Where threads go: with a CPU for each, submitters have one each and the workers share the rest. With fewer
/// CPUs the system decides, for every pool alike.
pub struct Places {
    cpus: Vec<usize>,
    submitters: usize,
    apart: bool,
}

impl Places {
    /// For `workers` and `submitters`.
    pub fn new(params: &Params) -> Self {
        let (cpus, submitters) = (cpus(), params.size("submitters"));
        let apart = cpus.len() >= submitters + params.size("workers");
        Self { cpus, submitters, apart }
    }

    /// Before the pool is made: its threads inherit the place.
    pub fn of_workers(&self) {
        if self.apart {
            pin(&self.cpus[self.submitters..]);
        }
    }

    /// On a submitter's own thread.
    pub fn of_submitter(&self, number: usize) {
        if self.apart {
            pin(&self.cpus[number..=number]);
        }
    }
}

/// Measures bursts that `submit` hands over, from as many threads as `submitters` says.
pub fn bursts(params: &Params, places: &Places, submit: impl Fn(u64) + Sync) -> Report {
    let submitters = params.get("submitters");
    let share = (params.get("burst") / submitters).max(1);
    let burst = share * submitters;
    let budget = Duration::from_millis(params.get("millis"));
    let fewest = params.find("fewest").unwrap_or(FEWEST) as usize;
    let start = Barrier::new(submitters as usize);
    let warmed = AtomicBool::new(false);
    let share_now = || if warmed.load(Relaxed) { share } else { share.min(WARM) };
    let over = AtomicBool::new(false);
    let (mut times, mut before) = (Vec::new(), usage(false));
    thread::scope(|scope| {
        for number in 1..submitters as usize {
            let (start, over, submit, share_now) = (&start, &over, &submit, &share_now);
            scope.spawn(move || {
                places.of_submitter(number);
                loop {
                    start.wait();
                    if over.load(Relaxed) {
                        return;
                    }
                    submit(share_now());
                }
            });
        }
        let begin = Instant::now();
        let one = || {
            let target = ran() + share_now() * submitters;
            start.wait();
            let begin = Instant::now();
            submit(share_now());
            while ran() < target {
                thread::yield_now();
            }
            begin.elapsed().as_secs_f64()
        };
        // The first starts lazy threads while this one may still go where they go.
        one();
        places.of_submitter(0);
        one();
        // ORDERING: Relaxed: the barrier orders it; nobody is between two bursts here but this thread.
        warmed.store(true, Relaxed);
        before = usage(false);
        let mut count = 0;
        while count < fewest || begin.elapsed() < budget {
            times.push(one());
            count += 1;
        }
        // ORDERING: Relaxed: the barrier orders it.
        over.store(true, Relaxed);
        start.wait();
    });
    let after = usage(false);
    let jobs = burst as f64 * times.len() as f64;
    let mut report = Report::one("rate_all", jobs / times.iter().sum::<f64>());
    times.sort_by(f64::total_cmp);
    report.add("rate", burst as f64 / times[times.len() / 2]);
    report.add("rate_p90", burst as f64 / times[times.len() / 10]);
    report.add("cpu_ns", (after.cpu - before.cpu) / jobs);
    report.add("sleeps_per_million", (after.sleeps - before.sleeps) / jobs * 1e6);
    report
}
