//! Fork-join: the caller works on its own task, and lends parts of it to the pool.
//!
//! - `parallel_for`: a range, cut into **shares** that the caller and its **helpers** claim one after the
//!   other. `loop_options`: the same with a largest share and a deadline.
//! - `join`: two closures; the second is published only when a worker is idle.
//! - `scope`: jobs that borrow from their spawner's stack. `nested`: what these jobs spawn into the scope.
//!
//! None of them allocates or locks, and nothing outlives the call. All that is lent lies on the caller's
//! stack, and the helper is an ordinary job whose payload is a pointer to it. Before the caller returns, it
//! takes back each helper that has not started (`engine/fork_support.rs`) and waits for each one that has. So
//! no thread waits for a helper that has not started.
//!
//! Submit (E1) makes what the caller did before visible to its helpers, and the wait (E3) makes what they did
//! visible to the caller. If the pool is full, closed or without workers, nothing is lent.

mod chunks;
mod join;
mod loop_options;
mod nested;
mod once_slot;
mod parallel_for;
mod scope;

pub(crate) use join::join;
#[cfg(any(feature = "capi", jobring_loom))]
pub(crate) use loop_options::share_out_with;
pub(crate) use loop_options::{LoopOptions, try_for_each_share_with};
pub(crate) use nested::Nested;
#[cfg(any(feature = "capi", jobring_loom))]
pub(crate) use parallel_for::share_out;
pub(crate) use parallel_for::{for_each_share, try_for_each_share};
pub(crate) use scope::Spawned;
