//! Core 0 submits, waits and shuts down from outside; the others are the workers.

use crate::meet::Meeting;
use crate::tally::{self, Token};
use crate::{CORES, Pool, machine, say};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use jobring::{Queued, Report, SubmitError};

/// Few slots: submit has to wait for room.
const SLOTS: usize = 8;
const JOBS: usize = 48_000;
const HELD: usize = 5;

static POOL: Pool<SLOTS> = Pool::new();
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
    assert_eq!(POOL.shutdown(Queued::Drain, None), Ok(Report::default()));
    while LEFT.load(Relaxed) < CORES - 1 {
        core::hint::spin_loop();
    }
    let count = tally::settle(JOBS);
    assert_eq!((count.ran, count.ran_on[0]), (JOBS, 0));
    say!("  {JOBS} jobs, on each core {:?}, in {micros} us", count.ran_on);
    assert!(matches!(POOL.submit(|| ()), Err(SubmitError::Shutdown(_))));
    say!("  {} cores left; a submit is refused", LEFT.load(Relaxed));
}
