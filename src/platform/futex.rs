//! Sleep and wake by Linux's futex(2), on the low half of a word. The system call is made directly, because
//! libc's wrappers are cancellation points. errno is restored.

use super::keeping_errno;
use crate::sync::AtomicUsize;
use core::ptr;

/// The 32 bits of a word that a futex compares.
fn low_half(word: *const AtomicUsize) -> *const u32 {
    let halves: *const u32 = word.cast();
    // A little-endian word begins with its low half; on 32 bits the whole word is the half.
    if cfg!(all(target_endian = "big", target_pointer_width = "64")) {
        halves.wrapping_add(1)
    } else {
        halves
    }
}

pub(super) fn wait(word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
    wait_with(libc::FUTEX_PRIVATE_FLAG, word, expected, timeout);
}

/// For a word that other processes see too.
#[cfg(feature = "processes")]
pub(super) fn wait_shared(word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
    wait_with(0, word, expected, timeout);
}

fn wait_with(flag: i32, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
    let timeout = timeout.map(|nanos| libc::timespec {
        // At most 68 years, to fit in 32 bits: an early return is allowed.
        tv_sec: (nanos / 1_000_000_000).min(i32::MAX as u64) as _,
        tv_nsec: (nanos % 1_000_000_000) as _,
    });
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // A port may return early for any reason, so EINTR, EAGAIN and ETIMEDOUT need no handling.
    call(word, libc::FUTEX_WAIT | flag, expected as u32, timeout);
}

pub(super) fn wake(word: *const AtomicUsize, threads: i32) {
    call(word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, threads as u32, ptr::null());
}

/// For a word that other processes see too. It is mapped.
#[cfg(feature = "processes")]
pub(super) fn wake_shared(word: *const AtomicUsize, threads: i32) {
    call(word, libc::FUTEX_WAKE, threads as u32, ptr::null());
}

fn call(word: *const AtomicUsize, op: i32, value: u32, timeout: *const libc::timespec) {
    // SAFETY:
    // - FUTEX_WAIT: the word is borrowed for the call. FUTEX_WAKE uses the address as a key only; if it is shared, the word is mapped.
    // - timeout is null or points to a timespec that outlives the call.
    keeping_errno(|| unsafe {
        libc::syscall(libc::SYS_futex, low_half(word), op, value, timeout);
    });
}

/// CLOCK_MONOTONIC, nanoseconds.
pub(super) fn now() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY:
    // - `now` is writable for a timespec. This clock exists on every Linux, so the call cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
