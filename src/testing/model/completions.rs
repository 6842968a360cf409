//! A completion queue of a whole pool.

extern crate std;

use super::pool::{No, Pool};
use super::tasks::{OwnedRequest, Task, TaskRequest};
use crate::engine::{Completion, Completions, Fail, RanUserCode, TakeError, Wait, WhenFull};
use crate::job::id::JobId;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::{Origin, Timeout};
use crate::sync::AtomicUsize;
use core::ptr::NonNull;
use std::boxed::Box;
use std::sync::Arc;

/// What a take gave. Done and Failed have the job's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the queue's words")]
pub enum Took {
    Done(usize),
    Failed(usize),
    Cancelled,
    Empty,
    TimedOut,
    NoWorkers,
    Deadlock,
    Interrupted,
}

/// A queue of a pool of N slots.
pub struct Queue<const N: usize> {
    // Dropped before its pool and its entries.
    pub(super) queue: Completions,
    pub(super) pool: Arc<Pool<N>>,
    _entries: Box<[AtomicUsize]>,
    /// Stands for the descriptor: not 0 while it is readable.
    descriptor: AtomicUsize,
}

impl<const N: usize> Queue<N> {
    /// A queue for at most `limit` jobs.
    pub fn new(pool: &Arc<Pool<N>>, limit: usize) -> Arc<Self> {
        let entries: Box<[AtomicUsize]> = (0..N).map(|_| AtomicUsize::new(0)).collect();
        // SAFETY:
        // - 1: as many entries as slots. All three live until no thread of the model has the queue any more.
        let queue = unsafe { Completions::new_for(&pool.raw, NonNull::from(&*entries), limit) };
        Arc::new(Self { queue, pool: pool.clone(), _entries: entries, descriptor: AtomicUsize::new(0) })
    }

    fn submit_as(&self, task: Task, when_full: impl WhenFull) -> Result<JobId, No> {
        let request = OwnedRequest { task: TaskRequest::new(task), owner: self.queue.owner() };
        // SAFETY:
        // - 1: as for every task. 2: the request does that.
        unsafe { self.pool.raw.submit_into(&self.queue, request, when_full, Origin::Thread) }
            .map_err(|(refused, _)| refused.into())
    }

    /// Submits a job into the queue, if there is room.
    pub fn submit(&self, task: Task) -> Result<JobId, No> {
        self.submit_as(task, Fail)
    }

    /// The same, waiting for room.
    pub fn submit_blocking(&self, task: Task) -> Result<JobId, No> {
        self.submit_as(task, Wait(Timeout::Forever))
    }

    /// Takes jobs as an event loop does, until `jobs` of them were taken: arms, polls, takes.
    pub fn poll_for(&self, jobs: usize) {
        let mut taken = 0;
        while taken < jobs {
            match self.try_take() {
                Took::Done(_) => taken += 1,
                _ if self.arm() => self.poll(),
                _ => {}
            }
        }
    }

    /// From here on the next completion makes the descriptor readable. False: there is one.
    pub fn arm(&self) -> bool {
        self.queue.set_descriptor(&raw const self.descriptor as usize);
        self.pool.raw.arm(&self.queue)
    }

    /// Waits until the descriptor is readable.
    pub fn poll(&self) {
        self.pool.raw.port().poll(&self.descriptor);
    }

    /// The number of jobs that were submitted and not taken.
    pub fn pending(&self) -> usize {
        self.queue.pending()
    }

    /// Waits for a job that has finished, and takes it.
    pub fn take(&self) -> Took {
        self.take_within(Timeout::Forever)
    }

    /// Takes a job that has finished, if there is one.
    pub fn try_take(&self) -> Took {
        self.take_within(Timeout::Poll)
    }

    fn take_within(&self, timeout: Timeout) -> Took {
        let mut took = Took::Empty;
        let mut deliver = |_: JobId, _: &'static JobVTable, payload: Payload, completion: Completion| {
            took = match completion {
                Completion::Done => {
                    // SAFETY:
                    // - a job of this kind that is done has its task in the payload, and it is ours here.
                    let task = unsafe { Task::out_of(payload) };
                    task.taken();
                    Took::Done(task.number())
                }
                // SAFETY:
                // - a job of this kind that failed left its number there.
                Completion::Failed => Took::Failed(unsafe { payload.at.cast::<usize>().add(1).read() }),
                Completion::Cancelled => Took::Cancelled,
            };
            RanUserCode::No
        };
        match self.pool.raw.take_completions(&self.queue, timeout, 1, &mut deliver) {
            Ok(taken) => assert_eq!(taken, 1),
            Err(TakeError::Empty) => return Took::Empty,
            Err(TakeError::TimedOut) => return Took::TimedOut,
            Err(TakeError::NoWorkers) => return Took::NoWorkers,
            Err(TakeError::Deadlock) => return Took::Deadlock,
            Err(TakeError::Interrupted) => return Took::Interrupted,
            Err(TakeError::Forked) => unreachable!("a model does not fork"),
        }
        took
    }
}
