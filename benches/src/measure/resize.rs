//! Threads come and go while a pool of one worker runs what another thread submits.

use crate::params::{Params, Report};
use jobring::Pool;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Jobs that are submitted at once, and the time until the next.
const BURST: usize = 32;
const PAUSE: Duration = Duration::from_micros(100);
/// Cycles before those that count.
const BEFORE: usize = 3;

static RAN: AtomicU64 = AtomicU64::new(0);

/// Not the job of the other works: that one takes a line for each thread that runs it, and here there are thousands.
fn job() {
    RAN.fetch_add(1, Relaxed);
}

/// Measures `cycle`, which makes `workers` threads and ends all but one, beside that load.
pub fn resize(params: &Params, mut cycle: impl FnMut(&Pool)) -> Report {
    let pool = Pool::builder()
        .workers(1)
        .grow_to(params.size("workers"))
        .stack_size(params.size("stack"))
        .build()
        .expect("a pool");
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        threads.spawn(|| {
            while !over.load(Relaxed) {
                for _ in 0..BURST {
                    pool.submit_detached(job).expect("open");
                }
                // A load that leaves CPU time: otherwise the threads that come only wait for a CPU.
                thread::sleep(PAUSE);
            }
        });
        let mut took = Vec::new();
        for _ in 0..BEFORE + params.size("samples") {
            let begin = Instant::now();
            cycle(&pool);
            took.push(begin.elapsed().as_secs_f64() * 1e6);
        }
        over.store(true, Relaxed);
        Report::distribution(took.split_off(BEFORE))
    })
}
