//! A slot returns to the free ring exactly once, whichever threads end its use, and nothing of its last job
//! is left in it.

use crate::fixtures::Stage;
use crate::harness::{Model, model};
use jobring_model::model::{End, Pool};

pub const MODELS: &[Model] = &[
    model!(unbounded a_detached_result_is_dropped_once),
    model!(unbounded a_handle_is_given_up_once),
    model!(unbounded a_waiter_learns_of_a_detach),
    model!(unbounded a_cancelled_job_is_detached_once),
    model!(unbounded taker_and_popper_give_the_slot_back_once),
    model!(unbounded what_a_taker_did_comes_before_the_next_job),
    model!(2 reaper_and_popper_give_the_slot_back_once),
    model!(2 runner_detacher_and_popper_give_the_slot_back_once),
    model!(2 two_tombstones_free_two_slots),
    model!(unbounded generations_wrap_around),
];

fn a_detached_result_is_dropped_once() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let runner = s.runner();
    s.begin();
    assert!(s.pool.detach(job));
    assert_eq!(s.pool.wait(job), End::Stale);
    runner.join().unwrap();
    assert_eq!(s.log.forgotten(0), 1);
    s.assert_over(1);
}

fn a_handle_is_given_up_once() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let other = s.thread(move |s| {
        let detached = s.pool.detach(job);
        let _ = s.pool.run_one();
        detached
    });
    s.begin();
    let mine = s.pool.detach(job);
    assert!(mine != other.join().unwrap());
    s.assert_over(1);
}

fn a_waiter_learns_of_a_detach() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let other = s.thread(move |s| s.pool.detach(job));
    s.begin();
    assert_eq!(s.pool.wait(job), End::Stale);
    assert!(other.join().unwrap());
    s.assert_over(1);
}

fn a_cancelled_job_is_detached_once() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let canceller = s.thread(move |s| s.pool.cancel(job));
    s.begin();
    assert!(s.pool.detach(job));
    let _ = canceller.join().unwrap();
    s.assert_over(1);
}

fn taker_and_popper_give_the_slot_back_once() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let popper = s.thread(move |s| s.pool.run_one());
    s.begin();
    if s.pool.cancel(job) == Some(true) {
        assert_eq!(s.pool.poll(job), End::Cancelled);
        // The popper or this thread reaps the tombstone, so by now the slot is free.
        assert!(!popper.join().unwrap());
        let next = s.submit(1);
        assert!(s.pool.run_one());
        assert_eq!(s.pool.wait(next), End::Done(1));
        s.assert_over(2);
    } else {
        assert!(popper.join().unwrap());
        assert_eq!(s.pool.wait(job), End::Done(0));
        s.assert_over(1);
    }
}

fn what_a_taker_did_comes_before_the_next_job() {
    // A canceller touches the body. The popper of its tombstone gives the slot back, and fills it again.
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let popper = s.thread(move |s| {
        let _ = s.pool.run_one();
        s.pool.submit_detached(s.task(1)).is_ok()
    });
    s.begin();
    let cancelled = s.pool.cancel(job) == Some(true);
    assert!(s.pool.detach(job));
    let jobs = if popper.join().unwrap() { 2 } else { 1 };
    assert_eq!(s.log.discarded(0), usize::from(cancelled));
    s.assert_over(jobs);
}

fn reaper_and_popper_give_the_slot_back_once() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    assert_eq!(s.pool.cancel(job), Some(true));
    let popper = s.thread(move |s| s.pool.run_one());
    let submitter = s.thread(move |s| s.pool.submit_blocking(s.task(1)));
    s.begin();
    assert_eq!(s.pool.wait(job), End::Cancelled);
    submitter.join().unwrap().expect("a slot was given back");
    let _ = popper.join().unwrap();
    s.assert_over(2);
}

fn runner_detacher_and_popper_give_the_slot_back_once() {
    // The canceller touches the body and finds the handle given up. The popper fills the slot again.
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let popper = s.thread(move |s| {
        let _ = s.pool.run_one();
        s.pool.submit_detached(s.task(1)).is_ok()
    });
    let detacher = s.thread(move |s| assert!(s.pool.detach(job)));
    s.begin();
    let _ = s.pool.cancel(job);
    detacher.join().unwrap();
    let jobs = if popper.join().unwrap() { 2 } else { 1 };
    s.assert_over(jobs);
}

fn two_tombstones_free_two_slots() {
    let s = Stage::<2>::attended();
    let jobs = [0, 1].map(|n| s.submit(n));
    for job in jobs {
        assert_eq!(s.pool.cancel(job), Some(true));
    }
    let takers = jobs.map(|job| s.thread(move |s| assert_eq!(s.pool.poll(job), End::Cancelled)));
    s.begin();
    for n in [2, 3] {
        s.pool.submit_blocking(s.task(n)).expect("two slots are given back");
    }
    for taker in takers {
        taker.join().unwrap();
    }
    s.assert_over(4);
}

fn generations_wrap_around() {
    let last = (1usize << 36) - 1;
    let s = Stage::attended_on(Pool::<1>::starting_at(last));
    let old = s.submit(0);
    assert_eq!(old, s.pool.guess(last, 0));
    let runner = s.runner();
    s.begin();
    assert_eq!(s.pool.wait(old), End::Done(0));
    runner.join().unwrap();
    let new = s.submit(1);
    assert_eq!(new, s.pool.guess(0, 0));
    assert_eq!(s.pool.cancel(old), None);
    assert!(s.pool.run_one());
    assert_eq!(s.pool.wait(new), End::Done(1));
    s.assert_over(2);
}
