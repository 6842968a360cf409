//! User-defined ports: the system below a pool where there is no OS, or an OS that this library does not
//! know.
//!
//! The core sleeps on words. A microcontroller sleeps until an event or an interrupt; an RTOS lets a thread
//! wait for a semaphore. Seats connect the two: a fixed number of places in which threads sleep
//! (`seat_table.rs` has the protocol).
//!
//! ```text
//! Port      what a pool needs; a type parameter, so that a pool calls its port directly
//! ├─ System     the operating system's, or one that spins
//! └─ UserPort   a user-defined type; it owns its seats
//!    └─ jobring_port   the same for C: a table of functions (ffi/port.rs)
//! ```
//!
//! A pool holds its port by value. A port whose state is in statics has size zero: a pool on it is all zero
//! until it is used, and lies in `.bss`. A port with fields is used by reference. Copies of a port share its
//! seats, so one port serves any number of pools.

mod seat;
pub(crate) mod seat_table;

pub use seat::Seat;

/// A user-defined system below a pool: it lets a thread sleep in a seat, and wakes it.
///
/// Implement it for a type, and give a pool a value of that type or a reference to one
/// ([`StaticPool::with_port`](crate::StaticPool::with_port)). A type without fields takes no room in the
/// pool, which then lies in `.bss`. A reference makes the pool non-zero, so all of it lies in `.data`: in
/// flash as well as in RAM.
///
/// **Seats.** At most one thread at a time sleeps in a seat, so a seat is one binary semaphore: an RTOS's, or
/// a flag and WFI. WFE and SEV need no semaphores: an event reaches all cores, and is remembered for a core
/// that sleeps later.
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
/// 1. `current` returns what the calling thread last passed to `set_current`, or null if it never called
///    that; or it always returns null. Threads that share a core have separate values.
/// 2. No function unwinds: the pool is in the middle of an operation when it calls them.
pub unsafe trait UserPort: Sync {
    /// The seats. They are always the same, also for a copy of the port, and belong to no other port. Their
    /// number limits how many threads, workers included, can sleep at the same time in calls on this port's
    /// pools.
    ///
    /// A thread that finds no empty seat repeatedly [pauses](UserPort::pause) and looks again. All other
    /// threads can run, but an idle pool with fewer seats than workers uses CPU time. Without seats no thread
    /// sleeps.
    fn seats(&self) -> &[Seat];

    /// Puts the calling thread to sleep until `unpark` is called for this seat, for at most `timeout`
    /// nanoseconds (None: no limit). Returns at once if `unpark` was called since the last `park` in this
    /// seat returned; it need not remember more than one call. It may return spuriously, but if it always
    /// does, no thread sleeps.
    ///
    /// Only threads call it, never an interrupt. If `now` returns None, `timeout` is always None.
    fn park(&self, seat: usize, timeout: Option<u64>);

    /// Wakes the thread that sleeps in this seat, or the next one that is about to. Neither waits nor locks
    /// (it may mask interrupts for a few instructions). `from_isr`: the caller is an interrupt, which called
    /// [`try_submit_isr`](crate::PoolCore::try_submit_isr) or a similar function.
    fn unpark(&self, seat: usize, from_isr: bool);

    /// Blocks the calling thread for a short time, so that every other thread can run, also those of lower
    /// priority: for one tick of an RTOS. A yield is not enough, because it lets only threads of the same
    /// priority run. On cores without threads use a WFI or WFE that a timer ends, or a spin hint.
    ///
    /// A thread that has to wait and finds no empty seat calls it until the wait ends or a seat is empty.
    /// Only threads call it, never an interrupt.
    fn pause(&self);

    /// Nanoseconds of a monotonic clock. Always None if there is no clock: then a call with a finite timeout
    /// only polls. A thread that polls in a loop keeps threads of lower priority from running.
    fn now(&self) -> Option<u64> {
        None
    }

    /// What the calling thread last passed to `set_current`. Never called from an interrupt.
    ///
    /// A pool uses it to find out which jobs the calling thread is inside of. If it returns null, a job that
    /// waits for itself sleeps for ever instead of getting an error, and a shutdown inside a job never
    /// returns. Nothing else is lost.
    fn current(&self) -> *mut () {
        core::ptr::null_mut()
    }

    /// Stores a pointer for the calling thread: in its control block, in thread-local storage, or, on cores
    /// without threads, in an array with one element per core.
    fn set_current(&self, _context: *mut ()) {}
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

    fn set_current(&self, context: *mut ()) {
        (**self).set_current(context);
    }
}
