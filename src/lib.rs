//! A thread pool with a fixed number of job slots: `no_std`, lock-free, with a C ABI.
//!
//! The promise: **a job that submit accepts is run, cancelled or discarded, exactly once, and its
//! submitter can always find out which; submit neither locks nor allocates; an idle pool uses no CPU.**
//!
//! - `Pool` (feature `alloc`) is a pool on the heap. With `std` or `pthread` it has its own worker threads.
//! - [`StaticPool`] is a pool for a `static`: no heap, no OS, all zero at first.
//! - [`UserPort`] is for systems that this library does not know: an RTOS, or bare cores.
//! - [`PoolCore`] is what every pool can do: submit, run, shut down. A function that takes any pool asks for
//!   an [`AnyPool`].
//! - [`JobHandle`] gives access to a job and its result. With the feature `future` it is also a `Future`.
//!   An `OwnedJobHandle` (feature `alloc`) shares the ownership of its pool.
//! - [`Scope`] is for jobs that borrow; a [`ScopedJobHandle`] gives access to the result of one, and a [`Spawner`] lets them
//!   spawn more.
//! - `WorkerLocal` (feature `std`) has a value for each worker, and for each other thread that takes part.
//! - [`Interrupt`] ends a thread's blocking calls, from a signal handler too.
//! - `Completions` (feature `alloc`) gives the results of many jobs in the order in which they finish. With the
//!   feature `future` it is also a `Stream`.
//! - `PoolCore::map` (feature `alloc`) calls a function with each item of a slice, in parallel; [`PoolCore::for_each_chunk_mut`] with
//!   chunks that it may change. `MapIter` gives the results of a function over an iterator, in the order of its input.
//! - [`Lane`] is a FIFO of jobs of which at most a given number run at the same time: an actor's mailbox, a serial queue, a quota.
//! - [`Queue`] is a bounded FIFO of values, for threads and interrupt handlers, without a pool. A [`BlockingQueue`] is one for
//!   threads that wait for each other, and can be closed.
//! - `include/jobring.h`, `include/jobring_ext.h`, `include/jobring_processes.h` and `include/jobring_port.h` are the C API (feature
//!   `capi`).
//! - [`from_python`] has the verbs of Python's thread pools, each in Python, C and Rust.
//!
//! ```
//! use jobring::Pool;
//!
//! let pool = Pool::new(2)?;
//! let job = pool.submit(|| 6 * 7)?;
//! assert_eq!(job.wait()?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the submitter did before the submit happens before the job. What the job does happens before what a
//! thread does after it has waited for the job.
//!
//! *Lock-free* is meant in the strict sense: a thread that stops anywhere inside submit, claim, complete or
//! release does not keep other threads from completing theirs. The README says what is verified, how, and
//! what is not.

#![no_std]
// One API may leave unused what another one uses. So only the build with all of them checks for dead code and
// unused imports.
#![cfg_attr(
    not(all(feature = "std", feature = "pthread", feature = "capi")),
    allow(dead_code, unused_imports)
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(all(jobring_loom, not(feature = "loom")))]
compile_error!("`--cfg jobring_loom` needs the feature `loom` too");
#[cfg(all(jobring_loom, feature = "capi"))]
compile_error!("`--cfg jobring_loom` has no C API: C code cannot be put into a model");
#[cfg(not(any(target_pointer_width = "32", target_pointer_width = "64")))]
compile_error!("jobring needs words of 32 or 64 bits");

mod engine;
mod error;
#[cfg(feature = "capi")]
#[doc(hidden)]
pub mod ffi;
mod fork_join;
mod job;
mod platform;
#[cfg(all(
    any(
        test,
        jobring_loom,
        jobring_freeze,
        all(feature = "processes", target_os = "linux", target_env = "gnu")
    ),
    feature = "alloc",
    target_pointer_width = "64"
))]
mod processes;
mod queue;
mod ring;
mod rust;
mod sleep;
mod slot;
mod sync;
#[cfg(any(jobring_loom, jobring_freeze))]
mod testing;
mod util;
#[cfg(all(any(feature = "std", feature = "pthread"), any(feature = "alloc", feature = "capi")))]
mod workers;

pub use engine::lifecycle::ShutdownMode;
pub use engine::{PoolStats, ShutdownReport, WaitFor, WorkerState, WorkerStats};
#[cfg(feature = "alloc")]
pub use error::RecvError;
pub use error::{BuildError, JobError, JobPanic, OsError, PopError, PushError, QueueFull, SubmitError};
pub use job::id::JobId;
pub use job::interrupt::Interrupt;
pub use platform::user_port::{Seat, UserPort};
pub use platform::{Backend, System};
pub use queue::Queue;
pub use rust::batch::Refused;
pub use rust::blocking_queue::BlockingQueue;
#[cfg(feature = "alloc")]
pub use rust::builder::Builder;
pub use rust::cancellable::Canceller;
#[cfg(feature = "alloc")]
pub use rust::completion::Completion;
#[cfg(feature = "alloc")]
pub use rust::completions::Completions;
#[cfg(feature = "alloc")]
pub use rust::completions_iter::CompletionsIter;
pub use rust::handle::JobHandle;
pub use rust::idle::IdleError;
pub use rust::job_state::JobState;
pub use rust::lane::Lane;
pub use rust::lane_memory::LaneMemory;
#[cfg(feature = "alloc")]
pub use rust::map::MapIter;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use rust::owned_handle::OwnedJobHandle;
pub use rust::parallel_loop::{LoopTimedOut, ParallelLoop};
pub use rust::parts::PoolPort;
#[cfg(feature = "alloc")]
pub use rust::pool::{DEFAULT_CAPACITY, DEFAULT_PAYLOAD, Pool};
pub use rust::pool_core::{AnyPool, PoolCore};
#[cfg(all(
    feature = "processes",
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(any(jobring_loom, jobring_freeze))
))]
pub use rust::processes::{
    ProcessDeath, ProcessDeathCause, ProcessEnd, ProcessError, ProcessFunction, ProcessJob, ProcessJobId,
    ProcessOutcome, ProcessPool, ProcessPoolBuilder, ProcessPoolError, ProcessPoolStats,
};
#[cfg(feature = "alloc")]
pub use rust::resize::WorkersError;
pub use rust::scope::Scope;
#[cfg(feature = "alloc")]
pub use rust::scope_map::ScopeMapIter;
pub use rust::scoped_handle::ScopedJobHandle;
pub use rust::shutdown::ShutdownError;
pub use rust::spawner::Spawner;
pub use rust::static_pool::StaticPool;
pub use rust::time_limit::TimeLimit;
pub use rust::wait_many::WaitManyError;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use rust::watch::Watch;
#[cfg(feature = "std")]
pub use rust::worker_local::WorkerLocal;
#[cfg(any(jobring_loom, jobring_bug))]
pub use sync::bug::Bug;
#[cfg(jobring_freeze)]
pub use sync::freeze;
#[cfg(any(jobring_loom, jobring_freeze, jobring_tsan))]
pub use sync::site::Site;
#[cfg(jobring_freeze)]
pub use testing::frozen::Shared;
#[cfg(jobring_loom)]
pub use testing::model;

// A page of the documentation alone. tests/from_python.rs runs what it shows.
#[cfg(all(doc, not(doctest)))]
#[doc = include_str!("../docs/from-python.md")]
pub mod from_python {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
