//! Short messages between the pool's process and the zygote, which keep their bounds and their order.

use super::system::above_standard;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// What a message says is for its two ends to know.
pub(crate) type Message = [i32; 3];

/// One end.
pub(crate) struct Channel(OwnedFd);

impl Channel {
    /// Both ends.
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let mut ends = [0; 2];
        let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
        // SAFETY:
        // - writable for two descriptors.
        if unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) } < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY:
        // - just opened, and nobody else has them.
        let [one, other] = ends.map(|end| unsafe { above_standard(end) });
        Ok((Self(one?), Self(other?)))
    }

    /// The end that another process passed on.
    pub(crate) fn of(fd: OwnedFd) -> Self {
        Self(fd)
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Sends a message, and does not wait. False if that failed.
    #[must_use]
    pub(crate) fn send(&self, message: &Message) -> bool {
        let size = size_of::<Message>();
        // SAFETY:
        // - readable for its size.
        let sent = unsafe {
            libc::send(self.fd(), message.as_ptr().cast(), size, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
        };
        sent == size as isize
    }

    /// The next message. None: there is none now, which only a call that does not `wait` returns, or the other end has gone.
    pub(crate) fn receive(&self, wait: bool) -> Option<Message> {
        let mut message = Message::default();
        let size = size_of::<Message>();
        let flags = if wait { 0 } else { libc::MSG_DONTWAIT };
        loop {
            // SAFETY:
            // - writable for its size.
            let got = unsafe { libc::recv(self.fd(), message.as_mut_ptr().cast(), size, flags) };
            if got == size as isize {
                return Some(message);
            }
            if got >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return None;
            }
        }
    }
}
