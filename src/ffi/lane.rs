//! Lanes: FIFOs that run at most `width` jobs at the same time.

use super::call::{self, call, call_out, limit, optional, output, status, timeout};
use super::lane_job::{LaneRequest, Layout};
use super::pool::CPool;
use super::request::read_options;
use super::shutdown::{JOBRING_DISCARD, JOBRING_DRAIN};
use super::status::{
    JOBRING_E_DEADLOCK, JOBRING_E_FORKED, JOBRING_E_INTERRUPTED, JOBRING_E_INVALID, JOBRING_E_TIMEDOUT,
    JOBRING_OK, StatusError, jobring_status,
};
use super::submit::tell_handle;
use super::types::{
    JOBRING_WHEN_FULL_FAIL, JOBRING_WHEN_FULL_WAIT, jobring_fn, jobring_job, jobring_pool,
    jobring_submit_options,
};
use crate::engine::{Fail, Lane, LaneRef, LaneWaitError, MAX_JOBS, MAX_SLOTS, MAX_WIDTH, Recipient, Wait};
use core::ffi::c_void;
use core::mem::MaybeUninit;

/// A lane of a pool: a FIFO of jobs of which at most `width` run at the same time.
///
/// It is the caller's memory, in any place where it stays until the lane has ended: part of a structure, a
/// static object, an array. jobring_lane_init() makes a lane of it.
#[repr(C)]
pub struct jobring_lane {
    /// The library's. A copy of a lane is no lane.
    pub words: [*mut c_void; 16],
}

/// What the words hold.
#[repr(C)]
struct CLane {
    /// Made from its own address, while it is a lane.
    mark: usize,
    pool: *const jobring_pool,
    lane: Lane,
}

const _: () = assert!(
    size_of::<CLane>() <= size_of::<jobring_lane>() && align_of::<CLane>() <= align_of::<jobring_lane>(),
    "a lane fits into its words"
);

/// The mark of a lane at this address: not that of a pool or a completion queue.
fn mark_of(at: *const CLane) -> usize {
    !(at as usize) ^ 2
}

/// The lane behind a pointer, if it is one (not NULL, aligned, marked as a lane), and its pool.
///
/// # Safety
/// 1. `at` is NULL or points to memory that is readable during 'a, and so does the lane's pool.
unsafe fn find<'a>(at: *const jobring_lane) -> Result<(LaneRef, &'a CPool), StatusError> {
    let at: *const CLane = at.cast();
    if at.is_null() || !at.is_aligned() {
        return Err(StatusError(JOBRING_E_INVALID));
    }
    // SAFETY:
    // - 1.
    if unsafe { (&raw const (*at).mark).read() } != mark_of(at) {
        return Err(StatusError(JOBRING_E_INVALID));
    }
    // SAFETY:
    // - the mark says that init made a lane here; 1.
    unsafe { Ok((LaneRef::new(&raw const (*at).lane), call::pool((&raw const (*at).pool).read())?)) }
}

/// Makes a lane of a pool.
///
/// The lane has ended when jobring_lane_close() has returned JOBRING_OK, or when its pool has. Then, and when no
/// thread is inside a call with it, the memory is the caller's again; the lane may be initialised anew.
///
/// - `lane`: the memory. What it held before does not matter.
/// - `pool`: the pool whose workers run the lane's jobs.
/// - `width`: the most jobs that run at the same time: 1 to 262,142 (14 on 32-bit targets).
/// - `capacity`: the most jobs that wait for their turn: 1 or more, together with the width at most 1,048,575
///   (1,023). Each of them has a slot of the pool; in a pool that has fewer slots than its lanes have room
///   for, one lane can make it full for the others.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID: also on 32-bit targets for a pool of more than 4,095 slots.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or
/// allocate.
///
/// # Safety
/// `lane` is NULL or writable, and not a lane that has not ended; `pool` is a pool or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_lane_init(
    lane: *mut jobring_lane,
    pool: *mut jobring_pool,
    width: u32,
    capacity: u32,
) -> jobring_status {
    call(|| {
        output(lane)?;
        // SAFETY:
        // - the caller's.
        let living = unsafe { call::pool(pool) }?;
        let (width, capacity) = (width as usize, capacity as usize);
        let most = width.checked_add(capacity).filter(|&most| most <= MAX_JOBS);
        let (Some(most), 1..=MAX_WIDTH, 1.., 0..=MAX_SLOTS) = (most, width, capacity, living.raw.capacity())
        else {
            return Err(StatusError(JOBRING_E_INVALID));
        };
        let at: *mut CLane = lane.cast();
        let made =
            CLane { mark: mark_of(at), pool, lane: Lane::new::<_, _, Layout>(&living.raw, width, most) };
        // SAFETY:
        // - checked above, and it fits.
        unsafe { at.write(made) };
        Ok(JOBRING_OK)
    })
}

/// Submits a job to a lane: a worker will call fn(arg) when the job's turn has come.
///
/// A job of a lane is a job of the pool, and has one of its slots from the submit on. Every call that takes a
/// handle takes this one too. A job that is cancelled while it waits is dropped in that call, and its place in the
/// lane is free again.
///
/// The job needs two words of its slot's payload more than jobring_submit_opts() says, so that there is room for
/// the payload minus 4 words of copied data (16 of 48 bytes).
///
/// - `lane`: the lane.
/// - `fn`, `arg`: the job and its argument, as in jobring_submit().
/// - `options`: how to submit the job, or NULL for all defaults. `when_full` says what to do if the lane, or the
///   pool, is full: JOBRING_WHEN_FULL_WAIT or JOBRING_WHEN_FULL_FAIL.
/// - `job`: where the handle is written, as in jobring_submit(). NULL submits the job detached, as an actor's
///   message is; it costs less.
///
/// Returns:
/// - JOBRING_OK: the job is accepted.
/// - JOBRING_E_FULL: the lane or the pool is full, with JOBRING_WHEN_FULL_FAIL; on a pool without workers, if no
///   job is queued that the caller could run to make room.
/// - JOBRING_E_TIMEDOUT: there was no room in time.
/// - JOBRING_E_SHUTDOWN: the lane is closed, or the pool is shut down.
/// - JOBRING_E_DEADLOCK: without a time limit, if the lane is full and the caller is inside a job of the lane, or
///   if every thread that could make room waits itself; and as jobring_submit().
/// - JOBRING_E_INTERRUPTED: there is no room, and an interrupt was raised.
/// - JOBRING_E_SIZE, JOBRING_E_INVALID: as jobring_submit_opts(); JOBRING_E_INVALID also for other `when_full`.
///
/// From any thread, including inside a job, a hook or a callback; with JOBRING_WHEN_FULL_FAIL on Linux from a
/// signal handler. While there is room it neither blocks nor locks, and is lock-free; else it sleeps. It never
/// allocates. A thread that is stopped inside this call may stop the lane until it goes on, and no other lane.
///
/// # Safety
/// As jobring_submit_opts(); `lane` is NULL, zeroed memory, or a lane of a pool that was not destroyed, and stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_lane_submit(
    lane: *mut jobring_lane,
    r#fn: jobring_fn,
    arg: *mut c_void,
    options: *const jobring_submit_options,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    status(unsafe { submit(lane, r#fn, arg, options, job) })
}

/// # Safety
/// As for jobring_lane_submit().
unsafe fn submit(
    at: *const jobring_lane,
    run: jobring_fn,
    arg: *mut c_void,
    options: *const jobring_submit_options,
    job: *mut jobring_job,
) -> Result<(), StatusError> {
    let mut room = MaybeUninit::uninit();
    // SAFETY:
    // - the caller's.
    let options = unsafe { read_options(options, &mut room) }?;
    let wait = limit(options.limit_ns)?;
    // SAFETY:
    // - the caller's.
    let (lane, pool) = unsafe { find(at) }?;
    optional(job)?;
    // SAFETY:
    // - the caller's.
    let request = unsafe { LaneRequest::new(run, arg, options, pool, lane) }?;
    let recipient = Recipient::of(job.is_null());
    // SAFETY:
    // - 1: the request was made for this pool; the caller's. 2: it does that. 3: the caller's.
    let accepted = unsafe {
        match options.when_full {
            JOBRING_WHEN_FULL_WAIT => pool.raw.submit_to_lane(lane, request, recipient, Wait(wait)),
            JOBRING_WHEN_FULL_FAIL => pool.raw.submit_to_lane(lane, request, recipient, Fail),
            _ => return Err(StatusError(JOBRING_E_INVALID)),
        }
    };
    // SAFETY:
    // - checked above.
    unsafe { tell_handle(accepted, job) }
}

/// Closes a lane, and waits until all of its jobs have ended.
///
/// It takes no more jobs as soon as the call begins.
///
/// It needs no room in the lane, so it works when that is full. Several threads may call it, and it may be called
/// again. On a pool without workers it runs the jobs.
///
/// When it returns JOBRING_OK, all jobs have returned, and so have the callbacks of those that were dropped; the
/// caller sees what they did. The result of the last one may become visible a moment later, to a caller of
/// jobring_wait() for example.
///
/// A job closes its own lane with a `timeout_ns` of 0: the call returns JOBRING_E_TIMEDOUT, and the lane is closed.
///
/// - `lane`: the lane.
/// - `mode`: JOBRING_DRAIN: the jobs that wait for their turn run. JOBRING_DISCARD: they are dropped, as by
///   jobring_shutdown(); those that have their turn run.
/// - `timeout_ns`: how long to wait, in nanoseconds; JOBRING_FOREVER; 0 only looks.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_TIMEDOUT: not all have ended in time.
/// - JOBRING_E_DEADLOCK: without a time limit, inside a job of the lane, or if every thread that could end one of its
///   jobs waits itself. With any timeout but 0 where it would wait inside a jobring_move_fn that a submit to this pool calls.
/// - JOBRING_E_INTERRUPTED: an interrupt was raised.
/// - JOBRING_E_FORKED: the process was forked from the one that the pool is in.
/// - JOBRING_E_INVALID.
///
/// After an error the lane is closed (except JOBRING_E_INVALID), and its memory still in use.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does not
/// allocate.
///
/// # Safety
/// `lane` is NULL, zeroed memory, or a lane of a pool that was not destroyed, and stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_lane_close(
    lane: *mut jobring_lane,
    mode: u32,
    timeout_ns: i64,
) -> jobring_status {
    call_out(|| {
        // SAFETY:
        // - the caller's.
        let (lane, pool) = unsafe { find(lane) }?;
        let discards = match mode {
            JOBRING_DRAIN => false,
            JOBRING_DISCARD => true,
            _ => return Err(StatusError(JOBRING_E_INVALID)),
        };
        let timeout = timeout(timeout_ns)?;
        // SAFETY:
        // - 1: the caller's.
        match unsafe { pool.raw.close_lane(lane, discards, timeout) } {
            Ok(()) => Ok(JOBRING_OK),
            Err(LaneWaitError::TimedOut) => Ok(JOBRING_E_TIMEDOUT),
            Err(LaneWaitError::Deadlock) => Ok(JOBRING_E_DEADLOCK),
            Err(LaneWaitError::Interrupted) => Ok(JOBRING_E_INTERRUPTED),
            Err(LaneWaitError::Ended) => Ok(JOBRING_E_FORKED),
        }
    })
}

/// Tells how many jobs of a lane were accepted and have not ended.
///
/// These are the jobs that run, and those that wait for their turn; of the latter also some that were cancelled, until a submit needs
/// their room. The number may be out of date.
///
/// - `lane`: the lane.
/// - `pending`: where it is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback. Is lock-free. Does not block or allocate.
///
/// # Safety
/// `lane` is NULL, zeroed memory, or a lane of a pool that was not destroyed, and stays; `pending` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_lane_pending(
    lane: *const jobring_lane,
    pending: *mut u32,
) -> jobring_status {
    call(|| {
        output(pending)?;
        // SAFETY:
        // - the caller's.
        let (lane, _) = unsafe { find(lane) }?;
        // SAFETY:
        // - checked above. The count fits (MAX_JOBS).
        unsafe { pending.write(lane.jobs() as u32) };
        Ok(JOBRING_OK)
    })
}
