//! Jobs that the jobs of a scope spawn into it.
//!
//! Only the thread that opened a scope has the list of its jobs (`Spawned`). So a job that another thread spawns is put into a
//! queue, which that thread empties at the scope's end: it finishes each as one of its own. A job for which the queue has no
//! place is finished by its spawner: run, or waited for.
//!
//! **None is missed.** The opener takes the queue for empty after all jobs of its list, and all that it took out of the queue,
//! have finished. Suppose a job N was not finished at that moment (the queue's "empty" is exact). It is not in the queue, and
//! was not taken out of it, so its spawner has not put it there yet: that is a job which has not finished either. The same holds
//! for that job, and so on up to a job of the opener's list, which has finished.

use super::scope::{Spawned, finish};
use crate::engine::{Fail, RawPool, Recipient, Request};
use crate::error::QueueFull;
use crate::job::id::JobId;
use crate::platform::port::{Origin, Port};
use crate::queue::Queue;
use crate::slot::storage::Storage;
use crate::util::unwind::PanicPayload;

/// The most jobs in the queue.
const MOST: usize = if cfg!(jobring_loom) { 1 } else { 16 };

/// The jobs that jobs of one scope have spawned, and that its opener has not finished yet.
pub(crate) struct Nested {
    jobs: Queue<JobId, MOST>,
}

impl Nested {
    pub(crate) fn new() -> Self {
        Self { jobs: Queue::new() }
    }

    /// Submits a job, or returns it if there is no slot. The panic of the job, if it was finished here. A job that fails must
    /// leave a `PanicPayload`.
    ///
    /// # Safety
    /// 1. The caller is inside a job of the scope, or is its opener. `finish` is called, with the same pool, when the jobs of
    ///    the opener's list have finished, and before the job's borrows end.
    /// 2. The request was made for this pool.
    pub(crate) unsafe fn spawn<S: Storage, P: Port + Clone, R: Request>(
        &self,
        pool: &RawPool<S, P>,
        request: R,
    ) -> Result<Option<PanicPayload>, R> {
        // SAFETY:
        // - 1: 2; finish returns when the job has finished.
        let job = unsafe { pool.submit(request, Recipient::HANDLE, Fail, Origin::Thread) }
            .map_err(|(_, request)| request)?;
        Ok(self.jobs.try_push(job).err().and_then(|QueueFull(job)| finish(pool, job)))
    }

    /// Returns when every job that was spawned here has finished. Keeps the first panic with those of `spawned`.
    pub(crate) fn finish<S: Storage, P: Port + Clone, const MAX: usize>(
        &self,
        pool: &RawPool<S, P>,
        spawned: &Spawned<MAX>,
    ) {
        while let Some(job) = self.jobs.try_pop() {
            spawned.note(finish(pool, job));
        }
    }
}
