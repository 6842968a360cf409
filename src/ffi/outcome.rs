//! A job's outcome, for its done callbacks.

use super::callback;
use super::status::jobring_status;
use super::types::{jobring_done_fn, jobring_done_node, jobring_job, jobring_outcome};

impl jobring_outcome {
    pub(super) fn new(job: jobring_job, status: jobring_status) -> Self {
        Self {
            size: size_of::<Self>() as u32,
            status,
            job,
            arg: core::ptr::null_mut(),
            result: core::ptr::null_mut(),
            data: core::ptr::null_mut(),
            capacity: 0,
            length: 0,
            code: 0,
            r#move: None,
            reserved: core::ptr::null_mut(),
        }
    }
}

/// Calls the done callback of a job, then those of a list.
///
/// # Safety
/// 1. The callback, the list and its nodes are as the submitter promised.
pub(super) unsafe fn tell(
    done: jobring_done_fn,
    mut node: *mut jobring_done_node,
    outcome: &jobring_outcome,
) {
    if let Some(done) = done {
        // SAFETY:
        // - 1.
        unsafe { callback::done(done, outcome.arg, outcome) };
    }
    while !node.is_null() {
        // SAFETY:
        // - 1: readable until its callback is called.
        let jobring_done_node { next, done, arg, .. } = unsafe { node.read() };
        if let Some(done) = done {
            // SAFETY:
            // - 1.
            unsafe { callback::done(done, arg, outcome) };
        }
        node = next;
    }
}
