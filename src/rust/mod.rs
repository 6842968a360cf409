//! The Rust API: typed jobs on top of the engine, which knows only bytes.

pub(crate) mod batch;
pub(crate) mod blocking_queue;
#[cfg(feature = "alloc")]
mod boxed;
#[cfg(feature = "alloc")]
pub(crate) mod builder;
#[cfg(feature = "alloc")]
mod builder_threads;
pub(crate) mod cancellable;
pub(crate) mod closure;
#[cfg(feature = "alloc")]
pub(crate) mod completion;
#[cfg(feature = "alloc")]
pub(crate) mod completions;
#[cfg(all(unix, feature = "std"))]
mod completions_event;
#[cfg(feature = "alloc")]
pub(crate) mod completions_iter;
#[cfg(feature = "alloc")]
mod completions_take;
mod fits;
#[cfg(feature = "future")]
mod future;
pub(crate) mod handle;
pub(crate) mod idle;
mod info;
mod interrupt;
pub(crate) mod job_state;
pub(crate) mod lane;
mod lane_closure;
pub(crate) mod lane_memory;
#[cfg(feature = "alloc")]
pub(crate) mod map;
#[cfg(feature = "alloc")]
mod map_chunk;
#[cfg(feature = "alloc")]
mod map_iter;
#[cfg(feature = "alloc")]
mod map_order;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub(crate) mod owned_handle;
mod parallel;
pub(crate) mod parallel_loop;
pub(crate) mod parts;
#[cfg(any(feature = "std", feature = "pthread"))]
mod pause;
#[cfg(feature = "alloc")]
pub(crate) mod pool;
pub(crate) mod pool_core;
#[cfg(all(
    feature = "processes",
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(any(jobring_loom, jobring_freeze))
))]
pub(crate) mod processes;
#[cfg(feature = "alloc")]
mod queue_list;
#[cfg(feature = "alloc")]
mod queued_closure;
#[cfg(feature = "alloc")]
pub(crate) mod resize;
mod run;
pub(crate) mod scope;
#[cfg(feature = "alloc")]
pub(crate) mod scope_map;
pub(crate) mod scoped_handle;
pub(crate) mod shutdown;
mod slices;
pub(crate) mod spawner;
pub(crate) mod static_pool;
#[cfg(all(feature = "future", feature = "alloc"))]
mod stream;
pub(crate) mod time_limit;
pub(crate) mod wait_many;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub(crate) mod watch;
#[cfg(feature = "alloc")]
mod worker;
#[cfg(feature = "std")]
pub(crate) mod worker_local;
