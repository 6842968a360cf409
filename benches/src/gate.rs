//! A flag that a job raises and a thread waits for, spinning or asleep in the kernel: for pools that have no
//! handles, and the bare wake and wait that they are compared with.

use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::*};

/// Sleeps while `word` is `value`. May return for no reason.
pub fn futex_wait(word: &AtomicU32, value: u32) {
    // SAFETY:
    // - the word is alive, and no time-out is given.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            value,
            ptr::null::<libc::timespec>(),
        )
    };
}

/// Wakes `count` that sleep on `word`.
pub fn futex_wake(word: &AtomicU32, count: i32) {
    // SAFETY:
    // - only the word's address is used.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, count)
    };
}

const SHUT: u32 = 0;
const OPEN: u32 = 1;
const AWAITED: u32 = 2;

/// Opened by one thread, passed and shut by another.
#[repr(align(128))]
pub struct Gate(AtomicU32);

impl Gate {
    /// Shut.
    pub const fn new() -> Self {
        Self(AtomicU32::new(SHUT))
    }

    /// Lets the waiter through; a system call only if it sleeps.
    pub fn open(&self) {
        // ORDERING: Release: what the opener did before is seen by the threads that pass.
        if self.0.swap(OPEN, Release) == AWAITED {
            futex_wake(&self.0, 1);
        }
    }

    /// Sleeps until it is open; shuts it.
    pub fn pass(&self) {
        // ORDERING: Acquire pairs with open's Release.
        while self.0.load(Acquire) != OPEN {
            if self.0.compare_exchange(SHUT, AWAITED, Relaxed, Relaxed) != Err(OPEN) {
                futex_wait(&self.0, AWAITED);
            }
        }
        self.0.store(SHUT, Relaxed);
    }

    /// Spins until it is open; shuts it.
    pub fn pass_spinning(&self) {
        // ORDERING: Acquire pairs with open's Release.
        while self.0.load(Acquire) != OPEN {
            std::hint::spin_loop();
        }
        self.0.store(SHUT, Relaxed);
    }
}
