//! Cortex-M0, which has no compare-and-swap: main and SysTick submit, with portable-atomic and critical
//! sections. Reports for how many instructions interrupts are masked.
#![no_std]
#![no_main]

use core::arch::asm;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use jobring::{JobError, JobHandle, ShutdownMode, StaticPool};
use jobring_cortex_m::clock::{self, Clock};
use jobring_cortex_m::dice::Dice;
use jobring_cortex_m::ledger::{Ledger, Number};
use jobring_cortex_m::{entry, host, println};

#[unsafe(no_mangle)]
static POOL: StaticPool<8, 1, 16> = StaticPool::new();

const MAIN: usize = 0;
const SYSTICK: usize = 1;
const INNER: usize = 2;
/// Jobs that are accepted of each source, at most; the board has 16 KiB.
const EACH: usize = 3500;
static LEDGER: Ledger<3, EACH> = Ledger::new();

const CLOCK: Clock = Clock::at(16);

/// The critical section of one core: interrupts masked. Measures itself.
struct Masked;
critical_section::set_impl!(Masked);

static MEASURING: AtomicBool = AtomicBool::new(false);
static BEGAN: AtomicU32 = AtomicU32::new(0);
static LONGEST: AtomicU32 = AtomicU32::new(0);
static SECTIONS: AtomicU32 = AtomicU32::new(0);

// SAFETY:
// - on one core nothing runs while interrupts are masked except the code that masked them; nested sections leave them
//   masked.
unsafe impl critical_section::Impl for Masked {
    unsafe fn acquire() -> u32 {
        let before: u32;
        // SAFETY:
        // - reads the mask, then masks.
        unsafe { asm!("mrs {}, primask", "cpsid i", out(reg) before) };
        if MEASURING.load(Relaxed) && before & 1 == 0 {
            BEGAN.store(clock::now(), Relaxed);
        }
        before
    }

    unsafe fn release(before: u32) {
        if before & 1 == 0 {
            if MEASURING.load(Relaxed) {
                let ticks = clock::since(BEGAN.load(Relaxed), clock::now());
                LONGEST.store(LONGEST.load(Relaxed).max(ticks), Relaxed);
                SECTIONS.store(SECTIONS.load(Relaxed) + 1, Relaxed);
            }
            // SAFETY:
            // - as they were before this section.
            unsafe { asm!("cpsie i") };
        }
    }
}

fn submit(job: Number) -> Result<JobHandle<'static, u32>, ()> {
    POOL.try_submit(move || LEDGER.ran(job)).map_err(drop)
}

fn submit_detached(job: Number) -> Result<(), ()> {
    POOL.try_submit_detached(move || {
        LEDGER.ran(job);
    })
    .map_err(drop)
}

static SUBMITTED: AtomicBool = AtomicBool::new(false);
static TURN: AtomicU32 = AtomicU32::new(0);

entry!(SysTick, on_systick);
extern "C" fn on_systick(_address: u32, _status: u32) {
    if LEDGER.submit(SYSTICK, submit_detached).is_some() {
        SUBMITTED.store(true, Relaxed);
    }
    let turn = TURN.load(Relaxed);
    TURN.store(turn + 1, Relaxed);
    CLOCK.alarm(if turn % 2 == 0 { 10 + turn / 2 % 97 } else { 2000 + turn / 2 % 2003 });
}

entry!(Board, unexpected);
extern "C" fn unexpected(address: u32, _status: u32) {
    panic!("an interrupt of the board's at {address:#x}");
}

/// Sleeps until SysTick has submitted something: a masked interrupt ends the sleep too, so none is missed.
fn sleep() {
    critical_section::with(|_| {
        if !SUBMITTED.load(Relaxed) {
            // SAFETY:
            // - sleeps.
            unsafe { asm!("wfi") };
        }
    });
}

fn round(dice: &mut Dice) {
    let deed = dice.below(8);
    if deed < 3 {
        LEDGER.submit(MAIN, submit_detached);
        return;
    }
    if deed == 3 {
        let _ = POOL.try_submit_detached(|| {
            LEDGER.submit(INNER, submit_detached);
        });
        return;
    }
    let mut number = None;
    let Some(job) = LEDGER.submit(MAIN, |job| {
        number = Some(job);
        submit(job)
    }) else {
        return;
    };
    let number = number.expect("submitted");
    match deed {
        4 | 5 => assert_eq!(job.wait().ok(), Some(number.result())),
        6 => {
            while !job.is_finished() {
                POOL.run_one();
            }
            assert!(matches!(job.try_wait(), Ok(Ok(result)) if result == number.result()));
        }
        _ => {
            assert!(job.cancel(), "nobody else runs jobs");
            LEDGER.cancelled(number);
            assert!(matches!(job.wait(), Err(JobError::Cancelled)));
        }
    }
}

/// Submits, runs, waits, cancels, fills the pool, with SysTick counting: what it takes, and how long
/// interrupts are masked. The timer cannot count and interrupt at once.
fn measure() {
    static RAN: AtomicU32 = AtomicU32::new(0);
    CLOCK.count();
    let look = CLOCK.calibrate();
    // What a section with nothing in it takes, its measuring included.
    MEASURING.store(true, Relaxed);
    critical_section::with(|_| {});
    let empty = LONGEST.load(Relaxed);
    MEASURING.store(false, Relaxed);
    LONGEST.store(0, Relaxed);
    let mut least = u32::MAX;
    for _ in 0..100 {
        let called = clock::now();
        let job = POOL.try_submit(|| RAN.store(clock::now(), Relaxed)).expect("there is room");
        assert!(POOL.run_one());
        least = least.min(clock::since(called, RAN.load(Relaxed)) - look);
        job.wait().expect("it ran");
    }
    MEASURING.store(true, Relaxed);
    SECTIONS.store(0, Relaxed);
    let mut dice = Dice::new(1);
    for _ in 0..1000 {
        round(&mut dice);
        while dice.below(2) == 0 && POOL.run_one() {}
    }
    MEASURING.store(false, Relaxed);
    let longest = LONGEST.load(Relaxed);
    assert!(longest > empty, "sections were measured");
    println!(
        "submit to the job's first instruction: {} instructions (its critical sections do not measure)",
        CLOCK.instructions(least)
    );
    println!(
        "interrupts are masked for at most {} instructions, from the section's beginning to its end as it measures them: {} of \
         the read-modify-write, the rest its calls ({} sections in 1000 rounds)",
        CLOCK.instructions(longest),
        CLOCK.instructions(longest - empty),
        SECTIONS.load(Relaxed)
    );
    CLOCK.stop();
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    measure();
    CLOCK.alarm(100);
    let mut dice = Dice::new(20_240_602);
    while LEDGER.accepted(MAIN) < EACH || LEDGER.accepted(SYSTICK) < EACH {
        round(&mut dice);
        SUBMITTED.store(false, Relaxed);
        let done = (0..4).any(|_| !POOL.run_one());
        if done && dice.below(32) == 0 {
            sleep();
        }
    }
    CLOCK.stop();
    POOL.shutdown(ShutdownMode::Drain, None).expect("no time is too long");
    assert!(submit_detached(Number::of_nobody()).is_err(), "the pool is closed");
    let sum = LEDGER.check();
    println!(
        "{} jobs ran once, {} were cancelled; {} times the pool was full",
        sum.ran, sum.cancelled, sum.refused
    );
    for (source, name) in ["main", "SysTick", "jobs"].into_iter().enumerate() {
        println!("  {} by {name}", LEDGER.accepted(source));
    }
    host::exit(true)
}
