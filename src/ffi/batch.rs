//! Handing over several jobs at once.

use super::birth::jobring_pool;
use super::guard::{call, optional, submitter};
use super::order::Order;
use super::status::{Failed, JOBRING_E_INVALID, JOBRING_OK, jobring_status};
use super::submit::{jobring_fn, jobring_job, jobring_options};
use crate::pool::Batch;
use core::ffi::c_void;

/// One job of a batch.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_item {
    /// The job.
    pub r#fn: jobring_fn,
    /// Its argument.
    pub arg: *mut c_void,
    /// As for jobring_submit_opts(), but when_full and timeout_ns are not looked at. NULL: all defaults.
    pub options: *const jobring_options,
}

/// Submits several jobs with one wake-up between them: cheaper than one by one, and they are queued in this order (jobs
/// of other submitters may come in between). Never waits: when the pool is full, the rest is not accepted; a jobring_submit() of
/// the next one waits for room. Near the end of a full pool it pauses, before the first, as jobring_submit() does.
///
/// `items`, `count`: the jobs; NULL is allowed if `count` is 0. `jobs`: where the handles of those accepted are written,
/// or NULL to submit them detached. `accepted`: where the number of those accepted is written, also with JOBRING_E_FULL
/// and JOBRING_E_SHUTDOWN; NULL if it is not wanted.
///
/// Returns JOBRING_OK if all were accepted; JOBRING_E_FULL or JOBRING_E_SHUTDOWN if only the first ones were, or none;
/// JOBRING_E_INVALID or JOBRING_E_SIZE if one of the items is wrong: then none was. What was not accepted is the caller's.
///
/// From where jobring_try_submit() may be called; not from an interrupt on a pool with a port. Lock-free for each job; neither blocks nor allocates.
///
/// # Safety
/// `pool` is a pool or NULL; `items` is readable for `count` items, each as for jobring_submit_opts(); `jobs` is NULL or
/// writable for `count` handles; `accepted` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_submit_batch(
    pool: *mut jobring_pool,
    items: *const jobring_item,
    count: usize,
    jobs: *mut jobring_job,
    accepted: *mut usize,
) -> jobring_status {
    call(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { submitter(pool) }?;
        optional(jobs)?;
        optional(accepted)?;
        let items = match count {
            0 => &[],
            _ if items.is_null() || !items.is_aligned() => return Err(Failed(JOBRING_E_INVALID)),
            _ if count > isize::MAX as usize / size_of::<jobring_item>() => {
                return Err(Failed(JOBRING_E_INVALID));
            }
            // SAFETY:
            // - the caller's.
            _ => unsafe { core::slice::from_raw_parts(items, count) },
        };
        let payload = pool.raw.payload_bytes();
        for item in items {
            // SAFETY:
            // - the caller's, for each item.
            unsafe { Order::read(item, payload) }?;
        }
        let mut placed = 0;
        let mut batch = Batch::new(&pool.raw);
        let mut place = |order: Order| {
            let reserved = batch.reserve(count - placed)?;
            // SAFETY:
            // - reserved from this pool; the order was checked against its payload.
            let (handle, position) = unsafe {
                pool.raw.place(reserved, order.kind(), jobs.is_null(), |payload| order.write(payload))
            };
            if !jobs.is_null() {
                // SAFETY:
                // - placed < count.
                unsafe { jobs.add(placed).write(handle.to_bits()) };
            }
            placed += 1;
            batch.placed(position);
            Ok(())
        };
        let mut status = JOBRING_OK;
        for item in items {
            let outcome = match Order::read_plain(item, payload) {
                Some(plain) => plain.and_then(&mut place),
                // SAFETY:
                // - as above.
                None => unsafe { Order::read(item, payload) }.and_then(&mut place),
            };
            if let Err(Failed(refused)) = outcome {
                status = refused;
                break;
            }
        }
        drop(batch);
        if !accepted.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { accepted.write(placed) };
        }
        Ok(status)
    })
}
