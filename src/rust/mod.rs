//! The Rust API: typed jobs on top of the engine, which knows only bytes.

#[cfg(feature = "alloc")]
pub(crate) mod builder;
pub(crate) mod closure;
mod fits;
#[cfg(feature = "future")]
mod future;
pub(crate) mod handle;
mod parallel;
pub(crate) mod parts;
#[cfg(feature = "alloc")]
pub(crate) mod pool;
pub(crate) mod pool_core;
mod run;
pub(crate) mod scope;
pub(crate) mod shutdown;
pub(crate) mod static_pool;
