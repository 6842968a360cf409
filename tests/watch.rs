//! Callbacks that are added to a job at any time: each is called once, whatever becomes of the job and of the
//! others.
#![cfg(feature = "std")]

mod common;

use common::{Count, Gate, done, pool, until};
use jobring::{JobError, JobState, ShutdownMode, StaticPool, SubmitError, Watch};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// Adds callbacks that send their number and how the job ended.
fn watched(watch: &Watch, numbers: std::ops::Range<u32>) -> Receiver<(u32, JobState)> {
    let (send, ends) = channel();
    for n in numbers {
        let send = send.clone();
        watch.on_done(move |end| send.send((n, end)).expect("it is received"));
    }
    ends
}

#[test]
fn callbacks_come_in_their_order_and_late_ones_at_once() {
    static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    let (job, watch) = POOL.submit_watched(|| 42).expect("room");
    let early = watched(&watch, 0..5);
    assert!(early.try_recv().is_err() && POOL.run_one());
    assert!(early.iter().eq((0..5).map(|n| (n, JobState::Done))));
    let late = watched(&watch, 5..7);
    assert!(late.iter().eq((5..7).map(|n| (n, JobState::Done))));
    assert_eq!(done(job).expect("no panic"), 42);
    assert!(watched(&watch.clone(), 7..8).iter().eq([(7, JobState::Done)]));
    assert_eq!(format!("{watch:?}"), "Watch");
}

#[test]
fn callbacks_learn_how_the_job_ended() {
    let pool = pool(0, 4);
    let (job, watch) = pool.submit_watched(|| ()).expect("room");
    let ends = watched(&watch, 0..1);
    assert!(job.cancel() && ends.iter().eq([(0, JobState::Cancelled)]));
    assert!(matches!(job.wait(), Err(JobError::Cancelled)));
    let (job, watch) = pool.submit_watched(|| panic!("on purpose")).expect("room");
    let ends = watched(&watch, 0..1);
    assert!(pool.run_one() && ends.iter().eq([(0, JobState::Failed)]));
    assert!(matches!(job.wait(), Err(JobError::Panicked(_))));
    let (job, watch) = pool.submit_watched(|| ()).expect("room");
    let ends = watched(&watch, 0..1);
    drop((job, watch));
    pool.shutdown(ShutdownMode::Discard, None).expect("no time limit");
    assert!(ends.iter().eq([(0, JobState::Cancelled)]));
}

#[test]
fn a_closure_that_is_refused_leaves_no_callback() {
    static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    let (job, _watch) = POOL.try_submit_watched(|| 1).expect("room");
    let Err(SubmitError::Full(refused)) = POOL.try_submit_watched(|| 42) else { panic!("it is full") };
    assert_eq!(refused(), 42);
    assert!(job.cancel());
    drop(job);
    POOL.shutdown(ShutdownMode::Drain, None).expect("no time limit");
    assert!(matches!(POOL.submit_watched(|| 1), Err(SubmitError::Shutdown(_))));
}

/// Panics when it is dropped, and counts.
struct Panics(Count);

impl Drop for Panics {
    fn drop(&mut self) {
        self.0.add();
        if !thread::panicking() {
            panic!("a destructor, on purpose");
        }
    }
}

#[test]
fn a_callback_that_panics_does_not_stop_the_others() {
    let pool = pool(1, 4);
    let gate = Gate::new();
    let blocks = gate.clone();
    let job = move || {
        blocks.pass();
        42
    };
    let (job, watch) = pool.submit_watched(job).expect("room");
    let (before, after, dropped) = (watched(&watch, 0..1), Count::new(), Count::new());
    let captured = Panics(dropped.clone());
    watch.on_done(move |_| drop(captured));
    watch.on_done(|_| std::panic::panic_any(String::from("a callback, on purpose")));
    let adds = after.clone();
    watch.on_done(move |_| adds.add());
    gate.open();
    assert_eq!(done(job).expect("the job has a result"), 42);
    assert!(before.iter().eq([(0, JobState::Done)]));
    assert_eq!((after.get(), dropped.get()), (1, 1));
    // A late one too; its caller goes on.
    watch.on_done(|_| panic!("a late callback, on purpose"));
    assert_eq!(done(pool.submit(|| 7).expect("room")).expect("the worker goes on"), 7);
}

#[test]
fn a_callback_may_use_the_pool_and_watch_again() {
    static POOL: StaticPool<4, 1, 64> = StaticPool::new();
    let worker = thread::spawn(|| POOL.enter_worker());
    let gate = Gate::new();
    let blocks = gate.clone();
    let (job, watch) = POOL.submit_watched(move || blocks.pass()).expect("room");
    let (id, again, order) = (job.id(), watch.clone(), Arc::new(Mutex::new(Vec::new())));
    let (first, second) = (order.clone(), order.clone());
    watch.on_done(move |_| {
        let canceller = POOL.current_canceller().expect("still inside the job");
        assert!(canceller.id() == id && !canceller.cancel());
        POOL.submit_detached(|| ()).expect("room");
        first.lock().unwrap().push(1);
        let nested = first.clone();
        again.on_done(move |_| nested.lock().unwrap().push(2));
        first.lock().unwrap().push(3);
    });
    watch.on_done(move |_| second.lock().unwrap().push(4));
    gate.open();
    done(job).expect("no panic");
    assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4]);
    POOL.shutdown(ShutdownMode::Drain, None).expect("no time limit");
    assert!(common::join(worker));
}

#[test]
fn a_callback_that_waits_for_its_own_job_gets_deadlock() {
    static POOL: StaticPool<4, 0, 64> = StaticPool::new();
    let (job, watch) = POOL.submit_watched(|| 42).expect("room");
    let (send, outcome) = channel();
    watch.on_done(move |_| send.send(job.wait()).expect("it is received"));
    assert!(POOL.run_one());
    assert!(matches!(outcome.recv().expect("it was called"), Err(JobError::Deadlock)));
}

#[test]
fn callbacks_that_race_the_end_are_called_once() {
    let pool = pool(2, 4);
    let calls = Count::new();
    for n in 0..1_000 {
        let (job, watch) = pool.submit_watched(|| ()).expect("room");
        thread::scope(|threads| {
            if n % 8 == 0 {
                let (watch, adds) = (&watch, calls.clone());
                threads.spawn(move || watch.on_done(move |_| adds.add()));
            }
            let adds = calls.clone();
            watch.on_done(move |_| adds.add());
        });
        if n % 2 == 0 {
            job.cancel();
        }
        drop(job);
    }
    pool.shutdown(ShutdownMode::Drain, None).expect("no time limit");
    until("all were called", || calls.get() == 1_125);
}
