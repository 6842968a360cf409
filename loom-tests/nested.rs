//! A job that waits for a queued job runs that job itself, or sleeps. A job that waits for itself gets an
//! error.

use crate::fixtures::Stage;
use crate::harness::{Model, model};
use jobring_model::JobId;
use jobring_model::model::{Clock, End};

pub const MODELS: &[Model] = &[
    model!(unbounded a_waiting_job_runs_the_queued_job_itself),
    model!(2 a_waiting_job_and_a_popper_run_the_job_once),
    model!(unbounded a_job_that_waits_for_itself_is_refused),
    model!(unbounded a_waiting_job_and_a_canceller_end_the_job_once),
    model!(2 a_waiting_job_without_stack_leaves_the_other_to_a_worker),
    model!(unbounded a_waiting_job_that_no_thread_can_help_is_refused),
    model!(2 a_waiting_job_without_stack_is_patient_while_another_runs),
];

fn submit_waiting(s: &Stage<2>) -> [JobId; 2] {
    let (waiting, inner) = (s.pool.clone(), s.pool.guess(0, 1));
    let task = s.task(0).doing(move || {
        let end = waiting.wait(inner);
        assert!(end == End::Done(1) || end == End::Stale, "{end:?}");
    });
    let outer = s.pool.submit(task).expect("there is room");
    assert_eq!(s.submit(1), inner);
    [outer, inner]
}

fn a_waiting_job_runs_the_queued_job_itself() {
    let s = Stage::<2>::attended();
    let [outer, inner] = submit_waiting(&s);
    let other = s.thread(move |s| s.pool.poll(inner));
    s.begin();
    assert!(s.pool.run_one());
    let end = other.join().unwrap();
    assert!(end == End::Done(1) || end == End::Pending || end == End::Stale, "{end:?}");
    assert_eq!(s.pool.poll(outer), End::Done(0));
    s.assert_over(2);
}

fn a_waiting_job_and_a_popper_run_the_job_once() {
    let s = Stage::<2>::attended();
    let [outer, _] = submit_waiting(&s);
    let other = s.thread(move |s| s.pool.run_one());
    s.begin();
    let _ = s.pool.run_one();
    let _ = other.join().unwrap();
    assert_eq!(s.pool.poll(outer), End::Done(0));
    s.assert_over(2);
}

fn a_job_that_waits_for_itself_is_refused() {
    let s = Stage::<1>::attended();
    let (pool, itself) = (s.pool.clone(), s.pool.guess(0, 0));
    let task = s.task(0).doing(move || assert_eq!(pool.wait(itself), End::Deadlock));
    assert_eq!(s.pool.submit(task).expect("there is room"), itself);
    let other = s.thread(move |s| s.pool.cancel(itself) == Some(true));
    s.begin();
    let ran = s.pool.run_one();
    assert!(ran != other.join().unwrap());
    assert_eq!(s.pool.poll(itself), if ran { End::Done(0) } else { End::Cancelled });
    s.assert_over(1);
}

fn a_waiting_job_and_a_canceller_end_the_job_once() {
    let s = Stage::<2>::attended();
    let waiting = s.pool.clone();
    let inner = s.pool.guess(0, 1);
    let task = s.task(0).doing(move || {
        let end = waiting.wait(inner);
        assert!(end == End::Done(1) || end == End::Cancelled, "{end:?}");
    });
    let outer = s.pool.submit(task).expect("there is room");
    assert_eq!(s.submit(1), inner);
    let canceller = s.thread(move |s| s.pool.cancel(inner));
    s.begin();
    assert!(s.pool.run_one());
    let cancelled = canceller.join().unwrap();
    assert_eq!(s.log.discarded(1), usize::from(cancelled == Some(true)));
    assert_eq!(s.pool.poll(outer), End::Done(0));
    s.assert_over(2);
}

/// Job 0 waits for job 1, and no worker has stack for a job inside a job.
fn without_stack(s: Stage<2>, workers: usize, expected: End) {
    (0..workers).for_each(|_| s.pool.admit());
    let waiting = s.pool.clone();
    let inner = s.pool.guess(0, 1);
    let task = s.task(0).doing(move || {
        let end = waiting.wait(inner);
        assert_eq!(end, expected);
    });
    let outer = s.pool.submit(task).expect("there is room");
    assert_eq!(s.submit(1), inner);
    let run_one = |s: &Stage<2>| s.pool.as_worker_without_stack(|| assert!(s.pool.run_one()));
    let other = s.thread(move |s| if workers > 1 { run_one(s) } else { drop(s.pool.poll(inner)) });
    s.begin();
    run_one(&s);
    other.join().unwrap();
    assert_eq!(s.pool.poll(outer), End::Done(0));
    while s.pool.run_one() {}
    let _ = s.pool.detach(inner);
    s.assert_over(2);
}

fn a_waiting_job_without_stack_leaves_the_other_to_a_worker() {
    without_stack(Stage::new(), 2, End::Done(1));
}

fn a_waiting_job_that_no_thread_can_help_is_refused() {
    without_stack(Stage::new(), 1, End::Stack);
}

fn a_waiting_job_without_stack_is_patient_while_another_runs() {
    without_stack(Stage::with_clock(Clock::Hasty), 2, End::Done(1));
}
