//! Jobs that borrow from their spawner's stack: over before it goes on.
//!
//! The spawner keeps the handles of its jobs, up to a number (`Spawned`). Before it makes another when it has so many, it takes
//! those that are over; if none is, it runs one itself that nobody has begun. At the end it runs what nobody has begun,
//! and waits for the rest. So whatever is queued can be run by the thread that waits for it, and a scope inside a job
//! needs no other worker. Only the thread that opened the scope spawns into it; a job opens a scope of its own.

use crate::engine::{Disposition, Fail, RawPool, Request};
use crate::job::id::Job;
use crate::platform::port::{Origin, Port};
use crate::slot::storage::Storage;
use crate::util::unwind::{PanicPayload, drop_ignoring_panic};
use core::cell::Cell;

/// What one scope has spawned and not finished: `MAX` jobs at a time.
pub(crate) struct Spawned<const MAX: usize> {
    // INVARIANT: the first `count` are jobs of this scope, each there once.
    jobs: [Cell<Option<Job>>; MAX],
    count: Cell<usize>,
    panicked: Cell<Option<PanicPayload>>,
}

impl<const MAX: usize> Spawned<MAX> {
    pub(crate) fn new() -> Self {
        Self { jobs: [const { Cell::new(None) }; MAX], count: Cell::new(0), panicked: Cell::new(None) }
    }

    /// Submits a job, or gives it back, if there is no slot for it. What it leaves when it fails is a `PanicPayload`.
    ///
    /// # Safety
    /// 1. `finish` is called, with the same pool, before what the job borrows is gone.
    /// 2. The request was made for this pool.
    pub(crate) unsafe fn spawn<S: Storage, P: Port + Clone, R: Request>(
        &self,
        pool: &RawPool<S, P>,
        request: R,
    ) -> Result<(), R> {
        if self.count.get() == MAX {
            self.make_room(pool);
        }
        // SAFETY:
        // - 1: 2; finish returns when the job has finished.
        let job =
            unsafe { pool.submit(request, false, Fail, Origin::Thread) }.map_err(|(_, request)| request)?;
        let count = self.count.get();
        self.jobs[count].set(Some(job));
        self.count.set(count + 1);
        Ok(())
    }

    /// Gets fewer than `MAX`.
    #[cold]
    fn make_room<S: Storage, P: Port + Clone>(&self, pool: &RawPool<S, P>) {
        let is_finished = |n: &usize| self.jobs[*n].get().is_some_and(|job| pool.is_finished(job));
        // From the last on: the one that takes its place is not over.
        (0..MAX).rev().filter(is_finished).for_each(|n| self.finish_one(pool, n));
        if self.count.get() == MAX {
            let ran = (0..MAX).find(|&n| self.jobs[n].get().is_some_and(|job| pool.run_lent(job)));
            self.finish_one(pool, ran.unwrap_or(0));
        }
    }

    /// Runs the `n`-th job, if nobody has begun it, and takes what it left.
    fn finish_one<S: Storage, P: Port + Clone>(&self, pool: &RawPool<S, P>, n: usize) {
        let last = self.count.get() - 1;
        let job = self.jobs[n].replace(self.jobs[last].get());
        self.count.set(last);
        let Some(job) = job else { return };
        pool.run_lent(job);
        #[cfg_attr(not(feature = "std"), expect(unused_mut, reason = "without std no job fails"))]
        let mut left = None;
        pool.await_lent(job, &mut |_, _payload, _taken| {
            #[cfg(feature = "std")]
            if _taken == crate::engine::Taken::Failed {
                // SAFETY:
                // - a closure's job that failed left this, and it is read the one time: the result is taken.
                left = Some(unsafe { _payload.at.cast::<PanicPayload>().read() });
            }
            Disposition::Take
        });
        // The slot is given back: what is dropped now may wait for the pool's end.
        self.note(left);
    }

    /// Keeps the first panic. Does not unwind: jobs may still run.
    pub(crate) fn note(&self, panicked: Option<PanicPayload>) {
        let first = self.panicked.take();
        let (kept, late) = if first.is_some() { (first, panicked) } else { (panicked, None) };
        self.panicked.set(kept);
        drop_ignoring_panic(late);
    }

    /// Returns when every job that was spawned is over. The first panic of one of them.
    pub(crate) fn finish<S: Storage, P: Port + Clone>(&self, pool: &RawPool<S, P>) -> Option<PanicPayload> {
        // The last first: workers come from the other end.
        while let Some(last) = self.count.get().checked_sub(1) {
            self.finish_one(pool, last);
        }
        self.panicked.take()
    }
}
