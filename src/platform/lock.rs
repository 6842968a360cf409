//! A lock for the start and end of workers, and of a pool of processes; no path of a thread pool's job takes it. A thread that finds it held sleeps: a
//! thread that spins could keep a holder of lower priority from running.

#[cfg(not(feature = "std"))]
use of_pthreads::Mutex;
#[cfg(feature = "std")]
use std::sync::{Mutex, PoisonError};

/// A value that only one thread at a time can use.
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Calls `f` with the value. `f` neither takes this lock again nor panics.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(feature = "std")]
        return f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
        #[cfg(not(feature = "std"))]
        self.0.with(f)
    }
}

#[cfg(not(feature = "std"))]
mod of_pthreads {
    use core::cell::UnsafeCell;

    /// The system's mutex. Builds without std are for Linux and Android only; there a mutex needs no destroy,
    /// and may move until it is locked for the first time.
    pub(super) struct Mutex<T> {
        raw: UnsafeCell<libc::pthread_mutex_t>,
        // INVARIANT: touched only while `raw` is locked.
        value: UnsafeCell<T>,
    }

    // SAFETY:
    // - `raw` may be used by all threads, and `value` passes from one to the next under it.
    unsafe impl<T: Send> Sync for Mutex<T> {}

    impl<T> Mutex<T> {
        pub(super) const fn new(value: T) -> Self {
            let raw = UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER);
            Self { raw, value: UnsafeCell::new(value) }
        }

        /// `f` neither takes it again nor unwinds.
        pub(super) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
            // SAFETY:
            // - it is initialised, and does not move while it is borrowed. A plain mutex that this thread has
            //   not locked is locked without an error.
            unsafe { libc::pthread_mutex_lock(self.raw.get()) };
            // SAFETY:
            // - locked.
            let result = f(unsafe { &mut *self.value.get() });
            // SAFETY:
            // - locked above, by this thread.
            unsafe { libc::pthread_mutex_unlock(self.raw.get()) };
            result
        }
    }
}
