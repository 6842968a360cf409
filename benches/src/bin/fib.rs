//! Recursive join without cut-off, beside rayon and chili:
//! `cargo run --release -p jobring-bench --bin fib [N [PAIRS]]`. One round runs all of them, in turn; the
//! table has medians, and ratios to the plain recursion of the same round.

use std::hint::black_box;
use std::time::Instant;

fn plain(n: u32) -> u64 {
    if n < 2 { u64::from(n) } else { plain(black_box(n - 1)) + plain(black_box(n - 2)) }
}

fn ours(pool: &jobring::Pool, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = pool.join(|| ours(pool, n - 1), || ours(pool, n - 2));
    a + b
}

fn rayon(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = rayon::join(|| rayon(n - 1), || rayon(n - 2));
    a + b
}

fn chili(scope: &mut chili::Scope<'_>, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = scope.join(|scope| chili(scope, n - 1), |scope| chili(scope, n - 2));
    a + b
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn main() {
    let mut args = std::env::args().skip(1).map(|text| text.parse::<u32>().expect("a number"));
    let (n, rounds) = (args.next().unwrap_or(30), args.next().unwrap_or(15));
    let (expected, joins) = (plain(n), plain(n + 1) as f64 - 1.0);
    let one = jobring::Pool::builder().workers(0).build().expect("a pool");
    let two = jobring::Pool::builder().workers(1).build().expect("a pool");
    let spinning = jobring::Pool::builder().workers(1).spin(1000).build().expect("a pool");
    let threads = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("a pool");
    let (rayon_one, rayon_two) = (threads(1), threads(2));
    let chilis = |n| {
        let n = std::num::NonZero::new(n).expect("a thread");
        let config = chili::Config { thread_count: Some(n), ..chili::Config::default() };
        chili::ThreadPool::with_config(config)
    };
    let (chili_one, chili_two) = (chilis(1), chilis(2));
    type Peer<'a> = (&'static str, Box<dyn FnMut() -> u64 + 'a>);
    let mut peers: Vec<Peer<'_>> = vec![
        ("plain recursion", Box::new(|| plain(n))),
        ("jobring, caller alone", Box::new(|| ours(&one, n))),
        ("jobring, caller and 1 worker", Box::new(|| ours(&two, n))),
        ("jobring, caller and 1 that spins", Box::new(|| ours(&spinning, n))),
        ("rayon, 1 thread", Box::new(|| rayon_one.install(|| rayon(n)))),
        ("rayon, 2 threads", Box::new(|| rayon_two.install(|| rayon(n)))),
        ("chili, 1 thread", Box::new(|| chili(&mut chili_one.scope(), n))),
        ("chili, 2 threads", Box::new(|| chili(&mut chili_two.scope(), n))),
    ];
    let mut times = vec![Vec::new(); peers.len()];
    for _ in 0..rounds {
        for ((_, run), times) in peers.iter_mut().zip(&mut times) {
            let begun = Instant::now();
            let result = run();
            times.push(begun.elapsed().as_secs_f64() * 1e9 / joins);
            assert_eq!(result, expected);
        }
    }
    println!(
        "fib({n}), {joins} joins, {rounds} rounds: ns a join (median), the least, ratio to the plain recursion"
    );
    let base = times[0].clone();
    for ((name, _), times) in peers.iter().zip(times) {
        let ratios = times.iter().zip(&base).map(|(time, base)| time / base).collect();
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        println!("| {name} | {:.2} | {least:.2} | {:.2} |", median(times), median(ratios));
    }
}
