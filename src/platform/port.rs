//! What a pool needs of the system below it: sleep on a word, wake, a clock, and the calling thread's
//! context.

use crate::job::context::{CallContext, Stack};
use crate::sync::AtomicUsize;
use crate::sync::spin_loop;
use crate::util::backoff::yield_in_model;
use core::time::Duration;

/// Where a call comes from. Only a user-defined port distinguishes the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    Thread,
    /// An interrupt: it may wake a thread, but never waits.
    Isr,
}

/// The services of the system below. The core blocks only in `wait` and `pause`.
pub trait Port {
    /// Does every sleep of the pool end by itself, because there is a clock, or because nobody sleeps at all?
    const WAKES_BY_ITSELF: bool = false;

    /// Can a thread sleep at all? False for a port that spins: it needs no wake-ups, and no code for them.
    const SLEEPS: bool = true;

    /// May sleep while the low half of `word` equals that of `expected`, for at most `timeout` nanoseconds.
    /// May return spuriously at any time. For `wake` the comparison and the sleep are one atomic step.
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>);

    /// Wakes one thread that sleeps on `word`, or `all` of them. Uses only the address: the word may already
    /// be gone. Each port says whether this locks or allocates.
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

    /// Nanoseconds of a monotonic clock. None if there is no clock: then only the timeouts "poll" and "for
    /// ever" exist.
    fn now(&self) -> Option<u64>;

    /// May an idle worker sleep with a time limit, to look at the rings when it ends? Not without a clock,
    /// nor if such a sleep costs other threads something (in a seat of a user-defined port it wakes another
    /// thread in its place).
    #[inline(always)]
    fn has_timed_sleep(&self) -> bool {
        false
    }

    /// A counter of the processor that runs at a constant 1 to 6 GHz and is faster to read than a clock. For
    /// estimates only. None if there is no such counter.
    #[inline(always)]
    fn ticks(&self) -> Option<u64> {
        None
    }

    /// Yields this CPU to another thread, if one is ready to run.
    fn yield_now(&self) {}

    /// The calling thread's stack; None if the system does not tell. The first call on a thread may take some
    /// 10 µs, and the system's library may allocate in it, so it is not for every job.
    fn stack(&self) -> Option<Stack> {
        None
    }

    /// The number of forks between this process and the first; 0 if the system has no forks, or nobody counts
    /// them.
    #[inline(always)]
    fn forks(&self) -> usize {
        0
    }

    /// Gets what the pools of this process need from the system: notice of forks, and a pointer for each
    /// thread. False if the system refuses; the call may be repeated.
    fn prepare(&self) -> bool {
        true
    }

    /// Makes a descriptor readable, for a thread that polls it. Ports without descriptors have none to name.
    fn signal(&self, _descriptor: usize) {}

    /// Makes it unreadable again.
    fn clear(&self, _descriptor: usize) {}

    /// Lets every other thread run for a short time, also those of lower priority.
    fn pause(&self) {
        spin_loop();
    }

    /// The calling thread's innermost context; null if it has none, or the port does not keep it.
    fn current(&self) -> *const CallContext;

    /// Makes `context` the calling thread's innermost context.
    fn set_current(&self, context: *const CallContext);
}

/// How long a call may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// It does not wait.
    Poll,
    /// It waits without a time limit.
    Forever,
    /// It waits for at most this many nanoseconds.
    Nanos(u64),
}

impl From<Duration> for Timeout {
    fn from(time: Duration) -> Self {
        Self::Nanos(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// The time at which a wait ends.
#[derive(Clone, Copy)]
pub(crate) enum Deadline {
    Passed,
    Never,
    At(u64),
}

impl Deadline {
    /// `timeout` from now, saturating. Without a clock a finite timeout is a poll.
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

    /// The time that is left: Err(()) if none, Ok(None) if there is no limit.
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
