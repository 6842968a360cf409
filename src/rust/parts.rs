//! What a pool is made of: its storage, and the system under it.

use crate::platform::port::Port;
use crate::slot::storage::Storage;

/// What a pool is made of. It cannot be named outside of this crate, so nobody else implements `AnyPool`.
///
/// # Safety
/// 1. The storage's `payload_bytes()` is PAYLOAD.
pub unsafe trait Parts {
    type Storage: Storage;
    type Port: PoolPort;
    /// Bytes of a closure, and of its result, that fit into a slot.
    const PAYLOAD: usize;
}

/// The system under a pool: [`System`](crate::System), the one that this build knows, or one on a
/// [`UserPort`](crate::UserPort) of yours. Sealed.
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
