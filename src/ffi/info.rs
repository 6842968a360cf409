//! Queries about a pool.

use super::abi_struct::write_prefix;
use super::call::{done, output, pool};
use super::config::JOBRING_BACKEND_DEFAULT;
use super::pool::CPool;
use super::status::{JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED, StatusError, jobring_status};
use super::types::jobring_job;
use super::types::jobring_pool;
use crate::job::context::CallContext;
use crate::platform::port::Port;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::WorkerSet;
use core::mem::offset_of;

/// What a pool is. Only `workers` changes while the pool lives.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_info {
    /// sizeof (jobring_info), set by the caller.
    pub size: u32,
    /// Which kind of threads its workers are: JOBRING_BACKEND_.
    pub backend: u32,
    /// The pool's own workers, without those whose start hook failed and those that leave (jobring_workers_set()).
    pub workers: u32,
    /// The most workers at a time, including threads that enter.
    pub max_workers: u32,
    /// The number of slots.
    pub capacity: u32,
    /// The bytes of a slot's payload.
    pub payload: u32,
    /// The bytes of each worker's stack; 0 without workers.
    pub stack_size: usize,
    /// The bytes of the pool itself, without stacks.
    pub pool_bytes: usize,
}

/// Counters of a pool, and how many jobs are in which state. They are read one after the other while the
/// pool works, so they may be inconsistent.
///
/// Each job is looked at once, and no job is counted twice: `queued`, `running` and `untaken` are exact if no
/// job moves during the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_stats {
    /// sizeof (jobring_stats), set by the caller.
    pub size: u32,
    /// Workers in their loop, including threads that entered.
    pub workers: u32,
    /// Workers that sleep or are about to.
    pub sleeping: u32,
    /// Zero.
    pub reserved: u32,
    /// Accepted jobs (wraps with size_t). One that a lane holds back counts from its turn on; not if it is dropped
    /// before.
    pub submitted: u64,
    /// Entries taken from the ready ring: jobs that were started, and entries of jobs that were cancelled
    /// or run by a waiting thread before (wraps with size_t).
    pub claimed: u64,
    /// Times that a sleeping worker was woken.
    pub wakes: u64,
    /// Times that one was woken because jobs stayed queued: by a thread that waited too long for a job or for
    /// room, or by a submit that found several jobs queued.
    pub forced_wakes: u64,
    /// Jobs that no thread has started. A cancelled job is not one of them.
    pub queued: u64,
    /// Jobs that run, also those that wait for something.
    pub running: u64,
    /// Jobs that have finished and still hold their slots, because no thread has taken their results.
    pub untaken: u64,
    /// Accepted jobs that have finished: they ran, failed, were cancelled or discarded (wraps with size_t).
    /// Never more than have finished when the call returns.
    pub completed: u64,
}

const FIRST_INFO: usize = offset_of!(jobring_info, pool_bytes) + size_of::<usize>();
const FIRST_STATS: usize = offset_of!(jobring_stats, forced_wakes) + size_of::<u64>();

impl CPool {
    /// The number of the first thread that enters: the threads that are made for workers have lower ones.
    pub(super) fn first_entered(&self) -> usize {
        #[cfg(any(feature = "std", feature = "pthread"))]
        return self.workers.as_ref().map_or(0, WorkerSet::most);
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        self.workers.threads()
    }

    fn own_workers(&self) -> usize {
        #[cfg(any(feature = "std", feature = "pthread"))]
        return self.raw.headcount().heads().present();
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        self.workers.workers()
    }

    fn backend(&self) -> u32 {
        #[cfg(any(feature = "std", feature = "pthread"))]
        return self
            .workers
            .as_ref()
            .map_or(JOBRING_BACKEND_DEFAULT, |set| super::config_check::number_of(set.backend()));
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        JOBRING_BACKEND_DEFAULT
    }

    fn stack_size(&self) -> usize {
        #[cfg(any(feature = "std", feature = "pthread"))]
        return self.workers.as_ref().filter(|set| set.most() > 0).map_or(0, |set| set.stack_size());
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        0
    }
}

/// Tells what a pool is: its workers, its slots, its memory.
///
/// - `info`: what is filled, as far as its `size` says.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `info` is NULL or an info structure with its size set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_info_get(
    pool: *const jobring_pool,
    info: *mut jobring_info,
) -> jobring_status {
    done(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(info)?;
        let found = jobring_info {
            size: 0,
            backend: pool.backend(),
            workers: pool.own_workers() as u32,
            max_workers: pool.raw.config().workers as u32,
            capacity: pool.raw.capacity() as u32,
            payload: pool.raw.payload_bytes() as u32,
            stack_size: pool.stack_size(),
            pool_bytes: pool.bytes,
        };
        // SAFETY:
        // - the caller's.
        unsafe { write_prefix(info, found, FIRST_INFO) }
    })
}

/// Tells a pool's counters, and how many of its jobs are queued, running, or finished and not taken.
///
/// - `stats`: what is filled, as far as its `size` says.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback. Does not block or allocate. Reads one word
/// of each slot that was ever used (of each slot on 32 bits), unless `size` ends before `queued`.
///
/// # Safety
/// `pool` is a pool or NULL; `stats` is NULL or a stats structure with its size set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_stats_get(
    pool: *const jobring_pool,
    stats: *mut jobring_stats,
) -> jobring_status {
    done(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(stats)?;
        // SAFETY:
        // - the caller's.
        let counts_jobs = unsafe { stats.cast::<u32>().read() } as usize > FIRST_STATS;
        let now = if counts_jobs { pool.raw.stats() } else { pool.raw.counters() };
        let found = jobring_stats {
            size: 0,
            workers: now.workers as u32,
            sleeping: now.sleeping as u32,
            reserved: 0,
            submitted: now.submitted as u64,
            claimed: now.claimed as u64,
            wakes: now.wakes as u64,
            forced_wakes: now.forced_wakes as u64,
            queued: now.queued as u64,
            running: now.running as u64,
            untaken: now.untaken as u64,
            completed: now.completed as u64,
        };
        // SAFETY:
        // - the caller's.
        unsafe { write_prefix(stats, found, FIRST_STATS) }
    })
}

/// Tells the time of a pool's clock, which JOBRING_WAIT_DEADLINE refers to.
///
/// It is a clock that is never set back: CLOCK_MONOTONIC on Linux, that of its port for a pool on a port, else one that began
/// in this process.
///
/// - `now_ns`: where the time is written, in nanoseconds.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_UNSUPPORTED: the pool has no clock. Then every finite time limit only polls.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `now_ns` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_now(pool: *const jobring_pool, now_ns: *mut i64) -> jobring_status {
    done(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(now_ns)?;
        let now = pool.raw.port().now().ok_or(StatusError(JOBRING_E_UNSUPPORTED))?;
        // SAFETY:
        // - checked above.
        unsafe { now_ns.write(now as i64) };
        Ok(())
    })
}

/// Tells the handle of the job that calls this: of several that run inside each other, the innermost of
/// this pool.
///
/// - `job`: where the handle is written.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID outside of jobs of this pool.
///
/// From inside a job. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `job` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_current_job(
    pool: *const jobring_pool,
    job: *mut jobring_job,
) -> jobring_status {
    done(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(job)?;
        let found = pool
            .raw
            .current_context()
            .and_then(CallContext::job)
            .ok_or(StatusError(JOBRING_E_INVALID))?
            .to_bits();
        // SAFETY:
        // - checked above.
        unsafe { job.write(found) };
        Ok(())
    })
}
