//! The life of one job: submitted, run, waited for, cancelled, detached, failed. Its closure and its result
//! are dropped once.
#![cfg(feature = "std")]

mod common;

use common::{Count, DEADLINE, Gate, done, held, pool, until};
use jobring::{BuildError, JobError, JobHandle, JobId, Pool, StaticPool, SubmitError};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

#[test]
fn a_pool_and_its_handles_go_from_thread_to_thread() {
    fn both<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    both::<Pool>();
    both::<Pool<96>>();
    both::<StaticPool<8, 1, 48>>();
    sent::<JobHandle<'_, String>>();
    both::<JobId>();
}

#[test]
fn every_result_comes_back_to_its_submitter() {
    let pool = pool(2, 64);
    for round in 0..100u64 {
        let jobs: Vec<_> = (0..60).map(|n| pool.submit(move || round * n).expect("room")).collect();
        for (n, job) in (0..60).zip(jobs) {
            assert_eq!(done(job).expect("a result"), round * n);
        }
    }
}

#[test]
fn a_job_that_is_not_over_gives_the_handle_back() {
    let (pool, gate) = (pool(1, 8), Gate::new());
    let job = held(&pool, &gate);
    assert!(!job.is_finished());
    let job = job.try_wait().expect_err("it runs");
    let job = job.wait_timeout(Duration::ZERO).expect_err("it runs");
    let job = job.wait_timeout(Duration::from_millis(1)).expect_err("it runs");
    gate.open();
    until("the job is over", || job.is_finished());
    job.try_wait().expect("it is over").expect("a result");
}

#[test]
fn a_full_pool_refuses_waits_or_lets_the_caller_run_it() {
    let (pool, gate, ran) = (pool(1, 3), Gate::new(), Count::new());
    let running = held(&pool, &gate);
    let count = || {
        let ran = ran.clone();
        move || ran.add()
    };
    pool.try_submit_detached(count()).expect("room");
    let queued = pool.try_submit(count()).expect("room");
    assert!(matches!(pool.try_submit_detached(count()), Err(SubmitError::Full(_))));
    let Err(full) = pool.try_submit(count()) else { panic!("it is full") };
    assert!(matches!(full, SubmitError::Full(_)));
    assert_eq!(full.to_string(), "no slot is free");
    assert_eq!(ran.get(), 0);
    (full.into_job())();
    assert_eq!(ran.get(), 1, "the very closure came back");
    let Err(late) = pool.submit_timeout(count(), Duration::from_millis(2)) else { panic!("it is full") };
    assert!(matches!(late, SubmitError::Full(_)));
    let here = pool.submit_or_run(|| thread::current().id()).expect("open");
    assert!(here.is_finished() && here.id().is_none() && !here.cancel());
    assert_eq!(done(here).expect("a result"), thread::current().id());
    let failed = pool.submit_or_run(|| panic!("on the caller")).expect("open");
    let failed: Result<(), _> = failed.wait();
    assert_eq!(failed.expect_err("it panicked").to_string(), "the job panicked: on the caller");
    gate.open();
    // Now there will be room, sooner or later.
    done(pool.submit_timeout(count(), DEADLINE).expect("room")).expect("a result");
    done(pool.submit(count()).expect("room")).expect("a result");
    done(queued).expect("a result");
    done(running).expect("a result");
    let elsewhere = done(pool.submit_or_run(|| thread::current().id()).expect("open")).expect("a result");
    assert_ne!(elsewhere, thread::current().id(), "there was room");
    assert_eq!(ran.get(), 5);
}

#[test]
fn a_capacity_is_exact() {
    for capacity in [1, 2, 3, 5, 6, 7, 9, 100] {
        let (pool, ran) = (pool(0, capacity), Count::new());
        assert_eq!(pool.capacity(), capacity);
        for lap in 1..4 {
            for _ in 0..capacity {
                let ran = ran.clone();
                pool.try_submit_detached(move || ran.add()).expect("room");
            }
            assert!(matches!(pool.try_submit_detached(|| ()), Err(SubmitError::Full(_))));
            assert!(pool.run_one());
            let last = ran.clone();
            pool.try_submit_detached(move || last.add()).expect("one place");
            assert!(matches!(pool.try_submit_detached(|| ()), Err(SubmitError::Full(_))));
            assert_eq!(pool.run_until_idle(), capacity);
            assert_eq!(ran.get(), lap * (capacity + 1));
        }
    }
    assert_eq!(
        Pool::builder().capacity(0).build().expect_err("nothing fits"),
        BuildError::Invalid("capacity")
    );
    assert!(Pool::builder().workers(0).capacity((1 << 20) - 1).build().is_ok());
    assert_eq!(
        Pool::builder().workers(0).capacity(1 << 20).build().expect_err("too many"),
        BuildError::Invalid("capacity")
    );
}

#[test]
fn a_job_nobody_wants_runs_all_the_same() {
    let (pool, ran, dropped) = (pool(2, 16), Count::new(), Count::new());
    for n in 0..3000 {
        let (ran, result) = (ran.clone(), dropped.on_drop());
        let job = move || {
            ran.add();
            result
        };
        match n % 3 {
            0 => pool.submit_detached(move || drop(job())).expect("open"),
            1 => drop(pool.submit(job).expect("open")),
            _ => pool.submit(job).expect("open").detach(),
        }
    }
    until("all have run", || ran.get() == 3000 && dropped.get() == 3000);
    drop(pool);
    assert_eq!((ran.get(), dropped.get()), (3000, 3000));
}

#[test]
fn a_result_is_dropped_once_in_every_way() {
    let (pool, gate) = (pool(1, 8), Gate::new());
    let occupied = held(&pool, &gate);
    let (before, after, taken, late) = (Count::new(), Count::new(), Count::new(), Count::new());
    let job = |count: &Count| {
        let result = count.on_drop();
        pool.submit(move || result).expect("room")
    };
    job(&before).detach();
    let finished = job(&after);
    let kept = job(&taken);
    std::mem::forget(job(&late));
    assert_eq!(before.get() + after.get() + taken.get() + late.get(), 0);
    gate.open();
    done(occupied).expect("a result");
    until("detached before it ran", || before.get() == 1);
    until("it is over", || finished.is_finished());
    assert_eq!(after.get(), 0);
    finished.detach();
    assert_eq!(after.get(), 1, "dropped by detach itself");
    let value = done(kept).expect("a result");
    assert_eq!(taken.get(), 0);
    drop(value);
    assert_eq!((taken.get(), late.get()), (1, 0));
    drop(pool);
    let all = [before, after, taken, late].map(|count| count.get());
    assert_eq!(all, [1, 1, 1, 1], "the last one with the pool");
}

#[test]
fn a_closure_is_dropped_once_before_cancel_returns() {
    let (pool, gate) = (pool(1, 8), Gate::new());
    let occupied = held(&pool, &gate);
    let (dropped, ran) = (Count::new(), Count::new());
    let (guard, run) = (dropped.on_drop(), ran.clone());
    let job = pool.submit(move || {
        run.add();
        drop(guard);
    });
    let job = job.expect("room");
    assert!(job.cancel());
    assert!(!job.cancel(), "it is cancelled already");
    assert_eq!((dropped.get(), ran.get()), (1, 0));
    assert!(job.is_finished());
    assert!(matches!(done(job), Err(JobError::Cancelled)));
    // A cancelled job that nobody asks about.
    let guard = dropped.on_drop();
    let job = pool.submit(move || drop(guard)).expect("room");
    assert!(job.cancel());
    drop(job);
    gate.open();
    done(occupied).expect("a result");
    done(pool.submit(|| ()).expect("room")).expect("a result");
    assert_eq!((dropped.get(), ran.get()), (2, 0));
}

#[test]
fn cancelled_places_are_used_again() {
    let (pool, gate) = (pool(1, 4), Gate::new());
    let occupied = held(&pool, &gate);
    for round in 0..1000 {
        let jobs =
            [(); 3].map(|()| pool.try_submit(|| ()).unwrap_or_else(|_| panic!("full in round {round}")));
        assert!(pool.try_submit(|| ()).is_err());
        // In another order every time: only what lies at the head can be reaped at once.
        let mut jobs = jobs.map(Some);
        for n in 0..3 {
            let job = jobs[(n * 2 + round) % 3].take().expect("each once");
            assert!(job.cancel());
            assert!(matches!(done(job), Err(JobError::Cancelled)));
        }
    }
    gate.open();
    done(occupied).expect("a result");
}

#[test]
fn a_running_job_learns_that_it_should_stop() {
    let pool = Arc::new(pool(1, 8));
    let (inside, begun) = (pool.clone(), Gate::new());
    let runs = begun.clone();
    assert!(!pool.cancel_requested(), "not in a job");
    let job = pool.submit(move || {
        let before = inside.cancel_requested();
        runs.open();
        until("cancel_requested", || inside.cancel_requested());
        drop(inside);
        before
    });
    let job = job.expect("room");
    begun.pass();
    assert!(!job.cancel(), "it runs");
    assert!(!job.cancel(), "still");
    assert!(!done(job).expect("a result"), "it was not asked before");
    let next = pool.clone();
    assert!(!done(pool.submit(move || next.cancel_requested()).expect("room")).expect("a result"));
}

#[test]
fn a_panic_is_the_jobs_failure_and_harms_nothing_else() {
    let pool = pool(2, 16);
    for round in 0..20 {
        let text: Result<(), _> = done(pool.submit(|| panic!("a text")).expect("room"));
        let Err(JobError::Panicked(panic)) = text else { panic!("it panicked") };
        assert_eq!(panic.message(), Some("a text"));
        let error: Result<(), _> = done(pool.submit(move || panic!("number {round}")).expect("room"));
        let error = error.expect_err("it panicked");
        assert_eq!(error.to_string(), format!("the job panicked: number {round}"));
        let any: Result<(), _> = done(pool.submit(|| std::panic::panic_any(7u8)).expect("room"));
        let Err(JobError::Panicked(panic)) = any else { panic!("it panicked") };
        assert_eq!((panic.message(), panic.to_string().as_str()), (None, "the job panicked"));
        assert_eq!(panic.into_payload().downcast_ref(), Some(&7u8));
        pool.submit_detached(|| panic!("nobody hears it")).expect("room");
        drop(pool.submit(|| panic!("nobody either")).expect("room"));
        assert_eq!(done(pool.submit(move || round).expect("room")).expect("a result"), round);
    }
    drop(pool);
}

/// Panics when it is dropped, and counts that.
struct Bomb(Count);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.add();
        panic!("from a destructor");
    }
}

#[test]
fn a_panicking_destructor_of_what_nobody_takes_harms_nothing() {
    let (pool, gate, dropped) = (pool(1, 2), Gate::new(), Count::new());
    for n in 1..=50 {
        let bomb = Bomb(dropped.clone());
        drop(pool.submit(move || bomb).expect("room"));
        until("its result is dropped", || dropped.get() == n);
    }
    // A closure that is dropped by cancel.
    let occupied = held(&pool, &gate);
    let bomb = Bomb(dropped.clone());
    let job = pool.submit(move || drop(bomb)).expect("room");
    assert!(job.cancel());
    assert_eq!(dropped.get(), 51);
    assert!(matches!(done(job), Err(JobError::Cancelled)));
    gate.open();
    done(occupied).expect("a result");
    // A result that goes with the pool.
    let bomb = Bomb(dropped.clone());
    std::mem::forget(pool.submit(move || bomb).expect("room"));
    drop(pool);
    assert_eq!(dropped.get(), 52);
}

#[test]
fn a_job_that_waits_runs_the_queued_job_itself() {
    let pool = Arc::new(pool(1, 8));
    let inside = pool.clone();
    let job = pool.submit(move || {
        let queued = inside.submit(|| thread::current().id()).expect("room");
        let behind = inside.submit(|| thread::current().id()).expect("room");
        // The one it waits for, not the oldest.
        let second = behind.wait().expect("a result");
        let first = queued.wait().expect("a result");
        [first, second, thread::current().id()]
    });
    let ids: [ThreadId; 3] = done(job.expect("room")).expect("a result");
    assert!(ids.iter().all(|id| *id == ids[0]), "one worker, one thread: {ids:?}");
}

#[test]
fn a_job_that_waits_without_workers_gets_its_turn() {
    let pool = pool(0, 8);
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let jobs: Vec<_> = (0..5)
        .map(|n| {
            let order = order.clone();
            pool.submit(move || order.lock().unwrap().push(n)).expect("room")
        })
        .collect();
    for (n, job) in jobs.into_iter().enumerate().rev() {
        job.wait().unwrap_or_else(|error| panic!("job {n}: {error}"));
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4], "oldest first");
}

#[test]
fn a_job_that_waits_for_itself_gets_deadlock() {
    static POOL: StaticPool<8, 1, 48> = StaticPool::new();
    let (send, receive) = mpsc::channel::<JobHandle<'static, ()>>();
    let (tell, answer) = mpsc::channel();
    let job = POOL.try_submit(move || {
        let mine = receive.recv().expect("a handle");
        tell.send(matches!(mine.wait(), Err(JobError::Deadlock))).expect("a receiver");
    });
    send.send(job.expect("room")).expect("a receiver");
    assert!(POOL.run_one());
    assert!(answer.recv().expect("an answer"));
    assert!(matches!(done(POOL.try_submit(|| 5).expect("room")), Ok(5)));
}

#[test]
fn one_of_a_circle_of_jobs_that_wait_for_each_other_gets_deadlock() {
    // The inner job, run inline, waits for the outer one.
    static POOL: StaticPool<8, 1, 48> = StaticPool::new();
    let (send, receive) = mpsc::channel::<JobHandle<'static, bool>>();
    let outer = POOL.try_submit(move || {
        let inner = POOL
            .try_submit(move || matches!(receive.recv().expect("a handle").wait(), Err(JobError::Deadlock)));
        inner.expect("room").wait().expect("a result")
    });
    let (tell, answer) = mpsc::channel();
    send.send(outer.expect("room")).expect("a receiver");
    assert!(POOL.run_one());
    POOL.try_submit_detached(move || tell.send(()).expect("a receiver")).expect("room");
    assert_eq!(POOL.run_until_idle(), 1);
    answer.recv().expect("the pool goes on");
}

/// Submits a job that does the same, and waits for it: how deep that went, and whether it ended for want of
/// stack.
fn deeper(pool: &'static Pool, depth: usize) -> (usize, bool) {
    if depth == 10_000 {
        return (depth, false);
    }
    let Ok(next) = pool.try_submit(move || deeper(pool, depth + 1)) else { return (depth, false) };
    match next.wait() {
        Ok(deepest) => deepest,
        Err(JobError::Stack) => (depth, true),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn nested_waits_end_before_the_stack_does() {
    for size in [192 * 1024, 1024 * 1024] {
        let pool: &'static Pool = Box::leak(Box::new(
            Pool::builder().workers(1).capacity(10_000).stack_size(size).build().expect("a pool"),
        ));
        let (deepest, for_want_of_stack) =
            done(pool.submit(move || deeper(pool, 0)).expect("room")).expect("a depth");
        assert!(for_want_of_stack, "{deepest} jobs on {size} bytes");
        assert!(deepest > 3, "{deepest}");
        println!("{deepest} jobs wait for each other on {size} bytes");
        // The one that did not fit was detached, and what it begins runs as well.
        assert_eq!(done(pool.submit(|| 1).expect("room")).expect("a result"), 1);
        pool.shutdown(jobring::ShutdownMode::Drain, Some(DEADLINE)).expect("all are over");
    }
}

/// How deep jobs that wait for each other go, as `deeper`, on a thread of this size that enters as the only
/// worker.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn deepest_on_an_entered_thread(size: usize, most: usize) -> (usize, bool) {
    let pool: &'static Pool =
        Box::leak(Box::new(Pool::builder().workers(0).capacity(10_000).build().expect("a pool")));
    let thread =
        std::thread::Builder::new().stack_size(size).spawn(|| pool.enter_worker()).expect("a thread");
    let ends_at = 10_000usize.checked_sub(most).expect("within the capacity");
    // A wait for it might run it here, before the other thread has entered.
    let (send, receive) = mpsc::channel();
    let job = move || send.send(deeper(pool, ends_at)).expect("a receiver");
    pool.submit_detached(job).expect("room");
    let found = receive.recv_timeout(DEADLINE).expect("a depth");
    pool.shutdown(jobring::ShutdownMode::Drain, Some(DEADLINE)).expect("all are over");
    assert!(common::join(thread));
    (found.0 - ends_at, found.1)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn nested_waits_on_a_thread_that_entered_end_before_its_stack_does_and_not_sooner() {
    let (small, for_want_of_stack) = deepest_on_an_entered_thread(160 * 1024, 10_000);
    assert!(for_want_of_stack && small > 3, "{small}");
    let (large, for_want_of_stack) = deepest_on_an_entered_thread(64 << 20, 500);
    assert_eq!((large, for_want_of_stack), (500, false));
}

#[test]
fn the_last_worker_does_not_sleep_for_a_slot() {
    let pool = Arc::new(pool(1, 2));
    let inside = pool.clone();
    let job = pool.submit(move || {
        let first = inside.try_submit_detached(|| ());
        let second = inside.submit(|| ());
        let refused = matches!(second, Err(SubmitError::Deadlock(_)));
        (first.is_ok(), refused)
    });
    let outcome = done(job.expect("room")).expect("a result");
    // The first may have been refused: the handle of this job takes a slot, and so does the job.
    assert_eq!(outcome, (true, true));
}

#[test]
fn workers_without_a_slot_are_idle() {
    for (workers, capacity) in [(2, 1), (8, 2), (5, 4)] {
        let pool = pool(workers, capacity);
        assert_eq!(pool.workers(), workers);
        let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let ran = Count::new();
        for _ in 0..200 {
            let (inside, most, ran) = (inside.clone(), most.clone(), ran.clone());
            // Waits for a slot.
            let job = pool.submit_detached(move || {
                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                thread::yield_now();
                ran.add();
                inside.fetch_sub(1, SeqCst);
            });
            job.expect("a slot comes back");
        }
        pool.shutdown(jobring::ShutdownMode::Drain, Some(DEADLINE)).expect("all are over");
        assert_eq!(ran.get(), 200);
        assert!((1..=capacity).contains(&most.load(SeqCst)), "{most:?} of {capacity} slots");
        // All of the slots can run at a time.
        let pool = self::pool(workers, capacity);
        let gate = Gate::new();
        let jobs: Vec<_> = (0..capacity).map(|_| held(&pool, &gate)).collect();
        assert!(matches!(pool.try_submit_detached(|| ()), Err(SubmitError::Full(_))));
        gate.open();
        jobs.into_iter().for_each(|job| assert_eq!(done(job).expect("a result"), 7));
    }
}

#[test]
fn handles_are_values_that_tell_jobs_apart() {
    let pool = pool(0, 4);
    let jobs = [(); 4].map(|()| pool.submit(|| ()).expect("room"));
    let mut bits: Vec<_> = jobs.iter().map(|job| job.id().expect("in the pool").to_bits()).collect();
    jobs.into_iter().for_each(|job| job.wait().expect("a result"));
    let again = pool.submit(|| ()).expect("room");
    let handle = again.id().expect("in the pool");
    assert_eq!(JobId::from_bits(handle.to_bits()), handle);
    bits.push(handle.to_bits());
    assert!(bits.iter().all(|&bits| bits != 0));
    bits.sort_unstable();
    bits.dedup();
    assert_eq!(bits.len(), 5, "the same slot gives another handle");
    again.wait().expect("a result");
}

#[test]
fn larger_payloads_take_larger_closures() {
    let pool = Pool::builder().workers(1).payload::<256>().build().expect("a pool");
    let block = [7u8; 200];
    let job = pool.submit(move || block.map(|byte| byte + 1)).expect("room");
    assert_eq!(done(job).expect("a result"), [8u8; 200]);
}

#[test]
fn a_pool_counts_its_jobs_by_their_states() {
    fn counts(pool: &Pool) -> [usize; 4] {
        let stats = pool.stats();
        [stats.queued(), stats.running(), stats.untaken(), stats.completed()]
    }
    let (pool, gate) = (pool(1, 64), Gate::new());
    assert_eq!(counts(&pool), [0; 4]);
    let held = held(&pool, &gate);
    let queued: Vec<_> = (0..3).map(|n| pool.submit(move || n).expect("room")).collect();
    assert_eq!(counts(&pool), [3, 1, 0, 0]);
    assert!(queued[1].cancel());
    assert_eq!(counts(&pool), [2, 1, 1, 1]);
    gate.open();
    until("the jobs end", || counts(&pool) == [0, 0, 4, 4]);
    done(held).expect("it ran");
    drop(queued);
    assert_eq!(counts(&pool), [0, 0, 0, 4]);
    let stats = pool.stats();
    assert_eq!((stats.submitted(), stats.claimed(), stats.workers()), (4, 4, 1));
    assert!(stats.sleeping() <= 1 && stats.forced_wakes() <= stats.wakes());
}

#[test]
fn a_batch_is_accepted_in_its_order_as_far_as_there_is_room() {
    let (pool, gate) = (pool(1, 16), Gate::new());
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let held = held(&pool, &gate);
    let job = |n: usize| {
        let order = order.clone();
        move || {
            order.lock().unwrap().push(n);
            n
        }
    };
    let (mut jobs, mut handles) = ((0..100).map(job), Vec::new());
    let Err(SubmitError::Full(refused)) = pool.submit_batch(&mut jobs, &mut handles) else { panic!("full") };
    assert_eq!((handles.len(), refused.len()), (15, 1));
    gate.open();
    let results: Vec<_> = handles.into_iter().map(|job| done(job).expect("it ran")).collect();
    assert_eq!(results, (0..15).collect::<Vec<_>>());
    done(held).expect("it ran");
    // What is left goes in when there is room.
    let mut left = refused.chain(jobs);
    while let Err(SubmitError::Full(refused)) =
        pool.submit_batch_detached(left.by_ref().map(|job| move || _ = job()))
    {
        refused.for_each(|job| job());
    }
    pool.shutdown(jobring::ShutdownMode::Drain, Some(DEADLINE)).expect("all ran");
    let mut ran = order.lock().unwrap().clone();
    assert_eq!(ran[..15], (0..15).collect::<Vec<_>>());
    ran.sort_unstable();
    assert_eq!(ran, (0..100).collect::<Vec<_>>());
    let Err(SubmitError::Shutdown(refused)) = pool.submit_batch((0..3).map(job), &mut Vec::new()) else {
        panic!("it is shut down")
    };
    assert_eq!(refused.map(|job| job()).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(pool.submit_batch_detached(std::iter::empty::<fn()>()).is_ok());
}

#[test]
fn a_batch_that_meets_a_full_pool_gives_back_what_it_took() {
    static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    let (dropped, ran) = (Count::new(), Count::new());
    let job = |_| {
        let (guard, ran) = (dropped.on_drop(), ran.clone());
        move || {
            ran.add();
            drop(guard);
        }
    };
    let Err(full) = POOL.submit_batch_detached((0..7).map(job)) else { panic!("full") };
    assert_eq!((POOL.run_until_idle(), ran.get(), dropped.get()), (4, 4, 4));
    drop(full);
    assert_eq!((ran.get(), dropped.get()), (4, 7));
    assert!(POOL.submit_batch_detached((0..4).map(job)).is_ok());
    assert_eq!(POOL.run_until_idle(), 4);
}
