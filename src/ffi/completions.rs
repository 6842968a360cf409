//! Completion queues: taking jobs as they finish.

use super::call::{self, call, done_out, limit, optional, output, timeout, visit};
use super::completion_queue::{self, QueueLayout};
use super::owned_job::{OwnedRequest, own_part};
use super::pool::CPool;
use super::request::read_options;
use super::room::Rooms;
use super::status::{
    JOBRING_E_BUSY, JOBRING_E_INVALID, JOBRING_E_SIZE, JOBRING_OK, StatusError, jobring_status,
};
use super::submit::tell_handle;
use super::types::{
    JOBRING_WHEN_FULL_FAIL, JOBRING_WHEN_FULL_FAIL_ISR, JOBRING_WHEN_FULL_WAIT, jobring_completions,
    jobring_fn, jobring_job, jobring_outcome, jobring_pool, jobring_submit_options,
};
use crate::engine::{Completions, Fail, Wait};
use crate::platform::port::Origin;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// The queue behind a pointer, and its pool, if they live and are of this process.
///
/// # Safety
/// As for `find` and `call::pool`.
pub(super) unsafe fn queue<'a>(
    at: *const jobring_completions,
) -> Result<(&'a Completions, &'a CPool), StatusError> {
    // SAFETY:
    // - the caller's.
    unsafe {
        let (queue, pool) = completion_queue::find(at)?;
        Ok((queue, call::pool(pool)?))
    }
}

/// Makes a completion queue of a pool, in memory that the library allocates.
///
/// A job that is submitted into the queue arrives there when it has ended, however it did, and holds its slot until it is taken.
/// A pool may have any number of queues. jobring_destroy() ends those that are left.
///
/// - `limit`: the most jobs that may be pending: submitted and not taken. 0: no limit of its own.
/// - `completions`: where the queue is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_NOMEM.
/// - JOBRING_E_UNSUPPORTED: a build without std and pthread has no such memory: see jobring_completions_init().
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Allocates, unless a queue of the
/// pool was destroyed before: then it gets the memory of that one. Does not block, except for a lock that other calls of this
/// function and of jobring_completions_destroy() hold for a moment.
///
/// # Safety
/// `pool` is a pool or NULL; `completions` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_completions_create(
    pool: *mut jobring_pool,
    limit: u32,
    completions: *mut *mut jobring_completions,
) -> jobring_status {
    done_out(|| {
        output(completions)?;
        // SAFETY:
        // - the caller's.
        let (living, _visit) = unsafe { visit(pool) }?;
        #[cfg(any(feature = "std", feature = "pthread"))]
        let made = living.queues.create(&living.raw, pool, limit);
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        let made: Result<*mut completion_queue::CQueue, _> = {
            let _ = (living, limit);
            Err(StatusError(super::status::JOBRING_E_UNSUPPORTED))
        };
        // SAFETY:
        // - checked above.
        unsafe { completions.write(made?.cast()) };
        Ok(())
    })
}

/// Tells how much memory jobring_completions_init() needs for a queue of this pool.
///
/// - `size`: where the bytes are written, for memory that is aligned to `align`; other memory needs up to `align` - 1 bytes more.
/// - `align`: where the alignment is written. Both may be NULL.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `size` and `align` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_completions_layout(
    pool: *const jobring_pool,
    size: *mut usize,
    align: *mut usize,
) -> jobring_status {
    call(|| {
        optional(size)?;
        optional(align)?;
        // SAFETY:
        // - the caller's.
        let QueueLayout { layout, .. } = QueueLayout::of(&unsafe { call::pool(pool) }?.raw)?;
        if !size.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { size.write(layout.size()) };
        }
        if !align.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { align.write(layout.align()) };
        }
        Ok(JOBRING_OK)
    })
}

/// Makes a completion queue in the caller's memory.
///
/// - `limit`: as for jobring_completions_create().
/// - `memory`: the memory, of any alignment. It is in use until the pool was destroyed, also after jobring_completions_destroy():
///   a thread that has handed over a completion may still touch the queue for a moment after another thread took it.
/// - `size`: its bytes: see jobring_completions_layout().
/// - `completions`: where the queue is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_SIZE: `memory` is too small.
/// - JOBRING_E_INVALID: also if `memory` is NULL.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `memory` is writable for `size` bytes and touched by nobody else; `completions` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_completions_init(
    pool: *mut jobring_pool,
    limit: u32,
    memory: *mut c_void,
    size: usize,
    completions: *mut *mut jobring_completions,
) -> jobring_status {
    done_out(|| {
        output(completions)?;
        let memory = NonNull::new(memory.cast::<u8>()).ok_or(StatusError(JOBRING_E_INVALID))?;
        // SAFETY:
        // - the caller's.
        let (living, _visit) = unsafe { visit(pool) }?;
        let parts = QueueLayout::of(&living.raw)?;
        let skip = memory.addr().get().wrapping_neg() & (parts.layout.align() - 1);
        if skip.checked_add(parts.layout.size()).is_none_or(|needed| needed > size) {
            return Err(StatusError(JOBRING_E_SIZE));
        }
        // SAFETY:
        // - skip < size: within the caller's memory; its alignment and size were just checked. The output was checked above.
        unsafe {
            let made = completion_queue::make(memory.add(skip), &living.raw, pool, &parts, limit);
            completions.write(made.cast());
        }
        Ok(())
    })
}

/// Submits a job into a completion queue, from which jobring_completions_take() takes it when it has ended.
///
/// It is jobring_submit_opts() with two limits: the pool's slots, and the queue's own. What `when_full` says holds for both, and
/// `limit_ns` for each of the two waits. A job in a queue needs one word of its slot's payload more, so that there is room for
/// the payload minus 3 words of copied data (24 of 48 bytes), and one word less for the text of a failure.
///
/// - `arg`: the job's argument, or with `copy` the data.
/// - `options`: how to submit the job, or NULL for all defaults. JOBRING_WHEN_FULL_RUN is invalid: such a job does not arrive.
/// - `job`: where a handle is written with which jobring_cancel() works; for every other call it is stale. NULL if it is not
///   wanted. jobring_completions_take() has the same number in the outcome.
///
/// Returns:
/// - JOBRING_OK: the job is accepted, and will be run, cancelled or discarded exactly once, and then arrive.
/// - JOBRING_E_FULL, JOBRING_E_TIMEDOUT: the queue is at its limit, or no slot is free.
/// - What jobring_submit_opts() returns otherwise. On a pool without workers the call runs queued jobs while no slot is free, but
///   not while the queue is at its limit: there it waits until another thread takes.
///
/// After an error the job was not accepted, and `arg` is still the caller's.
///
/// From where jobring_submit_opts() may be called. While the queue is below its limit and a slot is free it neither blocks nor
/// locks; else it sleeps. Inside a job it may sleep for ever at the limit, if no other thread takes. It never allocates.
///
/// # Safety
/// As jobring_submit_opts(); `completions` is a queue or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_completions_submit(
    completions: *mut jobring_completions,
    r#fn: jobring_fn,
    arg: *mut c_void,
    options: *const jobring_submit_options,
    job: *mut jobring_job,
) -> jobring_status {
    // SAFETY:
    // - the caller's.
    done_out(|| unsafe { submit(completions, r#fn, arg, options, job) })
}

/// # Safety
/// As for jobring_completions_submit().
unsafe fn submit(
    at: *mut jobring_completions,
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
    let (queue, pool) = unsafe { queue(at) }?;
    optional(job)?;
    // SAFETY:
    // - the caller's.
    let request = unsafe { OwnedRequest::new(run, arg, options, pool, queue.owner()) }?;
    let origin = match options.when_full {
        JOBRING_WHEN_FULL_WAIT | JOBRING_WHEN_FULL_FAIL => Origin::Thread,
        JOBRING_WHEN_FULL_FAIL_ISR => Origin::Isr,
        _ => return Err(StatusError(JOBRING_E_INVALID)),
    };
    // A submit that is refused still touches the queue: destroy waits for it.
    let _visit = pool.raw.lifecycle().visit(pool.raw.port(), origin);
    // SAFETY:
    // - the submitter's promises; the request was made for this queue, which is this pool's.
    let accepted = unsafe {
        match options.when_full {
            JOBRING_WHEN_FULL_WAIT => pool.raw.submit_into(queue, request, Wait(wait), origin),
            _ => pool.raw.submit_into(queue, request, Fail, origin),
        }
    };
    // SAFETY:
    // - the caller's; checked above.
    unsafe { tell_handle(accepted, job) }
}

/// Takes jobs of a completion queue that have ended, in the order in which they did.
///
/// Waits until there is at least one, and then takes as many as are there. A taken job's slot is free again. Any number of
/// threads may take from one queue: each job goes to one of them. No job runs on the calling thread.
///
/// - `completions`: the queue.
/// - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
/// - `outcomes`: an array that is filled from its beginning. The caller sets the `size` of each element, all to the same number,
///   which is also the distance from one to the next, and `data`, `capacity` and `move` for elements that
///   receive the text of a failure or copied data; in the others these are 0. Unlike jobring_wait_opts(), this call cuts data that do not fit; `length` says how long they were.
/// - `count`: the number of elements.
/// - `taken`: where the number of jobs is written that were taken.
///
/// Returns:
/// - JOBRING_OK: `taken` is at least 1. The `status` of each outcome tells how its job ended.
/// - JOBRING_E_EMPTY: nothing is there, and no job is pending.
/// - JOBRING_E_TIMEDOUT: jobs are pending, and none has ended in time.
/// - JOBRING_E_NO_WORKERS: without a time limit: jobs are pending, and the pool has no worker to run them.
/// - JOBRING_E_DEADLOCK: without a time limit, inside a job, a hook or a callback on a worker: each thread that could end a
///   pending job waits in this pool itself. With any timeout but 0 where it would wait inside a jobring_move_fn that a submit to this
///   pool calls.
/// - JOBRING_E_INTERRUPTED: jobs are pending, none has ended, and an interrupt was raised (jobring_interrupt_begin()).
/// - JOBRING_E_INVALID: also for a `count` of 0, and if an element has another `size`, or a `capacity` or a `move` without `data`.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler; with `timeout_ns` 0 from an
/// interrupt on a pool without a port. Blocks. Does not allocate.
///
/// # Safety
/// `completions` is a queue or NULL; `outcomes` is NULL or has `count` elements, each with `data` that are writable for `capacity`
/// bytes; `taken` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_completions_take(
    completions: *mut jobring_completions,
    timeout_ns: i64,
    outcomes: *mut jobring_outcome,
    count: usize,
    taken: *mut usize,
) -> jobring_status {
    done_out(|| {
        output(taken)?;
        let timeout = timeout(timeout_ns)?;
        // SAFETY:
        // - the caller's.
        let (queue, pool) = unsafe { queue(completions) }?;
        // SAFETY:
        // - the caller's. More than a pool has slots cannot be taken at once.
        let rooms = unsafe { Rooms::of(outcomes, count, pool.raw.capacity()) }?;
        let _visit = pool.raw.lifecycle().visit(pool.raw.port(), Origin::Thread);
        let mut filled = 0;
        let most = rooms.count();
        let found =
            pool.raw.take_completions(queue, timeout, most, &mut |job, vtable, payload, completion| {
                // SAFETY:
                // - the caller's; a job of a C queue that ended like this; its body is ours in this call.
                let ran =
                    unsafe { rooms.fill(filled, pool, job.to_bits(), vtable, own_part(payload), completion) };
                filled += 1;
                ran
            })?;
        // SAFETY:
        // - checked above.
        unsafe { taken.write(found) };
        Ok(())
    })
}

/// Ends a completion queue.
///
/// The memory of a queue from jobring_completions_create() is kept for the next queue of the pool, and freed by
/// jobring_destroy(). That of jobring_completions_init() stays in use until then.
///
/// - `completions`: the queue; NULL does nothing. No other thread may be inside a call on the queue or begin one, except that a
///   submit whose job was taken may still be on its way back to its caller.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_BUSY: a job is pending: it has not ended, or was not taken. The queue is as before.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not allocate. Does not block,
/// except for the lock that jobring_completions_create() takes.
///
/// # Safety
/// `completions` is a queue or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_completions_destroy(
    completions: *mut jobring_completions,
) -> jobring_status {
    done_out(|| {
        if completions.is_null() {
            return Ok(());
        }
        // SAFETY:
        // - the caller's.
        let (queue, pool) = unsafe { queue(completions) }?;
        let _visit = pool.raw.lifecycle().visit(pool.raw.port(), Origin::Thread);
        if queue.pending() > 0 {
            return Err(StatusError(JOBRING_E_BUSY));
        }
        // SAFETY:
        // - the caller's; nothing is pending.
        unsafe {
            completion_queue::end(completions);
            #[cfg(any(feature = "std", feature = "pthread"))]
            pool.queues.keep(completions);
        }
        Ok(())
    })
}
