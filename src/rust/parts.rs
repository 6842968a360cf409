//! The parts of a pool: its storage, and the system below it.

use crate::platform::port::Port;
use crate::slot::storage::Storage;

/// The parts of a pool. The trait cannot be named outside this crate, so nobody else can implement `AnyPool`.
///
/// # Safety
/// 1. The storage's `payload_bytes()` is PAYLOAD.
pub unsafe trait Parts {
    type Storage: Storage;
    type Port: PoolPort;
    /// The largest closure and the largest result that fit into a slot, in bytes.
    const PAYLOAD: usize;
}

/// The system below a pool: [`System`](crate::System), the one that this build knows, or one on a
/// user-defined [`UserPort`](crate::UserPort). Sealed.
///
/// ```
/// use jobring::{PoolPort, StaticPool};
///
/// fn free<P: PoolPort>(pool: &StaticPool<4, 1, 48, P>) -> usize {
///     let held: Vec<_> = std::iter::from_fn(|| pool.try_submit(|| ()).ok()).collect();
///     held.len()
/// }
///
/// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
///
/// assert_eq!(free(&POOL), 4);
/// ```
pub trait PoolPort: Port + Clone + Sync {}

impl<P: Port + Clone + Sync> PoolPort for P {}
