//! If the system refuses to report forks (pthread_atfork fails), no pool is made, and the next attempt asks
//! again.
#![cfg(all(feature = "std", target_os = "linux", target_env = "gnu"))]

use jobring::{BuildError, Pool, StaticPool};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

type Handler = Option<unsafe extern "C" fn()>;

static REFUSES: AtomicBool = AtomicBool::new(true);
static ASKED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    /// What glibc's pthread_atfork, a function of each program's own, calls.
    fn __register_atfork(prepare: Handler, parent: Handler, child: Handler, program: *mut c_void) -> c_int;
}

/// In place of glibc's.
///
/// # Safety
/// As pthread_atfork.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_atfork(prepare: Handler, parent: Handler, child: Handler) -> c_int {
    ASKED.fetch_add(1, SeqCst);
    if REFUSES.load(SeqCst) {
        return libc::ENOMEM;
    }
    // SAFETY:
    // - the caller's; a null program is never unloaded.
    unsafe { __register_atfork(prepare, parent, child, std::ptr::null_mut()) }
}

#[test]
fn a_pool_is_made_when_its_fork_handlers_can_be_registered() {
    static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    for tries in 1..=2 {
        assert_eq!(Pool::builder().workers(1).build().expect_err("refused"), BuildError::NoMemory);
        assert!(!POOL.enter_worker(), "a worker would be missed in a child");
        assert_eq!(ASKED.load(SeqCst), 2 * tries, "each asks anew");
    }
    REFUSES.store(false, SeqCst);
    let pool = Pool::builder().workers(1).build().expect("a pool");
    assert_eq!(ASKED.load(SeqCst), 5);
    // SAFETY:
    // - the child makes one call, which neither locks nor allocates, and leaves.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let refused = pool.try_submit_detached(|| ()).is_err();
        // SAFETY:
        // - has no preconditions.
        unsafe { libc::_exit(if refused { 0 } else { 1 }) };
    }
    let mut status = -1;
    // SAFETY:
    // - the child is ours, and `status` writable.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child noticed");
}
