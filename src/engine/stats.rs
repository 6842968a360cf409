//! The counters of a pool, and how many jobs are in which state.
//!
//! The plain path counts nothing for it: `submitted` and `claimed` are the ready ring's positions, and a walk
//! over the slots' words counts the jobs. Slots that were never used are passed over: the free ring gives
//! them out in their order, so they begin at the number of its pops.
//!
//! A walk is not a moment. Each slot is looked at once, and no job changes its slot, so no job is counted
//! twice, and a job that does not move meanwhile is counted right. `submitted` is read first, with the slots
//! of the jobs that it counts (Acquire): a job that it counts and that has not finished is found queued or
//! running. So `completed`, which is the rest, never counts a job that has not finished when the call
//! returns. It leaves out as many jobs as were accepted during the call.

use super::RawPool;
use crate::platform::port::Port;
use crate::slot::state::Status;
use crate::slot::storage::Storage;

/// What a pool has done, and what is in it: see [`PoolCore::stats`](crate::PoolCore::stats).
///
/// ```
/// use jobring::{PoolStats, StaticPool};
///
/// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
///
/// fn in_flight(stats: PoolStats) -> usize {
///     stats.queued() + stats.running()
/// }
///
/// let job = POOL.try_submit(|| 42)?;
/// assert_eq!(in_flight(POOL.stats()), 1);
/// POOL.run_one();
/// assert_eq!((in_flight(POOL.stats()), POOL.stats().untaken()), (0, 1));
/// assert_eq!(job.wait()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct PoolStats {
    pub(crate) submitted: usize,
    pub(crate) claimed: usize,
    pub(crate) wakes: usize,
    pub(crate) forced_wakes: usize,
    pub(crate) sleeping: usize,
    pub(crate) workers: usize,
    pub(crate) queued: usize,
    pub(crate) running: usize,
    pub(crate) untaken: usize,
    pub(crate) completed: usize,
}

impl PoolStats {
    /// Accepted jobs (wraps). One that a lane holds back counts from its turn on; not if it is dropped before.
    #[must_use]
    pub const fn submitted(&self) -> usize {
        self.submitted
    }

    /// Accepted jobs that have finished: they ran, panicked, were cancelled or discarded (wraps). Never more
    /// than have finished when the call returns.
    #[must_use]
    pub const fn completed(&self) -> usize {
        self.completed
    }

    /// Jobs that no thread has started. A cancelled job is not one of them.
    #[must_use]
    pub const fn queued(&self) -> usize {
        self.queued
    }

    /// Jobs that run, also those that wait for something.
    #[must_use]
    pub const fn running(&self) -> usize {
        self.running
    }

    /// Jobs that have finished and still hold their slots, because no thread has taken their results.
    #[must_use]
    pub const fn untaken(&self) -> usize {
        self.untaken
    }

    /// Entries taken from the ready ring (wraps): jobs that were started, and entries of jobs that were
    /// cancelled or run by a waiting thread before.
    #[must_use]
    pub const fn claimed(&self) -> usize {
        self.claimed
    }

    /// Workers in their loop, including threads that entered.
    #[must_use]
    pub const fn workers(&self) -> usize {
        self.workers
    }

    /// Workers that sleep or are about to.
    #[must_use]
    pub const fn sleeping(&self) -> usize {
        self.sleeping
    }

    /// Times that a sleeping worker was woken.
    #[must_use]
    pub const fn wakes(&self) -> usize {
        self.wakes
    }

    /// Times that one was woken because jobs stayed queued: by a thread that waited too long for a job or for
    /// room, or by a submit that found several jobs queued.
    #[must_use]
    pub const fn forced_wakes(&self) -> usize {
        self.forced_wakes
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Reads the counters alone: `queued`, `running`, `untaken` and `completed` are 0.
    pub(crate) fn counters(&self) -> PoolStats {
        let (submitted, claimed) = self.ready().counts();
        let (wakes, forced_wakes) = self.idle.wake_ups();
        PoolStats {
            submitted,
            claimed,
            wakes,
            forced_wakes,
            sleeping: self.idle.counts().sleeping(),
            workers: self.lifecycle.live(),
            ..PoolStats::default()
        }
    }

    /// Reads the counters, then counts the jobs. It disturbs no other thread.
    pub(crate) fn stats(&self) -> PoolStats {
        let mut stats = self.counters();
        // A job that its lane holds back is not in the ready ring, so `submitted` does not count it yet.
        let mut held = 0;
        for index in 0..self.used_slots() {
            let state = self.slot(index).state();
            held += usize::from(state.is_held() || state.is_dropping());
            match state.status() {
                Status::Free => {}
                Status::Queued => stats.queued += 1,
                Status::Running | Status::Cancelling => stats.running += 1,
                Status::Done | Status::Failed | Status::Cancelled | Status::Taking => stats.untaken += 1,
            }
        }
        // A job may be queued and not counted as accepted yet.
        stats.completed = stats.submitted.saturating_sub(stats.queued - held + stats.running);
        stats
    }

    /// The slots that were used since the pool was made are below this number.
    fn used_slots(&self) -> usize {
        // On 32 bits the number of pops soon wraps.
        if usize::BITS < 64 { self.capacity() } else { self.capacity().min(self.free().popped()) }
    }
}
