//! Jobs whose handle can only cancel them: a cancel races the run and the end, the outcome is dropped once,
//! and the slot comes back once.

use crate::fixtures::{Place, Stage};
use crate::harness::{Model, model};
use jobring_model::JobId;
use jobring_model::model::{End, Task};

pub const MODELS: &[Model] = &[
    model!(unbounded a_job_with_a_canceller_is_run_or_cancelled_and_leaves_no_result),
    model!(unbounded of_two_cancels_of_a_job_that_leaves_no_result_one_succeeds),
    model!(unbounded a_job_that_leaves_no_result_learns_of_its_cancel),
    model!(unbounded nobody_can_take_or_give_up_a_job_that_leaves_no_result),
    model!(unbounded a_job_cancels_itself_before_its_submitter_has_the_handle),
    model!(unbounded what_a_dropped_outcome_did_comes_before_the_next_job),
    model!(unbounded a_cancel_behind_the_end_touches_nothing_of_the_next_job),
    model!(2 a_blocked_submitter_gets_the_slot_of_a_job_that_left_no_result),
    model!(2 a_drain_waits_for_a_job_that_leaves_no_result),
    model!(2 a_job_with_a_canceller_is_cancelled_or_discarded),
];

fn submit<const N: usize>(s: &Stage<N>, task: Task) -> JobId {
    s.pool.submit_cancellable(task).expect("there is room")
}

fn a_job_with_a_canceller_is_run_or_cancelled_and_leaves_no_result() {
    let s = Stage::<1>::attended();
    let job = submit(&s, s.task(0));
    let runner = s.thread(move |s| s.pool.run_one());
    s.begin();
    let cancelled = s.pool.cancel(job);
    let ran = runner.join().unwrap();
    // None: it has ended.
    assert_eq!(cancelled == Some(true), !ran);
    assert_eq!(s.log.discarded(0), usize::from(!ran));
    assert_eq!((s.pool.cancel(job), s.log.forgotten(0)), (None, usize::from(ran)));
    s.assert_over(1);
}

fn of_two_cancels_of_a_job_that_leaves_no_result_one_succeeds() {
    let s = Stage::<1>::attended();
    let job = submit(&s, s.task(0));
    let other = s.thread(move |s| s.pool.cancel(job));
    s.begin();
    let mine = s.pool.cancel(job);
    let theirs = other.join().unwrap();
    assert!((mine == Some(true)) != (theirs == Some(true)), "{mine:?}, {theirs:?}");
    s.assert_over(1);
}

fn a_job_that_leaves_no_result_learns_of_its_cancel() {
    let s = Stage::<1>::attended();
    let (asked, why) = (s.pool.clone(), Place::new());
    let reason = why.clone();
    let task = s.task(0).doing(move || {
        if asked.cancel_requested() == Some(true) {
            assert!(reason.written());
        }
    });
    let job = submit(&s, task);
    let runner = s.thread(move |s| s.pool.run_one());
    s.begin();
    why.write();
    let cancelled = s.pool.cancel(job);
    assert_eq!(runner.join().unwrap(), cancelled != Some(true));
    s.assert_over(1);
}

fn nobody_can_take_or_give_up_a_job_that_leaves_no_result() {
    let s = Stage::<1>::attended();
    let job = submit(&s, s.task(0));
    let runner = s.runner();
    s.begin();
    assert_eq!((s.pool.poll(job), s.pool.wait(job), s.pool.detach(job)), (End::Stale, End::Stale, false));
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_job_cancels_itself_before_its_submitter_has_the_handle() {
    let s = Stage::<1>::attended();
    let (inside, job) = (s.pool.clone(), s.pool.guess(0, 0));
    let task = s.task(0).doing(move || {
        assert_eq!(inside.cancel(job), Some(false));
        assert_eq!(inside.cancel_requested(), Some(true));
    });
    let runner = s.thread(|s| s.pool.run_one());
    s.begin();
    assert_eq!(submit(&s, task), job);
    runner.join().unwrap();
    s.assert_over(1);
}

fn what_a_dropped_outcome_did_comes_before_the_next_job() {
    // The canceller touches the body. The popper of its tombstone gives the slot back, and fills it again.
    let s = Stage::<1>::attended();
    let job = submit(&s, s.task(0));
    let popper = s.thread(move |s| {
        let _ = s.pool.run_one();
        s.pool.submit_cancellable(s.task(1)).is_ok()
    });
    s.begin();
    let cancelled = s.pool.cancel(job) == Some(true);
    let jobs = if popper.join().unwrap() { 2 } else { 1 };
    assert_eq!(s.log.discarded(0), usize::from(cancelled));
    s.assert_over(jobs);
}

fn a_cancel_behind_the_end_touches_nothing_of_the_next_job() {
    let s = Stage::<1>::attended();
    let old = submit(&s, s.task(0));
    let canceller = s.thread(move |s| s.pool.cancel(old));
    s.begin();
    let ran = s.pool.run_one();
    let Ok(next) = s.pool.submit_cancellable(s.task(1)) else {
        // The canceller still drops job 0.
        assert!(!ran && canceller.join().unwrap() == Some(true));
        return s.assert_over(1);
    };
    assert_ne!(old, next);
    assert!(s.pool.run_one());
    assert_eq!(s.log.ran(1), 1);
    assert_eq!(canceller.join().unwrap() == Some(true), !ran);
    s.assert_over(2);
}

fn a_blocked_submitter_gets_the_slot_of_a_job_that_left_no_result() {
    let s = Stage::<1>::attended();
    let job = submit(&s, s.task(0));
    let submitter = s.thread(|s| s.pool.submit_blocking(s.task(1)).is_ok());
    let runner = s.thread(|s| s.pool.run_one());
    s.begin();
    let _ = s.pool.cancel(job);
    assert!(submitter.join().unwrap());
    let _ = runner.join().unwrap();
    s.assert_over(2);
}

fn a_drain_waits_for_a_job_that_leaves_no_result() {
    let s = Stage::<1>::attended();
    let place = Place::new();
    let written = place.clone();
    let job = submit(&s, s.task(0).with_callback(move |_| written.write()));
    let canceller = s.thread(move |s| drop(s.pool.cancel(job)));
    let runner = s.thread(|s| {
        s.pool.run_one();
        s.pool.leave();
    });
    s.begin();
    assert_eq!(s.pool.drain().untaken(), 0);
    assert!(place.written());
    canceller.join().unwrap();
    runner.join().unwrap();
    s.assert_ended(1);
}

fn a_job_with_a_canceller_is_cancelled_or_discarded() {
    let s = Stage::<1>::new();
    let job = submit(&s, s.task(0));
    let canceller = s.thread(move |s| s.pool.cancel(job) == Some(true));
    s.begin();
    let _ = s.pool.discard();
    let cancelled = canceller.join().unwrap();
    assert_eq!((s.log.discarded(0), s.log.shut_down(0)), (1, usize::from(!cancelled)));
    s.assert_ended(1);
}
