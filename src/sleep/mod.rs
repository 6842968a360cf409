//! How workers sleep and wake. README.md in this folder states the protocol and why it is correct.

mod counts;
mod idle;

pub(crate) use counts::MAX_WORKERS;
pub(crate) use idle::{Idle, NotifyOutcome};
