//! What a process pool is to do.

use core::time::Duration;

/// What a [`ProcessPool`](crate::ProcessPool) is to do.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ProcessJob<'a> {
    pub(super) function: usize,
    pub(super) input: &'a [u8],
    pub(super) tag: u64,
    pub(super) kill_after: Option<Duration>,
}

impl<'a> ProcessJob<'a> {
    /// A call of the function with this number.
    pub const fn new(function: usize, input: &'a [u8]) -> Self {
        Self { function, input, tag: 0, kill_after: None }
    }

    /// A number that the job's end repeats. The default is 0.
    pub const fn tag(mut self, tag: u64) -> Self {
        self.tag = tag;
        self
    }

    /// The worker is killed if the job runs for longer than this.
    ///
    /// ```standalone_crate
    /// use jobring::{ProcessDeathCause, ProcessJob, ProcessOutcome, ProcessPool, TimeLimit};
    ///
    /// use std::time::Duration;
    ///
    /// fn hang(_: &[u8], _: &mut [u8]) -> Result<usize, i32> {
    ///     loop {
    ///         std::hint::spin_loop();
    ///     }
    /// }
    ///
    /// let pool = ProcessPool::fork(&[hang]).build()?;
    /// let job = pool.submit(&ProcessJob::new(0, b"").kill_after(Duration::from_millis(5)))?;
    /// match pool.wait(job, TimeLimit::NONE)?.outcome {
    ///     ProcessOutcome::Died(death) => assert_eq!(death.cause, ProcessDeathCause::TimeLimit),
    ///     other => unreachable!("{other:?}"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn kill_after(mut self, time: Duration) -> Self {
        self.kill_after = Some(time);
        self
    }
}
