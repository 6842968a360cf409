//! A port of the user's, in Rust: here on threads of the host, each seat a binary semaphore.

use jobring::{JobError, Lot, ShutdownMode, StaticPool, UserPort};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

thread_local! { static CURRENT: Cell<*mut ()> = const { Cell::new(std::ptr::null_mut()) }; }

/// A hang is a failure.
const DEADLINE: Duration = Duration::from_secs(60);

/// A binary semaphore.
struct Semaphore {
    given: Mutex<bool>,
    changed: Condvar,
}

struct Host<const SEATS: usize> {
    semaphores: [Semaphore; SEATS],
    clock: bool,
    /// Threads that were told to sleep, and wake-ups: by threads, by interrupts.
    parked: AtomicUsize,
    woken: [AtomicUsize; 2],
}

impl<const SEATS: usize> Host<SEATS> {
    const fn new(clock: bool) -> Self {
        let semaphores = [const { Semaphore { given: Mutex::new(false), changed: Condvar::new() } }; SEATS];
        Self { semaphores, clock, parked: AtomicUsize::new(0), woken: [const { AtomicUsize::new(0) }; 2] }
    }

    /// Returns when threads have been told to sleep so often.
    fn await_parked(&self, times: usize) {
        await_count(&self.parked, times);
    }

    /// Returns when threads have woken others so often.
    fn await_woken(&self, times: usize) {
        await_count(&self.woken[0], times);
    }
}

fn await_count(count: &AtomicUsize, least: usize) {
    let end = Instant::now() + DEADLINE;
    while count.load(SeqCst) < least {
        assert!(Instant::now() < end, "no thread came to it");
        thread::yield_now();
    }
}

// SAFETY:
// - 1: a thread-local cell. 2: a poisoned lock ends the test anyway.
unsafe impl<const SEATS: usize> UserPort for Host<SEATS> {
    fn park(&self, seat: usize, timeout: Option<u64>) {
        assert!(self.clock || timeout.is_none(), "a time without a clock");
        self.parked.fetch_add(1, SeqCst);
        let Semaphore { given, changed } = &self.semaphores[seat];
        let time = timeout.map_or(DEADLINE, Duration::from_nanos);
        let given = given.lock().unwrap();
        let (mut given, over) = changed.wait_timeout_while(given, time, |given| !*given).unwrap();
        assert!(timeout.is_some() || !over.timed_out(), "nobody woke seat {seat}");
        *given = false;
    }

    fn unpark(&self, seat: usize, from_isr: bool) {
        self.woken[usize::from(from_isr)].fetch_add(1, SeqCst);
        let Semaphore { given, changed } = &self.semaphores[seat];
        *given.lock().unwrap() = true;
        changed.notify_one();
    }

    fn pause(&self) {
        thread::sleep(Duration::from_millis(1));
    }

    fn now(&self) -> Option<u64> {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        self.clock.then(|| START.get_or_init(Instant::now).elapsed().as_nanos() as u64)
    }

    fn current(&self) -> *mut () {
        CURRENT.get()
    }

    fn set_current(&self, frame: *mut ()) {
        CURRENT.set(frame);
    }
}

#[test]
fn jobs_of_several_threads_are_run_by_threads_that_slept() {
    static PORT: Lot<Host<8>, 8> = Lot::new(Host::new(true));
    static POOL: StaticPool<16, 3, 48, &Lot<Host<8>, 8>> = StaticPool::with_port(&PORT);
    static SUM: AtomicU64 = AtomicU64::new(0);
    let workers: Vec<_> = (0..3).map(|_| thread::spawn(|| POOL.enter_worker())).collect();
    PORT.user().await_parked(3);
    let submitters = (0..3u64).map(|s| {
        thread::spawn(move || {
            for n in 0..2_000 {
                let job = POOL.submit(move || s * 2_000 + n).expect("open");
                SUM.fetch_add(job.wait().unwrap(), SeqCst);
                POOL.submit_detached(|| ()).expect("open");
            }
        })
    });
    submitters.collect::<Vec<_>>().into_iter().for_each(|submitter| submitter.join().unwrap());
    assert_eq!(SUM.load(SeqCst), (0..6_000).sum());
    assert!(PORT.user().woken[0].load(SeqCst) > 0, "nobody was woken");
    assert_eq!(PORT.user().woken[1].load(SeqCst), 0);
    let report = POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("in time");
    assert_eq!((report.queued(), report.running()), (0, 0));
    assert!(workers.into_iter().all(|worker| worker.join().unwrap()));
}

#[test]
fn an_interrupt_is_told_apart() {
    static PORT: Lot<Host<2>, 2> = Lot::new(Host::new(true));
    static POOL: StaticPool<4, 1, 48, &Lot<Host<2>, 2>> = StaticPool::with_port(&PORT);
    let worker = thread::spawn(|| POOL.enter_worker());
    PORT.user().await_parked(1);
    let job = POOL.try_submit_isr(|| 5).expect("there is room");
    assert_eq!(job.wait().unwrap(), 5);
    assert_eq!(PORT.user().woken[1].load(SeqCst), 1);
    POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("in time");
    assert!(worker.join().unwrap());
    // It was closed by a thread.
    assert!(POOL.try_submit_detached_isr(|| ()).is_err());
    assert_eq!(PORT.user().woken[1].load(SeqCst), 1);
}

/// Does a wait for 20 ms for a job that does not end let its thread sleep?
fn a_timed_wait_sleeps(
    lot: &'static Lot<Host<4>, 4>,
    pool: &'static StaticPool<2, 1, 48, &'static Lot<Host<4>, 4>>,
) -> bool {
    let worker = thread::spawn(move || pool.enter_worker());
    lot.user().await_parked(1);
    let (open, gate) = mpsc::channel::<()>();
    let job = pool.submit(move || gate.recv_timeout(DEADLINE)).expect("open");
    lot.user().await_woken(1);
    let before = lot.user().parked.load(SeqCst);
    let job = job.wait_timeout(Duration::from_millis(20)).expect_err("it runs");
    let slept = lot.user().parked.load(SeqCst) > before;
    open.send(()).unwrap();
    assert_eq!(job.wait().unwrap(), Ok(()));
    pool.shutdown(ShutdownMode::Drain, None).expect("all is over");
    assert!(worker.join().unwrap());
    slept
}

#[test]
fn a_finite_time_is_kept_where_there_is_a_clock() {
    static PORT: Lot<Host<4>, 4> = Lot::new(Host::new(true));
    static POOL: StaticPool<2, 1, 48, &Lot<Host<4>, 4>> = StaticPool::with_port(&PORT);
    assert!(a_timed_wait_sleeps(&PORT, &POOL));
}

#[test]
fn a_finite_time_polls_where_there_is_none() {
    static PORT: Lot<Host<4>, 4> = Lot::new(Host::new(false));
    static POOL: StaticPool<2, 1, 48, &Lot<Host<4>, 4>> = StaticPool::with_port(&PORT);
    assert!(!a_timed_wait_sleeps(&PORT, &POOL));
}

#[test]
fn a_job_knows_itself_by_the_ports_pointer() {
    static PORT: Lot<Host<2>, 2> = Lot::new(Host::new(true));
    static POOL: StaticPool<2, 1, 48, &Lot<Host<2>, 2>> = StaticPool::with_port(&PORT);
    let outer = POOL.submit(|| POOL.shutdown(ShutdownMode::Drain, None).is_ok()).expect("open");
    // Without the pointer the shutdown in the job would wait for the job.
    assert!(outer.wait().unwrap());
    static OPEN: StaticPool<2, 1, 48, &Lot<Host<2>, 2>> = StaticPool::with_port(&PORT);
    let inner = OPEN.submit(|| OPEN.submit(|| 3).expect("open").wait()).expect("open");
    assert!(matches!(inner.wait().unwrap(), Ok(3) | Err(JobError::Stack)));
}

#[test]
fn two_pools_share_a_lot_and_too_few_seats_still_serve() {
    static PORT: Lot<Host<1>, 1> = Lot::new(Host::new(true));
    static POOLS: [StaticPool<4, 2, 48, &Lot<Host<1>, 1>>; 2] =
        [StaticPool::with_port(&PORT), StaticPool::with_port(&PORT)];
    let workers: Vec<_> = (0..4).map(|n: usize| thread::spawn(move || POOLS[n % 2].enter_worker())).collect();
    for n in 0..50usize {
        let job = POOLS[n % 2].submit(move || n).expect("open");
        assert_eq!(job.wait().unwrap(), n);
    }
    for pool in &POOLS {
        pool.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("in time");
    }
    assert!(workers.into_iter().all(|worker| worker.join().unwrap()));
}

#[test]
fn a_lot_takes_a_word_for_each_seat_and_a_pool_one_for_its_lot() {
    struct Nothing;
    // SAFETY:
    // - 1: null always. 2: nothing in it does.
    unsafe impl UserPort for Nothing {
        fn park(&self, _: usize, _: Option<u64>) {}
        fn unpark(&self, _: usize, _: bool) {}
        fn pause(&self) {}
    }
    assert_eq!(size_of::<Lot<Nothing, 5>>(), 5 * size_of::<usize>());
    let without = size_of::<StaticPool<8, 1, 48>>();
    let with = size_of::<StaticPool<8, 1, 48, &Lot<Nothing, 5>>>();
    assert!(without <= with && with <= without + align_of::<StaticPool<8, 1, 48>>());
}
