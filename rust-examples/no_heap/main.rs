//! Shows a pool without a heap and without threads of its own, as a firmware has it: a `StaticPool` whose jobs the main loop runs,
//! and a `Queue`, both filled by an interrupt, which is a thread here. What finds no room is counted, and waits for nobody.
//! (`src/BARE.md` is about firmware, and `tests/bare` has some.)

use jobring::{Queue, StaticPool};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

/// 16 jobs, one worker at most, 32 bytes for each job: everything lies in .bss.
static JOBS: StaticPool<16, 1, 32> = StaticPool::new();
static SAMPLES: Queue<u16, 64> = Queue::new();

static SUM: AtomicU32 = AtomicU32::new(0);
static OVERFLOWS: AtomicU32 = AtomicU32::new(0);

const TICKS: u32 = 100_000;

/// What a timer's interrupt does: it takes a sample, and at every 16th leaves the work to the main loop.
fn on_tick(tick: u32) {
    if SAMPLES.try_push((tick % 1000) as u16).is_err() {
        OVERFLOWS.fetch_add(1, Relaxed);
    }
    if tick % 16 == 15 {
        // If 16 jobs are queued, one of them takes these samples too.
        let _ = JOBS.try_submit_detached_isr(add_samples);
    }
}

fn add_samples() {
    while let Some(sample) = SAMPLES.try_pop() {
        SUM.fetch_add(sample.into(), Relaxed);
    }
}

fn main() {
    let timer = thread::spawn(|| {
        let mut taken = 0;
        for tick in 0..TICKS {
            let before = OVERFLOWS.load(Relaxed);
            on_tick(tick);
            // Nobody else counts.
            taken += if OVERFLOWS.load(Relaxed) == before { tick % 1000 } else { 0 };
        }
        taken
    });
    // The main loop. A firmware sleeps where this yields.
    while !timer.is_finished() {
        if !JOBS.run_one() {
            thread::yield_now();
        }
    }
    JOBS.run_until_idle();
    add_samples();
    let taken = timer.join().expect("no panic");
    assert_eq!(SUM.load(Relaxed), taken);
    println!("{TICKS} ticks, {} samples without room, {taken} in sum", OVERFLOWS.load(Relaxed));
}
