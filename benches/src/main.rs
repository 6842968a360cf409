//! jobring beside its peers on the same work, in one run.
//!
//! W1: empty jobs in bursts, one submitter, two workers, nobody waits for a result. Each round runs every pool once,
//! in an order that rotates; what counts is the ratio of a peer's rate to jobring's within one round, and of those
//! the median and its 95 % interval (order statistics). Rates are shown for orientation only: on a shared machine
//! they move by a factor of two between minutes.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

const ROUNDS: usize = 31;
const BURSTS: u64 = 10;
const BURST: u64 = 30_000;
const WORKERS: usize = 2;

/// Counts what ran, a line for each thread, so that counting costs every pool the same and little.
#[repr(align(128))]
struct Line(AtomicU64);
static RAN: [Line; 64] = [const { Line(AtomicU64::new(0)) }; 64];

fn job() {
    thread_local! { static MINE: usize = {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Relaxed) as usize % RAN.len()
    }; }
    // Two threads may share a line once more than 64 were made, so it is an addition after all.
    MINE.with(|&mine| RAN[mine].0.fetch_add(1, Relaxed));
}

fn ran() -> u64 {
    RAN.iter().map(|line| line.0.load(Relaxed)).sum()
}

/// Jobs per second of `submit`, over bursts that are waited for.
fn rate(mut submit: impl FnMut()) -> f64 {
    let begin = Instant::now();
    for _ in 0..BURSTS {
        let target = ran() + BURST;
        for _ in 0..BURST {
            submit();
        }
        while ran() < target {
            std::thread::yield_now();
        }
    }
    (BURSTS * BURST) as f64 / begin.elapsed().as_secs_f64()
}

fn jobring_detached() -> f64 {
    let pool = jobring::Pool::builder().workers(WORKERS).build().expect("a pool");
    rate(|| pool.submit_detached(job).expect("open"))
}

fn rayon_spawn() -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build().expect("a pool");
    rate(|| pool.spawn(job))
}

fn threadpool_execute() -> f64 {
    let pool = threadpool::ThreadPool::new(WORKERS);
    rate(|| pool.execute(job))
}

fn channel<T: Send + 'static>(make: fn() -> T, run: fn(T)) -> f64 {
    let (send, receive) = crossbeam_channel::bounded::<T>(1024);
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let receive = receive.clone();
            std::thread::spawn(move || receive.into_iter().for_each(run))
        })
        .collect();
    let rate = rate(|| send.send(make()).expect("open"));
    drop(send);
    workers.into_iter().for_each(|worker| worker.join().expect("a worker"));
    rate
}

fn channel_boxed() -> f64 {
    channel::<Box<dyn FnOnce() + Send>>(
        || {
            // It captures a word, or Box would have nothing to allocate.
            let word = black_box(7u64);
            Box::new(move || {
                black_box(word);
                job();
            })
        },
        |run| run(),
    )
}

fn channel_inline() -> f64 {
    channel::<fn()>(|| job, |run| run())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    type Peer = (&'static str, fn() -> f64);
    let peers: [Peer; 5] = [
        ("jobring submit_detached", jobring_detached),
        ("rayon spawn", rayon_spawn),
        ("threadpool execute", threadpool_execute),
        ("crossbeam-channel pool, Box<dyn FnOnce>", channel_boxed),
        ("crossbeam-channel pool, fn pointer", channel_inline),
    ];
    let mut rates = vec![Vec::new(); peers.len()];
    for round in 0..ROUNDS {
        for turn in 0..peers.len() {
            let peer = (round + turn) % peers.len();
            rates[peer].push(peers[peer].1());
        }
    }
    println!("W1: empty jobs, 1 submitter, {WORKERS} workers, {ROUNDS} rounds of {BURSTS} bursts of {BURST}");
    println!("{:<42} {:>10} {:>28}", "pool", "M jobs/s", "jobring is … times as fast");
    // The binomial's 95 % interval of a median of 31: the 10th and the 22nd value.
    let (low, high) = (ROUNDS * 10 / 31 - 1, ROUNDS * 22 / 31 - 1);
    for (peer, (name, _)) in peers.iter().enumerate() {
        let mut ratios: Vec<f64> =
            rates[0].iter().zip(&rates[peer]).map(|(ours, theirs)| ours / theirs).collect();
        let middle = median(&mut ratios);
        let rate = median(&mut rates[peer].clone()) / 1e6;
        println!("{name:<42} {rate:>10.2} {middle:>12.2} [{:.2}, {:.2}]", ratios[low], ratios[high]);
    }
}
