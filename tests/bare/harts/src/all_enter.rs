//! Every core enters the pool as a worker; jobs submit all other jobs, and the last of them shuts the pool
//! down.

use crate::meet::{self, Meeting};
use crate::stress::{SLOTS, Stream};
use crate::tally::{self, Token};
use crate::{CORES, Pool, machine, say};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use jobring::{ShutdownMode, ShutdownReport, SubmitError};

static POOL: Pool<SLOTS> = crate::pool();
static BEGIN: Meeting = Meeting::new();
static LEFT: AtomicUsize = AtomicUsize::new(0);
static STREAMS: AtomicUsize = AtomicUsize::new(CORES);

/// Jobs of all streams.
const JOBS: usize = tally::MOST - LATE;
/// Jobs that are still queued when the pool is closed.
const LATE: usize = SLOTS / 2;

pub fn run(core: usize) {
    if core != 0 {
        return enter();
    }
    in_bss();
    // Four jobs, each of which waits until all four run; then each becomes a stream.
    let part = JOBS / CORES;
    let streams = [0, 1, 2, 3].map(|n| Stream {
        pool: &POOL,
        next: n * part,
        end: (n + 1) * part,
        woken: || {},
        last: shut_down,
    });
    let start = machine::ticks();
    let attended = streams.map(|stream| {
        POOL.try_submit(move || {
            BEGIN.attend(CORES);
            let core = machine::core();
            stream.run();
            core
        })
        .expect("there is room")
    });
    enter();
    while LEFT.load(Relaxed) < CORES {
        core::hint::spin_loop();
    }
    let end = machine::ticks();
    meet::assert_all(attended.map(|job| job.wait().expect("it ran")).into_iter());
    say!("every core entered: four jobs waited for each other, on cores 0 to 3");
    let count = tally::settle(JOBS + LATE);
    for on in [count.ran_on, count.submitted_on] {
        assert!(on.iter().all(|&jobs| jobs > 0), "a core stood by: {on:?}");
    }
    say!(
        "  {} jobs ran, on each core {:?}; submitted on each {:?}",
        count.ran,
        count.ran_on,
        count.submitted_on
    );
    say!("  {} were cancelled; all are accounted for once", count.cancelled);
    let micros = (end - start) * 1_000_000 / machine::ticks_per_second();
    say!("  {micros} us, {} jobs/s", (JOBS + LATE) as u64 * 1_000_000 / micros);
    assert_eq!(POOL.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
    assert!(matches!(POOL.try_submit(|| ()), Err(SubmitError::Shutdown(_))));
    assert!(!POOL.run_one(), "nothing is left");
    say!("  {} cores left; a submit is refused", LEFT.load(Relaxed));
}

/// Works until the pool is closed and empty.
fn enter() {
    assert!(POOL.enter_worker(), "there is room for every core");
    // ORDERING: Relaxed: only the number counts.
    LEFT.fetch_add(1, Relaxed);
}

/// Called inside the last job of each stream: the last one leaves jobs behind for the drain, and closes.
fn shut_down() {
    // ORDERING: Relaxed: only the number counts.
    if STREAMS.fetch_sub(1, Relaxed) > 1 {
        return;
    }
    for id in JOBS..JOBS + LATE {
        let token = Token::new(id);
        let mut job = move || {
            token.run();
        };
        while let Err(refused) = POOL.try_submit_detached(job) {
            job = refused.into_job();
            POOL.run_one();
        }
    }
    // It does not wait for this job, nor for those that have met and stand around it.
    #[cfg(not(feature = "spin"))]
    let report = POOL.shutdown(ShutdownMode::Drain, None).expect("drained");
    // Without a port a pool cannot tell which thread calls, so the job does not wait at all.
    #[cfg(feature = "spin")]
    let report = POOL
        .shutdown(ShutdownMode::Drain, Some(core::time::Duration::ZERO))
        .expect_err("this job runs")
        .report();
    assert!(report.running() > 0, "{report:?}");
}

/// The pool is all zero and takes no space in the image.
fn in_bss() {
    unsafe extern "C" {
        static __bss_start: u8;
        static __bss_end: u8;
    }
    let (start, end) = (&raw const __bss_start as usize, &raw const __bss_end as usize);
    let at = &raw const POOL as usize;
    assert!(start <= at && at + size_of_val(&POOL) <= end, "the pool lies in .bss");
    say!("a pool of {SLOTS} jobs and {CORES} workers: {} bytes, in .bss", size_of_val(&POOL));
}
