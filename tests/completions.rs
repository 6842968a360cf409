//! Completion queues in Rust: each job arrives exactly once with its tag, however it ended, and no result is lost or dropped twice.
#![cfg(feature = "std")]

mod common;

use common::{Count, CountsDrop, DEADLINE, Gate, done, join, pool, until};
use jobring::{
    AnyPool, BuildError, Completion, Completions, JobError, Pool, RecvError, ShutdownMode, StaticPool,
    SubmitError, TimeLimit,
};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Receives; a hang is a failure.
fn received<T: Send + 'static, P: AnyPool>(queue: &Completions<'_, T, P>) -> Completion<T> {
    queue.recv_timeout(DEADLINE).expect("a job arrives")
}

fn ended<T: Send + 'static, P: AnyPool>(queue: &Completions<'_, T, P>) -> Option<RecvError> {
    queue.recv_timeout(DEADLINE).err()
}

/// Every slot of the pool can be used.
fn assert_whole(pool: &Pool) {
    until("each slot is free", || {
        let held: Vec<_> = std::iter::from_fn(|| pool.try_submit(|| ()).ok()).collect();
        held.len() == pool.capacity()
    });
}

#[test]
fn one_worker_gives_jobs_in_their_order() {
    let pool = pool(1, 16);
    let queue = pool.completions().expect("a queue");
    for n in 0..10u64 {
        queue.submit(n, move || n * n).expect("room");
    }
    for n in 0..10 {
        let completion = received(&queue);
        assert_eq!((completion.tag, completion.result.expect("a result")), (n, n * n));
    }
    assert_eq!(ended(&queue), Some(RecvError::Empty));
}

#[test]
fn a_queue_with_a_limit_passes_any_number_of_jobs() {
    const JOBS: u64 = 10_000;
    let pool = pool(3, 64);
    let queue = pool.completions_with_limit(8).expect("a queue");
    let seen: Vec<_> = (0..JOBS).map(|_| AtomicUsize::new(0)).collect();
    let left = AtomicUsize::new(JOBS as usize);
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                while left.load(SeqCst) > 0 {
                    match queue.recv_timeout(DEADLINE) {
                        Ok(completion) => {
                            assert_eq!(
                                completion.result.expect("a result"),
                                [completion.tag, completion.tag * 3]
                            );
                            seen[completion.tag as usize].fetch_add(1, SeqCst);
                            left.fetch_sub(1, SeqCst);
                        }
                        Err(why) => assert_eq!(why, RecvError::Empty),
                    }
                    assert!(queue.pending() <= 8 + 1, "two consumers, and one has not counted its job");
                }
            });
        }
        for n in 0..JOBS {
            let job = move || [n, n * 3];
            queue.submit_timeout(n, job, DEADLINE).expect("consumers make room");
        }
    });
    assert!(seen.iter().all(|times| times.load(SeqCst) == 1));
}

#[test]
fn several_jobs_are_received_in_one_call() {
    let pool = pool(1, 64);
    let queue = pool.completions().expect("a queue");
    let mut all = Vec::new();
    assert_eq!(queue.recv_many(&mut all, 8, DEADLINE).expect_err("no job"), RecvError::Empty);
    for n in 0..60 {
        queue.submit(n, move || n * 3).expect("room");
    }
    assert_eq!(queue.recv_many(&mut all, 0, DEADLINE), Ok(0));
    until("all have ended", || pool.stats().untaken() == 60);
    for (most, received) in [(1, 1), (20, 20), (usize::MAX, 39)] {
        assert_eq!(queue.recv_many(&mut all, most, DEADLINE), Ok(received));
    }
    let ends: Vec<_> = all.drain(..).map(|ended| (ended.tag, ended.result.expect("a result"))).collect();
    assert!(ends.into_iter().eq((0..60).map(|n| (n, n * 3))), "in their order");
    // A call does not wait for more than one, nor for more than there are.
    let gate = Gate::new();
    let waits = gate.clone();
    queue.submit(60, || 0).expect("room");
    queue
        .submit(61, move || {
            waits.pass();
            0
        })
        .expect("room");
    assert_eq!(queue.recv_many(&mut all, 64, DEADLINE), Ok(1));
    let some = queue.recv_many(&mut all, 64, std::time::Duration::from_millis(1));
    assert_eq!(some, Err(RecvError::Pending));
    gate.open();
    assert_eq!(queue.recv_many(&mut all, 64, TimeLimit::NONE), Ok(1));
    assert_eq!((all.len(), ended(&queue)), (2, Some(RecvError::Empty)));
}

#[test]
fn a_collection_that_panics_loses_only_what_it_was_about_to_get() {
    struct TakesTwo(Vec<u64>);
    impl<T> Extend<Completion<T>> for TakesTwo {
        fn extend<I: IntoIterator<Item = Completion<T>>>(&mut self, more: I) {
            for completion in more {
                assert!(self.0.len() < 2, "it takes two");
                self.0.push(completion.tag);
            }
        }
    }
    let (pool, drops) = (pool(1, 32), Count::new());
    let queue = pool.completions().expect("a queue");
    for n in 0..20 {
        let counted = drops.on_drop();
        queue.submit(n, || counted).expect("room");
    }
    until("all have ended", || pool.stats().untaken() == 20);
    let mut two = TakesTwo(Vec::new());
    let caught = catch_unwind(AssertUnwindSafe(|| queue.recv_many(&mut two, 20, DEADLINE)));
    assert!(caught.is_err() && two.0 == [0, 1]);
    let lost = drops.get();
    assert!(lost > 2 && lost <= 8, "{lost} were taken");
    assert_eq!(received(&queue).tag, lost as u64, "the others are still there");
    let mut rest = Vec::new();
    assert_eq!(queue.recv_many(&mut rest, 20, DEADLINE), Ok(19 - lost));
    drop(rest);
    assert_eq!(drops.get(), 20);
    assert_whole(&pool);
}

#[test]
fn a_limit_refuses_and_names_nothing_else() {
    let pool = pool(0, 4);
    assert_eq!(
        pool.completions_with_limit::<()>(0).expect_err("no room at all"),
        BuildError::Invalid("limit")
    );
    let queue = pool.completions_with_limit(2).expect("a queue");
    queue.submit(0, || 1).expect("room");
    queue.try_submit(1, || 1).expect("room");
    let Err(SubmitError::Full(job)) = queue.try_submit(2, || 42) else { panic!("beyond the limit") };
    assert_eq!(job(), 42, "the closure comes back");
    pool.submit_detached(|| ()).expect("the pool has room");
    pool.run_until_idle();
    received(&queue);
    queue.try_submit(2, || 1).expect("room again");
}

#[test]
fn what_a_job_panicked_with_arrives() {
    let pool = pool(1, 4);
    let queue = pool.completions::<u32>().expect("a queue");
    queue.submit(1, || panic!("on purpose")).expect("room");
    let failed = received(&queue);
    let Err(JobError::Panicked(panic)) = failed.result else { panic!("{failed:?}") };
    assert_eq!((failed.tag, panic.message()), (1, Some("on purpose")));
    queue.submit(u64::MAX, || panic_any(7)).expect("room");
    let failed = received(&queue);
    let Err(JobError::Panicked(panic)) = failed.result else { panic!("{failed:?}") };
    assert_eq!((failed.tag, panic.into_payload().downcast_ref()), (u64::MAX, Some(&7)));
}

#[test]
fn a_cancelled_job_arrives() {
    let pool = pool(1, 4);
    let (gate, captured) = (Gate::new(), Count::new());
    let queue = pool.completions().expect("a queue");
    let blocks = gate.clone();
    let running = queue.submit(0, move || blocks.pass()).expect("room");
    let held = captured.on_drop();
    let queued = queue.submit(1, move || drop(held)).expect("room");
    thread::scope(|s| {
        let cancelled = s.spawn(|| queue.cancel(queued)).join().expect("no panic");
        assert!(cancelled && captured.get() == 1, "by another thread; its closure is gone");
    });
    assert!(!queue.cancel(queued));
    let first = received(&queue);
    assert!(first.tag == 1 && matches!(first.result, Err(JobError::Cancelled)));
    gate.open();
    assert_eq!(received(&queue).tag, 0);
    assert!(!queue.cancel(running), "it was received");
}

#[test]
fn discarded_jobs_arrive() {
    let pool = pool(0, 4);
    let queue = pool.completions().expect("a queue");
    for n in 0..3 {
        queue.submit(n, || ()).expect("room");
    }
    pool.shutdown(ShutdownMode::Discard, Some(DEADLINE)).expect("nothing runs");
    assert!(matches!(queue.submit(3, || ()), Err(SubmitError::Shutdown(_))));
    let tags: Vec<_> = queue
        .iter()
        .map(|completion| {
            assert!(matches!(completion.result, Err(JobError::Cancelled)));
            completion.tag
        })
        .collect();
    assert_eq!(tags, [0, 1, 2]);
}

#[test]
fn a_receive_says_why_it_gives_nothing() {
    let pool = pool(0, 4);
    let queue = pool.completions().expect("a queue");
    assert_eq!(queue.recv().expect_err("empty"), RecvError::Empty);
    assert_eq!(queue.try_recv().expect_err("empty"), RecvError::Empty);
    assert_eq!(queue.iter().count(), 0);
    queue.submit(0, || 42).expect("room");
    assert_eq!(queue.recv().expect_err("nobody runs it"), RecvError::NoWorkers);
    assert_eq!(queue.try_recv().expect_err("it is queued"), RecvError::Pending);
    assert!(pool.run_one());
    assert_eq!(queue.recv().expect("it has finished").result.expect("a result"), 42);
}

#[test]
fn a_job_that_receives_what_nobody_can_bring_gets_deadlock() {
    static POOL: StaticPool<4, 1, 64> = StaticPool::new();
    let worker = thread::spawn(|| POOL.enter_worker());
    // Only a worker runs a detached job here.
    let entered = Count::new();
    let by_worker = entered.clone();
    POOL.submit_detached(move || by_worker.add()).expect("room");
    until("a worker has entered", || entered.get() == 1);
    let asks = POOL.submit(|| {
        let queue = POOL.completions::<u32>().expect("a queue");
        queue.submit(0, || 42).expect("room");
        queue.recv().expect_err("this is the only worker")
    });
    assert_eq!(common::done(asks.expect("room")).expect("no panic"), RecvError::Deadlock);
    POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("all ended");
    assert!(join(worker));
}

/// Another worker is idle, and another queue holds a result that nobody has taken.
#[test]
fn a_job_that_receives_itself_gets_deadlock() {
    let pool: &Pool = Box::leak(Box::new(pool(2, 8)));
    let queue: &Completions<'_, Option<RecvError>> =
        Box::leak(Box::new(pool.completions().expect("a queue")));
    let other = pool.completions().expect("another queue");
    other.submit(0, || ()).expect("room");
    until("its result lies there", || pool.stats().untaken() == 1);
    queue.submit(7, || queue.recv().err()).expect("room");
    assert_eq!(received(queue).result.expect("no panic"), Some(RecvError::Deadlock));
    for n in 0..2 {
        queue.submit(n, || queue.recv().err()).expect("room");
    }
    // Either one job gets the error and the other job receives it, or both get the error in turn.
    assert!(received(queue).result.expect("no panic").is_none_or(|error| error == RecvError::Deadlock));
    assert_eq!(received(&other).tag, 0);
}

/// A job that receives can only be given what the job brings that shuts the pool down: the shutdown does not wait for it.
/// Another queue holds a result that nobody has taken yet.
#[test]
fn a_shutdown_does_not_wait_for_a_job_that_receives_its_own_job() {
    let pool: &Pool = Box::leak(Box::new(pool(2, 8)));
    let queue: &Completions<'_, bool> = Box::leak(Box::new(pool.completions().expect("a queue")));
    let other = pool.completions().expect("another queue");
    other.submit(0, || ()).expect("room");
    until("its result lies there", || pool.stats().untaken() == 1);
    // Otherwise the shutdown might run the other job on top of this one.
    let begun = Gate::new();
    let both = begun.clone();
    let shut_down = move || {
        both.pass();
        pool.shutdown(ShutdownMode::Drain, Some(DEADLINE / 4)).is_ok()
    };
    queue.submit(7, shut_down).expect("room");
    let receiver = pool.submit(move || {
        begun.open();
        queue.recv().map(|completion| (completion.tag, completion.result))
    });
    let (tag, ended) = done(receiver.expect("room")).expect("no panic").expect("the job arrives");
    assert_eq!((tag, ended.expect("no panic")), (7, true));
    assert_eq!(received(&other).tag, 0);
}

#[test]
fn a_queue_that_is_dropped_with_pending_jobs_leaves_no_trace() {
    let pool = pool(1, 4);
    let (gate, results) = (Gate::new(), Count::new());
    let queue = pool.completions::<CountsDrop>().expect("a queue");
    let (blocks, first, second) = (gate.clone(), results.on_drop(), results.on_drop());
    queue
        .submit(0, move || {
            blocks.pass();
            first
        })
        .expect("room");
    queue.submit(1, move || second).expect("room");
    drop(queue);
    assert_eq!(results.get(), 0, "pending jobs go on");
    let other = pool.completions::<u32>().expect("another queue");
    other.submit(7, || 42).expect("room");
    gate.open();
    assert_eq!(received(&other).tag, 7, "no job of the first queue arrives here");
    assert_eq!(results.get(), 2, "each result was dropped when it arrived");
    assert_eq!(ended(&other), Some(RecvError::Empty));
    assert_whole(&pool);
}

#[test]
fn every_result_is_dropped_once() {
    for receive in [0, 1, 3] {
        let pool = pool(1, 4);
        let results = Count::new();
        let queue = pool.completions::<CountsDrop>().expect("a queue");
        for n in 0..3 {
            let result = results.on_drop();
            queue.submit(n, move || result).expect("room");
        }
        for n in 1..=receive {
            received(&queue);
            assert_eq!(results.get(), n);
        }
        drop(queue);
        drop(pool);
        assert_eq!(results.get(), 3, "{receive} were received");
    }
}

#[test]
fn a_leaked_queue_harms_nobody() {
    let results = Count::new();
    let pool = pool(1, 4);
    let queue = pool.completions::<CountsDrop>().expect("a queue");
    for n in 0..2 {
        let result = results.on_drop();
        queue.submit(n, move || result).expect("room");
    }
    std::mem::forget(queue);
    drop(pool);
    assert_eq!(results.get(), 2, "the pool drops what nobody received");
}

#[test]
fn a_queue_that_nobody_uses_is_used_again() {
    static POOL: StaticPool<2, 0, 64> = StaticPool::new();
    for n in 0..100 {
        let queue = POOL.completions_with_limit(1 + n % 2).expect("a queue");
        queue.submit(1, || [7u64; 3]).expect("room");
        assert_eq!(queue.try_submit(2, || [8; 3]).is_ok(), n % 2 == 1, "the limit is its own");
        if n % 3 == 0 {
            assert!(POOL.run_one());
        }
        drop(queue);
        // What was pending arrives in a queue that nobody has.
        POOL.run_until_idle();
    }
    let queue = POOL.completions().expect("a queue");
    queue.submit(5, String::new).expect("room");
    assert!(POOL.run_one());
    assert_eq!(received(&queue).tag, 5);
}

#[test]
fn queues_come_and_go_on_several_threads() {
    let pool = pool(2, 16);
    let results = Count::new();
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                for n in 0..300 {
                    let queue = pool.completions().expect("a queue");
                    for tag in 0..3 {
                        let result = results.on_drop();
                        queue.submit_timeout(tag, move || result, DEADLINE).expect("room comes");
                    }
                    (0..n % 4).for_each(|_| drop(received(&queue)));
                }
            });
        }
    });
    until("each result is dropped", || results.get() == 3 * 300 * 3);
    assert_whole(&pool);
}

/// Panics when it is dropped.
struct Bomb(CountsDrop);

impl Drop for Bomb {
    fn drop(&mut self) {
        let _ = &self.0;
        panic!("on purpose: in a destructor");
    }
}

#[test]
fn what_a_queue_drops_may_panic() {
    let pool = pool(1, 4);
    let drops = Count::new();
    let bomb = || Bomb(drops.on_drop());
    let gate = Gate::new();
    let queue = pool.completions::<Option<Bomb>>().expect("a queue");
    let (left, captured, late, blocks) = (bomb(), bomb(), bomb(), gate.clone());
    queue.submit(0, move || Some(left)).expect("room");
    until("it has finished", || pool.submit(|| ()).is_ok_and(|job| common::done(job).is_ok()));
    queue
        .submit(1, move || {
            blocks.pass();
            Some(late)
        })
        .expect("room");
    let cancelled = queue
        .submit(2, move || {
            drop(captured);
            None
        })
        .expect("room");
    assert!(queue.cancel(cancelled));
    assert_eq!(drops.get(), 1, "what it captured");
    drop(queue);
    assert_eq!(drops.get(), 2, "what had arrived");
    gate.open();
    until("the late one is dropped", || drops.get() == 3);
    assert_whole(&pool);
}

#[test]
fn a_result_that_a_queue_drops_may_shut_the_pool_down() {
    struct Closes;
    static POOL: StaticPool<4, 0, 64> = StaticPool::new();
    impl Drop for Closes {
        fn drop(&mut self) {
            let report = POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE));
            CLOSED.store(1 + usize::from(report.is_ok()), SeqCst);
        }
    }
    static CLOSED: AtomicUsize = AtomicUsize::new(0);
    let queue = POOL.completions().expect("a queue");
    queue.submit(0, || Closes).expect("room");
    assert!(POOL.run_one());
    drop(queue);
    assert_eq!(CLOSED.load(SeqCst), 2, "it does not wait for the job that it is inside of");
}

#[test]
fn a_queue_holds_every_job_of_its_pool() {
    let pool = StaticPool::<4, 0, 48>::new();
    let queue = pool.completions().unwrap();
    for round in 0..3 {
        (0..4).for_each(|n| assert!(queue.try_submit(n, move || n + round).is_ok()));
        assert!(matches!(queue.try_submit(4, || 4), Err(SubmitError::Full(_))));
        pool.run_until_idle();
        assert_eq!(queue.pending(), 4);
        for n in 0..4 {
            let completion = queue.try_recv().unwrap();
            assert_eq!((completion.tag, completion.result.unwrap()), (n, n + round));
        }
        assert_eq!(queue.try_recv().unwrap_err(), RecvError::Empty);
    }
}

#[test]
fn a_static_pool_has_queues() {
    static POOL: StaticPool<8, 2, 64> = StaticPool::new();
    let workers: Vec<_> = (0..2).map(|_| thread::spawn(|| POOL.enter_worker())).collect();
    let queue = POOL.completions().expect("a queue");
    // A receive runs no job, so a worker has entered when one arrives.
    queue.submit(0, || 1).expect("room");
    assert_eq!(received(&queue).tag, 0);
    thread::scope(|s| {
        s.spawn(|| (0..1000u64).for_each(|n| _ = queue.submit(n, move || n + 1).expect("room comes")));
        let mut tags = [false; 1000];
        for _ in 0..1000 {
            let completion = loop {
                match queue.recv_timeout(DEADLINE) {
                    Ok(completion) => break completion,
                    Err(why) => assert_eq!(why, RecvError::Empty),
                }
            };
            assert_eq!(completion.result.expect("a result"), completion.tag + 1);
            assert!(!std::mem::replace(&mut tags[completion.tag as usize], true));
        }
    });
    POOL.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("all ended");
    workers.into_iter().for_each(|worker| assert!(join(worker)));
}

#[test]
fn the_last_bytes_of_a_slot_are_the_queue_s() {
    const ROOM: usize = 48 - size_of::<u64>() - size_of::<usize>();
    static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    let queue = POOL.completions().expect("a queue");
    let captured = [7u8; ROOM];
    queue.submit(u64::MAX - 1, move || captured.map(|byte| byte + 1)).expect("room");
    assert!(POOL.run_one());
    let completion = received(&queue);
    assert_eq!((completion.tag, completion.result.expect("a result")), (u64::MAX - 1, [8; ROOM]));
}

/// A loop that arms, polls and receives. If a completion were not signalled, the poll would end at its deadline.
#[cfg(unix)]
#[test]
fn an_event_loop_receives_every_completion() {
    use std::os::fd::AsRawFd;
    const JOBS: u64 = 5_000;
    let pool = pool(3, 64);
    let queue = pool.completions().expect("a queue");
    assert!(!queue.arm(), "without a descriptor");
    let fd = queue.descriptor().expect("a descriptor").as_raw_fd();
    assert_eq!(queue.descriptor().expect("the same").as_raw_fd(), fd);
    let (mut submitted, mut received) = (0, 0);
    while received < JOBS {
        while submitted < JOBS && submitted - received < 32 {
            queue.submit(submitted, || ()).expect("room");
            submitted += 1;
        }
        match queue.try_recv() {
            Ok(completion) => received += u64::from(completion.result.is_ok()),
            Err(RecvError::Pending) if queue.arm() => {
                let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
                // SAFETY:
                // - one structure, writable.
                assert_eq!(unsafe { libc::poll(&raw mut poll, 1, 60_000) }, 1, "a completion is signalled");
            }
            Err(RecvError::Pending) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(ended(&queue), Some(RecvError::Empty));
}
