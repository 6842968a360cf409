//! Pausing a pool.

use super::call::{done_out, visit};
use super::pool::CPool;
use super::status::{StatusError, jobring_status};
use super::types::jobring_pool;

#[cfg(any(feature = "std", feature = "pthread"))]
impl CPool {
    fn pause(&self) -> Result<(), StatusError> {
        self.raw.pause();
        Ok(())
    }

    fn resume(&self) -> Result<(), StatusError> {
        self.raw.resume();
        Ok(())
    }
}

#[cfg(not(any(feature = "std", feature = "pthread")))]
impl CPool {
    fn pause(&self) -> Result<(), StatusError> {
        Err(StatusError(super::status::JOBRING_E_UNSUPPORTED))
    }

    fn resume(&self) -> Result<(), StatusError> {
        self.pause()
    }
}

/// Pauses a pool: its workers start no job until jobring_resume().
///
/// Jobs that run go on, and submits are accepted until the pool is full. Workers without a job sleep, and use no CPU.
/// After this call has returned, at most one more job starts on each worker: the one that it was about to take.
///
/// What does not go through workers is not paused. A wait inside a job runs the job that it waits for, and so does a
/// wait on a pool without workers; jobring_run_one(), jobring_run_until_idle() and loops run jobs on the calling thread.
/// jobring_wait_idle() waits for the resume if a job is queued.
///
/// jobring_shutdown() and jobring_destroy() override the pause: what is queued is run or dropped as ever. On a pool that
/// was shut down this call has no effect. Pauses do not nest: one jobring_resume() ends them all.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_UNSUPPORTED: a build without threads.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or
/// allocate.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_pause(pool: *mut jobring_pool) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        pool.pause()
    })
}

/// Ends a pause: the workers take the queued jobs.
///
/// On a pool that is not paused it does nothing.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_UNSUPPORTED: a build without threads.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or
/// allocate.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_resume(pool: *mut jobring_pool) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        pool.resume()
    })
}
