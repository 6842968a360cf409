//! User-defined ports: the system under a pool where there is no OS, or one that this library does not know.
//!
//! The core sleeps on words. A microcontroller sleeps until an event or an interrupt comes; an RTOS lets a thread wait for a
//! semaphore. Seats join the two: a fixed number of places in which threads sleep (`seat_table.rs` has the protocol).
//!
//! ```text
//! Port      what a pool needs; a type parameter, so that a pool calls its port directly
//! ├─ System     the operating system's, or spinning where there is none
//! └─ UserPort   the user's type; it owns its seats
//!    └─ jobring_port   C's: a table of functions (ffi/port.rs)
//! ```
//!
//! A pool holds its port by value. A port whose state lies in statics has no size, so a pool on it is all zero until used and
//! lies in `.bss`. A port with state of its own is used by reference. Copies of a port share its seats, so that any number of pools may
//! be on one port.

mod seat;
pub(crate) mod seat_table;

pub use seat::Seat;

/// The system under a pool, as the user defines it: lets a thread sleep in a seat, and wakes it.
///
/// Implement it for a type, and give a pool a value of that type or a reference to one
/// ([`StaticPool::with_port`](crate::StaticPool::with_port)). A type without fields takes no room in the pool, and a pool on it lies in
/// `.bss`. A reference is an address in the pool, which then lies in `.data`, all of it: in flash as well as in RAM.
///
/// **Seats.** At most one thread sleeps in a seat at a time, so each seat is one binary semaphore: of an RTOS, or made of
/// a flag and WFI. WFE and SEV need no semaphores: an event reaches all cores, and stays for one that sleeps later.
///
/// ```
/// use jobring::{Seat, StaticPool, UserPort};
///
/// #[derive(Clone, Copy)]
/// struct Cores;
///
/// static SEATS: [Seat; 4] = [const { Seat::new() }; 4];
///
/// // SAFETY: 1: current and set_current are left as they are. 2: nothing in it panics.
/// unsafe impl UserPort for Cores {
///     fn seats(&self) -> &[Seat] {
///         &SEATS
///     }
///
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
/// static POOL: StaticPool<64, 4, 48, Cores> = StaticPool::with_port(Cores);
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
    /// The seats: always the same, also those of a copy, and no other port's. Their number is how many threads can sleep at the same time
    /// in calls on the pools of this port, workers included.
    ///
    /// A thread that finds no empty seat [pauses](UserPort::pause) and looks, in turn: it lets all others run, but an idle pool whose
    /// workers have fewer seats than they need goes on waking up. Without any seat no thread sleeps.
    fn seats(&self) -> &[Seat];

    /// Lets the calling thread sleep until `unpark` is called for this seat, for at most `timeout` nanoseconds (None: without
    /// end). Returns at once if that was called since the last `park` in this seat returned; one call is
    /// remembered, more need not be. It may return at any time for no reason, but if it always does, no thread sleeps.
    ///
    /// Called by threads only, never from an interrupt that called the pool. Where `now` gives None it is never called
    /// with a timeout.
    fn park(&self, seat: usize, timeout: Option<u64>);

    /// Wakes the thread that sleeps in this seat, or the next that is about to. Neither waits nor locks (masking interrupts
    /// for a few instructions is allowed). `from_isr`: the caller is an interrupt, and came by
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
    /// instead of getting an error or being let through; nothing else is lost.
    fn current(&self) -> *mut () {
        core::ptr::null_mut()
    }

    /// Keeps a pointer for the calling thread: in its control block, its thread-local storage, or, on cores without
    /// threads, in an array with a place for each core.
    fn set_current(&self, _frame: *mut ()) {}
}

// SAFETY:
// - 1, 2: those of the port behind the reference.
unsafe impl<U: UserPort> UserPort for &U {
    fn seats(&self) -> &[Seat] {
        (**self).seats()
    }

    fn park(&self, seat: usize, timeout: Option<u64>) {
        (**self).park(seat, timeout);
    }

    fn unpark(&self, seat: usize, from_isr: bool) {
        (**self).unpark(seat, from_isr);
    }

    fn pause(&self) {
        (**self).pause();
    }

    fn now(&self) -> Option<u64> {
        (**self).now()
    }

    fn current(&self) -> *mut () {
        (**self).current()
    }

    fn set_current(&self, frame: *mut ()) {
        (**self).set_current(frame);
    }
}
