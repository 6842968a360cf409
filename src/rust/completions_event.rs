//! Hearing of completions in an event loop: a descriptor to poll.

use super::completions::Completions;
use crate::platform::descriptor;
use crate::rust::pool_core::AnyPool;
use std::io;
use std::os::fd::BorrowedFd;

impl<T, P: AnyPool> Completions<'_, T, P> {
    /// The file descriptor of the queue, for `poll`, `epoll` or an event loop that is built on them (Unix, feature `std`). The
    /// first call makes it: an eventfd on Linux, a pipe on other systems. It becomes readable when a job ends after
    /// [`arm`](Completions::arm). Only poll it: do not read, write or close it. The pool closes it at its end.
    ///
    /// A loop receives until nothing is there, then arms, then polls:
    ///
    /// ```
    /// use jobring::{Pool, RecvError};
    /// use std::os::fd::AsRawFd;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let queue = pool.completions()?;
    /// let fd = queue.descriptor()?.as_raw_fd();
    /// for n in 0..100u64 {
    ///     queue.submit(n, move || n * n)?;
    /// }
    /// let mut sum = 0;
    /// loop {
    ///     match queue.try_recv() {
    ///         Ok(completion) => sum += completion.result?,
    ///         Err(RecvError::Pending) if queue.arm() => {
    ///             let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    ///             // SAFETY: one structure, writable.
    ///             assert_eq!(unsafe { libc::poll(&mut poll, 1, 60_000) }, 1);
    ///         }
    ///         Err(RecvError::Pending) => {}
    ///         Err(_) => break,
    ///     }
    /// }
    /// assert_eq!(sum, 328_350);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        let queue = self.queue();
        if queue.descriptor() == 0 {
            let name = descriptor::open().ok_or_else(io::Error::last_os_error)?;
            if !queue.set_descriptor(name) {
                descriptor::close(name);
            }
        }
        // SAFETY:
        // - open until the pool has ended, which the queue borrows.
        Ok(unsafe { BorrowedFd::borrow_raw(descriptor::to_poll(queue.descriptor())) })
    }

    /// Makes the next completion known by the queue's [`descriptor`](Completions::descriptor), whose page has an example. True:
    /// nothing is there now, so poll the descriptor. False: a completion is there to receive, or the queue has no descriptor.
    ///
    /// A loop that is busy does not arm and makes no system call; a burst of completions makes one as a rule. The descriptor may be
    /// readable without a completion.
    ///
    /// An arm replaces the one before it: one thread at a time polls a queue's descriptor. Other threads may receive meanwhile.
    /// If they receive the last pending job, the descriptor does not become readable.
    #[must_use = "false: receive before you poll"]
    pub fn arm(&self) -> bool {
        self.queue().descriptor() != 0 && self.pool.raw.arm(self.queue())
    }
}
