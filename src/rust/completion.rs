//! What a completion queue gives.

use crate::error::JobError;

/// A job that has finished: what [`Completions`](crate::Completions) give.
///
/// ```
/// use jobring::Completion;
///
/// fn report(completion: Completion<u32>) -> String {
///     match completion.result {
///         Ok(value) => format!("job {}: {value}", completion.tag),
///         Err(error) => format!("job {}: {error}", completion.tag),
///     }
/// }
///
/// let pool = jobring::Pool::builder().workers(1).build()?;
/// let queue = pool.completions()?;
/// queue.submit(7, || panic!("out of paper"))?;
/// assert_eq!(report(queue.recv()?), "job 7: the job panicked: out of paper");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Completion<T> {
    /// The number that was submitted with the job.
    pub tag: u64,
    /// What the job returned, or why it has no result: [`JobError::Panicked`] or [`JobError::Cancelled`].
    pub result: Result<T, JobError>,
}
