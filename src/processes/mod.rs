//! Jobs in other processes: the core of it, over words in shared memory. README.md states the protocol.
//!
//! So far this is built for tests and models only: nothing maps memory or starts a process yet.
//!
//! A worker does its part with [`Worker`], the parent its part with [`Parent`], which it keeps under a lock. What both see is a
//! [`Mapping`].

mod mapping;
mod parent;
mod record;
mod sweep;
mod wake;
mod word;
mod worker;

#[cfg(test)]
mod parent_tests;

pub(crate) use mapping::{Body, Header, Mapping, Slot, WorkerWords};
pub(crate) use parent::{Corrupt, Parent};
pub(crate) use record::{End, Record};
pub(crate) use worker::{Claimed, Worker};
