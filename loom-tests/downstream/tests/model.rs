//! The crate's code and the pool in every execution that loom distinguishes.
//!
//!     RUSTFLAGS="--cfg jobring_loom" cargo test --test model
#![cfg(jobring_loom)]

use jobring::{JobError, Pool, ShutdownMode, StaticPool};
use jobring_downstream::{Reading, Sum};
use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! { static EXECUTIONS: Cell<usize> = const { Cell::new(0) }; }

/// `loom::model(program)`, with a bound on preemptions where the environment (LOOM_MAX_PREEMPTIONS) has none.
fn check(bound: usize, program: fn()) {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(bound));
    check_with(&builder, program);
}

/// loom returns from a check that it cut (LOOM_MAX_DURATION, LOOM_MAX_PERMUTATIONS) as from one that it
/// finished. Here a cut check fails: it has judged nothing.
fn check_with(builder: &Builder, program: fn()) {
    let start = Instant::now();
    EXECUTIONS.set(0);
    builder.check(move || {
        EXECUTIONS.set(EXECUTIONS.get() + 1);
        program();
    });
    let name = std::thread::current().name().unwrap_or("?").to_owned();
    let preemptions = builder.preemption_bound;
    let (executions, elapsed) = (EXECUTIONS.get(), start.elapsed());
    println!("model {name}: {executions} executions, {elapsed:.1?}, {preemptions:?}");
    let is_cut = builder.max_duration.is_some_and(|most| elapsed >= most)
        || builder.max_permutations.is_some_and(|most| executions + 1 >= most);
    assert!(!is_cut, "model {name} was cut: it has judged nothing");
}

#[test]
fn a_reading_is_whole_when_it_is_there() {
    check(2, || {
        let pool = Pool::builder().workers(1).capacity(1).build().unwrap();
        let reading = Reading::begin(&pool, || 42);
        if let Some(value) = reading.get() {
            assert_eq!(value, 42, "half a reading");
        }
        drop(pool);
        assert_eq!(reading.get(), Some(42));
    });
}

#[test]
fn a_sum_counts_every_number() {
    check(2, || {
        let pool = Pool::builder().workers(1).capacity(1).build().unwrap();
        assert_eq!(Sum::begin(&pool, &[1, 2]).wait(), 3, "a number is missing");
    });
}

/// Two jobs against each other: one worker is enough, since this thread runs jobs too.
#[test]
fn jobs_of_a_worker_and_of_the_caller_lose_nothing() {
    check(2, || {
        let pool = Pool::builder().workers(1).capacity(2).build().unwrap();
        let sum = Sum::begin(&pool, &[1, 2]);
        pool.run_until_idle();
        assert_eq!(sum.wait(), 3, "a number is missing");
    });
}

#[test]
fn a_job_is_cancelled_or_its_result_comes() {
    check(2, || {
        let pool = Pool::builder().workers(1).capacity(1).build().unwrap();
        let job = pool.submit(|| 7).expect("the pool is open");
        let cancelled = job.cancel();
        match job.wait() {
            Ok(result) => assert!(!cancelled && result == 7),
            Err(error) => assert!(cancelled && matches!(error, JobError::Cancelled)),
        }
    });
}

#[test]
fn a_job_that_is_asked_to_stop_ends() {
    check(2, || {
        let pool = Arc::new(Pool::builder().workers(1).capacity(1).build().unwrap());
        let inside = pool.clone();
        let job = pool.submit(move || {
            while !inside.cancel_requested() {
                loom::thread::yield_now();
            }
        });
        let job = job.expect("the pool is open");
        job.cancel();
        let _ = job.wait();
    });
}

#[test]
fn a_job_waits_for_its_job() {
    check(2, || {
        let pool = Arc::new(Pool::builder().workers(1).capacity(2).build().unwrap());
        let inside = pool.clone();
        let outer = pool.submit(move || inside.submit(|| 6).expect("open").wait().unwrap() * 7);
        assert_eq!(outer.expect("the pool is open").wait().unwrap(), 42);
    });
}

#[test]
fn a_pool_that_is_shut_down_has_run_or_dropped_every_job() {
    check(2, || {
        let pool = Pool::builder().workers(1).capacity(1).build().unwrap();
        let (ran, inside) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
        let (count, held) = (ran.clone(), inside.clone());
        let job = pool.submit(move || {
            drop(held);
            count.fetch_add(1, Relaxed);
        });
        let job = job.expect("the pool is open");
        pool.shutdown(ShutdownMode::Discard, None).expect("no timeout");
        assert_eq!(Arc::strong_count(&inside), 1, "the job is over");
        assert_eq!(job.wait().is_ok(), ran.load(Relaxed) == 1);
    });
}

#[test]
fn a_static_pool_has_the_threads_that_enter_it() {
    check(2, || {
        // Not a static: loom makes its atomics at run time, again for each execution.
        let pool = Arc::new(StaticPool::<1, 1, 48>::new());
        let worker = loom::thread::spawn({
            let pool = pool.clone();
            move || pool.enter_worker()
        });
        assert_eq!(pool.submit(|| 42).expect("the pool is open").wait().unwrap(), 42);
        pool.shutdown(ShutdownMode::Drain, None).expect("no timeout");
        assert!(worker.join().unwrap());
    });
}

#[test]
#[should_panic(expected = "a bug in a job")]
fn a_job_that_panics_fails_the_model() {
    check(2, || {
        let pool = Arc::new(StaticPool::<2, 1, 48>::new());
        // The closer runs it, inside of the pool, and unwinds with the handle alive.
        let _job = pool.submit(|| -> usize { panic!("a bug in a job") });
        let _ = pool.shutdown(ShutdownMode::Drain, None);
    });
}

/// A flag that is seen before what it announces, in an order that is not the first that loom tries.
fn announces_too_early() {
    let (value, ready) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let theirs = (value.clone(), ready.clone());
    let other = loom::thread::spawn(move || {
        theirs.0.store(42, Relaxed);
        theirs.1.store(1, Relaxed);
    });
    if ready.load(Relaxed) == 1 {
        assert_eq!(value.load(Relaxed), 42, "announced too early");
    }
    other.join().unwrap();
}

#[test]
#[should_panic(expected = "was cut")]
fn a_check_that_was_cut_does_not_pass() {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(2);
    (builder.max_duration, builder.checkpoint_interval) = (Some(Duration::ZERO), 2);
    // loom itself says nothing, though it has not come to the execution that fails.
    builder.check(announces_too_early);
    check_with(&builder, announces_too_early);
}

#[test]
#[should_panic(expected = "announced too early")]
fn a_check_that_was_not_cut_finds_what_that_one_missed() {
    check(2, announces_too_early);
}
