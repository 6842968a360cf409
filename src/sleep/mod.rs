//! Sleeping and waking of workers. README.md beside this file states the protocol and why it is right.

mod counts;
mod idle;

pub(crate) use counts::MAX_WORKERS;
pub(crate) use idle::{Idle, Noticed};
