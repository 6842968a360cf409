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

/// A burst lasts from when the first thread begins until the last one ends, by their own clocks: a thread
/// beside them that measured could itself be late.
fn between<Q: Queue>(queue: &Q, pairs: usize, burst: u64, bursts: u64) -> Vec<f64> {
    let share = burst as usize / pairs;
    let (cpus, start, zero) = (cpus(), Barrier::new(2 * pairs), Instant::now());
    let one_thread = |number: usize| {
        // Producer i and consumer i on neighbouring CPUs.
        pin(&[cpus[number % cpus.len()]]);
        let one_burst = |_| {
            start.wait();
            let begin = zero.elapsed().as_secs_f64();
            if number.is_multiple_of(2) {
                (0..share).for_each(|word| until(|| queue.push(word)));
            } else {
                (0..share).for_each(|_| until(|| queue.pop().is_some()));
            }
            (begin, zero.elapsed().as_secs_f64())
        };
        (0..=bursts).map(one_burst).collect::<Vec<(f64, f64)>>()
    };
    let of_threads: Vec<Vec<(f64, f64)>> = thread::scope(|scope| {
        let one_thread = &one_thread;
        let threads: Vec<_> = (0..2 * pairs).map(|number| scope.spawn(move || one_thread(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    (0..=bursts as usize)
        .map(|burst| {
            let first = of_threads.iter().map(|times| times[burst].0).fold(f64::INFINITY, f64::min);
            let last = of_threads.iter().map(|times| times[burst].1).fold(0.0, f64::max);
            last - first
        })
        .collect()
}

/// Tries again and again; yields the CPU after a while, because another thread may need it to make room.
fn until(mut tried: impl FnMut() -> bool) {
    let mut tries = 0u32;
    while !tried() {
        tries += 1;
        if tries < 64 { spin_loop() } else { thread::yield_now() }
    }
}
