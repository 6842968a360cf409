//! The handle of a job that borrows. The job is its scope's, which ends it if the handle does not.

use crate::engine::Disposition;
use crate::error::{JobError, JobPanic};
use crate::fork_join::Spawned;
use crate::job::id::JobId;
use crate::rust::closure::read_outcome;
#[cfg(feature = "alloc")]
use crate::rust::pool::Pool;
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::util::unwind::{Discarded, PanicPayload, catch};
use core::fmt;
use core::mem;

/// The most jobs of one scope that are queued, running, or finished but not yet collected.
pub(super) const MOST: usize = 32;

/// The claim on the result of a job that was spawned in a [`Scope`](crate::Scope): what its `spawn` returns.
///
/// Dropping it gives up the claim: the job still runs, and the scope drops its result. The handle stays on the thread that opened
/// the scope, and the scope outlives it.
///
/// `P` is the kind of the pool; the default is `Pool`. A function that takes a handle names the result's type:
///
/// ```
/// use jobring::{JobError, Pool, ScopedJobHandle};
///
/// fn sum(jobs: Vec<ScopedJobHandle<'_, u64>>) -> Result<u64, JobError> {
///     jobs.into_iter().map(ScopedJobHandle::wait).sum()
/// }
///
/// let pool = Pool::new(2)?;
/// let numbers: Vec<u64> = (0..1000).collect();
/// let total = pool.scope(|s| {
///     let jobs = numbers.chunks(100).map(|part| s.spawn(|| part.iter().sum::<u64>()));
///     sum(jobs.collect())
/// });
/// assert_eq!(total?, 499_500);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ScopedJobHandle<
    'scope,
    T,
    #[cfg(feature = "alloc")] P: AnyPool = Pool,
    #[cfg(not(feature = "alloc"))] P: AnyPool,
> {
    pool: &'scope PoolCore<P>,
    // Its cells make the handle !Send.
    spawned: &'scope Spawned<MOST>,
    state: HandleState<T>,
}

enum HandleState<T> {
    InScope(JobId),
    /// The job ran in its spawn, because no slot was free.
    Ran(Discarded<Result<T, PanicPayload>>),
    Taken,
}

impl<'scope, T: Send, P: AnyPool> ScopedJobHandle<'scope, T, P> {
    /// A handle that has claimed the job.
    pub(super) fn new(pool: &'scope PoolCore<P>, spawned: &'scope Spawned<MOST>, job: JobId) -> Self {
        Self { pool, spawned, state: HandleState::InScope(job) }
    }

    /// Calls `f` at once on this thread, as a worker would.
    pub(super) fn run_here(
        pool: &'scope PoolCore<P>,
        spawned: &'scope Spawned<MOST>,
        f: impl FnOnce() -> T,
    ) -> Self {
        Self { pool, spawned, state: HandleState::Ran(Discarded::new(catch(f))) }
    }

    /// Waits until the job has finished, and takes its result. A job that no thread has started runs here. Blocks.
    ///
    /// ```
    /// let pool = jobring::Pool::new(2)?;
    /// let text = String::from("a few words here");
    /// let (words, letters) = pool.scope(|s| {
    ///     let words = s.spawn(|| text.split(' ').count());
    ///     let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    ///     words.wait().map(|words| (words, letters))
    /// })?;
    /// assert_eq!((words, letters), (4, 13));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The job's panic, which then does not continue where the scope ends. [`JobError::Cancelled`] if a shutdown of the pool has
    /// discarded the job, or [`cancel_all`](PoolCore::cancel_all) has dropped it.
    pub fn wait(mut self) -> Result<T, JobError> {
        match mem::replace(&mut self.state, HandleState::Taken) {
            HandleState::InScope(job) => {
                let mut result = Err(JobError::Cancelled);
                self.spawned.take(self.pool.raw(), job, &mut |_, payload, ended| {
                    // SAFETY:
                    // - 1: it was spawned with this T (new), and its result is read only here, once.
                    unsafe { read_outcome(payload, ended, &mut result) };
                    Disposition::Take
                });
                result
            }
            HandleState::Ran(result) => {
                result.keep().map_err(|payload| JobError::Panicked(JobPanic::new(payload)))
            }
            HandleState::Taken => unreachable!("a handle is waited for once"),
        }
    }
}

impl<T, P: AnyPool> ScopedJobHandle<'_, T, P> {
    /// Has the job finished? Does not block.
    ///
    /// ```
    /// let pool = jobring::Pool::new(0)?;
    /// pool.scope(|s| {
    ///     let job = s.spawn(|| 42);
    ///     assert!(!job.is_finished());
    ///     assert!(pool.run_one());
    ///     assert!(job.is_finished());
    /// });
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self.state {
            HandleState::InScope(job) => self.pool.raw().is_finished(job),
            _ => true,
        }
    }
}

impl<T, P: AnyPool> Drop for ScopedJobHandle<'_, T, P> {
    fn drop(&mut self) {
        match mem::replace(&mut self.state, HandleState::Taken) {
            HandleState::InScope(job) => self.spawned.release(job),
            HandleState::Ran(result) => {
                if let Err(panicked) = result.keep().map(Discarded::new) {
                    self.spawned.note(Some(panicked));
                }
            }
            HandleState::Taken => {}
        }
    }
}

impl<T, P: AnyPool> fmt::Debug for ScopedJobHandle<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            HandleState::InScope(job) => f.debug_tuple("ScopedJobHandle").field(job).finish(),
            _ => f.write_str("ScopedJobHandle(ran in its spawn)"),
        }
    }
}
