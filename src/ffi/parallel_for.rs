//! Parallel loops.

use super::call::{done_out, optional, visit};
use super::callback;
use super::status::{JOBRING_E_INVALID, StatusError, jobring_status};
use super::types::jobring_pool;
use crate::fork_join;
use core::ffi::c_void;
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
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        optional(stopped)?;
        let body = body.ok_or(StatusError(JOBRING_E_INVALID))?;
        let ctx = Shared(ctx);
        let ended = fork_join::share_out(&pool.raw, count, grain, |from, to| {
            // SAFETY:
            // - the caller's.
            match pool.raw.without_job(|| unsafe { callback::body(body, ctx.get(), from, to) }) {
                0 => ControlFlow::Continue(()),
                other => ControlFlow::Break(other),
            }
        });
        if !stopped.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { stopped.write(ended.break_value().unwrap_or(0)) };
        }
        Ok(())
    })
}
