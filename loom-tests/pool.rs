//! Submitters, workers and waiters together, each as few as possible.

use crate::fixtures::Stage;
use crate::harness::{Model, model};
use jobring_model::model::End;

pub const MODELS: &[Model] = &[
    model!(2 a_submitted_job_is_run_and_waited_for),
    model!(2 two_jobs_of_one_submitter_are_run),
    model!(2 a_waiter_without_workers_runs_the_job),
    model!(2 no_job_counts_as_finished_too_early),
    model!(2 a_job_that_goes_its_way_is_counted_at_most_once),
];

fn a_submitted_job_is_run_and_waited_for() {
    let s = Stage::<1>::new();
    let worker = s.worker();
    s.begin();
    let job = s.submit(0);
    assert_eq!(s.pool.wait(job), End::Done(0));
    s.pool.drain();
    worker.join().unwrap();
    assert_eq!((s.log.ran(0), s.log.taken(0)), (1, 1));
}

fn two_jobs_of_one_submitter_are_run() {
    let s = Stage::<2>::new();
    let worker = s.worker();
    s.begin();
    for n in 0..2 {
        s.submit_detached(n);
    }
    s.pool.drain();
    worker.join().unwrap();
    assert_eq!((s.log.ran(0), s.log.ran(1)), (1, 1));
}

fn a_waiter_without_workers_runs_the_job() {
    let s = Stage::<2>::new();
    let jobs = [0, 1].map(|n| s.submit(n));
    let other = s.thread(move |s| assert_eq!(s.pool.wait(jobs[1]), End::Done(1)));
    s.begin();
    assert_eq!(s.pool.wait(jobs[0]), End::Done(0));
    other.join().unwrap();
    assert_eq!(s.pool.free_slots(), 2);
}

/// Two jobs, which nobody runs, are accepted while another thread counts: one by its entry, both by the tail.
fn no_job_counts_as_finished_too_early() {
    let s = Stage::<4>::attended();
    let other = s.thread(|s| {
        let [completed, queued, running, untaken] = s.pool.counts();
        assert!(completed == 0 && queued <= 2 && running == 0 && untaken == 0);
    });
    s.begin();
    (0..2).for_each(|n| drop(s.submit_detached(n)));
    other.join().unwrap();
    assert_eq!(s.pool.counts(), [0, 2, 0, 0]);
    s.assert_over(2);
}

fn a_job_that_goes_its_way_is_counted_at_most_once() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let runner = s.runner();
    let counter = s.thread(|s| {
        let [completed, queued, running, untaken] = s.pool.counts();
        assert!(completed + queued + running <= 1 && queued + running + untaken <= 1 && untaken <= completed);
    });
    s.begin();
    assert_eq!(s.pool.wait(job), End::Done(0));
    runner.join().unwrap();
    counter.join().unwrap();
    assert_eq!(s.pool.counts(), [1, 0, 0, 0]);
    s.assert_over(1);
}
