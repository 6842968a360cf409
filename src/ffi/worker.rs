//! Queries about one worker.

use super::abi_struct::write_prefix;
use super::call::{done, done_out, optional, output, pool};
use super::pool::CPool;
use super::status::{JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED, StatusError, jobring_status};
use super::types::{jobring_job, jobring_pool};
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::engine::WorkerState;
use crate::engine::defaults;
use crate::job::context::CallContext;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::job::id::JobId;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::WorkerThread;
use core::ffi::c_char;
use core::mem::offset_of;

/// jobring_worker.state: its thread was made, and has not looked for a job yet.
pub const JOBRING_WORKER_STARTING: u32 = 0;
/// jobring_worker.state: it looks for a job.
pub const JOBRING_WORKER_SEARCHING: u32 = 1;
/// jobring_worker.state: it sleeps, since no job is queued.
pub const JOBRING_WORKER_SLEEPING: u32 = 2;
/// jobring_worker.state: it runs a job, which may itself be waiting for something.
pub const JOBRING_WORKER_RUNNING: u32 = 3;
/// jobring_worker.state: it has left its loop: the pool is shut down, the worker was asked to leave
/// (jobring_workers_set()), its start hook failed, or a job ended its thread (see jobring_fn) and the system refused
/// another one.
pub const JOBRING_WORKER_STOPPED: u32 = 4;

/// The state of one worker. It is read while the worker works, so the numbers may be inconsistent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_worker {
    /// sizeof (jobring_worker), set by the caller.
    pub size: u32,
    /// What it does: JOBRING_WORKER_.
    pub state: u32,
    /// Jobs that its loop has run, without jobs that a wait ran inside of those.
    pub jobs: u64,
    /// Nanoseconds that these jobs took in all. 0 without JOBRING_FLAG_TIMED.
    pub run_ns: u64,
    /// Nanoseconds that the longest of them took. 0 without JOBRING_FLAG_TIMED.
    pub longest_ns: u64,
    /// The name of its thread, terminated by a zero.
    pub name: [c_char; 16],
    /// The job that its loop runs; not one that a wait runs inside of that. 0: it runs none. A worker that has
    /// just ended a job may be shown with the next job of the same slot.
    pub job: jobring_job,
    /// Nanoseconds since that job began. 0 without JOBRING_FLAG_TIMED.
    pub running_ns: u64,
}

const FIRST_WORKER: usize = offset_of!(jobring_worker, name) + size_of::<[c_char; 16]>();

/// Where there are threads.
#[cfg(any(feature = "std", feature = "pthread"))]
impl CPool {
    fn place(&self, index: u32) -> Result<&WorkerThread, StatusError> {
        let place = self.workers.as_ref().and_then(|set| set.place(index as usize));
        place.ok_or(StatusError(JOBRING_E_INVALID))
    }

    fn worker(&self, index: u32) -> Result<jobring_worker, StatusError> {
        let place = self.place(index)?;
        let record = place.stats(&self.raw);
        let mut found = jobring_worker {
            size: 0,
            state: match record.state {
                WorkerState::Starting => JOBRING_WORKER_STARTING,
                WorkerState::Searching => JOBRING_WORKER_SEARCHING,
                WorkerState::Sleeping => JOBRING_WORKER_SLEEPING,
                WorkerState::Running => JOBRING_WORKER_RUNNING,
                WorkerState::Stopped => JOBRING_WORKER_STOPPED,
            },
            jobs: record.jobs,
            run_ns: record.run_ns,
            longest_ns: record.longest_ns,
            name: [0; 16],
            job: record.job.map_or(0, JobId::to_bits),
            running_ns: record.running_ns,
        };
        for (to, from) in found.name.iter_mut().zip(place.name().bytes()) {
            *to = from as c_char;
        }
        Ok(found)
    }

    /// The size of its stack and the most that was used of it, each if it is wanted.
    fn worker_stack(&self, index: u32, size: bool, used: bool) -> Result<(usize, usize), StatusError> {
        let place = self.place(index)?;
        let known = |wanted: bool, bytes: fn(&WorkerThread) -> Option<usize>| {
            if wanted { bytes(place).ok_or(StatusError(JOBRING_E_UNSUPPORTED)) } else { Ok(0) }
        };
        Ok((known(size, WorkerThread::stack_size)?, known(used, WorkerThread::stack_used)?))
    }
}

#[cfg(any(feature = "std", feature = "pthread"))]
fn stack_min() -> Result<usize, StatusError> {
    Ok(crate::platform::thread::stack_size::floor())
}

/// Without threads of the library's, nothing is known of a worker.
#[cfg(not(any(feature = "std", feature = "pthread")))]
impl CPool {
    fn worker(&self, index: u32) -> Result<jobring_worker, StatusError> {
        Err(self.unknown(index))
    }

    fn worker_stack(&self, index: u32, _: bool, _: bool) -> Result<(usize, usize), StatusError> {
        Err(self.unknown(index))
    }

    fn unknown(&self, index: u32) -> StatusError {
        StatusError(if (index as usize) < self.workers.threads() {
            JOBRING_E_UNSUPPORTED
        } else {
            JOBRING_E_INVALID
        })
    }
}

#[cfg(not(any(feature = "std", feature = "pthread")))]
fn stack_min() -> Result<usize, StatusError> {
    Err(StatusError(JOBRING_E_UNSUPPORTED))
}

/// Tells what a worker does and has done.
///
/// - `index`: its number, from 0; below the number of threads that were made.
/// - `worker`: what is filled, as far as its `size` says.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_UNSUPPORTED: a jobring_port made the workers.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `worker` is NULL or a worker structure with its size set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_worker_get(
    pool: *const jobring_pool,
    index: u32,
    worker: *mut jobring_worker,
) -> jobring_status {
    done(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(worker)?;
        let found = pool.worker(index)?;
        // SAFETY:
        // - the caller's.
        unsafe { write_prefix(worker, found, FIRST_WORKER) }
    })
}

/// Tells the size of a worker's stack, and the most that the worker has used of it so far, in bytes.
///
/// What was not used was never written to. What the system keeps on the stack counts as used, and so do
/// jobs that a wait ran there.
///
/// - `index`: its number, from 0; below the number of threads that were made.
/// - `size`: where the size is written, as the system reports it; NULL if it is not wanted.
/// - `used`: where the most is written, 0 if the thread has not begun; NULL if it is not wanted.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_UNSUPPORTED: `size` is wanted and the system cannot be asked; `used` is wanted and the pool
///   was made without JOBRING_FLAG_PAINT_STACKS; or a jobring_port made the workers.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. For `used` it
/// reads all of the unused stack. Blocks only while that worker's thread is being replaced. For `size` the
/// system's library may allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `size` and `used` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_worker_stack(
    pool: *const jobring_pool,
    index: u32,
    size: *mut usize,
    used: *mut usize,
) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        optional(size)?;
        optional(used)?;
        let stack = pool.worker_stack(index, !size.is_null(), !used.is_null())?;
        if !size.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { size.write(stack.0) };
        }
        if !used.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { used.write(stack.1) };
        }
        Ok(())
    })
}

/// Tells the smallest stack_size that jobring_create() accepts on this system, for programs that got
/// JOBRING_E_STACK.
///
/// It is what the system and its thread-local storage need, and 8 KiB. It may grow when a library with
/// thread-local storage is loaded.
///
/// - `bytes`: where it is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_UNSUPPORTED: a build without threads.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not
/// block; the system's library may allocate.
///
/// # Safety
/// `bytes` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_stack_min(bytes: *mut usize) -> jobring_status {
    done_out(|| {
        output(bytes)?;
        let found = stack_min()?;
        // SAFETY:
        // - checked above.
        unsafe { bytes.write(found) };
        Ok(())
    })
}

/// Tells the number of CPUs that the calling thread may use: the workers of a pool whose
/// jobring_config.workers is 0.
///
/// A library with Rust's standard library also reads the quota of the control group, and ends the process by
/// abort() if it gets no memory for that.
///
/// - `cpus`: where it is written; 1 if the system does not tell.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_UNSUPPORTED: a build without threads.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not
/// block. May allocate.
///
/// # Safety
/// `cpus` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_cpus(cpus: *mut u32) -> jobring_status {
    done_out(|| {
        output(cpus)?;
        let found = match defaults::workers() {
            0 => return Err(StatusError(JOBRING_E_UNSUPPORTED)),
            found => found as u32,
        };
        // SAFETY:
        // - checked above.
        unsafe { cpus.write(found) };
        Ok(())
    })
}

/// Tells the number of the worker that calls this.
///
/// The threads that were made for workers have the numbers from 0 on; threads that entered have numbers
/// after those.
///
/// - `index`: where it is written.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID on a thread that is no worker of this pool.
///
/// From inside a job. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `index` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_worker_index(pool: *const jobring_pool, index: *mut u32) -> jobring_status {
    done(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(index)?;
        let worker =
            pool.raw.current_context().and_then(CallContext::worker).ok_or(StatusError(JOBRING_E_INVALID))?;
        // SAFETY:
        // - checked above.
        unsafe { index.write(worker as u32) };
        Ok(())
    })
}
