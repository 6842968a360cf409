//! Async tasks await jobs. A task is woken however its job ends, and no waker is lost, woken twice or dropped
//! twice.
#![cfg(all(feature = "future", feature = "std"))]

mod common;
#[path = "common/tasks.rs"]
mod tasks;

use common::{Count, DEADLINE, Gate, held, join, pool, until};
use jobring::{JobError, JobHandle, Pool, ShutdownMode, ShutdownReport, StaticPool, SubmitError};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use tasks::Bell;

/// All of them, side by side.
fn all<T: Send, const N: usize>(
    mut jobs: [JobHandle<'_, T>; N],
) -> impl Future<Output = [Result<T, JobError>; N]> {
    let mut ends = [const { None }; N];
    poll_fn(move |cx| {
        for (job, end) in jobs.iter_mut().zip(&mut ends).filter(|(_, end)| end.is_none()) {
            if let Poll::Ready(result) = Pin::new(job).poll(cx) {
                *end = Some(result);
            }
        }
        if ends.iter().any(Option::is_none) {
            return Poll::Pending;
        }
        Poll::Ready(ends.each_mut().map(|end| end.take().expect("all are over")))
    })
}

#[test]
fn a_handle_goes_where_its_task_goes() {
    fn sent<T: Send + Unpin>() {}
    sent::<JobHandle<'_, std::marker::PhantomPinned>>();
}

#[test]
fn a_task_awaits_what_another_thread_runs() {
    static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    static BELL: Bell = Bell::new();
    let worker = thread::spawn(|| POOL.enter_worker());
    let sum = BELL.block_on(async {
        let mut sum = 0;
        for n in 0..1000 {
            let twice = POOL.try_submit(move || 2 * n).expect("room");
            sum += twice.await.expect("a result");
        }
        sum
    });
    assert_eq!(sum, 999_000);
    POOL.shutdown(ShutdownMode::Drain, None).expect("no timeout");
    assert!(join(worker));
    assert_eq!(BELL.wakers(), 0);
}

#[test]
fn a_task_awaits_what_somebody_runs_by_hand() {
    static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    static BELL: Bell = Bell::new();
    let mut job = POOL.try_submit(|| 6 * 7).expect("room");
    assert!(BELL.poll(&mut job).is_pending());
    assert!(BELL.poll(&mut job).is_pending(), "a poll runs no job");
    assert_eq!((BELL.rung(), BELL.wakers()), (0, 1));
    assert!(POOL.run_one());
    assert_eq!((BELL.rung(), BELL.wakers()), (1, 0));
    assert!(matches!(BELL.poll(&mut job), Poll::Ready(Ok(42))));
}

#[test]
fn several_jobs_are_joined() {
    static BELL: Bell = Bell::new();
    let pool = pool(2, 16);
    for round in 0..500 {
        let jobs = [0, 1, 2, 3, 4].map(|n| pool.submit(move || n + round).expect("room"));
        let ends = BELL.block_on(all(jobs)).map(|end| end.expect("a result"));
        assert_eq!(ends, [0, 1, 2, 3, 4].map(|n| n + round));
    }
    drop(pool);
    assert_eq!(BELL.wakers(), 0);
}

#[test]
fn of_two_jobs_the_first_is_taken_and_the_other_given_up() {
    static BELL: Bell = Bell::new();
    static GIVEN_UP: Bell = Bell::new();
    let (pool, gate, dropped) = (pool(2, 8), Gate::new(), Count::new());
    let (opens, result) = (gate.clone(), dropped.on_drop());
    let slow = pool.submit(move || {
        opens.pass();
        result
    });
    let mut slow = slow.expect("room");
    let mut fast = pool.submit(|| 1).expect("room");
    let first = BELL.block_on(poll_fn(|cx| {
        assert!(GIVEN_UP.poll(&mut slow).is_pending());
        Pin::new(&mut fast).poll(cx)
    }));
    assert_eq!(first.expect("a result"), 1);
    assert_eq!(GIVEN_UP.wakers(), 1);
    drop(slow);
    assert_eq!(GIVEN_UP.wakers(), 0);
    gate.open();
    until("the result is dropped", || dropped.get() == 1);
    assert_eq!(GIVEN_UP.rung(), 0, "nobody awaits it");
}

#[test]
fn the_output_is_what_wait_gives() {
    static BELL: Bell = Bell::new();
    let (pool, gate) = (pool(1, 2), Gate::new());
    let running = held(&pool, &gate);
    let queued = pool.submit(|| 1usize).expect("room");
    let here = pool.submit_or_run(|| 2).expect("open");
    assert_eq!(here.id(), None);
    assert_eq!(BELL.block_on(here).expect("a result"), 2);
    assert!(queued.cancel());
    assert!(matches!(BELL.block_on(queued), Err(JobError::Cancelled)));
    gate.open();
    assert_eq!(BELL.block_on(running).expect("a result"), 7);
    let failing = pool.submit(|| -> usize { panic!("on purpose") }).expect("room");
    let Err(error) = BELL.block_on(failing) else { panic!("it panicked") };
    assert_eq!(error.to_string(), "the job panicked: on purpose");
    let here = BELL.block_on(async {
        let full = [(); 2].map(|()| pool.submit(|| 0).expect("room"));
        let here = pool.submit_or_run(|| -> usize { panic!("here") }).expect("open");
        drop(full);
        here.await
    });
    assert_eq!(here.expect_err("it panicked").to_string(), "the job panicked: here");
}

#[test]
fn a_cancel_wakes_the_task() {
    static BELL: Bell = Bell::new();
    let (pool, gate) = (pool(1, 2), Gate::new());
    let running = held(&pool, &gate);
    let mut queued = pool.submit(|| 1).expect("room");
    assert!(BELL.poll(&mut queued).is_pending());
    assert!(queued.cancel());
    assert_eq!((BELL.rung(), BELL.wakers()), (1, 0));
    assert!(matches!(BELL.poll(&mut queued), Poll::Ready(Err(JobError::Cancelled))));
    gate.open();
    drop(running);
}

#[test]
fn a_discard_wakes_the_tasks_of_what_it_drops() {
    static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    static BELL: Bell = Bell::new();
    let jobs = [0, 1, 2].map(|n| POOL.try_submit(move || n).expect("room"));
    let closer = thread::spawn(|| POOL.shutdown(ShutdownMode::Discard, None).expect("no timeout"));
    for end in BELL.block_on(all(jobs)) {
        assert!(matches!(end, Err(JobError::Cancelled)));
    }
    join(closer);
    assert!(matches!(POOL.try_submit(|| 0), Err(SubmitError::Shutdown(_))));
    assert_eq!(BELL.wakers(), 0);
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    static FIRST: Bell = Bell::new();
    static SECOND: Bell = Bell::new();
    let (pool, gate) = (pool(1, 2), Gate::new());
    let mut job = held(&pool, &gate);
    for _ in 0..3 {
        assert!(FIRST.poll(&mut job).is_pending());
        assert!(SECOND.poll(&mut job).is_pending());
        assert_eq!((FIRST.wakers(), SECOND.wakers()), (0, 1));
    }
    gate.open();
    // Another thread's task now.
    let result = thread::scope(|s| s.spawn(|| SECOND.block_on(job)).join().expect("no panic"));
    assert_eq!(result.expect("a result"), 7);
    assert_eq!((FIRST.rung(), FIRST.wakers()), (0, 0));
    until("the thread that woke it is done", || SECOND.wakers() == 0);
}

#[test]
fn a_wait_takes_the_waker_back() {
    static BELL: Bell = Bell::new();
    let (pool, gate) = (pool(1, 2), Gate::new());
    let mut job = held(&pool, &gate);
    assert!(BELL.poll(&mut job).is_pending());
    let mut job = job.wait_timeout(Duration::from_millis(1)).expect_err("it runs");
    assert_eq!(BELL.wakers(), 0);
    assert!(BELL.poll(&mut job).is_pending());
    gate.open();
    assert_eq!(BELL.block_on(job).expect("a result"), 7);
}

#[test]
fn a_panic_in_a_waker_is_the_executors() {
    struct Broken(AtomicUsize);
    impl Wake for Broken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
            panic!("on purpose: a broken executor");
        }
    }
    static BELL: Bell = Bell::new();
    let (pool, broken) = (pool(1, 2), Arc::new(Broken(AtomicUsize::new(0))));
    let waker = Waker::from(broken.clone());
    for round in 1..=3 {
        let gate = Gate::new();
        let mut job = held(&pool, &gate);
        assert!(pin!(&mut job).poll(&mut Context::from_waker(&waker)).is_pending());
        gate.open();
        until("the waker panics", || broken.0.load(SeqCst) == round);
        assert_eq!(BELL.block_on(job).expect("a result"), 7);
    }
    drop(waker);
    drop(pool);
    assert_eq!(Arc::strong_count(&broken), 1);
}

#[test]
fn a_job_whose_result_was_taken_says_so() {
    static BELL: Bell = Bell::new();
    let pool = pool(1, 2);
    let ended = || {
        let mut job = pool.submit(|| 1).expect("room");
        BELL.block_on(&mut job).expect("a result");
        assert!(job.is_finished() && !job.cancel() && job.id().is_none());
        assert!(format!("{job:?}").contains("taken"));
        job
    };
    for again in [
        |mut job: JobHandle<'_, i32>| _ = BELL.block_on(&mut job),
        |job: JobHandle<'_, i32>| _ = job.wait(),
        |job: JobHandle<'_, i32>| _ = job.try_wait(),
    ] {
        let job = ended();
        assert!(catch_unwind(AssertUnwindSafe(|| again(job))).is_err());
    }
    drop(ended());
    assert_eq!(BELL.block_on(pool.submit(|| 2).expect("room")).expect("a result"), 2);
}

#[test]
fn a_leaked_handle_keeps_its_waker_until_the_pool_ends() {
    static BELL: Bell = Bell::new();
    let pool = pool(0, 2);
    let mut job = pool.submit(|| 1).expect("room");
    assert!(BELL.poll(&mut job).is_pending());
    std::mem::forget(job);
    assert_eq!((BELL.rung(), BELL.wakers()), (0, 1));
    drop(pool);
    assert_eq!(BELL.wakers(), 0);
}

/// A task of the stress: to be polled when its flag is up.
struct Flag {
    up: AtomicBool,
    executor: Thread,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.up.store(true, SeqCst);
        self.executor.unpark();
    }
}

/// Polls each task when it was woken, and only then.
fn run_all(tasks: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    let mut tasks: Vec<_> = tasks
        .into_iter()
        .map(|task| (Arc::new(Flag { up: AtomicBool::new(true), executor: thread::current() }), task))
        .collect();
    let mut flags = Vec::new();
    let end = Instant::now() + DEADLINE;
    while !tasks.is_empty() {
        let mut polled = false;
        tasks.retain_mut(|(flag, task)| {
            if !flag.up.swap(false, SeqCst) {
                return true;
            }
            polled = true;
            let over = task.as_mut().poll(&mut Context::from_waker(&flag.clone().into())).is_ready();
            if over {
                flags.push(flag.clone());
            }
            !over
        });
        if !polled {
            let left = end.checked_duration_since(Instant::now());
            thread::park_timeout(left.unwrap_or_else(|| panic!("{} tasks are never woken", tasks.len())));
        }
    }
    drop(tasks);
    // The thread that has just ended a job may still have its waker.
    until("the wakers are gone", || flags.iter().all(|flag| Arc::strong_count(flag) == 1));
}

/// Lets the other tasks go first.
async fn pass() {
    let mut passed = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut passed, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn task(pool: &Pool, n: usize, rounds: usize) {
    for round in 0..rounds {
        let mut job = loop {
            match pool.try_submit(move || n + round) {
                Ok(job) => break job,
                Err(_) => pass().await,
            }
        };
        match (n + round) % 8 {
            // Given up at some point.
            0 => {
                let _ = poll_fn(|cx| Poll::Ready(Pin::new(&mut job).poll(cx).is_ready())).await;
            }
            1 if job.cancel() => assert!(matches!(job.await, Err(JobError::Cancelled))),
            // Another waker in between.
            2 => {
                let other = Waker::noop();
                let result = match Pin::new(&mut job).poll(&mut Context::from_waker(other)) {
                    Poll::Ready(result) => result,
                    Poll::Pending => job.await,
                };
                assert_eq!(result.expect("a result"), n + round);
            }
            _ => assert_eq!(job.await.expect("a result"), n + round),
        }
    }
}

#[test]
fn many_tasks_on_few_slots_all_come_to_their_end() {
    let pool = pool(2, 8);
    thread::scope(|s| {
        for executor in 0..3 {
            let pool = &pool;
            s.spawn(move || {
                let tasks = (0..32).map(|n| Box::pin(task(pool, 32 * executor + n, 300)) as _);
                run_all(tasks.collect());
            });
        }
    });
    // Jobs that were given up have finished too then, and no slot is lost.
    assert_eq!(pool.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
}
