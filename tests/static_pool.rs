//! Pools in a `static`, which need no heap and no OS. Threads enter as workers, or callers run the jobs.

use jobring::{Seat, ShutdownMode, ShutdownReport, StaticPool, SubmitError, UserPort};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

#[test]
fn callers_run_the_jobs_oldest_first() {
    static POOL: StaticPool<8, 0, 48> = StaticPool::new();
    static ORDER: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    assert!(!POOL.run_one(), "nothing is queued");
    assert_eq!((POOL.capacity(), POOL.run_until_idle()), (8, 0));
    for lap in 0..100 {
        for n in 0..8 {
            POOL.try_submit_detached(move || ORDER.lock().unwrap().push(n)).expect("room");
        }
        let Err(SubmitError::Full(job)) = POOL.try_submit_detached(move || ORDER.lock().unwrap().push(lap))
        else {
            panic!("it is full");
        };
        assert!(POOL.run_one());
        assert_eq!(*ORDER.lock().unwrap(), [0]);
        job();
        assert_eq!(POOL.run_until_idle(), 7);
        assert_eq!(ORDER.lock().unwrap().drain(..).collect::<Vec<_>>(), [0, lap, 1, 2, 3, 4, 5, 6, 7]);
    }
}

#[test]
fn a_waiter_runs_what_is_queued_before_its_job() {
    static POOL: StaticPool<4, 2, 48> = StaticPool::new();
    static RAN: AtomicUsize = AtomicUsize::new(0);
    let jobs = [(); 3].map(|()| POOL.try_submit(|| RAN.fetch_add(1, SeqCst)).expect("room"));
    let [first, second, third] = jobs;
    assert_eq!(second.wait().expect("a result"), 1);
    assert_eq!(RAN.load(SeqCst), 2, "the third is still queued");
    assert!(third.cancel());
    assert!(third.wait().is_err());
    assert_eq!(first.wait().expect("a result"), 0);
    assert!(!POOL.run_one());
}

#[test]
fn a_full_pool_without_workers_makes_room_by_running() {
    static POOL: StaticPool<2, 1, 48> = StaticPool::new();
    static RAN: AtomicUsize = AtomicUsize::new(0);
    let count = || {
        RAN.fetch_add(1, SeqCst);
    };
    for _ in 0..10 {
        POOL.submit_detached(count).expect("room is made");
    }
    assert_eq!(RAN.load(SeqCst), 8);
    let unwanted = [(); 2].map(|()| POOL.submit(|| 1).expect("room is made"));
    assert_eq!(RAN.load(SeqCst), 10);
    assert_eq!(POOL.run_until_idle(), 2);
    assert!(matches!(POOL.submit(|| 1), Err(SubmitError::Full(_))), "nothing to run, results not taken");
    unwanted.into_iter().for_each(|job| assert_eq!(job.wait().expect("a result"), 1));
}

#[test]
fn threads_enter_as_workers_until_the_pool_is_closed() {
    static POOL: StaticPool<16, 2, 48> = StaticPool::new();
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    static GO: AtomicUsize = AtomicUsize::new(0);
    let workers = [(); 2].map(|()| thread::spawn(|| POOL.enter_worker()));
    // Both are there when both are inside a job.
    let held = [(); 2].map(|()| {
        POOL.submit(|| {
            INSIDE.fetch_add(1, SeqCst);
            while GO.load(SeqCst) == 0 {
                thread::yield_now();
            }
        })
    });
    while INSIDE.load(SeqCst) < 2 {
        thread::yield_now();
    }
    assert!(!POOL.enter_worker(), "it may have two");
    GO.store(1, SeqCst);
    held.into_iter().for_each(|job| job.expect("room").wait().expect("a result"));
    let mut sum = 0;
    for n in 0..1000u64 {
        let jobs = [0, 1, 2].map(|m| POOL.submit(move || 3 * n + m).expect("room"));
        sum += jobs.map(|job| job.wait().expect("a result")).iter().sum::<u64>();
    }
    assert_eq!(sum, (0..3000).sum());
    assert_eq!(POOL.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
    workers.into_iter().for_each(|worker| assert!(worker.join().expect("no panic"), "it was a worker"));
    assert!(matches!(POOL.try_submit(|| ()), Err(SubmitError::Shutdown(_))));
    assert!(POOL.enter_worker(), "there is room for one, which leaves immediately");
}

#[test]
fn a_static_pool_may_be_discarded() {
    static POOL: StaticPool<8, 1, 48> = StaticPool::new();
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    let guards = [(); 5].map(|()| Guard);
    for guard in guards {
        POOL.try_submit_detached(move || drop(guard)).expect("room");
    }
    assert_eq!(POOL.shutdown(ShutdownMode::Discard, None), Ok(ShutdownReport::default()));
    assert_eq!(DROPPED.load(SeqCst), 5);
}

/// In flash that a pool's zeroes would fill, and in RAM that no image has to be copied to.
#[test]
#[cfg(target_os = "linux")]
fn it_is_all_zero_at_first() {
    static POOL: StaticPool<64, 2, 48> = StaticPool::new();
    static ON_A_PORT: StaticPool<64, 2, 48, Nobody> = StaticPool::with_port(Nobody);
    unsafe extern "C" {
        // From the linker, GNU's and LLVM's.
        static __bss_start: u8;
        static _end: u8;
    }
    let bss = &raw const __bss_start as usize..&raw const _end as usize;
    for at in [&raw const POOL as usize, &raw const ON_A_PORT as usize] {
        assert!(bss.contains(&at), "a pool at {at:#x} is not in .bss, {bss:#x?}");
    }
    let jobs = (POOL.try_submit(|| 1).expect("room"), ON_A_PORT.try_submit(|| 2).expect("room"));
    assert_eq!((jobs.0.wait().expect("a result"), jobs.1.wait().expect("a result")), (1, 2));
}

/// For threads that never sleep.
#[derive(Clone, Copy)]
struct Nobody;

// SAFETY:
// - 1: current is always null. 2: nothing in it does.
unsafe impl UserPort for Nobody {
    fn seats(&self) -> &[Seat] {
        &[]
    }

    fn park(&self, _: usize, _: Option<u64>) {}

    fn unpark(&self, _: usize, _: bool) {}

    fn pause(&self) {}
}

#[test]
fn it_takes_the_bytes_it_says() {
    static POOL: StaticPool<64, 2, 48> = StaticPool::new();
    let bytes = size_of_val(&POOL);
    // The rest is fixed.
    let slots = 64 * (48 + WORDS * size_of::<usize>());
    assert!((slots..slots + 2048).contains(&bytes), "{bytes} bytes");
    assert_eq!(size_of::<StaticPool<128, 2, 48>>() - bytes, slots);
}

/// What a pool takes besides its slots, and what it is aligned to.
const HEAD: (usize, usize) = if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
    (928, 128)
} else if cfg!(target_pointer_width = "64") {
    (480, 64)
} else {
    (464, 64)
};

/// Words of a slot beside its payload: its head and its share of the rings, with the feature a task's waker.
const WORDS: usize = if cfg!(feature = "future") { 7 } else { 4 };

/// With the feature `alloc` a pool has the list of its completion queues, in a line of its own.
const QUEUES: usize = if cfg!(feature = "alloc") || cfg!(feature = "std") { HEAD.1 } else { 0 };

/// The formula that `StaticPool`'s documentation states.
const fn bytes(jobs: usize, payload: usize) -> usize {
    let (head, align) = HEAD;
    (head + jobs * (payload + WORDS * size_of::<usize>())).next_multiple_of(align) + QUEUES
}

/// The same for a pool with a reference to a port: its head is 2 words more.
const fn bytes_on_a_reference(jobs: usize, payload: usize) -> usize {
    let (head, align) = HEAD;
    (head + 2 * size_of::<usize>() + jobs * (payload + WORDS * size_of::<usize>())).next_multiple_of(align)
        + QUEUES
}

#[test]
fn a_pool_takes_the_bytes_that_its_documentation_says() {
    macro_rules! takes_what_is_said {
        ($($payload:literal)*) => {$(
            takes_what_is_said!($payload: 1 2 4 8 16 32 64 128 1024 4096);
        )*};
        ($payload:literal: $($jobs:literal)*) => {$(
            assert_eq!(size_of::<StaticPool<$jobs, 0, $payload>>(), bytes($jobs, $payload), "{} jobs of {}", $jobs, $payload);
            assert_eq!(size_of::<StaticPool<$jobs, 200, $payload>>(), bytes($jobs, $payload), "workers take nothing");
            assert_eq!(size_of::<StaticPool<$jobs, 2, $payload, Nobody>>(), bytes($jobs, $payload), "a port without fields");
            assert_eq!(size_of::<StaticPool<$jobs, 2, $payload, &Nobody>>(), bytes_on_a_reference($jobs, $payload), "a reference");
        )*};
    }
    takes_what_is_said!(0 16 32 48 64 112 128 1024 4096);
    assert_eq!(size_of::<[Seat; 7]>(), 7 * size_of::<usize>(), "a word for each seat");
}
