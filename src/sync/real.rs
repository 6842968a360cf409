//! The production side of the facade: core's atomics, and a cell with loom's `with`/`with_mut`.

pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::{AtomicUsize, fence};

/// [`core::cell::UnsafeCell`] with the accessors that the model's cell checks for races.
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Is this an execution of the model checker's that a panic has ended? Never.
#[inline(always)]
pub(crate) const fn dying() -> bool {
    false
}
