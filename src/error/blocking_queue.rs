//! The errors of a blocking queue.

use core::fmt;

/// Why a [`BlockingQueue`](crate::BlockingQueue) did not take a value, which the error holds.
///
/// ```
/// use jobring::{BlockingQueue, PushError};
///
/// let queue = BlockingQueue::<_, 1>::new();
/// queue.push("first").map_err(PushError::without_value)?;
/// assert_eq!(queue.try_push("second"), Err(PushError::Full("second")));
/// queue.close();
/// assert_eq!(queue.push("third").expect_err("it is closed").into_value(), "third");
/// # Ok::<(), PushError<()>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PushError<T> {
    /// No place was free until the time had passed.
    Full(T),
    /// The queue is closed.
    Closed(T),
}

impl<T> PushError<T> {
    /// The value that was to be pushed.
    ///
    /// ```
    /// use jobring::PushError;
    ///
    /// assert_eq!(PushError::Full(7).into_value(), 7);
    /// ```
    pub fn into_value(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) => value,
        }
    }

    /// The error without the value, which is dropped.
    ///
    /// ```
    /// use jobring::PushError;
    ///
    /// assert_eq!(PushError::Closed("late").without_value().to_string(), "the queue is closed");
    /// ```
    pub fn without_value(self) -> PushError<()> {
        match self {
            Self::Full(_) => PushError::Full(()),
            Self::Closed(_) => PushError::Closed(()),
        }
    }
}

impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full",
            Self::Closed(_) => "the queue is closed",
        })
    }
}

impl<T> core::error::Error for PushError<T> {}

/// Why a [`BlockingQueue`](crate::BlockingQueue) gave no value.
///
/// ```
/// use jobring::{BlockingQueue, PopError};
///
/// let queue = BlockingQueue::<u32, 4>::new();
/// assert_eq!(queue.try_pop(), Err(PopError::Empty));
/// queue.close();
/// assert_eq!(queue.pop(), Err(PopError::Closed));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum PopError {
    /// No value came until the time had passed.
    Empty,
    /// The queue is closed, and all values were popped.
    Closed,
}

impl fmt::Display for PopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty",
            Self::Closed => "the queue is closed",
        })
    }
}

impl core::error::Error for PopError {}
