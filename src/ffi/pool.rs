//! The parts of a C pool: the head of its memory.

use super::c_port::CPort;
#[cfg(any(feature = "std", feature = "pthread"))]
use super::completion_queue::QueueList;
use super::config_check::HookTable;
use crate::engine::RawPool;
#[cfg(not(any(feature = "std", feature = "pthread")))]
use crate::engine::Started;
use crate::slot::storage::Block;
use crate::util::memory;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::WorkerSet;

/// The beginning of a pool's memory.
#[repr(C)]
pub(super) struct CPool {
    /// The complement of its own address, while it lives.
    pub(super) mark: usize,
    pub(super) raw: RawPool<Block<'static>, CPort>,
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) workers: Option<WorkerSet>,
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) queues: QueueList,
    #[cfg(not(any(feature = "std", feature = "pthread")))]
    pub(super) workers: Started,
    pub(super) hooks: HookTable,
    pub(super) bytes: usize,
    /// The memory as it was allocated, if the library has to free it.
    pub(super) owned: Option<memory::Raw>,
    /// How many forks there were when it was made.
    pub(super) forks: usize,
}

impl CPool {
    /// Ends the pool: no call finds it after this.
    ///
    /// # Safety
    /// 1. `at` is a pool, and the caller alone has it.
    pub(super) unsafe fn unmark(at: *mut Self) {
        // SAFETY:
        // - 1.
        unsafe { (&raw mut (*at).mark).write(0) };
    }
}
