//! Pools whose workers are processes.

mod builder;
mod function;
mod job;
mod outcome;
mod pool;

pub use builder::{ProcessPoolBuilder, ProcessPoolError};
pub use function::ProcessFunction;
pub use job::ProcessJob;
pub use outcome::{ProcessDeath, ProcessDeathCause, ProcessEnd, ProcessError, ProcessJobId, ProcessOutcome};
pub use pool::{ProcessPool, ProcessPoolStats};
