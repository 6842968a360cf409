//! Fork-join on a whole pool.

use super::Pool;
use crate::fork_join::{self, LoopOptions, Nested, Spawned};
use crate::platform::port::Timeout;
use crate::rust::closure::{ClosureRequest, Fits};
use core::ops::ControlFlow;

/// A body of a model. The checker runs it on one system thread.
struct OneThread<F>(F);

// SAFETY:
// - loom runs all threads of a model on one system thread, one at a time, and checks what they share itself.
unsafe impl<F> Sync for OneThread<F> {}

impl<F: Fn(usize, usize) -> ControlFlow<i32>> OneThread<F> {
    fn call(&self, from: usize, to: usize) -> ControlFlow<i32> {
        self.0(from, to)
    }
}

impl<const N: usize> Pool<N> {
    /// Runs a loop over `0..count`, in shares of one item, none of which is begun after `nanos`. True if none was left
    /// out.
    pub fn parallel_for_within(&self, count: usize, nanos: u64, body: impl Fn(usize, usize)) -> bool {
        let body = OneThread(|from, to| {
            body(from, to);
            ControlFlow::Continue(())
        });
        let options = LoopOptions { grain: 1, largest: 1, timeout: Timeout::Nanos(nanos) };
        fork_join::share_out_with(&self.raw, count, options, |from, to| body.call(from, to)).is_ok()
    }

    /// Runs a loop over `0..count`, in shares of `grain`. Returns the value that the body first broke with.
    pub fn parallel_for(
        &self,
        count: usize,
        grain: usize,
        body: impl Fn(usize, usize) -> ControlFlow<i32>,
    ) -> Option<i32> {
        let body = OneThread(body);
        match fork_join::share_out(&self.raw, count, grain, |from, to| body.call(from, to)) {
            ControlFlow::Continue(()) => None,
            ControlFlow::Break(value) => Some(value),
        }
    }
}

extern crate std;

/// A job of a scope in a model.
struct Lent(std::boxed::Box<dyn FnOnce()>);

// SAFETY:
// - as for OneThread.
unsafe impl Send for Lent {}

impl Lent {
    fn call(self) {
        self.0();
    }
}

impl<const N: usize> Pool<N> {
    /// Runs a scope with these jobs, with at most `MOST` at a time.
    pub fn scope<const MOST: usize, const K: usize>(&self, jobs: [std::boxed::Box<dyn FnOnce()>; K]) {
        let spawned = Spawned::<MOST>::new();
        for job in jobs {
            let job = Lent(job);
            // SAFETY:
            // - 1: below, and a job owns what it uses. 2: two words fit into 16 bytes.
            let refused = unsafe {
                spawned.spawn(&self.raw, ClosureRequest::<_, ()>::new(move || job.call(), Fits::asserted(16)))
            };
            if let Err(request) = refused {
                request.into_closure()();
            }
        }
        spawned.finish(&self.raw);
        assert!(spawned.take_panic().is_none());
    }
}

/// What jobs of a scope in a model spawn into it.
pub struct Spawner(Nested);

impl Spawner {
    /// Nothing was spawned yet.
    #[allow(clippy::new_without_default, reason = "it stands for a part of a scope")]
    pub fn new() -> Self {
        Self(Nested::new())
    }
}

impl<const N: usize> Pool<N> {
    /// Runs a scope with this job, which may spawn by the spawner.
    pub fn scope_with(&self, spawner: &Spawner, job: std::boxed::Box<dyn FnOnce()>) {
        let (spawned, job) = (Spawned::<1>::new(), Lent(job));
        // SAFETY:
        // - 1: below, and the job owns what it uses. 2: two words fit into 16 bytes.
        let refused = unsafe {
            spawned.spawn(&self.raw, ClosureRequest::<_, ()>::new(move || job.call(), Fits::asserted(16)))
        };
        if let Err(request) = refused {
            request.into_closure()();
        }
        spawned.finish(&self.raw);
        spawner.0.finish(&self.raw, &spawned);
        assert!(spawned.take_panic().is_none());
    }

    /// Inside such a job.
    pub fn spawn_nested(&self, spawner: &Spawner, job: std::boxed::Box<dyn FnOnce()>) {
        let job = Lent(job);
        // SAFETY:
        // - 1: the caller is inside the job of scope_with, which calls finish. 2: two words fit into 16 bytes.
        let spawned = unsafe {
            spawner.0.spawn(&self.raw, ClosureRequest::<_, ()>::new(move || job.call(), Fits::asserted(16)))
        };
        match spawned {
            Ok(panicked) => assert!(panicked.is_none()),
            Err(request) => request.into_closure()(),
        }
    }
}

impl<const N: usize> Pool<N> {
    /// Calls both closures.
    pub fn join<A, B>(&self, a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
        fork_join::join(&self.raw, a, b)
    }
}
