//! What can go wrong, for Rust callers. A call that fails hands back what it was given.

use core::fmt;

/// Why a job was not accepted. It was not run, and nothing of it was dropped: here it is.
pub enum SubmitError<F> {
    /// No slot is free.
    Full(F),
    /// The pool is shut down, or the process is a child by `fork()` of the one that the pool is in.
    Shutdown(F),
    /// No slot is free, and no job can free one: each waits itself, or is over and its result was not taken.
    Deadlock(F),
}

impl<F> SubmitError<F> {
    /// The job that was not accepted.
    pub fn into_job(self) -> F {
        match self {
            Self::Full(job) | Self::Shutdown(job) | Self::Deadlock(job) => job,
        }
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Shutdown(_) => "Shutdown(..)",
            Self::Deadlock(_) => "Deadlock(..)",
        })
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "no slot is free",
            Self::Shutdown(_) => "the pool is shut down",
            Self::Deadlock(_) => "no slot is free, and no job can free one",
        })
    }
}

impl<F> core::error::Error for SubmitError<F> {}

/// Why a job has no result.
#[derive(Debug)]
pub enum JobError {
    /// The job panicked; this is what it panicked with.
    #[cfg(feature = "std")]
    Panicked(alloc::boxed::Box<dyn core::any::Any + Send>),
    /// It was cancelled, or discarded by the shutdown of its pool, before it ran.
    Cancelled,
    /// It would wait for ever: the job that waits runs inside of it, or every thread that could end it waits itself.
    Deadlock,
    /// Too little stack is left to run the job here, inside a job (or nobody knows how much: see `JobHandle::wait`), and no other
    /// worker can run it.
    Stack,
    /// The process is a child by `fork()` of the one that the pool is in, and the job was not over at the fork: it is the
    /// parent's.
    Forked,
}

impl JobError {
    /// The panic's message, if it has one.
    #[cfg(feature = "std")]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Panicked(payload) => payload
                .downcast_ref::<&'static str>()
                .copied()
                .or_else(|| payload.downcast_ref::<alloc::string::String>().map(|text| text.as_str())),
            _ => None,
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "std")]
            Self::Panicked(_) => match self.message() {
                Some(message) => write!(f, "the job panicked: {message}"),
                None => f.write_str("the job panicked"),
            },
            Self::Cancelled => f.write_str("the job was cancelled"),
            Self::Deadlock => f.write_str("the wait would never end"),
            Self::Stack => f.write_str("too little stack is left to run the job here"),
            Self::Forked => f.write_str("the process is a child by fork() of the one that runs the job"),
        }
    }
}

impl core::error::Error for JobError {}

/// Why a pool did not come to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BuildError {
    /// A number is out of its range; the name of the setting.
    Invalid(&'static str),
    /// The memory cannot be had, or the system has none left to tell of forks (`pthread_atfork`).
    NoMemory,
    /// The stack is below what a worker needs, which is this many bytes.
    StackTooSmall(usize),
    /// The system refused a thread. Those that had begun were joined.
    Thread,
    /// This build or backend cannot do it; the name of the setting.
    Unsupported(&'static str),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(what) => write!(f, "{what} is out of range"),
            Self::NoMemory => f.write_str("the memory cannot be had"),
            Self::StackTooSmall(needed) => write!(f, "the stack is too small: a worker needs {needed} bytes"),
            Self::Thread => f.write_str("the system refused a thread"),
            Self::Unsupported(what) => write!(f, "{what} is not supported by this build or backend"),
        }
    }
}

impl core::error::Error for BuildError {}
