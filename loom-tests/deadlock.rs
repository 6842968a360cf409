//! Jobs that wait without a timeout: a wait that another thread can end is not refused; of waits that no
//! thread can end, one is.

use crate::fixtures::{Place, Stage};
use crate::harness::{Model, model};
use jobring_model::JobId;
use jobring_model::model::{End, No, Task};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(2 of_two_jobs_that_wait_for_each_other_one_is_refused),
    model!(2 a_wait_is_not_refused_while_the_other_job_can_go_on),
    model!(2 a_wait_is_not_refused_while_the_other_job_wakes),
    model!(2 jobs_that_fill_the_pool_and_submit_are_refused_though_a_worker_is_free),
    model!(2 a_job_blocked_in_submit_is_refused_though_an_outsider_took_the_last_slot),
    model!(2 a_job_blocked_in_submit_is_refused_though_the_last_result_comes_later),
    model!(2 a_lender_wakes_the_borrower_that_waits_for_it),
    model!(2 a_closer_outside_waits_for_a_job_inside_a_shutdown),
    model!(2 a_shutdown_inside_a_job_returns_though_another_job_waits_for_it),
    model!(2 a_shutdown_inside_a_job_runs_what_its_waiter_s_worker_cannot),
    model!(2 a_shutdown_inside_a_job_waits_for_one_whose_wait_ended),
    model!(2 the_slot_of_a_job_that_a_closer_did_not_wait_for_is_not_used_again),
    model!(2 the_slot_of_a_job_that_leaves_no_result_and_that_a_closer_did_not_wait_for_is_not_used_again),
];

/// Runs the oldest job (there is one) as a worker that was counted in.
fn run_one<const N: usize>(s: &Stage<N>) {
    s.pool.as_worker(|| assert!(s.pool.run_one()));
}

/// What a job does with the handle of the other.
type Body = Box<dyn FnOnce(&Stage<2>, JobId)>;

/// Two jobs on two workers.
fn two_jobs(s: &Stage<2>, bodies: [Body; 2]) {
    submit_two(s, bodies);
    run_two(s);
}

fn submit_two(s: &Stage<2>, bodies: [Body; 2]) {
    submit_two_as(s, bodies, |s, task| s.pool.submit(task));
}

fn submit_two_as(s: &Stage<2>, bodies: [Body; 2], submit: fn(&Stage<2>, Task) -> Result<JobId, No>) {
    for (n, body) in bodies.into_iter().enumerate() {
        let (inside, other) = (s.clone(), s.pool.guess(0, 1 - n));
        let job = submit(s, s.task(n).doing(move || body(&inside, other))).expect("there is room");
        assert_eq!(job, s.pool.guess(0, n));
        s.pool.admit();
    }
}

fn run_two(s: &Stage<2>) {
    let other = s.thread(|s| s.pool.as_worker(|| drop(s.pool.run_one())));
    s.begin();
    s.pool.as_worker(|| drop(s.pool.run_one()));
    other.join().unwrap();
}

fn of_two_jobs_that_wait_for_each_other_one_is_refused() {
    let s = Stage::<2>::new().ungated();
    let deadlocks = Arc::new(AtomicUsize::new(0));
    let wait = || -> Body {
        let deadlocks = deadlocks.clone();
        Box::new(move |s, other| match s.pool.wait(other) {
            End::Deadlock => _ = deadlocks.fetch_add(1, Relaxed),
            end => assert!(matches!(end, End::Done(_)), "{end:?}"),
        })
    };
    two_jobs(&s, [wait(), wait()]);
    // A job that finds the other queued runs it inside itself: then that one waits for the job that it is
    // inside of.
    assert_eq!(deadlocks.load(Relaxed), 1);
    assert_eq!((s.log.ran(0), s.log.ran(1)), (1, 1));
}

fn a_wait_is_not_refused_while_the_other_job_can_go_on() {
    let s = Stage::<2>::new();
    let place = Place::new();
    let written = place.clone();
    let waits: Body = Box::new(move |s, other| {
        assert_eq!(s.pool.wait(other), End::Done(1));
        assert!(place.written());
    });
    two_jobs(&s, [waits, Box::new(move |_, _| written.write())]);
    assert_eq!((s.log.ran(0), s.log.ran(1)), (1, 1));
}

fn a_wait_is_not_refused_while_the_other_job_wakes() {
    let s = Stage::<4>::new();
    // The first waits for the second, and the third for the first: when the second has ended, the first wakes.
    for (n, other) in [(0, Some(1)), (1, None), (2, Some(0))] {
        let inside = s.pool.clone();
        let task = s.task(n).doing(move || {
            if let Some(other) = other {
                assert_eq!(inside.wait(inside.guess(0, other)), End::Done(other));
            }
        });
        assert_eq!(s.pool.submit(task).expect("there is room"), s.pool.guess(0, n));
    }
    (0..2).for_each(|_| s.pool.admit());
    // None runs inside another. The worker that does not wait for the second runs it, and then the third.
    let run = |s: &Stage<4>| s.pool.as_worker_without_stack(|| while s.pool.run_one() {});
    let other = s.thread(run);
    s.begin();
    run(&s);
    other.join().unwrap();
}

/// Job `n`, which submits job `n + 2` and blocks for it. Counts how often it is refused.
fn submitting<const N: usize>(s: &Stage<N>, n: usize, deadlocks: &Arc<AtomicUsize>) -> Task {
    let (inside, deadlocks) = (s.clone(), deadlocks.clone());
    s.task(n).doing(move || match inside.pool.submit_blocking(inside.task(n + 2)) {
        Ok(_) => {}
        Err(no) => {
            assert_eq!(no, No::Deadlock);
            deadlocks.fetch_add(1, Relaxed);
        }
    })
}

fn jobs_that_fill_the_pool_and_submit_are_refused_though_a_worker_is_free() {
    let s = Stage::<2>::new().ungated();
    let deadlocks = Arc::new(AtomicUsize::new(0));
    for n in 0..2 {
        s.pool.submit_detached(submitting(&s, n, &deadlocks)).expect("there is room");
    }
    (0..3).for_each(|_| s.pool.admit());
    let other = s.thread(run_one);
    s.begin();
    run_one(&s);
    other.join().unwrap();
    while s.pool.run_one() {}
    // The one that is refused ends, and the other has its slot.
    let deadlocks = deadlocks.load(Relaxed);
    assert!(deadlocks <= 1, "{deadlocks}");
    assert_eq!(s.log.ran(2) + s.log.ran(3), 2 - deadlocks);
    assert_eq!((s.log.ran(0), s.log.ran(1), s.pool.free_slots()), (1, 1, 2));
}

fn a_job_blocked_in_submit_is_refused_though_an_outsider_took_the_last_slot() {
    let s = Stage::<2>::attended();
    let deadlocks = Arc::new(AtomicUsize::new(0));
    s.pool.submit_detached(submitting(&s, 0, &deadlocks)).expect("there is room");
    let outsider = s.thread(|s| s.pool.submit_detached(s.task(1)).is_ok());
    s.begin();
    run_one(&s);
    let accepted = outsider.join().unwrap();
    while s.pool.run_one() {}
    assert_eq!(s.log.ran(2), 1 - deadlocks.load(Relaxed));
    assert_eq!((s.log.ran(1), s.pool.free_slots()), (usize::from(accepted), 2));
}

fn a_job_blocked_in_submit_is_refused_though_the_last_result_comes_later() {
    let s = Stage::<2>::attended();
    let deadlocks = Arc::new(AtomicUsize::new(0));
    s.pool.submit_detached(submitting(&s, 0, &deadlocks)).expect("there is room");
    // Nobody takes its result before the other has ended.
    let job = s.submit(1);
    let other = s.runner();
    s.begin();
    assert!(s.pool.run_one());
    other.join().unwrap();
    assert_eq!((deadlocks.load(Relaxed), s.pool.poll(job)), (1, End::Done(1)));
}

fn a_lender_wakes_the_borrower_that_waits_for_it() {
    let s = Stage::<2>::new();
    (0..2).for_each(|_| s.pool.admit());
    let (inside, lender) = (s.clone(), s.pool.guess(0, 0));
    let task = s.task(0).doing(move || {
        let borrower = inside.clone();
        let helper = inside.task(1).doing(move || {
            let end = borrower.pool.wait(lender);
            assert!(matches!(end, End::Deadlock | End::Done(0)), "{end:?}");
        });
        let helper = inside.pool.submit(helper).expect("there is room");
        // As a parallel loop waits for its helper: it takes the job back, or waits until it has ended.
        if !inside.pool.take_back(helper) {
            assert_eq!(inside.pool.wait_as_lender(helper), End::Done(1));
        }
    });
    assert_eq!(s.pool.submit(task).expect("there is room"), lender);
    run_two(&s);
}

fn a_closer_outside_waits_for_a_job_inside_a_shutdown() {
    let s = Stage::<1>::attended();
    let place = Place::new();
    let (written, inside) = (place.clone(), s.pool.clone());
    let task = s.task(0).doing(move || {
        inside.drain();
        written.write();
    });
    s.pool.submit_detached(task).expect("there is room");
    let worker = s.thread(run_one);
    s.begin();
    let report = s.pool.drain();
    assert!(place.written(), "{report:?}");
    worker.join().unwrap();
}

fn waiter_and_closer() -> [Body; 2] {
    [
        Box::new(|s, closer| {
            let end = s.pool.wait(closer);
            assert!(matches!(end, End::Done(1) | End::Stale), "{end:?}");
        }),
        Box::new(|s, _| drop(s.pool.drain())),
    ]
}

fn a_shutdown_inside_a_job_returns_though_another_job_waits_for_it() {
    let s = Stage::<2>::new();
    two_jobs(&s, waiter_and_closer());
    s.pool.forget_all();
    s.assert_ended(2);
}

fn a_shutdown_inside_a_job_runs_what_its_waiter_s_worker_cannot() {
    // The only worker waits for a job that an outsider runs, and that shuts the pool down.
    let s = Stage::<4>::attended().ungated();
    let closer = s.pool.guess(0, 0);
    let inside = s.pool.clone();
    let task = s.task(0).doing(move || drop(inside.drain()));
    assert_eq!(s.pool.submit(task).expect("there is room"), closer);
    let inside = s.pool.clone();
    let task = s.task(1).doing(move || {
        let end = inside.wait(closer);
        // The closer may be the worker itself, which then runs this job inside the other.
        assert!(matches!(end, End::Done(0) | End::Deadlock), "{end:?}");
    });
    s.pool.submit_detached(task).expect("there is room");
    s.submit_detached(2);
    // Either may find nothing to run: a closer runs what is queued.
    let outsider = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    s.pool.as_worker(|| drop(s.pool.run_one()));
    outsider.join().unwrap();
    s.pool.forget_all();
    s.assert_ended(3);
}

fn a_shutdown_inside_a_job_waits_for_one_whose_wait_ended() {
    let s = Stage::<2>::new();
    let place = Place::new();
    let written = place.clone();
    let closes: Body = Box::new(move |s, _| {
        // A thread that waits for this job is notified, and goes on.
        assert!(s.pool.detach(s.pool.guess(0, 0)));
        let report = s.pool.drain();
        assert!(place.written(), "{report:?}");
    });
    let waits: Body = Box::new(move |s, closer| {
        assert_eq!(s.pool.wait(closer), End::Stale);
        written.write();
    });
    submit_two(&s, [closes, waits]);
    // Neither runs inside the other.
    let run = |s: &Stage<2>| s.pool.as_worker_without_stack(|| drop(s.pool.run_one()));
    let other = s.thread(run);
    s.begin();
    run(&s);
    other.join().unwrap();
}

fn the_slot_of_a_job_that_a_closer_did_not_wait_for_is_not_used_again() {
    not_used_again(|s, task| s.pool.submit_detached(task));
}

fn the_slot_of_a_job_that_leaves_no_result_and_that_a_closer_did_not_wait_for_is_not_used_again() {
    not_used_again(|s, task| s.pool.submit_cancellable(task));
}

fn not_used_again(submit: fn(&Stage<2>, Task) -> Result<JobId, No>) {
    let s = Stage::<2>::new().ungated();
    // Nobody takes their results: their slots come back at once.
    submit_two_as(&s, waiter_and_closer(), submit);
    let submitter = s.thread(|s| s.pool.submit_detached(s.task(2)).is_ok());
    run_two(&s);
    assert_eq!(s.log.ended(2), usize::from(submitter.join().unwrap()), "accepted, and nobody looks for it");
}
