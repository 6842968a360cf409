//! Fork-join: a caller that takes part in its own work, and lends some of it to the pool.
//!
//! - `parallel_for`: a range, cut into **shares** that the caller and its **helpers** claim as they go.
//! - `join`: two closures, of which the second is published only when a worker is idle.
//! - `scope`: jobs that borrow from their spawner's stack.
//!
//! What they have in common: no allocation, no lock, nothing that outlives the call. All that is lent lies on the caller's
//! stack; a helper is an ordinary job of the pool whose payload is a pointer to it. Nobody waits for a thread that has not
//! begun: before the caller returns, it takes each helper back (`engine/fork_support.rs`), or, if somebody has begun it, waits for
//! its end. So submit (E1) carries what the caller did before to its helpers, and the wait (E3) carries what they did to
//! what the caller does next. A full ring, a closed pool or one without workers means that nothing is lent.

mod chunks;
mod join;
mod once_slot;
mod parallel_for;
mod scope;

pub(crate) use join::join;
#[cfg(any(feature = "capi", jobring_loom))]
pub(crate) use parallel_for::share_out;
pub(crate) use parallel_for::{for_each_share, try_for_each_share};
pub(crate) use scope::Spawned;
