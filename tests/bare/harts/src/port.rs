//! The port below the pools: cores that sleep, wake each other, and have a clock.

use crate::{CORES, machine};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, fence};
use jobring::{Seat, UserPort};

#[derive(Clone, Copy)]
pub struct Cores;

static SEATS: [Seat; CORES] = [const { Seat::new() }; CORES];
/// The core that slept in a seat last, and whether the seat was unparked since then.
static SLEEPER: [AtomicUsize; CORES] = [const { AtomicUsize::new(0) }; CORES];
static CALLED: [AtomicBool; CORES] = [const { AtomicBool::new(false) }; CORES];
/// What each core gave to set_current.
static FRAME: [AtomicPtr<()>; CORES] = [const { AtomicPtr::new(ptr::null_mut()) }; CORES];

/// Cores that sleep or are about to; sleeps that ended.
static ASLEEP: AtomicUsize = AtomicUsize::new(0);
static AWOKE: AtomicUsize = AtomicUsize::new(0);

pub fn asleep() -> usize {
    ASLEEP.load(Relaxed)
}

pub fn awoke() -> usize {
    AWOKE.load(Relaxed)
}

// SAFETY:
// - 1: each core has its own place, and no threads. 2: a panic ends the firmware.
unsafe impl UserPort for Cores {
    fn seats(&self) -> &[Seat] {
        &SEATS
    }

    fn park(&self, seat: usize, timeout: Option<u64>) {
        SLEEPER[seat].store(machine::core(), Relaxed);
        // An earlier wake-up is consumed: the caller looks again after this.
        machine::answer();
        // ORDERING: Relaxed, and a fence: pairs with the one in unpark. Either this core sees the call, or
        // the caller sees it in the seat, and rings after `answer`, so that the sleep ends at once.
        fence(SeqCst);
        if !CALLED[seat].load(Relaxed) {
            ASLEEP.fetch_add(1, Relaxed);
            machine::sleep(timeout);
            ASLEEP.fetch_sub(1, Relaxed);
            AWOKE.fetch_add(1, Relaxed);
        }
        CALLED[seat].store(false, Relaxed);
    }

    fn unpark(&self, seat: usize, _from_isr: bool) {
        CALLED[seat].store(true, Relaxed);
        // ORDERING: as in park.
        fence(SeqCst);
        machine::ring(SLEEPER[seat].load(Relaxed));
    }

    /// A core has no other thread, and the others run anyway.
    fn pause(&self) {
        core::hint::spin_loop();
    }

    fn now(&self) -> Option<u64> {
        machine::HAS_ALARM.then(|| machine::ticks() * (1_000_000_000 / machine::ticks_per_second()))
    }

    fn current(&self) -> *mut () {
        FRAME[machine::core()].load(Relaxed)
    }

    fn set_current(&self, frame: *mut ()) {
        FRAME[machine::core()].store(frame, Relaxed);
    }
}
