//! What a pool asks of the system under it: sleep on a word, wake, a clock, and who the calling thread is.

use crate::job::context::{CallContext, Stack};
use crate::sync::AtomicUsize;
use crate::sync::spin_loop;
use crate::util::backoff::yield_in_model;

/// Who calls. Only a user-defined port tells the two apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    Thread,
    /// An interrupt: it may wake a thread, and does not wait.
    Isr,
}

/// The services of the system below. The core never blocks but through `wait`.
pub trait Port {
    /// Does a sleep of the pool end by itself in any case: since there is a clock, or since nobody sleeps at all?
    const WAKES_BY_ITSELF: bool = false;

    /// May sleep while the low half of `word` equals that of `expected`, for at most `timeout` nanoseconds; may
    /// return at any time for no reason. Compares and goes to sleep in one step as seen by `wake_*`.
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>);

    /// Wakes one thread that sleeps on `word`, or `all` of them. Only the address is used: the word may be gone already.
    /// Neither locks nor allocates where the port says so.
    fn wake(&self, word: *const AtomicUsize, all: bool, origin: Origin);

    /// Wakes one thread that sleeps on `word`; the caller is a thread.
    #[inline(always)]
    fn wake_one(&self, word: *const AtomicUsize) {
        self.wake(word, false, Origin::Thread);
    }

    /// Wakes every thread that sleeps on `word`; the caller is a thread.
    #[inline(always)]
    fn wake_all(&self, word: *const AtomicUsize) {
        self.wake(word, true, Origin::Thread);
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
                    yield_in_model();
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
