//! Sleep against wake: no push is slept through, nobody sleeps through the close, no frozen thread keeps others asleep.
//! A number of jobs stands in place of rings and slots.

use crate::harness::{Crew, Model, model};
use jobring_model::model::Workers;
use loom::thread::JoinHandle;
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(unbounded a_push_wakes_the_worker),
    model!(3 two_pushes_wake_the_worker_twice),
    model!(2 two_pushes_wake_two_workers),
    model!(2 pushes_of_two_submitters_wake_the_worker_twice),
    model!(unbounded close_wakes_the_worker),
    model!(2 close_wakes_all_workers),
    model!(1 close_wakes_all_while_one_finds_a_late_job),
    model!(3 a_job_is_taken_or_the_closer_is_told),
    model!(unbounded a_frozen_searcher_is_written_off),
    model!(3 after_a_write_off_pushes_wake_again),
    model!(unbounded a_frozen_waker_is_stood_in_for),
    model!(2 a_searcher_that_was_written_off_does_no_harm),
    model!(unbounded the_trigger_writes_a_frozen_searcher_off),
    model!(3 a_wake_up_for_no_reason_does_no_harm),
    model!(2 a_batch_wakes_two_workers),
];

fn crew() -> (Crew, Arc<Workers>) {
    (Crew::new(), Arc::new(Workers::new()))
}

/// For the models that would take too long otherwise.
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

/// The position of a push that triggers nothing.
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

fn two_pushes_wake_two_workers() {
    let (crew, workers) = big_crew();
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
    assert!(workers.give(PLAIN), "the closer must be told");
    let taken: usize = both.map(|worker| worker.join().unwrap()).iter().sum();
    assert!(taken <= 1);
    assert!(workers.settled());
}

fn a_job_is_taken_or_the_closer_is_told() {
    let (crew, workers) = crew();
    let worker = patient_worker(&crew, &workers);
    let submitter = {
        let workers = workers.clone();
        crew.spawn(move || workers.give(PLAIN))
    };
    crew.begin();
    workers.close();
    // Who was told that the pool is open published before the closer's fence. A worker that leaves may not see that yet.
    let seen = workers.left() == 1;
    let told = submitter.join().unwrap();
    let taken = worker.join().unwrap();
    assert!(taken == 1 || told || seen, "the job is neither taken nor known to the closer");
    assert!(workers.settled());
}

fn a_frozen_searcher_is_written_off() {
    let (crew, workers) = crew();
    workers.freeze_searching();
    let worker = worker(&crew, &workers, 1);
    crew.begin();
    workers.give(PLAIN);
    workers.force();
    assert_eq!(worker.join().unwrap(), 1);
}

fn after_a_write_off_pushes_wake_again() {
    let (crew, workers) = crew();
    workers.freeze_searching();
    let worker = worker(&crew, &workers, 2);
    crew.begin();
    workers.give(PLAIN);
    workers.force();
    // As if the frozen one were not there.
    workers.give(PLAIN);
    assert_eq!(worker.join().unwrap(), 2);
}

fn a_frozen_waker_is_stood_in_for() {
    let (crew, workers) = crew();
    let worker = worker(&crew, &workers, 1);
    crew.begin();
    workers.give_and_freeze(PLAIN);
    workers.force();
    assert_eq!(worker.join().unwrap(), 1);
    assert!(workers.settled());
}

fn a_searcher_that_was_written_off_does_no_harm() {
    let (crew, workers) = big_crew();
    let both = [(); 2].map(|()| worker(&crew, &workers, 1));
    crew.begin();
    workers.give(PLAIN);
    workers.force();
    workers.give(PLAIN);
    for worker in both {
        assert_eq!(worker.join().unwrap(), 1);
    }
    assert!(workers.settled());
}

fn the_trigger_writes_a_frozen_searcher_off() {
    let (crew, workers) = crew();
    workers.freeze_searching();
    let worker = worker(&crew, &workers, 1);
    crew.begin();
    workers.give(1024);
    assert_eq!(worker.join().unwrap(), 1);
}

fn a_wake_up_for_no_reason_does_no_harm() {
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
    workers.announce(PLAIN);
    for worker in both {
        assert_eq!(worker.join().unwrap(), 1);
    }
    assert!(workers.settled());
}
