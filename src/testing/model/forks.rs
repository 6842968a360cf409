//! Fork-join on the whole pool.

use super::Pool;
use crate::fork_join::{self, Spawned};
use crate::rust::closure::{ClosureRequest, Fits};
use core::ops::ControlFlow;

/// A body of a model, which the checker runs on one thread of the system's.
struct OneThread<F>(F);

// SAFETY:
// - loom runs all of a model's threads on one of the system's, one at a time, and checks what they share itself.
unsafe impl<F> Sync for OneThread<F> {}

impl<F: Fn(usize, usize) -> ControlFlow<i32>> OneThread<F> {
    fn call(&self, from: usize, to: usize) -> ControlFlow<i32> {
        self.0(from, to)
    }
}

impl<const N: usize> Pool<N> {
    /// A loop over `0..count`, in shares of `grain`; what the body broke with first.
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

/// A job of a model's scope.
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
    /// A scope with these jobs, of which it keeps `MOST` at a time.
    pub fn scope<const MOST: usize, const K: usize>(&self, jobs: [std::boxed::Box<dyn FnOnce()>; K]) {
        let spawned = Spawned::<MOST>::new();
        for job in jobs {
            let job = Lent(job);
            // SAFETY:
            // - 1: below; a job owns what it uses. 2: two words fit into 16 bytes.
            let refused = unsafe {
                spawned.spawn(&self.raw, ClosureRequest::<_, ()>::new(move || job.call(), Fits::asserted(16)))
            };
            if let Err(request) = refused {
                request.into_closure()();
            }
        }
        assert!(spawned.finish(&self.raw).is_none());
    }
}

impl<const N: usize> Pool<N> {
    /// Calls both.
    pub fn join<A, B>(&self, a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
        fork_join::join(&self.raw, a, b)
    }
}
