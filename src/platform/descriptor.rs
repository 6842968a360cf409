//! A file descriptor that becomes readable when something has happened: an eventfd on Linux, a pipe on other
//! systems.
//!
//! Its name is a number: the descriptor to poll, and above it the one to write to. 0 is none. On Linux the
//! system calls are made directly, because libc's wrappers are cancellation points. All but `open` restore
//! errno.

use super::keeping_errno;
use libc::c_int;

const HALF: u32 = usize::BITS / 2;

/// The descriptor to poll.
pub(crate) fn to_poll(name: usize) -> c_int {
    (name & ((1 << HALF) - 1)) as c_int - 1
}

fn to_write(name: usize) -> c_int {
    (name >> HALF) as c_int - 1
}

fn named(poll: c_int, write: c_int) -> usize {
    ((write + 1) as usize) << HALF | (poll + 1) as usize
}

/// Makes one. None: the system has no descriptor left, which errno says, or one that is too large for a name
/// (on 32 bits).
pub(crate) fn open() -> Option<usize> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return of(counter()?);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    of(pipe()?)
}

fn of([poll, write]: [c_int; 2]) -> Option<usize> {
    let fits = (poll.max(write) as usize) < (1 << HALF) - 1;
    let name = named(poll, write);
    if !fits {
        close(name);
    }
    fits.then_some(name)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn counter() -> Option<[c_int; 2]> {
    // SAFETY:
    // - no pointer is passed.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    (fd >= 0).then_some([fd, fd])
}

#[cfg(any(not(any(target_os = "linux", target_os = "android")), test))]
fn pipe() -> Option<[c_int; 2]> {
    let mut ends = [0; 2];
    // SAFETY:
    // - writable for two descriptors.
    if unsafe { libc::pipe(ends.as_mut_ptr()) } != 0 {
        return None;
    }
    for end in ends {
        // SAFETY:
        // - the descriptor was just opened; these commands take a number.
        unsafe {
            libc::fcntl(end, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(end, libc::F_SETFL, libc::O_NONBLOCK);
        }
    }
    Some(ends)
}

/// Makes it readable. A pipe or counter that is full is readable.
pub(super) fn signal(name: usize) {
    let one = 1u64;
    let bytes = if to_poll(name) == to_write(name) { size_of::<u64>() } else { 1 };
    // SAFETY:
    // - `one` is readable for 1 and for 8 bytes.
    keeping_errno(|| unsafe {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        libc::syscall(libc::SYS_write, to_write(name), &raw const one, bytes);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        libc::write(to_write(name), (&raw const one).cast(), bytes);
    });
}

/// Makes it unreadable.
pub(super) fn clear(name: usize) {
    let mut buffer = [0u8; 64];
    keeping_errno(|| {
        loop {
            // SAFETY:
            // - writable for its length.
            let got = unsafe {
                #[cfg(any(target_os = "linux", target_os = "android"))]
                let got = libc::syscall(libc::SYS_read, to_poll(name), buffer.as_mut_ptr(), buffer.len());
                #[cfg(not(any(target_os = "linux", target_os = "android")))]
                let got = libc::read(to_poll(name), buffer.as_mut_ptr().cast(), buffer.len());
                got
            };
            // A counter is 0 after one read.
            if got < buffer.len() as _ {
                break;
            }
        }
    });
}

/// Closes it. Nobody uses it any more.
pub(crate) fn close(name: usize) {
    keeping_errno(|| {
        // SAFETY:
        // - both are ours.
        unsafe {
            close_one(to_poll(name));
            if to_write(name) != to_poll(name) {
                close_one(to_write(name));
            }
        }
    });
}

/// # Safety
/// 1. The descriptor is the caller's.
unsafe fn close_one(fd: c_int) {
    // SAFETY:
    // - 1.
    unsafe {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        libc::syscall(libc::SYS_close, fd);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        libc::close(fd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_readable(name: usize) -> bool {
        let mut poll = libc::pollfd { fd: to_poll(name), events: libc::POLLIN, revents: 0 };
        // SAFETY:
        // - one structure, writable.
        unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
    }

    #[test]
    fn a_descriptor_is_readable_from_a_signal_to_a_clear() {
        let names = [open().expect("a descriptor"), of(pipe().expect("a pipe")).expect("a small number")];
        for name in names {
            for signals in [1, 2, 200, 100_000] {
                assert!(!is_readable(name));
                (0..signals).for_each(|_| signal(name));
                assert!(is_readable(name));
                clear(name);
            }
            assert!(!is_readable(name));
            close(name);
        }
    }
}
