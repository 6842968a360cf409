//! A lock for what happens when a worker begins or ends; never taken on the way of a job.

#[cfg(feature = "pthread")]
use spin::Mutex;
#[cfg(not(feature = "pthread"))]
use std::sync::{Mutex, PoisonError};

/// A value that one thread at a time reaches.
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Lets `f` have the value. `f` neither takes this lock again nor panics.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(feature = "pthread")]
        let mut held = self.0.lock();
        #[cfg(not(feature = "pthread"))]
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f(&mut held)
    }
}
