//! Every way to wait for a job of a whole pool.

use super::pool::{End, Pool};
use super::tasks::Task;
use crate::engine::{Completion, Disposition, Jobs, Member, WaitError, WaitFor, WaitOptions};
use crate::job::id::JobId;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::Timeout;

impl<const N: usize> Pool<N> {
    /// `may_leave`: the wait decides only after it has looked.
    fn wait_as(&self, job: JobId, timeout: Timeout, want: Disposition, may_leave: bool) -> End {
        let mut number = usize::MAX;
        let mut deliver = |_: &'static JobVTable, payload: Payload, taken: Completion| {
            // SAFETY:
            // - the body is ours during this call: a task, or what a failure left.
            number = match taken {
                Completion::Done if want == Disposition::Leave => {
                    // SAFETY:
                    // - a job of this kind that is done has its task in the payload, and it is ours here.
                    unsafe { (**payload.at.cast::<*mut Task>()).number() }
                }
                Completion::Done => {
                    // SAFETY:
                    // - as above; it is taken, so nobody reads it again.
                    let task = unsafe { Task::out_of(payload) };
                    task.taken();
                    task.number()
                }
                Completion::Failed => {
                    // SAFETY:
                    // - a job of this kind that failed left its number there.
                    unsafe { payload.at.cast::<usize>().add(1).read() }
                }
                Completion::Cancelled => 0,
            };
            want
        };
        let options = WaitOptions { may_leave, ..Default::default() };
        match self.raw.wait(job, timeout, options, &mut deliver) {
            Ok(Completion::Done) => End::Done(number),
            Ok(Completion::Failed) => End::Failed(number),
            Ok(Completion::Cancelled) => End::Cancelled,
            Err(WaitError::Stale) => End::Stale,
            Err(WaitError::Pending) => End::Pending,
            Err(WaitError::Deadlock) => End::Deadlock,
            Err(WaitError::Forked) => unreachable!("a model does not fork"),
            Err(WaitError::Stack) => End::Stack,
            Err(WaitError::Interrupted) => End::Interrupted,
        }
    }

    /// Waits and takes the result.
    pub fn wait(&self, job: JobId) -> End {
        self.wait_as(job, Timeout::Forever, Disposition::Take, false)
    }

    /// Waits as the thread that lent the job, and takes the result.
    pub fn wait_as_lender(&self, job: JobId) -> End {
        let mut number = usize::MAX;
        self.raw.await_lent(job, &mut |_, payload, taken| {
            assert_eq!(taken, Completion::Done);
            // SAFETY:
            // - a job of this kind that is done has its task in the payload; it is taken, so nobody reads it
            //   again.
            let task = unsafe { Task::out_of(payload) };
            task.taken();
            number = task.number();
            Disposition::Take
        });
        End::Done(number)
    }

    /// Takes back a job that nobody has started, and drops it.
    pub fn take_back(&self, job: JobId) -> bool {
        self.raw.take_back(job)
    }

    /// Waits until the pool is idle.
    pub fn wait_idle(&self) -> Result<(), End> {
        self.wait_idle_as(Timeout::Forever)
    }

    /// The same, for at most `nanos`.
    pub fn wait_idle_within(&self, nanos: u64) -> Result<(), End> {
        self.wait_idle_as(Timeout::Nanos(nanos))
    }

    fn wait_idle_as(&self, timeout: Timeout) -> Result<(), End> {
        self.raw.wait_idle(timeout).map_err(|error| match error {
            WaitError::Pending => End::Pending,
            WaitError::Deadlock => End::Deadlock,
            WaitError::Stack => End::Stack,
            WaitError::Interrupted => End::Interrupted,
            WaitError::Stale | WaitError::Forked => unreachable!("a model does not fork"),
        })
    }

    /// Waits for at most `nanos`, and takes the result.
    pub fn wait_within(&self, job: JobId, nanos: u64) -> End {
        self.wait_as(job, Timeout::Nanos(nanos), Disposition::Take, false)
    }

    /// Waits, looks at the result, and then takes it.
    pub fn wait_seeing(&self, job: JobId) -> End {
        self.wait_as(job, Timeout::Forever, Disposition::Take, true)
    }

    /// Waits, and leaves the result where it is.
    pub fn wait_leaving(&self, job: JobId) -> End {
        self.wait_as(job, Timeout::Forever, Disposition::Leave, true)
    }

    /// Waits for several jobs. Returns the number of the one that has decided the wait.
    pub fn wait_many(&self, jobs: &[JobId], until: WaitFor) -> Result<usize, End> {
        self.wait_many_as(jobs, until, Timeout::Forever)
    }

    /// The same, for at most `nanos`.
    pub fn wait_many_within(&self, jobs: &[JobId], until: WaitFor, nanos: u64) -> Result<usize, End> {
        self.wait_many_as(jobs, until, Timeout::Nanos(nanos))
    }

    fn wait_many_as(&self, jobs: &[JobId], until: WaitFor, timeout: Timeout) -> Result<usize, End> {
        let member = |number: usize| Member::InPool(jobs[number]);
        let jobs = Jobs { count: jobs.len(), member: &member, until };
        self.raw.wait_many(&jobs, timeout, false).map_err(|error| match error {
            WaitError::Pending => End::Pending,
            WaitError::Deadlock => End::Deadlock,
            WaitError::Stack => End::Stack,
            WaitError::Interrupted => End::Interrupted,
            WaitError::Stale | WaitError::Forked => {
                unreachable!("a stale job has finished; a model does not fork")
            }
        })
    }

    /// Looks at the result if it is there, and leaves it.
    pub fn peek(&self, job: JobId) -> End {
        self.wait_as(job, Timeout::Poll, Disposition::Leave, true)
    }

    /// Takes the result if it is there, when it has looked at it.
    pub fn look_and_take(&self, job: JobId) -> End {
        self.wait_as(job, Timeout::Poll, Disposition::Take, true)
    }

    /// Takes the result if it is there.
    pub fn poll(&self, job: JobId) -> End {
        self.wait_as(job, Timeout::Poll, Disposition::Take, false)
    }
}
