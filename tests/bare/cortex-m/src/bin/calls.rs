//! Cortex-M4: two interrupts make every call that `src/BARE.md` allows in an interrupt, while main is
//! anywhere inside the same calls and those that wait. One of the two also interrupts the other.
#![no_std]
#![no_main]

use core::array::from_fn;
use core::cell::UnsafeCell;
use core::future::Future;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::sync::atomic::{
    AtomicBool, AtomicU32, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use jobring::{Canceller, JobError, JobHandle, ShutdownMode, StaticPool};
use jobring_cortex_m::clock::Clock;
use jobring_cortex_m::dice::Dice;
use jobring_cortex_m::hits::Hits;
use jobring_cortex_m::ledger::{Ledger, Number};
use jobring_cortex_m::sweep::Sweep;
use jobring_cortex_m::{entry, host, println, timer};

static POOL: StaticPool<8, 1, 16> = StaticPool::new();

const MAIN: usize = 0;
const SYSTICK: usize = 1;
const TIMER: usize = 2;
const SOURCES: usize = 3;
const ROW: usize = 100_000;
static LEDGER: Ledger<SOURCES, ROW> = Ledger::new();
/// The number of jobs that must be accepted in all.
const JOBS: usize = 100_000;

const CLOCK: Clock = Clock::at(25);

type Handle = JobHandle<'static, Receipt>;

/// A result that counts how often it was made and dropped.
struct Receipt(u32);

static RECEIPTS_MADE: AtomicU32 = AtomicU32::new(0);
static RECEIPTS_DROPPED: AtomicU32 = AtomicU32::new(0);

impl Receipt {
    fn of(result: u32) -> Self {
        RECEIPTS_MADE.fetch_add(1, Relaxed);
        Self(result)
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        RECEIPTS_DROPPED.fetch_add(1, Relaxed);
    }
}

/// In how many jobs main is; and how many an interrupt ran while main was in one.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static ON_TOP: AtomicU32 = AtomicU32::new(0);

fn work(number: Number) -> Receipt {
    if INSIDE.fetch_add(1, Relaxed) > 0 {
        ON_TOP.fetch_add(1, Relaxed);
    }
    let receipt = Receipt::of(LEDGER.ran(number));
    INSIDE.fetch_sub(1, Relaxed);
    receipt
}

fn submit(number: Number) -> Result<Handle, ()> {
    POOL.try_submit(move || work(number)).map_err(drop)
}

fn submit_or_run(number: Number) -> Result<Handle, ()> {
    POOL.submit_or_run(move || work(number)).map_err(drop)
}

fn submit_detached(number: Number) -> Result<(), ()> {
    POOL.try_submit_detached(move || {
        LEDGER.ran(number);
    })
    .map_err(drop)
}

fn submit_cancellable(number: Number) -> Result<(Number, Canceller<'static>), ()> {
    let job = move || {
        LEDGER.ran(number);
    };
    POOL.try_submit_cancellable(job).map(|canceller| (number, canceller)).map_err(drop)
}

/// Of a job that one of them submits: its number, and the handle.
fn submitted(source: usize) -> Option<(Number, Handle)> {
    LEDGER.submit(source, |number| submit(number).map(|job| (number, job)))
}

/// The end of a job, which was cancelled if its holder did that.
fn check(number: Number, end: Result<Receipt, JobError>, cancelled: bool) {
    match end {
        Ok(receipt) => assert!(!cancelled && receipt.0 == number.result()),
        Err(error) => assert!(cancelled && matches!(error, JobError::Cancelled)),
    }
}

/// One of the three contexts: whether its task was woken, and the wakers of it that there are.
struct Task {
    woken: AtomicBool,
    wakers: AtomicUsize,
}

static TASKS: [Task; SOURCES] =
    [const { Task { woken: AtomicBool::new(false), wakers: AtomicUsize::new(0) } }; SOURCES];
static WAKES: AtomicU32 = AtomicU32::new(0);

const TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, forget);

/// # Safety
/// `data` is a task of TASKS.
unsafe fn task(data: *const ()) -> &'static Task {
    // SAFETY:
    // - the caller's.
    unsafe { &*data.cast() }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY:
    // - only `waker` and this make one with TABLE.
    unsafe { task(data) }.wakers.fetch_add(1, Relaxed);
    RawWaker::new(data, &TABLE)
}

unsafe fn wake_by_ref(data: *const ()) {
    WAKES.fetch_add(1, Relaxed);
    // SAFETY:
    // - as in clone.
    unsafe { task(data) }.woken.store(true, Release);
}

unsafe fn forget(data: *const ()) {
    // SAFETY:
    // - as in clone.
    unsafe { task(data) }.wakers.fetch_sub(1, Relaxed);
}

unsafe fn wake(data: *const ()) {
    // SAFETY:
    // - as in clone.
    unsafe {
        wake_by_ref(data);
        forget(data);
    }
}

/// A waker of one of the three.
fn waker(of: usize) -> Waker {
    let task = &TASKS[of];
    task.wakers.fetch_add(1, Relaxed);
    // SAFETY:
    // - the functions keep the rules of a waker; the task is a static.
    unsafe { Waker::from_raw(RawWaker::new(core::ptr::from_ref(task).cast(), &TABLE)) }
}

fn poll_task(of: usize, job: &mut Handle) -> Poll<Result<Receipt, JobError>> {
    let waker = waker(of);
    Pin::new(job).poll(&mut Context::from_waker(&waker))
}

/// A job on its way to an interrupt, or kept by one.
struct Place {
    full: AtomicBool,
    // Nothing but zeros at first, as everything in this firmware.
    job: UnsafeCell<MaybeUninit<(Number, Handle)>>,
}

// SAFETY:
// - one side writes `job` while it is not full, the other while it is; the handle may be used by any of them.
unsafe impl Sync for Place {}

impl Place {
    const fn new() -> Self {
        Self { full: AtomicBool::new(false), job: UnsafeCell::new(MaybeUninit::zeroed()) }
    }

    /// By its giver alone. The job, if one is there already.
    fn give(&self, number: Number, job: Handle) -> Option<Handle> {
        if self.full.load(Acquire) {
            return Some(job);
        }
        // SAFETY:
        // - not full, so the other side leaves it alone.
        unsafe { (*self.job.get()).write((number, job)) };
        self.full.store(true, Release);
        None
    }

    /// By its taker alone.
    fn take(&self) -> Option<(Number, Handle)> {
        if !self.full.load(Acquire) {
            return None;
        }
        // SAFETY:
        // - full, so it was written, and the other side leaves it alone; it is read once.
        let job = unsafe { (*self.job.get()).assume_init_read() };
        self.full.store(false, Release);
        Some(job)
    }
}

/// From main to each interrupt; and what each interrupt keeps, to be polled, and to be awaited.
static HANDED: [Place; SOURCES] = [const { Place::new() }; SOURCES];
static POLLED: [Place; SOURCES] = [const { Place::new() }; SOURCES];
static AWAITED: [Place; SOURCES] = [const { Place::new() }; SOURCES];

/// The calls of an interrupt, which make them by turns.
const CALLS: [&str; 12] = [
    "try_submit_detached",
    "try_submit, drop of the handle",
    "try_submit, state, try_wait",
    "try_submit, cancel, try_wait",
    "run_one",
    "run_until_idle",
    "submit_or_run, is_finished, drop",
    "Future::poll, ready or not",
    "cancel of main's job",
    "try_wait of main's job",
    "drop of main's handle",
    "try_submit_cancellable, cancel",
];
/// How often each was made, in main's place and inside the other interrupt.
static MADE: [[AtomicU32; CALLS.len()]; 2] = [const { [const { AtomicU32::new(0) }; CALLS.len()] }; 2];

fn make(me: usize, call: usize) -> bool {
    match call {
        0 => LEDGER.submit(me, submit_detached).is_some(),
        1 => submitted(me).map(drop).is_some(),
        2 => {
            let Some((number, job)) = POLLED[me].take().or_else(|| submitted(me)) else { return false };
            let finished = job.state().is_finished();
            match job.try_wait() {
                Ok(end) => check(number, end, false),
                Err(job) => {
                    assert!(!finished);
                    assert!(POLLED[me].give(number, job).is_none());
                }
            }
            true
        }
        3 => {
            let Some((number, job)) = submitted(me) else { return false };
            let cancelled = job.cancel();
            assert!(!job.cancel(), "once");
            if cancelled {
                LEDGER.cancelled(number);
            }
            match job.try_wait() {
                Ok(end) => check(number, end, cancelled),
                // Run by what we interrupt, if by anybody.
                Err(job) => assert!(!cancelled && !job.is_finished()),
            }
            true
        }
        11 => {
            let Some((number, canceller)) = LEDGER.submit(me, submit_cancellable) else { return false };
            let cancelled = canceller.cancel();
            assert!(!canceller.cancel(), "once");
            if cancelled {
                LEDGER.cancelled(number);
            }
            true
        }
        4 => POOL.run_one(),
        5 => POOL.run_until_idle() > 0,
        6 => {
            let Some(job) = LEDGER.submit(me, submit_or_run) else { return false };
            assert!(job.is_finished() || job.id().is_some());
            true
        }
        7 => {
            let kept = AWAITED[me].take();
            let woken = TASKS[me].woken.swap(false, Acquire);
            let Some((number, mut job)) = kept.or_else(|| submitted(me)) else { return false };
            // Polled although it was not woken; sometimes it is not ready.
            let finished = job.is_finished();
            match poll_task(me, &mut job) {
                Poll::Ready(end) => check(number, end, false),
                Poll::Pending => {
                    assert!(!finished && (!woken || !job.is_finished()));
                    assert!(AWAITED[me].give(number, job).is_none());
                }
            }
            true
        }
        _ => {
            let Some((number, job)) = HANDED[me].take() else { return false };
            let cancelled = call == 8 && job.cancel();
            if cancelled {
                LEDGER.cancelled(number);
            }
            if call < 10
                && let Ok(end) = job.try_wait()
            {
                check(number, end, cancelled);
            }
            true
        }
    }
}

fn interrupt(me: usize, turn: u32, nested: bool) {
    let call = turn as usize % CALLS.len();
    if make(me, call) {
        MADE[usize::from(nested)][call].fetch_add(1, Relaxed);
    }
}

static BY_SYSTICK: Hits = Hits::new();
static BY_TIMER: Hits = Hits::new();

static SYSTICK_SWEEP: Sweep<41, 1511> = Sweep::new();
static TIMER_SWEEP: Sweep<37, 1789> = Sweep::new();

entry!(SysTick, on_systick);
extern "C" fn on_systick(address: u32, _status: u32) {
    BY_SYSTICK.mark(address);
    interrupt(SYSTICK, SYSTICK_SWEEP.turn(), false);
    CLOCK.alarm(SYSTICK_SWEEP.next());
}

entry!(Board, on_timer);
extern "C" fn on_timer(address: u32, status: u32) {
    timer::acknowledge();
    let nested = status & 0x1FF != 0;
    if !nested {
        BY_TIMER.mark(address);
    }
    interrupt(TIMER, TIMER_SWEEP.turn() / 3, nested);
    timer::alarm(&CLOCK, TIMER_SWEEP.next());
}

/// A job of main's, on one of its ways.
fn round(dice: &mut Dice) {
    let deed = dice.below(12);
    if deed == 0 {
        LEDGER.submit(MAIN, submit_detached);
        return;
    }
    let Some((number, mut job)) = submitted(MAIN) else {
        POOL.run_until_idle();
        return;
    };
    match deed {
        1 => check(number, job.wait(), false),
        2 => {
            while !job.is_finished() {
                POOL.run_one();
            }
            assert!(matches!(job.try_wait(), Ok(Ok(receipt)) if receipt.0 == number.result()));
        }
        3 => {
            let cancelled = job.cancel();
            if cancelled {
                LEDGER.cancelled(number);
            }
            check(number, job.wait(), cancelled);
        }
        4 => drop(job),
        // As an executor does: runs jobs until it is woken, by itself or an interrupt.
        5..8 => loop {
            if let Poll::Ready(end) = poll_task(MAIN, &mut job) {
                break check(number, end, false);
            }
            if dice.below(8) == 0 {
                // Given up, with its waker in the pool.
                break drop(job);
            }
            while !TASKS[MAIN].woken.swap(false, Acquire) {
                POOL.run_one();
            }
        },
        _ => drop(HANDED[SYSTICK + deed as usize % 2].give(number, job)),
    }
}

fn accepted() -> usize {
    (0..SOURCES).map(|source| LEDGER.accepted(source)).sum()
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    CLOCK.yields();
    CLOCK.alarm(100);
    timer::alarm(&CLOCK, 150);
    let mut dice = Dice::new(20_240_601);
    while accepted() < JOBS {
        round(&mut dice);
        if dice.below(4) == 0 {
            POOL.run_one();
        }
    }
    // The interrupts go on while the pool is closed, and after that.
    POOL.shutdown(ShutdownMode::Drain, None).expect("no time is too long");
    let turns = || SYSTICK_SWEEP.turn().min(TIMER_SWEEP.turn());
    let more = turns() + 100;
    while turns() < more {}
    CLOCK.stop();
    timer::acknowledge();
    for places in [&HANDED, &POLLED, &AWAITED] {
        places.iter().for_each(|place| drop(place.take()));
    }
    assert!(submit_detached(Number::of_nobody()).is_err(), "the pool is closed");
    assert_eq!(RECEIPTS_MADE.load(Relaxed), RECEIPTS_DROPPED.load(Relaxed), "each result was dropped once");
    let wakers: [usize; SOURCES] = from_fn(|of| TASKS[of].wakers.load(Relaxed));
    assert_eq!(wakers, [0; SOURCES], "each waker was dropped once");
    assert!((0..SOURCES).all(|source| LEDGER.accepted(source) < ROW), "to the end each submitted");
    let sum = LEDGER.check();
    println!("{} jobs accepted: {} ran once, {} were cancelled", accepted(), sum.ran, sum.cancelled);
    println!("{} wakes, {} jobs on top of another", WAKES.load(Relaxed), ON_TOP.load(Relaxed));
    println!(
        "interrupted: {} instructions by SysTick, {} by the timer",
        BY_SYSTICK.count(),
        BY_TIMER.count()
    );
    for (call, name) in CALLS.iter().enumerate() {
        let [alone, nested] = [0, 1].map(|nested| MADE[nested][call].load(Relaxed));
        println!("  {alone:>6} times, and {nested:>6} inside another interrupt: {name}");
        assert!(alone > 0 && nested > 0, "made in both");
    }
    assert!(ON_TOP.load(Relaxed) > 0 && WAKES.load(Relaxed) > 0);
    host::exit(true)
}
