//! What only tests need of the inside: models (`cfg(jobring_loom)`) and the freeze test (`cfg(jobring_freeze)`).

#[cfg(jobring_freeze)]
pub(crate) mod frozen;
#[cfg(jobring_loom)]
pub mod model;
