//! Access to internals that only tests need: models (`cfg(jobring_loom)`) and the freeze test
//! (`cfg(jobring_freeze)`).

#[cfg(jobring_freeze)]
pub(crate) mod frozen;
#[cfg(jobring_loom)]
pub mod model;
