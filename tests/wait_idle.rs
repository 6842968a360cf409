//! Waits until a pool is idle: from outside and inside of jobs, with and without workers, beside submits,
//! shutdowns and jobs that wait.
#![cfg(feature = "std")]

mod common;

use common::{Barrier, Count, DEADLINE, Gate, done, join, occupy};
use jobring::{IdleError, Interrupt, JobError, Pool, ShutdownMode, SubmitError};
use std::cell::UnsafeCell;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

fn pool(workers: usize, capacity: usize) -> Arc<Pool> {
    Arc::new(Pool::builder().workers(workers).capacity(capacity).build().expect("a pool"))
}

/// Waits, with a time limit that only a hang exceeds.
fn settle(pool: &Pool) {
    pool.wait_idle_timeout(DEADLINE).unwrap_or_else(|error| panic!("never idle: {error}"));
}

#[test]
fn every_job_has_finished_when_the_pool_is_idle() {
    for workers in [0, 1, 2, 4] {
        let (pool, ran) = (pool(workers, 100), Count::new());
        settle(&pool);
        for round in 1..=200 {
            for _ in 0..round % 7 {
                let ran = ran.clone();
                pool.submit_detached(move || ran.add()).expect("room");
            }
            let before = ran.get();
            settle(&pool);
            assert!(ran.get() >= before);
            assert_eq!(ran.get(), (1..=round).map(|round| round % 7).sum());
        }
    }
}

/// Numbers that jobs write without atomics, each its own.
struct Numbers(Vec<UnsafeCell<usize>>);

// SAFETY:
// - each number is written by one job, and read when the pool is idle.
unsafe impl Sync for Numbers {}

#[test]
fn what_detached_jobs_wrote_is_seen() {
    let pool = pool(2, 16);
    for round in 0..100 {
        let numbers = Arc::new(Numbers((0..50).map(|_| UnsafeCell::new(0)).collect()));
        for n in 0..50 {
            let numbers = numbers.clone();
            // SAFETY:
            // - this job alone writes the number.
            let write = move || unsafe { *numbers.0[n].get() = n + round };
            pool.submit_detached(write).expect("the pool is open");
        }
        settle(&pool);
        for (n, number) in numbers.0.iter().enumerate() {
            // SAFETY:
            // - every job has finished.
            assert_eq!(unsafe { *number.get() }, n + round);
        }
    }
}

#[test]
fn jobs_of_later_stages_are_waited_for() {
    for workers in [0, 1, 3] {
        let (pool, ran) = (pool(workers, 400), Count::new());
        for _ in 0..20 {
            for _ in 0..50 {
                let (stages, ran) = (pool.clone(), ran.clone());
                let first = move || {
                    let (last, second) = (stages.clone(), ran.clone());
                    let second = move || {
                        let third = second.clone();
                        last.submit_detached(move || third.add()).expect("room");
                        second.add();
                    };
                    stages.submit_detached(second).expect("room");
                    ran.add();
                };
                pool.submit_detached(first).expect("room");
            }
            settle(&pool);
            assert_eq!(ran.get() % 150, 0);
        }
        assert_eq!(ran.get(), 20 * 150);
    }
}

#[test]
fn results_that_nobody_has_taken_do_not_count() {
    for workers in [0, 2] {
        let pool = pool(workers, 8);
        let jobs: Vec<_> = (0..8).map(|n| pool.submit(move || n).expect("room")).collect();
        settle(&pool);
        assert!(jobs.iter().all(|job| job.is_finished()));
        let sum: usize = jobs.into_iter().map(|job| done(job).expect("a result")).sum();
        assert_eq!(sum, 28);
    }
}

#[test]
fn a_wait_for_an_idle_pool_times_out() {
    let pool = pool(1, 8);
    let gate = occupy(&pool, 1);
    let queued = pool.submit(|| ()).expect("room");
    assert_eq!(pool.wait_idle_timeout(Duration::ZERO), Err(IdleError::Pending));
    assert_eq!(pool.wait_idle_timeout(Duration::from_millis(3)), Err(IdleError::Pending));
    assert!(queued.cancel());
    gate.open();
    settle(&pool);
    assert_eq!(pool.wait_idle_timeout(Duration::ZERO), Ok(()));
}

#[test]
fn threads_that_submit_and_wait_at_once_all_return() {
    for workers in [0, 1, 2] {
        let (pool, ran) = (pool(workers, 16), Count::new());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (pool, ran) = (pool.clone(), ran.clone());
                thread::spawn(move || {
                    for _ in 0..200 {
                        let (own, all) = (Count::new(), ran.clone());
                        for _ in 0..3 {
                            let (own, all) = (own.clone(), all.clone());
                            let job = move || {
                                own.add();
                                all.add();
                            };
                            pool.submit_or_run(job).expect("the pool is open").detach();
                        }
                        settle(&pool);
                        assert_eq!(own.get(), 3);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(join);
        assert_eq!(ran.get(), 4 * 200 * 3);
    }
}

#[test]
fn a_job_runs_what_is_queued_while_it_waits() {
    for forever in [false, true] {
        let (pool, ran) = (pool(1, 8), Count::new());
        let (inside, seen) = (pool.clone(), ran.clone());
        let job = move || {
            for _ in 0..5 {
                let ran = seen.clone();
                inside.submit_detached(move || ran.add()).expect("room");
            }
            let idle = if forever { inside.wait_idle() } else { inside.wait_idle_timeout(DEADLINE) };
            (idle, seen.get())
        };
        let job = pool.submit(job).expect("room");
        assert_eq!(done(job).expect("it ends"), (Ok(()), 5));
    }
}

#[test]
fn jobs_that_wait_at_once_do_not_wait_for_each_other() {
    for round in 0..100 {
        let jobs = 2 + round % 3;
        let (pool, all, ran) = (pool(jobs, 16), Arc::new(Barrier::new(jobs)), Count::new());
        for n in 0..jobs {
            let (inside, all, ran) = (pool.clone(), all.clone(), ran.clone());
            let job = move || {
                all.wait();
                // With a time limit and without.
                if n % 2 == 0 {
                    settle(&inside)
                } else {
                    inside.wait_idle().expect("idle")
                }
                ran.add();
            };
            pool.submit_detached(job).expect("room");
        }
        settle(&pool);
        assert_eq!(ran.get(), jobs);
    }
}

#[test]
fn a_job_that_waits_for_one_in_wait_idle_or_that_one_is_refused() {
    for _ in 0..50 {
        let (pool, both) = (pool(2, 8), Arc::new(Barrier::new(3)));
        let pool: &'static Pool = Box::leak(Box::new(pool));
        let (handle, deadlocks) = (Arc::new(Mutex::new(None)), Count::new());
        let (barrier, count) = (both.clone(), deadlocks.clone());
        let idles = move || {
            barrier.wait();
            if pool.wait_idle() == Err(IdleError::Deadlock) {
                count.add();
            }
        };
        *handle.lock().unwrap() = Some(pool.submit(idles).expect("room"));
        let (barrier, count, taken) = (both.clone(), deadlocks.clone(), handle.clone());
        let waits = move || {
            barrier.wait();
            let first = taken.lock().unwrap().take().expect("it is there");
            if matches!(first.wait(), Err(JobError::Deadlock)) {
                count.add();
            }
        };
        let waits = pool.submit(waits).expect("room");
        both.wait();
        done(waits).expect("it ends");
        settle(pool);
        assert!(deadlocks.get() <= 1, "one refusal is enough");
    }
}

#[test]
fn a_job_that_blocks_in_submit_beside_one_in_wait_idle_hangs_nobody() {
    for _ in 0..50 {
        let (pool, both, deadlocks) = (pool(2, 2), Arc::new(Barrier::new(2)), Count::new());
        let (inside, barrier, count) = (pool.clone(), both.clone(), deadlocks.clone());
        let idles = move || {
            barrier.wait();
            if inside.wait_idle() == Err(IdleError::Deadlock) {
                count.add();
            }
        };
        let (inside, barrier, count) = (pool.clone(), both, deadlocks.clone());
        let submits = move || {
            barrier.wait();
            match inside.submit_detached(|| ()) {
                Ok(()) => {}
                Err(SubmitError::Deadlock(_)) => count.add(),
                Err(other) => panic!("{other:?}"),
            }
        };
        pool.submit_detached(idles).expect("room");
        pool.submit_detached(submits).expect("room");
        settle(&pool);
        assert!(deadlocks.get() <= 1);
    }
}

#[test]
fn a_shutdown_ends_the_wait() {
    for mode in [ShutdownMode::Drain, ShutdownMode::Discard] {
        for workers in [0, 1, 2] {
            let (pool, ended) = (pool(workers, 64), Count::new());
            for _ in 0..64 {
                let dropped = ended.on_drop();
                pool.submit_detached(move || drop(dropped)).expect("room");
            }
            let (waits, seen) = (pool.clone(), ended.clone());
            let waiter = thread::spawn(move || {
                settle(&waits);
                seen.get()
            });
            pool.shutdown(mode, Some(DEADLINE)).expect("it ends");
            assert_eq!((join(waiter), ended.get()), (64, 64));
            settle(&pool);
        }
    }
}

#[test]
fn a_shutdown_inside_a_job_and_a_wait_in_another_both_return() {
    for _ in 0..50 {
        let (pool, both) = (pool(2, 8), Arc::new(Barrier::new(2)));
        let (inside, barrier) = (pool.clone(), both.clone());
        let closes = move || {
            barrier.wait();
            inside.shutdown(ShutdownMode::Drain, Some(DEADLINE)).is_ok()
        };
        let (inside, barrier) = (pool.clone(), both);
        let waits = move || {
            barrier.wait();
            inside.wait_idle().is_ok()
        };
        let (closes, waits) = (pool.submit(closes).expect("room"), pool.submit(waits).expect("room"));
        assert!(done(closes).expect("it ends") && done(waits).expect("it ends"));
    }
}

#[test]
fn a_parallel_loop_counts_as_long_as_its_helpers_run() {
    let (pool, items) = (pool(2, 8), Count::new());
    let (inside, counted) = (pool.clone(), items.clone());
    let looper = thread::spawn(move || {
        for _ in 0..100 {
            inside.parallel_for(0..64, 1, |share| share.for_each(|_| counted.add()));
        }
    });
    while !looper.is_finished() {
        settle(&pool);
    }
    join(looper);
    assert_eq!(items.get(), 6400);
}

#[test]
fn an_interrupt_ends_the_wait_and_runs_nothing() {
    for workers in [0, 1] {
        let (pool, gate, ran) = (pool(workers, 8), Gate::new(), Count::new());
        let (held, runs) = (gate.clone(), ran.clone());
        let job = move || {
            held.pass();
            runs.add();
        };
        pool.submit_detached(job).expect("room");
        let stop = Interrupt::new();
        pool.raise(&stop);
        assert_eq!(pool.interruptible(&stop, || pool.wait_idle()), Err(IdleError::Interrupted));
        assert_eq!(IdleError::Interrupted.to_string(), "interrupted");
        assert_eq!(ran.get(), 0);
        gate.open();
        settle(&pool);
        // What is so already needs no wait.
        assert_eq!(pool.interruptible(&stop, || pool.wait_idle()), Ok(()));
    }
}
