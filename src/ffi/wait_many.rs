//! The wait for several jobs.

use super::call::{call_out, optional, visit};
use super::state::{JOBRING_STATE_STALE, number};
use super::status::{
    JOBRING_E_INVALID, JOBRING_E_TIMEDOUT, JOBRING_OK, JOBRING_PENDING, StatusError, jobring_status,
};
use super::types::{JOBRING_WAIT_HELP, jobring_job, jobring_pool, jobring_wait_options};
use super::wait::read_options;
use crate::engine::{Jobs, Member, WaitError, WaitFor};
use crate::job::id::JobId;
use crate::platform::port::Timeout;

/// jobring_wait_many(): until all jobs have finished.
pub const JOBRING_UNTIL_ALL: u32 = 0;
/// jobring_wait_many(): until one job has finished.
pub const JOBRING_UNTIL_FIRST: u32 = 1;
/// jobring_wait_many(): until one job has failed. A job that was cancelled has not failed.
pub const JOBRING_UNTIL_FAILURE: u32 = 2;

/// Waits until one of several jobs has finished, or until all have, and takes nothing.
///
/// Whatever `until` says, the wait also ends when all jobs have finished. A handle that is stale counts as a
/// job that has finished: another thread may take a result, or detach a job, during the call. So a loop that
/// waits for the first job, and takes it, leaves its handle out of the next call. (The reference is
/// concurrent.futures.wait() of Python.)
///
/// Inside a job of this pool, and without a time limit, queued jobs of the array run right here until the
/// wait is decided, as for jobring_wait(). On a pool without workers the caller runs the queued jobs in their
/// order.
///
/// Each call looks at all jobs. To take many jobs one after the other as they finish, use a completion queue
/// (jobring_completions_create()): there each costs the same, however many are pending.
///
/// - `jobs`: the handles; the array does not change during the call.
/// - `count`: the number of handles. 0: the call returns JOBRING_OK at once.
/// - `until`: JOBRING_UNTIL_ALL, JOBRING_UNTIL_FIRST or JOBRING_UNTIL_FAILURE.
/// - `options`: how to wait, or NULL for all defaults. JOBRING_WAIT_PEEK changes nothing.
/// - `index`: where, on JOBRING_OK only, the position in the array is written of a job that has finished
///   (JOBRING_UNTIL_FIRST) or failed (JOBRING_UNTIL_FAILURE); `count` if the wait ended because all have
///   finished. NULL if it is not wanted.
/// - `states`: an array where, on JOBRING_OK, JOBRING_PENDING and JOBRING_E_TIMEDOUT, a JOBRING_STATE_
///   constant is written for each job: where it stands when the call returns. JOBRING_STATE_STALE stands for
///   a stale handle. NULL if they are not wanted.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_PENDING: with JOBRING_WAIT_POLL, if the call would have to wait.
/// - JOBRING_E_TIMEDOUT: the time limit has passed. The jobs are as before.
/// - JOBRING_E_DEADLOCK: as for jobring_wait(), if no job is left that could end the wait.
/// - JOBRING_E_STACK, JOBRING_E_INTERRUPTED: as for jobring_wait().
/// - JOBRING_E_INVALID: also for another `until`.
///
/// From where jobring_wait() may be called; with JOBRING_WAIT_POLL from where jobring_poll() may be called,
/// and then it does not block. Does not allocate, as jobring_wait().
///
/// # Safety
/// `pool` is a pool or NULL; `jobs` is NULL or has `count` handles; `options` is NULL or a
/// jobring_wait_options; `index` is NULL or writable; `states` is NULL or writable for `count` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_wait_many(
    pool: *mut jobring_pool,
    jobs: *const jobring_job,
    count: usize,
    until: u32,
    options: *const jobring_wait_options,
    index: *mut usize,
    states: *mut u32,
) -> jobring_status {
    call_out(|| {
        optional(index)?;
        optional(states)?;
        let until = match until {
            JOBRING_UNTIL_ALL => WaitFor::All,
            JOBRING_UNTIL_FIRST => WaitFor::First,
            JOBRING_UNTIL_FAILURE => WaitFor::Failure,
            _ => return Err(StatusError(JOBRING_E_INVALID)),
        };
        let is_readable =
            !jobs.is_null() && jobs.is_aligned() && count <= isize::MAX as usize / size_of::<jobring_job>();
        if count > 0 && !is_readable {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        // SAFETY:
        // - the caller's.
        let (timeout, flags) = unsafe { read_options(options, pool) }?;
        // SAFETY:
        // - the caller's; called with numbers below the count.
        let job = |number: usize| JobId::from_bits(unsafe { jobs.add(number).read() });
        let member = |number: usize| Member::InPool(job(number));
        let many = Jobs { count, member: &member, until };
        let status = match pool.raw.wait_many(&many, timeout, flags & JOBRING_WAIT_HELP != 0) {
            Ok(found) => {
                if !index.is_null() {
                    // SAFETY:
                    // - checked above.
                    unsafe { index.write(found) };
                }
                Ok(JOBRING_OK)
            }
            Err(WaitError::Pending) if timeout == Timeout::Poll => Ok(JOBRING_PENDING),
            Err(WaitError::Pending) => Err(StatusError(JOBRING_E_TIMEDOUT)),
            Err(error) => return Err(error.into()),
        };
        if !states.is_null() {
            for at in 0..count {
                let state = pool.raw.standing(job(at)).map_or(JOBRING_STATE_STALE, number);
                // SAFETY:
                // - the caller's; checked above.
                unsafe { states.add(at).write(state) };
            }
        }
        status
    })
}
