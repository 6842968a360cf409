//! Shuts pools down: drained, discarded, timed out, from any thread, several times at once.
#![cfg(feature = "std")]

mod common;

use common::{Barrier, Count, DEADLINE, Gate, done, join, occupy, until};
use jobring::{JobError, Pool, ShutdownMode, ShutdownReport, SubmitError};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

fn pool(workers: usize, capacity: usize) -> Arc<Pool> {
    Arc::new(Pool::builder().workers(workers).capacity(capacity).build().expect("a pool"))
}

fn end(pool: &Pool, queued: ShutdownMode) -> ShutdownReport {
    pool.shutdown(queued, Some(DEADLINE)).unwrap_or_else(|left| panic!("never quiescent: {left:?}"))
}

#[test]
fn drain_runs_what_is_queued() {
    for workers in [0, 1, 2] {
        let (pool, ran) = (pool(workers, 100), Count::new());
        for _ in 0..100 {
            let ran = ran.clone();
            pool.submit_detached(move || ran.add()).expect("room");
        }
        assert_eq!(end(&pool, ShutdownMode::Drain), ShutdownReport::default());
        assert_eq!(ran.get(), 100);
        assert_eq!(end(&pool, ShutdownMode::Drain), ShutdownReport::default(), "again");
    }
}

#[test]
fn discard_drops_once_what_has_not_begun() {
    for workers in [0, 1, 2] {
        let (pool, ran, dropped) = (pool(workers, 100), Count::new(), Count::new());
        let gate = occupy(&pool, workers);
        let mut jobs = Vec::new();
        for n in 0..90 {
            let (ran, dropped) = (ran.clone(), dropped.on_drop());
            let job = move || {
                ran.add();
                drop(dropped);
            };
            if n % 2 == 0 {
                pool.submit_detached(job).expect("room");
            } else {
                jobs.push(pool.submit(job).expect("room"));
            }
        }
        let left = pool.shutdown(ShutdownMode::Discard, Some(Duration::ZERO));
        if workers > 0 {
            // Those that run are not dropped.
            let left = left.expect_err("some run").report();
            assert_eq!((left.queued(), left.running(), left.submitting()), (0, workers, 0));
        }
        assert_eq!((ran.get(), dropped.get()), (0, 90), "before the call returns");
        gate.open();
        let report = end(&pool, ShutdownMode::Drain);
        assert_eq!((report.queued(), report.running(), report.submitting()), (0, 0, 0));
        assert_eq!(report.untaken(), 45);
        for job in jobs {
            assert!(matches!(done(job), Err(JobError::Cancelled)));
        }
        assert_eq!(end(&pool, ShutdownMode::Discard), ShutdownReport::default());
        assert_eq!((ran.get(), dropped.get()), (0, 90));
    }
}

#[test]
fn a_shutdown_that_times_out_says_what_is_left_and_can_be_repeated() {
    let pool = pool(1, 8);
    let gate = occupy(&pool, 1);
    let ran = Count::new();
    for _ in 0..2 {
        let ran = ran.clone();
        pool.submit_detached(move || ran.add()).expect("room");
    }
    for limit in [Duration::ZERO, Duration::from_millis(2)] {
        let error = pool.shutdown(ShutdownMode::Drain, Some(limit)).expect_err("one runs");
        let left = error.report();
        assert_eq!((left.queued(), left.running(), left.submitting(), left.untaken()), (2, 1, 0, 0));
        assert_eq!(error.to_string(), "the pool is not empty: 2 jobs are queued, 1 run");
    }
    assert!(matches!(pool.try_submit(|| ()), Err(SubmitError::Shutdown(_))), "it stays closed");
    gate.open();
    assert_eq!(end(&pool, ShutdownMode::Drain), ShutdownReport::default());
    assert_eq!(ran.get(), 2);
}

#[test]
fn a_drain_may_become_a_discard() {
    let (pool, dropped) = (pool(1, 8), Count::new());
    let gate = occupy(&pool, 1);
    let guard = dropped.on_drop();
    let job = pool.submit(move || drop(guard)).expect("room");
    assert!(pool.shutdown(ShutdownMode::Drain, Some(Duration::ZERO)).is_err());
    assert_eq!(dropped.get(), 0);
    assert!(pool.shutdown(ShutdownMode::Discard, Some(Duration::ZERO)).is_err(), "one runs");
    assert_eq!(dropped.get(), 1);
    assert!(matches!(done(job), Err(JobError::Cancelled)));
    gate.open();
    end(&pool, ShutdownMode::Drain);
}

#[test]
fn several_may_close_at_once() {
    for round in 0..200 {
        let (pool, over) = (pool(1 + round % 2, 16), Count::new());
        let line = Arc::new(Barrier::new(4));
        for _ in 0..16 {
            let guard = over.on_drop();
            pool.submit_detached(move || drop(guard)).expect("room");
        }
        let closers: Vec<_> = (0..4)
            .map(|n| {
                let (pool, line) = (pool.clone(), line.clone());
                thread::spawn(move || {
                    line.wait();
                    let queued =
                        if round % 3 == 0 && n == 1 { ShutdownMode::Discard } else { ShutdownMode::Drain };
                    end(&pool, queued)
                })
            })
            .collect();
        for closer in closers {
            assert_eq!(join(closer), ShutdownReport::default());
        }
        assert_eq!(over.get(), 16);
    }
}

#[test]
fn a_job_may_close_its_pool() {
    for workers in [0, 1, 2, 4] {
        let (pool, ran) = (pool(workers, 64), Count::new());
        let (inside, count) = (pool.clone(), ran.clone());
        // Only its own job is left, which it does not wait for.
        let closes = pool.submit(move || {
            for _ in 0..20 {
                let count = count.clone();
                inside.submit_detached(move || count.add()).expect("room");
            }
            let report = inside.shutdown(ShutdownMode::Drain, Some(DEADLINE));
            Box::new((report, count.get(), inside.try_submit(|| ()).is_err()))
        });
        let closes = closes.expect("room");
        if workers == 0 {
            assert!(pool.run_one());
        }
        let (report, ran, refused) = *done(closes).expect("a report");
        let report = report.expect("quiescent");
        assert_eq!((report.queued(), report.submitting(), report.running()), (0, 0, 1), "itself");
        assert!(ran == 20 && refused);
        assert_eq!(end(&pool, ShutdownMode::Drain), ShutdownReport::default());
    }
}

#[test]
fn all_workers_may_close_at_once() {
    for round in 0..50 {
        const WORKERS: usize = 3;
        let (pool, ran) = (pool(WORKERS, 32), Count::new());
        let line = Arc::new(Barrier::new(WORKERS));
        let closers: Vec<_> = (0..WORKERS)
            .map(|n| {
                let (inside, line) = (pool.clone(), line.clone());
                let job = move || {
                    line.wait();
                    let queued =
                        if round % 4 == 3 && n == 0 { ShutdownMode::Discard } else { ShutdownMode::Drain };
                    inside.shutdown(queued, Some(DEADLINE)).is_ok()
                };
                pool.submit(job).expect("room")
            })
            .collect();
        let mut accepted = 0;
        for _ in 0..20 {
            let guard = ran.on_drop();
            // It may be closed by now.
            accepted += usize::from(pool.submit_detached(move || drop(guard)).is_ok());
        }
        for closer in closers {
            assert!(done(closer).expect("an answer"), "quiescent except for the closers themselves");
        }
        assert_eq!(end(&pool, ShutdownMode::Drain), ShutdownReport::default());
        assert!(accepted <= 20 && ran.get() == 20, "{accepted} accepted, {} over", ran.get());
    }
}

#[test]
fn blocked_submitters_come_back() {
    for round in 0..100 {
        let pool = pool(1, 2);
        let gate = occupy(&pool, 1);
        let fills = Count::new();
        let count = fills.clone();
        pool.try_submit_detached(move || count.add()).expect("room");
        let line = Arc::new(Barrier::new(4));
        let blocked: Vec<_> = (0..3)
            .map(|n| {
                let (pool, line, handed_back) = (pool.clone(), line.clone(), Count::new());
                thread::spawn(move || {
                    let guard = handed_back.on_drop();
                    line.wait();
                    let job = move || drop(guard);
                    let outcome = match n {
                        0 => pool
                            .submit_detached(job)
                            .map_err(|error| matches!(error, SubmitError::Shutdown(_))),
                        1 => pool
                            .submit(job)
                            .map(drop)
                            .map_err(|error| matches!(error, SubmitError::Shutdown(_))),
                        _ => pool
                            .submit_timeout(job, DEADLINE)
                            .map(drop)
                            .map_err(|error| matches!(error, SubmitError::Shutdown(_))),
                    };
                    (outcome, handed_back.get())
                })
            })
            .collect();
        line.wait();
        (0..round * 10).for_each(|_| std::hint::spin_loop());
        assert!(pool.shutdown(ShutdownMode::Drain, Some(Duration::ZERO)).is_err(), "one runs");
        for submitter in blocked {
            let (outcome, dropped) = join(submitter);
            assert_eq!(outcome, Err(true), "refused because of the shutdown");
            assert_eq!(dropped, 1, "with the error");
        }
        gate.open();
        end(&pool, ShutdownMode::Drain);
        assert_eq!(fills.get(), 1);
    }
}

#[test]
fn a_closed_pool_refuses_every_submit_and_hands_the_closure_back() {
    let (pool, called) = (pool(1, 4), Count::new());
    end(&pool, ShutdownMode::Drain);
    let job = || {
        let called = called.clone();
        move || called.add()
    };
    macro_rules! refused {
        ($($outcome:expr),*) => { $(
            let Err(error) = $outcome else { panic!("it is closed") };
            assert_eq!(error.to_string(), "the pool is shut down");
            let SubmitError::Shutdown(job) = error else { panic!("it is closed") };
            job();
        )* };
    }
    refused!(
        pool.submit(job()),
        pool.try_submit(job()),
        pool.submit_timeout(job(), DEADLINE),
        pool.submit_or_run(job()),
        pool.submit_detached(job()),
        pool.try_submit_detached(job())
    );
    assert_eq!(called.get(), 6);
    assert!(!pool.run_one());
    assert_eq!(pool.run_until_idle(), 0);
}

#[test]
fn submits_that_race_a_shutdown_are_refused_or_over_when_it_returns() {
    for round in 0..300 {
        let (pool, over) = (pool(1 + round % 2, 8), Count::new());
        let line = Arc::new(Barrier::new(3));
        let submitters: Vec<_> = (0..2)
            .map(|_| {
                let (pool, line, over) = (pool.clone(), line.clone(), over.clone());
                thread::spawn(move || {
                    line.wait();
                    let accepts = || {
                        let over = over.clone();
                        pool.submit_detached(move || over.add()).is_ok()
                    };
                    (0..).take_while(|_| accepts()).count()
                })
            })
            .collect();
        line.wait();
        (0..round).for_each(|_| std::hint::spin_loop());
        assert_eq!(end(&pool, ShutdownMode::Drain), ShutdownReport::default());
        let over_by_then = over.get();
        let accepted: usize = submitters.into_iter().map(join).sum();
        assert_eq!(over_by_then, accepted);
    }
}

#[test]
fn a_pool_dropped_by_its_own_job_drains_and_its_workers_end() {
    let ended = Count::new();
    for round in 0..20 {
        let (gate, ran, stops) = (Gate::new(), Count::new(), ended.clone());
        let pool = Arc::new(
            Pool::builder().workers(2).capacity(16).on_stop(move |_| stops.add()).build().expect("a pool"),
        );
        let (last, pass, count) = (pool.clone(), gate.clone(), ran.clone());
        let drops = move || {
            pass.pass();
            drop(last);
            count.add();
        };
        pool.submit_detached(drops).expect("room");
        for _ in 0..10 {
            let ran = ran.clone();
            pool.submit_detached(move || ran.add()).expect("room");
        }
        drop(pool);
        gate.open();
        until("all have run", || ran.get() == 11);
        until("the workers have ended", || ended.get() == 2 * (round + 1));
    }
}

#[test]
fn dropping_a_pool_drains_it() {
    for workers in [0, 1, 2] {
        let ran = Count::new();
        let pool = Pool::builder().workers(workers).capacity(50).build().expect("a pool");
        for _ in 0..50 {
            let ran = ran.clone();
            pool.submit_detached(move || ran.add()).expect("room");
        }
        drop(pool);
        assert_eq!(ran.get(), 50, "with {workers} workers");
    }
}

#[test]
fn a_shutdown_outside_waits_for_a_job_that_is_inside_a_shutdown() {
    for _ in 0..100 {
        let (pool, ended) = (pool(2, 8), Count::new());
        let gate = occupy(&pool, 1);
        let (inside, closing, counted) = (pool.clone(), Count::new(), ended.clone());
        let closes = closing.clone();
        let closer = move || {
            closes.add();
            end(&inside, ShutdownMode::Drain);
            // A shutdown that took this job's shutdown for its end would return while this goes on.
            (0..100).for_each(|_| thread::yield_now());
            counted.add();
        };
        pool.submit_detached(closer).expect("room");
        until("the job is inside", || closing.get() == 1);
        let outside = {
            let (pool, ended) = (pool.clone(), ended.clone());
            thread::spawn(move || {
                end(&pool, ShutdownMode::Drain);
                ended.get()
            })
        };
        gate.open();
        assert_eq!(join(outside), 1);
    }
}
