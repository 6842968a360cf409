//! What the tests share: gates, counters, and waits that turn a hang into a failure.
#![allow(dead_code, reason = "each test uses a part of it")]

#[cfg(all(any(feature = "std", all(feature = "pthread", feature = "alloc")), target_os = "linux"))]
pub mod backend;

use jobring::{JobError, JobHandle, Pool};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Longer than anything takes that does not hang.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for a job's result.
pub fn done<T: Send>(job: JobHandle<'_, T>) -> Result<T, JobError> {
    job.wait_timeout(DEADLINE).unwrap_or_else(|_| panic!("the job is never over"))
}

/// Yields until `is` returns true.
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is() {
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::yield_now();
    }
}

/// Submits jobs that count themselves.
pub fn count(pool: &Pool, ran: &Count, jobs: usize) {
    for _ in 0..jobs {
        let ran = ran.clone();
        pool.submit_detached(move || ran.add()).expect("room");
    }
}

/// Waits until the pool is idle, with a time limit that only a hang exceeds.
pub fn settle(pool: &Pool) {
    pool.wait_idle_timeout(DEADLINE).unwrap_or_else(|error| panic!("never idle: {error}"));
}

/// Joins a thread that may hang.
pub fn join<T: Send + 'static>(thread: std::thread::JoinHandle<T>) -> T {
    until("join", || thread.is_finished());
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A gate: threads wait until it is opened.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub fn pass(&self) {
        let guard = self.0.0.lock().unwrap();
        let (guard, _) = self.0.1.wait_timeout_while(guard, DEADLINE, |open| !*open).unwrap();
        assert!(*guard, "the gate never opens");
    }
}

/// As std's barrier, with a time limit that only a hang exceeds.
pub struct Barrier {
    threads: usize,
    /// The threads that have arrived since the start.
    arrived: Mutex<usize>,
    all_are_there: Condvar,
}

impl Barrier {
    pub fn new(threads: usize) -> Self {
        Self { threads, arrived: Mutex::new(0), all_are_there: Condvar::new() }
    }

    /// True for one of the threads that meet.
    pub fn wait(&self) -> bool {
        let mut arrived = self.arrived.lock().unwrap();
        *arrived += 1;
        let all = arrived.next_multiple_of(self.threads);
        if *arrived == all {
            self.all_are_there.notify_all();
            return true;
        }
        let (arrived, _) =
            self.all_are_there.wait_timeout_while(arrived, DEADLINE, |arrived| *arrived < all).unwrap();
        assert!(*arrived >= all, "{} of {} never arrive", all - *arrived, self.threads);
        false
    }
}

pub fn pool(workers: usize, capacity: usize) -> Pool {
    Pool::builder().workers(workers).capacity(capacity).build().expect("a pool")
}

/// A job that has started and waits at a gate.
pub fn held<'p>(pool: &'p Pool, gate: &Gate) -> JobHandle<'p, usize> {
    let (runs, gate) = (Gate::new(), gate.clone());
    let begun = runs.clone();
    let job = pool.submit(move || {
        begun.open();
        gate.pass();
        7
    });
    runs.pass();
    job.expect("room")
}

/// Keeps `workers` workers busy until the gate opens. Returns when they are.
pub fn occupy(pool: &Pool, workers: usize) -> Gate {
    let (gate, inside) = (Gate::new(), Count::new());
    for _ in 0..workers {
        let (gate, inside) = (gate.clone(), inside.clone());
        let job = move || {
            inside.add();
            gate.pass();
        };
        pool.submit_detached(job).expect("room");
    }
    until("all workers are busy", || inside.get() == workers);
    gate
}

/// A counter that its clones share.
#[derive(Clone, Default)]
pub struct Count(Arc<AtomicUsize>);

impl Count {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    pub fn get(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// Counts when it is dropped.
    pub fn on_drop(&self) -> CountsDrop {
        CountsDrop(self.clone())
    }
}

/// See [`Count::on_drop`].
pub struct CountsDrop(Count);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.add();
    }
}
