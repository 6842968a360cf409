//! Done callbacks that are added at any time: `job/watchers.rs` has the list.

use super::call::{done, done_out, output};
use super::callback;
use super::status::{JOBRING_E_INVALID, StatusError, jobring_status};
use super::types::{jobring_done_node, jobring_outcome};
use crate::job::watchers::{Link, Watchers};
use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::{NonNull, null_mut};

/// A job whose done callbacks are added at any time, by jobring_watch(). It is the caller's memory.
///
/// jobring_watched_init() prepares it, and `&watched.node` goes into jobring_submit_options.nodes of one job,
/// alone or in a list. So any job with options can be watched: one with a handle, detached, of a batch or of
/// a completion queue. The structure stays where it is until the job has ended and no thread is inside
/// jobring_watch() or begins it; the last callback may free it.
///
/// If the job is refused, the structure can be used for another one. If it was accepted, only after its end, and
/// after another jobring_watched_init(): without that, the submit returns JOBRING_E_INVALID.
#[repr(C)]
pub struct jobring_watched {
    /// For jobring_submit_options.nodes. The caller may set `next` before the submit, and changes nothing
    /// else.
    pub node: jobring_done_node,
    /// The library's.
    pub reserved: [*mut c_void; 8],
}

/// What a callback that is added late receives. On 32 bits a handle may be aligned to a word only.
#[derive(Clone, Copy)]
#[repr(C)]
struct Ended {
    job: [u32; 2],
    result: *mut c_void,
    status: jobring_status,
    code: i32,
}

// SAFETY:
// - a result is passed on and not used.
unsafe impl Send for Ended {}
// SAFETY:
// - as for Send.
unsafe impl Sync for Ended {}

const _: () = {
    // The list has room in the reserved words, and a node begins with its link.
    assert!(size_of::<Watchers<Ended>>() <= size_of::<[*mut c_void; 8]>());
    assert!(align_of::<Watchers<Ended>>() <= align_of::<*mut c_void>());
    assert!(offset_of!(jobring_done_node, next) == 0 && size_of::<Link>() == size_of::<*mut c_void>());
};

/// The list in the reserved words.
///
/// # Safety
/// 1. `watched` is a jobring_watched.
unsafe fn list(watched: *mut jobring_watched) -> *mut Watchers<Ended> {
    // SAFETY:
    // - 1.
    unsafe { (&raw mut (*watched).reserved).cast() }
}

/// The done callback of `jobring_watched.node`: the job has ended.
unsafe extern "C" fn tell(watched: *mut c_void, outcome: *const jobring_outcome) {
    let watched = watched.cast::<jobring_watched>();
    // SAFETY:
    // - the library calls it with the argument that jobring_watched_init set, once, and with an outcome that
    //   is valid until it returns. The structure is there until then.
    let (list, outcome) = unsafe { (list(watched), &*outcome) };
    // A submit refuses a node without a callback: the list serves one job only.
    // SAFETY:
    // - the library has read the node, and does not read it again. jobring_watch reads another field.
    unsafe { (&raw mut (*watched).node.done).write(None) };
    let job = [outcome.job as u32, (outcome.job >> 32) as u32];
    let &jobring_outcome { result, status, code, .. } = outcome;
    // SAFETY:
    // - 1: the library calls this once.
    for link in unsafe { Watchers::close(list, Ended { job, result, status, code }) } {
        // SAFETY:
        // - jobring_watch added it, and it stays in place until it is called.
        let node = unsafe { link.cast::<jobring_done_node>().read() };
        // SAFETY:
        // - jobring_watch's caller promised it.
        unsafe { call(node, outcome) };
    }
}

/// # Safety
/// 1. The node's callback may be called with its argument.
unsafe fn call(node: jobring_done_node, outcome: &jobring_outcome) {
    if let Some(done) = node.done {
        // SAFETY:
        // - 1.
        unsafe { callback::done(done, node.arg, outcome) };
    }
}

/// Prepares a structure for jobring_watch(), before the submit of its job.
///
/// - `watched`: the structure. If a job was accepted with it before, that job has ended, and no thread is inside
///   jobring_watch() with it.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID.
///
/// From anywhere, also from a signal handler or an interrupt. Does not block or allocate.
///
/// # Safety
/// `watched` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_watched_init(watched: *mut jobring_watched) -> jobring_status {
    done(|| {
        output(watched)?;
        let node = jobring_done_node {
            next: null_mut(),
            done: Some(tell),
            arg: watched.cast(),
            reserved: [null_mut(); 2],
        };
        // SAFETY:
        // - checked above; the list fits into the reserved words.
        unsafe {
            watched.write(jobring_watched { node, reserved: [null_mut(); 8] });
            list(watched).write(Watchers::new());
        }
        Ok(())
    })
}

/// Adds a done callback to a job, at any time; if the job has ended, calls it at once.
///
/// Each callback is called exactly once. Those that were added before the job ended are called as done callbacks
/// (jobring_done_fn), in the order in which they were added: on the thread that ended the job, which is still inside
/// the job, before the waits for it return.
///
/// A callback that is added later is called by this function, on the calling thread and outside of the job. The
/// earlier ones may still be running, on the thread that ended the job. Its outcome has `job`, `status`, `result` and
/// `code` only. By then the result may have been taken, or freed by the drop callback.
///
/// A callback may cancel, detach, submit and watch again. From its call on the node is the caller's again: the
/// callback may add it to another job, or free it.
///
/// - `watched`: from jobring_watched_init(); its node was, is or will be among the nodes of a submit.
/// - `node`: the callback and its argument. The node and its `next` are the library's until the callback is
///   called.
///
/// Returns:
/// - JOBRING_OK: the callback was called, or will be when a job that was submitted with `watched` has ended.
/// - JOBRING_E_INVALID: also for a node without a callback or with a reserved word that is not 0.
///
/// From any thread, including inside a job, a hook or a callback; from a signal handler or an interrupt too,
/// if the callback may be called there. Is lock-free. Does not block or allocate, except for what the
/// callback does.
///
/// # Safety
/// `watched` is NULL or a jobring_watched; `node` is NULL or a jobring_done_node, in place until its callback
/// is called, whose callback may be called on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_watch(
    watched: *mut jobring_watched,
    node: *mut jobring_done_node,
) -> jobring_status {
    done_out(|| {
        output(watched)?;
        output(node)?;
        // SAFETY:
        // - checked above; the caller's.
        let (own, given) = unsafe { ((&raw const (*watched).node.arg).read(), node.read()) };
        // Zeroed memory, and a structure that was moved, never match.
        if own != watched.cast() || given.done.is_none() || given.reserved.iter().any(|word| !word.is_null())
        {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        let link = NonNull::new(node.cast::<Link>()).ok_or(StatusError(JOBRING_E_INVALID))?;
        // SAFETY:
        // - jobring_watched_init made the list; 1: the caller's.
        if let Some(Ended { job: [low, high], result, status, code }) = unsafe { (*list(watched)).add(link) }
        {
            let job = u64::from(high) << 32 | u64::from(low);
            let outcome = jobring_outcome { result, code, ..jobring_outcome::new(job, status) };
            // SAFETY:
            // - the caller's: the node was not added.
            unsafe { call(given, &outcome) };
        }
        Ok(())
    })
}
