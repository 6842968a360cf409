//! The configuration as C writes it. `config_check.rs` checks it.

use super::port::jobring_port;
use super::status::jobring_status;
use core::ffi::{c_char, c_void};

/// jobring_config.workers: no threads. jobring_run_one(), jobring_enter_worker() and threads that wait run
/// the jobs.
pub const JOBRING_WORKERS_NONE: u32 = u32::MAX;
/// jobring_config.spin: a worker that finds no job sleeps at once.
pub const JOBRING_SPIN_NONE: u32 = u32::MAX;

/// In jobring_config.guard_size: no guard. (cbindgen does not know usize::MAX: the header's stands in
/// jobring.h.in.)
pub const JOBRING_GUARD_NONE: usize = usize::MAX;

/// jobring_config.signals: workers have all signals blocked, except those that a thread causes itself
/// (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS) and SIGPROF.
///
/// A process that a job starts inherits this mask, and exec keeps it. If SIGTERM or SIGINT is to end that
/// process, the job sets another mask, by posix_spawnattr_setsigmask() or between fork() and exec.
pub const JOBRING_SIGNALS_BLOCK: u32 = 0;
/// jobring_config.signals: workers inherit the signal mask of the thread that makes the pool.
pub const JOBRING_SIGNALS_INHERIT: u32 = 1;

/// jobring_config.flags: measure how long jobs take, for jobring_worker. Reads the clock twice for each
/// job.
pub const JOBRING_FLAG_TIMED: u32 = 1;
/// jobring_config.flags: fill the workers' stacks with a pattern, for jobring_worker_stack(). Makes
/// each stack resident.
pub const JOBRING_FLAG_PAINT_STACKS: u32 = 2;
/// jobring_config.flags: jobring_destroy() also waits for submit calls that are about to return.
///
/// Needed when a job itself makes known that it has run, since its submit may not have returned by then.
/// Costs two atomic operations for each submit.
pub const JOBRING_FLAG_DESTROY_WAITS: u32 = 4;

/// jobring_config.backend: pthreads if the library has them, else threads of Rust's standard library.
pub const JOBRING_BACKEND_DEFAULT: u32 = 0;
/// jobring_config.backend: pthreads.
pub const JOBRING_BACKEND_PTHREAD: u32 = 1;
/// jobring_config.backend: threads of Rust's standard library.
///
/// If the standard library gets no memory while it makes a thread, it ends the process by abort(); with
/// pthreads that is JOBRING_E_NOMEM or JOBRING_E_THREAD. With both backends a refused thread is
/// JOBRING_E_THREAD, and a missing key for thread-specific data is JOBRING_E_NOMEM.
pub const JOBRING_BACKEND_STD: u32 = 2;

/// A start hook. Called on a worker's own thread, with `hook_arg` of the configuration and the worker's
/// number from 0. Any status but JOBRING_OK means that it failed.
pub type jobring_start_fn =
    Option<unsafe extern "C" fn(hook_arg: *mut c_void, worker: u32) -> jobring_status>;
/// A stop hook. Called on a worker's own thread, with `hook_arg` of the configuration and the worker's
/// number from 0.
pub type jobring_stop_fn = Option<unsafe extern "C" fn(hook_arg: *mut c_void, worker: u32)>;

/// The configuration of a pool. Zero is the default in every field.
///
/// Begin with JOBRING_CONFIG_INIT or jobring_struct_init(). The structure and its text are copied during
/// the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_config {
    /// sizeof (jobring_config), so that the library knows which header the program was built against.
    pub size: u32,
    /// Which kind of threads the workers are: JOBRING_BACKEND_.
    pub backend: u32,
    /// The number of worker threads. 0: the number of CPUs that the calling thread may use.
    /// JOBRING_WORKERS_NONE: none. More workers than `capacity` are of no use, since each running job has a
    /// slot.
    ///
    /// With 0, a library with Rust's standard library also reads the quota of the control group, and ends
    /// the process by abort() if it gets no memory for that. In a build without threads 0 is
    /// JOBRING_E_UNSUPPORTED; so is any other number of threads, unless the port can make threads.
    pub workers: u32,
    /// The fewest workers to start with, if the system refuses more threads or start hooks fail. 0: all of
    /// them, or the call fails.
    pub min_workers: u32,
    /// The most workers at a time, including threads that enter. 0: `workers`, or `grow_to` if that is more, + 16. At most
    /// 65,535; on 32-bit targets 255.
    pub max_workers: u32,
    /// The number of slots. 0: 1,024. At most 1,048,575.
    ///
    /// A job holds a slot from its submit until its result is taken; a detached job, until it has finished.
    /// So results that nobody has taken count. No more jobs than this run at a time; if all of them wait in
    /// jobring_submit() for a slot, some get JOBRING_E_DEADLOCK. In memory of the library
    /// (jobring_create()), slots that were never used take no pages until the pool is shut down.
    pub capacity: u32,
    /// The bytes of a slot that are the job's, rounded up to 16 (8 on 32-bit targets); a slot has a header
    /// of 16 (8) bytes besides. 0: 48. At least 4 words, at most 1 MiB. jobring_submit_options says what
    /// a job takes of it.
    pub payload: u32,
    /// How many times a worker that has run a job polls for the next one before it sleeps. 0: 1,000 times,
    /// about 25 microseconds (in a library without threads: not at all). JOBRING_SPIN_NONE: not at all.
    ///
    /// A worker polls at most 24 times after a job that ended a sleep of over 50 microseconds, and not at all
    /// after a job that a sleeping thread waited for. An idle pool sleeps.
    ///
    /// When jobs come as fast as they are run, threads pause to reduce cache-line contention. A worker may
    /// delay one job in eight by up to 8 microseconds, unless this is JOBRING_SPIN_NONE. Whatever this is,
    /// a submit that may wait, or a batch before its first job, pauses for up to about 30 microseconds when the
    /// pool is nearly full and workers free slots.
    /// jobring_try_submit() never pauses.
    pub spin: u32,
    /// Which signals the workers take: JOBRING_SIGNALS_.
    pub signals: u32,
    /// A set of JOBRING_FLAG_TIMED, JOBRING_FLAG_PAINT_STACKS, JOBRING_FLAG_DESTROY_WAITS.
    pub flags: u32,
    /// The bytes of each worker's stack, rounded up to a page. 0: 2 MiB. Less than jobring_stack_min() is
    /// JOBRING_E_STACK.
    pub stack_size: usize,
    /// The bytes of the guard below each stack, rounded up to a page. 0: one page. JOBRING_GUARD_NONE: no
    /// guard. pthreads only.
    pub guard_size: usize,
    /// Memory for the workers' stacks, in use until jobring_destroy() has returned. It gets no guards.
    /// NULL: the system allocates the stacks. pthreads only.
    pub stack_memory: *mut c_void,
    /// The bytes of `stack_memory`: `workers`, or `grow_to` if that is more, times `stack_size` rounded up to a page, and up to one page
    /// more to align it. Less is JOBRING_E_SIZE.
    pub stack_memory_size: usize,
    /// A job runs inside another job, on the same stack, only if this many bytes of the stack are left. 0:
    /// 16 KiB.
    ///
    /// A job runs inside a job when a job waits for a queued job, calls jobring_run_one(), submits to a
    /// full pool without workers, or shuts down a pool. The first job that a thread outside of jobs runs is
    /// a plain call and needs no reserve.
    ///
    /// For a thread that the pool did not make, the system says how large the stack is
    /// (pthread_getattr_np() on Linux and Android, a similar call on macOS). The library asks once for each
    /// such thread, before the thread runs a job inside a job; the system's library may allocate then.
    /// Where the system cannot be asked (other systems, a jobring_port), at most 64 jobs run inside each
    /// other on such a thread. On a stack that is not the thread's own (a fiber, a coroutine) no job runs
    /// inside a job.
    pub stack_reserve: usize,
    /// The CPUs to bind the workers to, in turn. NULL: the workers inherit the CPU mask of the thread that
    /// makes the pool. If that thread is bound to one CPU, so are they, and `workers` 0 means one worker.
    /// pthreads only. JOBRING_E_INVALID for a worker's CPU that this process may not use, whatever `min_workers` is.
    pub cpus: *const u32,
    /// The number of `cpus`.
    pub cpu_count: usize,
    /// The prefix of the threads' names. A dash and the worker's number follow, 15 bytes in all. NULL:
    /// "jobring". Cut before the first byte that is not UTF-8.
    ///
    /// The system shows this name. Rust's standard library does not know it for pthreads: it reports a
    /// panic in a job as one of thread `<unnamed>`.
    pub name: *const c_char,
    /// Called on each worker's thread before its first job. NULL: nothing.
    ///
    /// The call that makes the pool returns when all start hooks have returned; without a start hook it
    /// does not wait for the threads. A worker whose hook fails ends at once, without `on_stop`; if fewer
    /// than `min_workers` are left, the call returns JOBRING_E_FAILED. A hook that waits for something that
    /// the calling thread does after that call waits for ever.
    ///
    /// Where a new thread takes a worker's place (jobring_fn), the hook is called again, and may call what a
    /// job may call: a wait without a time limit runs the queued job that it waits for, and a submit to a
    /// full pool that could never succeed returns JOBRING_E_DEADLOCK. If it fails there, the pool has one
    /// worker less.
    pub on_start: jobring_start_fn,
    /// Called on each worker's thread after its last job. NULL: nothing. It may call what a job may call.
    pub on_stop: jobring_stop_fn,
    /// Passed to both hooks.
    pub hook_arg: *mut c_void,
    /// The system below the pool: see jobring_port.h. NULL: none. Not copied. JOBRING_E_UNSUPPORTED in a
    /// build without ports.
    pub port: *const jobring_port,
    /// The most worker threads that jobring_workers_set() may ask for. 0, or less than `workers`: `workers`. At most
    /// 65,535; on 32-bit targets 255; never more than `max_workers`, if that is given. 0 in a build without threads.
    ///
    /// The pool has memory for that many workers from the start, but no threads. `stack_memory` has a stack for each of them.
    pub grow_to: u32,
    /// Zero.
    pub reserved: u32,
}

pub(super) const DEFAULTS: jobring_config = jobring_config {
    size: size_of::<jobring_config>() as u32,
    backend: JOBRING_BACKEND_DEFAULT,
    workers: 0,
    min_workers: 0,
    max_workers: 0,
    capacity: 0,
    payload: 0,
    spin: 0,
    signals: JOBRING_SIGNALS_BLOCK,
    flags: 0,
    stack_size: 0,
    guard_size: 0,
    stack_memory: core::ptr::null_mut(),
    stack_memory_size: 0,
    stack_reserve: 0,
    cpus: core::ptr::null(),
    cpu_count: 0,
    name: core::ptr::null(),
    on_start: None,
    on_stop: None,
    hook_arg: core::ptr::null_mut(),
    port: core::ptr::null(),
    grow_to: 0,
    reserved: 0,
};

/// The size of the smallest structure that was ever published.
pub(super) const FIRST_SIZE: usize = core::mem::offset_of!(jobring_config, reserved) + size_of::<u32>();
