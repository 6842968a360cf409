//! Jobs that do to their worker, or to the shared memory, what no job should do.

use crate::functions::*;
use crate::stage::{
    Sign, Test, VICTIM, Way, bytes, children_of, has_ended, is_readable, process, run, until,
};
use jobring::{ProcessDeathCause, ProcessError, ProcessJob, ProcessOutcome, ShutdownMode, TimeLimit};
use std::process::Command;
use std::time::Duration;

pub const TESTS: &[Test] = &[
    ("a_job_that_returns_in_two_processes_ends_once", a_job_that_returns_in_two_processes_ends_once),
    ("a_worker_without_descriptors_is_replaced", a_worker_without_descriptors_is_replaced),
    ("an_untied_worker_ends_with_the_pools_process", an_untied_worker_ends_with_the_pools_process),
    ("a_worker_writes_only_what_is_its", a_worker_writes_only_what_is_its),
    ("a_report_that_is_lost_delays_a_wait", a_report_that_is_lost_delays_a_wait),
    ("workers_that_leave_an_open_pool_are_noticed", workers_that_leave_an_open_pool_are_noticed),
    ("rubbish_everywhere_is_reported", rubbish_everywhere_is_reported),
    ("rubbish_ends_every_wait", rubbish_ends_every_wait),
];

/// The longest that a test waits for what would never come.
const LONG: Duration = Duration::from_secs(60);

fn a_job_that_returns_in_two_processes_ends_once(way: Way) {
    let pool = way.pool(1);
    let worker = process(&pool);
    for _ in 0..3 {
        let returned = bytes(run(&pool, ProcessJob::new(RETURN_TWICE, b"")));
        assert_eq!(returned, worker.to_le_bytes(), "the end is the worker's, not its child's");
        assert_eq!(process(&pool), worker);
    }
}

fn a_worker_without_descriptors_is_replaced(way: Way) {
    // A time limit counts.
    let pool = way.pool(1);
    assert_eq!(run(&pool, ProcessJob::new(CLOSE_ALL, b"")), ProcessOutcome::Done(Vec::new()));
    let job = ProcessJob::new(ENDLESS, b"").kill_after(Duration::from_millis(2));
    let id = pool.submit(&job).expect("a slot");
    match pool.wait(id, LONG).expect("an end in time").outcome {
        ProcessOutcome::Died(death) => assert_eq!(death.cause, ProcessDeathCause::TimeLimit),
        other => panic!("{other:?}"),
    }
    // The pool's descriptor becomes readable.
    let pool = way.builder().workers(1).descriptor().build().expect("a pool");
    assert_eq!(run(&pool, ProcessJob::new(CLOSE_ALL, b"")), ProcessOutcome::Done(Vec::new()));
    for _ in 0..3 {
        while is_readable(&pool, Some(Duration::ZERO)) {
            assert_eq!(pool.try_take(), Ok(None));
        }
        pool.submit(&ProcessJob::new(REVERSE, b"ab")).expect("a slot");
        until("a take finds the end", || {
            assert!(is_readable(&pool, Some(LONG)), "nobody says that the job has ended");
            pool.try_take().expect("the pool is open").is_some()
        });
    }
}

/// In a process of its own, which will be killed: a worker that sleeps, and one in an endless job. The kernel has forgotten both.
pub fn victim(way: Way, sign: &str) {
    let pool = way.builder().workers(2).initializer(UNTIE).build().expect("a pool");
    let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.as_bytes())).expect("a slot");
    until("the job begins", || std::fs::exists(sign).expect("a folder"));
    assert_eq!(run(&pool, ProcessJob::new(UNTIE, b"")), ProcessOutcome::Done(Vec::new()));
    pool.wait(endless, TimeLimit::NONE).expect("an end");
}

fn an_untied_worker_ends_with_the_pools_process(way: Way) {
    let sign = Sign::new("untied");
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args([VICTIM, &format!("{way:?}"), "untied"]).arg(&sign.0);
    let mut victim = command.spawn().expect("a process");
    sign.seen();
    // The zygote and two workers, one of which sleeps after its job.
    let mut processes = Vec::new();
    until("all of them live, and one sleeps", || {
        processes = children_of(&victim.id().to_string());
        processes.len() == 3 && processes[1..].iter().any(|process| crate::stage::is_in_futex(*process))
    });
    victim.kill().expect("a signal");
    victim.wait().expect("a status");
    for process in processes {
        until("a process of the pool ends", || has_ended(process));
    }
}

fn a_worker_writes_only_what_is_its(way: Way) {
    let pool = way.pool(1);
    match run(&pool, ProcessJob::new(WRITE_PROTECTED, b"")) {
        ProcessOutcome::Died(death) => assert_eq!(death.status, Some(-11)),
        other => panic!("{other:?}"),
    }
    assert_eq!(bytes(run(&pool, ProcessJob::new(REVERSE, b"ab"))), b"ba");
}

fn a_report_that_is_lost_delays_a_wait(way: Way) {
    let (pool, sign) = (way.pool(1), Sign::new("silence"));
    let id = pool.submit(&ProcessJob::new(SILENCE, sign.bytes())).expect("a slot");
    // From here on nothing is queued, which would make the thread look again.
    sign.seen();
    assert_eq!(pool.wait(id, TimeLimit::NONE).expect("an end").outcome, ProcessOutcome::Done(Vec::new()));
}

fn workers_that_leave_an_open_pool_are_noticed(way: Way) {
    let pool = way.pool(2);
    pool.submit(&ProcessJob::new(CLOSE_THE_POOL, b"")).expect("a slot");
    until("the pool says so", || matches!(pool.try_take(), Err(ProcessError::Corrupt(_))));
}

fn rubbish_everywhere_is_reported(way: Way) {
    for seed in 0..12 {
        let pool = way.builder().workers(2).capacity(8).build().expect("a pool");
        let mut jobs = vec![pool.submit(&ProcessJob::new(RUBBISH, &[seed, 0])).expect("a slot")];
        while let Ok(job) = pool.submit_timeout(&ProcessJob::new(WORK, b"ab"), Duration::ZERO) {
            jobs.push(job);
        }
        let ends: Vec<_> = jobs.iter().map(|job| pool.wait(*job, LONG)).collect();
        let is_corrupt = |end: &Result<_, _>| matches!(end, Err(ProcessError::Corrupt(_)));
        assert!(ends.iter().any(is_corrupt), "seed {seed}: {ends:?}");
        assert!(ends.iter().all(|end| end.is_ok() || is_corrupt(end)), "seed {seed}: {ends:?}");
        let shut = pool.shutdown(ShutdownMode::Drain, LONG);
        assert!(matches!(shut, Err(ProcessError::Corrupt(_))), "{shut:?}");
    }
}

fn rubbish_ends_every_wait(way: Way) {
    for seed in [0, 1, 7] {
        let pool = way.builder().workers(2).capacity(2).build().expect("a pool");
        let sign = Sign::new("rubbish");
        let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
        sign.seen();
        // It does not return either, so no worker reports anything.
        let rubbish = pool.submit(&ProcessJob::new(RUBBISH, &[seed, 1])).expect("a slot");
        std::thread::scope(|scope| {
            let all = [
                scope.spawn(|| pool.wait(endless, LONG).map(drop)),
                scope.spawn(|| pool.wait(rubbish, LONG).map(drop)),
                scope.spawn(|| pool.take(LONG).map(drop)),
                scope.spawn(|| pool.submit_timeout(&ProcessJob::new(WORK, b""), LONG).map(drop)),
            ];
            for result in all.map(|thread| thread.join().expect("a result")) {
                assert!(matches!(result, Err(ProcessError::Corrupt(_))), "seed {seed}: {result:?}");
            }
        });
    }
}
