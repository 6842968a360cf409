//! Ports of the user's making: the system under a pool where there is no OS, or one that this library does not know.
//!
//! The core sleeps on words; a microcontroller sleeps until an event or an interrupt comes, an RTOS lets a thread wait for a
//! semaphore. Between the two stands a [`Lot`]: a fixed number of seats (`seat_table.rs` has the protocol).

mod lot;
pub(crate) mod seat_table;
mod static_port;

pub use lot::Lot;
pub use static_port::{At, Home};

/// What a system does for the pools on it: lets a thread sleep in a seat, and wakes it. Give it to a [`Lot`].
///
/// **Seats.** At most one thread sleeps in a seat at a time, so each seat is one binary semaphore: of an RTOS, or made of
/// a flag and WFI. WFE and SEV need no seats: an event reaches all cores, and stays for who sleeps later.
///
/// ```
/// use jobring::{Lot, StaticPool, UserPort};
///
/// struct Cores;
///
/// // SAFETY: 1: current and set_current are left as they are. 2: nothing in it panics.
/// unsafe impl UserPort for Cores {
///     fn park(&self, _seat: usize, _timeout: Option<u64>) {
///         // On a Cortex-M or a Cortex-A: WFE. It returns at once if an event came since the last one.
/// #       core::hint::spin_loop();
///     }
///
///     fn unpark(&self, _seat: usize, _from_isr: bool) {
///         // DSB; SEV: to all cores, this one included.
///     }
///
///     fn pause(&self) {
///         // There are no threads to let run.
///         core::hint::spin_loop();
///     }
/// }
///
/// static PORT: Lot<Cores, 4> = Lot::new(Cores);
/// static POOL: StaticPool<64, 4, 48, &Lot<Cores, 4>> = StaticPool::with_port(&PORT);
///
/// let job = POOL.try_submit(|| 6 * 7).expect("there is room");
/// assert_eq!(job.wait().unwrap(), 42);
/// ```
///
/// # Safety
/// 1. `current` gives what the calling thread gave to `set_current` last, or null if it never did; or it gives null always.
///    Where threads share a core, each has its own.
/// 2. No function unwinds: the pool is in the middle of something when it calls them.
pub unsafe trait UserPort: Sync {
    /// Lets the calling thread sleep until `unpark` is called for this seat, for at most `timeout` nanoseconds (None: without
    /// end). Returns at once if that was called since the last `park` in this seat returned; one call is
    /// remembered, more need not be. It may return at any time for no reason, but not always: then nobody sleeps.
    ///
    /// Called by threads only, never from an interrupt that called the pool. Where `now` gives None it is never called
    /// with a timeout.
    fn park(&self, seat: usize, timeout: Option<u64>);

    /// Wakes the thread that sleeps in this seat, or the next that is about to. Neither waits nor locks (masking interrupts
    /// for a few instructions is well). `from_isr`: the caller is an interrupt, and came by
    /// [`try_submit_isr`](crate::PoolCore::try_submit_isr) or its like.
    fn unpark(&self, seat: usize, from_isr: bool);

    /// Blocks the calling thread for a short while, so that every other thread may run, also those of lower priority: one tick
    /// of an RTOS. A yield is not enough, since it lets only threads of the same priority run. On cores without threads
    /// that is a WFI or WFE that a timer ends, or a spin hint.
    ///
    /// A thread that has to wait and finds no empty seat calls it until the wait ends or a seat is empty. Called by threads only,
    /// never from an interrupt.
    fn pause(&self);

    /// Nanoseconds of a clock that never goes back. None, always, where there is none: then a call with a finite timeout
    /// only polls. A thread that polls in a loop keeps threads of lower priority from running.
    fn now(&self) -> Option<u64> {
        None
    }

    /// What the calling thread last gave to `set_current`. Never called from an interrupt.
    ///
    /// A pool asks by it who calls. Without it (null) a job that waits for itself, or shuts its pool down, sleeps for ever
    /// instead of being told or let through; nothing else is lost.
    fn current(&self) -> *mut () {
        core::ptr::null_mut()
    }

    /// Keeps a pointer for the calling thread: in its control block, its thread-local storage, or, on cores without
    /// threads, in an array with a place for each core.
    fn set_current(&self, _frame: *mut ()) {}
}
