//! The calls on pools of processes in a build without them.

use super::processes_types::{
    jobring_process_fn, jobring_processes, jobring_processes_config, jobring_processes_options,
    jobring_processes_stats,
};
use super::status::{JOBRING_E_UNSUPPORTED, jobring_status};
use super::types::{jobring_job, jobring_outcome};
use core::ffi::{c_int, c_void};

/// What ends a job.
pub(super) enum Stop {
    Cancel,
    Kill,
}

/// # Safety
/// None. (That of `process_pool` has some.)
pub(super) unsafe fn submit(
    _: *mut jobring_processes,
    _: u32,
    _: *const c_void,
    _: usize,
    _: *const jobring_processes_options,
    _: *mut jobring_job,
) -> jobring_status {
    JOBRING_E_UNSUPPORTED
}

/// # Safety
/// None. (That of `process_pool` has some.)
pub(super) unsafe fn take(
    _: *mut jobring_processes,
    _: Option<jobring_job>,
    _: i64,
    _: *mut jobring_outcome,
) -> jobring_status {
    JOBRING_E_UNSUPPORTED
}

/// # Safety
/// None. (That of `process_pool` has some.)
pub(super) unsafe fn stop(_: *mut jobring_processes, _: jobring_job, _: Stop) -> jobring_status {
    JOBRING_E_UNSUPPORTED
}

/// # Safety
/// None. (That of `process_pool` has some.)
pub(super) unsafe fn descriptor(_: *mut jobring_processes, _: *mut c_int) -> jobring_status {
    JOBRING_E_UNSUPPORTED
}

/// # Safety
/// None. (That of `process_pool` has some.)
pub(super) unsafe fn shutdown(_: *mut jobring_processes, _: u32, _: i64) -> jobring_status {
    JOBRING_E_UNSUPPORTED
}

/// # Safety
/// None. (That of `process_pool` has some.)
pub(super) unsafe fn destroy(_: *mut jobring_processes) -> jobring_status {
    JOBRING_E_UNSUPPORTED
}

/// # Safety
/// None. (That of `process_pool` has some.)
pub(super) unsafe fn stats(_: *mut jobring_processes, _: *mut jobring_processes_stats) -> jobring_status {
    JOBRING_E_UNSUPPORTED
}

/// # Safety
/// None. (That of `process_pool` has some.)
pub(super) unsafe fn become_zygote(_: *const jobring_process_fn, _: u32) -> jobring_status {
    JOBRING_E_UNSUPPORTED
}

/// # Safety
/// None. (That of `process_pool` has some.)
pub(super) unsafe fn create(
    _: *const jobring_processes_config,
    _: *mut *mut jobring_processes,
) -> jobring_status {
    JOBRING_E_UNSUPPORTED
}
