//! Jobs in other processes: the core of it, over words in shared memory. README.md states the protocol.
//!
//! A worker does its part with [`Worker`], the parent its part with [`Parent`], which it keeps under a lock. What both see is a
//! [`Mapping`]. `pool` makes the memory and the processes.

mod mapping;
mod parent;
mod record;
mod sweep;
mod wake;
mod word;
mod worker;

#[cfg(all(
    feature = "processes",
    target_os = "linux",
    target_env = "gnu",
    not(any(jobring_loom, jobring_freeze))
))]
pub(crate) mod pool;

#[cfg(test)]
mod parent_tests;

pub(crate) use mapping::{Body, Header, Mapping, Slot, WorkerWords};
pub(crate) use parent::{Corrupt, Parent};
pub(crate) use record::End;
pub(crate) use word::MAX_WORKERS;
pub(crate) use worker::{Claimed, Worker};
