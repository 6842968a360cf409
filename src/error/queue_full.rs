//! The error of a push to a full queue.

use core::fmt;

/// No place of a [`Queue`](crate::Queue) was free. Holds the value that was to be pushed.
///
/// ```
/// use jobring::{Queue, QueueFull};
///
/// let queue = Queue::<_, 1>::new();
/// queue.try_push("first")?;
/// let QueueFull(refused) = queue.try_push("second").expect_err("there is one place");
/// assert_eq!(refused, "second");
/// # Ok::<(), QueueFull<&str>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueueFull<T>(pub T);

impl<T> fmt::Debug for QueueFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueFull(..)")
    }
}

impl<T> fmt::Display for QueueFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is full")
    }
}

impl<T> core::error::Error for QueueFull<T> {}
