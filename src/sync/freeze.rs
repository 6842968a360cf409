//! Stop points for the freeze test: every named site is one, so none can be forgotten.
//!
//! A thread declares a role; the test arms one (site, role); the first thread of that role that comes to the
//! site stops just before its operation and stays there until the test thaws it.

extern crate std;

use super::site::Site;
use core::cell::Cell;
use core::sync::atomic::Ordering;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};

std::thread_local! { static ROLE: Cell<u8> = const { Cell::new(0) }; }

/// How many roles there can be; role 0 is never frozen and not counted.
pub const ROLES: usize = 8;

const NOBODY: u32 = 0;
const FROZEN: u32 = u32::MAX;
/// The armed pair (role << 8 | site + 1), or NOBODY, or FROZEN while a thread is stopped.
static ARMED: AtomicU32 = AtomicU32::new(NOBODY);
static LOCK: Mutex<()> = Mutex::new(());
static CHANGED: Condvar = Condvar::new();
static HITS: [[AtomicU64; 256]; ROLES] = [const { [const { AtomicU64::new(0) }; 256] }; ROLES];

/// Declares the role of this thread, 1 to 7; 0 takes it back.
pub fn set_role(role: u8) {
    ROLE.with(|mine| mine.set(role));
}

/// How often threads of this role have come to this site.
pub fn hits(role: u8, site: Site) -> u64 {
    HITS[role as usize][site as usize].load(SeqCst)
}

/// Arms the pair: the next thread of this role at this site stops there.
pub fn arm(role: u8, site: Site) {
    let _held = LOCK.lock().unwrap();
    ARMED.store(u32::from(role) << 8 | (site as u32 + 1), SeqCst);
}

/// Is a thread stopped now?
pub fn frozen() -> bool {
    ARMED.load(SeqCst) == FROZEN
}

/// Takes back what is armed and lets a stopped thread go on. True if one was stopped.
pub fn thaw() -> bool {
    let _held = LOCK.lock().unwrap();
    let was = ARMED.swap(NOBODY, SeqCst);
    CHANGED.notify_all();
    was == FROZEN
}

pub(crate) fn o(site: Site, order: Ordering) -> Ordering {
    ROLE.with(|mine| {
        let role = mine.get();
        if role != 0 {
            HITS[role as usize][site as usize].fetch_add(1, Ordering::Relaxed);
            stop_if_armed(u32::from(role) << 8 | (site as u32 + 1));
        }
    });
    order
}

fn stop_if_armed(me: u32) {
    if ARMED.load(Ordering::Relaxed) != me {
        return;
    }
    let mut held = LOCK.lock().unwrap();
    if ARMED.compare_exchange(me, FROZEN, SeqCst, SeqCst).is_ok() {
        CHANGED.notify_all();
        while ARMED.load(SeqCst) == FROZEN {
            held = CHANGED.wait(held).unwrap();
        }
    }
}
