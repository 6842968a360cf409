//! A system that gives no more descriptors, little memory, or many signals; and threads that wait while the pool ends.

use crate::functions::*;
use crate::stage::{Sign, Test, Way, bytes, children, open_files, process, run, until};
use jobring::{ProcessError, ProcessJob, ProcessOutcome, ProcessPoolError, ShutdownMode, TimeLimit};
use std::time::Duration;

pub const TESTS: &[Test] = &[
    ("a_worker_lives_although_there_is_no_descriptor_for_it", a_worker_lives_without_a_descriptor),
    ("a_pool_is_made_whole_or_not_at_all", a_pool_is_made_whole_or_not_at_all),
    ("more_memory_than_there_is_is_an_error", more_memory_than_there_is_is_an_error),
    ("a_small_stack_is_enough", a_small_stack_is_enough),
    ("a_child_of_the_program_has_no_pool", a_child_of_the_program_has_no_pool),
    ("a_shutdown_ends_every_wait", a_shutdown_ends_every_wait),
    ("cancelled_jobs_hold_no_slots", cancelled_jobs_hold_no_slots),
    ("a_pool_that_stands_idle_sleeps", a_pool_that_stands_idle_sleeps),
    ("stopped_workers_delay_no_end_of_the_pool", stopped_workers_delay_no_end_of_the_pool),
];

#[repr(C)]
struct Limit {
    soft: u64,
    hard: u64,
}

unsafe extern "C" {
    fn getrlimit(resource: i32, limit: *mut Limit) -> i32;
    fn setrlimit(resource: i32, limit: *const Limit) -> i32;
    fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(code: i32) -> !;
}

/// From here on new descriptors have numbers below this. Returns what it was.
fn limit_descriptors(soft: u64) -> u64 {
    const OPEN_FILES: i32 = 7;
    let mut limit = Limit { soft: 0, hard: 0 };
    // SAFETY:
    // - writable.
    unsafe { getrlimit(OPEN_FILES, &raw mut limit) };
    let before = std::mem::replace(&mut limit.soft, soft);
    // SAFETY:
    // - readable.
    unsafe { setrlimit(OPEN_FILES, &raw const limit) };
    before
}

fn a_worker_lives_without_a_descriptor(way: Way) {
    let pool = way.pool(1);
    let first = process(&pool);
    let before = limit_descriptors(3);
    send(first, 9);
    // Its successor works, although the pool can't watch it.
    let ends: Vec<_> = (0..10)
        .map(|_| {
            let id = pool.submit(&ProcessJob::new(PROCESS, b"")).expect("a slot");
            pool.wait(id, Duration::from_secs(60))
        })
        .collect();
    let exits = pool.submit(&ProcessJob::new(EXIT, &[3]));
    limit_descriptors(before);
    let ends: Vec<_> = ends.into_iter().map(|end| bytes(end.expect("an end").outcome)).collect();
    assert!(ends.iter().all(|process| *process == ends[0]), "{ends:?}");
    assert_ne!(ends[0], first.to_le_bytes());
    match pool.wait(exits.expect("a slot"), TimeLimit::NONE).expect("an end").outcome {
        ProcessOutcome::Died(death) => assert_eq!(death.status, Some(3)),
        other => panic!("{other:?}"),
    }
    process(&pool);
    assert_eq!(children().len(), 2, "the zygote and one worker");
}

/// Makes pools while there are fewer and fewer descriptors.
fn make_with_few_descriptors(way: Way) {
    let files = open_files();
    let mut made = 0;
    for soft in 3..40 {
        let before = limit_descriptors(soft);
        let built = way.builder().workers(1).descriptor().build();
        limit_descriptors(before);
        made += u64::from(built.is_ok());
        drop(built);
        assert_eq!((children(), open_files()), (Vec::new(), files), "with {soft} descriptors");
    }
    assert!((1..37).contains(&made));
}

fn a_pool_is_made_whole_or_not_at_all(way: Way) {
    make_with_few_descriptors(way);
    // In a process with threads a copy is made in another way.
    std::thread::scope(|scope| {
        let beside = scope.spawn(std::thread::park);
        make_with_few_descriptors(way);
        beside.thread().unpark();
    });
}

fn more_memory_than_there_is_is_an_error(way: Way) {
    for (capacity, payload) in [(1, 1 << 44), (1 << 20, 1 << 24), (1 << 31, 1 << 20)] {
        let built = way.builder().workers(1).capacity(capacity).payload(payload, 0).build();
        let Err(ProcessPoolError::System(error)) = built else { panic!("{built:?}") };
        assert_eq!(error.kind(), std::io::ErrorKind::OutOfMemory);
    }
    // Nothing is a payload too.
    let pool = way.builder().workers(1).capacity(1).payload(0, 0).build().expect("a pool");
    assert_eq!(bytes(run(&pool, ProcessJob::new(REVERSE, b""))), b"");
}

fn a_small_stack_is_enough(way: Way) {
    for size in [0, 1, 16 << 10] {
        let pool = way.builder().workers(1).stack_size(size).build().expect("a pool");
        assert_eq!(bytes(run(&pool, ProcessJob::new(REVERSE, b"ab"))), b"ba");
        assert!(matches!(run(&pool, ProcessJob::new(EXIT, &[3])), ProcessOutcome::Died(_)));
        assert_eq!(bytes(run(&pool, ProcessJob::new(REVERSE, b"ab"))), b"ba");
    }
    assert!(way == Way::Spawn || way.builder().stack_size(usize::MAX).build().is_err());
}

fn a_child_of_the_program_has_no_pool(way: Way) {
    let pool = way.pool(1);
    let id = pool.submit(&ProcessJob::new(REVERSE, b"")).expect("a slot");
    until("a worker lives", || pool.stats().workers == 1);
    // SAFETY:
    // - the child uses no lock that another thread may hold.
    let child = unsafe { fork() };
    if child == 0 {
        let results = [
            pool.cancel(id).map(drop),
            pool.kill(id).map(drop),
            pool.submit(&ProcessJob::new(REVERSE, b"")).map(drop),
            pool.wait(id, TimeLimit::NONE).map(drop),
            pool.take(TimeLimit::NONE).map(drop),
            pool.shutdown(ShutdownMode::Drain, TimeLimit::NONE),
        ];
        let refused = results.iter().all(|result| *result == Err(ProcessError::Forked));
        let stats = pool.stats();
        let code = i32::from(!refused) | i32::from(stats.workers + stats.in_flight > 0) << 1;
        drop(pool);
        // SAFETY:
        // - has no preconditions.
        unsafe { _exit(code) };
    }
    let mut status = -1;
    // SAFETY:
    // - writable.
    unsafe { waitpid(child, &raw mut status, 0) };
    assert_eq!(status, 0);
    pool.wait(id, TimeLimit::NONE).expect("an end");
}

fn a_shutdown_ends_every_wait(way: Way) {
    for round in 0..10 {
        let pool = way.builder().workers(1).capacity(2).build().expect("a pool");
        let sign = Sign::new("waits");
        let endless = pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
        sign.seen();
        let queued = pool.submit(&ProcessJob::new(REVERSE, b"")).expect("a slot");
        let pool = &pool;
        std::thread::scope(|scope| {
            let waits = [endless, queued].map(|id| scope.spawn(move || pool.wait(id, TimeLimit::NONE)));
            let submits = [(); 2].map(|()| scope.spawn(|| pool.submit(&ProcessJob::new(REVERSE, b""))));
            let shutdowns =
                [(); 2].map(|()| scope.spawn(|| pool.shutdown(ShutdownMode::Discard, TimeLimit::NONE)));
            for _ in 0..round * 1000 {
                std::hint::spin_loop();
            }
            pool.terminate(TimeLimit::NONE).expect("an end");
            for wait in waits {
                wait.join().expect("a result").expect("an end");
            }
            for submit in submits {
                // One may have got the slot of the job that was taken.
                let _refused_or_discarded = submit.join().expect("a result");
            }
            for shutdown in shutdowns {
                assert_eq!(shutdown.join().expect("a result"), Ok(()));
            }
            let takes = [(); 2].map(|()| scope.spawn(|| while pool.take(TimeLimit::NONE).is_ok() {}));
            for take in takes {
                take.join().expect("a result");
            }
        });
        assert_eq!(pool.take(TimeLimit::NONE), Err(ProcessError::Closed));
    }
}

fn cancelled_jobs_hold_no_slots(way: Way) {
    let pool = way.builder().workers(1).capacity(4).build().expect("a pool");
    let sign = Sign::new("slots");
    pool.submit(&ProcessJob::new(ENDLESS, sign.bytes())).expect("a slot");
    sign.seen();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let submit = || pool.submit_timeout(&ProcessJob::new(REVERSE, b""), Duration::ZERO).expect("a slot");
        let queued = [(); 3].map(|()| submit());
        for at in order {
            assert_eq!(pool.cancel(queued[at]), Ok(true));
            pool.wait(queued[at], TimeLimit::NONE).expect("an end");
        }
    }
}

/// How often the threads of these processes have gone to sleep.
fn sleeps(processes: &[u32]) -> Vec<String> {
    let mut all = Vec::new();
    for process in processes {
        let folder = format!("/proc/{process}/task");
        for task in std::fs::read_dir(folder).expect("the threads") {
            let status = std::fs::read_to_string(task.expect("a thread").path().join("status"));
            let status = status.expect("a status");
            let lines = status.lines().filter(|line| line.contains("voluntary_ctxt_switches"));
            all.push(lines.collect::<Vec<_>>().join(" "));
        }
    }
    all
}

fn a_pool_that_stands_idle_sleeps(way: Way) {
    let idle = way.builder().workers(3).descriptor().build().expect("a pool");
    for _ in 0..30 {
        let job = ProcessJob::new(WORK, b"ab").kill_after(Duration::from_secs(3600));
        assert_eq!(bytes(run(&idle, job)), b"ba");
    }
    until("all live", || idle.stats().workers == 3);
    let processes = children();
    let mut before = sleeps(&processes);
    until("all sleep", || {
        (0..100).for_each(|_| std::thread::yield_now());
        let now = sleeps(&processes);
        std::mem::replace(&mut before, now.clone()) == now
    });
    // Its supervisor is not one of these processes.
    let busy = way.pool(1);
    for _ in 0..2000 {
        process(&busy);
    }
    assert_eq!(sleeps(&processes), before);
}

fn stopped_workers_delay_no_end_of_the_pool(way: Way) {
    for round in 0..20 {
        let pool = way.builder().workers(2).capacity(64).build().expect("a pool");
        until("both live", || pool.stats().workers == 2);
        let workers = &children()[1..];
        for _ in 0..64 {
            pool.submit(&ProcessJob::new(REVERSE, b"ab").kill_after(Duration::from_secs(3600)))
                .expect("a slot");
        }
        for _ in 0..round * 200 {
            std::hint::spin_loop();
        }
        // One of them may have claimed a job that it has not begun.
        workers.iter().for_each(|worker| send(*worker, 19));
        pool.terminate(Duration::from_secs(60)).expect("an end");
        let mut ended = 0;
        while pool.try_take().is_ok() {
            ended += 1;
        }
        assert_eq!(ended, 64);
    }
}
