//! The Rust face of pools whose workers are processes.

use super::function::{ProcessFunction, function};
use super::job::ProcessJob;
use super::outcome::{ProcessEnd, ProcessError, ProcessJobId};
use crate::engine::lifecycle::ShutdownMode;
use crate::platform::port::Timeout;
use crate::processes::pool::{self, Config, CreateError, Ending, Failure, take_over};
use crate::rust::time_limit::TimeLimit;
use core::fmt;
use std::os::fd::{AsFd, BorrowedFd};

/// A pool whose workers are processes: for code that may crash, leak or hang. A worker that dies costs the one job that it runs, and
/// that job's end says so. (Linux with glibc, 64-bit words.)
///
/// A job calls a function of a table, by its number, with bytes; its result is bytes. Both lie in shared memory.
///
/// The workers are copies of a process with one thread, which is made in one of two ways:
///
/// - [`fork`](Self::fork): it is a copy of this process. Use it before the process has other threads: what another thread has locked at
///   that moment stays locked in the workers for ever. In a process with other threads the functions of the table may allocate
///   memory, and may use nothing else that those threads lock. The workers inherit open descriptors and handlers of signals.
/// - [`spawn`](Self::spawn): it is this program, started once more, and calls [`take_over`](Self::take_over) at the start of `main`. It is
///   safe with other threads.
///
/// The workers of `spawn`, and of `fork` in a process with threads, raise SIGCHLD when they end. A call of the program's own that waits for
/// *any* child may collect one; the pool does not learn how that one ended.
///
/// A program that gives up privileges (setuid(2) and the like) does that before it makes the pool: otherwise it may not kill the workers,
/// and they do not end with it.
///
/// When this process ends, also by SIGKILL, the kernel kills the workers. A process that writes at random into the shared memory can
/// spoil any job; the pool checks what it reads, and reports [`ProcessError::Corrupt`].
///
/// ```standalone_crate
/// use jobring::{ProcessJob, ProcessOutcome, ProcessPool, TimeLimit};
///
/// fn double(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
///     match input {
///         b"crash" => std::process::abort(),
///         [digit] => result[0] = digit * 2,
///         _ => return Err(22),
///     }
///     Ok(1)
/// }
///
/// let pool = ProcessPool::fork(&[double]).workers(2).build()?;
/// let crash = pool.submit(&ProcessJob::new(0, b"crash"))?;
/// let job = pool.submit(&ProcessJob::new(0, &[21]))?;
/// assert_eq!(pool.wait(job, TimeLimit::NONE)?.outcome, ProcessOutcome::Done(vec![42]));
/// match pool.wait(crash, TimeLimit::NONE)?.outcome {
///     ProcessOutcome::Died(death) => assert_eq!(death.status, Some(-6), "SIGABRT"),
///     other => unreachable!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ProcessPool(pool::ProcessPool);

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// A [`ProcessPool`] at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ProcessPoolStats {
    /// The workers that live.
    pub workers: usize,
    /// The number of slots.
    pub capacity: usize,
    /// Jobs that were accepted.
    pub submitted: u64,
    /// Jobs that have not ended, as far as the pool knows.
    pub in_flight: usize,
    /// Workers that were made.
    pub made: u64,
    /// Workers that ended with another status than 0.
    pub deaths: u64,
    /// No worker can be made any more: the process of which they are copies has ended, and can't be made again.
    pub is_zygote_lost: bool,
}

impl ProcessPool {
    /// The first call in the `main` of a program that uses [`spawn`](Self::spawn). If a pool has started this process, the call makes
    /// workers that call these functions, and does not return. Otherwise it does nothing.
    ///
    /// ```no_run
    /// use jobring::{ProcessJob, ProcessPool, TimeLimit};
    ///
    /// fn shout(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    ///     result[..input.len()].copy_from_slice(&input.to_ascii_uppercase());
    ///     Ok(input.len())
    /// }
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     ProcessPool::take_over(&[shout]);
    ///     let pool = ProcessPool::spawn().build()?;
    ///     let job = pool.submit(&ProcessJob::new(0, b"hello"))?;
    ///     println!("{:?}", pool.wait(job, TimeLimit::NONE)?.outcome);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// A process that a pool has started, and that has other threads already, prints a line to the error output and ends: the call
    /// comes too late. The program that makes the pool gets [`ProcessPoolError::NoTakeOver`](crate::ProcessPoolError::NoTakeOver).
    pub fn take_over(functions: &[ProcessFunction]) {
        take_over(|| functions.iter().copied().map(function).collect());
    }

    pub(super) fn new(config: Config) -> Result<Self, CreateError> {
        pool::ProcessPool::create(config).map(Self)
    }

    /// Submits a job. Waits for a free slot: each job has one until its end is taken.
    pub fn submit(&self, job: &ProcessJob<'_>) -> Result<ProcessJobId, ProcessError> {
        self.submit_timeout(job, TimeLimit::NONE)
    }

    /// The same, and waits for no longer than this; [`ProcessError::Full`] then.
    pub fn submit_timeout(
        &self,
        job: &ProcessJob<'_>,
        limit: impl Into<TimeLimit>,
    ) -> Result<ProcessJobId, ProcessError> {
        let kill_after = job.kill_after.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        let timeout = limit.into().timeout();
        Ok(self.0.submit(job.function, job.input, kill_after, job.tag, timeout).map(ProcessJobId)?)
    }

    /// The next job that has ended. A job that a thread waits for by its name may be taken here.
    ///
    /// ```standalone_crate
    /// # fn echo(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    /// #     result[..input.len()].copy_from_slice(input);
    /// #     Ok(input.len())
    /// # }
    /// use jobring::{ProcessJob, ProcessOutcome, ProcessPool, TimeLimit};
    ///
    /// let pool = ProcessPool::fork(&[echo]).build()?;
    /// for tag in 0..10 {
    ///     pool.submit(&ProcessJob::new(0, b"hello").tag(tag))?;
    /// }
    /// for _ in 0..10 {
    ///     let end = pool.take(TimeLimit::NONE)?;
    ///     assert_eq!(end.outcome, ProcessOutcome::Done(b"hello".to_vec()), "job {}", end.tag);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take(&self, limit: impl Into<TimeLimit>) -> Result<ProcessEnd, ProcessError> {
        Ok(self.0.take(limit.into().timeout()).map(|taken| ProcessEnd::of(&taken))?)
    }

    /// The same, and does not wait. None: no job has ended. A descriptor of the pool's is not readable then.
    pub fn try_take(&self) -> Result<Option<ProcessEnd>, ProcessError> {
        match self.0.take(Timeout::Poll) {
            Ok(taken) => Ok(Some(ProcessEnd::of(&taken))),
            Err(Failure::TimedOut) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Waits for the end of one job.
    pub fn wait(&self, job: ProcessJobId, limit: impl Into<TimeLimit>) -> Result<ProcessEnd, ProcessError> {
        Ok(self.0.wait(job.0, limit.into().timeout()).map(|taken| ProcessEnd::of(&taken))?)
    }

    /// Cancels a job that has not begun. False: it has.
    ///
    /// ```standalone_crate
    /// # fn echo(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    /// #     result[..input.len()].copy_from_slice(input);
    /// #     Ok(input.len())
    /// # }
    /// use jobring::{ProcessJob, ProcessPool};
    ///
    /// let pool = ProcessPool::fork(&[echo]).workers(1).build()?;
    /// let job = pool.submit(&ProcessJob::new(0, b"hello"))?;
    /// if !pool.cancel(job)? {
    ///     // It runs, or has ended.
    ///     pool.kill(job)?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self, job: ProcessJobId) -> Result<bool, ProcessError> {
        Ok(self.0.cancel(job.0)?)
    }

    /// Cancels a job, or kills the worker that runs it. False: it has ended. Its end says what became of it: the job may return
    /// at this very moment.
    pub fn kill(&self, job: ProcessJobId) -> Result<bool, ProcessError> {
        Ok(self.0.kill(job.0)?)
    }

    /// Accepts no more jobs, and waits until the others and all workers have ended. If that takes longer than the limit, it fails with
    /// [`ProcessError::TimedOut`] and can be called again. Jobs that have ended can be taken afterwards too.
    ///
    /// ```standalone_crate
    /// # fn echo(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    /// #     result[..input.len()].copy_from_slice(input);
    /// #     Ok(input.len())
    /// # }
    /// use jobring::{ProcessError, ProcessPool, ShutdownMode};
    ///
    /// use std::time::Duration;
    ///
    /// let pool = ProcessPool::fork(&[echo]).build()?;
    /// if pool.shutdown(ShutdownMode::Drain, Duration::from_secs(60)) == Err(ProcessError::TimedOut) {
    ///     // Some job hangs.
    ///     pool.terminate(Duration::from_secs(60))?;
    /// }
    /// assert_eq!(pool.stats().workers, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, mode: ShutdownMode, limit: impl Into<TimeLimit>) -> Result<(), ProcessError> {
        let ending = match mode {
            ShutdownMode::Drain => Ending::Drain,
            ShutdownMode::Discard => Ending::Discard,
        };
        Ok(self.0.shutdown(ending, limit.into().timeout())?)
    }

    /// The same, and kills the jobs that run.
    pub fn terminate(&self, limit: impl Into<TimeLimit>) -> Result<(), ProcessError> {
        Ok(self.0.shutdown(Ending::Kill, limit.into().timeout())?)
    }

    /// A descriptor that is readable when a job may have ended, for poll(2) and event loops
    /// ([`descriptor`](crate::ProcessPoolBuilder::descriptor) of the builder). Take until there is nothing: then it is unreadable until the next job ends.
    ///
    /// ```standalone_crate
    /// # fn echo(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    /// #     result[..input.len()].copy_from_slice(input);
    /// #     Ok(input.len())
    /// # }
    /// use jobring::{ProcessJob, ProcessPool};
    ///
    /// let pool = ProcessPool::fork(&[echo]).descriptor().build()?;
    /// let job = pool.submit(&ProcessJob::new(0, b"hello"))?;
    /// let descriptor = pool.descriptor().expect("it was asked for");
    /// // An event loop waits until `descriptor` is readable. Then:
    /// while let Some(end) = pool.try_take()? {
    ///     assert_eq!(end.id, job);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.0.descriptor().map(AsFd::as_fd)
    }

    /// What the pool does at this moment. In a child by `fork()` of its process all but the capacity is 0.
    ///
    /// ```standalone_crate
    /// # fn echo(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
    /// #     result[..input.len()].copy_from_slice(input);
    /// #     Ok(input.len())
    /// # }
    /// use jobring::{ProcessPool};
    ///
    /// let pool = ProcessPool::fork(&[echo]).capacity(64).build()?;
    /// let stats = pool.stats();
    /// assert_eq!((stats.capacity, stats.submitted, stats.deaths), (64, 0, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> ProcessPoolStats {
        let stats = self.0.statistics();
        ProcessPoolStats {
            workers: stats.workers,
            capacity: stats.capacity,
            submitted: stats.counts.submitted,
            in_flight: stats.in_flight,
            made: stats.counts.made,
            deaths: stats.counts.deaths,
            is_zygote_lost: stats.counts.is_zygote_lost,
        }
    }
}
