//! Models of promises that only the kill list needs.

use crate::harness::{Crew, Model, model};
use jobring_model::model::{End, Log, Pool, Task};
use std::sync::{Arc, Mutex};

pub const MODELS: &[Model] = &[
    model!(2 a_late_waiter_is_not_held_by_the_next_job),
    model!(2 a_waiter_that_comes_while_another_looks_is_woken),
    model!(1 two_closers_wait_for_one_job),
    model!(unbounded the_slot_of_a_cancelled_job_has_one_next_owner),
    model!(unbounded destroy_waits_for_a_submit_that_went_on),
    model!(unbounded a_discarded_job_is_dropped_once),
    model!(unbounded a_result_that_nobody_took_is_dropped_with_the_pool),
    model!(2 one_failure_does_not_end_the_wait_for_all),
    model!(2 a_worker_that_enters_while_the_pool_closes_leaves),
];

fn a_late_waiter_is_not_held_by_the_next_job() {
    let (crew, pool, log) = (Crew::new(), Pool::<1>::new(), Log::new());
    // Never works, so that waiters sleep.
    pool.admit();
    let job = pool.submit(Task::new(&log, 0)).expect("there is room");
    let late = {
        let pool = pool.clone();
        crew.spawn(move || pool.wait(job))
    };
    crew.begin();
    assert!(pool.run_one());
    let mine = pool.poll(job);
    // It runs after the waiter has returned, not before. If there is no room, the waiter has not given the
    // slot back yet.
    let next = pool.submit(Task::new(&log, 1));
    let theirs = late.join().unwrap();
    assert!((mine == End::Done(0)) != (theirs == End::Done(0)), "{mine:?} {theirs:?}");
    assert!(theirs == End::Done(0) || theirs == End::Stale, "{theirs:?}");
    if let Ok(next) = next {
        assert!(pool.run_one());
        assert_eq!(pool.wait(next), End::Done(1));
    }
}

fn a_waiter_that_comes_while_another_looks_is_woken() {
    let (crew, pool, log) = (Crew::ungated(), Pool::<1>::new(), Log::new());
    // Never works, so that waiters sleep.
    pool.admit();
    let job = pool.submit(Task::new(&log, 0)).expect("there is room");
    let looker = {
        let pool = pool.clone();
        crew.spawn(move || pool.wait_leaving(job))
    };
    let waiter = {
        let pool = pool.clone();
        crew.spawn(move || pool.wait(job))
    };
    assert!(pool.run_one());
    let looked = looker.join().unwrap();
    assert!(looked == End::Done(0) || looked == End::Stale, "{looked:?}");
    assert_eq!(waiter.join().unwrap(), End::Done(0));
}

fn two_closers_wait_for_one_job() {
    let (pool, log) = (Pool::<1>::new(), Log::new());
    // So that the closers leave the job to the runner. Nobody takes its result.
    pool.admit();
    pool.submit(Task::new(&log, 0)).expect("there is room");
    let crew = Crew::ungated();
    let other = {
        let pool = pool.clone();
        crew.spawn(move || drop(pool.drain()))
    };
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one()))
    };
    pool.drain();
    assert_eq!(log.ran(0), 1);
    other.join().unwrap();
    runner.join().unwrap();
}

fn the_slot_of_a_cancelled_job_has_one_next_owner() {
    let (pool, log) = (Pool::<2>::new(), Log::new());
    pool.admit();
    let first = pool.submit(Task::new(&log, 0)).expect("there is room");
    let cancelled = pool.submit(Task::new(&log, 1)).expect("there is room");
    assert_eq!(pool.cancel(cancelled), Some(true));
    // Its entry lies behind a live job, so it is the popper's.
    assert_eq!(pool.poll(cancelled), End::Cancelled);
    assert!(pool.run_one() && !pool.run_one());
    // The first job's result holds the other slot.
    let crew = Crew::new();
    let other = {
        let (pool, log) = (pool.clone(), log.clone());
        crew.spawn(move || pool.submit(Task::new(&log, 2)))
    };
    crew.begin();
    let mine = pool.submit(Task::new(&log, 3));
    let theirs = other.join().unwrap();
    assert!(mine.is_ok() != theirs.is_ok(), "one slot, and {mine:?}, {theirs:?}");
    assert!(pool.run_one() && !pool.run_one());
    assert_eq!(pool.poll(first), End::Done(0));
    assert_eq!(log.ran(2) + log.ran(3), 1);
}

fn destroy_waits_for_a_submit_that_went_on() {
    // The pool is full, so the submitter runs job 0 inside its submit. Meanwhile another thread destroys the
    // pool.
    let (pool, log) = (Pool::<1>::new(), Log::new());
    let destroyer = Arc::new(Mutex::new(None));
    let (inside, handle) = (pool.clone(), destroyer.clone());
    let task = Task::new(&log, 0).doing(move || {
        let destroys = loom::thread::spawn(move || {
            inside.await_visitors();
            inside.run_one()
        });
        *handle.lock().unwrap() = Some(destroys);
    });
    pool.submit_detached(task).expect("there is room");
    pool.submit_blocking(Task::new(&log, 1)).expect("there is room again");
    let destroyer = destroyer.lock().unwrap().take().expect("job 0 ran");
    assert!(destroyer.join().unwrap(), "the submitter had not handed its job over yet");
    assert_eq!((log.ran(0), log.ran(1)), (1, 1));
}

fn a_discarded_job_is_dropped_once() {
    let (pool, log) = (Pool::<1>::new(), Log::new());
    pool.submit(Task::new(&log, 0)).expect("there is room");
    assert_eq!(pool.discard().untaken(), 1);
    pool.forget_all();
    assert_eq!((log.discarded(0), log.forgotten(0), log.ran(0)), (1, 0, 0));
}

fn a_result_that_nobody_took_is_dropped_with_the_pool() {
    let (pool, log) = (Pool::<1>::new(), Log::new());
    pool.submit(Task::new(&log, 0)).expect("there is room");
    assert_eq!(pool.drain().untaken(), 1);
    assert_eq!((log.ran(0), log.forgotten(0)), (1, 0));
    pool.forget_all();
    assert_eq!(log.forgotten(0), 1);
}

fn one_failure_does_not_end_the_wait_for_all() {
    let (crew, pool, log) = (Crew::new(), Pool::<2>::new(), Log::new());
    // So that the closer leaves the jobs to the runner.
    pool.admit();
    pool.submit(Task::new(&log, 0).failing()).expect("there is room");
    pool.submit_detached(Task::new(&log, 1)).expect("there is room");
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one() && pool.run_one()))
    };
    crew.begin();
    let report = pool.drain();
    assert_eq!((log.ran(0), log.ran(1)), (1, 1));
    assert_eq!((report.untaken(), report.queued() + report.running()), (1, 0));
    runner.join().unwrap();
}

fn a_worker_that_enters_while_the_pool_closes_leaves() {
    let (crew, pool) = (Crew::new(), Pool::<1>::new());
    let enters = {
        let pool = pool.clone();
        crew.spawn(move || {
            pool.admit();
            pool.work();
        })
    };
    crew.begin();
    pool.drain();
    enters.join().unwrap();
    assert_eq!(pool.live(), 0);
}
