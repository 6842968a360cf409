//! Workers whose threads the caller's port makes, in builds that know no threads.

use super::c_port::{self, CPort};
use super::callback;
use super::pool::CPool;
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
    // Without a port that makes threads none are asked for (config_check.rs), and a build without ports has no code for workers.
    let Some((spawn, ctx)) = c_port::given(raw.port()).and_then(|port| Some((port.spawn?, port.ctx))) else {
        return Ok(0);
    };
    let started = raw.start_workers(max_workers, min_workers, |worker| {
        // SAFETY:
        // - 1: there is room; enter may be called with it on any thread. The port's promise.
        let made = unsafe {
            let post = posts.add(worker);
            post.write(WorkerArg { pool, worker });
            spawn(ctx, worker as u32, Some(enter), post.cast())
        };
        if made == 0 { Ok(()) } else { Err(StatusError(JOBRING_E_THREAD)) }
    });
    started.map_err(|(count, failed)| {
        raw.undo_start();
        join(raw.port(), count);
        raw.lifecycle().await_visitors(raw.port());
        failed
    })
}

/// Waits for the ends of the first `count` threads, if the port can.
pub(super) fn join(port: &CPort, count: usize) {
    if let Some((join, ctx)) = c_port::given(port).and_then(|port| Some((port.join?, port.ctx))) {
        // SAFETY:
        // - the port's promise; these workers were spawned.
        (0..count).for_each(|worker| unsafe { join(ctx, worker as u32) });
    }
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
