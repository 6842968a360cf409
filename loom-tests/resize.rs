//! Workers come and go: a worker that is asked leaves, nobody sleeps past the request, and no job is lost.

use crate::fixtures::Stage;
use crate::harness::{Crew, Model, model};
use jobring_model::model::{Clock, End, Workers};
use loom::thread::JoinHandle;
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(3 a_worker_that_is_asked_leaves),
    model!(1 two_workers_that_are_asked_leave),
    model!(2 a_second_request_is_met),
    model!(1 a_job_beside_a_request_is_run_by_who_stays),
    model!(1 a_paused_worker_that_is_asked_leaves),
    model!(2 a_larger_number_keeps_a_worker_or_gets_another),
    model!(1 a_request_beside_a_close_keeps_nobody),
    model!(1 a_waiter_runs_its_job_when_the_last_worker_has_left),
    model!(2 a_worker_that_leaves_leaves_its_job_s_result),
];

/// The position of a push that does not reset the searchers.
const PLAIN: usize = 1;

/// Workers of the pool's own.
fn own<const N: usize, const W: usize>(s: &Stage<N>) -> [JoinHandle<()>; W] {
    s.pool.want(W);
    [(); W].map(|()| {
        assert!(s.pool.add_own());
        s.thread(|s| s.pool.work_as_own())
    })
}

fn a_worker_that_is_asked_leaves() {
    let s = Stage::<1>::new();
    let [worker] = own(&s);
    s.begin();
    s.pool.want(0);
    s.pool.await_leavers();
    assert_eq!(s.pool.own(), 0);
    worker.join().unwrap();
    assert_eq!(s.pool.live(), 0);
}

fn two_workers_that_are_asked_leave() {
    let s = Stage::<1>::new().ungated();
    let both: [_; 2] = own(&s);
    s.begin();
    s.pool.want(0);
    s.pool.await_leavers();
    both.into_iter().for_each(|worker| worker.join().unwrap());
    assert_eq!(s.pool.live(), 0);
}

/// It may come while a worker clears the first.
fn a_second_request_is_met() {
    let s = Stage::<1>::new();
    let [worker] = own(&s);
    s.begin();
    // Nobody is too many for long.
    s.pool.want(0);
    s.pool.want(1);
    s.pool.want(0);
    s.pool.await_leavers();
    worker.join().unwrap();
    assert_eq!((s.pool.own(), s.pool.live()), (0, 0));
}

fn a_job_beside_a_request_is_run_by_who_stays() {
    let (crew, pool) = (Crew::ungated(), Arc::new(Workers::new()));
    pool.add_own();
    let (leaves, stays) = (pool.clone(), pool.clone());
    let leaves = crew.spawn(move || leaves.work_until_asked());
    let stays = crew.spawn(move || stays.work(1));
    crew.begin();
    pool.give(PLAIN);
    pool.ask();
    if leaves.join().unwrap() == 1 {
        pool.give(PLAIN);
    }
    assert_eq!(stays.join().unwrap(), 1);
    assert!(pool.settled());
}

fn a_paused_worker_that_is_asked_leaves() {
    let s = Stage::<1>::new();
    s.pool.pause();
    let [worker] = own(&s);
    s.begin();
    s.submit_detached(0);
    s.pool.want(0);
    s.pool.await_leavers();
    worker.join().unwrap();
    assert!(s.pool.run_one());
    s.assert_over(1);
}

fn a_larger_number_keeps_a_worker_or_gets_another() {
    let s = Stage::<1>::new();
    let [worker] = own(&s);
    s.begin();
    s.pool.want(0);
    s.pool.want(1);
    if s.pool.add_own() {
        worker.join().unwrap();
        s.submit_detached(0);
        // The other one, which this thread is.
        s.pool.close().expect_err("a job is queued");
        s.pool.work_as_own();
    } else {
        let job = s.submit(0);
        assert_eq!(s.pool.wait(job), End::Done(0));
        s.pool.drain();
        worker.join().unwrap();
    }
    s.assert_ended(1);
}

fn a_request_beside_a_close_keeps_nobody() {
    let s = Stage::<1>::new();
    let [worker] = own(&s);
    s.submit_detached(0);
    let closer = s.thread(|s| _ = s.pool.drain());
    s.begin();
    s.pool.want(0);
    closer.join().unwrap();
    worker.join().unwrap();
    assert_eq!(s.pool.live(), 0);
    s.assert_ended(1);
}

/// Its patience may end at any moment.
fn a_waiter_runs_its_job_when_the_last_worker_has_left() {
    let s = Stage::<1>::with_clock(Clock::Hasty);
    let [worker] = own(&s);
    s.begin();
    let job = s.submit(0);
    s.pool.want(0);
    assert_eq!(s.pool.wait(job), End::Done(0));
    worker.join().unwrap();
    s.assert_over(1);
}

fn a_worker_that_leaves_leaves_its_job_s_result() {
    let s = Stage::<1>::new();
    let job = s.submit(0);
    let [worker] = own(&s);
    s.begin();
    s.pool.want(0);
    s.pool.await_leavers();
    worker.join().unwrap();
    // Either the worker ran it, or this thread does.
    assert_eq!(s.pool.wait(job), End::Done(0));
    s.assert_over(1);
}
