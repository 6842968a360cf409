//! What can be known of one worker.

use super::abi_struct::write_prefix;
use super::call::{done, done_out, output, pool};
use super::pool::CPool;
use super::status::{JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED, StatusError, jobring_status};
use super::types::jobring_pool;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::engine::WorkerState;
use crate::job::context::CallContext;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::WorkerThread;
use core::ffi::c_char;
use core::mem::offset_of;

/// In jobring_worker.state: its thread was made, and has not come to the first job yet.
pub const JOBRING_WORKER_STARTING: u32 = 0;
/// In jobring_worker.state: it looks for a job.
pub const JOBRING_WORKER_SEARCHING: u32 = 1;
/// In jobring_worker.state: it sleeps, since nothing is queued.
pub const JOBRING_WORKER_SLEEPING: u32 = 2;
/// In jobring_worker.state: it is inside a job, which may itself be waiting for something.
pub const JOBRING_WORKER_RUNNING: u32 = 3;
/// In jobring_worker.state: it has left its loop, because the pool was shut down, or (see jobring_fn) because its thread was
/// ended and the system refused another.
pub const JOBRING_WORKER_STOPPED: u32 = 4;

/// A look at one worker, while it works: the numbers need not fit together.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_worker {
    /// sizeof (jobring_worker), set by the caller.
    pub size: u32,
    /// JOBRING_WORKER_.
    pub state: u32,
    /// Jobs that its loop has run. Jobs that were run inside of those by a wait are not counted.
    pub jobs: u64,
    /// Nanoseconds that these took, all in all. 0 without JOBRING_TIMED.
    pub run_ns: u64,
    /// Nanoseconds that the longest of them took. 0 without JOBRING_TIMED.
    pub longest_ns: u64,
    /// The name of its thread, with a zero behind it.
    pub name: [c_char; 16],
}

const FIRST_WORKER: usize = offset_of!(jobring_worker, name) + size_of::<[c_char; 16]>();

/// What is known where there are threads.
#[cfg(any(feature = "std", feature = "pthread"))]
impl CPool {
    fn seat(&self, index: u32) -> Result<&WorkerThread, StatusError> {
        let seat = self.workers.as_ref().and_then(|set| set.seat(index as usize));
        seat.ok_or(StatusError(JOBRING_E_INVALID))
    }

    fn worker(&self, index: u32) -> Result<jobring_worker, StatusError> {
        let seat = self.seat(index)?;
        let record = seat.record();
        let mut found = jobring_worker {
            size: 0,
            state: match record.doing {
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
        };
        for (to, from) in found.name.iter_mut().zip(seat.name().bytes()) {
            *to = from as c_char;
        }
        Ok(found)
    }

    fn stack_used(&self, index: u32) -> Result<usize, StatusError> {
        self.seat(index)?.stack_used().ok_or(StatusError(JOBRING_E_UNSUPPORTED))
    }

    fn stack_of(&self, index: u32) -> Result<usize, StatusError> {
        self.seat(index)?.stack_size().ok_or(StatusError(JOBRING_E_UNSUPPORTED))
    }
}

#[cfg(any(feature = "std", feature = "pthread"))]
fn stack_min() -> Result<usize, StatusError> {
    Ok(crate::platform::thread::stack_size::floor())
}

/// Without threads no number is a worker's.
#[cfg(not(any(feature = "std", feature = "pthread")))]
impl CPool {
    fn worker(&self, _: u32) -> Result<jobring_worker, StatusError> {
        Err(StatusError(JOBRING_E_INVALID))
    }

    fn stack_used(&self, _: u32) -> Result<usize, StatusError> {
        Err(StatusError(JOBRING_E_INVALID))
    }

    fn stack_of(&self, _: u32) -> Result<usize, StatusError> {
        Err(StatusError(JOBRING_E_INVALID))
    }
}

#[cfg(not(any(feature = "std", feature = "pthread")))]
fn stack_min() -> Result<usize, StatusError> {
    Err(StatusError(JOBRING_E_UNSUPPORTED))
}

/// Tells what a worker is doing.
///
/// `index`: its number, below the number of workers started. `worker`: filled as far as its `size` says.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID.
///
/// From any thread, a job or a callback included. Does not block or allocate.
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

/// How much of its stack a worker has used at most since it began, to the word: what lies below was never written to. What
/// the system keeps on the stack counts, and so does a job that was run there by a wait.
///
/// `index`: below the number of workers started. `bytes`: where it is written, on success only; 0 if the worker has not
/// begun yet.
///
/// Returns JOBRING_OK; JOBRING_E_UNSUPPORTED if the pool was made without JOBRING_PAINT_STACKS; JOBRING_E_INVALID.
///
/// From any thread, a job or a callback included; not from a signal handler. Reads through the unused stack. Does not
/// allocate; blocks only while that worker's thread is being replaced.
///
/// # Safety
/// `pool` is a pool or NULL; `bytes` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_worker_stack_used(
    pool: *const jobring_pool,
    index: u32,
    bytes: *mut usize,
) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(bytes)?;
        let found = pool.stack_used(index)?;
        // SAFETY:
        // - checked above.
        unsafe { bytes.write(found) };
        Ok(())
    })
}

/// The smallest stack_size that jobring_create() takes on this system, for programs that were told JOBRING_E_STACK. It may
/// grow when libraries with thread-local storage are loaded.
///
/// `bytes`: where it is written, on success only.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID if `bytes` is NULL; JOBRING_E_UNSUPPORTED in a build without threads.
///
/// From any thread; not from a signal handler. Does not block; the system's library may allocate.
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

/// The number of the worker that calls this: 0 up to the workers started; threads that entered are numbered on.
///
/// `index`: where it is written, on success only.
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

/// The stack of one worker as the system has it.
///
/// `index`: below the number of workers started. `bytes`: where it is written, on success only.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID; JOBRING_E_UNSUPPORTED where the system cannot be asked.
///
/// From any thread, a job or a callback included; not from a signal handler. Blocks only while that worker's thread is being
/// replaced. The system's library may allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `bytes` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_worker_stack(
    pool: *const jobring_pool,
    index: u32,
    bytes: *mut usize,
) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(bytes)?;
        let found = pool.stack_of(index)?;
        // SAFETY:
        // - checked above.
        unsafe { bytes.write(found) };
        Ok(())
    })
}
