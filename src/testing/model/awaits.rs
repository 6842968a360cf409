//! A job's handle used as a future, and a queue as a stream, without the types: one task awaits one job, or polls
//! one queue.

extern crate std;

use super::completions::{Queue, Took};
use super::pool::{End, Pool};
use crate::job::id::JobId;
use crate::slot::waker::WakerToken;
use crate::sync::dying;
use core::task::{Poll, Waker};
use std::sync::Arc;

/// The only handle of a job.
pub struct Awaiting<const N: usize> {
    pool: Arc<Pool<N>>,
    job: Option<JobId>,
    left: WakerToken,
}

impl<const N: usize> Awaiting<N> {
    /// A handle that nobody else uses.
    pub fn new(pool: &Arc<Pool<N>>, job: JobId) -> Self {
        Self { pool: pool.clone(), job: Some(job), left: WakerToken::default() }
    }

    /// Returns how the job ended, and takes its result. None: the waker will be woken. Must not be called
    /// again after Some.
    pub fn poll(&mut self, waker: &Waker) -> Option<End> {
        let job = self.job.expect("polled again after the end");
        match self.pool.raw.poll_job(job, &mut self.left, waker) {
            Poll::Pending => None,
            Poll::Ready(()) => Some(self.wait()),
        }
    }

    /// Waits as a thread does.
    pub fn wait(&mut self) -> End {
        let job = self.job.take().expect("waited for again after the end");
        let _waker = self.pool.raw.take_waker_back(job, &mut self.left);
        self.pool.wait(job)
    }

    /// Leaks the handle.
    pub fn leak(mut self) -> JobId {
        self.job.take().expect("leaked after the end")
    }
}

impl<const N: usize> Drop for Awaiting<N> {
    fn drop(&mut self) {
        if let Some(job) = self.job
            && !dying()
        {
            let _waker = self.pool.raw.take_waker_back(job, &mut self.left);
            assert!(self.pool.detach(job), "a handle's owner alone gives it up");
        }
    }
}

/// A queue that a task polls.
pub struct Polling<const N: usize> {
    queue: Arc<Queue<N>>,
    left: WakerToken,
}

impl<const N: usize> Polling<N> {
    /// A task begins, the only one of this queue.
    pub fn new(queue: &Arc<Queue<N>>) -> Self {
        Self { queue: queue.clone(), left: WakerToken::default() }
    }

    /// Takes a job that has finished, or says Empty if none is pending. None: the waker will be woken.
    pub fn poll(&mut self, waker: &Waker) -> Option<Took> {
        loop {
            match self.queue.try_take() {
                Took::TimedOut => {}
                took => return Some(took),
            }
            let Queue { pool, queue, .. } = &*self.queue;
            if pool.raw.poll_completions(queue, &mut self.left, waker).is_pending() {
                return None;
            }
        }
    }
}

impl<const N: usize> Drop for Polling<N> {
    fn drop(&mut self) {
        if !dying() {
            drop(self.queue.queue.take_waker_back(&mut self.left));
        }
    }
}

impl<const N: usize> Pool<N> {
    /// Drops the wakers of leaked handles.
    pub fn drop_wakers(&self) {
        self.raw.drop_wakers();
    }
}
