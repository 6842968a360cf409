//! A cancel races the thread that runs the job: the job is either run or dropped, once, and every caller
//! learns which.

use crate::fixtures::{Place, Stage};
use crate::harness::{Model, model};
use jobring_model::model::End;

pub const MODELS: &[Model] = &[
    model!(unbounded a_job_is_run_or_cancelled_not_both),
    model!(unbounded of_two_cancellers_one_cancels),
    model!(unbounded a_late_canceller_sees_the_job_dropped),
    model!(unbounded a_running_job_learns_of_its_cancel),
    model!(unbounded a_job_that_is_asked_to_stop_sees_why),
    model!(unbounded a_waiter_learns_of_a_cancel),
];

fn a_job_is_run_or_cancelled_not_both() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let runner = s.thread(move |s| s.pool.run_one());
    s.begin();
    let cancelled = s.pool.cancel(job).expect("nobody took it");
    let end = s.pool.wait(job);
    let ran = runner.join().unwrap();
    assert_eq!((end == End::Cancelled, end == End::Done(0)), (cancelled, ran));
    assert_eq!((s.log.discarded(0), s.log.ran(0)), (usize::from(cancelled), usize::from(ran)));
    s.assert_over(1);
}

fn of_two_cancellers_one_cancels() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let other = s.thread(move |s| s.pool.cancel(job));
    s.begin();
    let mine = s.pool.cancel(job).expect("nobody took it");
    let theirs = other.join().unwrap().expect("nobody took it");
    assert_ne!(mine, theirs);
    assert_eq!(s.pool.cancel(job), Some(false), "the job is over");
    assert_eq!(s.pool.wait(job), End::Cancelled);
    assert_eq!(s.log.discarded(0), 1);
    s.assert_over(1);
}

fn a_late_canceller_sees_the_job_dropped() {
    let s = Stage::<1>::attended();
    let place = Place::new();
    let written = place.clone();
    let job = s.pool.submit(s.task(0).with_callback(move |_| written.write())).expect("there is room");
    let other = s.thread(move |s| {
        let cancelled = s.pool.cancel(job);
        assert_eq!(s.pool.wait(job), End::Cancelled);
        cancelled
    });
    s.begin();
    let mine = s.pool.cancel(job);
    // None: the other has taken it.
    if mine != Some(false) {
        assert!(place.written());
    }
    assert_eq!(other.join().unwrap(), Some(mine != Some(true)));
    s.assert_over(1);
}

fn a_running_job_learns_of_its_cancel() {
    let s = Stage::<1>::attended();
    let asked = s.pool.clone();
    let task = s.task(0).doing(move || assert!(asked.cancel_requested().is_some()));
    let job = s.pool.submit(task).expect("there is room");
    let runner = s.thread(move |s| s.pool.run_one());
    s.begin();
    let cancelled = s.pool.cancel(job);
    assert!(cancelled.is_some());
    assert_eq!(runner.join().unwrap(), cancelled == Some(false));
    assert_eq!(s.pool.wait(job) == End::Done(0), cancelled == Some(false));
    // The task holds the pool: neither is dropped before the other if it is not over.
    s.assert_over(1);
}

fn a_job_that_is_asked_to_stop_sees_why() {
    let s = Stage::<1>::attended();
    let why = Place::new();
    let (asked, reason) = (s.pool.clone(), why.clone());
    let task = s.task(0).doing(move || {
        if asked.cancel_requested() == Some(true) {
            assert!(reason.written());
        }
    });
    let job = s.pool.submit(task).expect("there is room");
    let runner = s.thread(move |s| s.pool.run_one());
    s.begin();
    why.write();
    let _ = s.pool.cancel(job);
    let _ = runner.join().unwrap();
    assert!(s.pool.is_finished(job) && s.pool.detach(job));
    s.assert_over(1);
}

fn a_waiter_learns_of_a_cancel() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let canceller = s.thread(move |s| assert_eq!(s.pool.cancel(job), Some(true)));
    s.begin();
    assert_eq!(s.pool.wait(job), End::Cancelled);
    canceller.join().unwrap();
    s.assert_over(1);
}
