//! What C callers hand over and get: handles, callbacks, options.

use super::status::jobring_status;
use core::ffi::c_void;

/// A pool. Its insides are the library's.
pub struct jobring_pool {
    _opaque: [u8; 0],
}

/// Names one job of one pool. A value, not a reference: it may be copied and kept. 0 is never a job.
///
/// A handle is stale once its result was taken or it was detached; using it then is an error that is noticed, except
/// after exactly k * 2^36 (on 32-bit targets 2^26) reuses of one slot. A handle of another pool is noticed with a
/// probability of 255 in 256. After the pool was destroyed, nothing may be called with it.
pub type jobring_job = u64;

/// What a pool runs: as for pthread_create(). It may call any function of its pool that does not say otherwise.
///
/// What a job changes of its thread stays for the jobs that run there later: thread-locals, the rounding mode, the CPU mask, the
/// signal mask, the name, the priority. A job that changes them puts them back.
///
/// A job may leave by pthread_exit(), or by a cancellation of its thread, where a worker's loop called it, the workers are
/// pthreads with stacks of the system's, and the system is Linux: it has failed then, with JOBRING_E_EXITED as its code,
/// and the worker is replaced by a new thread of the same number (on_stop and on_start are called). Anywhere else on Linux
/// (in a job that a wait or jobring_run_one() runs, on a worker of the std backend, in a callback or hook) that ends the
/// process; on other systems it is not allowed. The new thread does not wait for the one that ended: destructors of that
/// thread's thread-local data may call the pool as code outside of it, and wait for its jobs or destroy it. A job that forks
/// must leave the child by _exit() or exec; so must a callback, a hook and the body of a loop. A C++ exception that leaves a
/// job ends the process. longjmp() out of it is not allowed.
pub type jobring_fn = Option<unsafe extern "C" fn(arg: *mut c_void) -> *mut c_void>;

/// What became of a job. A wait fills it for the caller; a done callback reads it.
///
/// The caller of a wait sets `size`, and if it wants the text of a failure or the data of a job by copy, `data` and `capacity`.
/// JOBRING_OUTCOME_INIT sets the size, and everything else to 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_outcome {
    /// sizeof (jobring_outcome).
    pub size: u32,
    /// How the job ended: JOBRING_OK: it ran. JOBRING_E_FAILED: it ran and failed. JOBRING_E_CANCELLED: jobring_cancel() took it
    /// back. JOBRING_E_SHUTDOWN: a shutdown discarded it.
    pub status: jobring_status,
    /// The job. 0 in the done callback of a job that had no slot (JOBRING_FULL_RUN).
    pub job: jobring_job,
    /// What the job was submitted with. For a job by copy: where its data are. That is the copy in a done callback; after a wait it
    /// is `data` if they were copied there, else NULL.
    pub arg: *mut c_void,
    /// What the job's function returned. NULL unless the status is JOBRING_OK.
    pub result: *mut c_void,
    /// The text of a failure, with a zero behind it, or the data of a job by copy that is done. For a wait: memory of the
    /// caller's that they are copied to; NULL if they are not wanted. In a done callback: the library's, to be read until the
    /// callback returns; NULL if there are none.
    pub data: *mut c_void,
    /// Bytes of memory at `data`. A text is cut to fit; data that do not fit are JOBRING_E_SIZE. 0 in a done callback.
    pub capacity: usize,
    /// How many bytes the text (without its zero) or the data have, whatever was copied of them.
    pub length: u32,
    /// What jobring_fail() was given, or JOBRING_E_EXITED. 0 unless the status is JOBRING_E_FAILED.
    pub code: i32,
    /// 0.
    pub reserved: [u32; 2],
}

/// Called once when a job has ended, on the thread that ended it, before threads that wait for the job learn of it.
///
/// `arg`: the job's argument (for a job by copy, its data); for a node, the node's. `outcome`: what became of the job, to be
/// read until the callback returns. A job that was submitted detached has one too.
///
/// For jobring_self() and jobring_cancel_requested() the thread is still inside the job; jobring_fail() comes too late.
pub type jobring_done_fn = Option<unsafe extern "C" fn(arg: *mut c_void, outcome: *const jobring_outcome)>;

/// Called once with what nobody else will free: the argument of a job that will not run (JOBRING_E_CANCELLED,
/// JOBRING_E_SHUTDOWN), or the result, unless it is NULL, of one whose result nobody took (JOBRING_E_UNTAKEN). On the
/// thread that decided it, before its call returns.
pub type jobring_drop_fn = Option<unsafe extern "C" fn(arg: *mut c_void, why: jobring_status)>;

/// One more callback for when a job is over, in memory of the caller's.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_done_node {
    /// The next of the list, or NULL. Read before this node's callback is called, which may do with the node what it likes.
    pub next: *mut jobring_done_node,
    /// Called as a done callback, with this node's `arg`. Not NULL.
    pub done: jobring_done_fn,
    /// What it is called with.
    pub arg: *mut c_void,
}

/// For timeout_ns and limit_ns: without end.
pub const JOBRING_FOREVER: i64 = -1;

/// jobring_wait_options.flags: if the job is still queued, the calling thread runs it, on its own stack, also outside of jobs.
/// The wait may then take longer than `limit_ns`: as long as the job.
pub const JOBRING_WAIT_HELP: u32 = 1;
/// jobring_wait_options.flags: do not wait, and run nothing. JOBRING_PENDING if the job has not ended. `limit_ns` is not looked at.
pub const JOBRING_WAIT_POLL: u32 = 2;
/// jobring_wait_options.flags: take nothing. The job stays as it is, and its handle good.
pub const JOBRING_WAIT_PEEK: u32 = 4;

/// How to wait for a job. Zero means the default in every field. JOBRING_WAIT_OPTIONS_INIT is all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_wait_options {
    /// sizeof (jobring_wait_options).
    pub size: u32,
    /// JOBRING_WAIT_, or'ed together.
    pub flags: u32,
    /// The longest that the call may wait, nanoseconds. 0 or JOBRING_FOREVER: no limit.
    pub limit_ns: i64,
}

/// jobring_options.when_full: wait for a slot, at most timeout_ns.
pub const JOBRING_FULL_WAIT: u32 = 0;
/// jobring_options.when_full: return JOBRING_E_FULL.
pub const JOBRING_FULL_FAIL: u32 = 1;
/// jobring_options.when_full: run the job on the calling thread. Such a job has no slot, and so neither a handle (`job`
/// must be NULL) nor a place for copied data (`copy` must be 0); jobring_fail() in it has no effect.
pub const JOBRING_FULL_RUN: u32 = 2;
/// jobring_options.when_full: as JOBRING_FULL_FAIL, and the caller is an interrupt: see jobring_try_submit_isr().
pub const JOBRING_FULL_FAIL_ISR: u32 = 3;

/// How one job is to be submitted. Zero means the default in every field. Copied during the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_options {
    /// sizeof (jobring_options).
    pub size: u32,
    /// JOBRING_FULL_.
    pub when_full: u32,
    /// The end of JOBRING_FULL_WAIT, nanoseconds. 0 or JOBRING_FOREVER: none.
    pub timeout_ns: i64,
    /// Called when the job is over. Takes one word of the payload. NULL: nothing.
    pub done: jobring_done_fn,
    /// Called with what nobody else frees: the argument of a job that will not run, or the result that nobody took.
    /// Takes one word of the payload. NULL: nothing.
    pub drop: jobring_drop_fn,
    /// Copy so many bytes from `arg` into the slot, and call the job with a pointer to them. 0: hand `arg` on.
    pub copy: usize,
    /// More callbacks to be called after `done`, in their order: the first of a list. Takes one word of the payload. NULL:
    /// none. The nodes stay the caller's, and must stay where they are until their callbacks were called.
    pub nodes: *mut jobring_done_node,
}

/// One job of a batch.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_item {
    /// The job.
    pub r#fn: jobring_fn,
    /// Its argument.
    pub arg: *mut c_void,
    /// As for jobring_submit_opts(), but when_full and timeout_ns are not looked at. NULL: all defaults.
    pub options: *const jobring_options,
}

pub(super) type RunFn = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
pub(super) type DoneFn = unsafe extern "C" fn(*mut c_void, *const jobring_outcome);
pub(super) type DropFn = unsafe extern "C" fn(*mut c_void, jobring_status);
