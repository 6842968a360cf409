//! Iterates over the results of a map.
//!
//! - A chunk of items is one job. Its cells go with it, and hold the results when it has finished: so a chunk takes one `Vec`,
//!   which serves again when its results were taken.
//! - The caller has the handles of the chunks in flight, oldest first. It never waits for a slot, since the slots may be held by
//!   these very chunks: on a full pool it takes its oldest chunk, and runs the next one itself if it has none.
//! - While user code runs (the input, the clone of the function), the items that it has already given lie in `next_chunk`: a panic
//!   loses none.

use crate::JobId;
use crate::engine::{Batch, Recipient, ReserveError};
use crate::error::JobError;
use crate::platform::port::Timeout;
use crate::rust::closure::{ClosureRequest, Fits};
use crate::rust::handle::JobHandle;
use crate::rust::job_state::JobState;
use crate::rust::map::{Map, Submitted};
use crate::rust::map_chunk::{Cell, Chunk};
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::util::unwind::drop_ignoring_panic;
use core::iter::FusedIterator;
use core::mem::replace;

/// Why no further chunk was submitted.
#[derive(PartialEq, Eq)]
enum Stop {
    /// As many are in flight as may be, or the input has ended.
    Enough,
    Full,
    Late,
    Shutdown,
}

impl<'p, I, F, T, P> Map<'p, I, F, T, P>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Clone + Send + 'static,
    T: Send + 'static,
    P: AnyPool,
{
    /// Submits chunks until as many are in flight as may be.
    fn fill(&mut self) -> Stop {
        while self.in_flight.len() < self.most {
            let is_late = self.deadline.left(self.pool.raw().port()).is_err();
            // One item tells whether anything is left out.
            let wanted = if is_late { 1 } else { self.chunk };
            while self.next_chunk.0.len() < wanted
                && let Some(item) = self.inputs.next()
            {
                if self.next_chunk.0.capacity() == 0 {
                    let more = self.inputs.size_hint().0.saturating_add(1);
                    self.next_chunk.0.reserve_exact(wanted.min(more));
                }
                self.next_chunk.0.push(Cell::Input(item));
            }
            let len = self.next_chunk.0.len();
            if len == 0 {
                return Stop::Enough;
            }
            if is_late {
                return Stop::Late;
            }
            if self.in_flight.capacity() == 0 {
                self.in_flight.reserve_exact(self.most);
            }
            let f = self.f.clone();
            let next_chunk = &mut self.next_chunk;
            let placed = place(self.pool, || {
                let mut chunk = replace(next_chunk, Chunk::EMPTY);
                move || {
                    chunk.run(&f);
                    drop_ignoring_panic(f);
                    chunk
                }
            });
            match placed {
                Ok(job) => self.in_flight.push_back(Submitted { job, len }),
                Err(ReserveError::Shutdown) => return Stop::Shutdown,
                Err(_) => return Stop::Full,
            }
        }
        Stop::Enough
    }

    /// Makes results of the oldest chunk ready. None: there is no more.
    fn advance(&mut self) -> Option<Result<(), JobError>> {
        if self.has_ended {
            return None;
        }
        let stop = self.fill();
        if self.deadline.left(self.pool.raw().port()).is_err() {
            self.cancel();
        }
        let Some(Submitted { job, len }) = self.in_flight.pop_front() else {
            self.has_ended = stop != Stop::Full;
            return match stop {
                Stop::Enough => None,
                Stop::Late => Some(Err(JobError::TimedOut)),
                Stop::Shutdown => Some(Err(JobError::Cancelled)),
                Stop::Full => {
                    let mut chunk = replace(&mut self.next_chunk, Chunk::EMPTY);
                    chunk.run(&self.f);
                    self.show(chunk);
                    Some(Ok(()))
                }
            };
        };
        let timeout = match self.deadline.left(self.pool.raw().port()) {
            Ok(None) => Timeout::Forever,
            Ok(Some(nanos)) => Timeout::Nanos(nanos),
            Err(()) => Timeout::Poll,
        };
        if timeout == Timeout::Poll {
            job.cancel();
            if job.state() == JobState::Cancelled {
                return Some(Err(self.end_late()));
            }
        } else if let (Timeout::Nanos(_), Some(id)) = (timeout, job.id()) {
            self.help(id);
        }
        match job.wait_until(timeout) {
            Ok(Ok(chunk)) => self.show(chunk),
            Ok(Err(error)) => {
                self.show(Chunk((0..len).map(|_| Cell::Output(Err(of_each_item(&error)))).collect()));
            }
            Err(job) if timeout != Timeout::Poll && self.pool.raw().is_interrupted() => {
                self.in_flight.push_front(Submitted { job, len });
                return Some(Err(JobError::Interrupted));
            }
            Err(job) => {
                job.cancel();
                return Some(Err(self.end_late()));
            }
        }
        self.fill();
        Some(Ok(()))
    }

    /// As a wait without a time limit does: inside a job no thread may be left that runs another.
    fn help(&self, job: JobId) {
        let pool = self.pool.raw();
        if pool.current_context().is_some()
            && !pool.is_copy()
            && !pool.is_interrupted()
            && pool.stack_suffices()
        {
            pool.run_lent(job);
        }
    }

    /// Has the results of a chunk given next. Those before it were all given.
    fn show(&mut self, results: Chunk<I::Item, T>) {
        let mut used = replace(&mut self.results, results);
        self.given = 0;
        if self.next_chunk.0.capacity() == 0 {
            used.0.clear();
            self.next_chunk = used;
        }
    }

    fn end_late(&mut self) -> JobError {
        self.has_ended = true;
        self.cancel();
        self.in_flight.clear();
        JobError::TimedOut
    }
}

impl<I: Iterator, F, T, P: AnyPool> Map<'_, I, F, T, P> {
    /// Cancels what has not begun.
    fn cancel(&self) {
        self.in_flight.iter().for_each(|submitted| _ = submitted.job.canceller().cancel());
    }
}

/// Submits the job that `make` makes, which is called if there is a slot.
fn place<'p, P: AnyPool, J, R>(
    pool: &'p PoolCore<P>,
    make: impl FnOnce() -> J,
) -> Result<JobHandle<'p, R>, ReserveError>
where
    J: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let fits = const { Fits::<J, R>::asserted(P::PAYLOAD) };
    let mut batch = Batch::new(pool.raw());
    let reserved = match batch.reserve(1) {
        Ok(reserved) => reserved,
        Err(why) => {
            drop(batch);
            drop_ignoring_panic(make);
            return Err(why);
        }
    };
    let request = ClosureRequest::new(make(), fits);
    // SAFETY:
    // - 1: just reserved from this pool. 2: it fits into a payload, and both types are 'static.
    let (job, position) = unsafe { pool.raw().enqueue(reserved, request, Recipient::HANDLE) };
    batch.placed(position);
    Ok(JobHandle::new(pool.raw(), job))
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

impl<I, F, T, P> Iterator for Map<'_, I, F, T, P>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Clone + Send + 'static,
    T: Send + 'static,
    P: AnyPool,
{
    type Item = Result<T, JobError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while let Some(cell) = self.results.0.get_mut(self.given) {
                self.given += 1;
                if let Cell::Output(result) = replace(cell, Cell::Empty) {
                    return Some(result);
                }
            }
            if let Err(error) = self.advance()? {
                return Some(Err(error));
            }
        }
    }
}

impl<I, F, T, P> FusedIterator for Map<'_, I, F, T, P>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Clone + Send + 'static,
    T: Send + 'static,
    P: AnyPool,
{
}

impl<I: Iterator, F, T, P: AnyPool> Drop for Map<'_, I, F, T, P> {
    fn drop(&mut self) {
        self.cancel();
    }
}
