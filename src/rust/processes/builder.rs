//! The options of a process pool.

use super::function::{ProcessFunction, function};
use super::pool::ProcessPool;
use crate::processes::pool::{Config, CreateError, Origin, ResourceLimit};
use core::fmt;

/// What a [`ProcessPool`] is made of. From [`ProcessPool::fork`] or [`ProcessPool::spawn`].
///
/// ```standalone_crate
/// use jobring::ProcessPool;
///
/// fn prepare(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
///     Ok(0)
/// }
///
/// fn first(input: &[u8], result: &mut [u8]) -> Result<usize, i32> {
///     result[0] = *input.first().ok_or(22)?;
///     Ok(1)
/// }
///
/// const RLIMIT_CPU: i32 = 0;
///
/// let pool = ProcessPool::fork(&[prepare, first])
///     .workers(2)
///     .capacity(64)
///     .payload(1 << 16, 1)
///     .initializer(0)
///     .jobs_per_worker(1000)
///     .resource_limit(RLIMIT_CPU, 3600, 3600)
///     .restarts(3)
///     .stack_size(1 << 20)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct ProcessPoolBuilder {
    config: Config,
}

impl fmt::Debug for ProcessPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolBuilder").finish_non_exhaustive()
    }
}

impl ProcessPoolBuilder {
    pub(super) fn new(functions: Option<&[ProcessFunction]>) -> Self {
        let origin = functions.map_or(Origin::Spawn, |functions| {
            Origin::Fork(functions.iter().copied().map(function).collect())
        });
        Self { config: Config::new(origin) }
    }

    /// The number of worker processes, at most 64. The default is the number of CPUs.
    pub fn workers(mut self, workers: usize) -> Self {
        self.config.workers = workers;
        self
    }

    /// The number of jobs that are queued, run, or have ended and were not taken; rounded up to a power of two. The default is 256.
    pub fn capacity(mut self, jobs: usize) -> Self {
        self.config.capacity = jobs;
        self
    }

    /// The most bytes of an input, and of a result. The default is 4096 for each. The pool allocates this memory for each slot
    /// when it is made.
    pub fn payload(mut self, input: usize, result: usize) -> Self {
        (self.config.input, self.config.result) = (input, result);
        self
    }

    /// Each worker calls this function first, without an input. If it fails, the worker ends, and is made again after a
    /// delay (see [`restarts`](Self::restarts)).
    pub fn initializer(mut self, function: usize) -> Self {
        self.config.initializer = Some(function);
        self
    }

    /// A worker ends after this many jobs, and a new one takes its place: for functions that leak.
    pub fn jobs_per_worker(mut self, jobs: usize) -> Self {
        self.config.jobs_per_worker = Some(jobs);
        self
    }

    /// A limit of setrlimit(2) for each worker: `RLIMIT_AS` and the like, and its soft and hard value. At most 16 limits.
    pub fn resource_limit(mut self, resource: i32, soft: u64, hard: u64) -> Self {
        self.config.limits.push(ResourceLimit { resource, soft, hard });
        self
    }

    /// How many times in a row a worker may end before it can take jobs; the delay before the next try doubles, from 1 ms to
    /// 1 s. After that its place stays empty. The default is 8. A worker that ends in a job does not count, nor
    /// does a process that the system refuses to make.
    pub fn restarts(mut self, times: u32) -> Self {
        self.config.restarts = times;
        self
    }

    /// The pool has a descriptor that is readable when a job has ended ([`ProcessPool::descriptor`]).
    pub fn descriptor(mut self) -> Self {
        self.config.descriptor = true;
        self
    }

    /// The size of a worker's stack, for [`ProcessPool::fork`]. The default is 8 MiB. The stack of a worker of
    /// [`ProcessPool::spawn`] is the program's own.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.config.stack = bytes;
        self
    }

    /// Makes the pool.
    pub fn build(self) -> Result<ProcessPool, ProcessPoolError> {
        ProcessPool::new(self.config).map_err(ProcessPoolError::of)
    }
}

impl ProcessPool {
    /// A pool whose workers are copies of this process, and call these functions. Make it before the process has other threads.
    pub fn fork(functions: &[ProcessFunction]) -> ProcessPoolBuilder {
        ProcessPoolBuilder::new(Some(functions))
    }

    /// A pool whose workers are copies of this program, started once more. Its `main` calls [`take_over`](Self::take_over) first.
    pub fn spawn() -> ProcessPoolBuilder {
        ProcessPoolBuilder::new(None)
    }
}

/// Why there is no process pool.
///
/// ```standalone_crate
/// use jobring::{ProcessPool, ProcessPoolError};
///
/// assert!(matches!(ProcessPool::fork(&[]).workers(0).build(), Err(ProcessPoolError::Config(_))));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessPoolError {
    /// This option has a value that can't be.
    Config(&'static str),
    /// This process was started as a worker of another one, and has not called
    /// [`ProcessPool::take_over`](crate::ProcessPool::take_over).
    IsWorker,
    /// The program that was started did not call [`ProcessPool::take_over`](crate::ProcessPool::take_over).
    NoTakeOver,
    /// The system refused memory, a descriptor, a thread or a process.
    System(std::io::Error),
}

impl ProcessPoolError {
    fn of(error: CreateError) -> Self {
        match error {
            CreateError::Config(what) => Self::Config(what),
            CreateError::IsZygote => Self::IsWorker,
            CreateError::NoZygote => Self::NoTakeOver,
            CreateError::System(error) => Self::System(error),
        }
    }
}

impl fmt::Display for ProcessPoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(what) => write!(f, "out of range: {what}"),
            Self::IsWorker => f.write_str("this process was started as a worker and did not take over"),
            Self::NoTakeOver => f.write_str("the program that was started did not take over"),
            Self::System(error) => write!(f, "the system refused: {error}"),
        }
    }
}

impl core::error::Error for ProcessPoolError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}
