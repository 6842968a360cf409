//! Shutting a pool down and destroying it.

use super::call::{call_out, done_out, optional, pool, timeout};
use super::create::PoolLayout;
use super::pool::CPool;
use super::status::{
    JOBRING_E_BUSY, JOBRING_E_DEADLOCK, JOBRING_E_INTERRUPTED, JOBRING_E_INVALID, JOBRING_E_STACK,
    JOBRING_E_TIMEDOUT, JOBRING_OK, StatusError, jobring_status,
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

/// What was left in a pool when jobring_shutdown() returned.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_report {
    /// Jobs that have not started.
    pub queued: u32,
    /// Jobs that run.
    pub running: u32,
    /// Slots that a submit call or a take of a result still uses.
    pub submitting: u32,
    /// Finished jobs whose result nobody has taken.
    pub untaken: u32,
    /// 0.
    pub reserved: [u32; 4],
}

/// Refuses new jobs, and waits until every accepted job has finished.
///
/// Results can still be taken afterwards. Submit calls that wait for a slot return JOBRING_E_SHUTDOWN.
/// Several threads may call this at once, and again. On a pool without workers the caller runs the queued
/// jobs.
///
/// - `mode`: JOBRING_DRAIN runs the queued jobs. JOBRING_DISCARD drops the jobs that have not started:
///   their callbacks, on this thread, and threads that wait for them get JOBRING_E_SHUTDOWN. A discard
///   overrides a drain.
/// - `timeout_ns`: the longest wait; JOBRING_FOREVER; 0 closes the pool and does not wait.
/// - `report`: where the jobs that are left are counted; NULL if it is not wanted.
///
/// While the pool is drained, the submits of its jobs return JOBRING_E_SHUTDOWN: a second stage is lost.
/// Call jobring_wait_idle() first, as c-examples/two_stages.c does.
///
/// Inside a job this does not wait for that job. Nor does it wait for jobs that cannot finish before a
/// shutdown returns: jobs that are inside a shutdown or jobring_wait_idle(), and jobs that wait for one of those without a time
/// limit, directly or through others (a loop waits for its helpers). Outside of jobs it waits for every
/// accepted job.
///
/// Returns:
/// - JOBRING_OK: all jobs that it waits for have finished.
/// - JOBRING_E_TIMEDOUT: some have not. The pool is closed; `report` is written.
/// - JOBRING_E_STACK: the same, without a time limit and inside a job: too little stack is left to run what
///   is queued, and nobody else runs it.
/// - JOBRING_E_INTERRUPTED: the same, by jobring_interrupt_raise().
/// - JOBRING_E_DEADLOCK: inside a jobring_move_fn that a submit to this pool calls. The pool is as before.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does
/// not allocate.
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
        if pool.raw.is_filling() {
            return Err(StatusError(JOBRING_E_DEADLOCK));
        }
        let (status, left) = match pool.raw.shutdown(queued, timeout) {
            Ok(left) => (JOBRING_OK, left),
            Err(left) if timeout != Timeout::Poll && pool.raw.is_interrupted() => {
                (JOBRING_E_INTERRUPTED, left)
            }
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

/// The report for C. Its counts are at most a pool's capacity, which fits.
fn in_c(report: ShutdownReport) -> jobring_report {
    jobring_report {
        queued: report.queued() as u32,
        running: report.running() as u32,
        submitting: report.submitting() as u32,
        untaken: report.untaken() as u32,
        reserved: [0; 4],
    }
}

/// Ends a pool: drains it, joins its workers, ends its completion queues, and frees the memory that the library allocated.
///
/// A shutdown with JOBRING_DISCARD that has started stays a discard. Results that nobody has taken go to
/// their drop callbacks. This call waits for threads that are inside another call on the pool or have
/// entered it as workers. It does not wait for submit calls that find a free slot, unless the pool has
/// JOBRING_FLAG_DESTROY_WAITS. Afterwards nothing of the pool is touched.
///
/// - `pool`: the pool; NULL does nothing. As with pthread_cond_destroy(), no other thread may begin a call
///   on the pool once this one has started. That a job has run does not mean that its submit has returned.
///
/// A program may also end without this call, by exit() or a return from main: the system then ends the workers wherever
/// they are. What running jobs use must stay until then, also while the handlers of atexit() run.
///
/// Destructors of thread-local data run on a worker's thread after its last job, as code outside of the
/// pool. Such a destructor may destroy the pool if nobody else does; its own thread is then not joined.
/// While another thread destroys the pool, a destructor may make other calls on it: submits are refused,
/// and every job that it waits for has finished. If jobs ended several threads of one worker (see
/// jobring_fn), only the last thread is joined.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_BUSY: the caller is inside a job, a hook or a callback of this pool, or is between
///   jobring_interrupt_begin() and jobring_interrupt_end() on it.
/// - JOBRING_E_STACK: as for jobring_shutdown(), inside a job of another pool. The pool is closed; another
///   thread can destroy it.
/// - JOBRING_E_INVALID.
///
/// From any thread that is not inside the pool; not from a signal handler. Blocks for as long as the jobs
/// take. Does not allocate.
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
        if living.raw.is_inside() {
            return Err(StatusError(JOBRING_E_BUSY));
        }
        if living.raw.shutdown(ShutdownMode::Drain, Timeout::Forever).is_err() {
            return Err(StatusError(JOBRING_E_STACK));
        }
        living.raw.await_workers();
        // Before the workers are joined: a call that sets their number uses their places, and may be joining one. After it only
        // destructors on the workers' own threads call.
        #[cfg(any(feature = "std", feature = "pthread"))]
        living.raw.lifecycle().await_visitors(living.raw.port());
        let pool: *mut CPool = pool.cast();
        // SAFETY:
        // - the field is written only by make and here; the workers have left their hooks and jobs, and nobody else may
        //   call. A destructor on a worker's thread that still does gets JOBRING_E_SHUTDOWN (CPool::resize).
        #[cfg(any(feature = "std", feature = "pthread"))]
        let workers = unsafe { &mut (*pool).workers };
        #[cfg(any(feature = "std", feature = "pthread"))]
        if let Some(workers) = workers.take() {
            workers.join();
        }
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        {
            super::port_workers::join(living.raw.port(), living.workers.threads());
            living.raw.lifecycle().await_visitors(living.raw.port());
        }
        living.raw.forget_all();
        #[cfg(any(feature = "std", feature = "pthread"))]
        // SAFETY:
        // - the workers and all calls have left.
        unsafe {
            living.queues.free_all(&living.raw);
        }
        let owned = living.owned.and_then(|raw| Some((raw, PoolLayout::layout(living.bytes)?)));
        // SAFETY:
        // - workers and visitors are gone and nobody else may call: only this thread has the memory. Nothing in it owns
        //   anything that a drop would free.
        unsafe { CPool::unmark(pool) };
        if memory::AVAILABLE
            && let Some((raw, layout)) = owned
        {
            // SAFETY:
            // - create allocated it with this layout.
            unsafe { memory::give_back(raw, layout) };
        }
        Ok(())
    })
}
