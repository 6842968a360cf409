//! What the process pools of C are configured with, and what they report.

use core::ffi::c_void;

/// A pool whose workers are processes. Its insides are the library's.
pub struct jobring_processes {
    _opaque: [u8; 0],
}

/// What a job calls in a worker process.
///
/// - `data`, `size`: the job's data, aligned to 16 bytes.
/// - `result`, `capacity`: room for the result, aligned to 16 bytes. It does not overlap the data.
/// - `length`: where the function writes how many bytes of result there are; 0 at first. If it is larger than `capacity`, memory is
///   spoilt, so the worker aborts.
///
/// Returns 0, or a code of its own: then the job ends with JOBRING_E_FAILED and that code.
///
/// The worker has one thread and runs one job at a time. What a job leaves behind in it (memory, open files, threads) stays for the
/// jobs that run there later, until the worker ends. A C++ exception that leaves the function ends the worker. A child that the
/// function makes by fork() ends if it returns from the function too. A function closes only descriptors that it has opened: a later
/// job may open a file that gets the number of one of the library's.
pub type jobring_process_fn = Option<
    unsafe extern "C" fn(
        data: *const c_void,
        size: usize,
        result: *mut c_void,
        capacity: usize,
        length: *mut usize,
    ) -> i32,
>;

/// jobring_processes_config.flags: the zygote is this program, started once more. Its `main` calls jobring_processes_take_over(), whose
/// functions then are the pool's.
pub const JOBRING_PROCESSES_SPAWN: u32 = 1;
/// jobring_processes_config.flags: the pool has a descriptor (jobring_processes_fd()).
pub const JOBRING_PROCESSES_FD: u32 = 2;
/// jobring_processes_config.flags: each worker calls function 0 before its first job, without data. If that does not return 0, the
/// worker ends, and another is made, at most `restarts` times in a row.
pub const JOBRING_PROCESSES_START: u32 = 4;

/// jobring_processes_shutdown(): as JOBRING_DISCARD, and the workers that run jobs are killed.
pub const JOBRING_KILL: u32 = 2;

/// A limit for each worker, as for setrlimit().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_process_limit {
    /// RLIMIT_AS, RLIMIT_CPU and so on.
    pub resource: i32,
    /// 0.
    pub reserved: u32,
    /// The soft limit.
    pub soft: u64,
    /// The hard limit: at least the soft one.
    pub hard: u64,
}

/// What a pool of processes is made of. Zero is the default in every field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_processes_config {
    /// sizeof (jobring_processes_config).
    pub size: u32,
    /// JOBRING_PROCESSES_SPAWN, _FD and _START, or'ed together.
    pub flags: u32,
    /// The number of workers: at most 64. 0: one for each CPU that the program may use.
    pub workers: u32,
    /// The most jobs that are pending: those that have not ended, and those whose outcome nobody took. Rounded up to a power of two.
    /// 0: 256.
    pub capacity: u32,
    /// The most bytes of a job's data. 0: 4,096.
    pub data_size: u32,
    /// The most bytes of a job's result. 0: 4,096.
    pub result_size: u32,
    /// The functions of the jobs. Jobs name them by their number, from 0 on. NULL with JOBRING_PROCESSES_SPAWN.
    pub functions: *const jobring_process_fn,
    /// How many they are.
    pub function_count: u32,
    /// A worker ends after this many jobs, and a new one takes its place: against memory that leaks. 0: never.
    pub jobs_per_worker: u32,
    /// How often in a row a worker may end before it is ready for its first job. Then its place stays empty. The next try comes after
    /// a delay that doubles from 1 millisecond to 1 second. 0: 8 times. A process that the system refuses does not count.
    pub restarts: u32,
    /// How many limits there are: at most 16.
    pub limit_count: u32,
    /// Limits that each worker sets for itself when it begins. One that cannot be set ends the worker.
    pub limits: *const jobring_process_limit,
    /// The bytes of a worker's stack, without JOBRING_PROCESSES_SPAWN. 0: 8 MiB.
    pub stack_size: usize,
}

/// How to submit a job to a pool of processes. Zero is the default in every field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_processes_options {
    /// sizeof (jobring_processes_options).
    pub size: u32,
    /// What to do when no slot is free: JOBRING_WHEN_FULL_WAIT or JOBRING_WHEN_FULL_FAIL.
    pub when_full: u32,
    /// The longest wait for a slot in nanoseconds. 0 or JOBRING_FOREVER: no limit.
    pub limit_ns: i64,
    /// The most nanoseconds that the job may run, from its start. Then its worker is killed, and the job ends with
    /// JOBRING_E_WORKER_DIED. 0: no limit.
    pub kill_after_ns: i64,
    /// The caller's: the outcome's `arg`. No worker reads it.
    pub arg: *mut c_void,
    /// NULL: for a later version.
    pub reserved: *mut c_void,
}

/// A pool of processes at one moment.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_processes_stats {
    /// sizeof (jobring_processes_stats), set by the caller.
    pub size: u32,
    /// The workers that live.
    pub workers: u32,
    /// The most jobs that are pending.
    pub capacity: u32,
    /// The jobs that have not ended, as far as the pool knows: a take or a wait looks for ends.
    pub in_flight: u32,
    /// Jobs that were accepted.
    pub submitted: u64,
    /// Workers that were made, from the pool's begin.
    pub made: u64,
    /// Workers that ended otherwise than with exit code 0, from the pool's begin.
    pub deaths: u64,
    /// 1: no worker can be made any more, because the zygote has ended. Otherwise 0.
    pub no_zygote: u32,
    /// 0.
    pub reserved: u32,
}
