//! Makes lanes for Rust callers, on the heap or in their memory.

use super::lane::Lane;
use super::lane_closure;
use crate::engine::{Lane as Words, LaneJobs, LaneRef, MAX_JOBS, MAX_SLOTS, MAX_WIDTH};
use crate::error::BuildError;
use crate::job::vtable::Payload;
use crate::rust::pool_core::{AnyPool, PoolCore};
#[cfg(feature = "alloc")]
use crate::slot::storage::boxed;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::fmt;
use core::mem::MaybeUninit;

/// Memory for a lane where there is no heap: see [`PoolCore::lane_in`].
///
/// ```
/// static mut MEMORY: jobring::LaneMemory = jobring::LaneMemory::new();
/// # let _ = &raw const MEMORY;
/// ```
pub struct LaneMemory(MaybeUninit<Words>);

impl LaneMemory {
    /// Memory for one lane.
    ///
    /// ```
    /// static mut MEMORY: jobring::LaneMemory = jobring::LaneMemory::new();
    /// # let _ = &raw const MEMORY;
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self(MaybeUninit::uninit())
    }
}

impl Default for LaneMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LaneMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LaneMemory").finish_non_exhaustive()
    }
}

// SAFETY:
// - nothing in it is used before it is given to a lane, by an exclusive borrow that does not end.
unsafe impl Sync for LaneMemory {}
// SAFETY:
// - as for Sync.
unsafe impl Send for LaneMemory {}

/// The layout of Rust's jobs of lanes. Is the lane a box's?
struct Closures<const BOXED: bool>;

impl<const BOXED: bool> LaneJobs for Closures<BOXED> {
    unsafe fn link(payload: Payload) -> *mut usize {
        lane_closure::link(payload)
    }

    unsafe fn forget(payload: Payload) {
        // SAFETY:
        // - 1: the lanes of this API get no other jobs.
        unsafe { lane_closure::forget(payload) };
    }

    unsafe fn free(_lane: *const Words) {
        #[cfg(feature = "alloc")]
        if BOXED {
            // SAFETY:
            // - 1: it was a box's, and nobody else has it.
            drop(unsafe { Box::from_raw(_lane.cast_mut()) });
        }
    }
}

impl<P: AnyPool> PoolCore<P> {
    /// A lane of this pool (feature `alloc`), of which at most `width` jobs run at the same time, and at most `capacity` more wait: see [`Lane`].
    ///
    /// A pool of 64-bit targets can have as many lanes as memory has room for, at 104 bytes each.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(2).build()?;
    /// let lane = pool.lane(1, 16)?;
    /// assert_eq!(lane.submit(|| 6 * 7)?.wait()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Invalid`] if the width or the capacity is 0, or if they are too great: together at most 1,048,575, and the width
    /// at most 262,142. On 32-bit targets 1,023, 14, and the pool has at most 4,095 slots. [`BuildError::NoMemory`].
    #[cfg(feature = "alloc")]
    pub fn lane(&self, width: usize, capacity: usize) -> Result<Lane<'_, P>, BuildError> {
        let words = boxed(self.words::<true>(width, capacity)?).ok_or(BuildError::NoMemory)?;
        // SAFETY:
        // - 1: it is freed when its word has ended and the value below is gone (LaneJobs::free).
        Ok(Lane { pool: self, lane: unsafe { LaneRef::new(Box::into_raw(words)) } })
    }

    /// As `lane` (feature `alloc`), in the caller's memory, which the lane keeps for ever.
    ///
    /// ```
    /// use jobring::{Lane, LaneMemory, StaticPool};
    /// use std::sync::Mutex;
    ///
    /// static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    /// // In a firmware without a heap: a `StaticCell` of the crate of that name, or a `static mut`.
    /// let memory = Box::leak(Box::new(LaneMemory::new()));
    ///
    /// let lane = POOL.lane_in(memory, 1, 3)?;
    /// let job = lane.submit(|| 6 * 7)?;
    /// assert!(POOL.run_one());
    /// assert_eq!(job.wait()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Invalid`], as for `lane`.
    pub fn lane_in(
        &self,
        memory: &'static mut LaneMemory,
        width: usize,
        capacity: usize,
    ) -> Result<Lane<'_, P>, BuildError> {
        let words = memory.0.write(self.words::<false>(width, capacity)?);
        // SAFETY:
        // - 1: the memory is borrowed for ever.
        Ok(Lane { pool: self, lane: unsafe { LaneRef::new(words) } })
    }

    fn words<const BOXED: bool>(&self, width: usize, capacity: usize) -> Result<Words, BuildError> {
        if width == 0 || width > MAX_WIDTH {
            return Err(BuildError::Invalid("width"));
        }
        let most = width.checked_add(capacity).filter(|&most| capacity > 0 && most <= MAX_JOBS);
        let most = most.ok_or(BuildError::Invalid("capacity"))?;
        if self.raw.capacity() > MAX_SLOTS {
            return Err(BuildError::Invalid("the pool's capacity"));
        }
        Ok(Words::new::<_, _, Closures<BOXED>>(&self.raw, width, most))
    }
}
