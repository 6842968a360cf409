//! Iterates over the results of a map: its jobs are those of a pool, and each has the items with it.

use crate::engine::{Batch, Recipient, ReserveError};
use crate::error::JobError;
use crate::platform::port::{Deadline, Timeout};
use crate::rust::closure::{ClosureRequest, Fits};
use crate::rust::handle::JobHandle;
use crate::rust::job_state::JobState;
use crate::rust::map::{MapIter, Submitted};
use crate::rust::map_chunk::Chunk;
use crate::rust::map_order::{Jobs, Stop, Taken, Unplaced};
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::util::unwind::drop_ignoring_panic;
use alloc::boxed::Box;
use core::iter::FusedIterator;

/// The jobs of a map on a pool.
struct PoolJobs<'p, P: AnyPool>(&'p PoolCore<P>);

impl<'p, A, F, T, P> Jobs<A, F, T> for PoolJobs<'p, P>
where
    A: Send + 'static,
    F: Fn(A) -> T + Send + 'static,
    T: Send + 'static,
    P: AnyPool,
{
    type Job = Submitted<'p, A, T>;

    fn left(&self, deadline: Deadline) -> Result<Option<u64>, ()> {
        deadline.left(self.0.raw().port())
    }

    fn submit(&self, chunk: Box<Chunk<A, T>>, f: F) -> Result<Self::Job, Unplaced<A, T>> {
        let len = chunk.inputs.len();
        let mut batch = Batch::new(self.0.raw());
        let reserved = match batch.reserve(1) {
            Ok(reserved) => reserved,
            Err(why) => {
                drop(batch);
                drop_ignoring_panic(f);
                let why = if why == ReserveError::Shutdown { Stop::Shutdown } else { Stop::Full };
                return Err(Unplaced { why, chunk });
            }
        };
        let request = request::<P, _, _>(move || {
            let mut chunk = chunk;
            chunk.run(&f);
            drop_ignoring_panic(f);
            chunk
        });
        // SAFETY:
        // - 1: just reserved from this pool. 2: it fits into a payload (request), and both types are 'static.
        let (job, position) = unsafe { self.0.raw().enqueue(reserved, request, Recipient::HANDLE) };
        batch.placed(position);
        Ok(Submitted { job: JobHandle::new(self.0.raw(), job), len })
    }

    fn cancel(&self, job: &Self::Job) {
        job.cancel();
    }

    fn take(&self, Submitted { job, len }: Self::Job, timeout: Timeout) -> Taken<A, T, Self::Job> {
        let pool = self.0.raw();
        if timeout == Timeout::Poll && job.state() == JobState::Cancelled {
            return Taken::Late(Submitted { job, len });
        }
        // The caller needs this one next, so it may as well run it. With a time limit only where no thread may be left that does.
        let helps = match timeout {
            Timeout::Forever => true,
            Timeout::Nanos(_) => pool.current_context().is_some(),
            Timeout::Poll => false,
        };
        if helps
            && !pool.is_copy()
            && !pool.is_interrupted()
            && pool.stack_suffices()
            && let Some(id) = job.id()
        {
            pool.run_lent(id);
        }
        match job.wait_within(timeout) {
            Ok(Ok(chunk)) => Taken::Finished(chunk),
            Ok(Err(error)) => {
                let mut chunk = Box::new(Chunk::new());
                chunk.fail(len, || of_each_item(&error));
                Taken::Finished(chunk)
            }
            Err(job) if timeout != Timeout::Poll && pool.is_interrupted() => {
                Taken::Interrupted(Submitted { job, len })
            }
            Err(job) => Taken::Late(Submitted { job, len }),
        }
    }

    fn give_up(&self, Submitted { job, .. }: Self::Job) {
        job.detach();
    }
}

impl<A, T> Submitted<'_, A, T> {
    fn cancel(&self) {
        self.job.canceller().cancel();
    }
}

/// A job that fits into a slot of every pool of this kind.
pub(super) fn request<P: AnyPool, J: FnOnce() -> R + Send, R: Send>(job: J) -> ClosureRequest<J, R> {
    ClosureRequest::new(job, const { Fits::asserted(P::PAYLOAD) })
}

/// The error of a chunk, for one of its items. The panics of a chunk are those of its items.
fn of_each_item(chunk: &JobError) -> JobError {
    match chunk {
        JobError::Deadlock => JobError::Deadlock,
        JobError::Stack => JobError::Stack,
        JobError::Forked => JobError::Forked,
        _ => JobError::Cancelled,
    }
}

impl<I, F, T, P> Iterator for MapIter<'_, I, F, T, P>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Clone + Send + 'static,
    T: Send + 'static,
    P: AnyPool,
{
    type Item = Result<T, JobError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.order.next(&PoolJobs(self.pool))
    }
}

impl<I, F, T, P> FusedIterator for MapIter<'_, I, F, T, P>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Clone + Send + 'static,
    T: Send + 'static,
    P: AnyPool,
{
}

impl<I: Iterator, F, T, P: AnyPool> Drop for MapIter<'_, I, F, T, P> {
    fn drop(&mut self) {
        self.order.in_flight.iter().for_each(Submitted::cancel);
    }
}
