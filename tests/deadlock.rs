//! A wait that no thread could end is refused. Every other wait ends.
#![cfg(feature = "std")]

mod common;

use common::{Barrier, DEADLINE, done, join};
use jobring::{JobError, JobHandle, Pool, ShutdownMode, SubmitError};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

fn pool(capacity: usize, workers: usize) -> Arc<Pool> {
    Arc::new(Pool::builder().capacity(capacity).workers(workers).build().expect("a pool"))
}

/// Every job of a full pool submits one more and waits for it, while outsiders submit too.
fn every_job_submits(capacity: usize, workers: usize, outsiders: usize) {
    const EACH: usize = 20;
    let (pool, ran, deadlocks) =
        (pool(capacity, workers), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..outsiders)
        .map(|_| {
            let (pool, ran) = (pool.clone(), ran.clone());
            thread::spawn(move || {
                for _ in 0..EACH {
                    let ran = ran.clone();
                    pool.submit_detached(move || _ = ran.fetch_add(1, SeqCst))
                        .expect("an outsider waits for its slot");
                }
            })
        })
        .collect();
    let jobs: Vec<_> = (0..capacity)
        .map(|_| {
            let (inner, ran, deadlocks) = (pool.clone(), ran.clone(), deadlocks.clone());
            let job = move || match inner.submit(move || _ = ran.fetch_add(1, SeqCst)) {
                Ok(job) => job.wait().expect("it runs"),
                Err(SubmitError::Deadlock(_)) => _ = deadlocks.fetch_add(1, SeqCst),
                Err(other) => panic!("{other:?}"),
            };
            pool.submit(job).expect("main waits for its slot")
        })
        .collect();
    jobs.into_iter().for_each(|job| done(job).expect("it ends"));
    threads.into_iter().for_each(join);
    let (pool_ran, deadlocks) = (&ran, deadlocks.load(SeqCst));
    pool.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("it ends");
    assert_eq!(pool_ran.load(SeqCst), capacity - deadlocks + outsiders * EACH);
}

#[test]
fn no_relation_of_slots_workers_and_outsiders_hangs() {
    for round in 0..8 {
        for capacity in 1..=4 {
            for workers in 1..=5 {
                every_job_submits(capacity, workers, round % 3);
            }
        }
    }
}

/// Job `n` waits for job `n + 1`, and the last for the first. All are running before any waits.
fn a_circle(jobs: usize, workers: usize) {
    type Handles = Arc<Vec<Mutex<Option<JobHandle<'static, usize>>>>>;
    let pool: &'static Pool =
        Box::leak(Box::new(Pool::builder().capacity(jobs + 1).workers(workers).build().expect("a pool")));
    let handles: Handles = Arc::new((0..jobs).map(|_| Mutex::new(None)).collect());
    let (running, deadlocks) = (Arc::new(Barrier::new(jobs + 1)), Arc::new(AtomicUsize::new(0)));
    for n in 0..jobs {
        let (handles_, running, deadlocks) = (handles.clone(), running.clone(), deadlocks.clone());
        let job = move || {
            running.wait();
            running.wait();
            let next = handles_[(n + 1) % jobs].lock().unwrap().take().expect("one waits for it");
            match next.wait() {
                Ok(_) => {}
                Err(JobError::Deadlock) => _ = deadlocks.fetch_add(1, SeqCst),
                Err(other) => panic!("{other:?}"),
            }
            n
        };
        let handle = pool.submit(job).expect("room");
        *handles[n].lock().unwrap() = Some(handle);
    }
    running.wait();
    running.wait();
    pool.shutdown(ShutdownMode::Drain, Some(DEADLINE))
        .unwrap_or_else(|left| panic!("a circle hangs: {left:?}"));
    assert_eq!(deadlocks.load(SeqCst), 1, "one of {jobs}");
}

#[test]
fn one_of_the_jobs_that_wait_for_each_other_in_a_circle_gets_deadlock() {
    for round in 0..20 {
        for jobs in 2..=4 {
            a_circle(jobs, jobs + round % 2);
        }
    }
}

#[test]
fn a_job_that_waits_for_one_that_goes_on_gets_its_result() {
    let pool = pool(8, 2);
    for _ in 0..200 {
        let inner = pool.clone();
        let waits = pool.submit(move || {
            let jobs: Vec<_> = (0..3).map(|n| inner.submit(move || n).expect("there is room")).collect();
            jobs.into_iter().map(|job| job.wait().expect("it runs")).sum::<usize>()
        });
        assert_eq!(done(waits.expect("room")).expect("it waited"), 3);
    }
}
