//! The backend over `std::thread`.

extern crate std;

use super::{Spawn, Start, ThreadOptions};
use crate::error::BuildError;
use crate::unwind::drop_ignoring_panic;
use std::thread::{Builder, JoinHandle};

/// A thread of std's.
pub(crate) struct StdThread {
    handle: JoinHandle<()>,
    asked: usize,
}

impl Spawn for StdThread {
    unsafe fn spawn(options: ThreadOptions<'_>, start: *const Start) -> Result<Self, BuildError> {
        for (asked, what) in [
            (options.guard_size.is_some(), "guard_size"),
            (options.stack.is_some(), "stack_memory"),
            (options.cpu.is_some(), "cpus"),
        ] {
            if asked {
                return Err(BuildError::Unsupported(what));
            }
        }
        // SAFETY:
        // - 1: valid until join.
        let start = unsafe { *start };
        // A zero byte would make std panic.
        let name = options.name.replace('\0', "");
        let builder = Builder::new().name(name).stack_size(options.stack_size);
        // SAFETY:
        // - 1, in the new thread too. `start` is taken whole, because Start as a whole is Send.
        let made = builder.spawn(move || unsafe {
            let start = start;
            (start.run)(start.arg);
        });
        made.map(|handle| Self { handle, asked: options.stack_size }).map_err(|_| BuildError::Thread)
    }

    fn join(self) {
        if self.handle.thread().id() != std::thread::current().id() {
            // A worker's own code does not panic; if a hook's does, the thread is over all the same.
            drop_ignoring_panic(self.handle.join());
        }
    }

    fn stack_size(&self) -> Option<usize> {
        #[cfg(all(feature = "pthread", unix))]
        {
            use std::os::unix::thread::JoinHandleExt;
            // On musl std has a number for what is a pointer in C.
            let thread = self.handle.as_pthread_t() as libc::pthread_t;
            super::pthread::stack_size_of(thread).or(Some(self.asked))
        }
        #[cfg(not(all(feature = "pthread", unix)))]
        Some(self.asked)
    }
}
