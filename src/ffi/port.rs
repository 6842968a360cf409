//! The user-defined port: the system below a pool, in builds that know none (feature `port`). `c_port.rs` uses it.

use super::abi_struct;
use super::status::{JOBRING_E_INVALID, StatusError};
use core::ffi::c_void;
use core::mem::{MaybeUninit, offset_of};
use core::ptr;

/// The time in nanoseconds, of a clock that is never set back.
pub type jobring_now_fn = Option<unsafe extern "C" fn(ctx: *mut c_void) -> u64>;
/// Makes the calling thread sleep in a seat.
pub type jobring_park_fn = Option<unsafe extern "C" fn(ctx: *mut c_void, seat: u32, timeout_ns: i64)>;
/// Wakes the thread in a seat.
pub type jobring_unpark_fn = Option<unsafe extern "C" fn(ctx: *mut c_void, seat: u32, from_isr: u32)>;
/// Blocks the calling thread for a short while.
pub type jobring_pause_fn = Option<unsafe extern "C" fn(ctx: *mut c_void)>;
/// Returns what the calling thread last gave to jobring_set_self_fn, or NULL.
pub type jobring_get_self_fn = Option<unsafe extern "C" fn() -> *mut c_void>;
/// Keeps a pointer for the calling thread.
pub type jobring_set_self_fn = Option<unsafe extern "C" fn(pointer: *mut c_void)>;
/// What the thread of a worker calls, once, with the `arg` that came with it. It returns when the worker
/// has finished.
pub type jobring_entry_fn = Option<unsafe extern "C" fn(arg: *mut c_void)>;
/// Makes the thread of a worker.
pub type jobring_spawn_fn = Option<
    unsafe extern "C" fn(ctx: *mut c_void, worker: u32, entry: jobring_entry_fn, arg: *mut c_void) -> i32,
>;
/// Waits until the thread of a worker has finished.
pub type jobring_join_fn = Option<unsafe extern "C" fn(ctx: *mut c_void, worker: u32)>;

/// A place in which one thread sleeps. Zeroed memory at first; opaque afterwards.
#[repr(C)]
pub struct jobring_seat {
    /// Zero at first.
    pub word: usize,
}

/// The system below a pool, for a library that was built without threads and with the feature `port`.
///
/// jobring_features() has JOBRING_FEATURE_PORT in such a build; others return JOBRING_E_UNSUPPORTED. Every
/// function below may be called by any thread, and calls nothing of this library.
///
/// The structure is not copied. It and what it points to stay unchanged while a pool uses it or a thread is
/// inside a call on such a pool. Without `join` they stay until the last worker's thread has returned from
/// its `entry`, which may be after jobring_destroy(). The structure may lie in read-only memory.
///
/// In a build without threads, a pool without a port has no clock, its threads wait by spinning, and it
/// does not detect a job that waits for itself. A thread that spins keeps threads of lower priority from
/// running: where threads have priorities, give the pool a port.
#[repr(C)]
pub struct jobring_port {
    /// sizeof (jobring_port).
    pub(super) size: u32,
    /// The number of seats, at most 65,535: this many threads can sleep at the same time in calls on the
    /// pools of this port, workers included. A thread that finds no free seat calls `pause` and looks
    /// again, in a loop. That lets all other threads run, but an idle pool whose workers outnumber the seats
    /// keeps waking up.
    pub(super) seat_count: u32,
    /// The seats: zeroed memory, shared by all pools of this port.
    pub(super) seats: *mut jobring_seat,
    /// Passed to the functions.
    pub(super) ctx: *mut c_void,
    /// The clock. NULL: there is none, a finite timeout only polls, and `park` gets no time limit. (A
    /// thread that polls in a loop keeps threads of lower priority from running.)
    pub(super) now: jobring_now_fn,
    /// Makes the calling thread sleep until `unpark` is called for this seat, for at most `timeout_ns`
    /// (JOBRING_FOREVER: no limit). It returns at once if `unpark` was called since the last park in this
    /// seat returned. One such call is remembered, no more: a seat is one binary semaphore. At most one
    /// thread is in a seat. Spurious returns are allowed, but it must not return at once every time. Where
    /// an event reaches all cores and is kept (WFE and SEV), the seat does not matter.
    pub(super) park: jobring_park_fn,
    /// Wakes the thread that sleeps in this seat or is about to. Neither waits nor locks (it may mask
    /// interrupts for a few instructions). `from_isr` is 1 if the caller is an interrupt
    /// (jobring_try_submit_isr(), JOBRING_WHEN_FULL_FAIL_ISR), else 0.
    pub(super) unpark: jobring_unpark_fn,
    /// Blocks the calling thread for a short while, so that every other thread may run, also those of lower
    /// priority: one tick of an RTOS (vTaskDelay(1), k_sleep(K_TICKS(1))). A yield is not enough, since
    /// only threads of the same priority run then. On a core without threads this is a WFI or WFE that a
    /// timer ends, or nothing. It is called by a thread that has to wait and finds no free seat, until the
    /// wait ends or a seat is free; never from an interrupt.
    pub(super) pause: jobring_pause_fn,
    /// Returns what the calling thread last gave to `set_self`, or NULL. Never called from an interrupt.
    /// All ports of a program share one `get_self`: a port with another one than the first is
    /// JOBRING_E_INVALID.
    ///
    /// NULL: the pool does not know which thread calls. Then jobring_fail() has no effect; jobring_current_job(),
    /// jobring_worker_index() and jobring_cancel_requested() find no job; and a job that waits for itself
    /// or shuts down its pool sleeps for ever.
    pub(super) get_self: jobring_get_self_fn,
    /// Keeps a pointer for the calling thread: in its control block, in its thread-local storage, or, on
    /// cores without threads, in an array with one place for each core. NULL if and only if `get_self` is
    /// NULL.
    pub(super) set_self: jobring_set_self_fn,
    /// Makes a thread that calls `entry` with `arg`, and returns 0; or makes none, and returns another
    /// number. `worker` counts from 0. The port chooses stack, priority and name. NULL: no threads are
    /// made, and threads become workers by jobring_enter_worker().
    pub(super) spawn: jobring_spawn_fn,
    /// Waits until `worker` has returned from `entry`, and frees what it was made of. jobring_destroy()
    /// calls it for each worker. NULL: jobring_destroy() returns when the thread touches nothing of the
    /// pool any more, though the thread may not have returned yet. Not without `spawn`.
    pub(super) join: jobring_join_fn,
}

const FIRST_SIZE: usize = offset_of!(jobring_port, join) + size_of::<jobring_join_fn>();
const MOST_SEATS: u32 = 65_535;

impl jobring_port {
    /// All fields are empty: a port that cannot be used.
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

    /// The port at `at`, if it has everything that a port must have.
    ///
    /// # Safety
    /// 1. `at` is readable for its stated size, for as long as the header says.
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
