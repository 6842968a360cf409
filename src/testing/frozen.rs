//! For the freeze test only: the calls of C callers, whose handles can be copied, on closures that return a
//! `u64` or fail with a unit.

extern crate std;

use crate::engine::{Completion, Disposition, Jobs, Member, WaitError, WaitFor, WaitOptions};
use crate::job::id::JobId;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::Timeout;
use crate::rust::pool_core::{AnyPool, PoolCore};

/// How a call with a copied handle ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shared {
    /// It returned the result.
    Done(u64),
    /// The job failed, or was cancelled.
    Over,
    /// The job has not finished.
    Pending,
    /// Another thread has the result.
    Stale,
}

impl From<WaitError> for Shared {
    fn from(error: WaitError) -> Self {
        if error == WaitError::Pending { Self::Pending } else { Self::Stale }
    }
}

/// Calls with copies of handles.
impl<P: AnyPool> PoolCore<P> {
    /// Waits, or polls, and takes the result. With `leave` it first looks at the result and leaves it, once.
    pub fn shared_wait(&self, job: JobId, poll: bool, mut leave: bool) -> Shared {
        let timeout = if poll { Timeout::Poll } else { Timeout::Forever };
        let may_leave = leave;
        loop {
            let (mut left, mut value) = (false, 0);
            let mut deliver = |_: &'static JobVTable, payload: Payload, taken| match taken {
                _ if core::mem::take(&mut leave) => {
                    left = true;
                    Disposition::Leave
                }
                Completion::Done => {
                    // SAFETY:
                    // - the caller's jobs return a u64, which is read once, since it is taken.
                    value = unsafe { payload.at.cast::<u64>().read() };
                    Disposition::Take
                }
                // A boxed unit owns nothing, so nothing is lost.
                Completion::Failed | Completion::Cancelled => Disposition::Take,
            };
            let options = WaitOptions { may_leave, ..Default::default() };
            match self.raw().wait(job, timeout, options, &mut deliver) {
                Ok(_) if left => {}
                Ok(Completion::Done) => return Shared::Done(value),
                Ok(_) => return Shared::Over,
                Err(error) => return error.into(),
            }
        }
    }

    /// Waits, and looks at the result. Then leaves it, or takes it unless the handle was given up meanwhile.
    pub fn shared_see(&self, job: JobId, leave: bool) -> Shared {
        let mut value = 0;
        let options = WaitOptions { may_leave: true, ..Default::default() };
        let taken = self.raw().wait(job, Timeout::Forever, options, &mut |_, payload, taken| match taken {
            _ if leave => Disposition::Leave,
            Completion::Done => {
                // SAFETY:
                // - as in shared_wait; if the handle was given up, a u64 is dropped twice, but has no drop.
                value = unsafe { payload.at.cast::<u64>().read() };
                Disposition::Take
            }
            Completion::Failed | Completion::Cancelled => Disposition::Take,
        });
        match taken {
            Ok(Completion::Done) if !leave => Shared::Done(value),
            Ok(_) => Shared::Over,
            Err(error) => error.into(),
        }
    }

    /// Looks at a job's result, and leaves it.
    pub fn shared_peek(&self, job: JobId) -> Shared {
        let options = WaitOptions { may_leave: true, ..Default::default() };
        let seen = self.raw().wait(job, Timeout::Poll, options, &mut |_, _, _| Disposition::Leave);
        seen.map_or_else(Shared::from, |_| Shared::Over)
    }

    /// Waits until one of the jobs has finished: which one. None if that never happens.
    pub fn shared_wait_first(&self, jobs: &[JobId]) -> Option<usize> {
        let member = |number: usize| Member::InPool(jobs[number]);
        let jobs = Jobs { count: jobs.len(), member: &member, until: WaitFor::First };
        self.raw().wait_many(&jobs, Timeout::Forever, false).ok()
    }

    /// Cancels a job. True if the job had not started.
    pub fn shared_cancel(&self, job: JobId) -> bool {
        self.raw().cancel(job) == Ok(true)
    }

    /// Gives up the result.
    pub fn shared_detach(&self, job: JobId) {
        let _ = self.raw().detach(job);
    }

    /// Does what destroy does after the shutdown: waits for workers and visitors, and drops untaken results.
    #[cfg(feature = "capi")]
    pub fn shared_end(&self) {
        self.raw().await_workers();
        self.raw().lifecycle().await_visitors(self.raw().port());
        self.raw().forget_all();
    }
}
