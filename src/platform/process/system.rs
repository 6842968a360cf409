//! A process's limits, its threads and its signal mask.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// The number of this process's threads, if the system tells.
pub(crate) fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

/// A new descriptor, with a number above those of the standard ones: a program may have closed these, and others write to them.
///
/// # Safety
/// 1. The descriptor was just opened, and nobody else has it.
pub(super) unsafe fn above_standard(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY:
    // - 1.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    if fd.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(fd);
    }
    // SAFETY:
    // - the command takes a number.
    let other = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, libc::STDERR_FILENO + 1) };
    if other < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY:
    // - as above.
    Ok(unsafe { OwnedFd::from_raw_fd(other) })
}

/// setrlimit(2).
pub(crate) fn set_limit(resource: i32, soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY:
    // - readable. The system checks the number.
    let set = unsafe { libc::setrlimit(resource as _, &raw const limit) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The signals that a thread blocks.
#[derive(Clone, Copy)]
pub(crate) struct SignalMask(libc::sigset_t);

impl SignalMask {
    /// The calling thread's.
    pub(crate) fn current() -> Self {
        let mut mask = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY:
        // - a null set changes nothing; the old mask is written.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, ptr::null(), mask.as_mut_ptr()) };
        // SAFETY:
        // - written above: the call fails for no argument of these.
        Self(unsafe { mask.assume_init() })
    }

    /// Makes it the calling thread's.
    pub(crate) fn set(&self) {
        // SAFETY:
        // - a whole mask is read.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}
