//! Workers whose threads a user-defined port makes, in builds that know no threads.

use super::c_port::{self, CPort};
use super::callback;
use super::pool::CPool;
use super::status::{JOBRING_E_FAILED, JOBRING_E_THREAD, StatusError};
use crate::engine::{Started, WorkerActivity};
use crate::job::context::CallContext;
use crate::platform::port::{Origin, Port};
use core::ffi::c_void;

/// The argument of a worker's thread.
pub(super) struct WorkerArg {
    pool: *const CPool,
    worker: usize,
}

/// Makes up to `max_workers` workers, at least `min_workers`. Returns how many threads there are, and how many of them work.
///
/// # Safety
/// 1. Nobody else has `pool` yet. `pool` and `worker_args`, with room for `max_workers`, stay until the
///    workers have left.
pub(super) unsafe fn start(
    pool: *const CPool,
    worker_args: *mut WorkerArg,
    max_workers: usize,
    min_workers: usize,
) -> Result<Started, StatusError> {
    // SAFETY:
    // - 1.
    let (raw, has_hook) = unsafe { (&(*pool).raw, (*pool).hooks.on_start.is_some()) };
    // A configuration without a port that makes threads asks for none (config_check.rs). A build without ports has no code for
    // workers.
    let Some((spawn, ctx)) = c_port::given(raw.port()).and_then(|port| Some((port.spawn?, port.ctx))) else {
        return Ok(Started::new(0, 0));
    };
    let started = raw.start_workers(
        max_workers,
        min_workers,
        has_hook.then_some(StatusError(JOBRING_E_FAILED)),
        |_| true,
        |worker| {
            // SAFETY:
            // - 1: there is room; enter may be called with its argument on any thread. The port's promise.
            let made = unsafe {
                let worker_arg = worker_args.add(worker);
                worker_arg.write(WorkerArg { pool, worker });
                spawn(ctx, worker as u32, Some(enter), worker_arg.cast())
            };
            if made == 0 { Ok(()) } else { Err(StatusError(JOBRING_E_THREAD)) }
        },
    );
    started.map(|(threads, workers)| Started::new(threads, workers)).map_err(|(count, failed)| {
        raw.undo_start();
        join(raw.port(), count);
        raw.lifecycle().await_visitors(raw.port());
        failed
    })
}

/// Joins the first `count` threads, if the port can.
pub(super) fn join(port: &CPort, count: usize) {
    if let Some((join, ctx)) = c_port::given(port).and_then(|port| Some((port.join?, port.ctx))) {
        // SAFETY:
        // - the port's promise; these workers were spawned.
        (0..count).for_each(|worker| unsafe { join(ctx, worker as u32) });
    }
}

/// The main function of one worker.
unsafe extern "C" fn enter(worker_arg: *mut c_void) {
    // SAFETY:
    // - `start` wrote it, and it stays until this worker has left and its visit has ended.
    let (raw, hooks, worker) = unsafe {
        let worker_arg = worker_arg.cast::<WorkerArg>();
        let pool = (*worker_arg).pool;
        // Other fields of the pool may still be written by `start`'s caller.
        (&(*pool).raw, (*pool).hooks, (*worker_arg).worker)
    };
    // The thread still touches the pool after it is counted out as a worker. As a visitor it is waited for until then.
    let visit = raw.lifecycle().visit(raw.port(), Origin::Thread);
    let context = CallContext::of_worker(raw.id(), worker, None, raw.port().current());
    // SAFETY:
    // - the configuration's promise: callable with this argument on any thread.
    let (started, stopped) = unsafe {
        let start = || raw.call_back(|| callback::start(hooks.on_start, hooks.arg, worker as u32));
        let stop = || raw.call_back(|| callback::stop(hooks.on_stop, hooks.arg, worker as u32));
        (hooks.on_start.is_some().then_some(start), stop)
    };
    raw.work_between(&context, &WorkerActivity::new(false, false), started, stopped);
    drop(visit);
}
