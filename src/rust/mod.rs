//! The Rust face: typed jobs over the engine, which knows bytes only.

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
