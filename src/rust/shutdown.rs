//! Shutting a pool down.

use crate::engine::ShutdownReport;
use crate::engine::lifecycle::ShutdownMode;
use crate::platform::port::Timeout;
use crate::rust::pool_core::{AnyPool, PoolCore};
use core::fmt;
use core::time::Duration;

/// A shutdown that returned before every job had finished: it timed out, it was interrupted, the process is a
/// child by `fork()`, or a shutdown inside a job had too little stack left to run what was queued. The pool stays closed (in a
/// child by `fork()` nothing changed).
///
/// ```
/// use jobring::{Pool, ShutdownMode};
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
///
/// let pool = Pool::builder().workers(1).build()?;
/// let (started, has_started) = channel();
/// let (go, may_go) = channel::<()>();
/// let job = pool.submit(move || {
///     started.send(()).unwrap();
///     may_go.recv().unwrap();
/// });
/// has_started.recv()?;
/// let error = pool.shutdown(ShutdownMode::Drain, Some(Duration::ZERO)).expect_err("a job runs");
/// assert_eq!(error.report().running(), 1);
/// go.send(())?;
/// pool.shutdown(ShutdownMode::Drain, None)?;
/// # drop(job);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ShutdownError {
    report: ShutdownReport,
}

impl ShutdownError {
    pub(crate) const fn new(report: ShutdownReport) -> Self {
        Self { report }
    }

    /// What was in the pool when the shutdown returned.
    #[must_use]
    pub const fn report(&self) -> ShutdownReport {
        self.report
    }
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.report;
        let (queued, running) = (report.queued(), report.running());
        write!(f, "the pool is not empty: {queued} jobs are queued, {running} run")
    }
}

impl core::error::Error for ShutdownError {}

impl<P: AnyPool> PoolCore<P> {
    /// Refuses new jobs, and waits until every accepted job has finished: it was run or, with
    /// [`ShutdownMode::Discard`], dropped if it had not started. Several threads may call it, and it may be
    /// called again.
    ///
    /// While the pool is drained, the submits of its jobs are refused: a second stage is lost. Call
    /// [`wait_idle`](PoolCore::wait_idle) before the shutdown, so that such jobs have finished.
    ///
    /// Inside a job it does not wait for that job, nor for jobs that cannot finish before this shutdown or
    /// another one returns: jobs inside a shutdown or `wait_idle`, and jobs that wait for one of these without a timeout,
    /// directly or through others.
    ///
    /// ```
    /// use jobring::{JobError, Pool, ShutdownMode, SubmitError};
    ///
    /// let pool = Pool::builder().workers(0).build()?;
    /// let job = pool.submit(|| 42).expect("the pool is open");
    /// pool.shutdown(ShutdownMode::Discard, None)?;
    /// assert!(matches!(pool.submit(|| 43), Err(SubmitError::Shutdown(_))));
    /// assert!(matches!(job.wait(), Err(JobError::Cancelled)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ShutdownError`] after `timeout`, with what is still in the pool. The pool stays closed. `None` waits
    /// for ever. In a child by `fork()` the error comes at once, and nothing changes. Inside a job the error
    /// also comes if too little stack is left to run what is queued and no other thread can run it, and after an
    /// interrupt ([`PoolCore::interruptible`]).
    pub fn shutdown(
        &self,
        mode: ShutdownMode,
        timeout: Option<Duration>,
    ) -> Result<ShutdownReport, ShutdownError> {
        let timeout = timeout.map_or(Timeout::Forever, Timeout::from);
        self.raw.shutdown(mode, timeout).map_err(ShutdownError::new)
    }
}
