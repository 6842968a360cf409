//! A pool with nothing to do: what it takes of the CPU.

use super::Pool;
use crate::gate::Gate;
use crate::machine::{cpus, pin, usage};
use crate::params::{Params, Report};
use std::thread;
use std::time::Duration;

static GATE: Gate = Gate::new();

/// Runs a job, lets the pool fall asleep, and looks on for `seconds`.
pub fn idle<P: Pool>(params: &Params) -> Report {
    let pool = P::start(params.size("workers"), params);
    pool.hand_over(|| GATE.open());
    GATE.pass();
    pin(&cpus()[..1]);
    // Not synchronisation: time passes, that is the work.
    thread::sleep(Duration::from_millis(100));
    let before = usage(false);
    thread::sleep(Duration::from_secs(params.get("seconds")));
    let after = usage(false);
    let mut report = Report::one("cpu_us", (after.cpu - before.cpu) / 1e3);
    // One of them is this thread's.
    report.add("switches", after.switches - before.switches - 1.0);
    drop(pool);
    report
}
