//! Shutdown: when it returns, every accepted job has ended, whatever it raced with. Every shutdown returns.

use crate::fixtures::{Place, Stage, writer};
use crate::harness::{Model, model};
use jobring_model::JobId;
use jobring_model::model::{End, No};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(2 accepted_job_resolves_when_drain_races_submit),
    model!(2 accepted_job_resolves_when_discard_races_submit),
    model!(unbounded accepted_job_resolves_when_drain_races_submit_without_workers),
    model!(unbounded accepted_job_resolves_when_discard_races_submit_without_workers),
    model!(2 accepted_job_resolves_when_a_result_is_taken_meanwhile),
    model!(2 accepted_job_resolves_when_a_result_is_given_up_meanwhile),
    model!(2 two_closers_both_return_and_see_what_jobs_did),
    model!(2 a_closer_sees_what_jobs_did_elsewhere),
    model!(3 a_look_that_finds_all_jobs_ended_sees_what_they_did),
    model!(unbounded a_closer_runs_what_the_last_worker_left),
    model!(2 a_closer_waits_for_a_running_job),
    model!(unbounded a_closer_learns_that_a_job_with_a_handle_has_ended),
    model!(2 a_closer_learns_of_a_worker_s_last_job_though_another_never_leaves),
    model!(2 a_closer_waits_for_the_taker_of_a_result),
    model!(2 shutdown_inside_a_job_returns),
    model!(unbounded a_job_is_cancelled_or_drained_not_both),
    model!(unbounded a_job_is_cancelled_or_discarded_not_both),
    model!(3 a_waiter_learns_of_a_discard),
    model!(3 a_waiter_and_a_draining_closer_run_the_job_once),
    model!(unbounded a_result_is_given_up_while_the_pool_closes),
    model!(2 a_discard_and_a_drain_at_once_both_return),
    model!(2 two_jobs_that_both_shut_down_return),
    model!(2 shutdown_inside_a_job_runs_what_is_queued_behind_it),
    model!(2 a_job_that_waits_learns_of_a_discard),
];

fn submit_against_shutdown(workers: usize, drain: bool) {
    let s = Stage::<1>::new();
    let workers: Vec<_> = (0..workers).map(|_| s.worker()).collect();
    let over = Arc::new(AtomicBool::new(false));
    let late = over.clone();
    let submitter = s.thread(move |s| {
        let task = s.task(0).doing(move || assert!(!late.load(Relaxed), "ran after the end"));
        s.pool.submit_detached(task)
    });
    s.begin();
    let report = if drain { s.pool.drain() } else { s.pool.discard() };
    over.store(true, Relaxed);
    assert_eq!((report.queued(), report.running(), report.submitting(), report.untaken()), (0, 0, 0, 0));
    let ended = s.log.ended(0);
    match submitter.join().unwrap() {
        Ok(_) => assert_eq!(ended, 1, "accepted and not over"),
        Err(no) => assert!(no == No::Shutdown && ended == 0),
    }
    assert!(!drain || s.log.discarded(0) == 0);
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!((s.log.ended(0), s.log.forgotten(0)), (ended, s.log.ran(0)));
}

fn accepted_job_resolves_when_drain_races_submit() {
    submit_against_shutdown(1, true);
}

fn accepted_job_resolves_when_discard_races_submit() {
    submit_against_shutdown(1, false);
}

fn accepted_job_resolves_when_drain_races_submit_without_workers() {
    submit_against_shutdown(0, true);
}

fn accepted_job_resolves_when_discard_races_submit_without_workers() {
    submit_against_shutdown(0, false);
}

/// The slot of a result is given back or retired: no submitter fills it after the closer has returned.
fn submit_against_taker_and_drain(take: fn(&Stage<1>, JobId)) {
    let s = Stage::<1>::new();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let taker = s.thread(move |s| take(s, job));
    let submitter = s.thread(move |s| s.pool.submit_detached(s.task(1)).is_ok());
    s.begin();
    s.pool.drain();
    taker.join().unwrap();
    assert_eq!(s.log.ended(1), usize::from(submitter.join().unwrap()));
}

fn accepted_job_resolves_when_a_result_is_taken_meanwhile() {
    submit_against_taker_and_drain(|s, job| assert_eq!(s.pool.poll(job), End::Done(0)));
}

fn accepted_job_resolves_when_a_result_is_given_up_meanwhile() {
    submit_against_taker_and_drain(|s, job| assert!(s.pool.detach(job)));
}

fn drain_and_read(s: &Stage<1>, place: &Place) {
    s.pool.drain();
    assert!(place.written());
}

fn two_closers_both_return_and_see_what_jobs_did() {
    let s = Stage::<1>::new();
    let (task, place) = writer(&s.log, 0);
    s.pool.submit_detached(task).expect("there is room");
    let theirs = place.clone();
    let other = s.thread(move |s| drain_and_read(s, &theirs));
    s.begin();
    drain_and_read(&s, &place);
    other.join().unwrap();
    assert_eq!(s.log.ran(0), 1);
}

fn a_closer_sees_what_jobs_did_elsewhere() {
    // A worker is counted in, so that the closers leave the job to the runner.
    let s = Stage::<1>::attended().ungated();
    let (task, place) = writer(&s.log, 0);
    s.pool.submit_detached(task).expect("there is room");
    let other = s.thread(move |s| drop(s.pool.close()));
    let runner = s.runner();
    s.begin();
    if s.pool.close().is_ok() {
        assert!(place.written());
    }
    other.join().unwrap();
    runner.join().unwrap();
    assert_eq!(s.log.ran(0), 1);
}

fn a_look_that_finds_all_jobs_ended_sees_what_they_did() {
    // As a closer that slept: it emptied no ring itself, so the states of the slots must carry the edge.
    let s = Stage::<1>::attended();
    let (task, place) = writer(&s.log, 0);
    s.pool.submit_detached(task).expect("there is room");
    let runner = s.runner();
    let closer = s.thread(move |s| drop(s.pool.close()));
    s.begin();
    if s.pool.have_all_ended() {
        assert!(place.written());
    }
    closer.join().unwrap();
    runner.join().unwrap();
    assert_eq!(s.log.ran(0), 1);
}

fn a_closer_runs_what_the_last_worker_left() {
    let s = Stage::<1>::attended();
    s.submit_detached(0);
    let worker = s.thread(move |s| s.pool.leave());
    s.begin();
    s.pool.drain();
    assert_eq!(s.log.ran(0), 1);
    worker.join().unwrap();
}

fn a_closer_waits_for_a_running_job() {
    let s = Stage::<1>::new();
    s.submit_detached(0);
    let runner = s.thread(move |s| s.pool.run_one());
    s.begin();
    s.pool.discard();
    assert_eq!(s.log.ended(0), 1);
    assert_eq!(runner.join().unwrap(), s.log.ran(0) == 1);
}

fn a_closer_learns_that_a_job_with_a_handle_has_ended() {
    // Its slot stays out of the free ring, so no thread meets the closer's mark there.
    let s = Stage::<1>::attended();
    s.submit(0);
    let runner = s.runner();
    s.begin();
    assert_eq!(s.pool.drain().untaken(), 1);
    assert_eq!(s.log.ran(0), 1);
    runner.join().unwrap();
}

fn a_closer_learns_of_a_worker_s_last_job_though_another_never_leaves() {
    let s = Stage::<1>::attended();
    s.submit(0);
    let worker = s.worker();
    s.begin();
    assert_eq!(s.pool.drain().untaken(), 1);
    assert_eq!(s.log.ran(0), 1);
    worker.join().unwrap();
}

fn a_closer_waits_for_the_taker_of_a_result() {
    let s = Stage::<1>::new();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let taker = s.thread(move |s| s.pool.poll(job));
    s.begin();
    let report = s.pool.drain();
    // While the taker has it, the slot is neither free nor untaken.
    assert_eq!(report.queued() + report.running(), 0);
    if report.untaken() + report.submitting() == 0 {
        assert_eq!(s.log.taken(0), 1);
    }
    assert_eq!(taker.join().unwrap(), End::Done(0));
    s.pool.forget_all();
    assert_eq!((s.log.taken(0), s.log.forgotten(0)), (1, 0));
}

fn shutdown_inside_a_job_returns() {
    let s = Stage::<1>::new();
    let worker = s.worker();
    s.begin();
    let inside = s.pool.clone();
    let task = s.task(0).doing(move || drop(inside.drain()));
    let job = s.pool.submit(task).expect("there is room");
    assert_eq!(s.pool.wait(job), End::Done(0));
    worker.join().unwrap();
    assert!(matches!(s.pool.submit(s.task(1)), Err(No::Shutdown)));
}

fn cancel_against_shutdown(drain: bool) {
    let s = Stage::<1>::new();
    let job = s.submit(0);
    let canceller = s.thread(move |s| s.pool.cancel(job));
    s.begin();
    let report = if drain { s.pool.drain() } else { s.pool.discard() };
    assert_eq!((report.queued(), report.running(), report.untaken()), (0, 0, 1));
    assert_eq!(s.log.ended(0), 1, "over when shutdown returns");
    let cancelled = canceller.join().unwrap().expect("nobody took it");
    let end = s.pool.wait(job);
    assert_eq!(end, if s.log.ran(0) == 1 { End::Done(0) } else { End::Cancelled });
    assert_eq!(cancelled, s.log.discarded(0) == 1 && s.log.shut_down(0) == 0);
    assert!(!drain || s.log.shut_down(0) == 0);
    s.assert_ended(1);
}

fn a_job_is_cancelled_or_drained_not_both() {
    cancel_against_shutdown(true);
}

fn a_job_is_cancelled_or_discarded_not_both() {
    cancel_against_shutdown(false);
}

fn a_waiter_learns_of_a_discard() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let closer = s.thread(|s| drop(s.pool.discard()));
    s.begin();
    assert_eq!(s.pool.wait(job), End::Cancelled);
    closer.join().unwrap();
    assert_eq!(s.log.discarded(0), 1);
}

fn a_waiter_and_a_draining_closer_run_the_job_once() {
    let s = Stage::<1>::new();
    let job = s.submit(0);
    let closer = s.thread(|s| drop(s.pool.drain()));
    s.begin();
    assert_eq!(s.pool.wait(job), End::Done(0));
    closer.join().unwrap();
    s.assert_ended(1);
}

fn a_result_is_given_up_while_the_pool_closes() {
    let s = Stage::<1>::new();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let other = s.thread(move |s| assert!(s.pool.detach(job)));
    s.begin();
    let report = s.pool.drain();
    assert_eq!(report.queued() + report.running(), 0);
    other.join().unwrap();
    s.pool.forget_all();
    assert_eq!(s.log.forgotten(0), 1);
}

fn a_discard_and_a_drain_at_once_both_return() {
    let s = Stage::<1>::new().ungated();
    s.submit_detached(0);
    let other = s.thread(|s| {
        s.pool.discard();
        s.log.ended(0)
    });
    s.begin();
    s.pool.drain();
    assert_eq!((s.log.ended(0), other.join().unwrap()), (1, 1));
}

fn two_jobs_that_both_shut_down_return() {
    let s = Stage::<2>::new().ungated();
    for n in 0..2 {
        s.pool.admit();
        let inside = s.pool.clone();
        s.pool.submit_detached(s.task(n).doing(move || drop(inside.drain()))).expect("there is room");
    }
    let run_one = |s: &Stage<2>| s.pool.as_worker(|| drop(s.pool.run_one()));
    let other = s.thread(move |s| run_one(s));
    s.begin();
    run_one(&s);
    other.join().unwrap();
    s.assert_ended(2);
}

fn shutdown_inside_a_job_runs_what_is_queued_behind_it() {
    // The ring is full, and the only worker is inside the job that shuts down.
    let s = Stage::<2>::attended();
    let (inside, log) = (s.pool.clone(), s.log.clone());
    let task = s.task(0).doing(move || {
        inside.drain();
        assert_eq!(log.ran(1), 1, "over when shutdown returns");
    });
    s.pool.submit_detached(task).expect("there is room");
    s.submit_detached(1);
    let blocked = s.thread(|s| s.pool.submit_blocking(s.task(2)));
    s.begin();
    s.pool.as_worker(|| assert!(s.pool.run_one()));
    let accepted = blocked.join().unwrap();
    assert!(accepted.is_ok() || accepted == Err(No::Shutdown), "{accepted:?}");
    assert_eq!(s.log.ran(2), usize::from(accepted.is_ok()));
    s.assert_ended(2);
}

fn a_job_that_waits_learns_of_a_discard() {
    let s = Stage::<2>::attended();
    let (waiting, inner) = (s.pool.clone(), s.pool.guess(0, 1));
    let task = s.task(0).doing(move || {
        let end = waiting.wait(inner);
        assert!(end == End::Done(1) || end == End::Cancelled, "{end:?}");
    });
    s.pool.submit_detached(task).expect("there is room");
    assert_eq!(s.submit(1), inner);
    let closer = s.thread(|s| drop(s.pool.discard()));
    s.begin();
    s.pool.as_worker(|| drop(s.pool.run_one()));
    closer.join().unwrap();
    let _ = s.pool.detach(inner);
    assert_eq!((s.log.ended(0), s.log.ended(1)), (1, 1));
}
