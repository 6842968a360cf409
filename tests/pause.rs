//! A paused pool starts no job, and a resume loses none.
#![cfg(feature = "std")]

mod common;

use common::{Count, DEADLINE, Gate, count, done, held, join, occupy, settle, until};
use jobring::{IdleError, Pool, ShutdownMode, StaticPool, WorkerState};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

fn pool(workers: usize, capacity: usize) -> Arc<Pool> {
    Arc::new(common::pool(workers, capacity))
}

#[test]
fn a_paused_pool_starts_at_most_one_job_per_worker() {
    for workers in [1, 2, 4] {
        let (pool, ran) = (pool(workers, 64), Count::new());
        for round in 0..200 {
            pool.pause();
            let before = ran.get();
            assert_eq!(before, round * 20);
            count(&pool, &ran, 20);
            thread::yield_now();
            assert!(ran.get() <= before + workers);
            pool.resume();
            settle(&pool);
        }
        assert_eq!(ran.get(), 4000);
    }
}

/// Workers that find one job after the other have to see a pause too.
#[test]
fn a_pause_in_full_work_holds_the_workers() {
    let (pool, ran) = (pool(2, 1024), Count::new());
    let (stop, submitter) = (Count::new(), pool.clone());
    let (ended, counted) = (stop.clone(), ran.clone());
    let submits = thread::spawn(move || {
        let mut submitted = 0;
        while ended.get() == 0 {
            let ran = counted.clone();
            submitter.submit_detached(move || ran.add()).expect("open");
            submitted += 1;
        }
        submitted
    });
    for _ in 0..50 {
        let before = ran.get();
        until("they work", || ran.get() > before + 100);
        pool.pause();
        until("no worker is in a job", || {
            (0..2).all(|worker| {
                pool.worker(worker).is_some_and(|worker| worker.state() == WorkerState::Sleeping)
            })
        });
        let held = ran.get();
        until("the submitter finds the pool full", || pool.stats().queued() >= 1000);
        assert_eq!(ran.get(), held);
        pool.resume();
    }
    stop.add();
    let submitted: usize = join(submits);
    settle(&pool);
    assert_eq!(ran.get(), submitted);
}

#[test]
fn running_jobs_go_on_and_their_waits_help() {
    let pool = pool(1, 8);
    let gate = Gate::new();
    let (inside, running) = (gate.clone(), pool.clone());
    let begun = Gate::new();
    let runs = begun.clone();
    let job = pool.submit(move || {
        runs.open();
        inside.pass();
        // Nobody but this job's own wait runs it.
        running.submit(|| 6).expect("room").wait().expect("it ran") * 7
    });
    begun.pass();
    pool.pause();
    let queued = pool.submit(|| 1).expect("room");
    gate.open();
    assert_eq!(done(job.expect("room")).expect("a result"), 42);
    assert!(!queued.is_finished());
    // The calling thread runs jobs of a paused pool.
    assert!(pool.run_one());
    assert_eq!(done(queued).expect("a result"), 1);
    let items = Count::new();
    pool.parallel_for(0..100, 1, |share| share.for_each(|_| items.add()));
    assert_eq!(items.get(), 100);
    assert_eq!(pool.join(|| 1, || 2), (1, 2));
    pool.resume();
}

#[test]
fn waits_end_with_the_resume_or_their_time() {
    let pool = pool(2, 4);
    pool.pause();
    let (one, two) = (pool.submit(|| 1).expect("room"), pool.submit(|| 2).expect("room"));
    let three = pool.submit(|| 3).expect("room");
    let three = three.wait_timeout(Duration::from_millis(1)).expect_err("two workers start two of three");
    assert_eq!(pool.wait_idle_timeout(Duration::from_millis(1)), Err(IdleError::Pending));
    let waits = pool.clone();
    let waiter = thread::spawn(move || waits.wait_idle());
    pool.resume();
    assert_eq!(join(waiter), Ok(()));
    assert_eq!([one, two, three].map(|job| done(job).expect("a result")), [1, 2, 3]);
}

#[test]
fn a_shutdown_overrides_a_pause() {
    for mode in [ShutdownMode::Drain, ShutdownMode::Discard] {
        let (pool, ran) = (pool(2, 32), Count::new());
        pool.pause();
        count(&pool, &ran, 20);
        let report = pool.shutdown(mode, Some(DEADLINE)).expect("it ends");
        assert_eq!((report.queued(), report.running()), (0, 0));
        // Before they are discarded the workers may take some: the pool is no longer paused.
        assert!(if mode == ShutdownMode::Drain { ran.get() == 20 } else { ran.get() <= 20 });
        pool.pause();
        pool.resume();
    }
    let (dropped, ran) = (pool(1, 32), Count::new());
    dropped.pause();
    count(&dropped, &ran, 20);
    drop(dropped);
    assert_eq!(ran.get(), 20);
}

/// A submitter that sleeps because the pool is full wakes no worker, and gets room after the resume.
#[test]
fn a_blocked_submit_waits_for_the_resume() {
    let (pool, ran) = (pool(1, 2), Count::new());
    let gate = occupy(&pool, 1);
    pool.pause();
    count(&pool, &ran, 1);
    let (submits, counts) = (pool.clone(), ran.clone());
    let blocked = thread::spawn(move || count(&submits, &counts, 1));
    gate.open();
    until("the slot of the running job is the submitter's", || blocked.is_finished());
    join(blocked);
    assert_eq!(ran.get(), 0, "the worker looked after its job");
    pool.resume();
    settle(&pool);
    assert_eq!(ran.get(), 2);
}

#[test]
fn pauses_and_resumes_of_several_threads_lose_nothing() {
    let (pool, ran) = (pool(3, 64), Count::new());
    let pausers: Vec<_> = (0..2)
        .map(|_| {
            let pool = pool.clone();
            thread::spawn(move || {
                for _ in 0..2000 {
                    pool.pause();
                    pool.resume();
                }
            })
        })
        .collect();
    let (submits, counts) = (pool.clone(), ran.clone());
    let submitter = thread::spawn(move || count(&submits, &counts, 20_000));
    pausers.into_iter().for_each(join);
    // The last pause may have come behind the other's resume.
    pool.resume();
    join(submitter);
    settle(&pool);
    assert_eq!(ran.get(), 20_000);
}

#[test]
fn threads_that_enter_are_paused_too() {
    static POOL: StaticPool<8, 2, 48> = StaticPool::new();
    POOL.pause();
    let worker = thread::spawn(|| POOL.enter_worker());
    let jobs = [POOL.submit(|| 1).expect("room"), POOL.submit(|| 2).expect("room")];
    until("it sleeps", || POOL.stats().sleeping() == 1);
    assert!(jobs.iter().all(|job| !job.is_finished()));
    POOL.resume();
    assert_eq!(jobs.map(|job| done(job).expect("a result")), [1, 2]);
    POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("it ends");
    assert!(join(worker));
}

/// From inside a job: the pause holds its own worker behind that job.
#[test]
fn a_job_may_pause_its_pool() {
    let pool = pool(1, 8);
    let gate = Gate::new();
    let first = held(&pool, &gate);
    let inside = pool.clone();
    let pauses = pool.submit(move || inside.pause()).expect("room");
    let last = pool.submit(|| 3).expect("room");
    gate.open();
    done(first).expect("a result");
    done(pauses).expect("a result");
    until("it sleeps", || pool.stats().sleeping() == 1);
    assert!(!last.is_finished());
    pool.resume();
    assert_eq!(done(last).expect("a result"), 3);
}
