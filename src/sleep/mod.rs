//! How workers sleep and wake. README.md in this folder states the protocol and why it is correct.

mod counts;
mod idle;
mod requests;

pub(crate) use counts::{HAS_THREADS, MAX_WORKERS};
pub(crate) use idle::{Idle, NotifyOutcome};
