//! Small tools that know nothing of pools.

pub(crate) mod backoff;
pub(crate) mod cache_padded;
#[cfg(any(feature = "alloc", feature = "capi"))]
pub(crate) mod memory;
pub(crate) mod prefetch;
pub(crate) mod unwind;
