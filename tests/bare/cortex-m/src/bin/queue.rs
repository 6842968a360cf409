//! Cortex-M4: main and two interrupts pass numbers through a queue, the library's and heapless's (`mpmc`, which is deprecated),
//! one after the other. Each number must arrive once. The interrupt of the higher priority pushes a number and then pops: as
//! the queue is not empty, it must get one, whatever it has interrupted.
#![no_std]
#![no_main]

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed};
use jobring::Queue;
use jobring_cortex_m::clock::{self, Clock};
use jobring_cortex_m::sweep::Sweep;
use jobring_cortex_m::{entry, host, println, timer};

use heapless::mpmc::Queue as Theirs;

const PLACES: usize = 16;

#[unsafe(no_mangle)]
static OURS: Queue<u32, PLACES> = Queue::new();

/// heapless's, whose initial value is not zero: made by main, since a firmware whose statics are all zero copies no .data.
#[unsafe(no_mangle)]
static THEIRS: Made = Made(UnsafeCell::new(MaybeUninit::zeroed()));

struct Made(UnsafeCell<MaybeUninit<Theirs<u32, PLACES>>>);

// SAFETY:
// - written by main before the first interrupt, then shared as the queue inside allows.
unsafe impl Sync for Made {}

/// What both do.
trait Fifo: Sync {
    const NAME: &'static str;
    /// False if it is full.
    fn push(&self, number: u32) -> bool;
    fn pop(&self) -> Option<u32>;
}

impl Fifo for Queue<u32, PLACES> {
    const NAME: &'static str = "jobring::Queue";

    #[inline(never)]
    fn push(&self, number: u32) -> bool {
        self.try_push(number).is_ok()
    }

    #[inline(never)]
    fn pop(&self) -> Option<u32> {
        self.try_pop()
    }
}

impl Fifo for Made {
    const NAME: &'static str = "heapless::mpmc::Queue";

    #[inline(never)]
    fn push(&self, number: u32) -> bool {
        // SAFETY:
        // - main has made it.
        unsafe { (*self.0.get()).assume_init_ref() }.enqueue(number).is_ok()
    }

    #[inline(never)]
    fn pop(&self) -> Option<u32> {
        // SAFETY:
        // - main has made it.
        unsafe { (*self.0.get()).assume_init_ref() }.dequeue()
    }
}

const CLOCK: Clock = Clock::at(25);

const MAIN: usize = 0;
const SYSTICK: usize = 1;
const TIMER: usize = 2;
/// Numbers that each source pushes.
const EACH: u32 = 40_000;

/// How many of each source were pushed, and how often each number came.
static PUSHED: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];
static CAME: [[AtomicU8; EACH as usize]; 3] = [const { [const { AtomicU8::new(0) }; EACH as usize] }; 3];
static REFUSED: AtomicU32 = AtomicU32::new(0);
/// The timer's handler had pushed a number, and found the queue empty.
static HIDDEN: AtomicU32 = AtomicU32::new(0);

/// Which queue the interrupts use: heapless's?
static IS_THEIRS: AtomicBool = AtomicBool::new(false);

/// Pushes the next number of a source. Each source has one thread or handler, which nothing of that source interrupts.
fn push(queue: &impl Fifo, source: usize) -> bool {
    let number = PUSHED[source].load(Relaxed);
    if number == EACH {
        return false;
    }
    let pushed = queue.push((source as u32) << 24 | number);
    if pushed {
        PUSHED[source].store(number + 1, Relaxed);
    } else {
        REFUSED.store(REFUSED.load(Relaxed) + 1, Relaxed);
    }
    pushed
}

fn pop(queue: &impl Fifo) -> bool {
    let Some(word) = queue.pop() else { return false };
    let came = &CAME[(word >> 24) as usize][(word & 0xFF_FFFF) as usize];
    came.store(came.load(Relaxed) + 1, Relaxed);
    true
}

fn in_timer(queue: &impl Fifo) {
    if push(queue, TIMER) && !pop(queue) {
        HIDDEN.store(HIDDEN.load(Relaxed) + 1, Relaxed);
    }
}

static SYSTICK_SWEEP: Sweep<97, 401> = Sweep::new();
static TIMER_SWEEP: Sweep<103, 397> = Sweep::new();

entry!(SysTick, on_systick);
extern "C" fn on_systick(_address: u32, _status: u32) {
    if IS_THEIRS.load(Relaxed) {
        push(&THEIRS, SYSTICK);
    } else {
        push(&OURS, SYSTICK);
    }
    CLOCK.alarm(SYSTICK_SWEEP.next());
}

entry!(Board, on_timer);
extern "C" fn on_timer(_address: u32, _status: u32) {
    timer::acknowledge();
    if IS_THEIRS.load(Relaxed) {
        in_timer(&THEIRS);
    } else {
        in_timer(&OURS);
    }
    timer::alarm(&CLOCK, TIMER_SWEEP.next());
}

/// The instructions of a call, without interrupts: of a hundred the least and the most.
fn instructions(look: u32, mut call: impl FnMut()) -> (u32, u32) {
    let (mut least, mut most) = (u32::MAX, 0);
    for _ in 0..100 {
        let earlier = clock::now();
        call();
        let taken = CLOCK.instructions(clock::since(earlier, clock::now()) - look);
        (least, most) = (least.min(taken), most.max(taken));
    }
    (least, most)
}

/// Measures, then passes all numbers. How often the timer's handler got a wrong answer.
fn pass(queue: &impl Fifo) -> u32 {
    fn name<F: Fifo>(_: &F) -> &'static str {
        F::NAME
    }
    CLOCK.count();
    let look = CLOCK.calibrate();
    let of_push = instructions(look, || {
        if !queue.push(0) {
            while queue.pop().is_some() {}
        }
    });
    while queue.pop().is_some() {}
    let of_both = instructions(look, || assert!(queue.push(0) && queue.pop().is_some()));
    CLOCK.stop();

    let zero = |counter: &AtomicU32| counter.store(0, Relaxed);
    PUSHED.iter().for_each(zero);
    zero(&REFUSED);
    zero(&HIDDEN);
    CAME.as_flattened().iter().for_each(|came| came.store(0, Relaxed));
    CLOCK.yields();
    CLOCK.alarm(100);
    timer::alarm(&CLOCK, 150);
    while PUSHED.iter().any(|pushed| pushed.load(Relaxed) < EACH) {
        push(queue, MAIN);
        pop(queue);
        pop(queue);
    }
    CLOCK.stop();
    timer::acknowledge();
    while pop(queue) {}
    assert!(CAME.as_flattened().iter().all(|came| came.load(Relaxed) == 1), "each number comes once");
    println!("{}: {} numbers came once each", name(queue), 3 * EACH);
    println!("  push: {} instructions or more; push and pop: {} to {}", of_push.0, of_both.0, of_both.1);
    println!(
        "  {} times full; {} times called empty by an interrupt that had pushed",
        REFUSED.load(Relaxed),
        HIDDEN.load(Relaxed)
    );
    HIDDEN.load(Relaxed)
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    assert_eq!(pass(&OURS), 0, "a number that is not published yet delays no other");
    #[expect(deprecated, reason = "because an interrupt can hide what others pushed, as the run shows")]
    let theirs = Theirs::new();
    // SAFETY:
    // - no interrupt is on.
    unsafe { (*THEIRS.0.get()).write(theirs) };
    IS_THEIRS.store(true, Relaxed);
    // Not asserted: what heapless promises is its own.
    pass(&THEIRS);
    host::exit(true)
}
