//! A call with a timeout returns when the time has passed, and leaves everything as if it had not been made.
//! A thread that sleeps too long does the work of a stopped one. Time is the model's.

use crate::fixtures::Stage;
use crate::harness::{Model, model};
use jobring_model::model::{Clock, End, No};
use loom::thread::JoinHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(3 a_wait_with_a_timeout_ends),
    model!(2 a_result_comes_in_time_or_can_be_taken_later),
    model!(2 a_waiter_that_timed_out_takes_no_wake_up_from_another),
    model!(3 a_submit_with_a_timeout_ends),
    model!(1 a_submitter_that_timed_out_takes_no_slot_from_another),
    model!(3 a_drain_with_a_timeout_ends_and_can_be_tried_again),
    model!(2 a_drain_with_a_timeout_and_a_runner_lose_nothing),
    model!(2 a_waiter_wakes_for_a_stopped_submitter),
    model!(1 a_blocked_submitter_wakes_for_a_stopped_one),
];

const TIME: u64 = 10;

/// A pool whose clock the model moves, with a worker that never works.
fn stage<const N: usize>() -> Stage<N> {
    let s = Stage::with_clock(Clock::Manual);
    s.pool.admit();
    s
}

/// A thread that lets time pass until the model has finished.
fn clock<const N: usize>(s: &Stage<N>) -> (JoinHandle<()>, Arc<AtomicBool>) {
    let over = Arc::new(AtomicBool::new(false));
    let seen = over.clone();
    let clock = s.thread(move |s| {
        while !seen.load(Relaxed) {
            s.pool.pass(TIME);
            loom::thread::yield_now();
        }
    });
    (clock, over)
}

fn a_wait_with_a_timeout_ends() {
    let s = stage::<1>();
    let job = s.submit(0);
    let (clock, over) = clock(&s);
    s.begin();
    assert_eq!(s.pool.wait_within(job, TIME), End::Pending);
    over.store(true, Relaxed);
    clock.join().unwrap();
    assert!(s.pool.run_one());
    assert_eq!(s.pool.poll(job), End::Done(0));
    s.assert_over(1);
}

fn a_result_comes_in_time_or_can_be_taken_later() {
    let s = stage::<1>();
    let job = s.submit(0);
    let runner = s.runner();
    let time = s.thread(|s| s.pool.pass(TIME));
    s.begin();
    let end = s.pool.wait_within(job, TIME);
    time.join().unwrap();
    runner.join().unwrap();
    let later = s.pool.poll(job);
    assert!(
        [(End::Done(0), End::Stale), (End::Pending, End::Done(0))].contains(&(end, later)),
        "{end:?} {later:?}"
    );
    s.assert_over(1);
}

fn a_waiter_that_timed_out_takes_no_wake_up_from_another() {
    let s = stage::<1>();
    let job = s.submit(0);
    let runner = s.runner();
    let hasty = s.thread(move |s| {
        s.pool.pass(TIME);
        s.pool.wait_within(job, TIME)
    });
    s.begin();
    // Sleeps without a timeout, except for its patience, which does not end here.
    let end = s.pool.wait(job);
    s.pool.pass(TIME);
    runner.join().unwrap();
    let other = hasty.join().unwrap();
    assert!(end == End::Done(0) && other != End::Done(0) || end == End::Stale && other == End::Done(0));
    s.assert_over(1);
}

fn a_submit_with_a_timeout_ends() {
    let s = stage::<1>();
    s.submit_detached(0);
    let (clock, over) = clock(&s);
    s.begin();
    assert_eq!(s.pool.submit_within(s.task(1), TIME), Err(No::TimedOut));
    over.store(true, Relaxed);
    clock.join().unwrap();
    assert_eq!(s.log.ended(1), 0);
    assert!(s.pool.run_one());
    s.submit_detached(1);
    s.assert_over(2);
}

fn a_submitter_that_timed_out_takes_no_slot_from_another() {
    let s = stage::<1>().ungated();
    s.submit_detached(0);
    let patient = s.thread(|s| drop(s.pool.submit_blocking(s.task(1)).expect("a slot is given back")));
    let runner = s.thread(|s| {
        while s.log.ran(0) + s.log.ran(1) < 2 {
            s.pool.run_one();
            s.pool.pass(TIME);
            loom::thread::yield_now();
        }
    });
    s.begin();
    let mine = s.pool.submit_within(s.task(2), TIME);
    assert!(mine.is_ok() || mine == Err(No::TimedOut), "{mine:?}");
    patient.join().unwrap();
    runner.join().unwrap();
    while s.pool.run_one() {}
    assert_eq!(s.log.ran(2), usize::from(mine.is_ok()));
    assert_eq!(s.pool.free_slots(), 1);
}

fn a_drain_with_a_timeout_ends_and_can_be_tried_again() {
    let s = stage::<1>();
    s.submit_detached(0);
    let (clock, over) = clock(&s);
    s.begin();
    let left = s.pool.drain_within(TIME).expect_err("nobody runs the job");
    assert_eq!((left.queued(), left.running()), (1, 0));
    over.store(true, Relaxed);
    clock.join().unwrap();
    assert_eq!(s.pool.submit(s.task(1)), Err(No::Shutdown));
    assert!(s.pool.run_one());
    assert_eq!(s.pool.drain().queued(), 0);
    s.assert_ended(1);
}

fn a_drain_with_a_timeout_and_a_runner_lose_nothing() {
    let s = stage::<1>();
    s.submit_detached(0);
    let runner = s.runner();
    let time = s.thread(|s| s.pool.pass(TIME));
    s.begin();
    match s.pool.drain_within(TIME) {
        Ok(report) => assert_eq!((report.queued() + report.running(), s.log.ended(0)), (0, 1)),
        Err(left) => assert!(left.queued() + left.running() <= 1),
    }
    time.join().unwrap();
    runner.join().unwrap();
    assert_eq!(s.pool.drain().running(), 0);
    s.assert_ended(1);
}

fn a_waiter_wakes_for_a_stopped_submitter() {
    let s = Stage::<1>::with_clock(Clock::Hasty);
    let worker = s.worker();
    s.begin();
    let job = s.pool.submit_and_freeze(s.task(0)).expect("there is room");
    assert_eq!(s.pool.wait(job), End::Done(0));
    s.pool.drain();
    worker.join().unwrap();
}

fn a_blocked_submitter_wakes_for_a_stopped_one() {
    let s = Stage::<1>::with_clock(Clock::Hasty).ungated();
    let worker = s.worker();
    s.begin();
    let job = s.pool.submit_and_freeze(s.task(0)).expect("there is room");
    assert!(s.pool.detach(job));
    s.pool.submit_blocking(s.task(1)).expect("the slot comes back");
    s.pool.drain();
    worker.join().unwrap();
    s.assert_ended(2);
}
