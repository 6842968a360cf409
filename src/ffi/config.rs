//! The configuration as C writes it. `settings` makes sense of it.

use super::port::jobring_port;
use super::status::{JOBRING_E_INVALID, JOBRING_OK, jobring_status};
use core::ffi::{c_char, c_void};

/// In jobring_config.workers: no threads. jobring_run_one(), jobring_enter_worker() and waiters run the jobs.
pub const JOBRING_WORKERS_NONE: u32 = u32::MAX;
/// In jobring_config.spin: a worker that has nothing to do sleeps at once.
pub const JOBRING_SPIN_NONE: u32 = u32::MAX;

/// In jobring_config.guard_size: no guard. (cbindgen does not know usize::MAX: the header's is in cbindgen.toml.)
pub const JOBRING_GUARD_NONE: usize = usize::MAX;

/// In jobring_config.signals: workers have all signals blocked but those that a thread brings upon itself. A process that a
/// job starts inherits that mask, and exec keeps it: the job sets another one, by posix_spawnattr_setsigmask() or between
/// fork() and exec, if the process is to be ended by SIGTERM or SIGINT.
pub const JOBRING_SIGNALS_BLOCK: u32 = 0;
/// In jobring_config.signals: workers take the signals that the thread takes that makes them.
pub const JOBRING_SIGNALS_INHERIT: u32 = 1;

/// A bit of jobring_config.flags: the time that jobs take is measured, see jobring_worker. Costs two looks at the clock a
/// job.
pub const JOBRING_TIMED: u32 = 1;
/// A bit of jobring_config.flags: the workers' stacks are painted, see jobring_worker_stack_used(). Makes all of each stack
/// resident.
pub const JOBRING_PAINT_STACKS: u32 = 2;
/// A bit of jobring_config.flags: jobring_destroy() waits also for threads that are inside a submit that need not wait for
/// a slot: for jobs that make known that they have run, while the submit of them has yet to return. Costs two atomic
/// operations a submit.
pub const JOBRING_DESTROY_WAITS: u32 = 4;

/// In jobring_config.backend: pthreads where there are any, else the standard library's threads.
pub const JOBRING_BACKEND_DEFAULT: u32 = 0;
/// In jobring_config.backend: pthreads, made through libc.
pub const JOBRING_BACKEND_PTHREAD: u32 = 1;
/// In jobring_config.backend: threads of Rust's standard library. If that is refused memory while it makes a thread, it ends the
/// process by abort(); pthreads made through libc give JOBRING_E_NOMEM or JOBRING_E_THREAD then. With both backends a refused
/// thread is JOBRING_E_THREAD, and if no key of thread-specific data is left where one is needed, JOBRING_E_NOMEM.
pub const JOBRING_BACKEND_STD: u32 = 2;

/// Called on a worker's own thread: `hook_arg` of the configuration, and the worker's number from 0.
pub type jobring_hook_fn = Option<unsafe extern "C" fn(hook_arg: *mut c_void, worker: u32)>;

/// How a pool is to be. Zero means the default in every field. Begin with JOBRING_CONFIG_INIT or
/// jobring_config_init(). The structure is copied during the call, the text too.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_config {
    /// sizeof (jobring_config), so that a program built against an older header is understood.
    pub size: u32,
    /// JOBRING_BACKEND_.
    pub backend: u32,
    /// Worker threads. 0: as many as CPUs that the calling thread may use (a library with Rust's standard library also reads
    /// the quota of the control group: if memory is refused then, it ends the process by abort()). In a build without threads
    /// JOBRING_E_UNSUPPORTED, and so is any number there unless the port can make threads. JOBRING_WORKERS_NONE: none. More
    /// workers than `capacity` are allowed, and of no use: each running job has a slot, so the others sleep.
    pub workers: u32,
    /// Start with as few as this if the system refuses more threads. 0: all or none.
    pub min_workers: u32,
    /// The most workers at a time, threads that enter included. 0: `workers` + 16. At most 65,535, on 32-bit
    /// targets 255.
    pub max_workers: u32,
    /// Slots. A job holds one from its submit until its result is taken, or, detached, until it has finished; so results that
    /// nobody has taken count. 0: 1,024. At most 1,048,575. No more jobs than that run at a time; if all of them wait in
    /// jobring_submit() for a slot, some get JOBRING_E_DEADLOCK. In the library's own memory (jobring_create()) slots that were
    /// never used take no pages until the pool is shut down.
    pub capacity: u32,
    /// Bytes of a slot, besides its 16 bytes of header (8 on 32-bit targets), rounded up to 16 (8). 0: 48. At least
    /// 4 words, at most 1 MiB. What of it data can take: see jobring_submit_copy().
    pub payload: u32,
    /// How often a worker that has run a job polls for the next before it sleeps. 0: 1,000 times, some 25 microseconds (in
    /// a library without threads not at all). JOBRING_SPIN_NONE: not at all. Behind a job that came after 50 microseconds of
    /// nothing 24 times at most. An idle pool sleeps, whatever it is. (Unless it is
    /// JOBRING_SPIN_NONE, each eighth of jobs that come as fast as they are run, and are few in the ring, may wait for some
    /// microseconds, so that worker and submitter stay out of each other's cache lines.)
    pub spin: u32,
    /// JOBRING_SIGNALS_.
    pub signals: u32,
    /// The JOBRING_ bits that are wanted: TIMED, PAINT_STACKS, DESTROY_WAITS.
    pub flags: u32,
    /// Each worker's stack, bytes, rounded up to a page. 0: 2 MiB. Too small is JOBRING_E_STACK: the floor is what
    /// the system and its thread-local storage need, and 8 KiB.
    pub stack_size: usize,
    /// Bytes below each stack that trap, rounded up to a page. 0: a page. JOBRING_GUARD_NONE: none. pthreads only.
    pub guard_size: usize,
    /// Memory for the workers' stacks, in use until the pool was destroyed; no guard is laid below them. NULL: the
    /// system finds it. pthreads only.
    pub stack_memory: *mut c_void,
    /// Its size: `workers` times `stack_size` rounded up to a page, and up to a page more to align it; less is
    /// JOBRING_E_SIZE.
    pub stack_memory_size: usize,
    /// A job that waits for a queued job runs it on its own stack only if this many bytes of it are left. 0: 16 KiB. Whatever
    /// else runs a job inside a job asks the same: jobring_run_one(), a submit on a full pool without workers, a shutdown.
    /// The first job that a thread outside of jobs runs is a plain call, for which nothing is asked.
    ///
    /// Of a thread that the pool did not make (one that entered, or that runs a pool's jobs in a wait), the stack is what the
    /// system says: pthread_getattr_np() on Linux and Android, its like on macOS. It is asked once for each such thread, when it is
    /// first to run a job inside a job; the system's library may allocate then. Where the system cannot be asked (other
    /// systems, a jobring_port), at most 64 jobs run inside each other on such a thread, however large its stack is. On a stack that is
    /// not the thread's own (a fiber, a coroutine) no job runs inside a job, since nobody knows how much is left.
    pub stack_reserve: usize,
    /// CPUs to put the workers on, in turn. NULL: the workers inherit the CPU mask of the thread that makes the pool, and keep it.
    /// If that thread is bound to one CPU, so are they, and `workers` = 0 is one worker. pthreads only; JOBRING_E_INVALID for a CPU that this process
    /// may not use.
    pub cpus: *const u32,
    /// How many there are.
    pub cpu_count: usize,
    /// Prefix of the threads' names; a dash and the number follow, in 15 bytes altogether. NULL: "jobring". Cut before its first
    /// byte that is not UTF-8. The system shows the name; to Rust's standard library a pthread worker has none: a
    /// panic in a job is reported from `<unnamed>`.
    pub name: *const c_char,
    /// Called on each worker's thread before its first job. NULL: nothing. A hook may call what a job may: a wait without a
    /// time limit runs the queued job that it waits for, and a submit to a full pool returns JOBRING_E_DEADLOCK if it would
    /// sleep without end.
    pub on_start: jobring_hook_fn,
    /// Called on each worker's thread after its last job. NULL: nothing.
    pub on_stop: jobring_hook_fn,
    /// Handed to both.
    pub hook_arg: *mut c_void,
    /// The system under the pool, in a build that knows none. NULL: spinning waits. JOBRING_E_UNSUPPORTED in a build with
    /// threads of its own. Not copied.
    pub port: *const jobring_port,
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
};

/// The smallest structure that was ever published.
pub(super) const FIRST_SIZE: usize =
    core::mem::offset_of!(jobring_config, port) + size_of::<*const jobring_port>();

/// Fills `config` with defaults, for languages without JOBRING_CONFIG_INIT. `size` is sizeof (jobring_config) as the
/// caller knows it; bytes beyond what this library knows are set to zero.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID if `config` is NULL or `size` is smaller than any published structure or
/// above 4,096.
///
/// From anywhere. Does not block or allocate.
///
/// # Safety
/// `config` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_config_init(config: *mut jobring_config, size: usize) -> jobring_status {
    if config.is_null() || !config.is_aligned() || !(FIRST_SIZE..=4096).contains(&size) {
        return JOBRING_E_INVALID;
    }
    let mut defaults = DEFAULTS;
    defaults.size = size as u32;
    // SAFETY:
    // - the caller's: writable for `size` bytes.
    unsafe {
        config.cast::<u8>().write_bytes(0, size);
        let known = size.min(size_of::<jobring_config>());
        config.cast::<u8>().copy_from_nonoverlapping((&raw const defaults).cast(), known);
    }
    JOBRING_OK
}
