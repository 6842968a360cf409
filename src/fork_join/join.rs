//! Two closures at once, or one after the other: `join(a, b)`.
//!
//! **Lazy publication.** The second closure (`JoinTask`) lies on its caller's stack, in a list of this thread's (`Joins`) that
//! nobody else sees: pushing it and taking it off again is a few plain stores, no atomic. Only if a worker is idle and
//! nothing is queued for it does a join publish a half: the oldest of the list, which is the largest as a rule, as an
//! ordinary job whose payload is a pointer to it. If the idle workers are asleep, publishing one costs a wake-up, so a
//! thread does that now and then only.
//!
//! **Enough is enough.** With `MAX_PENDING` halves in its list a thread has work for whoever comes; unless somebody is idle right
//! now, a further join calls `a` and `b`, and that is all: some loads, no store. In a recursion these are nearly all, and
//! the smallest; when a half of the list was published or is taken off, the next join fills it up again.
//!
//! A join that pushed runs `a`; then its own half is the newest of the list. Not published: it takes it off, and calls `b`.
//! Published: it takes the job back and calls `b`; or, if somebody has begun it, waits for its end. A half is published once,
//! oldest first, so those still in the list were never published. Whoever runs a published half has a list of its own.
//!
//! Who may touch a half: the thread that owns it, but from publishing the job until it was taken back or is over its runner
//! alone, and then what is in the cells alone. That goes by E1, by the claim, or by E3, as for any job.

use crate::engine::{Disposition, LentJob, RawPool, Taken};
use crate::job::context::{CallContext, Joins, Pending};
use crate::job::id::Job;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::platform::port::{Origin, Port};
use crate::slot::storage::Storage;
use crate::sync::{UnsafeCell, dying};
use crate::util::unwind::{Discarded, PanicPayload, catch, drop_ignoring_panic, resume};
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr;

/// A thread wakes workers for its halves once in so many nanoseconds: the wake-up costs it a tenth of that.
const WAKE_EVERY: u64 = 100_000;
/// How many joins in a row do not ask whether a worker is idle, after it was in vain, at most.
const MAX_SKIPPED: u32 = 64;
/// With so many halves in its list, a thread's further joins are plain calls. (Of the joins of fib(30), 7 % push with 8, 85 %
/// with 16.)
const MAX_PENDING: usize = if cfg!(jobring_loom) { 1 } else { 8 };

/// The second closure of one join, and later its result.
#[repr(C)]
struct JoinTask<B, R> {
    // First: a pointer to it is one to the whole.
    pending: Pending,
    // INVARIANT: there until someone calls or drops it, once.
    work: UnsafeCell<ManuallyDrop<B>>,
    // INVARIANT: there when the job of the published half is done; its runner left it.
    result: UnsafeCell<MaybeUninit<Result<R, PanicPayload>>>,
}

impl<B: FnOnce() -> R, R> JoinTask<B, R> {
    fn new(work: B) -> Self {
        Self {
            pending: Pending::new(Self::run),
            work: UnsafeCell::new(ManuallyDrop::new(work)),
            result: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// # Safety
    /// 1. The half is the caller's, and its closure is still there; nobody calls this again.
    #[inline(always)]
    unsafe fn take_work(&self) -> B {
        // SAFETY:
        // - 1.
        self.work.with_mut(|at| unsafe { ManuallyDrop::take(&mut *at) })
    }

    /// Runs a half that was published.
    ///
    /// # Safety
    /// 1. `pending` is the first field of a half of this type, whose job the caller has claimed.
    unsafe fn run(pending: *const Pending) {
        // SAFETY:
        // - 1; the half stays until its job is over (join). Its header is the owner's, and not touched.
        let half = unsafe { &*pending.cast::<Self>() };
        // SAFETY:
        // - the claim: the half is ours, once.
        let result = catch(unsafe { half.take_work() });
        // SAFETY:
        // - the same.
        half.result.with_mut(|at| unsafe {
            (*at).write(result);
        });
    }

    /// What the runner of the job left.
    ///
    /// # Safety
    /// 1. The job is done, and the caller knows (E3); nobody calls this again.
    unsafe fn take_result(&self) -> Result<R, PanicPayload> {
        // SAFETY:
        // - 1.
        self.result.with_mut(|at| unsafe { (*at).assume_init_read() })
    }
}

/// The kind of jobs that run a half.
struct Lent;

impl Lent {
    const VTABLE: &'static JobVTable = &JobVTable {
        run: Self::run,
        discard: Self::discard,
        #[cfg(feature = "capi")]
        by_copy: false,
        #[cfg(feature = "capi")]
        exited: None,
        drops_result: false,
        drop_result: Self::drop_result,
    };

    unsafe fn run(payload: Payload, _: &CallContext) -> RunResult {
        // SAFETY:
        // - publish wrote it; run is called by who claimed the job, and the half's owner waits for its end.
        unsafe {
            let pending = payload.at.cast::<*const Pending>().read();
            ((*pending).run)(pending);
        }
        RunResult::Done
    }

    /// Dropped by a shutdown: its owner finds the closure still there, and calls it.
    unsafe fn discard(_: Payload, _: Job, _: DiscardReason) {}

    unsafe fn drop_result(_: Payload, _: RunResult) {}
}

/// Takes a half off when the first closure panics.
struct ReclaimOnUnwind<'a, S: Storage, P: Port + Clone, B: FnOnce() -> R, R> {
    pool: &'a RawPool<S, P>,
    joins: &'a Joins,
    half: &'a JoinTask<B, R>,
}

impl<S: Storage, P: Port + Clone, B: FnOnce() -> R, R> Drop for ReclaimOnUnwind<'_, S, P, B, R> {
    fn drop(&mut self) {
        if dying() {
            return;
        }
        if reclaim(self.pool, self.joins, &self.half.pending) {
            // SAFETY:
            // - it is done.
            drop_ignoring_panic(unsafe { self.half.take_result() });
        } else {
            // SAFETY:
            // - nobody has called it, and nobody will.
            drop_ignoring_panic(unsafe { self.half.take_work() });
        }
    }
}

/// Takes the newest half off the list, or its job back, or waits for that. True if somebody ran it.
#[inline(always)]
fn reclaim<S: Storage, P: Port + Clone>(pool: &RawPool<S, P>, joins: &Joins, pending: &Pending) -> bool {
    let Some(job) = pending.job.get() else {
        joins.pop(pending);
        return false;
    };
    reclaim_published(pool, job)
}

#[cold]
#[inline(never)]
fn reclaim_published<S: Storage, P: Port + Clone>(pool: &RawPool<S, P>, job: Job) -> bool {
    let mut done = false;
    if !pool.take_back(job) {
        pool.await_lent(job, &mut |_, _, taken| {
            // A shutdown that discards has not touched the half.
            done = taken == Taken::Done;
            Disposition::Take
        });
    }
    done
}

/// Calls both, and gives both results. A function of its own, so that the compiler puts what the closures call into it, and a
/// recursion's last calls cost no more than their test (fib without a cut-off: 4 ns a join, not 6).
#[inline(never)]
pub(crate) fn join<S, P, A, B, RA, RB>(pool: &RawPool<S, P>, a: A, b: B) -> (RA, RB)
where
    S: Storage,
    P: Port + Clone,
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    // SAFETY:
    // - the innermost frame of this thread is on its stack (job/context.rs).
    let here = unsafe { pool.port().current().as_ref() }.filter(|frame| frame.pool == pool.id());
    // SAFETY:
    // - so is the list that it points to: who put it there takes it off again before it leaves (with_list).
    if let Some(joins) = here.and_then(|frame| unsafe { frame.joins.get().as_ref() }) {
        return join_in(pool, joins, a, b);
    }
    with_list(pool, |joins| join_in(pool, joins, a, b))
}

#[inline(always)]
fn join_in<S, P, A, B, RA, RB>(pool: &RawPool<S, P>, joins: &Joins, a: A, b: B) -> (RA, RB)
where
    S: Storage,
    P: Port + Clone,
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    let has_taker = pool.has_idle_workers() && joins.is_turn_to_offer();
    if joins.len.get() >= MAX_PENDING && !has_taker {
        return join_here(a, b);
    }
    join_pushed(pool, joins, has_taker, a, b)
}

/// Puts the second into the list, for others; and offers something, if a worker wants it.
#[inline(never)]
fn join_pushed<S, P, A, B, RA, RB>(
    pool: &RawPool<S, P>,
    joins: &Joins,
    has_taker: bool,
    a: A,
    b: B,
) -> (RA, RB)
where
    S: Storage,
    P: Port + Clone,
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    let half = JoinTask::new(b);
    // SAFETY:
    // - 1: `pending` is the half's first field, and the half is taken off before it goes, also by a panic (ReclaimOnUnwind).
    unsafe { joins.push((&raw const half).cast()) };
    let guard = ReclaimOnUnwind { pool, joins, half: &half };
    if has_taker {
        offer(pool, joins);
    }
    // If the second panics, the result of the first goes to nobody.
    let first = Discarded::new(a());
    core::mem::forget(guard);
    if !reclaim(pool, joins, &half.pending) {
        // SAFETY:
        // - nobody has begun it, and nobody will.
        let second = unsafe { half.take_work() }();
        return (first.keep(), second);
    }
    // SAFETY:
    // - it is done.
    match unsafe { half.take_result() } {
        Ok(second) => (first.keep(), second),
        Err(failure) => resume(failure),
    }
}

/// One after the other, here: a plain call.
#[inline(always)]
fn join_here<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    // If one panics, what the other is or has left goes to nobody.
    let b = Discarded::new(b);
    let first = Discarded::new(a());
    let b = b.keep();
    let second = b();
    (first.keep(), second)
}

/// Calls `f` with a new list of this thread's, which further joins inside of it find by the innermost frame.
#[cold]
#[inline(never)]
fn with_list<S: Storage, P: Port + Clone, R>(pool: &RawPool<S, P>, f: impl FnOnce(&Joins) -> R) -> R {
    /// Puts everything back, also when `f` unwinds.
    struct Restore<'a, P: Port>(&'a P, *const CallContext, &'a CallContext);
    impl<P: Port> Drop for Restore<'_, P> {
        fn drop(&mut self) {
            self.2.joins.set(ptr::null());
            self.0.set_current(self.1);
        }
    }

    let joins = Joins::new();
    let (port, outer) = (pool.port(), pool.port().current());
    let own = CallContext::of_caller(pool.id(), outer);
    // SAFETY:
    // - as in join.
    let frame = match unsafe { outer.as_ref() } {
        Some(frame) if frame.pool == pool.id() => frame,
        _ => &own,
    };
    frame.joins.set(&raw const joins);
    port.set_current(frame);
    let _restore = Restore(port, outer, frame);
    f(&joins)
}

/// A worker is idle: publishes the oldest half for it, if that is right now.
#[cold]
#[inline(never)]
fn offer<S: Storage, P: Port + Clone>(pool: &RawPool<S, P>, joins: &Joins) {
    if pool.payload_bytes() < size_of::<*const ()>() || !may_offer(pool, joins) || !publish(pool, joins) {
        // The more often in vain, the longer until it is tried again.
        let skip = (joins.last_skip.get() * 2).clamp(1, MAX_SKIPPED);
        joins.last_skip.set(skip);
        joins.skip.set(skip);
    } else {
        joins.last_skip.set(0);
    }
}

fn may_offer<S: Storage, P: Port + Clone>(pool: &RawPool<S, P>, joins: &Joins) -> bool {
    if pool.has_queued() {
        return false;
    }
    if !pool.workers_sleep() {
        return true;
    }
    let (Some(now), last) = (pool.port().now(), joins.last_wake.get()) else { return true };
    let due = last.is_none_or(|last| now.saturating_sub(last) >= WAKE_EVERY);
    if due {
        joins.last_wake.set(Some(now));
    }
    due
}

/// Submits the oldest half of the list as a job. False if there is no slot for it.
fn publish<S: Storage, P: Port + Clone>(pool: &RawPool<S, P>, joins: &Joins) -> bool {
    let Ok(reserved) = pool.try_reserve(Origin::Thread) else { return false };
    let (mut newer, mut oldest) = (ptr::null::<Pending>(), joins.newest.get());
    // SAFETY:
    // - the halves of the list lie on this thread's stack, each taken off before its join returns; the caller's own is one.
    let oldest = unsafe {
        while !(*oldest).older.get().is_null() {
            (newer, oldest) = (oldest, (*oldest).older.get());
        }
        match newer.as_ref() {
            Some(newer) => newer.older.set(ptr::null()),
            None => joins.newest.set(ptr::null()),
        }
        joins.len.set(joins.len.get() - 1);
        oldest
    };
    // SAFETY:
    // - 1: just reserved. 2: the job takes a pointer to a half, which fits (offer), and its join waits for it.
    let job = unsafe {
        pool.publish(reserved, LentJob { vtable: Lent::VTABLE, pointer: oldest }, false, Origin::Thread)
    };
    // SAFETY:
    // - as above; its runner does not touch the header's cells.
    unsafe { (*oldest).job.set(Some(job)) };
    true
}
