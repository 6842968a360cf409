//! The items of one job of a map, later their results.

use crate::error::{JobError, JobPanic};
use crate::util::unwind::{catch, drop_ignoring_panic};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Some items of a map. Each is dropped by itself, so that one whose drop panics keeps no other from its own.
pub(super) struct Chunk<A, T> {
    /// Items that have not begun.
    pub(super) inputs: Vec<A>,
    outputs: VecDeque<T>,
    /// The results that are missing in `outputs`: for which item, and why.
    failed: VecDeque<(usize, JobError)>,
    /// How many results were taken.
    taken: usize,
}

impl<A, T> Chunk<A, T> {
    pub(super) const fn new() -> Self {
        Self { inputs: Vec::new(), outputs: VecDeque::new(), failed: VecDeque::new(), taken: 0 }
    }

    /// Makes room for the results, so that the job does not have to.
    pub(super) fn reserve(&mut self) {
        self.outputs.reserve_exact(self.inputs.len());
    }

    /// Calls `f` with each item. Of a call that panics the panic is the result.
    pub(super) fn run(&mut self, f: &impl Fn(A) -> T) {
        let outputs = &mut self.outputs;
        let mut items = self.inputs.drain(..);
        while let Err(payload) = catch(|| outputs.extend(items.by_ref().map(f))) {
            let at = outputs.len() + self.failed.len();
            self.failed.push_back((at, JobError::Panicked(JobPanic::new(payload))));
        }
    }

    /// Has `len` results that are errors.
    pub(super) fn fail(&mut self, len: usize, error: impl Fn() -> JobError) {
        self.failed.extend((0..len).map(|at| (at, error())));
    }

    /// The next result.
    pub(super) fn pop(&mut self) -> Option<Result<T, JobError>> {
        let result = if self.failed.front().is_some_and(|(at, _)| *at == self.taken) {
            Err(self.failed.pop_front()?.1)
        } else {
            Ok(self.outputs.pop_front()?)
        };
        self.taken += 1;
        Some(result)
    }

    /// Every result was taken.
    pub(super) fn reuse(&mut self) {
        self.taken = 0;
    }
}

impl<A, T> Drop for Chunk<A, T> {
    fn drop(&mut self) {
        self.inputs.drain(..).for_each(drop_ignoring_panic);
        self.outputs.drain(..).for_each(drop_ignoring_panic);
        self.failed.drain(..).for_each(drop_ignoring_panic);
    }
}
