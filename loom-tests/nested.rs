//! A job that waits for another runs that very job, or sleeps; one that waits for itself is told.

use crate::fixtures::Stage;
use crate::harness::{Model, model};
use jobring_model::Job;
use jobring_model::model::End;

pub const MODELS: &[Model] = &[
    model!(unbounded a_waiting_job_runs_the_queued_job_itself),
    model!(2 a_waiting_job_and_a_popper_run_the_job_once),
];

fn submit_waiting(s: &Stage<2>) -> [Job; 2] {
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
