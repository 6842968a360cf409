//! A peek at a finished job leaves the job as it is, and a thread that waits meanwhile is woken.

use crate::fixtures::Stage;
use crate::harness::{Crew, Model, model};
use jobring_model::JobId;
use jobring_model::model::{End, Over};
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(unbounded two_peeks_at_a_failure_both_return),
    model!(unbounded a_failure_is_taken_while_another_peeks),
    model!(unbounded a_result_is_left_by_one_and_taken_by_the_other),
    model!(unbounded two_peeks_come_one_after_the_other),
    model!(unbounded a_peek_ends_before_its_slot_is_used_again),
    model!(unbounded a_closer_that_meets_a_peek_returns),
    model!(3 a_job_that_was_stale_is_stale_for_a_cancel_too),
];

/// A job that failed and that nobody has taken.
fn failed(s: &Stage<1>) -> JobId {
    let job = s.pool.submit(s.task(0).failing()).expect("there is room");
    assert!(s.pool.run_one());
    job
}

fn two_peeks_at_a_failure_both_return() {
    let s = Stage::<1>::attended();
    let job = failed(&s);
    let other = s.thread(move |s| s.pool.peek(job));
    s.begin();
    let mine = s.pool.peek(job);
    let theirs = other.join().unwrap();
    for end in [mine, theirs] {
        assert!(end == End::Failed(0) || end == End::Pending, "{end:?}");
    }
    assert!(mine == End::Failed(0) || theirs == End::Failed(0));
    assert_eq!(s.pool.wait(job), End::Failed(0));
    assert_eq!(s.pool.peek(job), End::Stale);
    assert_eq!(s.pool.free_slots(), 1);
}

fn a_failure_is_taken_while_another_peeks() {
    let s = Stage::<1>::attended();
    let job = failed(&s);
    let other = s.thread(move |s| s.pool.peek(job));
    s.begin();
    // The other looks at it, or has put it back: the waiter sleeps, or takes it.
    assert_eq!(s.pool.wait(job), End::Failed(0));
    let seen = other.join().unwrap();
    assert!(matches!(seen, End::Failed(0) | End::Pending | End::Stale), "{seen:?}");
    assert_eq!(s.pool.free_slots(), 1);
}

fn a_result_is_left_by_one_and_taken_by_the_other() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let other = s.thread(move |s| s.pool.wait_leaving(job));
    s.begin();
    assert_eq!(s.pool.wait(job), End::Done(0));
    let seen = other.join().unwrap();
    assert!(seen == End::Done(0) || seen == End::Stale, "{seen:?}");
    s.assert_over(1);
}

/// On the slot alone: in a pool a fence nearby would hide the missing ordering.
fn on_a_slot(mine: fn(&Over), theirs: fn(&Over)) {
    let (crew, slot) = (Crew::new(), Arc::new(Over::new()));
    let shared = slot.clone();
    let other = crew.spawn(move || theirs(&shared));
    crew.begin();
    mine(&slot);
    other.join().unwrap();
}

fn two_peeks_come_one_after_the_other() {
    on_a_slot(|slot| drop(slot.peek()), |slot| drop(slot.peek()));
}

fn a_peek_ends_before_its_slot_is_used_again() {
    on_a_slot(|slot| drop(slot.take_and_reuse()), |slot| drop(slot.peek()));
}

fn a_closer_that_meets_a_peek_returns() {
    let s = Stage::<1>::attended();
    let job = failed(&s);
    let other = s.thread(move |s| s.pool.peek(job));
    s.begin();
    // While the other looks, the closer cannot tell the job from one that is taken.
    let report = s.pool.drain();
    assert_eq!((report.untaken() + report.submitting(), report.running()), (1, 0));
    assert_eq!(other.join().unwrap(), End::Failed(0));
    assert_eq!(s.pool.wait(job), End::Failed(0));
}

/// A taker looks first, so another thread begins to wait before the handle is given up.
fn a_job_that_was_stale_is_stale_for_a_cancel_too() {
    let s = Stage::<1>::attended();
    let job = failed(&s);
    let taker = s.thread(move |s| s.pool.look_and_take(job));
    let waiter = s.thread(move |s| s.pool.wait(job));
    s.begin();
    let seen = s.pool.poll(job);
    if seen == End::Stale {
        assert_eq!(s.pool.cancel(job), None);
    }
    let ends = [seen, taker.join().unwrap(), waiter.join().unwrap()];
    assert_eq!(ends.iter().filter(|end| **end == End::Failed(0)).count(), 1);
    assert_eq!(s.pool.free_slots(), 1);
}
