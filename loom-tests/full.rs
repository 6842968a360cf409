//! A full pool: a submitter is refused, waits, or runs the job itself, and the slot that comes back is somebody's.

use crate::fixtures::Stage;
use crate::harness::{Model, model};
use jobring_model::model::{Clock, End, No, Pool, Task};

pub const MODELS: &[Model] = &[
    model!(3 a_blocked_submitter_gets_the_slot_of_a_job_that_ran),
    model!(3 a_blocked_submitter_gets_the_slot_of_a_result_that_was_taken),
    model!(3 a_blocked_submitter_gets_the_slot_of_a_cancelled_job),
    model!(3 a_blocked_submitter_is_refused_or_accepted_when_the_pool_closes),
    model!(unbounded a_blocked_submitter_is_refused_when_no_slot_comes_back),
    model!(2 two_jobs_blocked_in_submit_come_back),
];

fn blocked_submitter(detached: bool, free: fn(&Pool<1>, jobring_model::Job)) {
    let s = Stage::<1>::attended();
    let task = s.task(0);
    let job =
        if detached { s.pool.submit_detached(task) } else { s.pool.submit(task) }.expect("there is room");
    let submitter = s.thread(move |s| s.pool.submit_blocking(s.task(1)));
    s.begin();
    free(&s.pool, job);
    submitter.join().unwrap().expect("a slot was given back");
    while s.pool.run_one() {}
    assert_eq!((s.log.ended(0), s.log.ran(1), s.pool.free_slots()), (1, 1, 1));
}

fn a_blocked_submitter_gets_the_slot_of_a_job_that_ran() {
    blocked_submitter(true, |pool, _| assert!(pool.run_one()));
}

fn a_blocked_submitter_gets_the_slot_of_a_result_that_was_taken() {
    blocked_submitter(false, |pool, job| {
        assert!(pool.run_one());
        assert_eq!(pool.wait(job), End::Done(0));
    });
}

fn a_blocked_submitter_gets_the_slot_of_a_cancelled_job() {
    blocked_submitter(false, |pool, job| {
        assert_eq!(pool.cancel(job), Some(true));
        assert!(pool.detach(job));
    });
}

fn a_blocked_submitter_is_refused_or_accepted_when_the_pool_closes() {
    // Discarding closers do not wait for this worker; the submitter sleeps because of it.
    let s = Stage::<1>::attended();
    s.submit_detached(0);
    let submitter = s.thread(move |s| s.pool.submit_blocking(s.task(1)));
    s.begin();
    s.pool.discard();
    let ended = s.log.ended(1);
    match submitter.join().unwrap() {
        Ok(_) => assert_eq!(ended, 1, "accepted and not over"),
        Err(no) => assert!(no == No::Shutdown && ended == 0),
    }
    assert_eq!((s.log.discarded(0), s.log.ended(1)), (1, ended));
}

fn a_blocked_submitter_is_refused_when_no_slot_comes_back() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let submitter = s.thread(move |s| s.pool.submit_blocking(s.task(1)));
    s.begin();
    assert_eq!(s.pool.drain().untaken, 1);
    assert_eq!(submitter.join().unwrap(), Err(No::Shutdown));
    assert_eq!(s.pool.wait(job), End::Done(0));
}

fn two_jobs_blocked_in_submit_come_back() {
    let s = Stage::<2>::with_clock(Clock::Hasty);
    for n in 0..2 {
        s.pool.admit();
        let (inside, inner) = (s.pool.clone(), s.log.clone());
        let task = s.task(n).doing(move || match inside.submit_blocking(Task::new(&inner, 2 + n)) {
            Ok(_) => {}
            Err(no) => assert_eq!(no, No::Deadlock),
        });
        s.pool.submit_detached(task).expect("there is room");
    }
    let other = s.thread(move |s| {
        s.pool.as_worker(|| {
            s.pool.run_one();
        })
    });
    s.begin();
    s.pool.as_worker(|| {
        s.pool.run_one();
    });
    other.join().unwrap();
    while s.pool.run_one() {}
    assert_eq!((s.log.ran(0), s.log.ran(1)), (1, 1));
    assert_eq!(s.pool.free_slots(), 2);
}
