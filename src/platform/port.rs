//! What a pool asks of the system under it: sleep on a word, wake, a clock, and who the calling thread is.

use crate::job::context::{CallContext, Stack};
use crate::sync::AtomicUsize;
use crate::sync::spin_loop;
use crate::util::backoff::look_again;

/// The services of the system below. The core never blocks but through `wait`.
pub trait Port {
    /// Does a sleep of the pool end by itself in any case: since there is a clock, or since nobody sleeps at all?
    const WAKES_BY_ITSELF: bool = false;

    /// May sleep while the low half of `word` equals that of `expected`, for at most `timeout` nanoseconds; may
    /// return at any time for no reason. Compares and goes to sleep in one step as seen by `wake_*`.
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>);

    /// Wakes one thread that sleeps on `word`. Only the address is used: the word may be gone already.
    /// Neither locks nor allocates where the port says so.
    fn wake_one(&self, word: *const AtomicUsize);

    /// Wakes every thread that sleeps on `word`, under the same rules.
    fn wake_all(&self, word: *const AtomicUsize);

    /// As `wake_one`, or as `wake_all`, for an interrupt.
    fn wake_from_isr(&self, word: *const AtomicUsize, all: bool) {
        if all { self.wake_all(word) } else { self.wake_one(word) }
    }

    /// Nanoseconds of a clock that never goes back, or None where there is no clock (then only the timeouts
    /// "poll" and "for ever" exist).
    fn now(&self) -> Option<u64>;

    /// May a worker that has nothing to do sleep with an end, to look again? Not where there is no clock, or where such a sleep
    /// costs others something (in a seat of a user-defined port it wakes another in its place).
    #[inline(always)]
    fn naps(&self) -> bool {
        false
    }

    /// What the processor counts at some 1 to 6 GHz, whatever else it does, if that can be read in less time than a clock:
    /// good for guesses only. None where there is no such thing.
    #[inline(always)]
    fn ticks(&self) -> Option<u64> {
        None
    }

    /// Lets another thread have this CPU, if one waits for it.
    fn yield_now(&self) {}

    /// The calling thread's stack; None where the system cannot be asked. May take some 10 µs for the first time on a thread, and
    /// the system's library may allocate then: not for the way of each job.
    fn stack(&self) -> Option<Stack> {
        None
    }

    /// How many forks lie between this process and the first; 0 where there are none, or they are not watched.
    #[inline(always)]
    fn forks(&self) -> usize {
        0
    }

    /// Gets from the system what the pools of this process need: to be told of forks, a pointer for each thread. False if it
    /// refuses; then it may be asked again.
    fn prepare(&self) -> bool {
        true
    }

    /// Lets every other thread run for a short while, also those of lower priority.
    fn pause(&self) {
        spin_loop();
    }

    /// The innermost frame of the calling thread; null if it is in none or the port cannot tell.
    fn current(&self) -> *const CallContext;

    /// Makes `frame` the innermost frame of the calling thread.
    fn set_current(&self, frame: *const CallContext);
}

/// The port of a build without an OS: waits by spinning, has no clock and does not know its threads. So a job
/// that waits for itself is not noticed.
#[cfg(not(any(feature = "std", feature = "pthread")))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Spin;

#[cfg(not(any(feature = "std", feature = "pthread")))]
impl Port for Spin {
    const WAKES_BY_ITSELF: bool = true;

    fn wait(&self, _: &AtomicUsize, _: usize, _: Option<u64>) {
        spin_loop();
    }

    fn wake_one(&self, _: *const AtomicUsize) {}

    fn wake_all(&self, _: *const AtomicUsize) {}

    fn now(&self) -> Option<u64> {
        None
    }

    fn current(&self) -> *const CallContext {
        core::ptr::null()
    }

    fn set_current(&self, _: *const CallContext) {}
}

/// A port as an interrupt sees it. A pool on `P` is laid out as one on this.
#[derive(Clone)]
#[repr(transparent)]
pub(crate) struct FromIsr<P>(P);

impl<P: Port> Port for FromIsr<P> {
    const WAKES_BY_ITSELF: bool = P::WAKES_BY_ITSELF;

    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
        debug_assert!(false, "an interrupt does not wait");
        self.0.wait(word, expected, timeout);
    }

    fn wake_one(&self, word: *const AtomicUsize) {
        self.0.wake_from_isr(word, false);
    }

    fn wake_all(&self, word: *const AtomicUsize) {
        self.0.wake_from_isr(word, true);
    }

    fn now(&self) -> Option<u64> {
        self.0.now()
    }

    fn stack(&self) -> Option<Stack> {
        self.0.stack()
    }

    #[inline(always)]
    fn forks(&self) -> usize {
        self.0.forks()
    }

    fn pause(&self) {
        self.0.pause();
    }

    fn current(&self) -> *const CallContext {
        self.0.current()
    }

    fn set_current(&self, frame: *const CallContext) {
        self.0.set_current(frame);
    }
}

/// How long a call may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// Does not wait at all.
    Poll,
    /// Waits until a thread makes it true.
    Forever,
    /// At most so many nanoseconds.
    Nanos(u64),
}

/// The moment at which a wait ends.
#[derive(Clone, Copy)]
pub(crate) enum Deadline {
    Passed,
    Never,
    At(u64),
}

impl Deadline {
    /// `timeout` from now on, saturating. Without a clock a finite timeout is a poll.
    pub(crate) fn after(port: &impl Port, timeout: Timeout) -> Self {
        match timeout {
            Timeout::Forever => Self::Never,
            Timeout::Poll | Timeout::Nanos(0) => Self::Passed,
            Timeout::Nanos(nanos) => {
                let Some(now) = port.now() else {
                    look_again();
                    return Self::Passed;
                };
                Self::At(now.saturating_add(nanos))
            }
        }
    }

    /// What is left: Err(()) if nothing, Ok(None) if no end.
    pub(crate) fn left(self, port: &impl Port) -> Result<Option<u64>, ()> {
        match self {
            Self::Passed => Err(()),
            Self::Never => Ok(None),
            Self::At(end) => match end.saturating_sub(port.now().unwrap_or(u64::MAX)) {
                0 => Err(()),
                left => Ok(Some(left)),
            },
        }
    }
}
