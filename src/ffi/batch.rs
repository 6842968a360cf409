//! Submitting several jobs at once.

use super::c_port::CPort;
use super::call::{call, optional, pool};
use super::pool::CPool;
use super::request::{OptionsRequest, PlainRequest};
use super::status::{JOBRING_E_INVALID, JOBRING_OK, StatusError, jobring_status};
use super::types::{jobring_batch_item, jobring_job, jobring_pool};
use crate::engine::{self, Batch, Recipient};
use crate::slot::storage::Block;
use core::mem::MaybeUninit;

/// Submits several jobs with one wake-up between them, which is cheaper than one by one.
///
/// The jobs are queued in this order; jobs of other threads may come in between. The call never waits: if
/// the pool becomes full, the rest is not accepted, and jobring_submit() of the next job waits for room.
///
/// - `items`: the jobs; NULL is allowed if `count` is 0.
/// - `count`: the number of jobs.
/// - `jobs`: where the handles of the accepted jobs are written, or NULL to submit the jobs detached.
/// - `accepted`: where the number of accepted jobs is written; NULL if it is not wanted.
///
/// Returns:
/// - JOBRING_OK: all were accepted.
/// - JOBRING_E_FULL, JOBRING_E_SHUTDOWN: only the first jobs were accepted, or none; `accepted` is written.
///   The other jobs' arguments are still the caller's.
/// - JOBRING_E_INVALID, JOBRING_E_SIZE: one of the items is wrong, and none was accepted.
///
/// From any thread, including inside a job, a hook or a callback; on Linux from a signal handler; from an
/// interrupt on a pool without a port. Is lock-free for each job. Does not block or allocate. A thread that
/// is stopped inside this call keeps up to 8 free slots from others.
///
/// # Safety
/// `pool` is a pool or NULL; `items` is readable for `count` items, each as for jobring_submit_opts(); `jobs` is NULL or
/// writable for `count` handles; `accepted` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_submit_batch(
    pool: *mut jobring_pool,
    items: *const jobring_batch_item,
    count: usize,
    jobs: *mut jobring_job,
    accepted: *mut usize,
) -> jobring_status {
    call(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        optional(jobs)?;
        optional(accepted)?;
        let items = match count {
            0 => &[],
            _ if items.is_null() || !items.is_aligned() => return Err(StatusError(JOBRING_E_INVALID)),
            _ if count > isize::MAX as usize / size_of::<jobring_batch_item>() => {
                return Err(StatusError(JOBRING_E_INVALID));
            }
            // SAFETY:
            // - the caller's.
            _ => unsafe { core::slice::from_raw_parts(items, count) },
        };
        for item in items {
            if !item.reserved.is_null() {
                return Err(StatusError(JOBRING_E_INVALID));
            }
            if item.options.is_null() {
                PlainRequest::new(item.r#fn, item.arg)?;
            } else {
                let mut room = MaybeUninit::uninit();
                // SAFETY:
                // - the caller's, for each item.
                unsafe { OptionsRequest::read(item, pool, &mut room) }?;
            }
        }
        let mut placing = Placing { batch: Batch::new(&pool.raw), pool, jobs, placed: 0, count };
        let mut status = JOBRING_OK;
        for item in items {
            let outcome = if item.options.is_null() {
                let plain = PlainRequest::new(item.r#fn, item.arg);
                // SAFETY:
                // - 1: checked just now. 2: once for each item.
                plain.and_then(|request| unsafe { placing.place(request, placing.count - placing.placed) })
            } else {
                // SAFETY:
                // - the caller's.
                unsafe { placing.place_with_options(item) }
            };
            if let Err(StatusError(refused)) = outcome {
                status = refused;
                break;
            }
        }
        let Placing { batch, placed, .. } = placing;
        drop(batch);
        if !accepted.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { accepted.write(placed) };
        }
        Ok(status)
    })
}

/// A batch that is being submitted.
struct Placing<'a> {
    // INVARIANT: of this pool.
    batch: Batch<'a, Block<'static>, CPort>,
    pool: &'a CPool,
    jobs: *mut jobring_job,
    placed: usize,
    // INVARIANT: `jobs` is NULL or writable for this many handles.
    count: usize,
}

impl Placing<'_> {
    /// # Safety
    /// 1. The request was checked against the payload of this pool; the submitter's promises hold.
    /// 2. Fewer than `count` jobs were placed.
    #[inline(always)]
    unsafe fn place(&mut self, request: impl engine::Request, left: usize) -> Result<(), StatusError> {
        let reserved = self.batch.reserve(left)?;
        // SAFETY:
        // - reserved from this pool; 1.
        let (handle, position) =
            unsafe { self.pool.raw.enqueue(reserved, request, Recipient::of(self.jobs.is_null())) };
        if !self.jobs.is_null() {
            // SAFETY:
            // - 2.
            unsafe { self.jobs.add(self.placed).write(handle.to_bits()) };
        }
        self.placed += 1;
        self.batch.placed(position);
        Ok(())
    }

    /// # Safety
    /// 1. As for jobring_submit_batch(), for this item. 2. As for place.
    #[inline(never)]
    unsafe fn place_with_options(&mut self, item: &jobring_batch_item) -> Result<(), StatusError> {
        let (pool, mut room) = (self.pool, MaybeUninit::uninit());
        // SAFETY:
        // - 1: checked just now, against this pool's payload. 2: the same.
        unsafe {
            let request = OptionsRequest::read(item, pool, &mut room)?;
            let mut left = self.count - self.placed;
            if request.user_move().is_some() {
                // Then this thread holds no other slot.
                self.batch.flush();
                left = 1;
            }
            self.place(request, left)
        }
    }
}
