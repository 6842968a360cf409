//! rayon.

use crate::lines::job;
use crate::measure::Pool;
use crate::measure::birth::birth;
use crate::measure::burst::{Places, bursts};
use crate::measure::payload::{Carrier, Load};
use crate::measure::round_trip::tight;
use crate::params::{Params, Report};

/// rayon's pool, used by spawn.
pub struct Spawn(rayon::ThreadPool);

fn pool(workers: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("a pool")
}

impl Pool for Spawn {
    fn start(workers: usize, _: &Params) -> Self {
        Self(pool(workers))
    }

    fn hand_over(&self, job: fn()) {
        self.0.spawn(job);
    }
}

impl<const BYTES: usize> Carrier<BYTES> for Spawn {
    fn start(workers: usize) -> Self {
        Self(pool(workers))
    }

    fn carry(&self, load: Load<BYTES>) {
        self.0.spawn(move || load.run());
    }
}

/// in_place_scope: one scope for each batch.
pub fn scopes(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = pool(params.size("workers"));
    let batch = params.get("batch");
    bursts(params, &places, |count| {
        for begin in (0..count).step_by(batch as usize) {
            pool.in_place_scope(|scope| {
                for _ in 0..batch.min(count - begin) {
                    scope.spawn(|_| job());
                }
            });
        }
    })
}

/// A pool of one thread, on which a scope spawns a job and waits: the thread that waits runs it.
pub fn waiter_runs_it(params: &Params) -> Report {
    let pool = pool(1);
    pool.install(|| tight(params, || rayon::scope(|scope| scope.spawn(|_| job()))))
}

/// Many workers on small stacks.
pub fn many(params: &Params) -> Report {
    let workers = params.size("workers");
    let build = || {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(workers);
        let left = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = left.clone();
        let builder = builder.stack_size(params.size("stack")).exit_handler(move |_| {
            // ORDERING: Relaxed: only counted.
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        });
        (builder.build().expect("a pool"), left)
    };
    birth(workers, build, |(pool, left)| {
        // A drop does not join: the pool has ended when every thread has called its exit handler.
        drop(pool);
        while left.load(std::sync::atomic::Ordering::Relaxed) < workers {
            std::thread::yield_now();
        }
    })
}
