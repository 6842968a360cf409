//! A map of a million small items beside `parallel_for`, which writes the same results to a slice:
//! `cargo run --release -p jobring-bench --bin map [ROUNDS]`. One round runs all of them, in turn; the table has medians, and
//! ratios to `parallel_for` of the same round.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

const ITEMS: usize = 1_000_000;

fn small(number: u64) -> u64 {
    let mut mixed = number;
    for _ in 0..16 {
        mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    mixed
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn main() {
    let rounds = std::env::args().nth(1).map_or(31, |text| text.parse::<usize>().expect("a number"));
    let pool = jobring::Pool::builder().workers(1).build().expect("a pool");
    let out: Vec<AtomicU64> = (0..ITEMS).map(|_| AtomicU64::new(0)).collect();
    let numbers: Vec<u64> = (0..ITEMS as u64).collect();
    let sum = |chunk, in_flight| {
        let map = pool.map_iter(0..ITEMS as u64, small).chunk(chunk).in_flight(in_flight);
        map.fold(0u64, |sum, result| sum.wrapping_add(result.expect("it runs")))
    };
    type Peer<'a> = (&'static str, Box<dyn FnMut() -> u64 + 'a>);
    let mut peers: Vec<Peer<'_>> = vec![
        ("parallel_for, 1 worker, and a sum", {
            Box::new(|| {
                pool.parallel_for(0..ITEMS, 0, |share| {
                    share.for_each(|n| out[n].store(small(n as u64), Relaxed));
                });
                out.iter().fold(0u64, |sum, result| sum.wrapping_add(result.load(Relaxed)))
            })
        }),
        ("map over a slice, 1 worker", {
            Box::new(|| {
                let results = pool.map(&numbers, |&number| small(number));
                results.iter().fold(0u64, |sum, result| sum.wrapping_add(*result))
            })
        }),
        ("plain loop", Box::new(|| (0..ITEMS as u64).map(small).fold(0, u64::wrapping_add))),
        ("map_iter, 1 worker, chunks of 100", Box::new(|| sum(100, 0))),
        ("map_iter, 1 worker, chunks of 1,000", Box::new(|| sum(1000, 0))),
        ("map_iter, 1 worker, chunks of 1,000, 4 in flight", Box::new(|| sum(1000, 4))),
        ("map_iter, 1 worker, chunks of 10,000, 4 in flight", Box::new(|| sum(10_000, 4))),
    ];
    let mut all = vec![Vec::new(); peers.len()];
    for _ in 0..rounds {
        for ((_, run), all) in peers.iter_mut().zip(&mut all) {
            let begun = Instant::now();
            black_box(run());
            all.push(begun.elapsed().as_secs_f64() * 1e6);
        }
    }
    println!("{ITEMS} items, {rounds} rounds: µs (median), ratio to parallel_for");
    let base = all[0].clone();
    for ((name, _), all) in peers.iter().zip(all) {
        let ratios = all.iter().zip(&base).map(|(time, base)| time / base).collect();
        println!("| {name} | {:.0} | {:.2} |", median(all), median(ratios));
    }
}
