//! tokio's blocking pool: spawn_blocking.

use crate::lines::job;
use crate::measure::Pool;
use crate::measure::birth::birth;
use crate::measure::burst::{Places, bursts};
use crate::params::{Params, Report};
use tokio::runtime::{Builder, Runtime};

/// A runtime of which only the blocking pool is used.
pub struct Blocking(Runtime);

fn runtime(workers: usize) -> Builder {
    let mut builder = Builder::new_current_thread();
    builder.max_blocking_threads(workers);
    builder
}

impl Pool for Blocking {
    fn start(workers: usize, _: &Params) -> Self {
        Self(runtime(workers).build().expect("a runtime"))
    }

    fn hand_over(&self, job: fn()) {
        drop(self.0.spawn_blocking(job));
    }
}

/// A handle for each job, waited for in batches.
pub fn handles(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let runtime = Blocking::start(params.size("workers"), params).0;
    let batch = params.get("batch");
    bursts(params, &places, |count| {
        let mut waited = Vec::with_capacity(batch as usize);
        for begin in (0..count).step_by(batch as usize) {
            waited.extend((0..batch.min(count - begin)).map(|_| runtime.spawn_blocking(job)));
            runtime.block_on(async {
                for handle in waited.drain(..) {
                    handle.await.expect("it ran");
                }
            });
        }
    })
}

/// Many workers on small stacks. They start with jobs only, so there is one for each, and none ends before
/// all began.
pub fn many(params: &Params) -> Report {
    let workers = params.size("workers");
    let build = || {
        let runtime = runtime(workers).thread_stack_size(params.size("stack")).build().expect("a runtime");
        let all = std::sync::Arc::new(std::sync::Barrier::new(workers));
        for _ in 0..workers {
            let all = all.clone();
            drop(runtime.spawn_blocking(move || all.wait()));
        }
        runtime
    };
    birth(workers, build, drop)
}
