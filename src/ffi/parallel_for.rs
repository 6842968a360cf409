//! Sharing a loop out.

use super::call::{done_out, optional, visit};
use super::callback;
use super::status::{JOBRING_E_INVALID, StatusError, jobring_status};
use super::types::jobring_pool;
use crate::fork_join;
use core::ffi::c_void;
use core::ops::ControlFlow;

/// The body of a loop: does the items from `from` up to, not including, `to` (never none), and returns 0; or anything else
/// to end the loop. It is called on several threads at once. It must return, as a callback must: a thread that ends in it,
/// or what is thrown out of it, ends the process. Inside it the thread counts as being outside of jobs.
pub type jobring_body_fn = Option<unsafe extern "C" fn(ctx: *mut c_void, from: usize, to: usize) -> i32>;

/// What bodies of one loop are called with, on whatever thread.
#[derive(Clone, Copy)]
struct Shared(*mut c_void);

// SAFETY:
// - handed on to the body, for which the caller promised that it may be called with it on any thread.
unsafe impl Sync for Shared {}

impl Shared {
    fn get(&self) -> *mut c_void {
        self.0
    }
}

/// Calls `body` with parts of the range from 0 to `count`, its shares, that together cover it once: on the calling thread,
/// and on workers that are free. Returns when every item was done, or, if a body returned anything but 0, when all bodies
/// that had begun have returned; then no further share is begun.
///
/// `count`: the number of items; 0 calls nothing. `grain`: the fewest items of a share (but for the last); a loop of no more
/// is one share, done here. 0: the caller begins alone, and shares out what is left if its time is worth it, which
/// costs some looks at the clock, about 20 ns each. `body`: is called as body(ctx, from, to). `ctx`: anything, NULL included.
/// `stopped`: where 0 is written, or what a body returned to end the loop (of several, the first); NULL if it is not
/// wanted.
///
/// The caller does its part, and takes every share that no worker has come for: the call never waits for a thread that has
/// not begun. On a pool without workers, a full one, and one that is shut down the caller does all. What the bodies did
/// happens before what the caller does next.
///
/// Returns JOBRING_OK, also if a body ended the loop; JOBRING_E_INVALID.
///
/// From any thread, a job, a callback or a body included; not from a signal handler. Blocks. It
/// sleeps only while another thread is inside a body. Neither locks nor allocates; uses two slots for each thread that takes
/// part. jobring_destroy() must wait for it, as for any call.
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
