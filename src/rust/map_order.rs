//! The order of a map: what is in flight, and whose turn it is. The jobs may be those of a pool or of a scope.
//!
//! - A chunk of items is one job. Its cells hold the results when it has finished: so a chunk takes one `Vec`, which serves again
//!   when its results were taken.
//! - The jobs in flight stand in a ring, oldest first. A map never waits for a slot, since the slots may be held by these very
//!   jobs: on a full pool it takes its oldest job, and runs the next chunk itself if it has none.
//! - While user code runs (the input, the clone of the function), the items that it has already given lie in `next_chunk`: a panic
//!   loses none.

use crate::error::JobError;
use crate::platform::port::{Deadline, Timeout};
use crate::rust::map_chunk::Chunk;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::iter::Fuse;

/// Why no further chunk was submitted.
#[derive(PartialEq, Eq)]
pub(super) enum Stop {
    /// As many are in flight as may be, or the input has ended.
    Enough,
    Full,
    Late,
    Shutdown,
}

/// A chunk for which there was no slot.
pub(super) struct Unplaced<A, T> {
    pub(super) why: Stop,
    pub(super) chunk: Box<Chunk<A, T>>,
}

/// A job that was waited for.
pub(super) enum Taken<A, T, J> {
    Finished(Box<Chunk<A, T>>),
    /// It has not finished in time, or was cancelled because it had not begun.
    Late(J),
    Interrupted(J),
}

/// Where the jobs of a map run.
pub(super) trait Jobs<A, F, T> {
    type Job;

    /// The time that is left, as of a deadline.
    fn left(&self, deadline: Deadline) -> Result<Option<u64>, ()>;

    /// Submits a chunk and a clone of the function, if there is a slot. Otherwise the chunk comes back.
    fn submit(&self, chunk: Box<Chunk<A, T>>, f: F) -> Result<Self::Job, Unplaced<A, T>>;

    /// Cancels a job that has not begun.
    fn cancel(&self, job: &Self::Job);

    /// Waits for a job. With `Timeout::Poll` all that have not begun are cancelled.
    fn take(&self, job: Self::Job, timeout: Timeout) -> Taken<A, T, Self::Job>;

    /// Gives up a job whose results nobody wants.
    fn give_up(&self, job: Self::Job);
}

/// A map, apart from where its jobs run.
pub(super) struct Order<I: Iterator, F, T, J> {
    inputs: Fuse<I>,
    f: F,
    /// Items of a chunk, at least 1.
    pub(super) chunk: usize,
    /// The most jobs in flight, at least 1.
    pub(super) most: usize,
    pub(super) deadline: Deadline,
    /// Oldest first.
    pub(super) in_flight: VecDeque<J>,
    /// Items that were taken from the input, and not submitted yet.
    next_chunk: Option<Box<Chunk<I::Item, T>>>,
    /// The chunk that was taken last.
    results: Option<Box<Chunk<I::Item, T>>>,
    has_ended: bool,
}

impl<I: Iterator, F, T, J> Order<I, F, T, J> {
    pub(super) fn new(inputs: I, f: F, most: usize) -> Self {
        Self {
            inputs: inputs.fuse(),
            f,
            chunk: 1,
            most,
            deadline: Deadline::Never,
            in_flight: VecDeque::new(),
            next_chunk: None,
            results: None,
            has_ended: false,
        }
    }
}

impl<I, F, T, J> Order<I, F, T, J>
where
    I: Iterator,
    F: Fn(I::Item) -> T + Clone,
{
    /// The next result, in the order of the input.
    pub(super) fn next(&mut self, jobs: &impl Jobs<I::Item, F, T, Job = J>) -> Option<Result<T, JobError>> {
        loop {
            if let Some(result) = self.results.as_mut().and_then(|results| results.pop()) {
                return Some(result);
            }
            if let Err(error) = self.advance(jobs)? {
                return Some(Err(error));
            }
        }
    }

    /// Submits chunks until as many are in flight as may be.
    fn fill(&mut self, jobs: &impl Jobs<I::Item, F, T, Job = J>) -> Stop {
        while self.in_flight.len() < self.most {
            let is_late = jobs.left(self.deadline).is_err();
            // One item tells whether anything is left out.
            let wanted = if is_late { 1 } else { self.chunk };
            let chunk = self.next_chunk.get_or_insert_with(|| Box::new(Chunk::new()));
            if chunk.inputs.len() < wanted {
                chunk.inputs.extend(self.inputs.by_ref().take(wanted - chunk.inputs.len()));
            }
            if chunk.inputs.is_empty() {
                return Stop::Enough;
            }
            if is_late {
                return Stop::Late;
            }
            if self.in_flight.capacity() == 0 {
                self.in_flight.reserve_exact(self.most);
            }
            let f = self.f.clone();
            let Some(mut chunk) = self.next_chunk.take() else { continue };
            chunk.reserve();
            match jobs.submit(chunk, f) {
                Ok(job) => self.in_flight.push_back(job),
                Err(Unplaced { why, chunk }) => {
                    self.next_chunk = Some(chunk);
                    return why;
                }
            }
        }
        Stop::Enough
    }

    /// Makes results of the oldest chunk ready. None: there is no more.
    fn advance(&mut self, jobs: &impl Jobs<I::Item, F, T, Job = J>) -> Option<Result<(), JobError>> {
        if self.has_ended {
            return None;
        }
        let stop = self.fill(jobs);
        let timeout = match jobs.left(self.deadline) {
            Ok(None) => Timeout::Forever,
            Ok(Some(nanos)) => Timeout::Nanos(nanos),
            Err(()) => {
                self.in_flight.iter().for_each(|job| jobs.cancel(job));
                Timeout::Poll
            }
        };
        let Some(job) = self.in_flight.pop_front() else {
            self.has_ended = stop != Stop::Full;
            return match stop {
                Stop::Enough => None,
                Stop::Late => Some(Err(JobError::TimedOut)),
                Stop::Shutdown => Some(Err(JobError::Cancelled)),
                Stop::Full => {
                    let mut chunk = self.next_chunk.take()?;
                    chunk.run(&self.f);
                    self.show(chunk);
                    Some(Ok(()))
                }
            };
        };
        match jobs.take(job, timeout) {
            Taken::Finished(chunk) => self.show(chunk),
            Taken::Interrupted(job) => {
                self.in_flight.push_front(job);
                return Some(Err(JobError::Interrupted));
            }
            Taken::Late(job) => {
                self.has_ended = true;
                self.in_flight.push_front(job);
                self.in_flight.iter().for_each(|job| jobs.cancel(job));
                self.in_flight.drain(..).rev().for_each(|job| jobs.give_up(job));
                return Some(Err(JobError::TimedOut));
            }
        }
        self.fill(jobs);
        Some(Ok(()))
    }

    /// Has the results of a chunk given next. Those before it were all given.
    fn show(&mut self, results: Box<Chunk<I::Item, T>>) {
        let used = self.results.replace(results);
        if self.next_chunk.is_none()
            && let Some(mut used) = used
        {
            used.reuse();
            self.next_chunk = Some(used);
        }
    }
}
