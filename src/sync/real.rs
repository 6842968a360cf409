//! The production side of the facade: core's atomics, and a cell with loom's `with`/`with_mut`.
//!
//! On a target that cannot compare and swap, portable-atomic's `AtomicUsize`: loads and stores are the machine's, a
//! read-modify-write is a load and a store inside a critical section.

pub(crate) use core::hint::spin_loop;
#[cfg(feature = "future")]
pub(crate) use core::sync::atomic::AtomicPtr;
#[cfg(all(target_has_atomic = "ptr", not(all(target_os = "none", target_pointer_width = "32"))))]
pub(crate) use core::sync::atomic::AtomicUsize;
pub(crate) use core::sync::atomic::{Ordering, fence};
#[cfg(all(not(target_has_atomic = "ptr"), feature = "critical-section"))]
pub(crate) use portable_atomic::AtomicUsize;

/// As part of a type, so that this error is the only one: nothing is said about what is done with such a type.
#[cfg(all(not(target_has_atomic = "ptr"), not(feature = "critical-section")))]
pub(crate) type AtomicUsize = (
    [u8; compile_error!(
        "this target's atomics cannot compare and swap: add jobring's feature `critical-section`, and to the firmware an \
     implementation of the crate `critical-section` (cortex-m has one, with its feature `critical-section-single-core`)"
    )],
);

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

/// [`fence`] behind a read-modify-write of the same thread, between which and here it did nothing that others need see.
///
/// On x86 the locked instruction of the read-modify-write is a full barrier already (Intel SDM, volume 3, 9.2.3.9), and
/// only the compiler must be kept from moving what follows before it; so does Linux (`smp_mb__after_atomic`).
#[inline(always)]
pub(crate) fn fence_behind_rmw(order: Ordering) {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if order != Ordering::Relaxed {
        core::sync::atomic::compiler_fence(order);
    }
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    fence(order);
}

/// Is this an execution of the model checker's that a panic has ended? Never.
#[inline(always)]
pub(crate) const fn dying() -> bool {
    false
}
