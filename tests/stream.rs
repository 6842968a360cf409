//! Completion queues as streams: a task gets each completion once, learns of the end, and no waker is lost.
#![cfg(all(feature = "future", feature = "std"))]

mod common;
#[path = "common/tasks.rs"]
mod tasks;

use common::{Count, DEADLINE, Gate, join, pool, until};
use futures_core::Stream;
use jobring::{AnyPool, Completion, Completions, JobError, Pool, RecvError, ShutdownMode, StaticPool};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use tasks::Bell;

/// As `next` of the crate futures.
async fn next<T: Send + 'static, P: AnyPool>(queue: &mut Completions<'_, T, P>) -> Option<Completion<T>> {
    poll_fn(|cx| Pin::new(&mut *queue).poll_next(cx)).await
}

/// Counts its wakes.
#[derive(Default)]
struct Ear {
    woken: AtomicUsize,
}

impl Wake for Ear {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, SeqCst);
    }
}

fn poll<T: Send + 'static>(queue: &mut Completions<'_, T>, ear: &Arc<Ear>) -> Poll<Option<Completion<T>>> {
    Pin::new(queue).poll_next(&mut Context::from_waker(&Waker::from(ear.clone())))
}

#[test]
fn a_stream_goes_where_its_task_goes() {
    fn sent<T: Send + Sync + Unpin>() {}
    sent::<Completions<'_, std::marker::PhantomPinned>>();
}

#[test]
fn every_completion_comes_once_and_then_the_end() {
    static BELL: Bell = Bell::new();
    let pool = pool(2, 16);
    let mut queue = pool.completions_with_limit(8).expect("a queue");
    let sum = BELL.block_on(async {
        let (mut sum, mut sent) = (0, 0);
        loop {
            while sent < 5000 && queue.try_submit(sent, move || sent * 3).is_ok() {
                sent += 1;
            }
            match next(&mut queue).await {
                Some(completion) => {
                    assert_eq!(completion.result.expect("it ran"), completion.tag * 3);
                    sum += completion.tag;
                }
                None if sent == 5000 => break sum,
                None => {}
            }
        }
    });
    assert_eq!(sum, 5000 * 4999 / 2);
    // After the end it goes on.
    queue.submit(7, || 7).expect("room");
    let last =
        BELL.block_on(async { (next(&mut queue).await.map(|it| it.tag), next(&mut queue).await.is_none()) });
    assert_eq!(last, (Some(7), true));
}

#[test]
fn a_static_pool_has_streams_too() {
    static BELL: Bell = Bell::new();
    static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    let worker = thread::spawn(|| POOL.enter_worker());
    let mut queue = POOL.completions().expect("a queue");
    queue.submit(1, || 2).expect("room");
    assert_eq!(BELL.block_on(next(&mut queue)).expect("one").result.expect("it ran"), 2);
    POOL.shutdown(ShutdownMode::Drain, None).expect("all have ended");
    assert!(join(worker));
    assert!(BELL.block_on(next(&mut queue)).is_none());
}

#[test]
fn however_a_job_ends_its_task_is_woken() {
    let pool = pool(0, 8);
    let mut queue = pool.completions::<u32>().expect("a queue");
    let ear = Arc::new(Ear::default());
    assert!(matches!(poll(&mut queue, &ear), Poll::Ready(None)), "nothing is pending");
    let cancelled = queue.submit(0, || 1).expect("room");
    let woken = |queue: &mut Completions<'_, u32>, ends: &mut dyn FnMut(&Completions<'_, u32>)| {
        let ear = Arc::new(Ear::default());
        assert!(poll(queue, &ear).is_pending() && poll(queue, &ear).is_pending());
        assert_eq!(ear.woken.load(SeqCst), 0);
        ends(queue);
        assert_eq!((ear.woken.load(SeqCst), Arc::strong_count(&ear)), (1, 1));
        match poll(queue, &ear) {
            Poll::Ready(Some(completion)) => completion.result,
            other => panic!("{other:?}"),
        }
    };
    let result = woken(&mut queue, &mut |queue| assert!(queue.cancel(cancelled)));
    assert!(matches!(result, Err(JobError::Cancelled)));
    queue.submit(1, || panic!("on purpose")).expect("room");
    assert!(matches!(
        woken(&mut queue, &mut |_| assert_eq!(pool.run_until_idle(), 1)),
        Err(JobError::Panicked(_))
    ));
    queue.submit(2, || 9).expect("room");
    assert!(matches!(woken(&mut queue, &mut |_| assert!(pool.run_one())), Ok(9)));
    queue.submit(3, || 9).expect("room");
    let mut discard = |_: &Completions<'_, u32>| {
        pool.shutdown(ShutdownMode::Discard, None).expect("nothing runs");
    };
    assert!(matches!(woken(&mut queue, &mut discard), Err(JobError::Cancelled)));
    assert!(matches!(poll(&mut queue, &ear), Poll::Ready(None)));
}

#[test]
fn a_task_learns_that_another_took_the_last() {
    let pool = pool(0, 8);
    let mut queue = pool.completions::<u32>().expect("a queue");
    let ear = Arc::new(Ear::default());
    queue.submit(0, || 1).expect("room");
    assert!(poll(&mut queue, &ear).is_pending());
    assert!(pool.run_one());
    assert_eq!(ear.woken.load(SeqCst), 1);
    assert_eq!(queue.recv().expect("it has finished").tag, 0);
    assert!(matches!(poll(&mut queue, &ear), Poll::Ready(None)));
    // A submit that is refused is pending for a moment.
    let full: Vec<_> = (0..8).map(|_| pool.submit(|| 0).expect("room")).collect();
    assert!(queue.try_submit(1, || 1).is_err());
    assert_eq!(queue.try_recv().unwrap_err(), RecvError::Empty);
    assert!(matches!(poll(&mut queue, &ear), Poll::Ready(None)));
    drop(full);
}

#[test]
fn the_last_poll_counts_and_no_waker_is_kept() {
    let pool = pool(0, 8);
    let mut queue = pool.completions::<u32>().expect("a queue");
    let (first, second) = (Arc::new(Ear::default()), Arc::new(Ear::default()));
    queue.submit(0, || 1).expect("room");
    assert!(poll(&mut queue, &first).is_pending() && poll(&mut queue, &second).is_pending());
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 2));
    assert!(pool.run_one());
    assert_eq!((first.woken.load(SeqCst), second.woken.load(SeqCst)), (0, 1));
    queue.submit(1, || 1).expect("room");
    queue.recv().expect("the first");
    assert!(poll(&mut queue, &first).is_pending());
    drop(queue);
    assert_eq!(Arc::strong_count(&first), 1, "the queue was given up");
    // The next user of the same memory, which is leaked: its waker stays until the end of the pool.
    assert!(pool.run_one());
    let mut next = pool.completions::<u32>().expect("a queue");
    next.submit(2, || 1).expect("room");
    assert!(poll(&mut next, &second).is_pending());
    std::mem::forget(next);
    assert_eq!(Arc::strong_count(&second), 2);
    drop(pool);
    assert_eq!((first.woken.load(SeqCst), Arc::strong_count(&second)), (0, 1));
}

/// A wake runs on the thread that ends the job: there it may use the pool.
struct Busy(&'static Pool, Count);

impl Wake for Busy {
    fn wake(self: Arc<Self>) {
        assert_eq!(self.0.submit(|| 3).expect("room").wait().expect("it runs here"), 3);
        self.1.add();
        panic!("on purpose: in a wake");
    }
}

#[test]
fn a_wake_of_a_stream_may_use_the_pool_and_panic() {
    static POOL: std::sync::LazyLock<Pool> = std::sync::LazyLock::new(|| pool(1, 2));
    let (gate, woken) = (Gate::new(), Count::new());
    let mut queue = POOL.completions().expect("a queue");
    let passes = gate.clone();
    queue.submit(0, move || passes.pass()).expect("room");
    let waker = Waker::from(Arc::new(Busy(&POOL, woken.clone())));
    assert!(Pin::new(&mut queue).poll_next(&mut Context::from_waker(&waker)).is_pending());
    gate.open();
    until("it was woken", || woken.get() == 1);
    assert_eq!(queue.recv_timeout(DEADLINE).expect("it has finished").tag, 0);
    assert_eq!(common::done(POOL.submit(|| 4).expect("room")).expect("the worker lives on"), 4);
    // A panic while the waker is cloned leaves all as it was.
    let refuses = std::task::RawWakerVTable::new(|_| panic!("no clone"), |_| (), |_| (), |_| ());
    let refuses: &'static std::task::RawWakerVTable = Box::leak(Box::new(refuses));
    // SAFETY:
    // - its functions use no pointer.
    let waker = unsafe { Waker::new(std::ptr::null(), refuses) };
    let gate = Gate::new();
    let passes = gate.clone();
    queue.submit(1, move || passes.pass()).expect("room");
    let polls = || Pin::new(&mut queue).poll_next(&mut Context::from_waker(&waker)).is_pending();
    assert!(catch_unwind(AssertUnwindSafe(polls)).is_err());
    gate.open();
    assert_eq!(queue.recv_timeout(DEADLINE).expect("it arrives").tag, 1);
}
