//! Words through a bounded queue, by as many producers as consumers.

use crate::machine::{cpus, pin};
use crate::params::{Params, Report};
use std::hint::spin_loop;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// How many words a queue holds.
pub const CAPACITY: usize = 1024;

/// A bounded queue of words.
pub trait Queue: Sync + Sized {
    /// An empty queue of CAPACITY.
    fn empty() -> Self;
    /// False if it is full.
    fn push(&self, word: usize) -> bool;
    /// None if it is empty.
    fn pop(&self) -> Option<usize>;
}

/// Pairs of push and pop per second. `pairs=0`: one thread, push and pop in turn.
pub fn pairs<Q: Queue>(params: &Params) -> Report {
    let queue = Q::empty();
    let (pairs, burst, bursts) = (params.size("pairs"), params.get("burst"), params.get("bursts"));
    let mut times =
        if pairs == 0 { alone(&queue, burst, bursts) } else { between(&queue, pairs, burst, bursts) };
    times.remove(0);
    times.sort_by(f64::total_cmp);
    let mut report = Report::one("rate", burst as f64 / times[times.len() / 2]);
    report.add("rate_p90", burst as f64 / times[times.len() / 10]);
    report
}

fn alone<Q: Queue>(queue: &Q, burst: u64, bursts: u64) -> Vec<f64> {
    let one = |_| {
        let begin = Instant::now();
        for word in 0..burst as usize {
            assert!(queue.push(word));
            assert_eq!(queue.pop(), Some(word));
        }
        begin.elapsed().as_secs_f64()
    };
    (0..=bursts).map(one).collect()
}

fn between<Q: Queue>(queue: &Q, pairs: usize, burst: u64, bursts: u64) -> Vec<f64> {
    let share = burst as usize / pairs;
    let cpus = cpus();
    let (start, end) = (Barrier::new(2 * pairs + 1), Barrier::new(2 * pairs + 1));
    let (start, end, cpus) = (&start, &end, &cpus);
    thread::scope(|scope| {
        for number in 0..2 * pairs {
            scope.spawn(move || {
                // Producer i and consumer i on neighbouring CPUs.
                let cpu = cpus[number % cpus.len()];
                pin(&[cpu]);
                for _ in 0..=bursts {
                    start.wait();
                    if number % 2 == 0 {
                        (0..share).for_each(|word| until(|| queue.push(word)));
                    } else {
                        (0..share).for_each(|_| until(|| queue.pop().is_some()));
                    }
                    end.wait();
                }
            });
        }
        (0..=bursts)
            .map(|_| {
                start.wait();
                let begin = Instant::now();
                end.wait();
                begin.elapsed().as_secs_f64()
            })
            .collect()
    })
}

/// Tries again and again; gives the CPU away after a while, because somebody else may need it to make room.
fn until(mut tried: impl FnMut() -> bool) {
    let mut tries = 0u32;
    while !tried() {
        tries += 1;
        if tries < 64 { spin_loop() } else { thread::yield_now() }
    }
}
