//! Many workers: how long until they are there, what they take, how long until they are gone.

use crate::machine::status;
use crate::params::Report;
use std::thread;
use std::time::{Duration, Instant};

/// Measures `create`, whose value is the pool, and `end`, which joins its threads.
pub fn birth<P>(workers: usize, create: impl FnOnce() -> P, end: impl FnOnce(P)) -> Report {
    let (resident, mapped) = (status("VmRSS"), status("VmSize"));
    let begin = Instant::now();
    let pool = create();
    let created = begin.elapsed();
    // Until every thread has started, and has touched what it touches.
    while status("Threads") < workers as f64 && begin.elapsed() < Duration::from_secs(20) {
        thread::yield_now();
    }
    // Not synchronisation: what is looked at is memory at rest.
    thread::sleep(Duration::from_millis(100));
    let mut report = Report::one("create_ms", created.as_secs_f64() * 1e3);
    report.add("resident_kib", (status("VmRSS") - resident) / workers as f64);
    report.add("mapped_kib", (status("VmSize") - mapped) / workers as f64);
    report.add("threads", status("Threads") - 1.0);
    let begin = Instant::now();
    end(pool);
    report.add("join_ms", begin.elapsed().as_secs_f64() * 1e3);
    report
}
