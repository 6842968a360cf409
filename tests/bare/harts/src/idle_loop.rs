//! No core enters the pool: each has its own idle loop, which calls `run_one`, and sleeps when there is
//! nothing to do. The pool does not know these cores, so a core that submits wakes the sleeping ones itself.

use crate::meet::{self, Meeting};
use crate::stress::{SLOTS, Stream};
use crate::{CORES, Pool, machine, say, tally};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, fence};
use jobring::{ShutdownMode, ShutdownReport, SubmitError};

const JOBS: usize = 100_000;

static POOL: Pool<SLOTS> = crate::pool();
static BEGIN: Meeting = Meeting::new();
static STREAMS: AtomicUsize = AtomicUsize::new(CORES);
static OVER: AtomicBool = AtomicBool::new(false);
static STORM_IS_OVER: AtomicBool = AtomicBool::new(false);
/// A bit for each core that is about to sleep, or does.
static ASLEEP: AtomicUsize = AtomicUsize::new(0);
static SLEEPS: AtomicUsize = AtomicUsize::new(0);
static LEFT: AtomicUsize = AtomicUsize::new(0);

pub fn run(core: usize) {
    if core != 0 {
        // One that has an eye on jobs is enough for the storm; others would hide what it misses.
        while core > 1 && !STORM_IS_OVER.load(Relaxed) {
            machine::answer();
            if !STORM_IS_OVER.load(Relaxed) {
                machine::sleep(None);
            }
        }
        return idle_loop(core);
    }
    crate::storm::run(|| {
        POOL.try_submit_detached(crate::storm::job).expect("there is room");
        ring_for_sleepers();
    });
    STORM_IS_OVER.store(true, Relaxed);
    (2..CORES).for_each(machine::ring);
    let part = JOBS / CORES;
    let streams = [0, 1, 2, 3].map(|n| Stream {
        pool: &POOL,
        next: n * part,
        end: (n + 1) * part,
        woken: ring_for_sleepers,
        last: end,
    });
    let attended = streams.map(|stream| {
        let job = POOL.try_submit(move || {
            BEGIN.attend(CORES);
            let core = machine::core();
            stream.run();
            core
        });
        ring_for_sleepers();
        job.expect("there is room")
    });
    idle_loop(core);
    while LEFT.load(Relaxed) < CORES {
        core::hint::spin_loop();
    }
    meet::assert_all(attended.map(|job| job.wait().expect("it ran")).into_iter());
    say!("run_one in four idle loops: four jobs waited for each other, on cores 0 to 3");
    let count = tally::settle(JOBS);
    say!("  {} jobs ran, on each core {:?}; {} cancelled", count.ran, count.ran_on, count.cancelled);
    assert_eq!(POOL.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
    assert!(matches!(POOL.try_submit(|| ()), Err(SubmitError::Shutdown(_))));
    say!("  {} cores left; the cores slept {} times", LEFT.load(Relaxed), SLEEPS.load(Relaxed));
}

fn idle_loop(core: usize) {
    while !OVER.load(Relaxed) {
        if POOL.run_one() {
            continue;
        }
        machine::answer();
        // ORDERING: Relaxed, and a fence: pairs with the one in ring_for_sleepers. Either this core's second
        // look finds the job, or its submitter sees this bit, and rings after `answer`: then the sleep
        // ends at once.
        ASLEEP.fetch_or(1 << core, Relaxed);
        fence(SeqCst);
        if !POOL.run_one() && !OVER.load(Relaxed) {
            machine::sleep(None);
            SLEEPS.fetch_add(1, Relaxed);
        }
        ASLEEP.fetch_and(!(1 << core), Relaxed);
    }
    LEFT.fetch_add(1, Relaxed);
}

/// Called after each submit.
fn ring_for_sleepers() {
    // ORDERING: as in idle_loop.
    fence(SeqCst);
    let asleep = ASLEEP.load(Relaxed);
    (0..CORES).filter(|core| asleep >> core & 1 != 0).for_each(machine::ring);
}

/// Called inside the last job of each stream.
fn end() {
    // ORDERING: Relaxed: only the number counts.
    if STREAMS.fetch_sub(1, Relaxed) == 1 {
        while POOL.run_one() {}
        OVER.store(true, Relaxed);
        ring_for_sleepers();
    }
}
