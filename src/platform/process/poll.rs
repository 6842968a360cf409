//! Waits for any of several descriptors.

use std::os::fd::RawFd;
use std::ptr;

/// A descriptor, and whether it can be read.
#[repr(transparent)]
pub(crate) struct Watched(libc::pollfd);

impl Watched {
    pub(crate) fn new(fd: RawFd) -> Self {
        Self(libc::pollfd { fd, events: libc::POLLIN, revents: 0 })
    }

    /// It can be read, or its other end has gone.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.revents != 0
    }
}

/// Sleeps until one of them is ready, or for `timeout` nanoseconds; may return early.
pub(crate) fn poll(all: &mut [Watched], timeout: Option<u64>) {
    let timeout = timeout.map(|nanos| libc::timespec {
        tv_sec: (nanos / 1_000_000_000).min(i32::MAX as u64) as _,
        tv_nsec: (nanos % 1_000_000_000) as _,
    });
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY:
    // - `Watched` is transparent, so these are pollfds, writable for their number; the timeout is null or outlives the call.
    unsafe { libc::ppoll(all.as_mut_ptr().cast(), all.len() as _, timeout, ptr::null()) };
}
