//! Parallel loops with options.

use crate::fork_join::{self, LoopOptions};
use crate::platform::port::Timeout;
#[cfg(feature = "alloc")]
use crate::rust::pool::Pool;
use crate::rust::pool_core::{AnyPool, PoolCore};
use core::error::Error;
use core::fmt;
use core::ops::{ControlFlow, Range};
use core::time::Duration;

/// A parallel loop with options: see [`PoolCore::parallel_loop`].
///
/// `P` is the kind of the pool; the default is `Pool`.
///
/// ```
/// use jobring::{AnyPool, ParallelLoop, Pool};
///
/// fn in_small_shares<P: AnyPool>(parallel: ParallelLoop<'_, P>) -> ParallelLoop<'_, P> {
///     parallel.grain(1).largest(8)
/// }
///
/// let pool = Pool::builder().workers(1).build()?;
/// in_small_shares(pool.parallel_loop(0..100)).run(|share| assert!(share.len() <= 8))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a loop does nothing until run() or try_run()"]
pub struct ParallelLoop<
    'p,
    #[cfg(feature = "alloc")] P: AnyPool = Pool,
    #[cfg(not(feature = "alloc"))] P: AnyPool,
> {
    pool: &'p PoolCore<P>,
    range: Range<usize>,
    options: LoopOptions,
}

/// The time for a parallel loop was up, and items were left out.
///
/// ```
/// use jobring::{LoopTimedOut, Pool};
/// use std::time::Duration;
///
/// let pool = Pool::builder().workers(1).build()?;
/// let parallel = pool.parallel_loop(0..100).timeout(Duration::ZERO);
/// assert_eq!(parallel.run(|_| unreachable!("it is too late")), Err(LoopTimedOut));
/// # Ok::<(), jobring::BuildError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it says all")]
pub struct LoopTimedOut;

impl fmt::Display for LoopTimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time for the loop was up")
    }
}

impl Error for LoopTimedOut {}

impl<P: AnyPool> PoolCore<P> {
    /// A loop over `range` as [`parallel_for`](PoolCore::parallel_for) runs it, with options.
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::sync::Barrier;
    ///
    /// // Bodies that wait for each other need shares of one item: so no body keeps an item from another thread.
    /// let pool = Pool::builder().workers(2).build()?;
    /// let all = Barrier::new(3);
    /// pool.parallel_loop(0..3).grain(1).largest(1).run(|_| _ = all.wait())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # A loop to wait for later
    ///
    /// A thread that does not want to wait for the loop submits a job that runs it. The whole loop then has one
    /// handle: to wait for, to await, to cancel, or to collect from a completion queue. When a cancel comes
    /// while the loop runs, the thread that runs the job sees the request in its shares, and may break.
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::ops::ControlFlow::{Break, Continue};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// let pool = Arc::new(Pool::builder().workers(2).build()?);
    /// let inside = pool.clone();
    /// let sum = pool.submit(move || {
    ///     let sum = AtomicU64::new(0);
    ///     let ended = inside.try_parallel_for(0..100_000, 0, |share| {
    ///         if inside.cancel_requested() {
    ///             return Break(());
    ///         }
    ///         sum.fetch_add(share.map(|n| n as u64).sum(), Ordering::Relaxed);
    ///         Continue(())
    ///     });
    ///     ended.is_continue().then(|| sum.into_inner())
    /// })?;
    /// // Here is time for something else.
    /// assert_eq!(sum.wait()?, Some(4_999_950_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parallel_loop(&self, range: Range<usize>) -> ParallelLoop<'_, P> {
        let options = LoopOptions { grain: 0, largest: 0, timeout: Timeout::Forever };
        ParallelLoop { pool: self, range, options }
    }
}

impl<P: AnyPool> ParallelLoop<'_, P> {
    /// The fewest items of a share, except for the last, but not more than the largest share. Default: 0, which
    /// chooses it by timing the first items.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// pool.parallel_loop(0..100).grain(10).run(|share| assert!(share.len() >= 10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn grain(mut self, items: usize) -> Self {
        self.options.grain = items;
        self
    }

    /// The most items of a share. Default: 0, no bound.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// pool.parallel_loop(0..100).largest(10).run(|share| assert!(share.len() <= 10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn largest(mut self, items: usize) -> Self {
        self.options.largest = items;
        self
    }

    /// The longest time until the last share is begun. When it is up, no further share is started, and the call
    /// returns when the bodies that had started have returned, since they use what it borrows. The clock is
    /// read before each share. Without a clock the time is up at once. Default: no limit.
    ///
    /// ```
    /// use jobring::LoopTimedOut;
    /// use std::thread::sleep;
    /// use std::time::Duration;
    ///
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// let parallel = pool.parallel_loop(0..1000).grain(1).largest(1).timeout(Duration::from_millis(5));
    /// assert_eq!(parallel.run(|_| sleep(Duration::from_millis(1))), Err(LoopTimedOut));
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout.into();
        self
    }

    /// Runs the loop, as [`parallel_for`](PoolCore::parallel_for) does.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// pool.parallel_loop(0..100).run(|share| assert!(share.end <= 100))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LoopTimedOut`]: the time was up, and items were left out.
    ///
    /// # Panics
    /// As parallel_for.
    pub fn run<F>(self, body: F) -> Result<(), LoopTimedOut>
    where
        F: Fn(Range<usize>) + Sync,
    {
        let body = |share| -> ControlFlow<core::convert::Infallible> {
            body(share);
            ControlFlow::Continue(())
        };
        self.try_run(body).map(|ended| match ended {
            ControlFlow::Continue(()) => {}
            ControlFlow::Break(never) => match never {},
        })
    }

    /// Runs the loop until a body breaks, as [`try_parallel_for`](PoolCore::try_parallel_for) does.
    ///
    /// ```
    /// use std::ops::ControlFlow::{Break, Continue};
    ///
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// let found = pool.parallel_loop(0..100).try_run(|share| match share.contains(&42) {
    ///     true => Break(42),
    ///     false => Continue(()),
    /// });
    /// assert_eq!(found?, Break(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LoopTimedOut`]: the time was up, items were left out, and no body broke.
    ///
    /// # Panics
    /// As parallel_for.
    pub fn try_run<F, B>(self, body: F) -> Result<ControlFlow<B>, LoopTimedOut>
    where
        F: Fn(Range<usize>) -> ControlFlow<B> + Sync,
        B: Send,
    {
        fork_join::try_for_each_share_with(&self.pool.raw, self.range, self.options, body)
            .map_err(|_| LoopTimedOut)
    }
}

impl<P: AnyPool> fmt::Debug for ParallelLoop<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParallelLoop").field("range", &self.range).field("options", &self.options).finish()
    }
}
