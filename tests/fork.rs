//! A Rust pool in a child by fork(): no call on it hangs, none runs a job of the parent, and the child can
//! make its own pools.
#![cfg(all(feature = "std", target_os = "linux"))]

mod common;

use common::{Count, DEADLINE, Gate, done, held, join, until};
use jobring::{IdleError, JobError, JobHandle, Pool, ShutdownMode, StaticPool, SubmitError, WorkersError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

/// Runs `body` in a child. A hang is a failure there, and so is a panic.
fn in_a_child(body: impl FnOnce()) {
    // SAFETY:
    // - the child does what glibc allows after a fork (its malloc is set right), and leaves by _exit.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        // SAFETY:
        // - have no preconditions.
        unsafe {
            libc::alarm(u32::try_from(DEADLINE.as_secs()).expect("a number"));
            let done = catch_unwind(AssertUnwindSafe(body)).is_ok();
            libc::_exit(if done { 0 } else { 1 });
        }
    }
    let mut status = 0;
    // SAFETY:
    // - the child is ours, and `status` writable.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child failed, or hung (status {status:#x}, 0xe: the alarm)");
}

fn builder(workers: usize) -> jobring::Builder {
    Pool::builder().workers(workers).capacity(16)
}

fn is_lost<T>(result: Result<T, JobError>) -> bool {
    matches!(result, Err(JobError::Forked))
}

#[test]
fn every_call_on_a_parents_pool_returns() {
    let pool = builder(2).build().expect("a pool");
    let gate = Gate::new();
    let over = pool.submit(|| 5).expect("room");
    until("it is over", || over.is_finished());
    let (first, second) = (held(&pool, &gate), held(&pool, &gate));
    let ran = Count::new();
    let queued: Vec<_> = (0..3)
        .map(|_| {
            let ran = ran.clone();
            pool.submit(move || ran.add()).expect("room")
        })
        .collect();
    let mut handles = Some((over, first, second, queued));
    in_a_child(|| {
        let (over, first, second, mut queued) = handles.take().expect("they are there");
        assert!(matches!(pool.try_submit(|| ()), Err(SubmitError::Shutdown(_))));
        assert!(matches!(pool.submit(|| ()), Err(SubmitError::Shutdown(_))));
        assert!(matches!(pool.submit_timeout(|| (), Duration::MAX), Err(SubmitError::Shutdown(_))));
        assert!(matches!(pool.submit_detached(|| ()), Err(SubmitError::Shutdown(_))));
        assert!(matches!(pool.submit_or_run(|| ()), Err(SubmitError::Shutdown(_))));
        assert!(matches!(pool.try_submit_isr(|| ()), Err(SubmitError::Shutdown(_))));
        // What was over at the fork is memory like any other.
        assert!(matches!(over.wait(), Ok(5)));
        assert!(is_lost(first.wait()));
        assert!(is_lost(second.try_wait().unwrap_or_else(|_| panic!("it will not be over"))));
        let last = queued.pop().expect("a job");
        assert!(!last.cancel() && !last.is_finished());
        assert!(is_lost(last.wait_timeout(Duration::MAX).unwrap_or_else(|_| panic!("it will not be over"))));
        assert!(is_lost(queued.pop().expect("a job").wait()));
        drop(queued);
        assert!(!pool.run_one() && pool.run_until_idle() == 0 && !pool.enter_worker());
        pool.pause();
        pool.resume();
        assert_eq!(pool.set_workers(1, None), Err(WorkersError::Shutdown));
        assert_eq!(pool.cancel_all(), 0);
        assert_eq!(pool.wait_idle(), Err(IdleError::Forked));
        assert_eq!(pool.wait_idle_timeout(Duration::MAX), Err(IdleError::Forked));
        assert_eq!(ran.get(), 0, "the parent runs them");
        assert!(pool.shutdown(ShutdownMode::Drain, None).is_err());
        assert!(pool.shutdown(ShutdownMode::Discard, Some(Duration::ZERO)).is_err());
        assert_eq!(pool.worker_stack_size(0), None);
        // Calls that need nobody else do it all here.
        let items = Count::new();
        for grain in [0, 1] {
            pool.parallel_for(0..1000, grain, |share| share.for_each(|_| items.add()));
        }
        assert_eq!(items.get(), 2000);
        assert_eq!(pool.join(|| 1, || 2), (1, 2));
        let mut spawned = 0;
        pool.scope(|scope| _ = scope.spawn(|| spawned += 1));
        assert_eq!(spawned, 1);
        let own = builder(2).build().expect("a pool of its own");
        assert!(matches!(done(own.submit(|| 8).expect("room")), Ok(8)));
        drop(own);
        // SAFETY:
        // - the parent's pool is not used again in the child.
        drop(unsafe { std::ptr::read(&raw const pool) });
    });
    gate.open();
    let (over, first, second, queued) = handles.take().expect("they are there");
    assert!(matches!((done(over), done(first), done(second)), (Ok(5), Ok(7), Ok(7))));
    queued.into_iter().for_each(|job| done(job).expect("a result"));
    assert_eq!(ran.get(), 3, "each ran once");
}

#[test]
fn a_pool_without_workers_is_its_parents_too() {
    let pool = builder(0).build().expect("a pool");
    let job = pool.submit(|| 5).expect("room");
    in_a_child(|| assert!(!pool.run_one()));
    assert!(matches!(job.wait(), Ok(5)));
}

/// Makes a call on a pool of two workers that forks inside of it when another thread has started a part of
/// it. The child's call must end by a panic, the parent's as ever. The call gets what forks, and what the
/// other thread does.
fn forks_inside(call: impl FnOnce(&Pool, &(dyn Fn() + Sync), &(dyn Fn() + Sync))) {
    let parent = std::process::id();
    let pool = builder(2).build().expect("a pool");
    let (begun, gate) = (Count::new(), Gate::new());
    let forks = || {
        until("another thread has a part", || {
            // A join offers what lies in its thread's list once a worker is idle, which the first may not
            // find.
            pool.join(|| (), || ());
            begun.get() == 1
        });
        // SAFETY:
        // - as in in_a_child.
        let child = unsafe { libc::fork() };
        assert!(child >= 0);
        if child == 0 {
            // SAFETY:
            // - has no preconditions.
            unsafe { libc::alarm(u32::try_from(DEADLINE.as_secs()).expect("a number")) };
            return;
        }
        let mut status = 0;
        // SAFETY:
        // - the child is ours, and `status` writable.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        gate.open();
        assert_eq!(status, 0, "the child's call returned, or hung");
    };
    let other = || {
        begun.add();
        gate.pass();
    };
    let left = catch_unwind(AssertUnwindSafe(|| call(&pool, &forks, &other)));
    if std::process::id() != parent {
        // SAFETY:
        // - has no preconditions.
        unsafe { libc::_exit(if left.is_err() { 0 } else { 3 }) };
    }
    left.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[test]
fn a_child_does_not_hang_in_a_call_that_lent_a_part_to_another_thread() {
    forks_inside(|pool, forks, other| {
        pool.scope(|scope| {
            scope.spawn(other);
            forks();
        });
    });
    forks_inside(|pool, forks, other| _ = pool.join(forks, other));
    let caller = std::thread::current().id();
    forks_inside(|pool, forks, other| {
        pool.parallel_for(0..2, 1, |_| if std::thread::current().id() == caller { forks() } else { other() });
    });
}

#[test]
fn a_static_pool_that_a_thread_has_entered_is_its_parents() {
    static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    static HELD: AtomicBool = AtomicBool::new(true);
    static BEGUN: AtomicBool = AtomicBool::new(false);
    let worker = std::thread::spawn(|| POOL.enter_worker());
    let job = POOL.try_submit(|| {
        BEGUN.store(true, SeqCst);
        until("it is let go", || !HELD.load(SeqCst));
    });
    let job = job.expect("room");
    until("it runs", || BEGUN.load(SeqCst));
    let mut job = Some(job);
    in_a_child(|| {
        assert!(is_lost(job.take().expect("a job").wait()));
        assert!(!POOL.run_one() && !POOL.enter_worker());
        // That it is a copy is not noticed while there is room, but before it would wait.
        assert!((0..5).any(|_| matches!(POOL.submit_detached(|| ()), Err(SubmitError::Shutdown(_)))));
        assert!(is_lost(POOL.try_submit(|| ()).map_or(Err(JobError::Forked), JobHandle::wait)));
        assert_eq!(POOL.join(|| 1, || 2), (1, 2));
        assert!(POOL.shutdown(ShutdownMode::Drain, None).is_err());
    });
    HELD.store(false, SeqCst);
    done(job.take().expect("a job")).expect("a result");
    POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("all are over");
    assert!(join(worker));
}

#[cfg(feature = "future")]
#[test]
fn a_task_that_awaits_a_parents_job_gets_an_error() {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};
    let pool = builder(1).build().expect("a pool");
    let gate = Gate::new();
    let mut job = held(&pool, &gate);
    let mut context = Context::from_waker(Waker::noop());
    assert!(std::pin::Pin::new(&mut job).poll(&mut context).is_pending());
    in_a_child(|| {
        let polled = std::pin::Pin::new(&mut job).poll(&mut context);
        assert!(matches!(polled, Poll::Ready(Err(JobError::Forked))));
        // SAFETY:
        // - not used again in the child.
        drop(unsafe { std::ptr::read(&raw const job) });
    });
    gate.open();
    assert!(matches!(done(job), Ok(7)));
}
