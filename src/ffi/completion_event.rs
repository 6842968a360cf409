//! Hearing of completions in an event loop.

use super::call::{done_out, output};
use super::completions::queue;
use super::status::{JOBRING_E_BUSY, JOBRING_E_INVALID, StatusError, jobring_status};
use super::types::jobring_completions;
use core::ffi::c_int;

/// Gives the file descriptor of a completion queue, for poll(), epoll or an event loop that is built on them.
///
/// The first call makes it: an eventfd on Linux, a pipe on other systems. It becomes readable when a job ends after
/// jobring_completions_arm(). Only poll it: do not read, write or close it. The library closes it in jobring_destroy().
///
/// - `completions`: the queue.
/// - `fd`: where the descriptor is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_NOMEM: the system has no descriptor left.
/// - JOBRING_E_UNSUPPORTED: a build without std and pthread, or a system without file descriptors.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not allocate memory. Does not
/// block, except for the lock that jobring_completions_create() takes.
///
/// # Safety
/// `completions` is a queue or NULL; `fd` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_completions_fd(
    completions: *mut jobring_completions,
    fd: *mut c_int,
) -> jobring_status {
    done_out(|| {
        output(fd)?;
        // SAFETY:
        // - the caller's.
        let found = unsafe { descriptor_of(completions) }?;
        // SAFETY:
        // - checked above.
        unsafe { fd.write(found) };
        Ok(())
    })
}

/// # Safety
/// 1. `at` is a queue or NULL.
#[cfg(all(unix, any(feature = "std", feature = "pthread")))]
unsafe fn descriptor_of(at: *mut jobring_completions) -> Result<c_int, StatusError> {
    use super::status::JOBRING_E_NOMEM;
    use crate::platform::descriptor;
    // SAFETY:
    // - 1.
    let (queue, pool) = unsafe { queue(at) }?;
    if queue.descriptor() == 0 {
        let name = descriptor::open().ok_or(StatusError(JOBRING_E_NOMEM))?;
        if queue.set_descriptor(name) {
            // SAFETY:
            // - it is a queue of this pool, and has got its only descriptor.
            unsafe { pool.queues.close_at_end(at) };
        } else {
            descriptor::close(name);
        }
    }
    Ok(descriptor::to_poll(queue.descriptor()))
}

#[cfg(not(all(unix, any(feature = "std", feature = "pthread"))))]
unsafe fn descriptor_of(at: *mut jobring_completions) -> Result<c_int, StatusError> {
    // SAFETY:
    // - the caller's.
    unsafe { queue(at) }?;
    Err(StatusError(super::status::JOBRING_E_UNSUPPORTED))
}

/// Makes the next completion known by the queue's descriptor.
///
/// A loop takes until nothing is there (jobring_completions_take() with a timeout of 0 returns JOBRING_E_TIMEDOUT or
/// JOBRING_E_EMPTY), then arms, then polls; when the descriptor is readable it takes again. It arms also if no job is pending,
/// since jobs may be submitted later. While the loop is busy it makes no system call, and a burst of completions makes one as a
/// rule.
///
/// The descriptor may be readable without a completion: then the take finds nothing, and the loop arms again. Only this call makes
/// it unreadable: a loop that polls without an arm finds it readable again and again, unless it is edge-triggered (EPOLLET).
///
/// An arm replaces the one before it: one thread at a time polls a queue's descriptor. Other threads may take meanwhile. If they take
/// the last pending job, the descriptor does not become readable.
///
/// While jobs are pending it first yields the CPU once, so that a worker on the same CPU can end more of them.
///
/// - `completions`: the queue.
///
/// Returns:
/// - JOBRING_OK: nothing is there now. Poll the descriptor.
/// - JOBRING_E_BUSY: a completion is there. Take it, then arm again.
/// - JOBRING_E_INVALID: also for a queue without a descriptor (jobring_completions_fd()).
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or allocate.
///
/// # Safety
/// `completions` is a queue or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_completions_arm(completions: *mut jobring_completions) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (queue, pool) = unsafe { queue(completions) }?;
        if queue.descriptor() == 0 {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        if pool.raw.arm(queue) { Ok(()) } else { Err(StatusError(JOBRING_E_BUSY)) }
    })
}
