//! The one place that chooses between the machine's primitives and the model checker's.
//!
//! All other modules import atomics, cells and the spin hint from here. `real` is core; `model` is loom,
//! under `cfg(jobring_loom)`; `freeze` adds stop points to `real`, under `cfg(jobring_freeze)`; `bug` is for
//! the kill list; `weaken` asks tests/tsan at each site, under `cfg(jobring_tsan)`; `announced` tells ThreadSanitizer of each operation,
//! under `cfg(jobring_announced)`.

pub mod bug;
mod counter;
pub mod site;

#[cfg(not(jobring_loom))]
mod real;
#[cfg(all(not(jobring_loom), feature = "future"))]
pub(crate) use real::AtomicPtr;
#[cfg(all(
    not(any(jobring_loom, jobring_announced)),
    not(all(target_os = "none", target_pointer_width = "32", target_has_atomic = "ptr"))
))]
pub(crate) use real::AtomicUsize;
#[cfg(not(jobring_loom))]
pub(crate) use real::{UnsafeCell, dying, fence, fence_behind_rmw, spin_loop};

#[cfg(all(not(jobring_loom), target_os = "none", target_pointer_width = "32", target_has_atomic = "ptr"))]
mod small;
#[cfg(all(
    not(jobring_loom),
    target_os = "none",
    target_pointer_width = "32",
    target_has_atomic = "ptr"
))]
pub(crate) use small::AtomicUsize;

#[cfg(jobring_announced)]
mod announced;
#[cfg(jobring_announced)]
pub(crate) use announced::AtomicUsize;

#[cfg(jobring_loom)]
pub mod model;
#[cfg(all(jobring_loom, feature = "future"))]
pub(crate) use model::AtomicPtr;
#[cfg(jobring_loom)]
pub(crate) use model::{AtomicUsize, UnsafeCell, dying, fence, fence as fence_behind_rmw, spin_loop};

#[cfg(jobring_freeze)]
pub mod freeze;
#[cfg(jobring_tsan)]
mod weaken;

pub(crate) use bug::{Bug, bug, stores};
pub(crate) use core::sync::atomic::Ordering::AcqRel;
pub(crate) use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};
pub(crate) use counter::{Counter, Flags, StatCell};
#[cfg(jobring_freeze)]
pub(crate) use freeze::ordering;
#[cfg(jobring_loom)]
pub(crate) use model::ordering;
pub(crate) use site::Site;
#[cfg(jobring_tsan)]
pub(crate) use weaken::ordering;

/// The ordering of the operation with this name. A test may weaken it, or stop the thread before the
/// operation.
#[cfg(not(any(jobring_loom, jobring_freeze, jobring_tsan)))]
#[inline(always)]
pub(crate) const fn ordering(_: Site, order: Ordering) -> Ordering {
    order
}

/// A stop point without an atomic operation: between a decision to wake and the wake.
#[inline(always)]
pub(crate) fn stop_point(site: Site) {
    // ORDERING: Relaxed: no operation follows, so the ordering is not used.
    ordering(site, Ordering::Relaxed);
}

/// `const fn` in production, plain `fn` in the model: loom's constructors are not const.
macro_rules! const_fn {
    ($(#[$attr:meta])* $vis:vis fn $($rest:tt)*) => {
        #[cfg(not(jobring_loom))]
        $(#[$attr])* $vis const fn $($rest)*
        #[cfg(jobring_loom)]
        $(#[$attr])* $vis fn $($rest)*
    };
}
pub(crate) use const_fn;

/// `[expr; N]` in production, an array built element by element in the model (loom's types are not Copy).
macro_rules! array_of {
    ($value:expr; $n:expr) => {{
        #[cfg(not(jobring_loom))]
        let array = [const { $value }; $n];
        #[cfg(jobring_loom)]
        let array = core::array::from_fn::<_, { $n }, _>(|_| $value);
        array
    }};
}
pub(crate) use array_of;
