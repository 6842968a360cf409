//! Pools whose workers are processes. Without the feature `processes`, or on another system than 64-bit Linux with glibc, every call returns
//! JOBRING_E_UNSUPPORTED.

use super::process_pool as pool;
use super::processes_types::{
    jobring_process_fn, jobring_processes, jobring_processes_config, jobring_processes_options,
    jobring_processes_stats,
};
use super::status::jobring_status;
use super::types::{jobring_job, jobring_outcome};
use core::ffi::{c_int, c_void};

/// Begins the worker side, in a program that has pools with JOBRING_PROCESSES_SPAWN.
///
/// Call it first in `main`, before the program makes threads, opens files or reads its arguments. In the program that the user started
/// it returns at once. In a copy that a pool has started it does not return: the process becomes the pool's zygote. A copy that has
/// threads already prints a line to the standard error and ends; then jobring_processes_create() returns JOBRING_E_NO_WORKERS.
///
/// - `functions`: the functions that jobs name by their number, from 0 on.
/// - `count`: how many they are.
///
/// Returns:
/// - JOBRING_OK: this is no copy.
/// - JOBRING_E_INVALID: `functions` is NULL, or one of them is, or `count` is 0. A copy goes on then, as the program.
/// - JOBRING_E_UNSUPPORTED.
///
/// From `main`. Does not block, except that it does not return in a copy. Allocates.
///
/// # Safety
/// `functions` is NULL or has `count` elements. No other thread uses the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_take_over(
    functions: *const jobring_process_fn,
    count: u32,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::become_zygote(functions, count) }
}

/// Makes a pool of processes: maps its memory, and starts the zygote and the workers.
///
/// The calling thread waits until the zygote has started, at most a minute. It does not wait for the workers. Without a call of
/// jobring_processes_take_over(), a copy runs the program's `main` meanwhile.
///
/// - `config`: the configuration, read during the call only. Not NULL: it has the functions.
/// - `pool`: where the pool is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID: also for no function, for more than 64 workers, 16 limits or 2^31 jobs, and in a copy of the
///   program that has not called jobring_processes_take_over().
/// - JOBRING_E_NOMEM: no memory, or no file descriptor.
/// - JOBRING_E_THREAD: the system refused a thread or a process.
/// - JOBRING_E_NO_WORKERS: the zygote ended before it began: with JOBRING_PROCESSES_SPAWN, `main` does not call
///   jobring_processes_take_over().
/// - JOBRING_E_UNSUPPORTED.
///
/// From a thread, not inside a job of a pool of processes. Blocks. Allocates.
///
/// # Safety
/// `config` is NULL or a configuration with readable lists; `pool` is NULL or writable. Without JOBRING_PROCESSES_SPAWN, what the
/// functions use is not in use by another thread during this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_create(
    config: *const jobring_processes_config,
    pool: *mut *mut jobring_processes,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::create(config, pool) }
}

/// Submits a job: a worker will call the function with a copy of the data.
///
/// - `pool`: the pool.
/// - `function`: the number of the function.
/// - `data`, `size`: the job's data, which are copied. `data` may be NULL if `size` is 0.
/// - `options`: how to submit, or NULL for the defaults.
/// - `job`: where the job's handle is written, or NULL.
///
/// Returns:
/// - JOBRING_OK: the job is accepted, and ends in exactly one way. Its outcome must be taken.
/// - JOBRING_E_FULL, JOBRING_E_TIMEDOUT: no slot is free, or became free in time.
/// - JOBRING_E_SIZE: the data are larger than `data_size`.
/// - JOBRING_E_NO_WORKERS: the workers have ended, and no new ones can be made.
/// - JOBRING_E_SHUTDOWN, JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
///
/// From any thread of the pool's process; not from a signal handler. Blocks if the pool is full, and takes the pool's lock.
/// Does not allocate.
///
/// # Safety
/// `pool` is NULL or a pool; `data` is readable for `size` bytes; `options` is NULL or options; `job` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_submit(
    pool: *mut jobring_processes,
    function: u32,
    data: *const c_void,
    size: usize,
    options: *const jobring_processes_options,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::submit(pool, function, data, size, options, job) }
}

/// Takes the next job that has ended, and waits for one if there is none.
///
/// - `pool`: the pool.
/// - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
/// - `outcome`: what became of the job. The caller sets `size`, and `data` and `capacity` to room for the result; `move` is NULL.
///   The library sets `job`, `arg` (what the submit was given), `length`, and
///   - `status` JOBRING_OK: the function returned 0. The result is copied to `data`; one that is longer than `capacity` is cut.
///   - JOBRING_E_FAILED: the function returned `code`.
///   - JOBRING_E_WORKER_DIED: the worker ended in the job. `code` is the negative number of the signal, or the exit code;
///     0 if a wait() of the program's own has collected the worker.
///   - JOBRING_E_CANCELLED, JOBRING_E_SHUTDOWN: a cancel, or a shutdown, came before a worker had begun it.
///   - JOBRING_E_NO_WORKERS: no worker was left to run it.
///
/// Returns:
/// - JOBRING_OK: a job was taken.
/// - JOBRING_E_TIMEDOUT: none ended in time.
/// - JOBRING_E_EMPTY: the pool is shut down, and every outcome was taken.
/// - JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
///
/// From any thread of the pool's process; not from a signal handler. Blocks, also for the pool's lock. Does not allocate.
///
/// # Safety
/// `pool` is NULL or a pool; `outcome` is NULL or an outcome whose `data` are writable for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_take(
    pool: *mut jobring_processes,
    timeout_ns: i64,
    outcome: *mut jobring_outcome,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::take(pool, None, timeout_ns, outcome) }
}

/// Waits for one job, and takes it.
///
/// As jobring_processes_take(), except for what is said here.
///
/// - `job`: the job.
///
/// Returns, besides:
/// - JOBRING_E_STALE: the job was taken, also by another thread during the wait, or is none of this pool.
/// - never JOBRING_E_EMPTY.
///
/// From any thread of the pool's process; not from a signal handler. Blocks, also for the pool's lock. Does not allocate.
///
/// # Safety
/// As for jobring_processes_take().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_wait(
    pool: *mut jobring_processes,
    job: jobring_job,
    timeout_ns: i64,
    outcome: *mut jobring_outcome,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::take(pool, Some(job), timeout_ns, outcome) }
}

/// Cancels a job that no worker has started.
///
/// - `pool`, `job`: the job.
///
/// Returns:
/// - JOBRING_OK: it will not run. It has ended with JOBRING_E_CANCELLED, and is still to be taken.
/// - JOBRING_E_BUSY: a worker runs it, or it has ended.
/// - JOBRING_E_STALE, JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
///
/// From any thread of the pool's process; not from a signal handler. Does not block, except for the pool's lock. Does not allocate.
///
/// # Safety
/// `pool` is NULL or a pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_cancel(
    pool: *mut jobring_processes,
    job: jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::stop(pool, job, pool::Stop::Cancel) }
}

/// Cancels a job, or kills the worker that runs it.
///
/// - `pool`, `job`: the job.
///
/// Returns:
/// - JOBRING_OK: it ends soon: with JOBRING_E_CANCELLED, with JOBRING_E_WORKER_DIED and -SIGKILL as its code, or as it would have
///   ended, if it did that just before. No other job is killed in its place.
/// - JOBRING_E_BUSY: it has ended.
/// - JOBRING_E_STALE, JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
///
/// From any thread of the pool's process; not from a signal handler. Does not block, except for the pool's lock. May allocate.
///
/// # Safety
/// `pool` is NULL or a pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_kill(
    pool: *mut jobring_processes,
    job: jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::stop(pool, job, pool::Stop::Kill) }
}

/// Gives the file descriptor of a pool with JOBRING_PROCESSES_FD, for poll(), epoll or an event loop that is built on them.
///
/// It becomes readable when a job may have ended. A jobring_processes_take() that finds none makes it unreadable again: so take,
/// with a timeout of 0, until that returns JOBRING_E_TIMEDOUT. Only poll it: do not read, write or close it.
///
/// - `pool`: the pool.
/// - `fd`: where the descriptor is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID: also of a pool without JOBRING_PROCESSES_FD.
/// - JOBRING_E_FORKED, JOBRING_E_UNSUPPORTED.
///
/// From any thread of the pool's process, and a signal handler. Does not block or allocate.
///
/// # Safety
/// `pool` is NULL or a pool; `fd` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_fd(
    pool: *mut jobring_processes,
    fd: *mut c_int,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::descriptor(pool, fd) }
}

/// Accepts no more jobs, waits until none is left that has not ended, and ends the processes.
///
/// Outcomes that nobody has taken stay, and can be taken until jobring_processes_destroy().
///
/// - `pool`: the pool.
/// - `mode`: JOBRING_DRAIN runs the queued jobs. JOBRING_DISCARD ends them with JOBRING_E_SHUTDOWN. JOBRING_KILL also kills the
///   workers that run jobs.
/// - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
///
/// Returns:
/// - JOBRING_OK: all processes have ended.
/// - JOBRING_E_TIMEDOUT: the pool accepts no jobs, and jobs or processes are left. The call can be repeated, also with another mode.
/// - JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
///
/// From any thread of the pool's process; not from a signal handler. Blocks. May allocate.
///
/// # Safety
/// `pool` is NULL or a pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_shutdown(
    pool: *mut jobring_processes,
    mode: u32,
    timeout_ns: i64,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::shutdown(pool, mode, timeout_ns) }
}

/// Ends a pool of processes: kills its workers if they still run, and frees its memory and descriptors.
///
/// What nobody has taken is lost. In a child of the pool's process it frees nothing.
///
/// - `pool`: the pool; NULL does nothing. No other thread may be inside a call on it or begin one.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
///
/// From any thread of the pool's process; not from a signal handler. Blocks until the processes have ended. May allocate.
///
/// # Safety
/// `pool` is NULL or a pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_destroy(pool: *mut jobring_processes) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::destroy(pool) }
}

/// Reads the statistics of a pool of processes.
///
/// - `pool`: the pool.
/// - `stats`: what is filled in. The caller sets `size`.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
///
/// From any thread of the pool's process; not from a signal handler. Does not block, except for the pool's lock. Does not allocate.
///
/// # Safety
/// `pool` is NULL or a pool; `stats` is NULL or writable for its `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_processes_stats_get(
    pool: *mut jobring_processes,
    stats: *mut jobring_processes_stats,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    unsafe { pool::stats(pool, stats) }
}
