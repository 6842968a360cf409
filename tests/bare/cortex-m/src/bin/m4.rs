//! Cortex-M4: two interrupts submit while main is anywhere inside submit, claim or complete. One of the two
//! also interrupts the other.
#![no_std]
#![no_main]

use core::arch::asm;
use core::cell::UnsafeCell;
use core::sync::atomic::{
    AtomicBool, AtomicU32, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use jobring::{JobError, JobHandle, ShutdownMode, StaticPool};
use jobring_cortex_m::clock::{self, Clock};
use jobring_cortex_m::dice::Dice;
use jobring_cortex_m::hits::Hits;
use jobring_cortex_m::ledger::{Ledger, Number};
use jobring_cortex_m::sweep::Sweep;
use jobring_cortex_m::{entry, host, println, timer};

#[unsafe(no_mangle)]
static POOL: StaticPool<8, 1, 16> = StaticPool::new();

const MAIN: usize = 0;
const SYSTICK: usize = 1;
const TIMER: usize = 2;
/// Jobs that jobs submit.
const INNER: usize = 3;
const ROW: usize = 400_000;
static LEDGER: Ledger<4, ROW> = Ledger::new();
/// The number of jobs that must be accepted in all.
const JOBS: usize = 500_000;

const CLOCK: Clock = Clock::at(25);

type Handle = JobHandle<'static, Receipt>;

/// A result that counts how often it was made and dropped.
struct Receipt(u32);

static RECEIPTS_MADE: AtomicU32 = AtomicU32::new(0);
static RECEIPTS_DROPPED: AtomicU32 = AtomicU32::new(0);

impl Receipt {
    /// Called by jobs, which main alone runs.
    fn of(result: u32) -> Self {
        RECEIPTS_MADE.store(RECEIPTS_MADE.load(Relaxed) + 1, Relaxed);
        Self(result)
    }

    fn is_of(&self, job: Number) -> bool {
        self.0 == job.result()
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        // By main, and by interrupts that give up a finished job.
        RECEIPTS_DROPPED.fetch_add(1, Relaxed);
    }
}

// What the interrupts land in: all that the compiler puts into these, and what they call.

#[unsafe(no_mangle)]
#[inline(never)]
fn submit(job: Number) -> Result<Handle, ()> {
    POOL.try_submit(move || Receipt::of(LEDGER.ran(job))).map_err(drop)
}

#[unsafe(no_mangle)]
#[inline(never)]
fn submit_detached(job: Number) -> Result<(), ()> {
    POOL.try_submit_detached(move || {
        LEDGER.ran(job);
    })
    .map_err(drop)
}

#[unsafe(no_mangle)]
#[inline(never)]
fn run_one() -> bool {
    POOL.run_one()
}

#[unsafe(no_mangle)]
#[inline(never)]
fn wait(job: Handle) -> Result<Receipt, JobError> {
    job.wait()
}

#[unsafe(no_mangle)]
#[inline(never)]
fn cancel(job: &Handle) -> bool {
    job.cancel()
}

#[unsafe(no_mangle)]
#[inline(never)]
fn detach(job: Handle) {
    job.detach();
}

/// Submitted by an interrupt since main looked.
static SUBMITTED: AtomicBool = AtomicBool::new(false);
static NESTED: AtomicU32 = AtomicU32::new(0);

/// A job of main's that the timer's interrupt is to give up or cancel, whatever main is doing with it.
struct HandedOver {
    full: AtomicBool,
    job: UnsafeCell<Option<(Number, Handle)>>,
}

// SAFETY:
// - main writes `job` while it is not full, the timer's interrupt while it is; the handle may be used by any
//   of them.
unsafe impl Sync for HandedOver {}

static HANDED_OVER: HandedOver = HandedOver { full: AtomicBool::new(false), job: UnsafeCell::new(None) };

impl HandedOver {
    /// By main alone. The job, if one is there already.
    fn give(&self, number: Number, job: Handle) -> Option<Handle> {
        if self.full.load(Acquire) {
            return Some(job);
        }
        // SAFETY:
        // - not full, so the interrupt leaves it alone.
        unsafe { *self.job.get() = Some((number, job)) };
        self.full.store(true, Release);
        None
    }

    /// By the timer's interrupt alone, or with it switched off.
    fn take(&self) -> Option<(Number, Handle)> {
        if !self.full.load(Acquire) {
            return None;
        }
        // SAFETY:
        // - full, so main leaves it alone.
        let job = unsafe { (*self.job.get()).take() };
        self.full.store(false, Release);
        job
    }
}

static BY_SYSTICK: Hits = Hits::new();
static BY_TIMER: Hits = Hits::new();
static BY_TIMER_IN_SYSTICK: Hits = Hits::new();
static ACCEPTED: Hits = Hits::new();

static SYSTICK_SWEEP: Sweep<41, 1511> = Sweep::new();
static TIMER_SWEEP: Sweep<37, 1789> = Sweep::new();

entry!(SysTick, on_systick);
extern "C" fn on_systick(address: u32, _status: u32) {
    BY_SYSTICK.mark(address);
    if LEDGER.submit(SYSTICK, submit_detached).is_some() {
        SUBMITTED.store(true, Relaxed);
        ACCEPTED.mark(address);
    }
    CLOCK.alarm(SYSTICK_SWEEP.next());
}

entry!(Board, on_timer);
extern "C" fn on_timer(address: u32, status: u32) {
    timer::acknowledge();
    if status & 0x1FF == 0 {
        BY_TIMER.mark(address);
    } else {
        NESTED.store(NESTED.load(Relaxed) + 1, Relaxed);
        BY_TIMER_IN_SYSTICK.mark(address);
    }
    if let Some((number, job)) = HANDED_OVER.take() {
        if TIMER_SWEEP.turn() / 2 % 2 == 0 && cancel(&job) {
            LEDGER.cancelled(number);
        }
        detach(job);
    }
    if LEDGER.submit(TIMER, |job| submit(job).map(detach)).is_some() {
        SUBMITTED.store(true, Relaxed);
        ACCEPTED.mark(address);
    }
    if TIMER_SWEEP.turn() % 8 == 0 {
        lap();
    }
    timer::alarm(&CLOCK, TIMER_SWEEP.next());
}

/// More jobs than the rings are long, each taken back at once: what is interrupted finds the rings a lap
/// further.
fn lap() {
    for _ in 0..9 {
        LEDGER.submit(TIMER, |number| {
            submit(number).map(|job| {
                if cancel(&job) {
                    LEDGER.cancelled(number);
                }
                detach(job);
            })
        });
    }
}

/// Sleeps until an interrupt has submitted something. With interrupts masked from the look to the sleep, so
/// that none is missed: a masked interrupt ends the sleep too.
fn sleep() {
    // SAFETY:
    // - interrupts are let in again at once.
    unsafe { asm!("cpsid i") };
    if !SUBMITTED.load(Relaxed) {
        // SAFETY:
        // - sleeps.
        unsafe { asm!("wfi") };
    }
    // SAFETY:
    // - as they were.
    unsafe { asm!("cpsie i") };
}

/// One of this many pushes takes a separate path through submit.
const SPECIAL: usize = 1024;
/// Jobs that are not in the ledger: those that submit another, and those of `latency`.
static OUTER: AtomicUsize = AtomicUsize::new(0);

fn pushed() -> usize {
    accepted() + OUTER.load(Relaxed)
}

/// Submits up to the next special job with no interrupt, and that one with the timer's interrupt in the midst
/// of it.
fn aimed() {
    static TURN: AtomicU32 = AtomicU32::new(0);
    let turn = TURN.load(Relaxed);
    TURN.store(turn + 1, Relaxed);
    // SAFETY:
    // - SysTick's interrupt, of the lowest priority, waits.
    unsafe { asm!("msr basepri, {}", in(reg) 0x40) };
    timer::alarm(&CLOCK, 1_000_000);
    while pushed() % SPECIAL != 0 {
        LEDGER.submit(MAIN, submit_detached);
        run_one();
    }
    timer::alarm(&CLOCK, 40 + turn / 2 % 192);
    if turn % 2 == 0 {
        LEDGER.submit(MAIN, submit_detached);
    } else {
        LEDGER.submit(MAIN, submit).map(detach);
    }
    // SAFETY:
    // - it waits no longer.
    unsafe { asm!("msr basepri, {}", in(reg) 0) };
}

/// A job of main's: waited for, run and then taken, cancelled, given up, detached from the start.
fn round(dice: &mut Dice) {
    let deed = dice.below(16);
    if pushed() % SPECIAL > SPECIAL - 16 {
        aimed();
    }
    if deed < 4 {
        LEDGER.submit(MAIN, submit_detached);
        return;
    }
    if deed == 4 {
        // A job that submits one, if there is room.
        let outer = POOL.try_submit_detached(|| {
            LEDGER.submit(INNER, submit_detached);
        });
        OUTER.store(OUTER.load(Relaxed) + usize::from(outer.is_ok()), Relaxed);
        return;
    }
    if deed == 5 {
        return tombstones(dice);
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
        6..8 => assert!(wait(job).is_ok_and(|receipt| receipt.is_of(number))),
        8 => {
            while run_one() && dice.below(4) > 0 {}
            assert!(wait(job).is_ok_and(|receipt| receipt.is_of(number)));
        }
        9 => {
            while !job.is_finished() {
                run_one();
            }
            assert!(matches!(job.try_wait(), Ok(Ok(receipt)) if receipt.is_of(number)));
        }
        10 => {
            assert!(cancel(&job), "nobody else runs jobs");
            LEDGER.cancelled(number);
            assert!(matches!(wait(job), Err(JobError::Cancelled)));
        }
        11 => detach(job),
        _ => {
            if let Some(job) = HANDED_OVER.give(number, job) {
                detach(job);
            }
        }
    }
}

/// Fills the pool with jobs, and cancels some: they leave their entries in the ring, for the next submit that
/// finds no slot to clear away.
fn tombstones(dice: &mut Dice) {
    let mut jobs = [const { None }; 8];
    for place in &mut jobs {
        LEDGER.submit(MAIN, |number| submit(number).map(|job| *place = Some((number, job))));
    }
    for (number, job) in jobs.into_iter().flatten() {
        if dice.below(4) > 0 && cancel(&job) {
            LEDGER.cancelled(number);
        }
        detach(job);
    }
    LEDGER.submit(MAIN, submit_detached);
}

fn accepted() -> usize {
    (0..4).map(|source| LEDGER.accepted(source)).sum()
}

/// Instructions from the call of submit to the first one of the job, without interrupts.
fn latency() {
    static BEGAN: AtomicU32 = AtomicU32::new(0);
    CLOCK.count();
    let look = CLOCK.calibrate();
    let mut least = u32::MAX;
    let mut submitted = 0;
    for _ in 0..100 {
        let called = clock::now();
        let job = POOL.try_submit(|| BEGAN.store(clock::now(), Relaxed)).expect("there is room");
        let returned = clock::now();
        assert!(run_one());
        let began = clock::since(called, BEGAN.load(Relaxed)) - look;
        if began < least {
            least = began;
            submitted = clock::since(called, returned) - look;
        }
        job.wait().expect("it ran");
        OUTER.store(OUTER.load(Relaxed) + 1, Relaxed);
    }
    println!(
        "submit to the job's first instruction: {} instructions, of which submit takes {}",
        CLOCK.instructions(least),
        CLOCK.instructions(submitted)
    );
    CLOCK.stop();
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    latency();
    CLOCK.yields();
    CLOCK.alarm(100);
    timer::alarm(&CLOCK, 150);
    let mut dice = Dice::new(20_240_601);
    while accepted() < JOBS {
        round(&mut dice);
        SUBMITTED.store(false, Relaxed);
        // Interrupts go on submitting.
        let done = (0..4).any(|_| !run_one());
        if done && dice.below(32) == 0 {
            sleep();
        }
    }
    // The interrupts go on: some submit to a pool that is being closed, and then to one that is.
    POOL.shutdown(ShutdownMode::Drain, None).expect("no time is too long");
    (0..100).for_each(|_| sleep());
    CLOCK.stop();
    timer::acknowledge();
    drop(HANDED_OVER.take());
    assert!(submit_detached(Number::of_nobody()).is_err(), "the pool is closed");
    assert_eq!(RECEIPTS_MADE.load(Relaxed), RECEIPTS_DROPPED.load(Relaxed), "each result was dropped once");
    assert!((0..4).all(|source| LEDGER.accepted(source) < ROW), "to the end each interrupt submitted");
    let sum = LEDGER.check();
    println!(
        "{} jobs accepted: {} ran once, {} were cancelled; {} times the pool was full",
        accepted(),
        sum.ran,
        sum.cancelled,
        sum.refused
    );
    for (source, name) in ["main", "SysTick", "the timer", "jobs"].into_iter().enumerate() {
        println!("  {} by {name}", LEDGER.accepted(source));
    }
    println!("  {} by the timer inside SysTick", NESTED.load(Relaxed));
    BY_SYSTICK.print("systick");
    BY_TIMER.print("timer");
    BY_TIMER_IN_SYSTICK.print("nested");
    ACCEPTED.print("accepted");
    host::exit(true)
}
