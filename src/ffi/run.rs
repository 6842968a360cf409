//! Running jobs on the caller's threads.

use super::call::{call_out, done_out, optional, visit};
use super::status::{
    JOBRING_E_BUSY, JOBRING_E_EMPTY, JOBRING_E_FULL, JOBRING_E_STACK, JOBRING_OK, StatusError, jobring_status,
};
use super::types::jobring_pool;

/// Runs the oldest queued job on the calling thread.
///
/// Returns:
/// - JOBRING_OK: it ran a job.
/// - JOBRING_E_EMPTY: no job is queued.
/// - JOBRING_E_STACK: inside a job, if fewer than stack_reserve bytes of the stack are left.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler; from an
/// interrupt on a pool without a port, if every job of the pool may run there. Takes as long as the job,
/// and blocks if the job does. Does not allocate.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_run_one(pool: *mut jobring_pool) -> jobring_status {
    call_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        match pool.raw.run_one() {
            true => Ok(JOBRING_OK),
            false if pool.raw.stack_suffices() => Ok(JOBRING_E_EMPTY),
            false => Err(StatusError(JOBRING_E_STACK)),
        }
    })
}

/// Runs queued jobs on the calling thread until none is queued, including jobs that those jobs submit.
///
/// - `ran`: where the number of jobs that it ran is written, also with JOBRING_E_STACK; NULL if it is not
///   wanted.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_STACK: as for jobring_run_one().
/// - JOBRING_E_INVALID.
///
/// From where jobring_run_one() may be called.
///
/// # Safety
/// `pool` is a pool or NULL; `ran` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_run_until_idle(pool: *mut jobring_pool, ran: *mut u64) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        optional(ran)?;
        let mut count = 0;
        while pool.raw.run_one() {
            count += 1;
        }
        if !ran.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { ran.write(count) };
        }
        if pool.raw.stack_suffices() { Ok(()) } else { Err(StatusError(JOBRING_E_STACK)) }
    })
}

/// Makes the calling thread a worker of the pool until the pool is shut down and no job is queued.
///
/// Returns:
/// - JOBRING_OK: the pool is shut down and no job is queued.
/// - JOBRING_E_FULL: at once; the pool has `max_workers` workers.
/// - JOBRING_E_BUSY: at once; the caller is inside a job, is a worker of this pool, or is between
///   jobring_interrupt_begin() and jobring_interrupt_end() on it: an interrupt cannot end a worker's loop, but a
///   shutdown can.
/// - JOBRING_E_INVALID.
///
/// From any thread that is not a worker of this pool; not from a signal handler. Blocks. Does not allocate.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_enter_worker(pool: *mut jobring_pool) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        if pool.raw.is_inside() {
            return Err(StatusError(JOBRING_E_BUSY));
        }
        if !pool.raw.admit_worker() {
            return Err(StatusError(JOBRING_E_FULL));
        }
        let number = pool.first_entered() + pool.raw.number_worker();
        pool.raw.work(number);
        Ok(())
    })
}
