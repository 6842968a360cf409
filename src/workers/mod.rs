//! Worker threads: the set of a pool's workers, and the thread of each.

mod name;
mod resize;
mod worker_set;
mod worker_thread;

pub(crate) use resize::ResizeError;
pub(crate) use worker_set::{WorkerSet, WorkerSetConfig};
pub(crate) use worker_thread::{Hooks, WorkerThread};
