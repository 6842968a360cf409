//! The caller's port: the system under a pool, in builds that know none (feature `port`). `c_port.rs` puts it to use.

use super::abi_struct;
use super::status::{JOBRING_E_INVALID, StatusError};
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
pub struct jobring_port {
    /// sizeof (jobring_port).
    pub(super) size: u32,
    /// How many seats there are, at most 65,535: as many threads can sleep at the same time in calls on pools with these
    /// seats, workers included. A thread that finds no seat calls `pause` and looks, in turn: it lets all others run, but an
    /// idle pool whose workers have fewer seats than they need goes on waking up.
    pub(super) seat_count: u32,
    /// The seats: zeroed memory, for all pools of this port.
    pub(super) seats: *mut jobring_seat,
    /// Handed to the functions.
    pub(super) ctx: *mut c_void,
    /// The clock. NULL: there is none; then a finite timeout only polls, and `park` gets none. A thread that polls in a loop
    /// keeps threads of lower priority from running.
    pub(super) now: jobring_now_fn,
    /// Lets the calling thread sleep until `unpark` is called for this seat, for at most `timeout_ns` (JOBRING_FOREVER: no
    /// end). Returns at once if that was called since the last park in this seat returned: one call is remembered,
    /// more need not be. So a seat is one binary semaphore. At most one thread is in a seat. It may return at any time for
    /// no reason, but not always. Where an event reaches all cores and stays (WFE and SEV), the seat does not matter.
    pub(super) park: jobring_park_fn,
    /// Wakes the thread that sleeps in this seat, or is about to. Neither waits nor locks (interrupts may be masked for a
    /// few instructions). `from_isr` is 1 if the caller is an interrupt (jobring_try_submit_isr(),
    /// JOBRING_FULL_FAIL_ISR), else 0.
    pub(super) unpark: jobring_unpark_fn,
    /// Blocks the calling thread for a short while, so that every other thread may run, also those of lower priority: one tick
    /// of an RTOS (vTaskDelay(1), k_sleep(K_TICKS(1))). A yield is not enough, since it lets only threads of the same
    /// priority run. On cores without threads that is a WFI or WFE that a timer ends, or nothing. Called by a thread that
    /// has to wait and finds no empty seat, until the wait ends or a seat is empty; never from an interrupt.
    pub(super) pause: jobring_pause_fn,
    /// What the calling thread gave to `set_self` last, NULL if it never did. Never called from an interrupt. All ports of a
    /// program have the same: one that has another than the first of them is JOBRING_E_INVALID.
    ///
    /// NULL: the pool does not know who calls. Then jobring_fail() has no effect, jobring_self(),
    /// jobring_worker_index() and jobring_cancel_requested() find no job, and a job that waits for itself, or shuts
    /// down its pool, sleeps for ever instead of getting an error or being let through.
    pub(super) get_self: jobring_get_self_fn,
    /// Keeps a pointer for the calling thread: in its control block, its thread-local storage, or, on cores without
    /// threads, in an array with a place for each core. NULL if and only if `get_self` is.
    pub(super) set_self: jobring_set_self_fn,
    /// Makes a thread that calls `entry` with `arg`, and returns 0; or returns another number and makes none. `worker`
    /// counts from 0. Stack, priority and name are up to the port. NULL: no threads are made, and threads become workers
    /// by jobring_enter_worker().
    pub(super) spawn: jobring_spawn_fn,
    /// Waits until that thread has returned from `entry`, and gives back what it was made of. Called by
    /// jobring_destroy() for each worker. NULL: jobring_destroy() returns when the thread touches nothing of the pool's
    /// any more, though it may still be about to return. Not without `spawn`.
    pub(super) join: jobring_join_fn,
}

const FIRST_SIZE: usize = offset_of!(jobring_port, join) + size_of::<jobring_join_fn>();
const MOST_SEATS: u32 = 65_535;

impl jobring_port {
    /// Nothing is given: no port to use.
    pub(super) const EMPTY: Self = Self {
        size: FIRST_SIZE as u32,
        seat_count: 0,
        seats: ptr::dangling_mut(),
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

    /// The port at `at`, if it has what a port must have.
    ///
    /// # Safety
    /// 1. `at` is readable as its size says, and stays so as long as the header says.
    #[inline]
    pub(super) unsafe fn check(at: *const Self) -> Result<&'static Self, StatusError> {
        let mut room = MaybeUninit::uninit();
        // SAFETY:
        // - 1.
        let port = unsafe { abi_struct::known(at, &Self::EMPTY, FIRST_SIZE, &mut room) }?;
        let is_valid = (1..=MOST_SEATS).contains(&port.seat_count)
            && !port.seats.is_null()
            && port.seats.is_aligned()
            && port.park.is_some()
            && port.unpark.is_some()
            && port.pause.is_some()
            && port.get_self.is_some() == port.set_self.is_some()
            && (port.join.is_none() || port.spawn.is_some());
        // SAFETY:
        // - 1: at least FIRST_SIZE, which is the whole of the type.
        if is_valid { Ok(unsafe { &*at }) } else { Err(StatusError(JOBRING_E_INVALID)) }
    }
}
