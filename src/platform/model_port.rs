//! The system below a model: a futex, a clock, and the calling thread's context.

extern crate std;

use crate::job::context::CallContext;
use crate::platform::port::{Origin, Port};
use crate::sync::{AtomicUsize, Relaxed, spin_loop};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::Ordering::AcqRel;
use std::sync::{Arc, Mutex, MutexGuard};
use std::vec::Vec;

loom::thread_local! { static CURRENT: Cell<*const CallContext> = Cell::new(ptr::null()); }

/// The clock of a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// There is no clock: only the timeouts "poll" and "for ever" exist.
    None,
    /// A sleep with a time limit returns at once, and the clock moves on by the limit.
    Hasty,
    /// Time passes only when the model calls [`ModelPort::pass`].
    Manual,
}

/// A futex without a lock, so that its only happens-before is from a waker to the thread that it wakes (by
/// loom's `unpark`). It wakes the sleepers of an address in the order of their arrival. It returns spuriously
/// only when a model calls [`Port::wake_all`] without a reason.
#[derive(Clone)]
pub struct ModelPort {
    system: Arc<Shared>,
    /// Never wakes: for a thread that is stopped between its decision to wake and the wake.
    mute: bool,
}

struct Shared {
    clock: Clock,
    /// Changed by every thread that uses `state`, for the checker: it tries only the orders of operations on
    /// a word that it knows, and it does not know `state`.
    meeting: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    now: u64,
    sleepers: Vec<Sleeper>,
}

struct Sleeper {
    address: usize,
    end: Option<u64>,
    thread: loom::thread::Thread,
}

impl ModelPort {
    /// A port with its own sleepers, which no other port wakes.
    pub fn new(clock: Clock) -> Self {
        let state = Mutex::new(State { now: 0, sleepers: Vec::new() });
        Self { system: Arc::new(Shared { clock, meeting: AtomicUsize::new(0), state }), mute: false }
    }

    /// The port of a thread that stops for ever before a wake-up.
    pub(crate) fn muted(&self) -> Self {
        Self { mute: true, ..self.clone() }
    }

    fn meet(&self) -> MutexGuard<'_, State> {
        self.system.meeting.fetch_add(1, Relaxed);
        self.system.state.lock().unwrap()
    }

    /// Waits until the descriptor is readable.
    pub fn poll(&self, descriptor: &AtomicUsize) {
        while descriptor.load(Relaxed) == 0 {
            self.wait(descriptor, 0, None);
        }
    }

    /// Lets time pass, and ends the sleeps whose time limit has passed.
    pub fn pass(&self, nanos: u64) {
        let mut state = self.meet();
        state.now += nanos;
        let now = state.now;
        for over in state.sleepers.extract_if(.., |s| s.end.is_some_and(|end| end <= now)) {
            over.thread.unpark();
        }
    }
}

impl Port for ModelPort {
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
        if let Some(nanos) = timeout
            && self.system.clock == Clock::Hasty
        {
            self.pass(nanos);
            return spin_loop();
        }
        let end = timeout.map(|nanos| self.meet().now + nanos);
        self.system.meeting.fetch_add(1, Relaxed);
        // A read-modify-write reads the newest value, as the kernel's read does against a wake. The checker
        // lets no other thread run between it and `park`.
        let now = word.fetch_or(0, Relaxed);
        let mut state = self.system.state.lock().unwrap();
        if now as u32 == expected as u32 && end.is_none_or(|end| state.now < end) {
            let address = ptr::from_ref(word) as usize;
            state.sleepers.push(Sleeper { address, end, thread: loom::thread::current() });
            drop(state);
            loom::thread::park();
        }
    }

    fn signal(&self, descriptor: usize) {
        let word = descriptor as *const AtomicUsize;
        // SAFETY:
        // - a model's descriptor is the address of a word that outlives its pool.
        // A read-modify-write, as in `wait`: the checker may order a store before one that it has seen.
        unsafe { &*word }.fetch_or(1, AcqRel);
        self.wake(word, true, Origin::Thread);
    }

    fn clear(&self, descriptor: usize) {
        // SAFETY:
        // - as in signal.
        unsafe { &*(descriptor as *const AtomicUsize) }.swap(0, AcqRel);
    }

    fn wake(&self, word: *const AtomicUsize, all: bool, _: Origin) {
        if self.mute {
            return;
        }
        let mut state = self.meet();
        for _ in 0..if all { usize::MAX } else { 1 } {
            let Some(at) = state.sleepers.iter().position(|s| s.address == word as usize) else { break };
            state.sleepers.remove(at).thread.unpark();
        }
    }

    fn now(&self) -> Option<u64> {
        match self.system.clock {
            Clock::None => None,
            Clock::Hasty | Clock::Manual => Some(self.meet().now),
        }
    }

    fn has_timed_sleep(&self) -> bool {
        self.system.clock != Clock::None
    }

    fn current(&self) -> *const CallContext {
        CURRENT.with(Cell::get)
    }

    fn set_current(&self, context: *const CallContext) {
        CURRENT.with(|current| current.set(context));
    }
}
