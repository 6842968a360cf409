//! The backend over `std::thread`.

extern crate std;

use super::{Spawn, Start, ThreadOptions};
use crate::error::{BuildError, OsError};
use crate::platform::std_tls_key;
use crate::util::unwind::drop_ignoring_panic;
use std::string::String;
use std::thread::{Builder, JoinHandle};

/// A thread that std created.
pub(crate) struct StdThread {
    handle: JoinHandle<()>,
    asked: usize,
}

/// The name as std accepts it: without zero bytes, with which std panics, and with room for the terminator
/// that std appends. None if out of memory.
fn name(text: &str) -> Option<String> {
    let mut name = String::new();
    name.try_reserve_exact(text.len() + 1).ok()?;
    name.extend(text.chars().filter(|&char| char != '\0'));
    Some(name)
}

impl StdThread {
    /// std's own check allocates on a thread that std did not create, and panics in a destructor of its
    /// thread-locals.
    #[cfg(unix)]
    fn is_current(&self) -> bool {
        // SAFETY:
        // - has no preconditions.
        self.pthread() == unsafe { libc::pthread_self() }
    }

    #[cfg(not(unix))]
    fn is_current(&self) -> bool {
        self.handle.thread().id() == std::thread::current().id()
    }

    #[cfg(unix)]
    fn pthread(&self) -> libc::pthread_t {
        use std::os::unix::thread::JoinHandleExt;
        // On musl std uses a number for this C pointer.
        self.handle.as_pthread_t() as libc::pthread_t
    }
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
        if !std_tls_key::is_available() {
            return Err(BuildError::NoMemory);
        }
        let name = name(options.name).ok_or(BuildError::NoMemory)?;
        let builder = Builder::new().name(name).stack_size(options.stack_size);
        // SAFETY:
        // - 1, in the new thread too. The closure captures `start` whole, because only Start as a whole is
        //   Send.
        let made = builder.spawn(move || unsafe {
            std_tls_key::mark_created();
            let start = start;
            (start.run)(start.arg);
        });
        let refused = |error| BuildError::Thread(OsError::of(&error));
        made.map(|handle| Self { handle, asked: options.stack_size }).map_err(refused)
    }

    fn join(self) {
        if !self.is_current() {
            // A worker's own code does not panic. If a hook panics, the thread has ended all the same.
            drop_ignoring_panic(self.handle.join());
        }
    }

    #[cfg(unix)]
    #[allow(clippy::unnecessary_cast, reason = "a pointer, or of another size, elsewhere")]
    fn id(&self) -> u64 {
        self.pthread() as u64
    }

    #[cfg(not(unix))]
    fn id(&self) -> u64 {
        0
    }

    fn try_join(self) -> Result<(), Self> {
        if self.is_current() || !self.handle.is_finished() {
            return Err(self);
        }
        self.join();
        Ok(())
    }

    fn stack_size(&self) -> Option<usize> {
        #[cfg(all(feature = "pthread", unix))]
        return super::pthread::stack_size_of(self.pthread()).or(Some(self.asked));
        #[cfg(not(all(feature = "pthread", unix)))]
        Some(self.asked)
    }
}
