//! A job: the handle that names it, the functions that run or drop it, the context of the thread that runs it,
//! and its watchers.

pub(crate) mod context;
pub(crate) mod id;
pub(crate) mod interrupt;
pub(crate) mod vtable;
#[cfg(any(feature = "capi", all(feature = "alloc", target_has_atomic = "ptr")))]
pub(crate) mod watchers;
