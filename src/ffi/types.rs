//! The types that C callers pass and receive: handles, callbacks, options.

use super::status::jobring_status;
use core::ffi::c_void;

/// A pool. Its insides are the library's.
pub struct jobring_pool {
    _opaque: [u8; 0],
}

/// A completion queue of a pool. Its insides are the library's.
pub struct jobring_completions {
    _opaque: [u8; 0],
}

/// A queue of items, which belongs to no pool. Its insides are the library's.
pub struct jobring_queue {
    _opaque: [u8; 0],
}

/// Names one job of one pool. A value, not a reference: it may be copied and kept. 0 is never a job.
///
/// A handle is stale once its result was taken or it was detached. A call with a stale handle returns JOBRING_E_STALE,
/// except after exactly k * 2^36 uses of its slot (2^26 on 32-bit targets). A handle of another pool is recognised with a
/// probability of 255 in 256. After the pool was destroyed, make no call with it.
pub type jobring_job = u64;

/// What a pool runs: a function as for pthread_create(). It may call every function of its pool that does not say otherwise.
///
/// - What a job changes of its thread stays for the jobs that run there later: thread-locals, the rounding mode, the CPU
///   mask, the signal mask, the name, the priority. A job that changes them puts them back.
/// - A job that forks must leave the child by _exit() or exec. So must a callback, a hook and the body of a loop.
/// - A C++ exception that leaves a job ends the process. If the function is `noexcept`, the C++ runtime prints the exception first. No longjmp() out of a job.
/// - A job may end its thread, by pthread_exit() or a cancellation, if a worker's loop called it, the workers are pthreads
///   on stacks that the system gave, and the system is Linux. The job then fails with JOBRING_E_EXITED as its code, and a
///   new thread takes the worker's place (on_stop and on_start are called). The new thread does not wait for the old one:
///   destructors of the old thread's thread-local data run outside of the pool, and may call it. Everywhere else on Linux
///   (a job that a wait or jobring_run_one() runs, the std backend, a callback, a hook) this ends the process. On other
///   systems it is not allowed.
pub type jobring_fn = Option<unsafe extern "C" fn(arg: *mut c_void) -> *mut c_void>;

/// What became of a job. A wait or a take fills it for the caller; a done callback reads it.
///
/// The caller of a wait or a take sets `size`, `data`, `capacity` and `move`; JOBRING_OUTCOME_INIT asks for neither text nor data.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_outcome {
    /// sizeof (jobring_outcome).
    pub size: u32,
    /// JOBRING_OK: the job ran. JOBRING_E_FAILED: it ran and failed. JOBRING_E_CANCELLED: it was cancelled.
    /// JOBRING_E_SHUTDOWN: a shutdown discarded it.
    pub status: jobring_status,
    /// The job. 0 in the done callback of a job that had no slot (JOBRING_WHEN_FULL_RUN).
    pub job: jobring_job,
    /// The job's argument. For a job with copied data: in a done callback the copy; after a wait `data` if the data were
    /// copied there, else NULL.
    pub arg: *mut c_void,
    /// What the job's function returned. NULL unless the status is JOBRING_OK, or JOBRING_E_FAILED and the job was submitted with
    /// `move`.
    pub result: *mut c_void,
    /// The text of a failure, with a zero behind it, or the copied data of a job that ran. For a wait: the caller's memory
    /// that they are copied to, or NULL. In a done callback: the library's memory, valid until the callback returns, or NULL.
    pub data: *mut c_void,
    /// Bytes of memory at `data`. A text is cut to fit; data that do not fit are JOBRING_E_SIZE, and a
    /// take cuts them. 0 in a done callback.
    pub capacity: usize,
    /// The bytes of the text (without its zero) or of the data, also if fewer were copied.
    pub length: u32,
    /// What jobring_fail() was given, or JOBRING_E_EXITED. 0 unless the status is JOBRING_E_FAILED.
    pub code: i32,
    /// For a wait or a take: moves the copied data of a job that ran from its slot to `data`, in place of a copy; `capacity` is
    /// not looked at. NULL: copy them. NULL in a done callback.
    pub r#move: jobring_move_fn,
    /// NULL.
    pub reserved: *mut c_void,
}

/// Moves a value to other memory: builds it at `to`, and ends it at `from`. For C++ that is the move constructor, and then the
/// destructor of what it left behind. `size` is the length of the job's copied data.
///
/// A submit calls it to build a job's argument in its slot, a wait or a take to bring a job's result out. It must return, and
/// not throw. When a submit calls it, the job is not accepted yet, and holds its slot: inside it jobring_shutdown() returns
/// JOBRING_E_DEADLOCK, and so do, where they would wait, jobring_wait_idle(), jobring_lane_close() and
/// jobring_completions_take() with a timeout other than 0; jobring_destroy() returns JOBRING_E_BUSY. When a wait or a take calls it, the
/// thread is inside the job.
pub type jobring_move_fn = Option<unsafe extern "C" fn(to: *mut c_void, from: *mut c_void, size: usize)>;

/// Called once when a job has finished, on the thread that ended it, before threads that wait for the job learn of it.
///
/// - `arg`: the job's argument, or its copied data; for a node, the node's `arg`.
/// - `outcome`: what became of the job, valid until the callback returns. A detached job has one too.
///
/// For jobring_current_job() and jobring_cancel_requested() the thread is still inside the job; jobring_fail() comes too late.
pub type jobring_done_fn = Option<unsafe extern "C" fn(arg: *mut c_void, outcome: *const jobring_outcome)>;

/// Called once with what nobody else will free: the argument of a job that will not run (JOBRING_E_CANCELLED,
/// JOBRING_E_SHUTDOWN), or the result that nobody took, unless it is NULL (JOBRING_E_UNTAKEN). Of a job that was submitted with
/// `move` also its error, unless it is NULL (JOBRING_E_FAILED). It runs on the thread that decided this, before that thread's call
/// returns.
pub type jobring_drop_fn = Option<unsafe extern "C" fn(arg: *mut c_void, why: jobring_status)>;

/// One more done callback, in the caller's memory.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_done_node {
    /// The next node, or NULL. It is read before this node's callback is called, which may then reuse the node.
    pub next: *mut jobring_done_node,
    /// Called as a done callback, with this node's `arg`. Not NULL.
    pub done: jobring_done_fn,
    /// What it is called with.
    pub arg: *mut c_void,
    /// The library's. The caller sets them to 0.
    pub reserved: [*mut c_void; 2],
}

/// For timeout_ns and limit_ns: no limit.
pub const JOBRING_FOREVER: i64 = -1;

/// jobring_wait_options.flags: the calling thread runs the job if it is still queued, also outside of jobs. The call may
/// then take longer than `limit_ns`.
pub const JOBRING_WAIT_HELP: u32 = 1;
/// jobring_wait_options.flags: do not wait, and run nothing, whatever `limit_ns` is.
pub const JOBRING_WAIT_POLL: u32 = 2;
/// jobring_wait_options.flags: take nothing. The job and its handle stay as they are.
pub const JOBRING_WAIT_PEEK: u32 = 4;
/// jobring_wait_options.flags: `limit_ns` is a time at which the wait ends, not its length: a time of the pool's clock
/// (jobring_now()). So several calls can have one deadline.
pub const JOBRING_WAIT_DEADLINE: u32 = 8;

/// How to wait for a job, or for several. Zero is the default in every field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_wait_options {
    /// sizeof (jobring_wait_options).
    pub size: u32,
    /// JOBRING_WAIT_ constants, or'ed together.
    pub flags: u32,
    /// The longest wait in nanoseconds; with JOBRING_WAIT_DEADLINE the time at which it ends. 0 or JOBRING_FOREVER: no limit;
    /// not to wait at all is JOBRING_WAIT_POLL.
    pub limit_ns: i64,
}

/// jobring_submit_options.when_full: wait for a slot, at most limit_ns.
pub const JOBRING_WHEN_FULL_WAIT: u32 = 0;
/// jobring_submit_options.when_full: return JOBRING_E_FULL.
pub const JOBRING_WHEN_FULL_FAIL: u32 = 1;
/// jobring_submit_options.when_full: run the job on the calling thread. Such a job has no slot: `job` must be NULL and `copy` 0, and
/// jobring_fail() in it has no effect.
pub const JOBRING_WHEN_FULL_RUN: u32 = 2;
/// jobring_submit_options.when_full: as JOBRING_WHEN_FULL_FAIL, from an interrupt: see jobring_try_submit_isr().
pub const JOBRING_WHEN_FULL_FAIL_ISR: u32 = 3;

/// How to submit a job. Zero is the default in every field. The structure is read during the call only.
///
/// The job takes two words of its slot's payload (jobring_config.payload), one more for each of `done`, `drop` and `nodes`,
/// and its argument or its copied data. If that does not fit, the call returns JOBRING_E_SIZE.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_submit_options {
    /// sizeof (jobring_submit_options).
    pub size: u32,
    /// What to do when no slot is free: JOBRING_WHEN_FULL_.
    pub when_full: u32,
    /// The longest wait for a slot in nanoseconds, with JOBRING_WHEN_FULL_WAIT. 0 or JOBRING_FOREVER: no limit.
    pub limit_ns: i64,
    /// Called when the job has finished. NULL: nothing.
    pub done: jobring_done_fn,
    /// Called with what nobody else frees: the argument of a job that will not run, or a result that nobody took.
    /// NULL: nothing.
    pub drop: jobring_drop_fn,
    /// Copy this many bytes from `arg` into the slot, and call the job with a pointer to the copy. 0: pass `arg` on.
    ///
    /// Without callbacks there is room for the payload minus 2 words (32 of 48 bytes). The copy is aligned to 16 bytes (8 on
    /// 32-bit targets) and lives until the job's result is taken. The job may leave a result there, which jobring_wait_opts()
    /// copies out.
    pub copy: usize,
    /// The first of a list of callbacks that are called after `done`, in their order. NULL: none. The nodes are the caller's,
    /// and stay where they are until their callbacks were called. With the `node` of a jobring_watched among them, callbacks
    /// can be added later.
    pub nodes: *mut jobring_done_node,
    /// Moves the data from `arg` into the slot, in place of the copy that `copy` asks for. NULL: copy them. For types that
    /// cannot be copied byte by byte; jobring.hpp uses it. It is called once, if a slot was found, and then the value at `arg` is
    /// gone. `copy` must not be 0.
    ///
    /// The job owns the value in its slot: it ends the value, and may leave a result in its place. If it calls jobring_fail(),
    /// what it returns is its error: a wait gets that as the `result`. The drop callback gets a value of a job that will not run,
    /// a result that is not NULL (JOBRING_E_UNTAKEN), or an error that is not NULL (JOBRING_E_FAILED), if nobody takes it. There
    /// is less room for the text of a failure: the payload minus 2 words and 16 bytes (12 on 32-bit targets), and one word for each of
    /// `done`, `drop` and `nodes` (8 of 48 bytes with one of them). A failure is written over the beginning of the value's memory: 16
    /// bytes (12), and the text. That a job has ended its thread (JOBRING_E_EXITED) has no text.
    pub r#move: jobring_move_fn,
    /// NULL: for a later version.
    pub reserved: *mut c_void,
}

/// One job of a batch.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_batch_item {
    /// The job.
    pub r#fn: jobring_fn,
    /// Its argument.
    pub arg: *mut c_void,
    /// As for jobring_submit_opts(), but when_full and limit_ns are ignored. NULL: all defaults.
    pub options: *const jobring_submit_options,
    /// 0.
    pub reserved: *mut c_void,
}

pub(super) type RunFn = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
pub(super) type DoneFn = unsafe extern "C" fn(*mut c_void, *const jobring_outcome);
pub(super) type MoveFn = unsafe extern "C" fn(*mut c_void, *mut c_void, usize);
pub(super) type DropFn = unsafe extern "C" fn(*mut c_void, jobring_status);
