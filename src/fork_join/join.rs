//! Two closures, in parallel or one after the other: `join(a, b)`.
//!
//! **Lazy publication.** The second closure (a `JoinTask`, called a half) lies on its caller's stack, in a
//! list (`Joins`) that only this thread sees. To push it and to remove it again takes a few plain stores and
//! no atomic. A join publishes a half only if a worker is idle and nothing is queued for it. It publishes the
//! oldest half of the list, which is usually the largest, as an ordinary job whose payload is a pointer to
//! it. If the idle workers sleep, publishing costs a wake-up, so a thread does that rarely.
//!
//! **A bounded list.** With `MAX_PENDING` halves in its list a thread has enough work to offer. Unless a
//! worker is idle right now, a further join just calls `a` and `b`: some loads, no store. In a recursion
//! nearly all joins are of this kind, and the smallest ones. When a half of the list is published or removed,
//! the next join refills the list.
//!
//! A join that pushed its half runs `a`. Then its half is the newest of the list. If it is not published, the
//! join removes it and calls `b`. If it is published, the join takes the job back and calls `b`; if the job
//! has started, the join waits for its end. Halves are published oldest first and once each, so those in the
//! list were never published. A thread that runs a published half has its own list.
//!
//! Only the owner uses a half, with one exception: from the publication until the job was taken back or has
//! finished, only its runner uses the contents of the `UnsafeCell`s. E1, the claim, or E3 hands them over, as
//! for any job.

use crate::engine::{Completion, Disposition, LentJob, RawPool, Recipient};
use crate::job::context::{CallContext, Joins, Pending};
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::platform::port::{Origin, Port};
use crate::ring::Popper;
use crate::slot::storage::Storage;
use crate::sync::{UnsafeCell, dying};
use crate::util::unwind::{Discarded, PanicPayload, catch, drop_ignoring_panic, resume};
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr;

/// The shortest time between two wake-ups by one thread's joins, nanoseconds. A wake-up costs a tenth of it.
const WAKE_EVERY: u64 = 100_000;
/// The most joins in a row that offer nothing after an offer failed.
const MAX_SKIPPED: u32 = 64;
/// The most halves in a thread's list; further joins are plain calls. (With 8, 7 % of the joins of fib(30)
/// push; with 16, 85 %.)
const MAX_PENDING: usize = if cfg!(jobring_loom) { 1 } else { 8 };

/// The second closure of one join, and later its result.
#[repr(C)]
struct JoinTask<B, R> {
    // First, so that a pointer to it is a pointer to the whole.
    pending: Pending,
    // INVARIANT: present until it is called or dropped, once.
    work: UnsafeCell<ManuallyDrop<B>>,
    // INVARIANT: present when the published half's job is done; its runner wrote it.
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
    /// 1. The caller owns the half, and its closure is still present; nothing calls this again.
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
        // - 1; the half stays valid until its job has finished (join). Its head belongs to the owner, and is
        //   not used here.
        let half = unsafe { &*pending.cast::<Self>() };
        // SAFETY:
        // - the claim gives the half to this thread, once.
        let result = catch(unsafe { half.take_work() });
        // SAFETY:
        // - the same.
        half.result.with_mut(|at| unsafe {
            (*at).write(result);
        });
    }

    /// The result that the job's runner wrote.
    ///
    /// # Safety
    /// 1. The job is done, and the caller has seen that (E3); nothing calls this again.
    unsafe fn take_result(&self) -> Result<R, PanicPayload> {
        // SAFETY:
        // - 1.
        self.result.with_mut(|at| unsafe { (*at).assume_init_read() })
    }
}

/// The vtable of jobs that run a half.
struct HalfJob;

impl HalfJob {
    const VTABLE: &'static JobVTable = &JobVTable::new(Self::run, Self::discard, false, Self::drop_result);

    unsafe fn run(payload: Payload, _: &CallContext) -> RunResult {
        // SAFETY:
        // - publish wrote it; the thread that claimed the job calls run, and the half's owner waits for its
        //   end.
        unsafe {
            let pending = payload.at.cast::<*const Pending>().read();
            ((*pending).run)(pending);
        }
        RunResult::Empty
    }

    /// A shutdown discarded the job: its owner finds the closure still present, and calls it.
    unsafe fn discard(_: Payload, _: JobId, _: DiscardReason) {}

    unsafe fn drop_result(_: Payload, _: RunResult) {}
}

/// Reclaims a half when the first closure panics.
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
            // - the job is done.
            drop_ignoring_panic(unsafe { self.half.take_result() });
        } else {
            // SAFETY:
            // - the closure was not called, and will not be.
            drop_ignoring_panic(unsafe { self.half.take_work() });
        }
    }
}

/// Removes the newest half from the list; if it was published, takes its job back or waits for it. True if
/// another thread ran the half.
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
fn reclaim_published<S: Storage, P: Port + Clone>(pool: &RawPool<S, P>, job: JobId) -> bool {
    let mut done = false;
    if !pool.take_back(job) {
        pool.await_lent(job, &mut |_, _, taken| {
            // A shutdown that discarded the job did not use the half.
            done = taken == Completion::Done;
            Disposition::Take
        });
    }
    done
}

/// Calls both, and returns both results. It is not inlined, so that the compiler inlines the closures' calls
/// into it; then the last calls of a recursion cost no more than their test (fib without a cut-off: 4 ns per
/// join, not 6).
#[inline(never)]
pub(crate) fn join<S, P, A, B, RA, RB>(pool: &RawPool<S, P>, a: A, b: B) -> (RA, RB)
where
    S: Storage,
    P: Port + Clone,
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    // SAFETY:
    // - the thread's innermost context is on its stack (job/context.rs).
    let here = unsafe { pool.port().current().as_ref() }.filter(|context| context.pool == pool.id());
    // SAFETY:
    // - so is the list that it points to: with_list, which put it there, removes it before it returns.
    if let Some(joins) = here.and_then(|context| unsafe { context.joins.get().as_ref() }) {
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

/// Pushes the second closure into the list, and offers a half if an idle worker can take it.
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
    // - 1: `pending` is the half's first field, and the half is reclaimed before it goes out of scope, also
    //   by a panic (ReclaimOnUnwind).
    unsafe { joins.push((&raw const half).cast()) };
    let guard = ReclaimOnUnwind { pool, joins, half: &half };
    if has_taker {
        offer(pool, joins);
    }
    // If the second panics, the result of the first is dropped.
    let first = Discarded::new(a());
    core::mem::forget(guard);
    if !reclaim(pool, joins, &half.pending) {
        // SAFETY:
        // - the half was not started, and will not be.
        let second = unsafe { half.take_work() }();
        return (first.keep(), second);
    }
    // SAFETY:
    // - the job is done.
    match unsafe { half.take_result() } {
        Ok(second) => (first.keep(), second),
        Err(failure) => resume(failure),
    }
}

/// Calls one after the other on this thread.
#[inline(always)]
fn join_here<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    // If one panics, the other closure or its result is dropped.
    let b = Discarded::new(b);
    let first = Discarded::new(a());
    let b = b.keep();
    let second = b();
    (first.keep(), second)
}

/// Calls `f` with a new list for this thread. Joins inside `f` find it through the innermost context.
#[cold]
#[inline(never)]
fn with_list<S: Storage, P: Port + Clone, R>(pool: &RawPool<S, P>, f: impl FnOnce(&Joins) -> R) -> R {
    /// Restores the context and the port's pointer, also when `f` unwinds.
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
    let context = match unsafe { outer.as_ref() } {
        Some(context) if context.pool == pool.id() => context,
        _ => &own,
    };
    context.joins.set(&raw const joins);
    port.set_current(context);
    let _restore = Restore(port, outer, context);
    f(&joins)
}

/// Publishes the oldest half for an idle worker, if that pays now.
#[cold]
#[inline(never)]
fn offer<S: Storage, P: Port + Clone>(pool: &RawPool<S, P>, joins: &Joins) {
    if pool.payload_bytes() < size_of::<*const ()>() || !may_offer(pool, joins) || !publish(pool, joins) {
        // After each failure in a row it waits twice as long before it tries again.
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

/// Submits the oldest half of the list as a job. False if there is no slot.
fn publish<S: Storage, P: Port + Clone>(pool: &RawPool<S, P>, joins: &Joins) -> bool {
    let Ok(reserved) = pool.try_reserve(Popper::Unpaced, Origin::Thread) else { return false };
    let (mut newer, mut oldest) = (ptr::null::<Pending>(), joins.newest.get());
    // SAFETY:
    // - the halves of the list lie on this thread's stack, and each is removed before its join returns. The
    //   list is not empty: it has the caller's half.
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
    // - 1: just reserved. 2: the job takes a pointer to a half, which fits (offer), and its join waits for
    //   it.
    let job = unsafe {
        pool.publish(
            reserved,
            LentJob { vtable: HalfJob::VTABLE, pointer: oldest },
            Recipient::HANDLE,
            Origin::Thread,
        )
    };
    // SAFETY:
    // - as above; its runner does not use the cells of the head.
    unsafe { (*oldest).job.set(Some(job)) };
    true
}
