//! The production side of the facade: core's atomics, and a cell with loom's `with`/`with_mut`.
//!
//! A target that cannot compare and swap uses portable-atomic's `AtomicUsize`: loads and stores are the
//! machine's, and a read-modify-write is a load and a store inside a critical section.

pub(crate) use core::hint::spin_loop;
#[cfg(feature = "future")]
pub(crate) use core::sync::atomic::AtomicPtr;
#[cfg(all(target_has_atomic = "ptr", not(all(target_os = "none", target_pointer_width = "32"))))]
pub(crate) use core::sync::atomic::AtomicUsize;
pub(crate) use core::sync::atomic::{Ordering, fence};
#[cfg(all(not(target_has_atomic = "ptr"), feature = "critical-section"))]
pub(crate) use portable_atomic::AtomicUsize;

/// The error is part of a type, so that it is the only one: the compiler does not report the uses of such a
/// type.
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

/// [`fence`] after a read-modify-write of the same thread. In between, the thread did nothing that others
/// must see.
///
/// On x86 the locked instruction of the read-modify-write is already a full barrier (Intel SDM, volume 3,
/// 9.2.3.9). Only the compiler must not move later operations before it. Linux does the same
/// (`smp_mb__after_atomic`).
#[inline(always)]
pub(crate) fn fence_behind_rmw(order: Ordering) {
    // ORDERING: the caller's, which names the partner; on x86 the caller's read-modify-write is the fence.
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if order != Ordering::Relaxed {
        core::sync::atomic::compiler_fence(order);
    }
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    fence(order);
}

/// Has a panic ended this execution of a model? Never in this build.
#[inline(always)]
pub(crate) const fn dying() -> bool {
    false
}
