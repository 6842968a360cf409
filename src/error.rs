//! The errors of the Rust API. A call that fails returns what it was given.

mod blocking_queue;
mod os_error;
mod queue_full;

pub use blocking_queue::{PopError, PushError};
use core::fmt;
pub use os_error::OsError;
pub use queue_full::QueueFull;

/// Why a job was not accepted. It was not run, and nothing of it was dropped: the error holds the job.
///
/// ```
/// use jobring::{StaticPool, SubmitError};
///
/// static POOL: StaticPool<1, 0, 48> = StaticPool::new();
///
/// let first = POOL.try_submit(|| 1).expect("there is room");
/// match POOL.try_submit(|| 2) {
///     Err(SubmitError::Full(job)) => assert_eq!(job(), 2),
///     _ => unreachable!("the one slot is taken"),
/// }
/// assert_eq!(first.wait().unwrap(), 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubmitError<F> {
    /// No slot is free.
    Full(F),
    /// The pool is shut down, or the process is a child by `fork()` of the one that the pool is in.
    Shutdown(F),
    /// No slot is free, and no job can free one: each job waits itself, or has finished and its result was
    /// not taken.
    Deadlock(F),
    /// No slot is free, and an interrupt was raised ([`PoolCore::interruptible`](crate::PoolCore::interruptible)).
    Interrupted(F),
}

impl<F> SubmitError<F> {
    /// The job that was not accepted.
    ///
    /// ```
    /// # use jobring::{ShutdownMode, StaticPool};
    /// static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    /// POOL.shutdown(ShutdownMode::Drain, None)?;
    /// let job = POOL.submit(|| 42).expect_err("the pool is shut down").into_job();
    /// assert_eq!(job(), 42);
    /// # Ok::<(), jobring::ShutdownError>(())
    /// ```
    pub fn into_job(self) -> F {
        match self {
            Self::Full(job) | Self::Shutdown(job) | Self::Deadlock(job) | Self::Interrupted(job) => job,
        }
    }

    /// The error without the job, which is dropped. It passes through `?` for every job; an error that holds
    /// a job does so only if the job is `Sync`.
    ///
    /// ```
    /// use jobring::{Pool, SubmitError};
    ///
    /// fn start(pool: &Pool, job: Box<dyn FnOnce() + Send>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     pool.submit_detached(job).map_err(SubmitError::without_job)?;
    ///     Ok(())
    /// }
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// start(&pool, Box::new(|| ()))?;
    /// pool.shutdown(jobring::ShutdownMode::Drain, None)?;
    /// let error = start(&pool, Box::new(|| ())).expect_err("the pool is shut down");
    /// assert_eq!(error.to_string(), "the pool is shut down");
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn without_job(self) -> SubmitError<()> {
        match self {
            Self::Full(_) => SubmitError::Full(()),
            Self::Shutdown(_) => SubmitError::Shutdown(()),
            Self::Deadlock(_) => SubmitError::Deadlock(()),
            Self::Interrupted(_) => SubmitError::Interrupted(()),
        }
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Shutdown(_) => "Shutdown(..)",
            Self::Deadlock(_) => "Deadlock(..)",
            Self::Interrupted(_) => "Interrupted(..)",
        })
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "no slot is free",
            Self::Shutdown(_) => "the pool is shut down",
            Self::Deadlock(_) => "no slot is free, and no job can free one",
            Self::Interrupted(_) => "interrupted",
        })
    }
}

impl<F> core::error::Error for SubmitError<F> {}

/// Why a job has no result.
///
/// ```
/// use jobring::{JobError, Pool};
///
/// let pool = Pool::builder().workers(1).build()?;
/// let job = pool.submit(|| -> u32 { panic!("out of paper") }).expect("the pool is open");
/// match job.wait() {
///     Err(JobError::Panicked(panic)) => assert_eq!(panic.message(), Some("out of paper")),
///     other => unreachable!("{other:?}"),
/// }
/// # Ok::<(), jobring::BuildError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// The job panicked. Without the feature `std` panics are not caught, and this does not occur.
    Panicked(JobPanic),
    /// The job was cancelled, or discarded by the shutdown of its pool, before it ran.
    Cancelled,
    /// The wait would never end: the job that waits runs inside the other one, or every thread that could end
    /// the wait waits itself.
    Deadlock,
    /// Too little stack is left to run the job here, inside a job (or it is unknown how much is left: see
    /// [`JobHandle::wait`](crate::JobHandle::wait)), and no other worker can run it.
    Stack,
    /// The process is a child by `fork()` of the one that the pool is in, and the job had not finished at the
    /// fork: it belongs to the parent.
    Forked,
    /// An interrupt was raised ([`PoolCore::interruptible`](crate::PoolCore::interruptible)).
    /// [`JobHandle::wait_interruptible`](crate::JobHandle::wait_interruptible) returns the handle instead.
    Interrupted,
    /// The time of a map was up, and this job had not finished, or was not begun: see `MapIter::timeout`.
    TimedOut,
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => panic.fmt(f),
            Self::Cancelled => f.write_str("the job was cancelled"),
            Self::Deadlock => f.write_str("the wait would never end"),
            Self::Stack => f.write_str("too little stack is left to run the job here"),
            Self::Forked => f.write_str("the process is a child by fork() of the one that runs the job"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::TimedOut => f.write_str("the time for the jobs was up"),
        }
    }
}

impl core::error::Error for JobError {}

#[cfg(feature = "std")]
type Payload = alloc::boxed::Box<dyn core::any::Any + Send>;
#[cfg(not(feature = "std"))]
type Payload = core::convert::Infallible;

/// A job's panic: its message, and what it panicked with.
pub struct JobPanic(Payload);

// SAFETY:
// - through a shared reference only `message` gives access to the payload, as one of two types that are Sync.
//   (std's Exclusive does the same, and is unstable.)
unsafe impl Sync for JobPanic {}

impl JobPanic {
    pub(crate) fn new(payload: Payload) -> Self {
        Self(payload)
    }

    /// The panic's message, if it is a text, as with `panic!`.
    ///
    /// ```
    /// # use jobring::{JobError, Pool};
    /// let pool = Pool::builder().workers(1).build()?;
    /// let job = pool.submit(|| { std::panic::panic_any(42) }).expect("the pool is open");
    /// let Err(JobError::Panicked(panic)) = job.wait() else { unreachable!() };
    /// assert_eq!(panic.message(), None);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        #[cfg(feature = "std")]
        return match self.0.downcast_ref::<&'static str>() {
            Some(text) => Some(text),
            None => self.0.downcast_ref::<alloc::string::String>().map(alloc::string::String::as_str),
        };
        #[cfg(not(feature = "std"))]
        match self.0 {}
    }

    /// The value that the job panicked with, as `std::thread::JoinHandle::join` returns it.
    ///
    /// ```
    /// # use jobring::{JobError, Pool};
    /// let pool = Pool::builder().workers(1).build()?;
    /// let job = pool.submit(|| { std::panic::panic_any(42) }).expect("the pool is open");
    /// let Err(JobError::Panicked(panic)) = job.wait() else { unreachable!() };
    /// assert_eq!(panic.into_payload().downcast_ref(), Some(&42));
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn into_payload(self) -> alloc::boxed::Box<dyn core::any::Any + Send> {
        self.0
    }

    /// Continues the panic on the calling thread, without calling the panic hook again.
    ///
    /// ```should_panic
    /// # use jobring::{JobError, Pool};
    /// let pool = Pool::builder().workers(1).build().unwrap();
    /// let job = pool.submit(|| -> u32 { panic!("out of paper") }).expect("the pool is open");
    /// match job.wait() {
    ///     Ok(pages) => println!("{pages} pages"),
    ///     Err(JobError::Panicked(panic)) => panic.resume(),
    ///     Err(error) => eprintln!("{error}"),
    /// }
    /// ```
    ///
    /// # Panics
    /// Always.
    pub fn resume(self) -> ! {
        #[cfg(feature = "std")]
        std::panic::resume_unwind(self.0);
        #[cfg(not(feature = "std"))]
        match self.0 {}
    }
}

impl fmt::Debug for JobPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobPanic").field("message", &self.message()).finish_non_exhaustive()
    }
}

impl fmt::Display for JobPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "the job panicked: {message}"),
            None => f.write_str("the job panicked"),
        }
    }
}

/// Why a completion queue gave nothing.
///
/// ```
/// use jobring::{RecvError, StaticPool};
///
/// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
///
/// let queue = POOL.completions::<u32>()?;
/// assert_eq!(queue.try_recv().unwrap_err(), RecvError::Empty);
/// queue.submit(7, || 42)?;
/// assert_eq!(queue.try_recv().unwrap_err(), RecvError::Pending);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum RecvError {
    /// No job has finished, and none is pending.
    Empty,
    /// Jobs are pending, and none has finished in time.
    Pending,
    /// Jobs are pending, and the pool has no worker that could run them.
    NoWorkers,
    /// The wait would never end: every thread that could finish a pending job waits itself.
    Deadlock,
    /// The process is a child by `fork()` of the one that the pool is in, and the pending jobs are the parent's.
    Forked,
    /// Nothing has finished, and an interrupt was raised ([`PoolCore::interruptible`](crate::PoolCore::interruptible)).
    Interrupted,
}

#[cfg(feature = "alloc")]
impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no job is pending",
            Self::Pending => "no job has finished yet",
            Self::NoWorkers => "no worker can run the pending jobs",
            Self::Deadlock => "the wait would never end",
            Self::Forked => "the process is a child by fork() of the one that runs the jobs",
            Self::Interrupted => "interrupted",
        })
    }
}

#[cfg(feature = "alloc")]
impl core::error::Error for RecvError {}

/// Why a pool, or its completion queue, could not be made.
///
/// ```
/// use jobring::{BuildError, Pool};
///
/// let error = Pool::builder().capacity(0).build().expect_err("a pool has a slot at least");
/// assert_eq!(error, BuildError::Invalid("capacity"));
/// assert_eq!(error.to_string(), "capacity is out of range");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A number is out of range. This is the name of the setting.
    Invalid(&'static str),
    /// Out of memory, or the system has none left to report forks (`pthread_atfork`).
    NoMemory,
    /// The stack is smaller than a worker needs, which is this many bytes.
    StackTooSmall(usize),
    /// The start hook panicked on so many workers that too few are left. All threads were joined.
    StartHook,
    /// The system refused a thread, with this error. Threads that had started were joined.
    Thread(OsError),
    /// This build or backend does not support a setting. This is its name.
    Unsupported(&'static str),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(what) => write!(f, "{what} is out of range"),
            Self::NoMemory => f.write_str("out of memory"),
            Self::StackTooSmall(needed) => {
                write!(f, "stack_size is too small: a worker needs {needed} bytes")
            }
            Self::StartHook => f.write_str("on_start panicked"),
            Self::Thread(_) => f.write_str("the system refused a thread"),
            Self::Unsupported(what) => write!(f, "{what} is not supported by this build or backend"),
        }
    }
}

impl core::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Thread(error) => Some(error),
            _ => None,
        }
    }
}
