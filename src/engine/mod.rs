//! The pool without its threads: rings, slots, idle word and life cycle together. Jobs are untyped here; the
//! APIs (`rust`, `ffi`) give them types.
//!
//! ```text
//! submit ─▶ slot from the free ring ─▶ filled, index into the ready ring ─▶ worker claims, runs ─▶ slot resolved
//!                                                                       ─▶ taken ─▶ slot back to the free ring
//! ```
//!
//! - `request`: what a submitter hands over. `submit`, `batch`: from a free slot to the ready ring. `run`:
//!   claims a job and runs it. `worker_loop`: what a worker does. `worker_state`: what it is doing now.
//!   `start_workers`: starts their threads.
//! - `wait`: the operations on a handle. `wait_many`, `many_jobs`: one wait for several jobs. `blocking_wait`: how a thread sleeps in a call. `task_wait`: async
//!   tasks that await a job. `deadlock`, `wait_graph`: sleeps that no thread could end. `stack_check`: may a
//!   job run inside a job? `interrupt`: ends a thread's blocking calls from outside.
//! - `cancellable`: jobs whose handle can only cancel.
//! - `idle_wait`: waits until every accepted job has finished.
//! - `completions`: queues of finished jobs, whose words are in `completion_queue`. `completion_event`: their descriptor.
//!   `abandoned_completions`: those that nobody uses any more.
//! - `lane`: FIFOs that run at most `width` jobs at the same time, with `lane_ref`, `lane_code`, `lane_word`, `lane_submit`, `lane_waits`.
//! - `pause`: workers start no job for a while. `resize`, `headcount`: they come and go.
//! - `lifecycle`, `close`: shutdown. `event_count`: sleep on its count in place of a marked word. `fork_support`:
//!   jobs that their submitter may take back.

mod abandoned_completions;
mod batch;
mod blocking_wait;
mod cancellable;
mod close;
mod completion_event;
mod completion_queue;
mod completions;
mod deadlock;
pub(crate) mod defaults;
mod event_count;
mod fork_support;
pub(crate) mod headcount;
mod idle_wait;
mod interrupt;
mod lane;
mod lane_code;
mod lane_moves;
mod lane_ref;
mod lane_submit;
mod lane_waits;
mod lane_word;
pub(crate) mod lifecycle;
mod many_jobs;
mod pause;
mod pool;
mod request;
mod resize;
mod run;
mod stack_check;
#[cfg(any(feature = "std", feature = "pthread", feature = "capi"))]
mod start_workers;
mod stats;
mod submit;
#[cfg(feature = "future")]
mod task_wait;
mod wait;
mod wait_graph;
mod wait_many;
mod worker_loop;
mod worker_state;
#[cfg(test)]
mod wrap_tests;

pub(crate) use crate::slot::state::Recipient;
pub(crate) use batch::Batch;
pub use close::ShutdownReport;
pub(crate) use completion_queue::Completions;
#[cfg(feature = "alloc")]
pub(crate) use completions::AT_ONCE;
pub(crate) use completions::{RanUserCode, TakeError};
pub(crate) use fork_support::LentJob;
pub(crate) use lane_code::LaneJobs;
pub(crate) use lane_ref::{Lane, LaneRef};
pub(crate) use lane_waits::LaneWaitError;
pub(crate) use lane_word::{MAX_JOBS, MAX_SLOTS, MAX_WIDTH};
pub use many_jobs::WaitFor;
pub(crate) use many_jobs::{Jobs, Member};
pub(crate) use pool::{POLLS, RawPool, RuntimeConfig, STACK_RESERVE};
pub(crate) use request::{Fail, Request, Wait, WhenFull};
#[cfg(all(feature = "capi", not(any(feature = "std", feature = "pthread"))))]
pub(crate) use start_workers::Started;
pub use stats::PoolStats;
pub(crate) use submit::ReserveError;
#[cfg(jobring_loom)]
pub(crate) use submit::Reserved;
pub(crate) use wait::{Completion, Disposition, Receiver, WaitError, WaitOptions};
pub(crate) use worker_state::WorkerActivity;
pub use worker_state::{WorkerState, WorkerStats};
