//! Core 0 submits, waits and shuts down from outside of the pool; the other cores are its workers.

use crate::meet::Meeting;
use crate::tally::{self, Token};
use crate::{CORES, Pool, machine, say};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use jobring::{ShutdownMode, ShutdownReport, SubmitError};

/// Few slots: submit has to wait for room.
const SLOTS: usize = 8;
/// Where cores spin, or seem to sleep, QEMU's host has more to do than it has processors.
const JOBS: usize = if cfg!(any(feature = "spin", feature = "wfe")) { 3_000 } else { 48_000 };
const HELD: usize = 5;

static POOL: Pool<SLOTS> = crate::pool();
static BEGIN: Meeting = Meeting::new();
static LEFT: AtomicUsize = AtomicUsize::new(0);

pub fn run(core: usize) {
    if core != 0 {
        assert!(POOL.enter_worker(), "there is room for every core");
        // ORDERING: Relaxed: only the number counts.
        LEFT.fetch_add(1, Relaxed);
        return;
    }
    let jobs = [(); CORES - 1].map(|()| {
        POOL.try_submit(|| {
            BEGIN.attend(CORES);
            machine::core()
        })
    });
    BEGIN.attend(CORES);
    let others = jobs.map(|job| job.expect("there is room").wait().expect("it ran"));
    crate::meet::assert_all(others.into_iter().chain([core]));
    say!("three cores entered: their jobs and core 0 waited for each other");

    #[cfg(not(feature = "spin"))]
    quiet();
    crate::storm::run(|| POOL.try_submit_detached(crate::storm::job).expect("there is room"));

    let start = machine::ticks();
    for id in (0..JOBS).step_by(HELD + 1) {
        let held = core::array::from_fn::<_, HELD, _>(|n| {
            let token = Token::new(id + n);
            POOL.submit(move || token.run()).expect("the pool is open")
        });
        let token = Token::new(id + HELD);
        POOL.submit_detached(move || _ = token.run()).expect("the pool is open");
        for (n, job) in held.into_iter().enumerate() {
            assert_eq!(job.wait().expect("it ran"), tally::result_of(id + n));
        }
    }
    let micros = (machine::ticks() - start) * 1_000_000 / machine::ticks_per_second();
    assert_eq!(POOL.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
    while LEFT.load(Relaxed) < CORES - 1 {
        core::hint::spin_loop();
    }
    let count = tally::settle(JOBS);
    assert_eq!((count.ran, count.ran_on[0]), (JOBS, 0));
    say!("  {JOBS} jobs, on each core {:?}, in {micros} us", count.ran_on);
    assert!(matches!(POOL.submit(|| ()), Err(SubmitError::Shutdown(_))));
    say!("  {} cores left; a submit is refused", LEFT.load(Relaxed));
}

/// An idle pool does nothing: while nobody submits, no core comes out of its sleep.
#[cfg(not(feature = "spin"))]
fn quiet() {
    use crate::port;
    // Until the workers sleep.
    while port::asleep() < CORES - 1 {
        core::hint::spin_loop();
    }
    if !machine::SLEEPS {
        return say!("  QEMU takes WFE for a no-op: whether the workers sleep cannot be seen");
    }
    let before = port::awoke();
    let end = machine::ticks() + machine::ticks_per_second() / 5;
    let mut turns = 0u64;
    while machine::ticks() < end {
        turns += 1;
    }
    let awoke = port::awoke() - before;
    // A core may come out for no reason; a loop that turns would come out as often as core 0 looks at the
    // clock.
    assert!(awoke < CORES, "{awoke} sleeps ended while nothing was submitted");
    say!("  {awoke} sleeps ended while core 0 looked at the clock {turns} times");

    const TRIPS: usize = 1000;
    let start = machine::ticks();
    for _ in 0..TRIPS {
        while port::asleep() < CORES - 1 {
            core::hint::spin_loop();
        }
        POOL.try_submit(|| ()).expect("there is room").wait().expect("it ran");
    }
    let nanos = (machine::ticks() - start) * 1_000_000_000 / machine::ticks_per_second() / TRIPS as u64;
    let woken = port::awoke() - before - awoke;
    say!("  {TRIPS} jobs, each when all slept: {woken} sleeps ended, {nanos} ns a job and back to sleep");
    assert!(woken >= TRIPS, "each job woke a core");
}
