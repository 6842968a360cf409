//! Workers sleep and wake: no push and no close is slept through, and a stopped thread does not keep others
//! asleep. A counter of jobs replaces rings and slots.

use crate::harness::{Crew, Model, model};
use jobring_model::model::{Clock, Workers};
use loom::thread::JoinHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(unbounded a_push_wakes_the_worker),
    model!(3 two_pushes_wake_the_worker_twice),
    model!(2 two_pushes_wake_two_workers),
    model!(2 pushes_of_two_submitters_wake_the_worker_twice),
    model!(unbounded close_wakes_the_worker),
    model!(2 close_wakes_all_workers),
    model!(1 close_wakes_all_while_one_finds_a_late_job),
    model!(3 a_job_is_taken_or_the_closer_is_notified),
    model!(unbounded a_frozen_searcher_is_written_off),
    model!(3 after_a_write_off_pushes_wake_again),
    model!(unbounded a_frozen_waker_is_covered_by_others),
    model!(2 a_searcher_that_was_written_off_changes_no_count),
    model!(unbounded the_trigger_writes_frozen_searchers_off),
    model!(3 a_spurious_wake_up_loses_nothing),
    model!(2 a_batch_wakes_two_workers),
    model!(unbounded a_push_beside_a_frozen_searcher_wakes_a_worker),
    model!(3 a_push_behind_a_frozen_waker_wakes_for_it),
    model!(unbounded a_sentry_takes_what_a_frozen_searcher_left),
    model!(unbounded a_sentry_that_rests_misses_no_push),
    model!(3 a_sentry_that_is_woken_and_frozen_is_not_relied_on),
    model!(1 a_finder_does_not_rely_on_the_worker_that_it_woke),
];

fn crew() -> (Crew, Arc<Workers>) {
    (Crew::new(), Arc::new(Workers::new()))
}

/// For models that would take too long otherwise.
fn big_crew() -> (Crew, Arc<Workers>) {
    (Crew::ungated(), Arc::new(Workers::new()))
}

/// A worker whose last job of `most` never ends.
fn worker(crew: &Crew, workers: &Arc<Workers>, most: usize) -> JoinHandle<usize> {
    let workers = workers.clone();
    crew.spawn(move || workers.work(most))
}

/// A worker that stays until the end.
fn patient_worker(crew: &Crew, workers: &Arc<Workers>) -> JoinHandle<usize> {
    worker(crew, workers, usize::MAX)
}

/// The position of a push that does not reset the searchers.
const PLAIN: usize = 1;

fn a_push_wakes_the_worker() {
    let (crew, workers) = crew();
    let worker = worker(&crew, &workers, 1);
    crew.begin();
    assert!(!workers.give(PLAIN));
    assert_eq!(worker.join().unwrap(), 1);
    assert!(workers.settled());
}

fn two_pushes_wake_the_worker_twice() {
    let (crew, workers) = crew();
    let worker = worker(&crew, &workers, 2);
    crew.begin();
    assert!(!workers.give(PLAIN));
    assert!(!workers.give(PLAIN));
    assert_eq!(worker.join().unwrap(), 2);
    assert!(workers.settled());
}

/// The push relies on a sentry whose time does not pass: the thread that finds the first job has to wake it.
fn two_pushes_wake_two_workers() {
    let (crew, workers) = (Crew::ungated(), Arc::new(Workers::with_clock(Clock::Manual)));
    let both = [(); 2].map(|()| worker(&crew, &workers, 1));
    crew.begin();
    workers.give(PLAIN);
    workers.give(PLAIN);
    for worker in both {
        assert_eq!(worker.join().unwrap(), 1);
    }
    assert!(workers.settled());
}

fn pushes_of_two_submitters_wake_the_worker_twice() {
    let (crew, workers) = big_crew();
    let worker = worker(&crew, &workers, 2);
    let submitter = {
        let workers = workers.clone();
        crew.spawn(move || workers.give(PLAIN))
    };
    crew.begin();
    workers.give(PLAIN);
    submitter.join().unwrap();
    assert_eq!(worker.join().unwrap(), 2);
    assert!(workers.settled());
}

fn close_wakes_the_worker() {
    let (crew, workers) = crew();
    let worker = patient_worker(&crew, &workers);
    crew.begin();
    workers.close();
    assert_eq!(worker.join().unwrap(), 0);
    assert!(workers.settled());
}

fn close_wakes_all_workers() {
    let (crew, workers) = crew();
    let both = [(); 2].map(|()| patient_worker(&crew, &workers));
    crew.begin();
    workers.close();
    for worker in both {
        assert_eq!(worker.join().unwrap(), 0);
    }
    assert!(workers.settled());
}

fn close_wakes_all_while_one_finds_a_late_job() {
    let (crew, workers) = big_crew();
    let both = [(); 2].map(|()| patient_worker(&crew, &workers));
    crew.begin();
    workers.close();
    assert!(workers.give(PLAIN), "the closer must be notified");
    let taken: usize = both.map(|worker| worker.join().unwrap()).iter().sum();
    assert!(taken <= 1);
    assert!(workers.settled());
}

fn a_job_is_taken_or_the_closer_is_notified() {
    let (crew, workers) = crew();
    let worker = patient_worker(&crew, &workers);
    let submitter = {
        let workers = workers.clone();
        crew.spawn(move || workers.give(PLAIN))
    };
    crew.begin();
    workers.close();
    let notified = submitter.join().unwrap();
    let taken = worker.join().unwrap();
    assert!(taken == 1 || notified, "a worker left a job that was accepted while the pool was open");
    assert!(workers.settled());
}

fn a_frozen_searcher_is_written_off() {
    let (crew, workers) = crew();
    workers.freeze_searching();
    let worker = worker(&crew, &workers, 1);
    crew.begin();
    workers.give(PLAIN);
    workers.reset_searchers();
    assert_eq!(worker.join().unwrap(), 1);
}

fn after_a_write_off_pushes_wake_again() {
    let (crew, workers) = crew();
    workers.freeze_searching();
    let worker = worker(&crew, &workers, 2);
    crew.begin();
    workers.give(PLAIN);
    workers.reset_searchers();
    // As if the frozen thread did not exist.
    workers.give(PLAIN);
    assert_eq!(worker.join().unwrap(), 2);
}

fn a_frozen_waker_is_covered_by_others() {
    let (crew, workers) = crew();
    let worker = worker(&crew, &workers, 1);
    crew.begin();
    workers.give_and_freeze(PLAIN);
    workers.reset_searchers();
    assert_eq!(worker.join().unwrap(), 1);
    assert!(workers.settled());
}

fn a_searcher_that_was_written_off_changes_no_count() {
    let (crew, workers) = big_crew();
    let both = [(); 2].map(|()| worker(&crew, &workers, 1));
    crew.begin();
    workers.give(PLAIN);
    workers.reset_searchers();
    workers.give(PLAIN);
    for worker in both {
        assert_eq!(worker.join().unwrap(), 1);
    }
    assert!(workers.settled());
}

fn the_trigger_writes_frozen_searchers_off() {
    let (crew, workers) = crew();
    // Two are trusted.
    workers.freeze_searching();
    workers.freeze_searching();
    let worker = worker(&crew, &workers, 1);
    crew.begin();
    workers.give(1024);
    assert_eq!(worker.join().unwrap(), 1);
}

fn a_spurious_wake_up_loses_nothing() {
    let (crew, workers) = crew();
    let worker = worker(&crew, &workers, 1);
    let ghost = {
        let workers = workers.clone();
        crew.spawn(move || workers.wake_for_no_reason())
    };
    crew.begin();
    workers.give(PLAIN);
    ghost.join().unwrap();
    assert_eq!(worker.join().unwrap(), 1);
    assert!(workers.settled());
}

fn a_batch_wakes_two_workers() {
    let (crew, workers) = big_crew();
    let both = [(); 2].map(|()| worker(&crew, &workers, 1));
    crew.begin();
    workers.publish();
    workers.publish();
    workers.notify_workers(PLAIN);
    for worker in both {
        assert_eq!(worker.join().unwrap(), 1);
    }
    assert!(workers.settled());
}

/// One searcher may be stopped: without a sentry, a push wakes another.
fn a_push_beside_a_frozen_searcher_wakes_a_worker() {
    let (crew, workers) = crew();
    workers.freeze_searching();
    let worker = worker(&crew, &workers, 1);
    crew.begin();
    workers.give(PLAIN);
    assert_eq!(worker.join().unwrap(), 1);
}

fn a_push_behind_a_frozen_waker_wakes_for_it() {
    let (crew, workers) = crew();
    let worker = worker(&crew, &workers, 2);
    crew.begin();
    workers.give_and_freeze(PLAIN);
    workers.give(PLAIN);
    assert_eq!(worker.join().unwrap(), 2);
    assert!(workers.settled());
}

/// The push relies on the searcher if the worker is already a sentry. Time passes.
fn a_sentry_takes_what_a_frozen_searcher_left() {
    let (crew, workers) = (Crew::new(), Arc::new(Workers::with_clock(Clock::Manual)));
    workers.freeze_searching();
    let taken = Arc::new(AtomicUsize::new(0));
    let (working, count) = (workers.clone(), taken.clone());
    let worker = crew.spawn(move || count.store(working.work(1), Relaxed));
    crew.begin();
    workers.give(PLAIN);
    while taken.load(Relaxed) == 0 {
        workers.pass();
        loom::thread::yield_now();
    }
    worker.join().unwrap();
}

/// Its time limit may end at any moment; then it sleeps without one.
fn a_sentry_that_rests_misses_no_push() {
    let (crew, workers) = (Crew::new(), Arc::new(Workers::with_clock(Clock::Hasty)));
    workers.freeze_searching();
    let worker = worker(&crew, &workers, 1);
    crew.begin();
    workers.give(PLAIN);
    assert_eq!(worker.join().unwrap(), 1);
}

/// The first push wakes the sentry, which is stopped before it takes its token. The second must not count
/// token and sentry as two.
fn a_sentry_that_is_woken_and_frozen_is_not_relied_on() {
    let (crew, workers) = crew();
    workers.freeze_sleeping();
    let worker = worker(&crew, &workers, 2);
    crew.begin();
    workers.give_and_freeze(PLAIN);
    workers.give(PLAIN);
    assert_eq!(worker.join().unwrap(), 2);
}

/// A wake-up may reach a stopped thread. So a worker that finds a job beside one token wakes another for the
/// rest.
fn a_finder_does_not_rely_on_the_worker_that_it_woke() {
    let (crew, workers) = big_crew();
    let both = [(); 2].map(|()| worker(&crew, &workers, 1));
    crew.begin();
    workers.freeze_sleeping();
    workers.publish();
    workers.give_and_freeze(PLAIN);
    workers.give(PLAIN);
    for worker in both {
        assert_eq!(worker.join().unwrap(), 1);
    }
    assert_eq!(workers.left(), 1);
}
