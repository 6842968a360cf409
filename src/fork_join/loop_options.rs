//! A loop with options: a largest share, and a deadline. Both stand around the body, so a loop without them
//! pays nothing.
//!
//! - The caller and its helpers claim shares that are not larger than the largest (`chunks.rs`). Where the
//!   caller works alone, this cuts what it does into calls of that size.
//! - Before each call it reads the clock. When the time is up, the call is left out, and the loop is stopped
//!   as if a body had ended it: no claim succeeds any more, and the caller waits for the bodies that run, since
//!   they use what is the caller's. So a loop was too late if and only if an item was left out.

use super::chunks::Sizes;
use super::once_slot::OnceSlot;
#[cfg(any(feature = "capi", jobring_loom))]
use super::parallel_for::until_break;
use super::parallel_for::{Body, run, until_break_or_panic};
use crate::engine::RawPool;
use crate::platform::port::{Deadline, Port, Timeout};
use crate::slot::storage::Storage;
use core::ops::{ControlFlow, Range};

/// How to run a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopOptions {
    /// The smallest share, except the last. 0: found by timing. The largest share comes first.
    pub(crate) grain: usize,
    /// The largest share. 0: any.
    pub(crate) largest: usize,
    pub(crate) timeout: Timeout,
}

/// The time was up before every item was begun.
pub(crate) struct OutOfTime;

impl LoopOptions {
    fn sizes(self) -> Sizes {
        let largest = if self.largest == 0 { usize::MAX } else { self.largest };
        Sizes { grain: self.grain.min(largest), largest }
    }
}

/// As `run`, with options. False if items were left out because the time was up.
fn run_with<S: Storage, P: Port + Clone + Sync>(
    pool: &RawPool<S, P>,
    count: usize,
    options: LoopOptions,
    body: Body<'_>,
) -> bool {
    let (sizes, deadline) = (options.sizes(), Deadline::after(pool.port(), options.timeout));
    let mut late = OnceSlot::new();
    run(pool, count, sizes, &|mut from, to| {
        while from < to {
            if deadline.left(pool.port()).is_err() {
                let _noted = late.offer(());
                return false;
            }
            let end = from + sizes.largest.min(to - from);
            if !body(from, end) {
                return false;
            }
            from = end;
        }
        true
    });
    late.take().is_none()
}

/// As `share_out`, with options.
#[cfg(any(feature = "capi", jobring_loom))]
pub(crate) fn share_out_with<S: Storage, P: Port + Clone + Sync>(
    pool: &RawPool<S, P>,
    count: usize,
    options: LoopOptions,
    body: impl Fn(usize, usize) -> ControlFlow<i32> + Sync,
) -> Result<ControlFlow<i32>, OutOfTime> {
    let mut in_time = true;
    let ended = until_break(body, |body| in_time = run_with(pool, count, options, body));
    if in_time || ended.is_break() { Ok(ended) } else { Err(OutOfTime) }
}

/// As `try_for_each_share`, with options.
pub(crate) fn try_for_each_share_with<S: Storage, P: Port + Clone + Sync, B: Send>(
    pool: &RawPool<S, P>,
    range: Range<usize>,
    options: LoopOptions,
    body: impl Fn(Range<usize>) -> ControlFlow<B> + Sync,
) -> Result<ControlFlow<B>, OutOfTime> {
    let mut in_time = true;
    let drive = |count, body: Body<'_>| in_time = run_with(pool, count, options, body);
    let ended = until_break_or_panic(range, body, drive);
    if in_time || ended.is_break() { Ok(ended) } else { Err(OutOfTime) }
}
