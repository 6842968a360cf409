//! What a user of jobring writes: jobs that share state, with the primitives of `sync`. `tests/threads.rs`
//! runs them on real threads, `tests/model.rs` in every execution that loom distinguishes.
//!
//! Each feature plants a mistake, in a model only.

mod sync;

use jobring::{Pool, SubmitError};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use sync::{Arc, AtomicBool, AtomicUsize, Condvar, Mutex};

/// A number that a job finds out in the background.
#[derive(Clone)]
pub struct Reading(Arc<Published>);

struct Published {
    value: AtomicUsize,
    ready: AtomicBool,
}

impl Reading {
    /// Lets a job of the pool find the number out.
    pub fn begin(pool: &Pool, measure: impl FnOnce() -> usize + Send + 'static) -> Self {
        let reading = Self(Arc::new(Published { value: AtomicUsize::new(0), ready: AtomicBool::new(false) }));
        let published = reading.0.clone();
        let job = move || {
            published.value.store(measure(), Relaxed);
            // Pairs with the Acquire in `get`.
            let order = if cfg!(all(jobring_loom, feature = "planted-order")) { Relaxed } else { Release };
            published.ready.store(true, order);
        };
        pool.submit_detached(job).expect("the pool is open");
        reading
    }

    /// The number, if it is known by now.
    pub fn get(&self) -> Option<usize> {
        self.0.ready.load(Acquire).then(|| self.0.value.load(Relaxed))
    }
}

/// Numbers that are added up side by side.
#[derive(Clone)]
pub struct Sum(Arc<Parts>);

struct Parts {
    sum: AtomicUsize,
    left: Mutex<usize>,
    none_left: Condvar,
}

impl Sum {
    /// A job for each number.
    pub fn begin(pool: &Pool, numbers: &[usize]) -> Self {
        let parts =
            Parts { sum: AtomicUsize::new(0), left: Mutex::new(numbers.len()), none_left: Condvar::new() };
        let sum = Self(Arc::new(parts));
        for &number in numbers {
            let parts = sum.0.clone();
            let add = pool.try_submit_detached(move || parts.add(number));
            if let Err(SubmitError::Full(job)) = add {
                // The pool has enough to do: this one is the caller's.
                job();
            }
        }
        sum
    }

    /// Sleeps until all are added up.
    pub fn wait(&self) -> usize {
        let mut left = self.0.left.lock().unwrap();
        while *left > 0 {
            left = self.0.none_left.wait(left).unwrap();
        }
        self.0.sum.load(Relaxed)
    }
}

impl Parts {
    fn add(&self, number: usize) {
        if cfg!(all(jobring_loom, feature = "planted-lost-update")) {
            self.sum.store(self.sum.load(Relaxed) + number, Relaxed);
        } else {
            self.sum.fetch_add(number, Relaxed);
        }
        if cfg!(all(jobring_loom, feature = "planted-lost-wake-up")) {
            self.none_left.notify_all();
            *self.left.lock().unwrap() -= 1;
        } else {
            *self.left.lock().unwrap() -= 1;
            self.none_left.notify_all();
        }
    }
}
