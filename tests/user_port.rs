//! A user-defined port in Rust, on threads of the host. Each seat is a binary semaphore.

use jobring::{JobError, Seat, ShutdownMode, StaticPool, UserPort};
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
    seats: [Seat; SEATS],
    semaphores: [Semaphore; SEATS],
    clock: bool,
    /// How often the port was asked to make a thread sleep, and to wake one: by threads, by interrupts.
    parked: AtomicUsize,
    woken: [AtomicUsize; 2],
}

impl<const SEATS: usize> Host<SEATS> {
    const fn new(clock: bool) -> Self {
        Self {
            seats: [const { Seat::new() }; SEATS],
            semaphores: [const { Semaphore { given: Mutex::new(false), changed: Condvar::new() } }; SEATS],
            clock,
            parked: AtomicUsize::new(0),
            woken: [const { AtomicUsize::new(0) }; 2],
        }
    }

    /// Waits until the port was asked this often to make a thread sleep.
    fn await_parked(&self, times: usize) {
        await_count(&self.parked, times);
    }

    /// Waits until threads have woken others this often.
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
    fn seats(&self) -> &[Seat] {
        &self.seats
    }

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
    static PORT: Host<8> = Host::new(true);
    static POOL: StaticPool<16, 3, 48, &Host<8>> = StaticPool::with_port(&PORT);
    static SUM: AtomicU64 = AtomicU64::new(0);
    let workers: Vec<_> = (0..3).map(|_| thread::spawn(|| POOL.enter_worker())).collect();
    PORT.await_parked(3);
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
    assert!(PORT.woken[0].load(SeqCst) > 0, "nobody was woken");
    assert_eq!(PORT.woken[1].load(SeqCst), 0);
    let report = POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("in time");
    assert_eq!((report.queued(), report.running()), (0, 0));
    assert!(workers.into_iter().all(|worker| worker.join().unwrap()));
}

#[test]
fn the_port_learns_that_an_interrupt_submits() {
    static PORT: Host<2> = Host::new(true);
    static POOL: StaticPool<4, 1, 48, &Host<2>> = StaticPool::with_port(&PORT);
    let worker = thread::spawn(|| POOL.enter_worker());
    PORT.await_parked(1);
    let job = POOL.try_submit_isr(|| 5).expect("there is room");
    assert_eq!(job.wait().unwrap(), 5);
    assert_eq!(PORT.woken[1].load(SeqCst), 1);
    POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("in time");
    assert!(worker.join().unwrap());
    // It was closed by a thread.
    assert!(POOL.try_submit_detached_isr(|| ()).is_err());
    assert_eq!(PORT.woken[1].load(SeqCst), 1);
}

/// Does a wait for 20 ms for a job that does not end let its thread sleep?
fn a_timed_wait_sleeps(
    port: &'static Host<4>,
    pool: &'static StaticPool<2, 1, 48, &'static Host<4>>,
) -> bool {
    let worker = thread::spawn(move || pool.enter_worker());
    port.await_parked(1);
    let (open, gate) = mpsc::channel::<()>();
    let job = pool.submit(move || gate.recv_timeout(DEADLINE)).expect("open");
    port.await_woken(1);
    let before = port.parked.load(SeqCst);
    let job = job.wait_timeout(Duration::from_millis(20)).expect_err("it runs");
    let slept = port.parked.load(SeqCst) > before;
    open.send(()).unwrap();
    assert_eq!(job.wait().unwrap(), Ok(()));
    pool.shutdown(ShutdownMode::Drain, None).expect("all is over");
    assert!(worker.join().unwrap());
    slept
}

#[test]
fn a_finite_time_is_kept_where_there_is_a_clock() {
    static PORT: Host<4> = Host::new(true);
    static POOL: StaticPool<2, 1, 48, &Host<4>> = StaticPool::with_port(&PORT);
    assert!(a_timed_wait_sleeps(&PORT, &POOL));
}

#[test]
fn a_finite_time_polls_where_there_is_none() {
    static PORT: Host<4> = Host::new(false);
    static POOL: StaticPool<2, 1, 48, &Host<4>> = StaticPool::with_port(&PORT);
    assert!(!a_timed_wait_sleeps(&PORT, &POOL));
}

#[test]
fn a_job_knows_itself_by_the_ports_pointer() {
    static PORT: Host<2> = Host::new(true);
    static POOL: StaticPool<2, 1, 48, &Host<2>> = StaticPool::with_port(&PORT);
    let outer = POOL.submit(|| POOL.shutdown(ShutdownMode::Drain, None).is_ok()).expect("open");
    // Without the pointer the shutdown in the job would wait for the job.
    assert!(outer.wait().unwrap());
    static OPEN: StaticPool<2, 1, 48, &Host<2>> = StaticPool::with_port(&PORT);
    let inner = OPEN.submit(|| OPEN.submit(|| 3).expect("open").wait()).expect("open");
    assert!(matches!(inner.wait().unwrap(), Ok(3) | Err(JobError::Stack)));
}

#[test]
fn two_pools_share_a_port_and_too_few_seats_still_serve() {
    static PORT: Host<1> = Host::new(true);
    static POOLS: [StaticPool<4, 2, 48, &Host<1>>; 2] =
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

/// A port without fields: all that it has is in statics.
#[test]
fn pools_on_a_port_without_fields_share_its_seats() {
    #[derive(Clone, Copy)]
    struct ByType;
    static PORT: Host<4> = Host::new(true);
    // SAFETY:
    // - 1, 2: Host's.
    unsafe impl UserPort for ByType {
        fn seats(&self) -> &[Seat] {
            PORT.seats()
        }

        fn park(&self, seat: usize, timeout: Option<u64>) {
            PORT.park(seat, timeout);
        }

        fn unpark(&self, seat: usize, from_isr: bool) {
            PORT.unpark(seat, from_isr);
        }

        fn pause(&self) {
            UserPort::pause(&PORT);
        }
    }
    static POOLS: [StaticPool<4, 2, 48, ByType>; 2] = [const { StaticPool::with_port(ByType) }; 2];
    let workers: Vec<_> = (0..2).map(|n: usize| thread::spawn(move || POOLS[n].enter_worker())).collect();
    PORT.await_parked(2);
    for n in 0..50usize {
        let job = POOLS[n % 2].submit(move || n).expect("open");
        assert_eq!(job.wait().unwrap(), n);
    }
    for pool in &POOLS {
        pool.shutdown(ShutdownMode::Drain, None).expect("all is over");
    }
    assert!(workers.into_iter().all(|worker| worker.join().unwrap()));
}

#[test]
fn where_there_are_no_seats_threads_pause() {
    static PORT: Host<0> = Host::new(true);
    static POOL: StaticPool<4, 1, 48, &Host<0>> = StaticPool::with_port(&PORT);
    let worker = thread::spawn(|| POOL.enter_worker());
    for n in 0..10 {
        assert_eq!(POOL.submit(move || n).expect("open").wait().unwrap(), n);
    }
    POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("in time");
    assert!(worker.join().unwrap());
    assert_eq!(PORT.parked.load(SeqCst), 0);
}
