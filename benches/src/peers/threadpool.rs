//! The crate threadpool: a channel of boxes behind a mutex.

use crate::lines::job;
use crate::measure::Pool;
use crate::measure::birth::birth;
use crate::measure::burst::{Places, bursts};
use crate::params::{Params, Report};

impl Pool for threadpool::ThreadPool {
    fn start(workers: usize, _: &Params) -> Self {
        threadpool::ThreadPool::new(workers)
    }

    fn hand_over(&self, job: fn()) {
        self.execute(job);
    }
}

/// execute for each job, join() for each batch.
pub fn joins(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = threadpool::ThreadPool::new(params.size("workers"));
    let batch = params.get("batch");
    bursts(params, &places, |count| {
        for begin in (0..count).step_by(batch as usize) {
            for _ in 0..batch.min(count - begin) {
                pool.execute(job as fn());
            }
            pool.join();
        }
    })
}

/// Many workers on small stacks. Dropping does not join.
pub fn many(params: &Params) -> Report {
    let workers = params.size("workers");
    let build =
        || threadpool::Builder::new().num_threads(workers).thread_stack_size(params.size("stack")).build();
    birth(workers, build, |pool| {
        drop(pool);
        while crate::machine::status("Threads") > 1.0 {
            std::thread::yield_now();
        }
    })
}
