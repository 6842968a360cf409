//! What no model can show because it needs the system: threads that cannot be created, a child process, the C
//! API. Each test runs in a process of its own, on the library as users have it, except that bugs can be
//! planted.

use jobring_planted::ffi::*;
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

/// Name and program, as in libtest.
pub type Real = (&'static str, fn());

pub const ALL: &[Real] = &[
    (
        "a_child_process_gets_an_error_from_its_parents_pool",
        a_child_process_gets_an_error_from_its_parents_pool,
    ),
    ("a_thread_that_could_not_be_made_is_not_counted", a_thread_that_could_not_be_made_is_not_counted),
    ("a_batch_of_no_jobs_does_nothing", a_batch_of_no_jobs_does_nothing),
];

/// Seconds after which a process that hangs is ended by the system.
const HANGS: u32 = 60;

/// Runs one of them. False if there is none of this name.
pub fn run(name: &str) -> bool {
    let Some((_, program)) = ALL.iter().find(|(known, _)| *known == name) else { return false };
    // SAFETY:
    // - has no preconditions.
    unsafe { libc::alarm(HANGS) };
    program();
    true
}

unsafe extern "C" fn nothing(arg: *mut c_void) -> *mut c_void {
    arg
}

fn config(workers: u32) -> jobring_config {
    let mut config = std::mem::MaybeUninit::<jobring_config>::uninit();
    // SAFETY:
    // - writable for its size; init fills all of it if it returns OK.
    unsafe {
        assert_eq!(jobring_struct_init(config.as_mut_ptr().cast(), size_of::<jobring_config>()), JOBRING_OK);
        let mut config = config.assume_init();
        config.workers = workers;
        config
    }
}

fn create(config: &jobring_config) -> *mut jobring_pool {
    let mut pool = null_mut();
    // SAFETY:
    // - a configuration, and a place for the pool.
    assert_eq!(unsafe { jobring_create(config, &raw mut pool) }, JOBRING_OK);
    pool
}

fn stats(pool: *const jobring_pool) -> jobring_stats {
    let size = size_of::<jobring_stats>() as u32;
    let mut stats = jobring_stats {
        size,
        workers: 0,
        sleeping: 0,
        reserved: 0,
        submitted: 0,
        claimed: 0,
        wakes: 0,
        forced_wakes: 0,
        queued: 0,
        running: 0,
        untaken: 0,
        completed: 0,
    };
    // SAFETY:
    // - a pool, and statistics with their size.
    assert_eq!(unsafe { jobring_stats_get(pool, &raw mut stats) }, JOBRING_OK);
    stats
}

fn destroy(pool: *mut jobring_pool) {
    // SAFETY:
    // - from create, and nobody else has it.
    assert_eq!(unsafe { jobring_destroy(pool) }, JOBRING_OK);
}

fn a_child_process_gets_an_error_from_its_parents_pool() {
    let pool = create(&config(1));
    // SAFETY:
    // - the child makes one call of the library, which neither locks nor allocates, and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY:
        // - a pool, though of the parent; a job that takes NULL.
        let status = unsafe { jobring_try_submit(pool, Some(nothing), null_mut(), null_mut()) };
        // SAFETY:
        // - has no preconditions.
        unsafe { libc::_exit(i32::from(status != JOBRING_E_FORKED)) };
    }
    let mut status = 0;
    // SAFETY:
    // - a child of this process; `status` is writable.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child's submit was accepted");
    destroy(pool);
}

fn a_thread_that_could_not_be_made_is_not_counted() {
    const STACK: usize = 256 << 20;
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux's proc");
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).expect("such a line");
    let kilobytes: usize = size.trim().trim_end_matches(" kB").parse().expect("a number");
    // Room for one stack and a half.
    let room = (kilobytes * 1024 + STACK + STACK / 2) as libc::rlim_t;
    let limit = libc::rlimit { rlim_cur: room, rlim_max: room };
    // SAFETY:
    // - reads a valid limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
    let pool = create(&jobring_config { min_workers: 1, stack_size: STACK, ..config(2) });
    assert_eq!(stats(pool).workers, 1, "one of two could be made");
    destroy(pool);
}

fn a_batch_of_no_jobs_does_nothing() {
    let pool = create(&config(1));
    let end = Instant::now() + Duration::from_secs(30);
    while stats(pool).sleeping == 0 {
        assert!(Instant::now() < end, "the worker never sleeps");
        std::thread::yield_now();
    }
    let mut accepted = usize::MAX;
    // SAFETY:
    // - a pool, no items, a place for the number.
    let status = unsafe { jobring_submit_batch(pool, null(), 0, null_mut(), &raw mut accepted) };
    assert_eq!((status, accepted), (JOBRING_OK, 0));
    let stats = stats(pool);
    assert_eq!((stats.submitted, stats.wakes, stats.forced_wakes), (0, 0, 0), "woken for nothing");
    destroy(pool);
}
