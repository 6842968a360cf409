//! Submitting several jobs in a row.

use crate::engine::{Batch, Recipient, ReserveError};
use crate::error::SubmitError;
use crate::rust::closure::{ClosureRequest, Fits};
use crate::rust::handle::JobHandle;
use crate::rust::pool_core::{AnyPool, PoolCore};
use core::fmt;
use core::iter::FusedIterator;

/// Jobs that are submitted with one wake-up between them: as many as the engine takes slots at a time.
const AT_ONCE: usize = 8;

/// The jobs of a batch that were not accepted, in their order: an iterator. (Those that the batch had not asked
/// its own iterator for are still there.)
///
/// ```
/// use jobring::{Refused, StaticPool};
///
/// fn run_here<F: FnOnce()>(refused: Refused<F>) {
///     refused.for_each(|job| job());
/// }
///
/// static POOL: StaticPool<2, 0, 48> = StaticPool::new();
///
/// if let Err(full) = POOL.submit_batch_detached((0..3).map(|n| move || println!("{n}"))) {
///     run_here(full.into_job());
/// }
/// assert_eq!(POOL.run_until_idle(), 2);
/// ```
pub struct Refused<F> {
    jobs: [Option<F>; AT_ONCE],
    next: usize,
}

impl<F> Iterator for Refused<F> {
    type Item = F;

    fn next(&mut self) -> Option<F> {
        let job = self.jobs.get_mut(self.next)?.take();
        self.next += usize::from(job.is_some());
        job
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.jobs.iter().flatten().count();
        (left, Some(left))
    }
}

impl<F> ExactSizeIterator for Refused<F> {}

impl<F> FusedIterator for Refused<F> {}

impl<F> fmt::Debug for Refused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<P: AnyPool> PoolCore<P> {
    /// Submits several jobs in their order, with one wake-up for each eight of them, which is cheaper than one by
    /// one. Their handles go to `handles`. It never waits: if the pool becomes full, the rest is not accepted.
    /// Jobs of other threads may come in between. It does not lock or allocate; on a pool that is nearly full it
    /// may pause for up to about 30 µs before its first job.
    ///
    /// The iterator is asked for up to eight jobs at a time, and `handles` is extended, between two steps: they
    /// may use the pool. A panic in one of them leaves the call; the jobs that were accepted run.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let mut squares = Vec::new();
    /// pool.submit_batch((0..100u64).map(|n| move || n * n), &mut squares)?;
    /// let sum: u64 = squares.into_iter().map(|job| job.wait().unwrap()).sum();
    /// assert_eq!(sum, 328_350);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SubmitError::Full`], [`SubmitError::Shutdown`], with the jobs that were not accepted of those that the
    /// iterator gave.
    pub fn submit_batch<'p, F, T, I, H>(
        &'p self,
        jobs: I,
        handles: &mut H,
    ) -> Result<(), SubmitError<Refused<F>>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        I: IntoIterator<Item = F>,
        H: Extend<JobHandle<'p, T>>,
    {
        let fits = const { Fits::<F, T>::asserted(P::PAYLOAD) };
        self.submit_eights(jobs, false, fits, |some| handles.extend(some.into_iter().flatten()))
    }

    /// [`submit_batch`](PoolCore::submit_batch) for jobs whose results nobody wants.
    ///
    /// ```
    /// use jobring::{StaticPool, SubmitError};
    ///
    /// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    ///
    /// let mut jobs = (0..100).map(|n| move || println!("{n}"));
    /// let Err(SubmitError::Full(refused)) = POOL.submit_batch_detached(&mut jobs) else { unreachable!() };
    /// assert_eq!(POOL.run_until_idle(), 4);
    /// assert_eq!(refused.chain(jobs).count(), 96);
    /// ```
    ///
    /// # Errors
    /// As for submit_batch.
    pub fn submit_batch_detached<F, I>(&self, jobs: I) -> Result<(), SubmitError<Refused<F>>>
    where
        F: FnOnce() + Send + 'static,
        I: IntoIterator<Item = F>,
    {
        let fits = const { Fits::<F, ()>::asserted(P::PAYLOAD) };
        self.submit_eights(jobs, true, fits, |_| {})
    }

    /// While user code runs (the iterator, `deliver`), no slot is held and every accepted job is announced.
    fn submit_eights<'p, F, T>(
        &'p self,
        jobs: impl IntoIterator<Item = F>,
        detached: bool,
        fits: Fits<F, T>,
        mut deliver: impl FnMut([Option<JobHandle<'p, T>>; AT_ONCE]),
    ) -> Result<(), SubmitError<Refused<F>>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let mut jobs = jobs.into_iter().fuse();
        loop {
            let mut some: [Option<F>; AT_ONCE] = core::array::from_fn(|_| jobs.next());
            let count = some.iter().flatten().count();
            let mut handles = [const { None }; AT_ONCE];
            let mut batch = Batch::new(&self.raw);
            let mut refused = None;
            for (placed, (job, handle)) in some.iter_mut().zip(&mut handles).take(count).enumerate() {
                let reserved = match batch.reserve(count - placed) {
                    Ok(reserved) => reserved,
                    Err(why) => {
                        refused = Some((why, placed));
                        break;
                    }
                };
                let request = ClosureRequest::new(job.take().expect("it was counted"), fits);
                // SAFETY:
                // - 1: just reserved from this pool. 2: it fits into a payload, and both types are 'static.
                let (job, position) = unsafe { self.raw.enqueue(reserved, request, Recipient::of(detached)) };
                batch.placed(position);
                *handle = (!detached).then(|| JobHandle::new(&self.raw, job));
            }
            drop(batch);
            deliver(handles);
            match refused {
                Some((ReserveError::Shutdown, next)) => {
                    return Err(SubmitError::Shutdown(Refused { jobs: some, next }));
                }
                Some((_, next)) => return Err(SubmitError::Full(Refused { jobs: some, next })),
                None if count < AT_ONCE => return Ok(()),
                None => {}
            }
        }
    }
}
