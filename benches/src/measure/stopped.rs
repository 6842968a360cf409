//! One worker of several is stopped by a signal, wherever it is, as the system stops it on a busy machine:
//! how long until the others have run what is submitted then?

use super::Pool;
use crate::lines::{job, ran};
use crate::params::{Params, Report};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Jobs of a sample.
const JOBS: u64 = 100;
/// The stopped worker goes on after this at the latest: a pool that waits for it stands still until then.
const LIMIT: Duration = Duration::from_millis(200);

static HOLD: AtomicBool = AtomicBool::new(false);
static STOPPED: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_: libc::c_int) {
    let tick = libc::timespec { tv_sec: 0, tv_nsec: 200_000 };
    STOPPED.store(true, SeqCst);
    let begin = Instant::now();
    while HOLD.load(SeqCst) && begin.elapsed() < LIMIT {
        // SAFETY:
        // - tick is a timespec; nanosleep is async-signal-safe.
        unsafe { libc::nanosleep(&tick, std::ptr::null_mut()) };
    }
    STOPPED.store(false, SeqCst);
}

/// The pool's worker threads: each runs a job that ends when all do.
fn workers<P: Pool>(pool: &P, count: usize) -> Vec<libc::pthread_t> {
    static THREADS: Mutex<Vec<libc::pthread_t>> = Mutex::new(Vec::new());
    static MET: AtomicUsize = AtomicUsize::new(0);
    static ALL: Mutex<Option<&'static Barrier>> = Mutex::new(None);
    let barrier: &'static Barrier = Box::leak(Box::new(Barrier::new(count)));
    *ALL.lock().unwrap() = Some(barrier);
    for _ in 0..count {
        pool.hand_over(|| {
            // Some pools block all signals in their workers.
            // SAFETY:
            // - a sigset_t is plain bits; the calls write into the set that they are given.
            unsafe {
                let mut set: libc::sigset_t = std::mem::zeroed();
                libc::sigaddset(&mut set, libc::SIGUSR1);
                libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
            }
            // SAFETY:
            // - has no preconditions.
            THREADS.lock().unwrap().push(unsafe { libc::pthread_self() });
            let barrier = ALL.lock().unwrap().expect("it was left there");
            barrier.wait();
            MET.fetch_add(1, SeqCst);
        });
    }
    while MET.load(SeqCst) < count {
        thread::yield_now();
    }
    THREADS.lock().unwrap().clone()
}

/// Samples in which a worker is stopped while a few jobs run, and a hundred more are submitted. One may be
/// inside of it.
pub fn stopped<P: Pool>(params: &Params) -> Report {
    let count = params.size("workers");
    let pool = P::start(count, params);
    let threads = workers(&pool, count);
    // SAFETY:
    // - the action is all zero except for a handler that is async-signal-safe, and a flag.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = stop as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()), 0);
    }
    let (mut times, mut stood, mut dice) = (Vec::new(), 0, 7u64);
    for sample in 0..params.get("samples") {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if sample % 2 == 0 {
            // Not synchronisation: every other sample begins with a pool that has been idle for a while.
            thread::sleep(Duration::from_millis(12));
        }
        let before = dice >> 33 & 63;
        let target = ran() + before + JOBS;
        (0..before).for_each(|_| pool.hand_over(job));
        HOLD.store(true, SeqCst);
        // SAFETY:
        // - the pool's threads live as long as the pool.
        assert_eq!(unsafe { libc::pthread_kill(threads[sample as usize % count], libc::SIGUSR1) }, 0);
        while !STOPPED.load(SeqCst) {
            thread::yield_now();
        }
        let begin = Instant::now();
        (0..JOBS).for_each(|_| pool.hand_over(job));
        while ran() + 1 < target && begin.elapsed() < LIMIT {
            thread::yield_now();
        }
        stood += u64::from(begin.elapsed() >= LIMIT);
        times.push(begin.elapsed().as_secs_f64() * 1e6);
        HOLD.store(false, SeqCst);
        while ran() < target || STOPPED.load(SeqCst) {
            thread::yield_now();
        }
    }
    let most = times.iter().copied().fold(0.0, f64::max);
    let mut report = Report::distribution(times);
    report.add("most", most);
    report.add("stood", stood as f64);
    report
}
