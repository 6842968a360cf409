//! A full pool: a submitter is refused, waits for a slot, or runs the job itself. A slot that is given back
//! gets exactly one new owner.

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
    model!(3 no_submit_is_refused_while_a_slot_is_free),
    model!(3 a_job_without_a_slot_runs_on_its_submitter_once),
    model!(3 no_submitter_runs_its_own_job_because_a_closer_took_the_slots),
    model!(3 submitters_without_workers_make_room_themselves),
    model!(2 a_job_blocked_in_submit_learns_that_no_other_worker_started),
    model!(2 a_job_blocked_in_submit_is_not_refused_while_another_runs),
    model!(2 a_job_on_a_full_pool_without_workers_makes_room_itself),
];

fn blocked_submitter(detached: bool, free: fn(&Pool<1>, jobring_model::JobId)) {
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
    assert_eq!(s.pool.drain().untaken(), 1);
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

fn no_submit_is_refused_while_a_slot_is_free() {
    let s = Stage::<2>::attended();
    let other = s.thread(|s| drop(s.submit_detached(0)));
    s.begin();
    s.submit_detached(1);
    // The job that ran has freed its slot: at most two of three jobs are left.
    assert!(s.pool.run_one());
    s.submit_detached(2);
    other.join().unwrap();
    s.assert_over(3);
}

fn a_job_without_a_slot_runs_on_its_submitter_once() {
    let s = Stage::<1>::attended();
    s.submit_detached(0);
    let runner = s.runner();
    s.begin();
    let here = s.pool.submit_or_run(s.task(1)).expect("the pool is open");
    runner.join().unwrap();
    assert_eq!(s.log.ran(1), usize::from(here));
    while s.pool.run_one() {}
    assert_eq!((s.log.ran(0), s.log.ran(1), s.pool.free_slots()), (1, 1, 1));
}

fn no_submitter_runs_its_own_job_because_a_closer_took_the_slots() {
    let s = Stage::<1>::new();
    let submitter = s.thread(|s| s.pool.submit_or_run(s.task(0)));
    s.begin();
    s.pool.discard();
    let ended = s.log.ended(0);
    match submitter.join().unwrap() {
        Ok(here) => assert!(!here && ended == 1, "the pool was not full"),
        Err(no) => assert!(no == No::Shutdown && ended == 0),
    }
    assert_eq!(s.log.ended(0), ended);
}

fn submitters_without_workers_make_room_themselves() {
    let s = Stage::<1>::new();
    s.submit_detached(0);
    let other = s.thread(|s| s.pool.submit_blocking(s.task(1)));
    s.begin();
    let mine = s.pool.submit_blocking(s.task(2));
    let theirs = other.join().unwrap();
    while s.pool.run_one() {}
    assert_eq!(s.log.ran(0), 1);
    for (n, result) in [(1, theirs), (2, mine)] {
        // Full while the other has the only slot and has not pushed it yet.
        assert!(result.is_ok() || result == Err(No::Full), "{result:?}");
        assert_eq!(s.log.ran(n), usize::from(result.is_ok()));
    }
    assert!(mine.is_ok() || theirs.is_ok());
    assert_eq!(s.pool.free_slots(), 1);
}

fn a_job_blocked_in_submit_learns_that_no_other_worker_started() {
    let s = Stage::<1>::with_clock(Clock::Hasty);
    s.pool.admit();
    s.pool.admit();
    let (inside, log) = (s.pool.clone(), s.log.clone());
    let task = s.task(0).doing(move || {
        assert_eq!(inside.submit_blocking(Task::new(&log, 1)), Err(No::Deadlock));
    });
    s.pool.submit_detached(task).expect("there is room");
    let worker = s.thread(|s| s.pool.as_worker(|| assert!(s.pool.run_one())));
    s.begin();
    s.pool.leave();
    worker.join().unwrap();
    s.assert_over(1);
}

fn a_job_blocked_in_submit_is_not_refused_while_another_runs() {
    let s = Stage::<2>::with_clock(Clock::Hasty);
    let (inside, log) = (s.pool.clone(), s.log.clone());
    let task = s.task(0).doing(move || {
        // However long it waits: the other job does not sleep, and frees its slot.
        inside.submit_blocking(Task::new(&log, 2)).expect("a slot comes back");
    });
    s.pool.submit_detached(task).expect("there is room");
    s.submit_detached(1);
    (0..2).for_each(|_| s.pool.admit());
    let other = s.thread(|s| s.pool.as_worker(|| assert!(s.pool.run_one())));
    s.begin();
    s.pool.as_worker(|| assert!(s.pool.run_one()));
    other.join().unwrap();
    s.assert_over(3);
}

fn a_job_on_a_full_pool_without_workers_makes_room_itself() {
    let s = Stage::<2>::new();
    let (inside, log) = (s.pool.clone(), s.log.clone());
    let task = s.task(0).doing(move || {
        assert_eq!(inside.submit_detached(Task::new(&log, 2)), Err(No::Full));
        inside.submit_blocking(Task::new(&log, 2)).expect("the queued job runs here and makes room");
        assert_eq!((log.ran(1), log.ran(2)), (1, 0));
    });
    s.pool.submit_detached(task).expect("there is room");
    s.submit_detached(1);
    assert!(s.pool.run_one());
    s.assert_over(3);
    // Nothing is queued that could run here.
    let s = Stage::<1>::new();
    let (inside, log) = (s.pool.clone(), s.log.clone());
    let task = s.task(0).doing(move || assert_eq!(inside.submit_blocking(Task::new(&log, 1)), Err(No::Full)));
    s.pool.submit_detached(task).expect("there is room");
    assert!(s.pool.run_one());
    s.assert_over(1);
}
