//! The flag by which a thread's blocking calls are ended. `engine/interrupt.rs` has the protocol.

use crate::sync::{Acquire, AtomicUsize, Bug, Release, Site, bug, const_fn, ordering, stores};
use core::fmt;

/// A flag that ends the blocking calls of a thread: see
/// [`PoolCore::interruptible`](crate::PoolCore::interruptible).
///
/// Once raised it stays raised until [`reset`](Interrupt::reset). It may be a `static`. Several threads may be inside
/// scopes of one interrupt, and [`PoolCore::raise`](crate::PoolCore::raise) ends the calls of all of them.
///
/// ```
/// use jobring::{Interrupt, JobHandle, Pool};
///
/// static STOP: Interrupt = Interrupt::new();
///
/// /// The sum; None if it was stopped.
/// fn sum(pool: &Pool, jobs: Vec<JobHandle<'_, u64>>) -> Option<u64> {
///     pool.interruptible(&STOP, || jobs.into_iter().map(|job| job.wait_interruptible().ok()?.ok()).sum())
/// }
///
/// let pool = Pool::builder().workers(2).build()?;
/// let jobs = (0..10).map(|n| pool.submit(move || n * n).expect("the pool is open")).collect();
/// assert_eq!(sum(&pool, jobs), Some(285));
/// # Ok::<(), jobring::BuildError>(())
/// ```
#[repr(transparent)]
pub struct Interrupt {
    raised: AtomicUsize,
}

impl Interrupt {
    const_fn! {
        /// An interrupt that is not raised: all zero.
        ///
        /// ```
        /// static STOP: jobring::Interrupt = jobring::Interrupt::new();
        /// assert!(!STOP.is_raised());
        /// ```
        #[must_use]
        pub fn new() -> Self {
            Self { raised: AtomicUsize::new(0) }
        }
    }

    /// Is it raised? Then the caller sees what came before the call that raised it. A signal handler may call this.
    ///
    /// ```
    /// use jobring::{Interrupt, StaticPool};
    ///
    /// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    /// static STOP: Interrupt = Interrupt::new();
    ///
    /// POOL.raise(&STOP);
    /// assert!(STOP.is_raised());
    /// ```
    #[must_use]
    pub fn is_raised(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `set`: what the raiser wrote is seen.
        self.raised.load(ordering(Site::InterruptLook, Acquire)) != 0
    }

    /// Ends its effect. Returns whether it was raised. If it was, the caller sees what came before that raise.
    /// A signal handler may call this.
    ///
    /// ```
    /// use jobring::{Interrupt, StaticPool};
    ///
    /// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    /// static STOP: Interrupt = Interrupt::new();
    ///
    /// POOL.raise(&STOP);
    /// assert!(STOP.reset() && !STOP.reset());
    /// ```
    pub fn reset(&self) -> bool {
        let was_raised = bug(Bug::ResetsInTwoSteps) && self.is_raised();
        if stores(Bug::ResetsInTwoSteps, &self.raised, 0) {
            return was_raised;
        }
        // ORDERING: Acquire, as in is_raised: it may be the first to see a second raise.
        self.raised.swap(0, ordering(Site::InterruptReset, Acquire)) != 0
    }

    /// Raises it, without an effect on threads that sleep.
    pub(crate) fn set(&self) {
        // ORDERING: Release pairs with is_raised and reset. A read-modify-write: if two threads raise it, a thread that sees the later
        // raise sees what came before the earlier one too.
        self.raised.fetch_or(1, ordering(Site::InterruptRaise, Release));
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt").field("raised", &self.is_raised()).finish()
    }
}
