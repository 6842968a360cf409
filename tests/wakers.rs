//! Wakers that panic, wait, submit and shut down: the pool goes on, and a call that would sleep for ever is
//! refused.
#![cfg(all(feature = "future", feature = "std"))]

mod common;
#[path = "common/tasks.rs"]
mod tasks;

use common::{Count, DEADLINE, Gate, held, pool, until};
use jobring::{JobError, JobHandle, Pool, ShutdownMode, ShutdownReport, StaticPool, SubmitError};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use tasks::Bell;

/// A task whose waker does what a test wants.
#[derive(Default)]
struct Task {
    /// The wakers that there are.
    wakers: AtomicUsize,
    woken: Count,
    clone_panics: AtomicBool,
    drop_panics: AtomicBool,
    on_wake: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

const TABLE: RawWakerVTable = RawWakerVTable::new(
    |at| {
        // SAFETY:
        // - `raw` made the pointer, of a static.
        unsafe { &*at.cast::<Task>() }.clone_one()
    },
    |at| {
        // SAFETY:
        // - as above.
        let task = unsafe { &*at.cast::<Task>() };
        let _dropped = DropOne(task);
        task.wake();
    },
    |at| {
        // SAFETY:
        // - as above.
        unsafe { &*at.cast::<Task>() }.wake();
    },
    |at| {
        // SAFETY:
        // - as above.
        drop(DropOne(unsafe { &*at.cast::<Task>() }));
    },
);

struct DropOne(&'static Task);

impl Drop for DropOne {
    fn drop(&mut self) {
        assert_ne!(self.0.wakers.fetch_sub(1, SeqCst), 0, "a waker was dropped twice");
        assert!(!self.0.drop_panics.load(SeqCst) || thread::panicking(), "on purpose: a waker is dropped");
    }
}

impl Task {
    fn new() -> &'static Self {
        Box::leak(Box::default())
    }

    fn that(on_wake: impl FnOnce() + Send + 'static) -> &'static Self {
        let task = Self::new();
        *task.on_wake.lock().unwrap() = Some(Box::new(on_wake));
        task
    }

    fn panicking_when_dropped() -> &'static Self {
        let task = Self::new();
        task.drop_panics.store(true, SeqCst);
        task
    }

    fn raw(&'static self) -> RawWaker {
        self.wakers.fetch_add(1, SeqCst);
        RawWaker::new(std::ptr::from_ref(self).cast(), &TABLE)
    }

    fn clone_one(&'static self) -> RawWaker {
        assert!(!self.clone_panics.load(SeqCst), "on purpose: a waker is cloned");
        self.raw()
    }

    fn wake(&self) {
        let on_wake = self.on_wake.lock().unwrap().take();
        self.woken.add();
        if let Some(on_wake) = on_wake {
            on_wake();
        }
    }

    fn poll<F: Future + Unpin>(&'static self, future: &mut F) -> Poll<F::Output> {
        // SAFETY:
        // - the table's functions are safe to call from any thread, on a static.
        let waker = unsafe { Waker::from_raw(self.raw()) };
        // What the caller's own waker does when it is dropped is no matter here.
        let waker = std::mem::ManuallyDrop::new(waker);
        let polled = catch_unwind(AssertUnwindSafe(|| pin!(future).poll(&mut Context::from_waker(&waker))));
        self.wakers.fetch_sub(1, SeqCst);
        polled.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn wakers(&self) -> usize {
        self.wakers.load(SeqCst)
    }
}

fn forever<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Fills a pool with jobs that nobody waits for.
fn fill(pool: &Pool) {
    while pool.try_submit_detached(|| ()).is_ok() {}
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_all_as_it_was() {
    static BELL: Bell = Bell::new();
    let (pool, gate, broken) = (pool(1, 2), Gate::new(), Task::new());
    broken.clone_panics.store(true, SeqCst);
    let mut job = held(&pool, &gate);
    for _ in 0..2 {
        // The waker's owner learns of a poll.
        assert!(catch_unwind(AssertUnwindSafe(|| broken.poll(&mut job))).is_err());
        assert!(BELL.poll(&mut job).is_pending());
        assert_eq!(BELL.wakers(), 1);
    }
    assert!(catch_unwind(AssertUnwindSafe(|| broken.poll(&mut job))).is_err());
    assert_eq!((BELL.wakers(), broken.wakers()), (1, 0), "the last that came through lies there");
    gate.open();
    BELL.wait();
    assert_eq!(common::done(job).expect("a result"), 7);
    assert_eq!(pool.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_stops_nobody() {
    static BELL: Bell = Bell::new();
    let (pool, broken) = (pool(1, 2), Task::panicking_when_dropped());
    // Replaced by another's.
    let gate = Gate::new();
    let mut job = held(&pool, &gate);
    assert!(broken.poll(&mut job).is_pending());
    assert!(BELL.poll(&mut job).is_pending());
    assert_eq!((broken.wakers(), BELL.wakers()), (0, 1));
    gate.open();
    assert_eq!(BELL.block_on(job).expect("a result"), 7);
    // Taken back by a wait, which gives the handle back, and by one that gives the result.
    let gate = Gate::new();
    let mut job = held(&pool, &gate);
    assert!(broken.poll(&mut job).is_pending());
    let mut job = job.wait_timeout(std::time::Duration::from_millis(1)).expect_err("it runs");
    assert!(broken.poll(&mut job).is_pending());
    let job = job.try_wait().expect_err("it runs");
    assert_eq!(broken.wakers(), 0);
    gate.open();
    assert_eq!(common::done(job).expect("a result"), 7);
    // Given up, also by a thread that panics.
    for panics in [false, true] {
        let gate = Gate::new();
        let mut job = held(&pool, &gate);
        assert!(broken.poll(&mut job).is_pending());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _job = job;
            assert!(!panics, "on purpose: with a handle");
        }));
        assert_eq!((caught.is_err(), broken.wakers()), (panics, 0));
        gate.open();
    }
    // Woken.
    let gate = Gate::new();
    let mut job = held(&pool, &gate);
    assert!(broken.poll(&mut job).is_pending());
    gate.open();
    until("it is woken", || broken.woken.get() == 1);
    assert_eq!(common::done(job).expect("a result"), 7);
    assert_eq!(pool.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
}

#[test]
fn a_wake_that_panics_with_what_panics_again_ends_no_worker() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose: in a destructor");
        }
    }
    let pool = pool(1, 2);
    for _ in 0..3 {
        let (gate, broken) = (Gate::new(), Task::that(|| panic_any(Bomb)));
        let mut job = held(&pool, &gate);
        assert!(broken.poll(&mut job).is_pending());
        gate.open();
        until("it is woken", || broken.woken.get() == 1);
        assert_eq!(common::done(job).expect("a result"), 7);
    }
    assert_eq!(pool.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
}

#[test]
fn a_pool_that_ends_drops_wakers_that_panic() {
    for task in [Task::panicking_when_dropped(), Task::that(|| panic!("on purpose: in a wake"))] {
        let pool = pool(0, 2);
        let mut job = pool.submit(|| 1).expect("room");
        assert!(task.poll(&mut job).is_pending());
        std::mem::forget(job);
        drop(pool);
        assert_eq!(task.wakers(), 0);
    }
}

/// What became of a blocking submit.
fn word<F>(submitted: Result<(), SubmitError<F>>) -> &'static str {
    match submitted {
        Ok(()) => "accepted",
        Err(SubmitError::Deadlock(_)) => "deadlock",
        Err(SubmitError::Shutdown(_)) => "shutdown",
        Err(SubmitError::Full(_)) => "full",
        Err(other) => unreachable!("{other}"),
    }
}

#[test]
fn a_wake_on_the_only_worker_that_submits_to_a_full_pool_gets_deadlock() {
    let pool: &'static Pool = forever(pool(1, 2));
    let (gate, said) = (Gate::new(), Arc::new(Mutex::new("nothing")));
    let says = said.clone();
    let task = Task::that(move || {
        let word = word(pool.submit_detached(|| ()));
        *says.lock().unwrap() = word;
    });
    let mut job = held(pool, &gate);
    assert!(task.poll(&mut job).is_pending());
    fill(pool);
    gate.open();
    until("it says something", || *said.lock().unwrap() != "nothing");
    assert_eq!(*said.lock().unwrap(), "deadlock");
    assert_eq!(common::done(job).expect("a result"), 7);
    pool.shutdown(ShutdownMode::Drain, None).expect("an end");
}

#[test]
fn wakes_on_every_worker_that_submit_to_a_full_pool_get_deadlock() {
    let pool: &'static Pool = forever(pool(2, 4));
    let (gate, said) = (Gate::new(), Arc::new(Mutex::new(Vec::new())));
    let inside = Arc::new(AtomicUsize::new(0));
    let tasks = [(); 2].map(|()| {
        let (said, inside) = (said.clone(), inside.clone());
        Task::that(move || {
            inside.fetch_add(1, SeqCst);
            until("both wake", || inside.load(SeqCst) == 2);
            let word = word(pool.submit_detached(|| ()));
            said.lock().unwrap().push(word);
        })
    });
    let mut jobs = [(); 2].map(|()| held(pool, &gate));
    for (task, job) in tasks.iter().zip(&mut jobs) {
        assert!(task.poll(job).is_pending());
    }
    fill(pool);
    gate.open();
    until("both say something", || said.lock().unwrap().len() == 2);
    // As soon as one has given up, its worker makes room.
    assert!(said.lock().unwrap().contains(&"deadlock"), "{:?}", said.lock().unwrap());
    for job in jobs {
        assert_eq!(common::done(job).expect("a result"), 7);
    }
    pool.shutdown(ShutdownMode::Drain, None).expect("an end");
}

#[test]
fn a_wake_on_a_thread_that_entered_gets_deadlock_too() {
    static POOL: StaticPool<2, 1, 48> = StaticPool::new();
    let worker = thread::spawn(|| POOL.enter_worker());
    let (gate, begun, said) = (Gate::new(), Gate::new(), Arc::new(Mutex::new("nothing")));
    let (passes, begins, says) = (gate.clone(), begun.clone(), said.clone());
    let task = Task::that(move || {
        let word = word(POOL.submit_detached(|| ()));
        *says.lock().unwrap() = word;
    });
    let job = POOL.submit(move || {
        begins.open();
        passes.pass();
        7
    });
    let mut job = job.expect("room");
    begun.pass();
    assert!(task.poll(&mut job).is_pending());
    while POOL.try_submit_detached(|| ()).is_ok() {}
    gate.open();
    until("it says something", || *said.lock().unwrap() != "nothing");
    assert_eq!(*said.lock().unwrap(), "deadlock");
    assert_eq!(common::done(job).expect("a result"), 7);
    POOL.shutdown(ShutdownMode::Drain, None).expect("an end");
    assert!(common::join(worker));
}

/// As a job that waits does: it runs the queued job itself.
#[test]
fn a_wake_on_the_only_worker_may_wait() {
    let pool: &'static Pool = forever(pool(1, 4));
    let (gate, found) = (Gate::new(), Arc::new(Mutex::new(None)));
    let finds = found.clone();
    let task = Task::that(move || {
        let inner = pool.submit(|| 8).expect("room");
        *finds.lock().unwrap() = Some(inner.wait());
    });
    let mut job = held(pool, &gate);
    assert!(task.poll(&mut job).is_pending());
    gate.open();
    until("it has waited", || found.lock().unwrap().is_some());
    assert!(matches!(*found.lock().unwrap(), Some(Ok(8))));
    assert_eq!(common::done(job).expect("a result"), 7);
    pool.shutdown(ShutdownMode::Drain, None).expect("an end");
}

/// In a wake the thread is in no job: neither in the one that has finished, whose slot may hold another job,
/// nor in an outer one.
#[test]
fn a_wake_is_outside_of_jobs() {
    let pool: &'static Pool = forever(pool(1, 4));
    let (go, asked) = (Gate::new(), Arc::new(Mutex::new(None)));
    let asks = asked.clone();
    let task = Task::that(move || *asks.lock().unwrap() = Some(pool.cancel_requested()));
    let goes = go.clone();
    let begun = Gate::new();
    let begins = begun.clone();
    let outer = pool.submit(move || {
        begins.open();
        goes.pass();
        let mut inner = pool.submit(|| ()).expect("room");
        assert!(task.poll(&mut inner).is_pending());
        assert!(inner.cancel(), "the only worker is here");
        pool.cancel_requested()
    });
    let outer = outer.expect("room");
    begun.pass();
    assert!(!outer.cancel(), "it runs");
    go.open();
    assert!(common::done(outer).expect("a result"), "it was asked to stop");
    assert_eq!(*asked.lock().unwrap(), Some(false));
    pool.shutdown(ShutdownMode::Drain, None).expect("an end");
}

#[test]
fn a_wake_may_shut_the_pool_down() {
    for queued in [ShutdownMode::Drain, ShutdownMode::Discard] {
        for workers in [1, 2] {
            let pool: &'static Pool = forever(pool(workers, 8));
            let (gate, ended, ran) = (Gate::new(), Count::new(), Count::new());
            let ends = ended.clone();
            let task = Task::that(move || {
                pool.shutdown(queued, None).expect("an end");
                ends.add();
            });
            let mut job = held(pool, &gate);
            // The other worker, if there is one, is held too.
            let others: Vec<_> = (1..workers).map(|_| held(pool, &gate)).collect();
            assert!(task.poll(&mut job).is_pending());
            let behind: Vec<_> = (0..3)
                .map(|_| {
                    let ran = ran.clone();
                    pool.submit(move || ran.add()).expect("room")
                })
                .collect();
            gate.open();
            until("it is shut down", || ended.get() == 1);
            for job in behind {
                match common::done(job) {
                    Ok(()) => {}
                    Err(error) => {
                        assert!(queued == ShutdownMode::Discard && matches!(error, JobError::Cancelled))
                    }
                }
            }
            assert!(queued == ShutdownMode::Discard || ran.get() == 3);
            assert_eq!(common::done(job).expect("a result"), 7);
            others.into_iter().for_each(|job| drop(common::done(job)));
            assert_eq!(pool.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
        }
    }
}

/// On a thread that cancels, and on one that runs jobs by hand.
#[test]
fn a_wake_on_a_thread_of_the_users_may_shut_the_pool_down() {
    for by_cancel in [false, true] {
        let pool: &'static Pool = forever(pool(0, 4));
        let ended = Count::new();
        let ends = ended.clone();
        let task = Task::that(move || {
            pool.shutdown(ShutdownMode::Drain, None).expect("an end");
            ends.add();
        });
        let mut job = pool.submit(|| 7).expect("room");
        let behind = pool.submit(|| 8).expect("room");
        assert!(task.poll(&mut job).is_pending());
        assert!(if by_cancel { job.cancel() } else { pool.run_one() });
        assert_eq!(ended.get(), 1);
        assert_eq!(behind.wait().expect("drained"), 8);
        assert_eq!(job.wait().is_ok(), !by_cancel);
    }
}

/// On the thread that shuts the pool down, which has more to discard then.
#[test]
fn a_wake_inside_a_shutdown_may_shut_the_pool_down() {
    for workers in [0, 1] {
        let (pool, gate, ended): (&'static Pool, _, _) =
            (forever(pool(workers, 8)), Gate::new(), Count::new());
        let others: Vec<_> = (0..workers).map(|_| held(pool, &gate)).collect();
        let jobs: Vec<_> = (0..3)
            .map(|_| {
                let ends = ended.clone();
                let task = Task::that(move || {
                    let closed = pool.shutdown(ShutdownMode::Discard, Some(std::time::Duration::ZERO));
                    assert_eq!(closed.unwrap_or_else(|error| error.report()).running(), workers);
                    ends.add();
                });
                let mut job = pool.submit(|| 7).expect("room");
                assert!(task.poll(&mut job).is_pending());
                job
            })
            .collect();
        let closed = pool.shutdown(ShutdownMode::Discard, Some(std::time::Duration::ZERO));
        assert_eq!((closed.is_ok(), ended.get()), (workers == 0, 3));
        for job in jobs {
            assert!(matches!(common::done(job), Err(JobError::Cancelled)));
        }
        gate.open();
        others.into_iter().for_each(|job| assert_eq!(common::done(job).expect("a result"), 7));
        assert_eq!(pool.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
    }
}

#[test]
fn a_wake_may_drop_the_pool() {
    let (dropped, ended) = (Count::new(), Count::new());
    let ends = ended.on_drop();
    let pool = Pool::builder().workers(1).capacity(4).on_stop(move |_| _ = &ends);
    let pool = Arc::new(pool.build().expect("a pool"));
    let (gate, begun) = (Gate::new(), Gate::new());
    let (passes, begins, drops) = (gate.clone(), begun.clone(), dropped.clone());
    let ran = Count::new();
    let counts = ran.clone();
    let (last, place) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(None)));
    {
        // The task's handle borrows from what it leaks.
        // SAFETY:
        // - the handle is forgotten before the pool can go.
        let lent: &'static Pool = unsafe { &*Arc::as_ptr(&pool) };
        let takes = last.clone();
        let task = Task::that(move || {
            drop::<Option<Arc<Pool>>>(takes.lock().unwrap().take());
            drops.add();
        });
        let mut job = lent
            .submit(move || {
                begins.open();
                passes.pass();
            })
            .expect("room");
        begun.pass();
        assert!(task.poll(&mut job).is_pending());
        std::mem::forget(job);
        lent.submit_detached(move || counts.add()).expect("room");
        *place.lock().unwrap() = Some(task);
    }
    *last.lock().unwrap() = Some(pool);
    gate.open();
    until("it is dropped", || dropped.get() == 1);
    until("what was accepted is run", || ran.get() == 1);
    until("its waker is gone", || place.lock().unwrap().expect("a task").wakers() == 0);
    assert_eq!(ended.get(), 0, "the memory stays for the worker");
}

/// Each wake makes room in a full pool by running the next job, which wakes the next task: not all of them
/// inside each other, or the stack would have to be as long.
#[test]
fn wakes_inside_wakes_are_refused_before_the_stack_ends() {
    const TASKS: usize = 300;
    static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    static MADE: AtomicUsize = AtomicUsize::new(0);
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    static DEEPEST: AtomicUsize = AtomicUsize::new(0);
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    fn next() {
        if MADE.fetch_add(1, SeqCst) == TASKS {
            return;
        }
        let handle: &'static Mutex<Option<JobHandle<'static, ()>>> = forever(Mutex::new(None));
        let task = Task::that(move || {
            DEEPEST.fetch_max(INSIDE.fetch_add(1, SeqCst) + 1, SeqCst);
            // Its slot is free.
            drop(handle.lock().unwrap().take());
            next();
            INSIDE.fetch_sub(1, SeqCst);
        });
        let mut job = POOL.try_submit(|| ()).expect("room");
        assert!(task.poll(&mut job).is_pending());
        *handle.lock().unwrap() = Some(job);
        if word(POOL.submit_detached(|| ())) == "full" {
            TOLD.fetch_add(1, SeqCst);
        }
    }
    // A stack on which not all of them have room inside each other.
    let thread = thread::Builder::new().stack_size(192 << 10).spawn(next).expect("a thread");
    common::join(thread);
    assert!(
        (1..TASKS).contains(&DEEPEST.load(SeqCst)),
        "{} of {TASKS} inside each other",
        DEEPEST.load(SeqCst)
    );
    assert_ne!(TOLD.load(SeqCst), 0);
}
