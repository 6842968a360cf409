//! A loop over a range, run by the caller and by the workers that come in time.
//!
//! The control block (`Loop`) lies on the caller's stack. A thread that takes part
//! 1. makes up to two helpers: it counts each, and submits it as a job without waiting; if that fails, it
//!    makes none;
//! 2. claims shares, first of its own part of the range (`chunks.rs`), and calls the body, until all are
//!    claimed or a call stops the loop;
//! 3. takes back its helpers that have not started, and waits for the others.
//!
//! A helper takes part in the same way, so helpers wake each other as a tree. A helper that starts too late
//! does nothing. Each thread waits for the helpers that it made. So when the caller returns, no thread is
//! inside the loop. A thread waits only for threads that are inside a share, never for a helper that has not
//! started.
//!
//! Whether to fork: with a grain, the loop forks if it has more items than that. Without one, the caller
//! starts alone and measures the time. It continues alone as long as the rest does not justify a helper. Two
//! reads of the clock cost as much as some hundred items, so the first estimate uses the processor's tick
//! counter, if there is one. If the whole loop is short by that estimate, the caller finishes it at once. If
//! the loop is long enough for any speed of the counter, the caller forks at once.

use super::chunks::{Chunks, Sizes};
use super::once_slot::OnceSlot;
use crate::engine::{Fail, LentJob, RawPool, Recipient};
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::platform::port::{Origin, Port};
use crate::slot::storage::Storage;
use crate::util::unwind::{catch, drop_ignoring_panic, resume};
use core::marker::PhantomData;
use core::ops::{ControlFlow, Range};
use core::ptr;

/// The body, called with the first item of a share and the item after its last. False ends the loop. Does not
/// unwind.
pub(super) type Body<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);

/// The most helpers that one thread makes.
const FAN_OUT: usize = 2;

/// The rest of a loop must take at least this long to justify a helper that is awake, nanoseconds.
const MIN_SHARED_TIME: u64 = 2_000;
/// The same for a helper that must be woken. The wake-up is a system call of some 10 µs, so at most a tenth
/// of the loop's time is lost if no helper comes.
const MIN_TIME_FOR_WAKE: u64 = 100_000;
/// The smallest share takes MIN_SHARED_TIME / SHARES_PER_MIN_TIME.
const SHARES_PER_MIN_TIME: u64 = 8;
/// The first measurement is after a FIRST_PART-th of the items.
const FIRST_PART: usize = 32;
/// But after at most this many items.
const MAX_FIRST_PART: usize = 4096;
/// A loop of at most this many ticks is short: 0.7 to 4 µs.
const SHORT_LOOP: u64 = 4_000;
/// Ticks per nanosecond: the maximum, and the usual value.
const MAX_TICKS_PER_NS: u64 = 6;
const TICKS_PER_NS: u64 = 3;
/// The least time that a read of the clock takes, nanoseconds.
const CLOCK_COST: u64 = 20;

/// The control block of one loop.
struct Loop<'a, S, P> {
    pool: &'a RawPool<S, P>,
    chunks: Chunks,
    body: Body<'a>,
}

impl<S: Storage, P: Port + Clone> Loop<'_, S, P> {
    /// Takes part in the loop, starting in this part of the range.
    fn take_part(&self, mut part: usize) {
        let mut helpers = [None; FAN_OUT];
        for helper in &mut helpers {
            *helper = self.make_helper();
            if helper.is_none() {
                break;
            }
        }
        while let Some((from, to)) = self.chunks.claim(&mut part) {
            if !(self.body)(from, to) {
                self.chunks.stop();
            }
        }
        helpers.into_iter().flatten().for_each(|helper| self.pool.take_back_or_await(helper));
    }

    fn make_helper(&self) -> Option<JobId> {
        if !self.chunks.admit_helper() {
            return None;
        }
        let request = LentJob { vtable: Helper::<S, P>::VTABLE, pointer: ptr::from_ref(self) };
        // SAFETY:
        // - 1: a helper takes a pointer to its loop, which fits (run), and the loop waits for its helpers.
        unsafe { self.pool.submit(request, Recipient::HANDLE, Fail, Origin::Thread) }.ok()
    }
}

/// The vtable of jobs that take part in a loop.
struct Helper<S, P>(PhantomData<fn(S, P)>);

impl<S: Storage, P: Port + Clone> Helper<S, P> {
    const VTABLE: &'static JobVTable = &JobVTable::new(Self::run, Self::discard, false, Self::drop_result);

    unsafe fn run(payload: Payload, context: &CallContext) -> RunResult {
        // SAFETY:
        // - make_helper wrote it, and the thread that made this helper stays in take_part until the job has
        //   finished. So the thread that started the loop waits for all helpers. A Loop is Sync: its body is,
        //   and so is a pool.
        let the_loop = unsafe { &*payload.at.cast::<*const Loop<'_, S, P>>().read() };
        the_loop.take_part(the_loop.chunks.part_of(context.worker().unwrap_or(usize::MAX)));
        RunResult::Empty
    }

    /// A shutdown discarded the job: other threads claim the shares.
    unsafe fn discard(_: Payload, _: JobId, _: DiscardReason) {}

    unsafe fn drop_result(_: Payload, _: RunResult) {}
}

/// Calls `body` for every item of `0..count`, on this thread and on workers that come in time, until it
/// returns false. What this thread does alone is one call, however large.
pub(super) fn run<S: Storage, P: Port + Clone>(
    pool: &RawPool<S, P>,
    count: usize,
    sizes: Sizes,
    body: Body<'_>,
) {
    let workers = match pool.payload_bytes() >= size_of::<*const ()>() {
        true => pool.other_workers(),
        false => 0,
    };
    let forked = match sizes.grain {
        grain if workers == 0 || count <= grain.max(1) => None,
        0 => match start_alone(pool, count, workers, body) {
            ControlFlow::Continue(fork) => Some(fork),
            ControlFlow::Break(()) => return,
        },
        grain => Some((0, grain)),
    };
    match forked {
        Some((from, grain)) => {
            let sizes = Sizes { grain: grain.min(sizes.largest), ..sizes };
            Loop { pool, chunks: Chunks::new(from, count, sizes, workers), body }.take_part(0);
        }
        None if count > 0 => _ = body(0, count),
        None => {}
    }
}

/// Does the first items on this thread, to measure how long they take. Continue, with the item from which to
/// fork and the grain, if a fork pays; Break if all is done.
fn start_alone<S: Storage, P: Port + Clone>(
    pool: &RawPool<S, P>,
    count: usize,
    workers: usize,
    body: Body<'_>,
) -> ControlFlow<(), (usize, usize)> {
    let piece = first_piece(count);
    let Some(ticks) = pool.port().ticks() else { return start_timed(pool, (0, piece), count, workers, body) };
    if !body(0, piece) || piece == count {
        return ControlFlow::Break(());
    }
    // If the counter went back, this is a huge number.
    let took = pool.port().ticks().map_or(u64::MAX, |now| now.wrapping_sub(ticks));
    let lasts = |ticks: u64| u128::from(took) * (count as u128) >= u128::from(ticks) * (piece as u128);
    if !lasts(SHORT_LOOP) {
        body(piece, count);
        return ControlFlow::Break(());
    }
    let worth = if pool.workers_sleep() { MIN_TIME_FOR_WAKE } else { MIN_SHARED_TIME };
    if !lasts(worth * MAX_TICKS_PER_NS) {
        return start_timed(pool, (piece, piece), count, workers, body);
    }
    let in_time =
        scaled(MIN_SHARED_TIME * TICKS_PER_NS, piece, usize::try_from(took).unwrap_or(usize::MAX).max(1));
    ControlFlow::Continue((piece, smallest_share(in_time)))
}

/// The smallest share, if `in_time` items take MIN_SHARED_TIME.
fn smallest_share(in_time: u64) -> usize {
    usize::try_from(in_time / SHARES_PER_MIN_TIME).unwrap_or(usize::MAX).max(1)
}

/// The number of items before the first measurement.
fn first_piece(count: usize) -> usize {
    match count / FIRST_PART {
        few @ ..16 => few.max(1),
        // A multiple of 16 suits a vectorised loop.
        many => many.min(MAX_FIRST_PART).next_multiple_of(16),
    }
}

/// As start_alone, but by the clock: starts at the first of these numbers, in pieces of the second.
fn start_timed<S: Storage, P: Port + Clone>(
    pool: &RawPool<S, P>,
    (from, mut piece): (usize, usize),
    count: usize,
    workers: usize,
    body: Body<'_>,
) -> ControlFlow<(), (usize, usize)> {
    let Some(start) = pool.port().now() else {
        return ControlFlow::Continue((from, (count / FIRST_PART / (workers + 1)).max(1)));
    };
    let mut done = from;
    loop {
        let to = done + piece.min(count - done);
        if !body(done, to) || to == count {
            return ControlFlow::Break(());
        }
        done = to;
        let took = pool.port().now().map_or(0, |now| now.saturating_sub(start + CLOCK_COST)).max(1);
        let left = scaled(took, count - done, done - from);
        let worth = if pool.workers_sleep() { MIN_TIME_FOR_WAKE } else { MIN_SHARED_TIME };
        let in_time = scaled(MIN_SHARED_TIME, done - from, usize::try_from(took).unwrap_or(usize::MAX));
        if left >= worth {
            return ControlFlow::Continue((done, smallest_share(in_time)));
        }
        piece = usize::try_from(in_time).unwrap_or(usize::MAX).max(done - from);
    }
}

/// About `a * b / c`, saturating.
fn scaled(a: u64, b: usize, c: usize) -> u64 {
    let (b, c) = (b as u64, c as u64);
    a.checked_mul(b).map_or_else(|| a.saturating_mul(b / c), |product| product / c)
}

/// How a whole range is cut where only the smallest share is given.
pub(super) const fn whole(grain: usize) -> Sizes {
    Sizes { grain, largest: usize::MAX }
}

/// As `run`, with a body that may break with a value. Returns the first such value. The body does not unwind.
#[cfg(any(feature = "capi", jobring_loom))]
pub(crate) fn share_out<S: Storage, P: Port + Clone>(
    pool: &RawPool<S, P>,
    count: usize,
    grain: usize,
    body: impl Fn(usize, usize) -> ControlFlow<i32> + Sync,
) -> ControlFlow<i32> {
    until_break(body, |body| run(pool, count, whole(grain), body))
}

/// The same over any range, with any value, and a body that may panic. A panic ends the loop; it resumes here
/// when all threads have left the loop.
pub(crate) fn try_for_each_share<S: Storage, P: Port + Clone, B: Send>(
    pool: &RawPool<S, P>,
    range: Range<usize>,
    grain: usize,
    body: impl Fn(Range<usize>) -> ControlFlow<B> + Sync,
) -> ControlFlow<B> {
    until_break_or_panic(range, body, |count, body| run(pool, count, whole(grain), body))
}

/// Lets `drive` call `body` until it breaks. Returns the first value that it broke with. The body does not
/// unwind.
#[cfg(any(feature = "capi", jobring_loom))]
pub(super) fn until_break(
    body: impl Fn(usize, usize) -> ControlFlow<i32> + Sync,
    drive: impl FnOnce(Body<'_>),
) -> ControlFlow<i32> {
    let mut first = OnceSlot::new();
    drive(&|from, to| match body(from, to) {
        ControlFlow::Continue(()) => true,
        ControlFlow::Break(value) => {
            let _late = first.offer(value);
            false
        }
    });
    first.take().map_or(ControlFlow::Continue(()), ControlFlow::Break)
}

/// The same for the items of a range, with any value and a body that may panic.
pub(super) fn until_break_or_panic<B: Send>(
    range: Range<usize>,
    body: impl Fn(Range<usize>) -> ControlFlow<B> + Sync,
    drive: impl FnOnce(usize, Body<'_>),
) -> ControlFlow<B> {
    let (mut first, mut panicked) = (OnceSlot::new(), OnceSlot::new());
    let base = range.start;
    drive(range.end.saturating_sub(base), &|from, to| {
        match catch(|| body(base + from..base + to)) {
            Ok(ControlFlow::Continue(())) => return true,
            Ok(ControlFlow::Break(value)) => {
                if let Err(late) = first.offer(value) {
                    drop_ignoring_panic(late);
                }
            }
            Err(failure) => {
                if let Err(late) = panicked.offer(failure) {
                    drop_ignoring_panic(late);
                }
            }
        }
        false
    });
    if let Some(failure) = panicked.take() {
        // Before the panic resumes, and one by one: a destructor that panics during another panic aborts.
        drop_ignoring_panic(first);
        drop_ignoring_panic(body);
        resume(failure);
    }
    first.take().map_or(ControlFlow::Continue(()), ControlFlow::Break)
}

/// The same with a body that cannot end the loop.
pub(crate) fn for_each_share<S: Storage, P: Port + Clone>(
    pool: &RawPool<S, P>,
    range: Range<usize>,
    grain: usize,
    body: impl Fn(Range<usize>) + Sync,
) {
    let body = |share| -> ControlFlow<core::convert::Infallible> {
        body(share);
        ControlFlow::Continue(())
    };
    match try_for_each_share(pool, range, grain, body) {
        ControlFlow::Continue(()) => {}
        ControlFlow::Break(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_piece_is_a_small_part_of_the_loop() {
        for count in (1..100_000).chain([1 << 20, usize::MAX]) {
            let piece = first_piece(count);
            assert!((1..=MAX_FIRST_PART).contains(&piece) && piece <= count);
            assert!(piece == 1 || piece <= count / FIRST_PART * 2, "{piece} of {count}");
        }
    }
}
