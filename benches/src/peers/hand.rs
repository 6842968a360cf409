//! A small pool made by hand over a bounded queue: workers sleep on one futex, and at most one wake-up is
//! under way.

use crate::gate::{futex_wait, futex_wake};
use crate::measure::Pool;
use crate::measure::ring::CAPACITY;
use crate::params::Params;
use crossbeam_queue::ArrayQueue;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::*, fence};
use std::thread::{self, JoinHandle};

struct Shared {
    queue: ArrayQueue<fn()>,
    sleepers: AtomicU32,
    /// A wake-up is under way. A thread that wakes up or goes to sleep takes it back.
    waking: AtomicBool,
    /// What sleepers sleep on.
    epoch: AtomicU32,
    over: AtomicBool,
}

impl Shared {
    /// After a push, or before it leaves jobs behind: makes sure that some thread looks.
    fn notify(&self) {
        // ORDERING: pairs with the fence in sleep(): either the sleeper sees the job or we see the sleeper.
        fence(SeqCst);
        if self.sleepers.load(Relaxed) > 0 && !self.waking.swap(true, Relaxed) {
            self.wake(1);
        }
    }

    fn wake(&self, count: i32) {
        self.epoch.fetch_add(1, Release);
        futex_wake(&self.epoch, count);
    }

    fn sleep(&self) {
        let epoch = self.epoch.load(Acquire);
        self.sleepers.fetch_add(1, Relaxed);
        self.waking.store(false, Relaxed);
        // ORDERING: pairs with the fence in notify().
        fence(SeqCst);
        if self.queue.is_empty() && !self.over.load(Relaxed) {
            futex_wait(&self.epoch, epoch);
        }
        self.sleepers.fetch_sub(1, Relaxed);
        self.waking.store(false, Relaxed);
    }

    fn work(&self) {
        let mut tries = 0;
        let mut awoken = false;
        loop {
            if let Some(job) = self.queue.pop() {
                if awoken && !self.queue.is_empty() {
                    self.notify();
                }
                job();
                (tries, awoken) = (0, false);
            } else if self.over.load(Acquire) {
                return;
            } else if tries < 200 {
                tries += 1;
                spin_loop();
            } else {
                self.sleep();
                // ORDERING: a push that found `waking` set before sleep() cleared it is seen by the next pop.
                fence(SeqCst);
                (tries, awoken) = (0, true);
            }
        }
    }
}

/// The pool.
pub struct Hand {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool for Hand {
    fn start(workers: usize, params: &Params) -> Self {
        let capacity = params.find("capacity").map_or(CAPACITY, |jobs| jobs as usize);
        let shared = Arc::new(Shared {
            queue: ArrayQueue::new(capacity),
            sleepers: AtomicU32::new(0),
            waking: AtomicBool::new(false),
            epoch: AtomicU32::new(0),
            over: AtomicBool::new(false),
        });
        let workers = (0..workers)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || shared.work())
            })
            .collect();
        Self { shared, workers }
    }

    fn hand_over(&self, job: fn()) {
        let mut tries = 0;
        while self.shared.queue.push(job).is_err() {
            tries += 1;
            if tries < 64 { spin_loop() } else { thread::yield_now() }
        }
        self.shared.notify();
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.shared.over.store(true, SeqCst);
        self.shared.wake(i32::MAX);
        self.workers.drain(..).for_each(|worker| worker.join().expect("a worker"));
    }
}
