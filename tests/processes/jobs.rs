//! Jobs that end by themselves, and what a pool can be asked for.

use crate::functions::*;
use crate::stage::{Sign, Test, Way, bytes, is_readable, process, run, take};
use jobring::{ProcessError, ProcessJob, ProcessOutcome, ShutdownMode, TimeLimit};
use std::collections::BTreeSet;
use std::time::Duration;

pub const TESTS: &[Test] = &[
    ("jobs_return_bytes", jobs_return_bytes),
    ("errors_and_panics_are_the_jobs_ends", errors_and_panics_are_the_jobs_ends),
    ("many_jobs_end_once_each", many_jobs_end_once_each),
    ("a_full_pool_takes_no_more_until_an_end_is_taken", a_full_pool_takes_no_more_until_an_end_is_taken),
    ("what_is_no_job_is_refused", what_is_no_job_is_refused),
    ("a_queued_job_is_cancelled", a_queued_job_is_cancelled),
    ("workers_end_after_their_number_of_jobs", workers_end_after_their_number_of_jobs),
    ("workers_have_limits_and_an_initializer", workers_have_limits_and_an_initializer),
    ("an_initializer_that_fails_leaves_no_workers", an_initializer_that_fails_leaves_no_workers),
    ("a_descriptor_says_when_a_job_has_ended", a_descriptor_says_when_a_job_has_ended),
    ("a_pool_drains_and_discards", a_pool_drains_and_discards),
    ("threads_beside_a_pool", threads_beside_a_pool),
];

fn jobs_return_bytes(way: Way) {
    let pool = way.pool(2);
    assert_eq!(run(&pool, ProcessJob::new(REVERSE, b"abc")), ProcessOutcome::Done(b"cba".to_vec()));
    assert_eq!(run(&pool, ProcessJob::new(REVERSE, b"")), ProcessOutcome::Done(Vec::new()));
    let large = vec![7; 4096];
    assert_eq!(run(&pool, ProcessJob::new(REVERSE, &large)), ProcessOutcome::Done(large.clone()));
    let sum = bytes(run(&pool, ProcessJob::new(THREADS, &[200, 100])));
    assert_eq!(sum, 300u64.to_le_bytes());
    assert_ne!(process(&pool), std::process::id());
    let id = pool.submit(&ProcessJob::new(REVERSE, b"xy").tag(99)).expect("a slot");
    let end = take(&pool);
    assert_eq!((end.id, end.tag, end.outcome), (id, 99, ProcessOutcome::Done(b"yx".to_vec())));
    assert_eq!(pool.wait(id, TimeLimit::NONE), Err(ProcessError::NoSuchJob), "it was taken");
}

fn errors_and_panics_are_the_jobs_ends(way: Way) {
    let pool = way.pool(1);
    let before = process(&pool);
    assert_eq!(run(&pool, ProcessJob::new(FAIL, &[100])), ProcessOutcome::Failed(0));
    assert_eq!(run(&pool, ProcessJob::new(FAIL, &[1])), ProcessOutcome::Failed(-99));
    assert_eq!(run(&pool, ProcessJob::new(PANIC, b"")), ProcessOutcome::Panicked);
    assert_eq!(process(&pool), before, "the worker lives");
}

fn many_jobs_end_once_each(way: Way) {
    let pool = way.builder().workers(3).capacity(16).payload(8, 8).build().expect("a pool");
    let (mut submitted, mut ended) = (0u64, BTreeSet::new());
    while ended.len() < 5000 {
        while submitted < 5000 {
            let input = submitted.to_le_bytes();
            match pool.submit_timeout(&ProcessJob::new(REVERSE, &input).tag(submitted), Duration::ZERO) {
                Ok(_) => submitted += 1,
                Err(ProcessError::Full) => break,
                Err(error) => panic!("{error}"),
            }
        }
        let end = take(&pool);
        assert_eq!(end.outcome, ProcessOutcome::Done(end.tag.to_be_bytes().to_vec()));
        assert!(ended.insert(end.tag), "twice: {}", end.tag);
    }
    assert_eq!((pool.stats().in_flight, pool.try_take()), (0, Ok(None)));
}

fn a_full_pool_takes_no_more_until_an_end_is_taken(way: Way) {
    let pool = way.builder().workers(1).capacity(2).build().expect("a pool");
    let job = ProcessJob::new(REVERSE, b"");
    let first = pool.submit(&job).expect("a slot");
    pool.submit(&job).expect("a slot");
    assert_eq!(pool.submit_timeout(&job, Duration::ZERO), Err(ProcessError::Full));
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| pool.submit(&job).expect("a slot in time"));
        pool.wait(first, TimeLimit::NONE).expect("an end");
        let third = waits.join().expect("it returns");
        pool.wait(third, TimeLimit::NONE).expect("an end");
    });
}

fn what_is_no_job_is_refused(way: Way) {
    let pool = way.builder().workers(1).payload(2, 2).build().expect("a pool");
    let refused = pool.submit(&ProcessJob::new(TABLE.len(), b""));
    assert_eq!(refused, Err(ProcessError::NoSuchFunction));
    assert_eq!(pool.submit(&ProcessJob::new(REVERSE, b"123")), Err(ProcessError::TooLarge));
    assert_eq!(pool.try_take(), Ok(None));
    assert_eq!(pool.take(Duration::ZERO), Err(ProcessError::TimedOut));
    let id = pool.submit(&ProcessJob::new(REVERSE, b"12")).expect("a slot");
    pool.wait(id, TimeLimit::NONE).expect("an end");
    for refused in [pool.cancel(id), pool.kill(id)] {
        assert_eq!(refused, Err(ProcessError::NoSuchJob));
    }
    assert!(way.builder().workers(0).build().is_err());
    assert!(way.builder().workers(65).build().is_err());
    assert!(way.builder().capacity(0).build().is_err());
    assert!(way.builder().initializer(TABLE.len()).build().is_err());
    assert!(way.builder().payload(usize::MAX / 2, 0).build().is_err());
}

fn a_queued_job_is_cancelled(way: Way) {
    let (pool, sign) = (way.pool(1), Sign::new("cancel"));
    let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
    sign.seen();
    let queued = [(); 2].map(|()| pool.submit(&ProcessJob::new(REVERSE, b"")).expect("a slot"));
    assert_eq!((pool.cancel(queued[0]), pool.cancel(queued[0])), (Ok(true), Ok(false)));
    assert_eq!(pool.kill(queued[1]), Ok(true), "a kill of a job that has not begun cancels it");
    assert_eq!(pool.cancel(endless), Ok(false), "it runs");
    for id in queued {
        assert_eq!(pool.wait(id, TimeLimit::NONE).expect("an end").outcome, ProcessOutcome::Cancelled);
    }
}

fn workers_end_after_their_number_of_jobs(way: Way) {
    let pool = way.builder().workers(1).jobs_per_worker(3).build().expect("a pool");
    let processes: Vec<u32> = (0..9).map(|_| process(&pool)).collect();
    let distinct: BTreeSet<u32> = processes.iter().copied().collect();
    assert_eq!(distinct.len(), 3, "{processes:?}");
    assert_eq!(pool.stats().deaths, 0);
}

fn workers_have_limits_and_an_initializer(way: Way) {
    const OPEN_FILES_LIMIT: i32 = 7;
    let builder = way.builder().workers(2).initializer(INITIALIZE);
    let pool = builder.resource_limit(OPEN_FILES_LIMIT, 77, 99).build().expect("a pool");
    assert_eq!(bytes(run(&pool, ProcessJob::new(OPEN_FILES, b""))), b"77");
    assert_eq!(bytes(run(&pool, ProcessJob::new(IS_INITIALIZED, b""))), [1]);
    let without = way.pool(1);
    assert_eq!(bytes(run(&without, ProcessJob::new(IS_INITIALIZED, b""))), [0]);
}

fn an_initializer_that_fails_leaves_no_workers(way: Way) {
    let pool = way.builder().workers(2).initializer(PANIC).restarts(2).build().expect("a pool");
    match pool.submit(&ProcessJob::new(REVERSE, b"")) {
        Ok(id) => {
            assert_eq!(pool.wait(id, TimeLimit::NONE).expect("an end").outcome, ProcessOutcome::NoWorkers);
        }
        Err(error) => assert_eq!(error, ProcessError::NoWorkers),
    }
    assert_eq!(pool.submit(&ProcessJob::new(REVERSE, b"")), Err(ProcessError::NoWorkers));
    assert_eq!((pool.stats().workers, pool.stats().deaths), (0, 6), "two workers, three tries each");
    pool.shutdown(ShutdownMode::Drain, TimeLimit::NONE).expect("an end");
}

fn a_descriptor_says_when_a_job_has_ended(way: Way) {
    assert!(way.pool(1).descriptor().is_none(), "nobody asked for it");
    let pool = way.builder().workers(2).descriptor().build().expect("a pool");
    assert_eq!(pool.try_take(), Ok(None));
    for round in 0..100 {
        assert!(!is_readable(&pool, Some(Duration::ZERO)), "round {round}");
        let function = if round % 10 == 0 { EXIT } else { REVERSE };
        pool.submit(&ProcessJob::new(function, &[1])).expect("a slot");
        pool.submit(&ProcessJob::new(REVERSE, &[1])).expect("a slot");
        let mut ended = 0;
        while ended < 2 {
            assert!(is_readable(&pool, None));
            while pool.try_take().expect("the pool is open").is_some() {
                ended += 1;
            }
        }
        // The last take found nothing, but a ring may have been late.
        while is_readable(&pool, Some(Duration::ZERO)) {
            assert_eq!(pool.try_take(), Ok(None));
        }
    }
}

fn a_pool_drains_and_discards(way: Way) {
    let pool = way.pool(2);
    for tag in 0..100 {
        pool.submit(&ProcessJob::new(REVERSE, b"").tag(tag)).expect("a slot");
    }
    pool.shutdown(ShutdownMode::Drain, TimeLimit::NONE).expect("an end");
    assert_eq!(pool.stats().workers, 0);
    assert_eq!(pool.submit(&ProcessJob::new(REVERSE, b"")), Err(ProcessError::Closed));
    let mut ended = 0;
    while let Ok(end) = pool.take(TimeLimit::NONE) {
        assert_eq!(end.outcome, ProcessOutcome::Done(Vec::new()));
        ended += 1;
    }
    assert_eq!((ended, pool.take(TimeLimit::NONE)), (100, Err(ProcessError::Closed)));

    let (pool, sign) = (way.pool(1), Sign::new("discard"));
    let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
    sign.seen();
    let queued = pool.submit(&ProcessJob::new(REVERSE, b"")).expect("a slot");
    assert_eq!(pool.shutdown(ShutdownMode::Discard, Duration::ZERO), Err(ProcessError::TimedOut));
    let end = pool.wait(queued, TimeLimit::NONE).expect("an end");
    assert_eq!(end.outcome, ProcessOutcome::Discarded);
    pool.terminate(TimeLimit::NONE).expect("an end");
    let end = pool.wait(endless, TimeLimit::NONE).expect("an end");
    assert!(matches!(end.outcome, ProcessOutcome::Died(death) if death.status == Some(-9)), "{end:?}");
}

fn threads_beside_a_pool(way: Way) {
    // A copy is made before there are threads; a program that is started once more does not care.
    let early = (way == Way::Fork).then(|| way.pool(2));
    let threads = jobring::Pool::new(2).expect("threads");
    let processes = early.unwrap_or_else(|| way.pool(2));
    std::thread::scope(|scope| {
        for part in 0..4u8 {
            let (threads, processes) = (&threads, &processes);
            scope.spawn(move || {
                for round in 0..50u8 {
                    let both = [part, round];
                    let inner = threads.submit(move || both.map(|byte| byte ^ 1)).expect("a slot");
                    let inner = inner.wait().expect("a result");
                    let outcome = run(processes, ProcessJob::new(REVERSE, &inner));
                    assert_eq!(outcome, ProcessOutcome::Done(vec![round ^ 1, part ^ 1]));
                }
            });
        }
    });
}
