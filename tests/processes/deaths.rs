//! Workers that die, and what that costs.

use crate::functions::*;
use crate::stage::{Sign, Test, Way, children, process, run, take, until};
use jobring::{
    ProcessDeath, ProcessDeathCause, ProcessError, ProcessJob, ProcessOutcome, ShutdownMode, TimeLimit,
};
use std::time::Duration;

pub const TESTS: &[Test] = &[
    ("a_death_costs_its_job_and_says_how", a_death_costs_its_job_and_says_how),
    ("a_job_that_eats_memory_dies_alone", a_job_that_eats_memory_dies_alone),
    ("other_jobs_do_not_notice_a_death", other_jobs_do_not_notice_a_death),
    ("a_job_in_the_queue_of_a_dead_worker_runs", a_job_in_the_queue_of_a_dead_worker_runs),
    ("an_endless_job_is_killed_by_its_limit", an_endless_job_is_killed_by_its_limit),
    ("a_limit_comes_beside_many_short_jobs", a_limit_comes_beside_many_short_jobs),
    ("an_endless_job_is_killed_by_hand", an_endless_job_is_killed_by_hand),
    ("a_limit_counts_from_the_begin", a_limit_counts_from_the_begin),
    ("an_idle_worker_that_is_killed_is_replaced", an_idle_worker_that_is_killed_is_replaced),
    ("a_worker_that_is_stopped_stops_nobody", a_worker_that_is_stopped_stops_nobody),
    ("wild_writes_are_reported", wild_writes_are_reported),
];

/// What a death must be.
fn died(outcome: ProcessOutcome) -> ProcessDeath {
    match outcome {
        ProcessOutcome::Died(death) => death,
        other => panic!("{other:?}"),
    }
}

fn a_death_costs_its_job_and_says_how(way: Way) {
    let pool = way.pool(2);
    let deaths: [(usize, &[u8], i32); 10] = [
        (SIGNAL, &[9], -9),
        (SIGNAL, &[15], -15),
        (SIGNAL, &[11], -11),
        (SIGNAL, &[4], -4),
        (SIGNAL, &[8], -8),
        (EXIT, &[3], 3),
        (EXIT, &[0], 0),
        (ABORT, &[], -6),
        (FAULT, &[], -11),
        (TOO_LONG, &[], -6),
    ];
    for (function, input, status) in deaths {
        let death = died(run(&pool, ProcessJob::new(function, input)));
        assert_eq!((death.status, death.cause), (Some(status), ProcessDeathCause::Itself));
        assert_eq!(run(&pool, ProcessJob::new(REVERSE, b"ab")), ProcessOutcome::Done(b"ba".to_vec()));
    }
}

fn a_job_that_eats_memory_dies_alone(way: Way) {
    const ADDRESS_SPACE: i32 = 9;
    let builder = way.builder().workers(1).resource_limit(ADDRESS_SPACE, 1 << 30, 1 << 30);
    let pool = builder.build().expect("a pool");
    assert_eq!(died(run(&pool, ProcessJob::new(ALLOCATE, b""))).status, Some(-6));
    assert_eq!(run(&pool, ProcessJob::new(REVERSE, b"ab")), ProcessOutcome::Done(b"ba".to_vec()));
}

fn other_jobs_do_not_notice_a_death(way: Way) {
    let pool = way.builder().workers(3).capacity(512).build().expect("a pool");
    for tag in 0..300u64 {
        let job = match tag % 10 {
            0 => ProcessJob::new(SIGNAL, &[9]),
            1 => ProcessJob::new(EXIT, &[3]),
            _ => ProcessJob::new(REVERSE, b"abc"),
        };
        pool.submit(&job.tag(tag)).expect("a slot");
    }
    for _ in 0..300 {
        let end = take(&pool);
        match end.tag % 10 {
            0 => assert_eq!(died(end.outcome).status, Some(-9)),
            1 => assert_eq!(died(end.outcome).status, Some(3)),
            _ => assert_eq!(end.outcome, ProcessOutcome::Done(b"cba".to_vec())),
        }
    }
    assert_eq!(pool.stats().deaths, 60);
}

fn a_job_in_the_queue_of_a_dead_worker_runs(way: Way) {
    let (pool, sign) = (way.pool(1), Sign::new("queued"));
    let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
    let queued = pool.submit(&ProcessJob::new(REVERSE, b"ab")).expect("a slot");
    send(sign.seen(), 9);
    assert_eq!(died(pool.wait(endless, TimeLimit::NONE).expect("an end").outcome).status, Some(-9));
    let end = pool.wait(queued, TimeLimit::NONE).expect("an end");
    assert_eq!(end.outcome, ProcessOutcome::Done(b"ba".to_vec()));
}

fn an_endless_job_is_killed_by_its_limit(way: Way) {
    let pool = way.pool(2);
    for _ in 0..20 {
        let job = ProcessJob::new(ENDLESS, b"").kill_after(Duration::from_millis(2));
        let death = died(run(&pool, job));
        assert_eq!((death.status, death.cause), (Some(-9), ProcessDeathCause::TimeLimit));
    }
    // A limit that is not reached changes nothing.
    let job = ProcessJob::new(REVERSE, b"ab").kill_after(Duration::from_secs(3600));
    for _ in 0..100 {
        assert_eq!(run(&pool, job), ProcessOutcome::Done(b"ba".to_vec()));
    }
}

/// Each short job has a limit of its own, and wakes the thread that watches limits.
fn a_limit_comes_beside_many_short_jobs(way: Way) {
    const LIMITED: u64 = 1;
    let pool = way.pool(2);
    let endless = ProcessJob::new(ENDLESS, b"").kill_after(Duration::from_millis(5)).tag(LIMITED);
    pool.submit(&endless).expect("a slot");
    let short = ProcessJob::new(REVERSE, b"ab").kill_after(Duration::from_secs(3600));
    for _ in 0..16 {
        pool.submit(&short).expect("a slot");
    }
    until("the endless job is killed", || {
        let end = take(&pool);
        if end.tag == LIMITED {
            return died(end.outcome).cause == ProcessDeathCause::TimeLimit;
        }
        pool.submit(&short).expect("a slot");
        false
    });
}

fn an_endless_job_is_killed_by_hand(way: Way) {
    let (pool, sign) = (way.pool(2), Sign::new("hand"));
    let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
    sign.seen();
    assert_eq!(pool.kill(endless), Ok(true));
    let death = died(pool.wait(endless, TimeLimit::NONE).expect("an end").outcome);
    assert_eq!((death.status, death.cause), (Some(-9), ProcessDeathCause::Killed));
    // At any moment of a job: it is cancelled, killed, or has ended.
    for round in 0..200 {
        let id = pool.submit(&ProcessJob::new(ENDLESS, b"")).expect("a slot");
        for _ in 0..round * 50 {
            std::hint::spin_loop();
        }
        assert_eq!(pool.kill(id), Ok(true));
        match pool.wait(id, TimeLimit::NONE).expect("an end").outcome {
            ProcessOutcome::Cancelled => {}
            other => assert_eq!(died(other).status, Some(-9)),
        }
    }
}

fn a_limit_counts_from_the_begin(way: Way) {
    let (pool, sign) = (way.pool(1), Sign::new("begin"));
    let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
    // It waits in the queue for longer than its limit.
    let limit = Duration::from_secs(2);
    let queued = pool.submit(&ProcessJob::new(REVERSE, b"ab").kill_after(limit)).expect("a slot");
    sign.seen();
    assert_eq!(pool.wait(queued, limit + Duration::from_millis(100)), Err(ProcessError::TimedOut));
    pool.kill(endless).expect("a job");
    let end = pool.wait(queued, TimeLimit::NONE).expect("an end");
    assert_eq!(end.outcome, ProcessOutcome::Done(b"ba".to_vec()));
}

fn an_idle_worker_that_is_killed_is_replaced(way: Way) {
    let pool = way.pool(1);
    for _ in 0..20 {
        let before = process(&pool);
        send(before, 9);
        until("the death is noticed", || !children().contains(&before));
        assert_ne!(process(&pool), before);
    }
    assert_eq!(pool.stats().deaths, 20);
}

fn a_worker_that_is_stopped_stops_nobody(way: Way) {
    let (pool, sign) = (way.pool(2), Sign::new("stopped"));
    let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
    let stopped = sign.seen();
    send(stopped, 19);
    for _ in 0..100 {
        assert_eq!(run(&pool, ProcessJob::new(REVERSE, b"ab")), ProcessOutcome::Done(b"ba".to_vec()));
    }
    // One that is stopped while it sleeps: the other one is woken too.
    pool.kill(endless).expect("a job");
    assert_eq!(died(pool.wait(endless, TimeLimit::NONE).expect("an end").outcome).status, Some(-9));
    let sleeper = process(&pool);
    send(sleeper, 19);
    for _ in 0..10 {
        assert_eq!(run(&pool, ProcessJob::new(REVERSE, b"ab")), ProcessOutcome::Done(b"ba".to_vec()));
    }
    // One that is stopped while a thread waits for a job that comes later.
    let taken = std::thread::scope(|scope| {
        let taker = scope.spawn(|| take(&pool));
        for _ in 0..100 {
            std::thread::yield_now();
        }
        pool.submit(&ProcessJob::new(REVERSE, b"cd")).expect("a slot");
        taker.join().expect("no panic")
    });
    assert_eq!(taken.outcome, ProcessOutcome::Done(b"dc".to_vec()));
    let shut = pool.shutdown(ShutdownMode::Drain, Duration::from_millis(10));
    assert_eq!(shut, Err(ProcessError::TimedOut), "it does not leave");
    pool.terminate(TimeLimit::NONE).expect("an end");
}

fn wild_writes_are_reported(way: Way) {
    let pool = way.builder().workers(1).capacity(2).build().expect("a pool");
    pool.submit(&ProcessJob::new(WILD, b"")).expect("a slot");
    assert!(matches!(pool.take(TimeLimit::NONE), Err(ProcessError::Corrupt(_))));
    assert!(matches!(pool.submit(&ProcessJob::new(REVERSE, b"")), Err(ProcessError::Corrupt(_))));
    let shut = pool.shutdown(ShutdownMode::Drain, TimeLimit::NONE);
    assert!(matches!(shut, Err(ProcessError::Corrupt(_))));
}
