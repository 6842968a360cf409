//! A pool's end.

use super::call::{call_out, done_out, optional, pool, timeout};
use super::create::PoolLayout;
use super::pool::CPool;
use super::status::{
    JOBRING_E_BUSY, JOBRING_E_INVALID, JOBRING_E_STACK, JOBRING_E_TIMEDOUT, JOBRING_OK, StatusError,
    jobring_status,
};
use super::types::jobring_pool;
use crate::engine::ShutdownReport;
use crate::engine::lifecycle::ShutdownMode;
use crate::platform::port::Timeout;
use crate::util::memory;

/// jobring_shutdown(): queued jobs are run.
pub const JOBRING_DRAIN: u32 = 0;
/// jobring_shutdown(): queued jobs are dropped, as by jobring_cancel().
pub const JOBRING_DISCARD: u32 = 1;

/// What was in a pool when jobring_shutdown() returned.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_report {
    /// Jobs that nobody has begun.
    pub queued: u32,
    /// Jobs that run.
    pub running: u32,
    /// Slots in the hands of a submit that has not returned, or of a thread that takes a result.
    pub submitting: u32,
    /// Jobs that are over and whose result nobody has taken.
    pub untaken: u32,
}

/// Refuses new jobs and waits until every accepted one is over. Results can still be taken afterwards.
///
/// `mode`: JOBRING_DRAIN runs what is queued; JOBRING_DISCARD drops what nobody has begun: callbacks are told
/// JOBRING_E_SHUTDOWN, on this thread, and waiters get JOBRING_E_CANCELLED. A discard wins over a drain. `timeout_ns`: nanoseconds; JOBRING_FOREVER; 0 only closes. `report`: what
/// was there in the end, or NULL.
///
/// Inside a job it does not wait for that job, nor for jobs that cannot end before this call or another shutdown does: jobs
/// that are inside a shutdown, and jobs that wait for one of these without a timeout, directly or through others (a loop
/// waits for its helpers). Elsewhere it waits for every accepted job. Several threads may call it at once, and again. Blocked submitters return JOBRING_E_SHUTDOWN. On a pool without workers the caller
/// runs what is queued.
///
/// Returns JOBRING_OK when all is over; JOBRING_E_TIMEDOUT (the pool stays closed, the report says what is left);
/// JOBRING_E_STACK likewise, without a time limit and inside a job, if too little stack is left to run what is queued and
/// nobody else runs it; JOBRING_E_INVALID.
///
/// From any thread, a job or a callback included; not from a signal handler. Blocks. Does not allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `report` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_shutdown(
    pool: *mut jobring_pool,
    mode: u32,
    timeout_ns: i64,
    report: *mut jobring_report,
) -> jobring_status {
    call_out(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        optional(report)?;
        let queued = match mode {
            JOBRING_DRAIN => ShutdownMode::Drain,
            JOBRING_DISCARD => ShutdownMode::Discard,
            _ => return Err(StatusError(JOBRING_E_INVALID)),
        };
        let timeout = timeout(timeout_ns)?;
        let (status, left) = match pool.raw.shutdown(queued, timeout) {
            Ok(left) => (JOBRING_OK, left),
            Err(left) if !pool.raw.stack_suffices() && timeout == Timeout::Forever => (JOBRING_E_STACK, left),
            Err(left) => (JOBRING_E_TIMEDOUT, left),
        };
        if !report.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { report.write(in_c(left)) };
        }
        Ok(status)
    })
}

/// Counts are below a pool's capacity, which fits.
fn in_c(report: ShutdownReport) -> jobring_report {
    jobring_report {
        queued: report.queued() as u32,
        running: report.running() as u32,
        submitting: report.submitting() as u32,
        untaken: report.untaken() as u32,
    }
}

/// Ends a pool: drains it (or goes on with the discard that was begun), joins its workers, waits for threads that are
/// inside one of its calls (submits that do not have to wait for a slot excepted, but for JOBRING_DESTROY_WAITS) or have entered it as workers, hands
/// untaken results to their drop callbacks, and gives memory of the library's back. After it nothing of the pool's is
/// touched.
///
/// NULL is allowed and does nothing. As for pthread_cond_destroy(), no thread may begin a call on the pool meanwhile; and
/// that a job has run does not mean that its submit has returned.
///
/// Destructors of thread-local data run on a worker's thread after its last job, as code outside of the pool. Such a destructor may
/// destroy the pool, if nobody else does: its own thread is then not joined, and ends by itself. While another thread destroys the
/// pool, which joins this one, it may make other calls on the pool: submits are refused, and every job that it waits for has
/// finished. Of the threads of one worker that jobs ended (see jobring_fn) only the last is joined.
///
/// Returns JOBRING_OK; JOBRING_E_BUSY from inside a job, a callback or a worker's hook of this pool, where nothing
/// is changed; JOBRING_E_STACK as for jobring_shutdown(), inside a job of another pool: the pool is closed, and can be
/// destroyed from elsewhere; JOBRING_E_INVALID.
///
/// From any thread that is not the pool's; not from a signal handler. Blocks for as long as the jobs take. Allocates
/// nothing.
///
/// # Safety
/// `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_destroy(pool: *mut jobring_pool) -> jobring_status {
    done_out(|| {
        if pool.is_null() {
            return Ok(());
        }
        // SAFETY:
        // - the caller's.
        let living = unsafe { self::pool(pool) }?;
        if living.raw.current_context().is_some() {
            return Err(StatusError(JOBRING_E_BUSY));
        }
        if living.raw.shutdown(ShutdownMode::Drain, Timeout::Forever).is_err() {
            return Err(StatusError(JOBRING_E_STACK));
        }
        living.raw.await_workers();
        let pool: *mut CPool = pool.cast();
        // SAFETY:
        // - the field is written by make and here alone; the workers have left their hooks and jobs, and nobody else may
        //   call.
        #[cfg(any(feature = "std", feature = "pthread"))]
        let workers = unsafe { &mut (*pool).workers };
        #[cfg(any(feature = "std", feature = "pthread"))]
        if let Some(workers) = workers.take() {
            workers.join();
        }
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        super::port_workers::join(living.raw.port(), living.workers);
        living.raw.lifecycle().await_visitors(living.raw.port());
        living.raw.forget_all();
        let owned = living.owned.and_then(|raw| Some((raw, PoolLayout::layout(living.bytes)?)));
        // SAFETY:
        // - workers and visitors are gone and nobody else may call: the memory is ours alone. Nothing in it owns
        //   anything that a drop would give back.
        unsafe { CPool::unmark(pool) };
        if memory::AVAILABLE
            && let Some((raw, layout)) = owned
        {
            // SAFETY:
            // - create got it with this layout.
            unsafe { memory::give_back(raw, layout) };
        }
        Ok(())
    })
}
