//! Closures that are larger than a slot: each lies in a block of the heap.

use crate::error::SubmitError;
use crate::rust::handle::JobHandle;
use crate::rust::pool_core::{AnyPool, PoolCore};
use alloc::boxed::Box;

impl<P: AnyPool> PoolCore<P> {
    /// As [`submit`](PoolCore::submit), for a closure of any size and alignment. The closure is moved into a `Box`, so the call
    /// allocates one block; the thread that runs the job frees it. Needs the feature `alloc`.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let (a, b, c) = (String::from("one"), String::from("two"), String::from("three"));
    /// let job = pool.submit_boxed(move || a.len() + b.len() + c.len())?;
    /// assert_eq!(job.wait()?, 11);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A boxed closure is a closure, so `submit_boxed(job)` is `submit(Box::new(job))`, and every other call that takes a job
    /// takes a boxed one too: with a time limit, detached, in a batch, a lane, a scope or a completion queue.
    ///
    /// ```
    /// # let pool = jobring::Pool::builder().workers(2).build()?;
    /// let numbers = [7u64; 100];
    /// pool.submit_detached(Box::new(move || assert_eq!(numbers.iter().sum::<u64>(), 700)))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The result still lies in the slot. A job with a larger result returns it in a `Box`:
    ///
    /// ```
    /// # let pool = jobring::Pool::builder().workers(2).build()?;
    /// let job = pool.submit(|| Box::new([7u64; 100]))?;
    /// assert_eq!(job.wait()?[99], 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for submit. The error returns the boxed closure: submit that, and no second block is allocated.
    pub fn submit_boxed<F, T>(&self, job: F) -> Result<JobHandle<'_, T>, SubmitError<Box<F>>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit(Box::new(job))
    }
}
