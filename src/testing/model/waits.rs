//! Waiting for a job of the whole pool, in every way.

use super::pool::{End, Pool};
use super::tasks::Task;
use crate::engine::{Disposition, Taken, WaitError};
use crate::job::id::Job;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::Timeout;

impl<const N: usize> Pool<N> {
    fn wait_as(&self, job: Job, timeout: Timeout, want: Disposition) -> End {
        let mut number = usize::MAX;
        let mut deliver = |_: &'static JobVTable, payload: Payload, taken: Taken| {
            // SAFETY:
            // - the body is ours while we are called: a task, or what a failure left.
            number = match taken {
                Taken::Done if want == Disposition::Leave => {
                    // SAFETY:
                    // - a job of this kind that is done has its task in the payload, and it is ours here.
                    unsafe { (**payload.at.cast::<*mut Task>()).number() }
                }
                Taken::Done => {
                    // SAFETY:
                    // - as above; it is taken, so nobody else reads it again.
                    let task = unsafe { Task::out_of(payload) };
                    task.taken();
                    task.number()
                }
                Taken::Failed => {
                    // SAFETY:
                    // - a job of this kind that failed left its number there.
                    unsafe { payload.at.cast::<usize>().add(1).read() }
                }
                Taken::Cancelled => 0,
            };
            match want {
                Disposition::Keep if taken == Taken::Failed => Disposition::Keep,
                Disposition::Leave if taken != Taken::Cancelled => Disposition::Leave,
                _ => Disposition::Take,
            }
        };
        let done = match want {
            Disposition::Leave => self.raw.wait_and_see(job, timeout, &mut deliver),
            _ => self.raw.wait(job, timeout, &mut deliver),
        };
        match done {
            Ok(Taken::Done) => End::Done(number),
            Ok(Taken::Failed) => End::Failed(number),
            Ok(Taken::Cancelled) => End::Cancelled,
            Err(WaitError::Stale) => End::Stale,
            Err(WaitError::Pending) => End::Pending,
            Err(WaitError::Deadlock) => End::Deadlock,
            Err(WaitError::Forked) => unreachable!("a model does not fork"),
            Err(WaitError::Stack) => End::Stack,
        }
    }

    /// Waits and takes the result.
    pub fn wait(&self, job: Job) -> End {
        self.wait_as(job, Timeout::Forever, Disposition::Take)
    }

    /// Waits as the thread that lent the job, and takes the result.
    pub fn wait_as_lender(&self, job: Job) -> End {
        let mut number = usize::MAX;
        self.raw.await_lent(job, &mut |_, payload, taken| {
            assert_eq!(taken, Taken::Done);
            // SAFETY:
            // - a job of this kind that is done has its task in the payload; it is taken, so nobody else reads it again.
            let task = unsafe { Task::out_of(payload) };
            task.taken();
            number = task.number();
            Disposition::Take
        });
        End::Done(number)
    }

    /// Takes back a job that nobody has started, and drops it.
    pub fn take_back(&self, job: Job) -> bool {
        self.raw.take_back(job)
    }

    /// Waits for at most so long, and takes the result.
    pub fn wait_within(&self, job: Job, nanos: u64) -> End {
        self.wait_as(job, Timeout::Nanos(nanos), Disposition::Take)
    }

    /// Waits; a failure is kept.
    pub fn wait_keeping(&self, job: Job) -> End {
        self.wait_as(job, Timeout::Forever, Disposition::Keep)
    }

    /// Waits, and leaves the result where it is.
    pub fn wait_leaving(&self, job: Job) -> End {
        self.wait_as(job, Timeout::Forever, Disposition::Leave)
    }

    /// Takes the result if it is there.
    pub fn poll(&self, job: Job) -> End {
        self.wait_as(job, Timeout::Poll, Disposition::Take)
    }
}
