//! Handles that can only cancel: those of jobs whose result nobody wants, and those beside a `JobHandle`.
#![cfg(feature = "std")]

mod common;

use common::{Count, Gate, pool, until};
use jobring::{Canceller, JobError, ShutdownMode, StaticPool, SubmitError};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread;

#[test]
fn any_thread_may_have_a_canceller() {
    fn check<T: Copy + Send + Sync + std::fmt::Debug>() {}
    check::<Canceller<'static>>();
}

#[test]
fn more_jobs_than_slots_are_run_or_cancelled_and_leave_nothing() {
    let pool = pool(2, 4);
    let (ran, dropped) = (Count::new(), Count::new());
    let mut cancelled = 0;
    for _ in 0..2_000 {
        let (adds, captured) = (ran.clone(), dropped.on_drop());
        let job = move || {
            let _captured = captured;
            adds.add();
        };
        let canceller = pool.submit_cancellable(job).expect("room");
        assert!(canceller.id().is_some());
        cancelled += usize::from(canceller.cancel());
    }
    pool.shutdown(ShutdownMode::Drain, None).expect("no time limit");
    assert_eq!((ran.get() + cancelled, dropped.get()), (2_000, 2_000));
}

#[test]
fn a_closure_is_dropped_before_its_cancel_returns() {
    static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    let dropped = Count::new();
    let captured = dropped.on_drop();
    let canceller = POOL.try_submit_cancellable(move || drop(captured)).expect("room");
    let Err(SubmitError::Full(job)) = POOL.try_submit_cancellable(|| ()) else { panic!("it is full") };
    job();
    assert!(thread::scope(|threads| threads.spawn(move || canceller.cancel()).join()).expect("no panic"));
    assert_eq!(dropped.get(), 1);
    assert!(!canceller.cancel());
    // The slot has its next job, which the old canceller does not reach.
    POOL.try_submit_cancellable(|| ()).expect("room");
    assert!(!canceller.cancel() && POOL.run_one());
}

#[test]
fn a_panic_of_a_job_whose_result_nobody_wants_is_dropped() {
    let pool = pool(1, 1);
    let (ran, payload) = (Count::new(), Count::new());
    let (adds, thrown) = (ran.clone(), payload.on_drop());
    let job = move || {
        adds.add();
        std::panic::panic_any(thrown);
    };
    let canceller = pool.submit_cancellable(job).expect("room");
    assert_eq!(common::done(pool.submit(|| 42).expect("the slot comes back")).expect("no panic"), 42);
    assert_eq!((ran.get(), payload.get()), (1, 1));
    assert!(!canceller.cancel());
}

#[test]
fn a_thread_cancels_what_another_waits_for() {
    let pool = pool(1, 4);
    let gate = Gate::new();
    let (blocks, begun) = (gate.clone(), Count::new());
    let adds = begun.clone();
    let job = move || {
        adds.add();
        blocks.pass();
    };
    let running = pool.submit(job).expect("room");
    until("it runs", || begun.get() == 1);
    let queued = pool.submit(|| unreachable!("it is cancelled")).expect("room");
    let (send, cancellers) = channel();
    thread::scope(|threads| {
        let opens = &gate;
        threads.spawn(move || {
            let cancellers: [Canceller; 2] = cancellers.recv().expect("both jobs");
            assert!(!cancellers[0].cancel(), "it runs");
            assert!(cancellers[1].cancel());
            opens.open();
        });
        send.send([running.canceller(), queued.canceller()]).expect("the other thread receives");
        let canceller = queued.canceller();
        assert!(matches!(queued.wait(), Err(JobError::Cancelled)));
        assert!(!canceller.cancel(), "its result was taken");
        common::done(running).expect("no panic");
    });
}

#[test]
fn a_job_passes_its_canceller_on_before_its_submitter_has_it() {
    static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    static CANCELLER: OnceLock<Canceller<'static>> = OnceLock::new();
    static ASKED: OnceLock<bool> = OnceLock::new();
    let gate = Gate::new();
    let passes = gate.clone();
    let worker = thread::spawn(|| POOL.enter_worker());
    assert!(POOL.current_canceller().is_none(), "outside of jobs");
    let job = move || {
        CANCELLER.set(POOL.current_canceller().expect("inside a job")).expect("once");
        passes.pass();
        ASKED.set(POOL.cancel_requested()).expect("once");
    };
    POOL.try_submit_cancellable(job).expect("room");
    until("it runs", || CANCELLER.get().is_some());
    assert!(!CANCELLER.get().expect("it was set").cancel());
    gate.open();
    POOL.shutdown(ShutdownMode::Drain, None).expect("no time limit");
    assert_eq!(ASKED.get(), Some(&true));
    assert!(common::join(worker));
}

#[test]
fn the_canceller_of_a_job_that_its_submitter_ran_does_nothing() {
    static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    let queued = POOL.submit_or_run(|| 1).expect("open");
    let ran = POOL.submit_or_run(|| 2).expect("open");
    assert!(ran.canceller().id().is_none() && !ran.canceller().cancel());
    assert_eq!(format!("{:?}", ran.canceller()), "Canceller(None)");
    assert_eq!(ran.wait().expect("it ran"), 2);
    assert!(queued.canceller().cancel());
    drop(queued);
}

#[test]
fn a_discard_drops_jobs_whose_result_nobody_wants() {
    let pool = Arc::new(pool(0, 4));
    let dropped = Count::new();
    let cancellers: Vec<_> = (0..3)
        .map(|_| {
            let captured = dropped.on_drop();
            pool.submit_cancellable(move || drop(captured)).expect("room")
        })
        .collect();
    let report = pool.shutdown(ShutdownMode::Discard, None).expect("no time limit");
    assert_eq!((report.untaken(), dropped.get()), (0, 3));
    assert!(cancellers.iter().all(|canceller| !canceller.cancel()));
    assert!(matches!(pool.submit_cancellable(|| ()), Err(SubmitError::Shutdown(_))));
}
