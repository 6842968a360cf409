//! Several jobs handed over one behind the other: their slots are taken some at a time, and one wake-up tells of them all.
//!
//! A thread that is stopped in here keeps the slots that it took and has not filled yet from others, a line of entries at
//! most.

use super::{RawPool, ReserveError, Reserved, submit::FastPathMiss};
use crate::platform::port::{Origin, Port};
use crate::ring::Pacing;
use crate::slot::storage::Storage;
use crate::sync::{Bug, bug, dying};

/// So many slots at a time: one line of entries.
const MOST: usize = 8;

/// The jobs of one batch, from the first slot to the wake-up when it is dropped.
pub(crate) struct Batch<'a, S: Storage, P: Port + Clone> {
    pool: &'a RawPool<S, P>,
    /// Slots that were taken; from `next` to `end` they were not reserved yet.
    taken: [usize; MOST],
    next: usize,
    end: usize,
    /// Where in the free ring the slots from `next` on were.
    at: usize,
    /// The position to announce, if anything was placed.
    announce_at: Option<usize>,
}

impl<'a, S: Storage, P: Port + Clone> Batch<'a, S, P> {
    pub(crate) fn new(pool: &'a RawPool<S, P>) -> Self {
        let announce_at = bug(Bug::NothingIsAnnounced).then_some(0);
        Self { pool, taken: [0; MOST], next: 0, end: 0, at: 0, announce_at }
    }

    /// A free slot for the next of so many jobs that are left, if there is one now. Lock-free.
    #[inline]
    pub(crate) fn reserve(&mut self, left: usize) -> Result<Reserved, ReserveError> {
        loop {
            if self.next == self.end
                && let Err(looked) = self.take(left)
            {
                return self.pool.try_reserve_from(looked, Origin::Thread);
            }
            let (at, index) = (self.at, self.taken[self.next]);
            self.next += 1;
            self.at = at.wrapping_add(1);
            match self.pool.slot(index).reserve() {
                Some(state) => return Ok(Reserved { index, state, at }),
                None if self.next == self.end => {
                    return self.pool.try_reserve_from(FastPathMiss::Unusable(index), Origin::Thread);
                }
                None => self.pool.give_back(index),
            }
        }
    }

    /// Takes some slots, at most so many.
    fn take(&mut self, left: usize) -> Result<(), FastPathMiss> {
        let pool = self.pool;
        if pool.is_closed() {
            return Err(FastPathMiss::Closed);
        }
        // Before the first are taken: meanwhile they may be others'.
        if left >= MOST
            && self.announce_at.is_none()
            && let Some((at, _)) = pool.free().peek()
        {
            pool.free().keep_distance_now(at, Pacing::OF_BATCH, || pool.lifecycle.live() > 0);
        }
        let room = &mut self.taken[..left.clamp(1, MOST)];
        let (at, count) =
            pool.free().pop_several(room, |index| pool.slot(index).fetch()).ok_or(FastPathMiss::Empty)?;
        if left < MOST {
            pool.free().pace(at, Pacing::OF_SUBMITTER, || pool.lifecycle.live() > 0);
        }
        (self.at, self.next, self.end) = (at, 0, count);
        Ok(())
    }

    /// One more was placed, at `position`.
    #[inline]
    pub(crate) fn placed(&mut self, position: usize) {
        self.announce_at = Some(position);
    }
}

impl<S: Storage, P: Port + Clone> Drop for Batch<'_, S, P> {
    fn drop(&mut self) {
        if dying() {
            return;
        }
        for &index in &self.taken[self.next..self.end] {
            self.pool.give_back(index);
        }
        if let Some(position) = self.announce_at {
            self.pool.notify_workers(position, true, Origin::Thread);
        }
    }
}
