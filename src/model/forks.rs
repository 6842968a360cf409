//! Fork-join on the whole pool.

use super::Pool;
use crate::fork;
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
        match fork::share_out(&self.raw, count, grain, |from, to| body.call(from, to)) {
            ControlFlow::Continue(()) => None,
            ControlFlow::Break(value) => Some(value),
        }
    }
}
