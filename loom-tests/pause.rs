//! A pause keeps workers from starting jobs, and a resume loses none.

use crate::fixtures::Stage;
use crate::harness::{Crew, Model, model};
use jobring_model::model::{End, Workers};
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(3 a_resume_wakes_a_worker_for_a_push_beside_it),
    model!(unbounded a_worker_that_finds_a_pause_misses_no_resume),
    model!(2 a_resume_wakes_two_workers),
    model!(2 of_two_pauses_and_resumes_the_last_resume_counts),
    model!(unbounded a_close_overrides_a_pause),
    model!(2 a_pause_beside_a_close_keeps_no_worker),
    model!(2 a_worker_starts_one_job_behind_a_pause),
    model!(2 a_paused_worker_starts_no_job),
    model!(2 a_drain_overrides_a_pause),
    model!(2 a_pause_delays_no_wait_that_runs_its_job),
];

/// The position of a push that does not reset the searchers.
const PLAIN: usize = 1;

/// Workers that take a job each.
fn workers<const N: usize>(crew: &Crew, workers: &Arc<Workers>) -> [loom::thread::JoinHandle<usize>; N] {
    [(); N].map(|()| {
        let workers = workers.clone();
        crew.spawn(move || workers.work(1))
    })
}

fn all_took_one<const N: usize>(threads: [loom::thread::JoinHandle<usize>; N], workers: &Workers) {
    for worker in threads {
        assert_eq!(worker.join().unwrap(), 1);
    }
    assert!(workers.settled());
}

fn a_resume_wakes_a_worker_for_a_push_beside_it() {
    let (crew, pool) = (Crew::new(), Arc::new(Workers::new()));
    pool.pause();
    let worker = workers::<1>(&crew, &pool);
    let submitter = {
        let pool = pool.clone();
        crew.spawn(move || pool.give(PLAIN))
    };
    crew.begin();
    pool.resume();
    assert!(!submitter.join().unwrap());
    all_took_one(worker, &pool);
}

/// The job is queued before the pause.
fn a_worker_that_finds_a_pause_misses_no_resume() {
    let (crew, pool) = (Crew::new(), Arc::new(Workers::new()));
    pool.publish();
    pool.pause();
    let worker = workers::<1>(&crew, &pool);
    crew.begin();
    pool.resume();
    all_took_one(worker, &pool);
}

fn a_resume_wakes_two_workers() {
    let (crew, pool) = (Crew::ungated(), Arc::new(Workers::new()));
    pool.pause();
    let both = workers::<2>(&crew, &pool);
    crew.begin();
    pool.give(PLAIN);
    pool.give(PLAIN);
    pool.resume();
    all_took_one(both, &pool);
}

fn of_two_pauses_and_resumes_the_last_resume_counts() {
    let (crew, pool) = (Crew::ungated(), Arc::new(Workers::new()));
    let worker = workers::<1>(&crew, &pool);
    let other = {
        let pool = pool.clone();
        crew.spawn(move || {
            pool.pause();
            pool.resume();
        })
    };
    crew.begin();
    pool.pause();
    pool.give(PLAIN);
    pool.resume();
    other.join().unwrap();
    all_took_one(worker, &pool);
}

fn a_close_overrides_a_pause() {
    let (crew, pool) = (Crew::new(), Arc::new(Workers::new()));
    pool.pause();
    let worker = workers::<1>(&crew, &pool);
    crew.begin();
    pool.give(PLAIN);
    pool.close();
    all_took_one(worker, &pool);
}

fn a_pause_beside_a_close_keeps_no_worker() {
    let (crew, pool) = (Crew::ungated(), Arc::new(Workers::new()));
    pool.publish();
    let worker = workers::<1>(&crew, &pool);
    let closer = {
        let pool = pool.clone();
        crew.spawn(move || pool.close())
    };
    crew.begin();
    pool.pause();
    closer.join().unwrap();
    all_took_one(worker, &pool);
}

/// It may have looked before the pause. The jobs are queued behind it.
fn a_worker_starts_one_job_behind_a_pause() {
    let s = Stage::<2>::new();
    let worker = s.worker();
    s.begin();
    s.pool.pause();
    s.submit_detached(0);
    s.submit_detached(1);
    assert!(s.log.ended(0) + s.log.ended(1) < 2, "it starts at most one");
    s.pool.resume();
    s.pool.drain();
    worker.join().unwrap();
    s.assert_ended(2);
}

/// It starts on a pool that is paused already.
fn a_paused_worker_starts_no_job() {
    let s = Stage::<1>::new();
    s.pool.pause();
    let worker = s.worker();
    s.begin();
    let job = s.submit(0);
    assert!(!s.pool.is_finished(job));
    s.pool.resume();
    assert_eq!(s.pool.wait(job), End::Done(0));
    s.pool.drain();
    worker.join().unwrap();
    s.assert_ended(1);
}

fn a_drain_overrides_a_pause() {
    let s = Stage::<1>::new();
    s.pool.pause();
    let worker = s.worker();
    s.begin();
    s.submit_detached(0);
    s.pool.drain();
    worker.join().unwrap();
    s.assert_ended(1);
}

/// A job of another thread waits for one that is queued, while the pool is paused.
fn a_pause_delays_no_wait_that_runs_its_job() {
    let s = Stage::<1>::new();
    s.pool.pause();
    let worker = s.worker();
    s.begin();
    let job = s.submit(0);
    s.pool.as_worker(|| assert_eq!(s.pool.wait(job), End::Done(0)));
    s.pool.drain();
    worker.join().unwrap();
    s.assert_ended(1);
}
