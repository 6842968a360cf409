//! How long a call may wait.

use crate::platform::port::Timeout;
use core::time::Duration;

/// How long a wait may take: a [`Duration`] from now, with `std` also an `Instant` at which it ends, or
/// [`NONE`](TimeLimit::NONE).
///
/// ```
/// use jobring::Pool;
/// use std::time::{Duration, Instant};
///
/// let pool = Pool::builder().workers(1).build()?;
/// // One deadline for several waits.
/// let deadline = Instant::now() + Duration::from_secs(60);
/// for n in 0..3 {
///     let job = pool.submit(move || n * n)?;
///     let result = job.wait_timeout(deadline).expect("in time");
///     assert_eq!(result?, n * n);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeLimit(Timeout);

impl TimeLimit {
    /// No limit.
    ///
    /// ```
    /// use jobring::{StaticPool, TimeLimit};
    ///
    /// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    ///
    /// let job = POOL.try_submit(|| 42).expect("there is room");
    /// assert_eq!(job.wait_timeout(TimeLimit::NONE).expect("it ends").unwrap(), 42);
    /// ```
    pub const NONE: Self = Self(Timeout::Forever);

    pub(crate) fn timeout(self) -> Timeout {
        self.0
    }
}

impl From<Duration> for TimeLimit {
    /// This long, from now on.
    fn from(time: Duration) -> Self {
        Self(time.into())
    }
}

#[cfg(feature = "std")]
impl From<std::time::Instant> for TimeLimit {
    /// Until then. A time that has passed is no time.
    fn from(deadline: std::time::Instant) -> Self {
        deadline.saturating_duration_since(std::time::Instant::now()).into()
    }
}
