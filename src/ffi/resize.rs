//! Changing the number of a pool's workers.

use super::call::{done_out, timeout, visit};
use super::pool::CPool;
#[cfg(any(feature = "std", feature = "pthread"))]
use super::status::{
    JOBRING_E_BUSY, JOBRING_E_FULL, JOBRING_E_INTERRUPTED, JOBRING_E_INVALID, JOBRING_E_SHUTDOWN,
    JOBRING_E_TIMEDOUT,
};
use super::status::{StatusError, jobring_status};
use super::types::jobring_pool;
use crate::platform::port::Timeout;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::ResizeError;

#[cfg(any(feature = "std", feature = "pthread"))]
impl CPool {
    fn resize(&self, workers: u32, timeout: Timeout) -> Result<(), StatusError> {
        // Destroy may have taken the set.
        if self.raw.is_closed() {
            return Err(StatusError(JOBRING_E_SHUTDOWN));
        }
        let set = self.workers.as_ref().ok_or(StatusError(JOBRING_E_INVALID))?;
        set.resize(&self.raw, workers as usize, timeout).map_err(|error| match error {
            ResizeError::TooMany => StatusError(JOBRING_E_INVALID),
            ResizeError::TimedOut => StatusError(JOBRING_E_TIMEDOUT),
            ResizeError::Interrupted => StatusError(JOBRING_E_INTERRUPTED),
            ResizeError::Shutdown => StatusError(JOBRING_E_SHUTDOWN),
            ResizeError::Full => StatusError(JOBRING_E_FULL),
            ResizeError::Busy => StatusError(JOBRING_E_BUSY),
            ResizeError::Start(error) => error.into(),
        })
    }
}

#[cfg(not(any(feature = "std", feature = "pthread")))]
impl CPool {
    fn resize(&self, _: u32, _: Timeout) -> Result<(), StatusError> {
        Err(StatusError(super::status::JOBRING_E_UNSUPPORTED))
    }
}

/// Sets the number of a pool's own workers while jobs flow.
///
/// Each worker that is one too many finishes its job, calls `on_stop` and leaves; those without a job leave first. No
/// job is lost. The call returns when they have left and their threads have ended. With more workers it makes threads in
/// the places that are free, and returns when `on_start` has returned on them. Threads that entered do not count, and stay.
///
/// With 0 workers a pool is as one that was made with JOBRING_WORKERS_NONE: callers that wait run the queued jobs. A
/// thread that sleeps in a wait or a submit when the last worker leaves wakes and does so too.
///
/// - `workers`: the number, at most `grow_to` of jobring_config, or `workers` if that is more; 0 for none.
/// - `timeout_ns`: the longest wait; JOBRING_FOREVER; 0 does not wait. Inside a job, a hook or a callback the call does not
///   wait either: a worker cannot wait for its own end. A thread that has left its loop is joined, however long the
///   destructors of its thread-locals take, unless the call does not wait.
///
/// Several threads may call this at once: the number that was set last counts. jobring_info_get() tells the workers that
/// there are. A worker's number is below `grow_to`; after a worker has left, another may get its number.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_TIMEDOUT: some are still to leave, to be joined or to call `on_start`. They go on, and a later call with the
///   same number waits for them.
/// - JOBRING_E_INTERRUPTED: the same, by jobring_interrupt_raise().
/// - JOBRING_E_SHUTDOWN: the pool is shut down, or was during the call.
/// - JOBRING_E_THREAD, JOBRING_E_NOMEM: the system refused a thread. Those that were made before work.
/// - JOBRING_E_FAILED: `on_start` failed on a new worker, which has left. The others work.
/// - JOBRING_E_FULL: with threads that entered the pool has `max_workers` workers.
/// - JOBRING_E_BUSY: the calling thread was a worker that has left, and is in a destructor of a thread-local: only after its
///   end can another worker take its place.
/// - JOBRING_E_UNSUPPORTED: a build without threads.
/// - JOBRING_E_INVALID: also if `workers` is too large.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does not allocate,
/// except that Rust's standard library does to make its threads.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_workers_set(
    pool: *mut jobring_pool,
    workers: u32,
    timeout_ns: i64,
) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        pool.resize(workers, timeout(timeout_ns)?)
    })
}
