//! Parallel loops.

use super::abi_struct::known;
use super::call::{done_out, limit, optional, visit};
use super::callback::{self, Body};
use super::pool::CPool;
use super::status::{JOBRING_E_INVALID, JOBRING_E_TIMEDOUT, StatusError, jobring_status};
use super::types::jobring_pool;
use crate::fork_join::{self, LoopOptions};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ops::ControlFlow;

/// The body of a loop: does the items `from` to `to` - 1, at least one, and returns 0; or returns another
/// number to end the loop.
///
/// Several threads call it at once. It must return, as a callback must: a body that ends its thread, or
/// throws, ends the process. Inside it the thread counts as outside of jobs.
pub type jobring_body_fn = Option<unsafe extern "C" fn(ctx: *mut c_void, from: usize, to: usize) -> i32>;

/// The argument of the bodies of one loop, on any thread.
#[derive(Clone, Copy)]
struct Shared(*mut c_void);

// SAFETY:
// - it is only passed to the body; the caller promised that the body may be called with it on any thread.
unsafe impl Sync for Shared {}

impl Shared {
    fn get(&self) -> *mut c_void {
        self.0
    }
}

/// How to run a loop. Zero is the default in every field. The structure is read during the call only.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_parallel_for_options {
    /// sizeof (jobring_parallel_for_options).
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// The longest time in nanoseconds until the last part is begun. 0 or JOBRING_FOREVER: no limit.
    pub limit_ns: i64,
    /// As for jobring_parallel_for(), but at most `largest`.
    pub grain: usize,
    /// The most items of a part. 0: no bound.
    ///
    /// Bodies that wait for each other need parts of one item: `grain` 1 and `largest` 1. Then a thread that
    /// waits in a body keeps no item from the others.
    pub largest: usize,
}

const DEFAULTS: jobring_parallel_for_options = jobring_parallel_for_options {
    size: size_of::<jobring_parallel_for_options>() as u32,
    reserved: 0,
    limit_ns: 0,
    grain: 0,
    largest: 0,
};

/// The size of the smallest structure that was ever published.
const FIRST_SIZE: usize = size_of::<jobring_parallel_for_options>();

/// The body of a C loop, which may be called on any thread.
struct LoopBody<'a> {
    pool: &'a CPool,
    body: Body,
    ctx: Shared,
}

impl LoopBody<'_> {
    /// # Safety
    /// 1. The body may be called with its argument.
    unsafe fn call(&self, from: usize, to: usize) -> ControlFlow<i32> {
        // SAFETY:
        // - 1.
        match self.pool.raw.without_job(|| unsafe { callback::body(self.body, self.ctx.get(), from, to) }) {
            0 => ControlFlow::Continue(()),
            other => ControlFlow::Break(other),
        }
    }
}

/// Calls `body` for parts of the range from 0 to `count` that together cover it once, on this thread and on
/// free workers.
///
/// It returns when every item is done. If a body returns anything but 0, no further part is started, and
/// the call returns when the bodies that had started have returned. What the bodies did happens before what
/// the caller does next.
///
/// - `count`: the number of items; 0 calls nothing.
/// - `grain`: the fewest items of a part, except for the last part; a loop with no more items than that
///   runs on this thread. 0 chooses the grain by timing the first items (some reads of the clock, about 20
///   ns each).
/// - `body`: called as body(ctx, from, to).
/// - `ctx`: passed to the body.
/// - `stopped`: where 0 is written, or what a body returned to end the loop (the first, of several); NULL
///   if it is not wanted.
///
/// The caller does its part, and takes every part that no worker has started: it never waits for a thread
/// that has not started. On a pool without workers, a full pool and a pool that is shut down, the caller
/// does everything.
///
/// Returns:
/// - JOBRING_OK: also if a body ended the loop.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook, a callback or a body; not from a signal handler.
/// Blocks. It sleeps only while another thread is inside a body. Does not allocate. Locks only inside a
/// job, before it sleeps. Takes two slots for each thread that helps.
///
/// # Safety
/// `pool` is a pool or NULL; `body` may be called with `ctx` on any thread, on several at once; `stopped` is NULL or
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_parallel_for(
    pool: *mut jobring_pool,
    count: usize,
    grain: usize,
    body: jobring_body_fn,
    ctx: *mut c_void,
    stopped: *mut i32,
) -> jobring_status {
    let share_out = |body: LoopBody<'_>| {
        // SAFETY:
        // - the caller's.
        let call = |from, to| unsafe { body.call(from, to) };
        Ok(fork_join::share_out(&body.pool.raw, count, grain, call))
    };
    // SAFETY:
    // - the caller's.
    unsafe { run_loop(pool, body, ctx, stopped, share_out) }
}

/// jobring_parallel_for() with options: a largest part, and a time limit.
///
/// When the time is up, no further part is started, and the call returns when the bodies that had started
/// have returned, since they use the caller's data.
///
/// - `count`: the number of items; 0 calls nothing.
/// - `options`: NULL for all defaults.
/// - `body`: called as body(ctx, from, to).
/// - `ctx`: passed to the body.
/// - `stopped`: where 0 is written, or what a body returned to end the loop (the first, of several); NULL
///   if it is not wanted.
///
/// Returns:
/// - JOBRING_OK: every item is done, or a body ended the loop.
/// - JOBRING_E_TIMEDOUT: the time was up, and items were left out. On a pool without a clock this is so at
///   once, if there is a time limit.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook, a callback or a body; not from a signal handler.
/// Blocks. It sleeps only while another thread is inside a body. Does not allocate. Locks only inside a
/// job, before it sleeps. Takes two slots for each thread that helps. With a time limit it reads the clock
/// before each part.
///
/// # Safety
/// `pool` is a pool or NULL; `options` is NULL or options with their size set; `body` may be called with `ctx` on any
/// thread, on several at once; `stopped` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_parallel_for_opts(
    pool: *mut jobring_pool,
    count: usize,
    options: *const jobring_parallel_for_options,
    body: jobring_body_fn,
    ctx: *mut c_void,
    stopped: *mut i32,
) -> jobring_status {
    let share_out = |body: LoopBody<'_>| {
        // SAFETY:
        // - the caller's.
        let options = unsafe { read_options(options) }?;
        // SAFETY:
        // - the caller's.
        let call = |from, to| unsafe { body.call(from, to) };
        let ended = fork_join::share_out_with(&body.pool.raw, count, options, call);
        ended.map_err(|_| StatusError(JOBRING_E_TIMEDOUT))
    };
    // SAFETY:
    // - the caller's.
    unsafe { run_loop(pool, body, ctx, stopped, share_out) }
}

/// Checks the arguments of a loop, has its items shared out, and writes what ended it.
///
/// # Safety
/// 1. `pool` is a pool or NULL. 2. `stopped` is NULL or writable.
unsafe fn run_loop(
    pool: *mut jobring_pool,
    body: jobring_body_fn,
    ctx: *mut c_void,
    stopped: *mut i32,
    share_out: impl FnOnce(LoopBody<'_>) -> Result<ControlFlow<i32>, StatusError>,
) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - 1.
        let (pool, _visit) = unsafe { visit(pool) }?;
        optional(stopped)?;
        let body = LoopBody { pool, body: body.ok_or(StatusError(JOBRING_E_INVALID))?, ctx: Shared(ctx) };
        let ended = share_out(body)?;
        if !stopped.is_null() {
            // SAFETY:
            // - 2.
            unsafe { stopped.write(ended.break_value().unwrap_or(0)) };
        }
        Ok(())
    })
}

/// # Safety
/// 1. `options` is NULL or a jobring_parallel_for_options.
unsafe fn read_options(options: *const jobring_parallel_for_options) -> Result<LoopOptions, StatusError> {
    let mut room = MaybeUninit::uninit();
    let options = if options.is_null() {
        &DEFAULTS
    } else {
        // SAFETY:
        // - 1; every field of the structure is valid when zero.
        unsafe { known(options, &DEFAULTS, FIRST_SIZE, &mut room) }?
    };
    let &jobring_parallel_for_options { reserved, limit_ns, grain, largest, .. } = options;
    if reserved != 0 {
        return Err(StatusError(JOBRING_E_INVALID));
    }
    let timeout = limit(limit_ns)?;
    Ok(LoopOptions { grain, largest, timeout })
}
