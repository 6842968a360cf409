//! The default settings of a pool, the same for both APIs.

use crate::sleep::MAX_WORKERS;

/// Slots. A model's rings are small.
pub(crate) const CAPACITY: usize = if cfg!(jobring_loom) { 2 } else { 1024 };
/// Bytes of a slot's payload: with it a slot has 64 bytes on 64-bit targets, one cache line.
pub(crate) const PAYLOAD: usize = 48;
/// The number of threads that may enter as workers besides the pool's own.
const ENTERED: usize = 16;

/// Worker threads: one for each CPU that the caller may use, where the library can make threads.
pub(crate) fn workers() -> usize {
    // A model is the same program on every machine.
    #[cfg(any(feature = "std", feature = "pthread"))]
    return if cfg!(jobring_loom) { 1 } else { crate::platform::thread::available_cpus().min(MAX_WORKERS) };
    #[cfg(not(any(feature = "std", feature = "pthread")))]
    0
}

/// The most workers at a time of a pool that starts `workers` threads of its own.
pub(crate) fn max_workers(workers: usize) -> usize {
    workers.saturating_add(ENTERED).min(MAX_WORKERS.max(workers))
}
