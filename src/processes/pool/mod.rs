//! A pool whose workers are processes: the protocol's core ([`super::Parent`], [`super::Worker`]) on Linux.
//!
//! - [`ProcessPool`] is what the faces call.
//! - `shared.rs`: what its threads share. `supervisor.rs`: the thread that makes workers and learns of their ends; `crew.rs`: who has
//!   a worker's number.
//! - `spawn.rs`, `zygote.rs`: the process of which the workers are copies. `worker_process.rs`: the life of a worker.
//! - `layout.rs`, `config.rs`: what lies where in the mapping.

mod config;
mod crew;
mod function;
mod layout;
mod outcome;
mod process_pool;
mod shared;
mod spawn;
mod supervisor;
mod taken;
mod worker_process;
mod zygote;

#[cfg(feature = "capi")]
pub(crate) use config::MAX_LIMITS;
pub(crate) use config::{Config, Origin, ResourceLimit};
pub(crate) use function::{Function, Return};
pub(crate) use outcome::{Cause, Failure, Outcome};
pub(crate) use process_pool::{CreateError, Ending, ProcessPool};
pub(crate) use spawn::take_over;
pub(crate) use taken::Taken;
