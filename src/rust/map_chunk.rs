//! The items of one job of a map, later their results.

use crate::error::{JobError, JobPanic};
use crate::util::unwind::{catch, drop_ignoring_panic};
use alloc::vec::Vec;
use core::mem::replace;

/// An item on its way.
pub(super) enum Cell<A, T> {
    Input(A),
    Output(Result<T, JobError>),
    Empty,
}

/// The items of one chunk. Each is dropped by itself, so that one whose drop panics keeps no other from its own.
pub(super) struct Chunk<A, T>(pub(super) Vec<Cell<A, T>>);

impl<A, T> Chunk<A, T> {
    pub(super) const EMPTY: Self = Self(Vec::new());

    /// Calls `f` with each item. Of a call that panics the panic is the result.
    pub(super) fn run(&mut self, f: &impl Fn(A) -> T) {
        let mut begun = 0;
        while begun < self.0.len() {
            let ended = catch(|| {
                while let Some(cell) = self.0.get_mut(begun) {
                    begun += 1;
                    if let Cell::Input(item) = replace(cell, Cell::Empty) {
                        *cell = Cell::Output(Ok(f(item)));
                    }
                }
            });
            if let Err(payload) = ended {
                self.0[begun - 1] = Cell::Output(Err(JobError::Panicked(JobPanic::new(payload))));
            }
        }
    }
}

impl<A, T> Drop for Chunk<A, T> {
    fn drop(&mut self) {
        self.0.drain(..).for_each(drop_ignoring_panic);
    }
}
