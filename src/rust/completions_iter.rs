//! Iterates over the completions of a queue.

use crate::rust::completion::Completion;
use crate::rust::completions::Completions;
use crate::rust::pool::Pool;
use crate::rust::pool_core::AnyPool;
use core::fmt;

/// The iterator of [`Completions::iter`].
///
/// ```
/// use jobring::{AnyPool, CompletionsIter};
///
/// fn tags<T: Send + 'static, P: AnyPool>(completions: CompletionsIter<'_, T, P>) -> Vec<u64> {
///     completions.map(|completion| completion.tag).collect()
/// }
///
/// let pool = jobring::Pool::builder().workers(1).build()?;
/// let queue = pool.completions()?;
/// queue.submit(7, || 42)?;
/// assert_eq!(tags(queue.iter()), [7]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an iterator does nothing unless it is used"]
pub struct CompletionsIter<'a, T, P: AnyPool = Pool> {
    completions: &'a Completions<'a, T, P>,
}

impl<T: Send + 'static, P: AnyPool> Completions<'_, T, P> {
    /// The completions, as [`recv`](Completions::recv) gives them: the next one blocks. Ends when `recv` gives an error: when no
    /// job is pending, or after an interrupt.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(2).build()?;
    /// let queue = pool.completions()?;
    /// for n in 0..4 {
    ///     queue.submit(n, move || n + 1)?;
    /// }
    /// let mut tags: Vec<_> = queue.iter().map(|completion| completion.tag).collect();
    /// tags.sort();
    /// assert_eq!(tags, [0, 1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> CompletionsIter<'_, T, P> {
        CompletionsIter { completions: self }
    }
}

impl<'a, T: Send + 'static, P: AnyPool> IntoIterator for &'a Completions<'_, T, P> {
    type Item = Completion<T>;
    type IntoIter = CompletionsIter<'a, T, P>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Send + 'static, P: AnyPool> Iterator for CompletionsIter<'_, T, P> {
    type Item = Completion<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.completions.recv().ok()
    }
}

impl<T, P: AnyPool> fmt::Debug for CompletionsIter<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompletionsIter").field("completions", self.completions).finish()
    }
}
