//! Submitting several jobs in a row. Their slots are taken in groups, and one wake-up announces all the jobs.
//!
//! A thread that is stopped in here keeps the slots that it took and has not filled yet from others. These are one cache line
//! of entries at most.

use super::lifecycle::Visit;
use super::submit::Reserved;
use super::{RawPool, ReserveError};
use crate::platform::port::{Origin, Port};
use crate::ring::{MAX_STRIDE, Popper};
use crate::slot::storage::Storage;
use crate::sync::{Bug, bug, dying};

/// The most slots taken at a time: one cache line of entries.
const MOST: usize = MAX_STRIDE;

/// The jobs of one batch, from the first slot to the wake-up when it is dropped.
pub(crate) struct Batch<'a, S: Storage, P: Port + Clone> {
    pool: &'a RawPool<S, P>,
    /// Only on a pool whose destroy waits for every submit.
    _visit: Option<Visit<P>>,
    /// Slots that were taken. Those from `next` to `end` have no job yet.
    taken: [usize; MOST],
    next: usize,
    end: usize,
    /// The position to announce, if anything was placed.
    announce_at: Option<usize>,
}

impl<'a, S: Storage, P: Port + Clone> Batch<'a, S, P> {
    pub(crate) fn new(pool: &'a RawPool<S, P>) -> Self {
        let announce_at = bug(Bug::NothingIsAnnounced).then_some(0);
        let visit = pool.storage.counts_submits().then(|| pool.lifecycle.visit(&pool.port, Origin::Thread));
        Self { pool, _visit: visit, taken: [0; MOST], next: 0, end: 0, announce_at }
    }

    /// Reserves a slot for the next job, if one is free now. `left` jobs are left. Lock-free.
    ///
    /// Not inlined: inside the loop of jobring_submit_batch it made batches of 64 a fifth slower on x86-64 (benchmark W1).
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline)]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(never))]
    pub(crate) fn reserve(&mut self, left: usize) -> Result<Reserved, ReserveError> {
        if self.next == self.end && !self.take(left)? {
            return self.pool.reserve_reaped(Popper::Unpaced, Origin::Thread);
        }
        let index = self.taken[self.next];
        self.next += 1;
        Ok(Reserved(index))
    }

    /// Takes some slots, at most `left`. False if none is free.
    fn take(&mut self, left: usize) -> Result<bool, ReserveError> {
        let pool = self.pool;
        if pool.refuses_jobs() {
            return Err(ReserveError::Shutdown);
        }
        let by = match self.announce_at {
            None if left >= MOST => Popper::Batch,
            None => Popper::Submitter,
            // No worker knows of the jobs that were placed.
            Some(_) => Popper::Unpaced,
        };
        let room = &mut self.taken[..left.clamp(1, MOST)];
        let has_peer = || pool.lifecycle.live() > 0;
        let count = pool.free().pop_many(room, by, has_peer, |index| pool.slot(index).fetch());
        (self.next, self.end) = (0, count);
        Ok(count > 0)
    }

    /// Announces what was placed, and gives back the slots that have no job yet: before the caller's code runs, which may wait for
    /// those jobs or need those slots.
    pub(crate) fn flush(&mut self) {
        if !bug(Bug::BatchKeepsTheRest) {
            self.taken[self.next..self.end]
                .iter()
                .for_each(|&index| self.pool.give_back(index, Origin::Thread));
        }
        self.next = self.end;
        if let Some(position) = self.announce_at.take() {
            self.pool.notify_workers(position, true, Origin::Thread);
        }
    }

    /// One more job was placed, at `position`.
    #[inline]
    pub(crate) fn placed(&mut self, position: usize) {
        self.announce_at = Some(position);
    }
}

impl<S: Storage, P: Port + Clone> Drop for Batch<'_, S, P> {
    fn drop(&mut self) {
        if !dying() {
            self.flush();
        }
    }
}
