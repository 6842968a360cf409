//! The round trip of one job: from before it is submitted until its submitter knows that it ran.

use super::Pool;
use crate::gate::Gate;
use crate::machine::{cpus, pin};
use crate::params::{Params, Report};
use std::thread;
use std::time::{Duration, Instant};

static GATE: Gate = Gate::new();

fn opens() {
    GATE.open();
}

/// Puts the workers on one CPU and the submitter on another, or on the same one if `same` says so.
pub struct Pair(usize, usize);

impl Pair {
    /// Pins the caller where the workers will be.
    pub fn new(params: &Params) -> Self {
        let cpus = cpus();
        let ours = if params.find("same") == Some(1) { 0 } else { 1 % cpus.len() };
        pin(&cpus[ours..=ours]);
        Self(cpus[0], cpus[ours])
    }

    /// Pins the caller to the submitter's CPU after the pool has started.
    pub fn part(&self) {
        pin(&[self.0]);
    }

    /// Have the two a CPU each?
    pub fn is_apart(&self) -> bool {
        self.0 != self.1
    }
}

/// Samples of `one`, each after a pause in which all threads fall asleep.
pub fn cold(params: &Params, mut one: impl FnMut()) -> Report {
    let samples = params.get("samples");
    Report::distribution(
        (0..samples)
            .map(|_| {
                // Not synchronisation: the work is "after a while of nothing".
                thread::sleep(Duration::from_micros(1500));
                let begin = Instant::now();
                one();
                begin.elapsed().as_secs_f64() * 1e6
            })
            .collect(),
    )
}

/// Samples of `one`, back to back.
pub fn hot(params: &Params, mut one: impl FnMut()) -> Report {
    let samples = 20 * params.get("samples");
    Report::distribution(
        (0..samples)
            .map(|_| {
                let begin = Instant::now();
                one();
                begin.elapsed().as_secs_f64() * 1e6
            })
            .collect(),
    )
}

/// Thousands of `one` at a time, for what takes less than a look at the clock; the distribution of their
/// means.
pub fn tight(params: &Params, mut one: impl FnMut()) -> Report {
    const TIMES: u32 = 1000;
    Report::distribution(
        (0..params.get("samples"))
            .map(|_| {
                let begin = Instant::now();
                (0..TIMES).for_each(|_| one());
                begin.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
            })
            .collect(),
    )
}

/// One worker, both asleep; the job opens a gate.
pub fn both_asleep<P: Pool>(params: &Params) -> Report {
    let pair = Pair::new(params);
    let pool = P::start(1, params);
    let one = || {
        pool.hand_over(opens);
        GATE.pass();
    };
    one();
    pair.part();
    one();
    cold(params, one)
}

/// One worker, both awake; the job opens a gate, and the submitter spins before it.
pub fn both_awake<P: Pool>(params: &Params) -> Report {
    let pair = Pair::new(params);
    if !pair.is_apart() {
        return Report::default();
    }
    let pool = P::start(1, params);
    pool.hand_over(opens);
    GATE.pass();
    pair.part();
    let one = || {
        pool.hand_over(opens);
        GATE.pass_spinning();
    };
    one();
    hot(params, one)
}
