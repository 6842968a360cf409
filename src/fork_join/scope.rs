//! Jobs that borrow from their spawner's stack: all have finished when the scope ends.
//!
//! The spawner keeps the handles of at most `MAX` jobs (`Spawned`). If it has that many and spawns another,
//! it first takes those that have finished; if there are none, it runs a job that has not started. At the end
//! it runs the jobs that have not started, and waits for the others. So the thread that waits for a queued
//! job can run it, and a scope inside a job needs no other worker. Only the thread that opened a scope uses
//! this list; what its jobs spawn into the scope goes to `nested.rs`.
//!
//! A job is *claimed* while the spawner has a handle for its result: until it is released, or the scope ends, only that handle
//! takes the result.

use crate::engine::{Completion, Disposition, Fail, RawPool, Receiver, Recipient, Request, WaitOptions};
use crate::job::id::JobId;
use crate::job::vtable::{JobVTable, Payload, RunResult};
use crate::platform::port::{Origin, Port, Timeout};
use crate::slot::storage::Storage;
use crate::util::unwind::{PanicPayload, drop_ignoring_panic};
use core::cell::Cell;

/// The unfinished jobs of one scope, at most `MAX` at a time.
pub(crate) struct Spawned<const MAX: usize> {
    // INVARIANT: the first `count` are jobs of this scope, all different.
    jobs: [Cell<Option<JobId>>; MAX],
    count: Cell<usize>,
    // INVARIANT: bit n says whether jobs[n] is claimed; those from `count` on are 0.
    claimed: Cell<u32>,
    panicked: Cell<Option<PanicPayload>>,
}

impl<const MAX: usize> Spawned<MAX> {
    pub(crate) fn new() -> Self {
        const { assert!(MAX <= u32::BITS as usize) };
        Self {
            jobs: [const { Cell::new(None) }; MAX],
            count: Cell::new(0),
            claimed: Cell::new(0),
            panicked: Cell::new(None),
        }
    }

    /// Submits a job, or returns it if there is no slot, or if `MAX` jobs are claimed. A job that fails must leave a
    /// `PanicPayload`.
    ///
    /// # Safety
    /// 1. `finish` is called, with the same pool, before the job's borrows end.
    /// 2. The request was made for this pool.
    pub(crate) unsafe fn spawn<S: Storage, P: Port + Clone, R: Request>(
        &self,
        pool: &RawPool<S, P>,
        request: R,
    ) -> Result<(), R> {
        if self.count.get() == MAX && !self.make_room(pool) {
            return Err(request);
        }
        // SAFETY:
        // - 1: 2; finish returns when the job has finished.
        let job = unsafe { pool.submit(request, Recipient::HANDLE, Fail, Origin::Thread) }
            .map_err(|(_, request)| request)?;
        let count = self.count.get();
        self.jobs[count].set(Some(job));
        self.count.set(count + 1);
        Ok(())
    }

    /// The job that was spawned last, right after its spawn.
    pub(crate) fn newest(&self) -> Option<JobId> {
        self.jobs[self.count.get().checked_sub(1)?].get()
    }

    /// Claims the job that was spawned last, right after its spawn.
    pub(crate) fn claim_newest(&self) -> Option<JobId> {
        let newest = self.newest()?;
        self.claimed.set(self.claimed.get() | 1 << (self.count.get() - 1));
        Some(newest)
    }

    /// Gives up the claim on a job. The scope takes the result then.
    pub(crate) fn release(&self, job: JobId) {
        if let Some(n) = self.find(job) {
            self.claimed.set(self.claimed.get() & !(1 << n));
        }
    }

    /// Runs a claimed job that has not started, or waits for it, and gives its result to `deliver`.
    pub(crate) fn take<S: Storage, P: Port + Clone>(
        &self,
        pool: &RawPool<S, P>,
        job: JobId,
        deliver: Receiver<'_>,
    ) {
        if self.find(job).and_then(|n| self.remove(n)).is_some() {
            pool.run_lent(job);
            pool.await_lent(job, deliver);
        }
    }

    /// Where a job stands. The newest is found first.
    fn find(&self, job: JobId) -> Option<usize> {
        (0..self.count.get()).rev().find(|&n| self.jobs[n].get() == Some(job))
    }

    /// Removes the `n`-th job. The last one moves to its place.
    fn remove(&self, n: usize) -> Option<JobId> {
        let last = self.count.get() - 1;
        let claimed = self.claimed.get();
        self.claimed.set((claimed & !(1 << n) | (claimed >> last & 1) << n) & !(1 << last));
        self.count.set(last);
        self.jobs[n].replace(self.jobs[last].get())
    }

    fn is_claimed(&self, n: usize) -> bool {
        self.claimed.get() >> n & 1 == 1
    }

    /// Runs a job that has not started, or waits for it. With a time limit it starts nothing when the time is up, and is false
    /// if the job has not finished. For jobs that do not fail.
    pub(crate) fn finish_job<S: Storage, P: Port + Clone>(
        &self,
        pool: &RawPool<S, P>,
        job: JobId,
        timeout: Timeout,
    ) -> bool {
        // One that is not there has been finished to make room.
        let Some(n) = self.find(job) else { return true };
        if timeout == Timeout::Forever {
            self.finish_one(pool, n);
            return true;
        }
        if timeout != Timeout::Poll {
            pool.run_lent(job);
        }
        let options = WaitOptions { is_lender: true, ..Default::default() };
        if pool.wait(job, timeout, options, &mut |_, _, _| Disposition::Take).is_err() {
            return false;
        }
        self.remove(n);
        true
    }

    /// Finishes one job or more, so that there are fewer than `MAX`. False if all of them are claimed.
    #[cold]
    fn make_room<S: Storage, P: Port + Clone>(&self, pool: &RawPool<S, P>) -> bool {
        let is_finished =
            |n: &usize| !self.is_claimed(*n) && self.jobs[*n].get().is_some_and(|job| pool.is_finished(job));
        // From the last to the first: the job that moves into a free place has already been checked.
        (0..MAX).rev().filter(is_finished).for_each(|n| self.finish_one(pool, n));
        if self.count.get() == MAX {
            let mut unclaimed = (0..MAX).filter(|&n| !self.is_claimed(n)).peekable();
            let Some(&first) = unclaimed.peek() else { return false };
            let ran = unclaimed.find(|&n| self.jobs[n].get().is_some_and(|job| pool.run_lent(job)));
            self.finish_one(pool, ran.unwrap_or(first));
        }
        true
    }

    /// Runs the `n`-th job if it has not started, or waits for it, and takes its result.
    fn finish_one<S: Storage, P: Port + Clone>(&self, pool: &RawPool<S, P>, n: usize) {
        if let Some(job) = self.remove(n) {
            // Only now, when the slot is free: a destructor may wait for the pool's end.
            self.note(finish(pool, job));
        }
    }

    /// Keeps the first panic, and drops later ones. Does not unwind, because jobs may still run.
    pub(crate) fn note(&self, panicked: Option<PanicPayload>) {
        let first = self.panicked.take();
        let (kept, late) = if first.is_some() { (first, panicked) } else { (panicked, None) };
        self.panicked.set(kept);
        drop_ignoring_panic(late);
    }

    /// Returns when every spawned job has finished.
    pub(crate) fn finish<S: Storage, P: Port + Clone>(&self, pool: &RawPool<S, P>) {
        // Starts with the last job: workers start with the first.
        while let Some(last) = self.count.get().checked_sub(1) {
            self.finish_one(pool, last);
        }
    }

    /// The first panic of a job.
    pub(crate) fn take_panic(&self) -> Option<PanicPayload> {
        self.panicked.take()
    }
}

/// Runs a job if it has not started, or waits for it, and takes its result: the panic, if it left one.
pub(super) fn finish<S: Storage, P: Port + Clone>(pool: &RawPool<S, P>, job: JobId) -> Option<PanicPayload> {
    pool.run_lent(job);
    let mut left = None;
    pool.await_lent(job, &mut |vtable, payload, taken| {
        // Inside the job: the destructor of a result may shut the pool down.
        pool.taking(job, || {
            // SAFETY:
            // - 1: the result is taken here.
            left = unsafe { drop_result(vtable, payload, taken) };
        });
        Disposition::Take
    });
    left
}

/// Drops what a job of a scope left, except for a panic.
///
/// # Safety
/// 1. The job ended so, and left what it left in this payload. Nobody else takes it.
unsafe fn drop_result(vtable: &JobVTable, payload: Payload, ended: Completion) -> Option<PanicPayload> {
    match ended {
        Completion::Done if vtable.drops_result => {
            // SAFETY:
            // - 1.
            unsafe { (vtable.drop_result)(payload, RunResult::Done) };
            None
        }
        #[cfg(feature = "std")]
        Completion::Failed => {
            // SAFETY:
            // - 1: a closure's job that failed left this.
            Some(unsafe { payload.at.cast::<PanicPayload>().read() })
        }
        _ => None,
    }
}
