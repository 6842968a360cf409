//! A loop with a tiny body, shared out, beside rayon:
//! `cargo run --release -p jobring-bench --bin parallel_for [ROUNDS]`. One round runs all of them, in turn;
//! the table has medians, and ratios to the plain loop of the same round.

use rayon::prelude::*;
use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

/// Numbers that shares write to.
struct Numbers(Vec<f32>);

// SAFETY:
// - shares do not overlap, and each writes its own alone.
unsafe impl Sync for Numbers {}

impl Numbers {
    fn at(&self) -> *mut f32 {
        self.0.as_ptr().cast_mut()
    }
}

#[inline(always)]
fn body(numbers: &mut [f32]) {
    for number in numbers {
        *number = *number * 0.5 + 1.0;
    }
}

fn share(numbers: &Numbers, range: Range<usize>) {
    // SAFETY:
    // - a share is within the numbers, and nobody else's.
    body(unsafe { std::slice::from_raw_parts_mut(numbers.at().add(range.start), range.len()) });
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn main() {
    let rounds = std::env::args().nth(1).map_or(15, |text| text.parse::<usize>().expect("a number"));
    let build = |workers, spin| jobring::Pool::builder().workers(workers).spin(spin).build().expect("a pool");
    let (one, three, spinning) = (build(1, 0), build(3, 0), build(1, 2000));
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
    for count in [1_000, 10_000, 1_000_000] {
        let (own, chunk) = (Numbers(vec![1.0; count]), (count / 8).max(1));
        let (mut plain, mut theirs) = (vec![1.0f32; count], vec![1.0f32; count]);
        let numbers = &own;
        type Peer<'a> = (&'static str, Box<dyn FnMut() + 'a>);
        let mut peers: Vec<Peer<'_>> = vec![
            ("plain loop", Box::new(|| body(black_box(&mut plain[..])))),
            ("jobring, 1 worker, automatic", {
                Box::new(|| one.parallel_for(0..count, 0, |range| share(numbers, range)))
            }),
            ("jobring, 3 workers, automatic", {
                Box::new(|| three.parallel_for(0..count, 0, |range| share(numbers, range)))
            }),
            ("jobring, 1 worker, grain 16,384", {
                Box::new(|| one.parallel_for(0..count, 16_384, |range| share(numbers, range)))
            }),
            ("jobring, 1 worker that spins, automatic", {
                Box::new(|| spinning.parallel_for(0..count, 0, |range| share(numbers, range)))
            }),
            ("jobring, 1 worker that spins, grain 16,384", {
                Box::new(|| spinning.parallel_for(0..count, 16_384, |range| share(numbers, range)))
            }),
            ("rayon, 2 threads, chunks", {
                Box::new(|| rayon.install(|| theirs.par_chunks_mut(chunk).for_each(body)))
            }),
        ];
        let times = 200_000_000 / count / 1000 + 1;
        let mut all = vec![Vec::new(); peers.len()];
        for _ in 0..rounds {
            for ((_, run), all) in peers.iter_mut().zip(&mut all) {
                run();
                let begun = Instant::now();
                (0..times).for_each(|_| run());
                all.push(begun.elapsed().as_secs_f64() * 1e6 / times as f64);
            }
        }
        println!("{count} items, {rounds} rounds: µs a loop (median), ratio to the plain loop");
        let base = all[0].clone();
        for ((name, _), all) in peers.iter().zip(all) {
            let ratios = all.iter().zip(&base).map(|(time, base)| time / base).collect();
            println!("| {name} | {:.3} | {:.2} |", median(all), median(ratios));
        }
    }
}
