//! A port of the caller's: the system under a pool, in builds that know none (feature `port`).

use super::abi_struct;
use super::status::{JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED, StatusError};
use core::ffi::c_void;
use core::mem::{MaybeUninit, offset_of};
use core::ptr;

/// Nanoseconds of a clock that never goes back.
pub type jobring_now_fn = Option<unsafe extern "C" fn(ctx: *mut c_void) -> u64>;
/// Lets the calling thread sleep in a seat: see jobring_port.
pub type jobring_park_fn = Option<unsafe extern "C" fn(ctx: *mut c_void, seat: u32, timeout_ns: i64)>;
/// Wakes the thread in a seat: see jobring_port.
pub type jobring_unpark_fn = Option<unsafe extern "C" fn(ctx: *mut c_void, seat: u32, from_isr: u32)>;
/// Lets all other threads run for a while: see jobring_port.
pub type jobring_pause_fn = Option<unsafe extern "C" fn(ctx: *mut c_void)>;
/// What the calling thread gave to jobring_set_self_fn last, or NULL.
pub type jobring_get_self_fn = Option<unsafe extern "C" fn() -> *mut c_void>;
/// Keeps a pointer for the calling thread.
pub type jobring_set_self_fn = Option<unsafe extern "C" fn(pointer: *mut c_void)>;
/// What a worker's thread is to call, once, with the `arg` that came with it. Returns when the worker is done.
pub type jobring_entry_fn = Option<unsafe extern "C" fn(arg: *mut c_void)>;
/// Makes the thread of a worker: see jobring_port.
pub type jobring_spawn_fn = Option<
    unsafe extern "C" fn(ctx: *mut c_void, worker: u32, entry: jobring_entry_fn, arg: *mut c_void) -> i32,
>;
/// Waits for the end of a worker's thread: see jobring_port.
pub type jobring_join_fn = Option<unsafe extern "C" fn(ctx: *mut c_void, worker: u32)>;

/// A place for one sleeping thread. All zero at first; its insides are the library's.
#[repr(C)]
pub struct jobring_seat {
    /// Zero at first.
    pub word: usize,
}

/// What a system gives to the pools on it, where the library knows none: builds without threads and with the feature
/// `port` (jobring_features() has JOBRING_FEATURE_PORT); others return JOBRING_E_UNSUPPORTED. Unlike a configuration it is
/// not copied: it and what it points to stay as they are as long as there is a pool with it, or a thread inside a
/// call on one; without `join`, until the last worker's thread has returned from its `entry`, which may be after
/// jobring_destroy(). It may lie in read-only memory. Every function may be called by any thread, and calls nothing of this
/// library.
///
/// A pool without a port, in a build without threads, has threads that wait by spinning, no clock, and does not notice that a
/// job waits for itself. A thread that spins keeps threads of lower priority from running: where threads have priorities, give
/// it a port.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_port {
    /// sizeof (jobring_port).
    pub size: u32,
    /// How many seats there are, at most 65,535: as many threads can sleep at the same time in calls on pools with these
    /// seats, workers included. A thread that finds no seat calls `pause` and looks, in turn: it lets all others run, but an
    /// idle pool whose workers have fewer seats than they need goes on waking up.
    pub seat_count: u32,
    /// The seats: zeroed memory, for all pools of this port.
    pub seats: *mut jobring_seat,
    /// Handed to the functions.
    pub ctx: *mut c_void,
    /// The clock. NULL: there is none; then a finite timeout only polls, and `park` gets none. A thread that polls in a loop
    /// keeps threads of lower priority from running.
    pub now: jobring_now_fn,
    /// Lets the calling thread sleep until `unpark` is called for this seat, for at most `timeout_ns` (JOBRING_FOREVER: no
    /// end). Returns at once if that was called since the last park in this seat returned: one call is remembered,
    /// more need not be. So a seat is one binary semaphore. At most one thread is in a seat. It may return at any time for
    /// no reason, but not always. Where an event reaches all cores and stays (WFE and SEV), the seat does not matter.
    pub park: jobring_park_fn,
    /// Wakes the thread that sleeps in this seat, or is about to. Neither waits nor locks (interrupts may be masked for a
    /// few instructions). `from_isr` is 1 if the caller is an interrupt (jobring_try_submit_isr(),
    /// JOBRING_FULL_FAIL_ISR), else 0.
    pub unpark: jobring_unpark_fn,
    /// Blocks the calling thread for a short while, so that every other thread may run, also those of lower priority: one tick
    /// of an RTOS (vTaskDelay(1), k_sleep(K_TICKS(1))). A yield is not enough, since it lets only threads of the same
    /// priority run. On cores without threads that is a WFI or WFE that a timer ends, or nothing. Called by a thread that
    /// has to wait and finds no empty seat, until the wait ends or a seat is empty; never from an interrupt.
    pub pause: jobring_pause_fn,
    /// What the calling thread gave to `set_self` last, NULL if it never did. Never called from an interrupt. All ports of a
    /// program have the same: one that has another than the first of them is JOBRING_E_INVALID.
    ///
    /// NULL: the pool does not know who calls. Then jobring_fail() has no effect, jobring_self(),
    /// jobring_worker_index() and jobring_cancel_requested() find no job, and a job that waits for itself, or shuts
    /// down its pool, sleeps for ever instead of being port_self or let through.
    pub get_self: jobring_get_self_fn,
    /// Keeps a pointer for the calling thread: in its control block, its thread-local storage, or, on cores without
    /// threads, in an array with a place for each core. NULL if and only if `get_self` is.
    pub set_self: jobring_set_self_fn,
    /// Makes a thread that calls `entry` with `arg`, and returns 0; or returns another number and makes none. `worker`
    /// counts from 0. Stack, priority and name are up to the port. NULL: no threads are made, and threads become workers
    /// by jobring_enter_worker().
    pub spawn: jobring_spawn_fn,
    /// Waits until that thread has returned from `entry`, and gives back what it was made of. Called by
    /// jobring_destroy() for each worker. NULL: jobring_destroy() returns when the thread touches nothing of the pool's
    /// any more, though it may still be about to return. Not without `spawn`.
    pub join: jobring_join_fn,
}

const FIRST_SIZE: usize = offset_of!(jobring_port, join) + size_of::<jobring_join_fn>();
/// Can a pool have workers of its own in this build, made by the system or by a port? If not, no port is looked at either.
pub(super) const MAKES_WORKERS: bool = cfg!(any(feature = "std", feature = "pthread", feature = "port"));
const MOST_SEATS: u32 = 65_535;

/// A configuration's port, checked; None for NULL.
///
/// # Safety
/// 1. `at` is NULL or readable as its size says, and stays so as long as the header says.
pub(super) unsafe fn read(at: *const jobring_port) -> Result<Option<&'static jobring_port>, StatusError> {
    if at.is_null() {
        return Ok(None);
    }
    if !MAKES_WORKERS {
        return Err(StatusError(JOBRING_E_UNSUPPORTED));
    }
    let nothing = jobring_port {
        size: 0,
        seat_count: 0,
        seats: ptr::null_mut(),
        ctx: ptr::null_mut(),
        now: None,
        park: None,
        unpark: None,
        pause: None,
        get_self: None,
        set_self: None,
        spawn: None,
        join: None,
    };
    let mut room = MaybeUninit::uninit();
    // SAFETY:
    // - 1.
    let port = unsafe { abi_struct::known(at, &nothing, FIRST_SIZE, &mut room) }?;
    let right = (1..=MOST_SEATS).contains(&port.seat_count)
        && !port.seats.is_null()
        && port.seats.is_aligned()
        && port.park.is_some()
        && port.unpark.is_some()
        && port.pause.is_some()
        && port.get_self.is_some() == port.set_self.is_some()
        && (port.join.is_none() || port.spawn.is_some());
    // SAFETY:
    // - 1: at least FIRST_SIZE, which is the whole of the type.
    if right { Ok(Some(unsafe { &*at })) } else { Err(StatusError(JOBRING_E_INVALID)) }
}

#[cfg(any(feature = "std", feature = "pthread"))]
pub(super) use known::{Below, below, current};
#[cfg(not(any(feature = "std", feature = "pthread")))]
pub(super) use unknown::{Below, below, current};

/// Where the library knows the system: no other is taken.
#[cfg(any(feature = "std", feature = "pthread"))]
mod known {
    use super::jobring_port;
    use crate::ffi::status::{JOBRING_E_UNSUPPORTED, StatusError};
    use crate::job::context::CallContext;
    use crate::platform::System;
    use crate::platform::port::Port;

    /// What a C pool is on.
    pub(in crate::ffi) type Below = System;

    pub(in crate::ffi) fn below(port: Option<&'static jobring_port>) -> Result<Below, StatusError> {
        if port.is_some() { Err(StatusError(JOBRING_E_UNSUPPORTED)) } else { Ok(System) }
    }

    /// The calling thread's innermost frame.
    pub(in crate::ffi) fn current() -> *const CallContext {
        System.current()
    }
}

/// Where it does not.
#[cfg(not(any(feature = "std", feature = "pthread")))]
mod unknown {
    use super::{jobring_entry_fn, jobring_port};
    #[cfg(feature = "port")]
    use crate::ffi::status::JOBRING_E_INVALID;
    use crate::ffi::status::StatusError;
    use crate::job::context::CallContext;
    use crate::platform::port::{Port, Spin};
    use crate::platform::port_self;
    use crate::platform::user_port::UserPort;
    use crate::platform::user_port::seat_table::{self, Seat};
    use crate::sync::AtomicUsize;
    use core::ffi::c_void;
    use core::ptr;

    #[cfg(feature = "port")]
    #[derive(Clone, Copy)]
    struct PortRef(&'static jobring_port);

    /// There is none: all that is done with one is left out, and of what is on `Below` only spinning remains.
    #[cfg(not(feature = "port"))]
    #[derive(Clone, Copy)]
    enum PortRef {}

    // SAFETY:
    // - the header's: its functions may be called by any thread, and nobody changes it.
    #[cfg(feature = "port")]
    unsafe impl Sync for PortRef {}

    impl PortRef {
        #[cfg(feature = "port")]
        fn port(self) -> &'static jobring_port {
            self.0
        }

        #[cfg(not(feature = "port"))]
        fn port(self) -> &'static jobring_port {
            match self {}
        }
    }

    /// What a C pool is on: the caller's port, or nothing.
    #[derive(Clone, Copy)]
    pub(in crate::ffi) struct Below(Option<PortRef>);

    #[cfg(not(feature = "port"))]
    pub(in crate::ffi) fn below(_: Option<&'static jobring_port>) -> Result<Below, StatusError> {
        Ok(Below(None))
    }

    #[cfg(feature = "port")]
    pub(in crate::ffi) fn below(port: Option<&'static jobring_port>) -> Result<Below, StatusError> {
        let known = port.and_then(|port| port.get_self).is_none_or(port_self::asks);
        if known { Ok(Below(port.map(PortRef))) } else { Err(StatusError(JOBRING_E_INVALID)) }
    }

    /// The calling thread's innermost frame.
    pub(in crate::ffi) fn current() -> *const CallContext {
        if cfg!(feature = "port") { port_self::current().cast() } else { ptr::null() }
    }

    impl Below {
        pub(in crate::ffi) fn spawns(self) -> bool {
            self.0.is_some_and(|given| given.port().spawn.is_some())
        }

        /// Makes a worker's thread. False if there is none.
        ///
        /// # Safety
        /// 1. `entry` may be called with `arg` on any thread.
        pub(in crate::ffi) unsafe fn spawn(
            self,
            worker: usize,
            entry: jobring_entry_fn,
            arg: *mut c_void,
        ) -> bool {
            let port = self.0.and_then(|given| given.port().spawn.map(|spawn| (spawn, given.port().ctx)));
            // SAFETY:
            // - the port's promise, and 1.
            port.is_some_and(|(spawn, ctx)| unsafe { spawn(ctx, worker as u32, entry, arg) } == 0)
        }

        pub(in crate::ffi) fn join(self, worker: usize) {
            if let Some(given) = self.0
                && let Some(join) = given.port().join
            {
                // SAFETY:
                // - the port's promise; this worker was spawned.
                unsafe { join(given.port().ctx, worker as u32) };
            }
        }
    }

    impl PortRef {
        fn seats(&self) -> &[Seat] {
            // SAFETY:
            // - the header's: so many seats, zeroed at first, nobody else's. A Seat is a transparent atomic word.
            unsafe { core::slice::from_raw_parts(self.port().seats.cast(), self.port().seat_count as usize) }
        }
    }

    // SAFETY:
    // - 1: the header says the same of get_self and set_self. 2: what would unwind out of an extern "C" function aborts.
    unsafe impl UserPort for PortRef {
        fn park(&self, seat: usize, timeout: Option<u64>) {
            let nanos = timeout.map_or(-1, |nanos| i64::try_from(nanos).unwrap_or(i64::MAX));
            if let Some(park) = self.port().park {
                // SAFETY:
                // - the port's promise.
                unsafe { park(self.port().ctx, seat as u32, nanos) };
            }
        }

        fn unpark(&self, seat: usize, from_isr: bool) {
            if let Some(unpark) = self.port().unpark {
                // SAFETY:
                // - the port's promise.
                unsafe { unpark(self.port().ctx, seat as u32, u32::from(from_isr)) };
            }
        }

        fn pause(&self) {
            if let Some(pause) = self.port().pause {
                // SAFETY:
                // - the port's promise.
                unsafe { pause(self.port().ctx) };
            }
        }

        fn now(&self) -> Option<u64> {
            // SAFETY:
            // - the port's promise.
            self.port().now.map(|now| unsafe { now(self.port().ctx) })
        }

        fn current(&self) -> *mut () {
            // SAFETY:
            // - the port's promise.
            self.port().get_self.map_or(ptr::null_mut(), |get| unsafe { get() }.cast())
        }

        fn set_current(&self, frame: *mut ()) {
            if let Some(set) = self.port().set_self {
                // SAFETY:
                // - the port's promise.
                unsafe { set(frame.cast()) };
            }
        }
    }

    impl Below {
        fn wake(self, word: *const AtomicUsize, all: bool, from_isr: bool) {
            if let Some(given) = self.0 {
                seat_table::wake(given.seats(), &given, word.addr(), all, from_isr);
            }
        }
    }

    impl Port for Below {
        /// Without the feature there is no port, and nobody sleeps.
        const WAKES_BY_ITSELF: bool = cfg!(not(feature = "port"));

        fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
            match self.0 {
                Some(given) => seat_table::wait(given.seats(), &given, word, expected, timeout),
                None => Spin.wait(word, expected, timeout),
            }
        }

        fn wake_one(&self, word: *const AtomicUsize) {
            self.wake(word, false, false);
        }

        fn wake_all(&self, word: *const AtomicUsize) {
            self.wake(word, true, false);
        }

        fn wake_from_isr(&self, word: *const AtomicUsize, all: bool) {
            self.wake(word, all, true);
        }

        fn now(&self) -> Option<u64> {
            self.0.and_then(|given| given.now())
        }

        fn pause(&self) {
            match self.0 {
                Some(given) => UserPort::pause(&given),
                None => Spin.pause(),
            }
        }

        fn current(&self) -> *const CallContext {
            self.0.map_or(ptr::null(), |given| given.current().cast_const().cast())
        }

        fn set_current(&self, frame: *const CallContext) {
            if let Some(given) = self.0 {
                given.set_current(frame.cast_mut().cast());
            }
        }
    }
}
