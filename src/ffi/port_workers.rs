//! Workers whose threads the caller's port makes, in builds that know no threads.

use super::callback;
use super::pool::CPool;
use super::port::Below;
use super::status::{JOBRING_E_THREAD, StatusError};
use crate::engine::WorkerActivity;
use crate::job::context::CallContext;
use crate::platform::port::Port;
use core::ffi::c_void;

/// What a worker's thread is told.
pub(super) struct WorkerArg {
    pool: *const CPool,
    worker: usize,
}

/// Makes up to `max_workers` workers, `min_workers` at least. How many.
///
/// # Safety
/// 1. `pool` is one that nobody else has yet; it and `posts`, room for `max_workers`, stay until the workers have left.
pub(super) unsafe fn start(
    pool: *const CPool,
    posts: *mut WorkerArg,
    max_workers: usize,
    min_workers: usize,
) -> Result<usize, StatusError> {
    // SAFETY:
    // - 1.
    let raw = unsafe { &(*pool).raw };
    let below = *raw.port();
    if !below.spawns() {
        // None are asked for: see settings. So a build without ports has no worker's code for this.
        return Ok(0);
    }
    let started = raw.start_workers(max_workers, min_workers, |worker| {
        // SAFETY:
        // - 1: there is room; enter may be called with it on any thread.
        let made = unsafe {
            let post = posts.add(worker);
            post.write(WorkerArg { pool, worker });
            below.spawn(worker, Some(enter), post.cast())
        };
        if made { Ok(()) } else { Err(StatusError(JOBRING_E_THREAD)) }
    });
    started.map_err(|(count, failed)| {
        raw.undo_start();
        join(below, count);
        raw.lifecycle().await_visitors(raw.port());
        failed
    })
}

/// Waits for the ends of the first `count` threads, if the port can.
pub(super) fn join(below: Below, count: usize) {
    (0..count).for_each(|worker| below.join(worker));
}

/// The life of one worker.
unsafe extern "C" fn enter(post: *mut c_void) {
    // SAFETY:
    // - `start` made it, and it stays until this worker has left, and with it its visit.
    let (raw, hooks, worker) = unsafe {
        let post = post.cast::<WorkerArg>();
        let pool = (*post).pool;
        // Of the rest of the pool some is still being written.
        (&(*pool).raw, (*pool).hooks, (*post).worker)
    };
    // The thread touches the pool after it was counted out, and is waited for as a visitor until then.
    let visit = raw.lifecycle().visit(raw.port());
    let frame = CallContext::of_worker(raw.id(), worker, None, raw.port().current());
    // SAFETY:
    // - the configuration's promise: callable with this argument on any thread.
    let (started, stopped) = unsafe {
        (
            || raw.call_back(|| callback::hook(hooks.on_start, hooks.arg, worker as u32)),
            || raw.call_back(|| callback::hook(hooks.on_stop, hooks.arg, worker as u32)),
        )
    };
    raw.work_between(&frame, &WorkerActivity::new(false), started, stopped);
    drop(visit);
}
