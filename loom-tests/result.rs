//! A job's result reaches exactly one of the threads that ask for it, complete; the others get an error.

use crate::fixtures::{Stage, assert_taken_once, writer};
use crate::harness::{Model, model};
use jobring_model::model::End;

pub const MODELS: &[Model] = &[
    model!(unbounded a_result_reaches_the_waiter),
    model!(unbounded a_result_reaches_the_poller),
    model!(unbounded a_waiter_sees_what_the_job_wrote),
    model!(unbounded a_thread_that_sees_a_job_finished_sees_what_it_did),
    model!(unbounded a_runner_sees_the_whole_job),
    model!(2 of_two_waiters_one_takes_and_both_return),
    model!(unbounded a_result_left_where_it_is_can_be_detached),
    model!(unbounded a_result_is_taken_or_given_up_not_both),
    model!(unbounded a_failure_is_delivered_or_given_up_not_both),
    model!(unbounded of_two_pollers_one_takes),
];

fn a_result_reaches_the_waiter() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let runner = s.runner();
    s.begin();
    assert_eq!(s.pool.wait(job), End::Done(0));
    assert_eq!(s.pool.wait(job), End::Stale);
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_result_reaches_the_poller() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let runner = s.runner();
    s.begin();
    let mut end = s.pool.poll(job);
    if end == End::Pending {
        runner.join().unwrap();
        end = s.pool.poll(job);
    }
    assert_eq!(end, End::Done(0));
}

fn a_waiter_sees_what_the_job_wrote() {
    let s = Stage::<1>::attended();
    let (task, place) = writer(&s.log, 0);
    let job = s.pool.submit(task).expect("there is room");
    let runner = s.runner();
    s.begin();
    assert_eq!(s.pool.wait(job), End::Done(0));
    assert!(place.written());
    runner.join().unwrap();
}

fn a_thread_that_sees_a_job_finished_sees_what_it_did() {
    let s = Stage::<1>::attended();
    let (task, place) = writer(&s.log, 0);
    let job = s.pool.submit(task).expect("there is room");
    let runner = s.runner();
    s.begin();
    if s.pool.is_finished(job) {
        assert!(place.written());
    }
    runner.join().unwrap();
    assert!(s.pool.is_finished(job));
}

fn a_runner_sees_the_whole_job() {
    let s = Stage::<1>::attended();
    let submitter = s.thread(move |s| drop(s.submit_detached(0)));
    s.begin();
    let _ = s.pool.run_one();
    submitter.join().unwrap();
    s.assert_over(1);
}

fn of_two_waiters_one_takes_and_both_return() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let waiter = s.thread(move |s| s.pool.wait(job));
    let runner = s.runner();
    s.begin();
    let ends = [s.pool.wait(job), waiter.join().unwrap()];
    runner.join().unwrap();
    assert_taken_once(ends, 0);
    s.assert_over(1);
}

fn a_result_left_where_it_is_can_be_detached() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let looker = s.thread(move |s| s.pool.wait_leaving(job));
    s.begin();
    assert!(s.pool.detach(job));
    let end = looker.join().unwrap();
    assert!(end == End::Done(0) || end == End::Stale, "{end:?}");
    s.assert_over(1);
}

fn a_result_is_taken_or_given_up_not_both() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let other = s.thread(move |s| s.pool.detach(job));
    s.begin();
    let taken = s.pool.poll(job) == End::Done(0);
    assert_ne!(taken, other.join().unwrap());
    s.assert_over(1);
}

fn a_failure_is_delivered_or_given_up_not_both() {
    let s = Stage::<1>::attended();
    let job = s.pool.submit(s.task(0).failing()).expect("there is room");
    assert!(s.pool.run_one());
    let other = s.thread(move |s| s.pool.detach(job));
    s.begin();
    let delivered = s.pool.wait_seeing(job) == End::Failed(0);
    assert_ne!(delivered, other.join().unwrap());
    assert_eq!(s.pool.free_slots(), 1);
}

fn of_two_pollers_one_takes() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let other = s.thread(move |s| s.pool.poll(job));
    s.begin();
    let ends = [s.pool.poll(job), other.join().unwrap()];
    assert_eq!(ends.iter().filter(|end| **end == End::Done(0)).count(), 1, "{ends:?}");
    // Pending while the other takes it.
    assert!(ends.contains(&End::Stale) || ends.contains(&End::Pending), "{ends:?}");
    s.assert_over(1);
}
