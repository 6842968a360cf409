//! Stop points for the freeze test. Every named site is one, so none can be forgotten.
//!
//! A thread declares a role, and the test arms a trap with one (site, role). The first thread of that role
//! that reaches the site stops just before its operation. It stays there until the test thaws the trap or
//! arms it again.

extern crate std;

use super::site::Site;
use core::cell::Cell;
use core::sync::atomic::Ordering;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

std::thread_local! { static ROLE: Cell<u8> = const { Cell::new(0) }; }

/// Runs the pool's calls step by step, in place of the system: every named operation, sleep and wake of a
/// thread with a driver goes through it.
pub trait Driver {
    /// Called before the thread's operation at this site.
    fn pass(&self, site: Site);
    /// Sleeps if the low half of the word still equals that of `expected`; may return at any time.
    fn wait(&self, word: &super::AtomicUsize, expected: usize, timed: bool);
    /// Wakes one sleeper, or all.
    fn wake(&self, word: *const super::AtomicUsize, all: bool);
    /// A descriptor becomes readable.
    fn signal(&self, descriptor: usize);
    /// And unreadable.
    fn clear(&self, descriptor: usize);
    /// The clock's time; None if there is no clock.
    fn now(&self) -> Option<u64>;
    /// The pointer that the thread last passed to `set_current`.
    fn current(&self) -> *const ();
    /// Stores the thread's pointer.
    fn set_current(&self, context: *const ());
}

std::thread_local! { static DRIVER: Cell<Option<&'static dyn Driver>> = const { Cell::new(None) }; }

/// Gives this thread a driver, or removes it.
pub fn set_driver(driver: Option<&'static dyn Driver>) {
    DRIVER.with(|mine| mine.set(driver));
}

pub(crate) fn driver() -> Option<&'static dyn Driver> {
    DRIVER.with(Cell::get)
}

/// The number of roles. Role 0 is never stopped and not counted.
pub const ROLES: usize = 8;
/// The most threads that can be stopped at the same time.
pub const TRAPS: usize = 3;

const NOBODY: u32 = 0;
const SITES: usize = Site::ALL.len();
/// Marks a trap that holds a thread. The lower bits number the catch, so that an old catch is not taken for a
/// new one.
const HOLDS: u32 = 1 << 31;
/// For each trap: what it is armed with (role << 16 | site + 1), or NOBODY, or HOLDS | number.
static ARMED: [AtomicU32; TRAPS] = [const { AtomicU32::new(NOBODY) }; TRAPS];
static CATCHES: AtomicU32 = AtomicU32::new(0);
static LOCK: Mutex<()> = Mutex::new(());
static CHANGED: Condvar = Condvar::new();
static HITS: [[AtomicU64; SITES]; ROLES] = [const { [const { AtomicU64::new(0) }; SITES] }; ROLES];

/// Declares the role of this thread: 1 to 7, or 0 for none.
pub fn set_role(role: u8) {
    ROLE.with(|mine| mine.set(role));
}

/// The role of this thread.
pub fn role() -> u8 {
    ROLE.with(Cell::get)
}

/// How often threads of this role have reached this site.
pub fn hits(role: u8, site: Site) -> u64 {
    HITS[role as usize][site as usize].load(SeqCst)
}

/// Arms a trap: the next thread of this role at this site stops there. A thread that is stopped in it now
/// continues.
pub fn arm(trap: usize, role: u8, site: Site) {
    set(trap, pair(role, site));
}

/// Empties a trap, and lets a stopped thread continue. True if a thread was stopped.
pub fn thaw(trap: usize) -> bool {
    set(trap, NOBODY) & HOLDS != 0
}

/// Does the trap hold a thread?
pub fn frozen(trap: usize) -> bool {
    ARMED[trap].load(SeqCst) & HOLDS != 0
}

/// Waits until the trap holds a thread, for at most `timeout`.
pub fn await_frozen(trap: usize, timeout: Duration) -> bool {
    let end = Instant::now() + timeout;
    let mut held = lock();
    while !frozen(trap) {
        let Some(left) = end.checked_duration_since(Instant::now()) else { return false };
        held = CHANGED.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    true
}

/// Passes a site as the library does: for a control with the same stop points.
pub fn come_to(site: Site) {
    // ORDERING: none: there is no operation; `ordering` is called for its stop point.
    ordering(site, Ordering::Relaxed);
}

pub(crate) fn ordering(site: Site, order: Ordering) -> Ordering {
    if let Some(driver) = driver() {
        driver.pass(site);
        return order;
    }
    let role = role();
    if role != 0 {
        // ORDERING: Relaxed: a count that is read after its threads were joined.
        HITS[role as usize][site as usize].fetch_add(1, Ordering::Relaxed);
        (0..TRAPS).for_each(|trap| stop_if_armed(trap, pair(role, site)));
    }
    order
}

const fn pair(role: u8, site: Site) -> u32 {
    (role as u32) << 16 | (site as u32 + 1)
}

fn lock() -> MutexGuard<'static, ()> {
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set(trap: usize, value: u32) -> u32 {
    let _held = lock();
    let old = ARMED[trap].swap(value, SeqCst);
    CHANGED.notify_all();
    old
}

fn stop_if_armed(trap: usize, me: u32) {
    // ORDERING: Relaxed: a cheap first check; the exchange under the lock decides.
    if ARMED[trap].load(Ordering::Relaxed) != me {
        return;
    }
    let mut held = lock();
    let catch = HOLDS | CATCHES.fetch_add(1, SeqCst) & !HOLDS;
    if ARMED[trap].compare_exchange(me, catch, SeqCst, SeqCst).is_ok() {
        CHANGED.notify_all();
        while ARMED[trap].load(SeqCst) == catch {
            held = CHANGED.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
