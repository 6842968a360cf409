//! The calls on a pool that is there.

use crate::ffi::abi_struct::{known, write_prefix};
use crate::ffi::call::{call_out, done_out, limit, optional, output, timeout};
use crate::ffi::processes_types::{
    JOBRING_KILL, jobring_processes, jobring_processes_options, jobring_processes_stats,
};
use crate::ffi::room::Room;
use crate::ffi::shutdown::{JOBRING_DISCARD, JOBRING_DRAIN};
use crate::ffi::status::{
    JOBRING_E_BUSY, JOBRING_E_CANCELLED, JOBRING_E_CORRUPT, JOBRING_E_EMPTY, JOBRING_E_FAILED,
    JOBRING_E_FORKED, JOBRING_E_FULL, JOBRING_E_INVALID, JOBRING_E_NO_WORKERS, JOBRING_E_SHUTDOWN,
    JOBRING_E_SIZE, JOBRING_E_STALE, JOBRING_E_TIMEDOUT, JOBRING_E_WORKER_DIED, JOBRING_OK, StatusError,
    jobring_status,
};
use crate::ffi::types::{
    JOBRING_FOREVER, JOBRING_WHEN_FULL_FAIL, JOBRING_WHEN_FULL_WAIT, jobring_job, jobring_outcome,
};
use crate::platform::port::Timeout;
use crate::platform::thread::cancel::with_cancel_disabled;
use crate::processes::pool::{Ending, Failure, Outcome, ProcessPool};
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::{ptr, slice};
use std::boxed::Box;
use std::os::fd::AsRawFd;

/// What a `jobring_processes` is.
#[repr(C)]
pub(super) struct CProcesses {
    /// Made from its own address, while it is a pool.
    mark: usize,
    pool: ProcessPool,
}

impl CProcesses {
    /// `destroy` frees it.
    pub(super) fn into_c(pool: ProcessPool) -> *mut jobring_processes {
        let made = Box::into_raw(Box::new(Self { mark: 0, pool }));
        // SAFETY:
        // - just made, and nobody else's.
        unsafe { (*made).mark = mark_of(made) };
        made.cast()
    }
}

/// The mark of a pool of processes at this address: not that of another object of the library's.
fn mark_of(at: *const CProcesses) -> usize {
    !(at as usize) ^ 4
}

/// The pool behind a pointer, if it is one (not NULL, aligned, marked).
///
/// # Safety
/// 1. `at` is NULL or points to memory that is readable during 'a.
unsafe fn find<'a>(at: *const jobring_processes) -> Result<&'a ProcessPool, StatusError> {
    let at: *const CProcesses = at.cast();
    // SAFETY:
    // - 1.
    if at.is_null() || !at.is_aligned() || unsafe { (&raw const (*at).mark).read() } != mark_of(at) {
        return Err(StatusError(JOBRING_E_INVALID));
    }
    // SAFETY:
    // - the mark says that `create` made a pool here.
    Ok(unsafe { &(*at).pool })
}

impl From<Failure> for StatusError {
    fn from(failure: Failure) -> Self {
        Self(match failure {
            Failure::Full => JOBRING_E_FULL,
            Failure::Closed => JOBRING_E_SHUTDOWN,
            Failure::NoWorkers => JOBRING_E_NO_WORKERS,
            Failure::Corrupt(_) => JOBRING_E_CORRUPT,
            Failure::NoSuchJob => JOBRING_E_STALE,
            Failure::NoSuchFunction => JOBRING_E_INVALID,
            Failure::TooLarge => JOBRING_E_SIZE,
            Failure::TimedOut => JOBRING_E_TIMEDOUT,
            Failure::Forked => JOBRING_E_FORKED,
        })
    }
}

const DEFAULT_OPTIONS: jobring_processes_options = jobring_processes_options {
    size: size_of::<jobring_processes_options>() as u32,
    when_full: JOBRING_WHEN_FULL_WAIT,
    limit_ns: JOBRING_FOREVER,
    kill_after_ns: 0,
    arg: ptr::null_mut(),
    reserved: ptr::null_mut(),
};

/// # Safety
/// As for jobring_processes_submit().
pub(in crate::ffi) unsafe fn submit(
    pool: *mut jobring_processes,
    function: u32,
    data: *const c_void,
    size: usize,
    options: *const jobring_processes_options,
    job: *mut jobring_job,
) -> jobring_status {
    done_out(|| {
        optional(job)?;
        let invalid = || StatusError(JOBRING_E_INVALID);
        let mut room = MaybeUninit::uninit();
        let options = if options.is_null() {
            &DEFAULT_OPTIONS
        } else {
            // SAFETY:
            // - the caller's.
            unsafe { known(options, &DEFAULT_OPTIONS, size_of_val(&DEFAULT_OPTIONS), &mut room) }?
        };
        let time = match options.when_full {
            JOBRING_WHEN_FULL_WAIT => limit(options.limit_ns)?,
            JOBRING_WHEN_FULL_FAIL => Timeout::Poll,
            _ => return Err(invalid()),
        };
        let kill_after = u64::try_from(options.kill_after_ns).map_err(|_| invalid())?;
        if !options.reserved.is_null() || data.is_null() && size > 0 {
            return Err(invalid());
        }
        // SAFETY:
        // - the caller's.
        let pool = unsafe { find(pool) }?;
        let data = if size == 0 {
            &[]
        } else if size > isize::MAX as usize {
            return Err(StatusError(JOBRING_E_SIZE));
        } else {
            // SAFETY:
            // - the caller's; not NULL, as just checked.
            unsafe { slice::from_raw_parts(data.cast::<u8>(), size) }
        };
        let limit = (kill_after > 0).then_some(kill_after);
        let tag = options.arg as usize as u64;
        let handle =
            pool.submit(function as usize, data, limit, tag, time).map_err(|failure| match failure {
                Failure::Full if options.when_full == JOBRING_WHEN_FULL_WAIT => {
                    StatusError(JOBRING_E_TIMEDOUT)
                }
                other => other.into(),
            })?;
        if !job.is_null() {
            // SAFETY:
            // - the caller's.
            unsafe { job.write(handle) };
        }
        Ok(())
    })
}

/// # Safety
/// As for jobring_processes_take().
pub(in crate::ffi) unsafe fn take(
    pool: *mut jobring_processes,
    job: Option<jobring_job>,
    timeout_ns: i64,
    outcome: *mut jobring_outcome,
) -> jobring_status {
    done_out(|| {
        output(outcome)?;
        let time = timeout(timeout_ns)?;
        // SAFETY:
        // - the caller's.
        let room = unsafe { Room::of(outcome) }?;
        if room.moves() {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        // SAFETY:
        // - the caller's.
        let pool = unsafe { find(pool) }?;
        let taken = match job {
            Some(job) => pool.wait(job, time)?,
            None => pool.take(time).map_err(|failure| match failure {
                Failure::Closed => StatusError(JOBRING_E_EMPTY),
                other => other.into(),
            })?,
        };
        let (status, code) = match taken.outcome {
            Outcome::Done => (JOBRING_OK, 0),
            Outcome::Failed(code) => (JOBRING_E_FAILED, code),
            Outcome::Panicked => (JOBRING_E_FAILED, 0),
            Outcome::Cancelled => (JOBRING_E_CANCELLED, 0),
            Outcome::Discarded => (JOBRING_E_SHUTDOWN, 0),
            Outcome::Died(code, _) => (JOBRING_E_WORKER_DIED, code.unwrap_or(0)),
            Outcome::NoWorkers => (JOBRING_E_NO_WORKERS, 0),
        };
        let mut found = jobring_outcome::new(taken.handle, status);
        (found.arg, found.code) = (taken.tag as usize as *mut c_void, code);
        let (data, capacity, _) = room.fields();
        (found.data, found.capacity) = (data, capacity);
        if status == JOBRING_OK {
            found.length = taken.size() as u32;
            // SAFETY:
            // - the caller's.
            taken.copy_to(unsafe { bytes(data, capacity) });
        }
        // SAFETY:
        // - the caller's.
        unsafe { room.write(found) }
    })
}

/// The caller's memory for a result.
///
/// # Safety
/// 1. `data` is NULL, or nobody else uses its `capacity` bytes as long as the slice is in use.
unsafe fn bytes<'a>(data: *mut c_void, capacity: usize) -> &'a mut [u8] {
    if data.is_null() {
        return &mut [];
    }
    // SAFETY:
    // - 1. No memory is larger than `isize::MAX`, whatever the caller says.
    unsafe { slice::from_raw_parts_mut(data.cast(), capacity.min(isize::MAX as usize)) }
}

/// What ends a job.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::ffi) enum Stop {
    Cancel,
    Kill,
}

/// # Safety
/// As for jobring_processes_cancel().
pub(in crate::ffi) unsafe fn stop(
    pool: *mut jobring_processes,
    job: jobring_job,
    how: Stop,
) -> jobring_status {
    call_out(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { find(pool) }?;
        let is_stopped = if how == Stop::Cancel { pool.cancel(job) } else { pool.kill(job) }?;
        Ok(if is_stopped { JOBRING_OK } else { JOBRING_E_BUSY })
    })
}

/// # Safety
/// As for jobring_processes_fd().
pub(in crate::ffi) unsafe fn descriptor(pool: *mut jobring_processes, fd: *mut c_int) -> jobring_status {
    done_out(|| {
        output(fd)?;
        // SAFETY:
        // - the caller's.
        let pool = unsafe { find(pool) }?;
        if pool.is_elsewhere() {
            return Err(StatusError(JOBRING_E_FORKED));
        }
        let found = pool.descriptor().ok_or(StatusError(JOBRING_E_INVALID))?.as_raw_fd();
        // SAFETY:
        // - checked above.
        unsafe { fd.write(found) };
        Ok(())
    })
}

/// # Safety
/// As for jobring_processes_shutdown().
pub(in crate::ffi) unsafe fn shutdown(
    pool: *mut jobring_processes,
    mode: u32,
    timeout_ns: i64,
) -> jobring_status {
    done_out(|| {
        let ending = match mode {
            JOBRING_DRAIN => Ending::Drain,
            JOBRING_DISCARD => Ending::Discard,
            JOBRING_KILL => Ending::Kill,
            _ => return Err(StatusError(JOBRING_E_INVALID)),
        };
        let time = timeout(timeout_ns)?;
        // SAFETY:
        // - the caller's.
        Ok(unsafe { find(pool) }?.shutdown(ending, time)?)
    })
}

/// # Safety
/// As for jobring_processes_destroy().
pub(in crate::ffi) unsafe fn destroy(pool: *mut jobring_processes) -> jobring_status {
    done_out(|| {
        if pool.is_null() {
            return Ok(());
        }
        // SAFETY:
        // - the caller's.
        if unsafe { find(pool) }?.is_elsewhere() {
            return Err(StatusError(JOBRING_E_FORKED));
        }
        let made: *mut CProcesses = pool.cast();
        // SAFETY:
        // - the mark says that `create` made it; no other call uses it (the caller's).
        let made = unsafe {
            (*made).mark = 0;
            Box::from_raw(made)
        };
        with_cancel_disabled(|| drop(made));
        Ok(())
    })
}

/// # Safety
/// As for jobring_processes_stats_get().
pub(in crate::ffi) unsafe fn stats(
    pool: *mut jobring_processes,
    stats: *mut jobring_processes_stats,
) -> jobring_status {
    done_out(|| {
        output(stats)?;
        // SAFETY:
        // - the caller's.
        let pool = unsafe { find(pool) }?;
        if pool.is_elsewhere() {
            return Err(StatusError(JOBRING_E_FORKED));
        }
        let now = pool.statistics();
        let found = jobring_processes_stats {
            size: 0,
            workers: now.workers as u32,
            capacity: now.capacity as u32,
            in_flight: now.in_flight as u32,
            submitted: now.counts.submitted,
            made: now.counts.made,
            deaths: now.counts.deaths,
            no_zygote: now.counts.is_zygote_lost.into(),
            reserved: 0,
        };
        // SAFETY:
        // - the caller's.
        unsafe { write_prefix(stats, found, size_of::<jobring_processes_stats>()) }
    })
}
