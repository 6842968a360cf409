//! The one place that chooses between std's primitives and the model checker's.

#[cfg(not(jobring_loom))]
pub(crate) use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicBool, AtomicUsize},
};

#[cfg(jobring_loom)]
pub(crate) use loom::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicBool, AtomicUsize},
};
