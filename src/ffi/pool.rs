//! What a C pool consists of: the head of its memory.

use super::c_port::CPort;
use super::config_check::HookTable;
use crate::engine::RawPool;
use crate::slot::storage::Block;
use crate::util::memory;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::WorkerSet;

/// What lies at the beginning of a pool's memory.
#[repr(C)]
pub(super) struct CPool {
    /// Its own address, turned around, while it lives.
    pub(super) mark: usize,
    pub(super) raw: RawPool<Block<'static>, CPort>,
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) workers: Option<WorkerSet>,
    #[cfg(not(any(feature = "std", feature = "pthread")))]
    pub(super) workers: usize,
    pub(super) hooks: HookTable,
    pub(super) bytes: usize,
    /// The memory as it was allocated, if it is ours to give back.
    pub(super) owned: Option<memory::Raw>,
    /// The forks until it was made.
    pub(super) forks: usize,
}

impl CPool {
    /// The pool is over: no call finds it any more.
    ///
    /// # Safety
    /// 1. `at` is a pool, and the caller alone has it.
    pub(super) unsafe fn unmark(at: *mut Self) {
        // SAFETY:
        // - 1.
        unsafe { (&raw mut (*at).mark).write(0) };
    }
}
