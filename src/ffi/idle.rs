//! Waiting until a pool is idle, and cancelling what is queued.

use super::call::{done_out, optional, timeout, visit};
use super::status::jobring_status;
use super::types::jobring_pool;

/// Waits until every accepted job has finished, and leaves the pool open.
///
/// It returns when that was so at some moment during the call. The caller sees what the jobs did, also the
/// detached ones. Results may still be untaken. On a pool without workers the caller runs the queued jobs. If
/// other threads keep submitting, the pool may never be idle.
///
/// Inside a job it runs the queued jobs as well. There it waits neither for the jobs that this thread is
/// inside of, nor for jobs that are inside this call or a shutdown. A job that waits without a time limit for
/// one of those cannot finish: then one of the two calls returns JOBRING_E_DEADLOCK.
///
/// - `timeout_ns`: the longest wait; JOBRING_FOREVER; 0 only looks. If the time ends while this call runs a
///   job, the call returns after that job.
///
/// Returns:
/// - JOBRING_OK: the pool was idle.
/// - JOBRING_E_TIMEDOUT.
/// - JOBRING_E_DEADLOCK: without a time limit and inside a job, if another job cannot finish before this one
///   does; with any time limit but 0 inside a jobring_move_fn that a submit to this pool calls.
/// - JOBRING_E_STACK: inside a job, if too little stack is left to run what is queued, and nobody else runs
///   it.
/// - JOBRING_E_INTERRUPTED: by jobring_interrupt_raise().
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does not
/// allocate.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_wait_idle(pool: *mut jobring_pool, timeout_ns: i64) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        Ok(pool.raw.wait_idle(timeout(timeout_ns)?)?)
    })
}

/// Cancels every queued job, as jobring_cancel() does, also detached jobs and those of completion queues.
///
/// Their done and drop callbacks run on this thread before the call returns. Jobs that run go on, and those that a
/// lane holds back until such a job ends stay. Each other job that was accepted before the call has started or is
/// cancelled; of those that are submitted meanwhile some may stay queued.
///
/// - `cancelled`: where the number of jobs that it cancelled is written; NULL if it is not wanted. Helpers of
///   a loop that are queued count too; the loop is still done.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block
/// or allocate, except for what the callbacks do.
///
/// # Safety
/// `pool` is a pool or NULL; `cancelled` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_cancel_all(pool: *mut jobring_pool, cancelled: *mut u64) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        optional(cancelled)?;
        let count = pool.raw.cancel_all();
        if !cancelled.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { cancelled.write(count as u64) };
        }
        Ok(())
    })
}
