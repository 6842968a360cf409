//! A descriptor that becomes readable: an eventfd, also across processes.

use super::system::above_standard;
use crate::platform::keeping_errno;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// An eventfd.
pub(crate) struct Event(OwnedFd);

impl Event {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY:
        // - no pointer is passed.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY:
        // - just opened, and nobody else has it.
        unsafe { above_standard(fd) }.map(Self)
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    pub(crate) fn owned(&self) -> &OwnedFd {
        &self.0
    }

    /// Makes it readable.
    pub(crate) fn signal(&self) {
        let _is_open = signal(self.fd());
    }

    /// Makes it unreadable.
    pub(crate) fn clear(&self) {
        let mut count = 0u64;
        // SAFETY:
        // - writable for 8 bytes. The system call is made directly, because libc's wrapper is a cancellation point.
        keeping_errno(|| unsafe {
            libc::syscall(libc::SYS_read, self.fd(), &raw mut count, size_of::<u64>());
        });
    }
}

/// Makes an eventfd readable. One that is full is readable. False if this process has closed it.
#[must_use]
pub(crate) fn signal(fd: RawFd) -> bool {
    let one = 1u64;
    keeping_errno(|| {
        // SAFETY:
        // - readable for 8 bytes. The system call is made directly, because libc's wrapper is a cancellation point.
        let written = unsafe { libc::syscall(libc::SYS_write, fd, &raw const one, size_of::<u64>()) };
        written >= 0 || io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
    })
}
