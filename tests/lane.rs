//! Lanes of the Rust API: width, order, what a full lane does, cancels, the end, and calls that would wait for themselves.
#![cfg(feature = "std")]

mod common;

use common::{Count, Gate, done, pool, until};
use jobring::{
    BuildError, IdleError, Interrupt, JobError, JobState, LaneMemory, Pool, ShutdownMode, StaticPool,
    SubmitError, TimeLimit, WaitFor, WaitManyError,
};
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Is entered by jobs, and knows how many were inside at the same time.
#[derive(Default)]
struct Inside {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Inside {
    fn pass(&self) {
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        thread::yield_now();
        self.now.fetch_sub(1, SeqCst);
    }
}

#[test]
fn no_more_than_the_width_run_and_all_do() {
    for (workers, width, capacity) in [(2, 1, 4), (4, 1, 1000), (4, 2, 8), (3, 3, 1)] {
        let pool = pool(workers, 64);
        let lane = pool.lane(width, capacity).expect("a lane");
        let (inside, ran) = (Arc::new(Inside::default()), Count::new());
        thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| {
                    for n in 0..500 {
                        let (inside, ran) = (inside.clone(), ran.clone());
                        let job = move || {
                            inside.pass();
                            ran.add();
                        };
                        if n % 7 == 0 {
                            done(lane.submit(job).expect("open")).expect("it ran");
                        } else {
                            lane.submit_detached(job).expect("open");
                        }
                    }
                });
            }
        });
        lane.close(ShutdownMode::Drain, None).expect("nobody waits for us");
        assert_eq!((ran.get(), lane.pending()), (1500, 0));
        assert!(inside.most.load(SeqCst) <= width, "{workers} workers, width {width}");
    }
}

#[test]
fn jobs_of_width_one_run_in_their_order_and_see_each_other() {
    let pool = pool(3, 128);
    let lanes: Vec<_> = (0..8).map(|_| pool.lane(1, 32).expect("a lane")).collect();
    let logs: Vec<_> = (0..8).map(|_| Arc::new(Mutex::new(Vec::new()))).collect();
    for n in 0..400 {
        for (lane, log) in lanes.iter().zip(&logs) {
            let log = log.clone();
            let job = move || log.try_lock().expect("no other job of the lane runs").push(n);
            lane.submit_detached(job).expect("open");
        }
    }
    drop(lanes);
    pool.wait_idle().expect("outside of jobs");
    for log in logs {
        assert!(log.lock().unwrap().iter().copied().eq(0..400));
    }
}

#[test]
fn a_job_that_panics_gives_its_place_on() {
    let pool = pool(1, 8);
    let lane = pool.lane(1, 4).expect("a lane");
    let (gate, began) = (Gate::new(), Gate::new());
    let (inside, opens) = (gate.clone(), began.clone());
    let first = lane.submit(move || {
        opens.open();
        inside.pass();
        panic_any("on purpose")
    });
    began.pass();
    let second = lane.submit(|| 7).expect("open");
    assert_eq!(second.state(), JobState::Queued);
    gate.open();
    assert!(matches!(done(first.expect("open")), Err::<(), _>(JobError::Panicked(_))));
    assert_eq!(done(second).expect("it ran"), 7);
}

/// A lane whose only place a job has that waits at a gate.
fn blocked(pool: &Pool, capacity: usize) -> (jobring::Lane<'_, Pool>, Gate) {
    let (lane, gate, began) = (pool.lane(1, capacity).expect("a lane"), Gate::new(), Gate::new());
    let (inside, opens) = (gate.clone(), began.clone());
    lane.submit_detached(move || {
        opens.open();
        inside.pass();
    })
    .expect("open");
    began.pass();
    (lane, gate)
}

#[test]
fn a_full_lane_does_what_the_submitter_chose() {
    let pool = pool(2, 16);
    let (lane, gate) = blocked(&pool, 2);
    let second = lane.submit(|| 2).expect("room");
    let third = lane.submit(|| 3).expect("room");
    assert_eq!(lane.pending(), 3);
    assert!(matches!(lane.try_submit(|| 4), Err(SubmitError::Full(_))));
    assert!(matches!(lane.try_submit_detached(|| ()), Err(SubmitError::Full(_))));
    assert!(matches!(lane.submit_timeout(|| 4, Duration::from_millis(1)), Err(SubmitError::Full(_))));
    // Strangers do not notice.
    assert_eq!(done(pool.submit(|| 5).expect("room")).expect("it ran"), 5);
    let other = pool.lane(1, 1).expect("a lane");
    assert_eq!(done(other.submit(|| 6).expect("room")).expect("it ran"), 6);
    thread::scope(|s| {
        let waits = s.spawn(|| done(lane.submit(|| 4).expect("room at last")));
        gate.open();
        assert_eq!(waits.join().expect("no panic").expect("it ran"), 4);
    });
    assert_eq!((done(second).expect("it ran"), done(third).expect("it ran")), (2, 3));
}

#[test]
fn a_cancelled_job_makes_room_and_is_not_run() {
    let pool = pool(1, 4);
    let (lane, gate) = blocked(&pool, 2);
    let dropped = Count::new();
    for round in 1..=20 {
        let (one, two) = (dropped.on_drop(), dropped.on_drop());
        let held =
            [lane.submit(move || drop(one)).expect("room"), lane.submit(move || drop(two)).expect("room")];
        assert!(matches!(lane.try_submit(|| ()), Err(SubmitError::Full(_))));
        assert!(held.iter().all(|job| job.state() == JobState::Queued && job.cancel() && !job.cancel()));
        assert_eq!(dropped.get(), 2 * round, "a cancel drops the closure");
        for job in held {
            assert!(matches!(done(job), Err(JobError::Cancelled)));
        }
    }
    let last = lane.submit(|| 7).expect("room");
    gate.open();
    assert_eq!(done(last).expect("it ran"), 7);
    lane.close(ShutdownMode::Drain, None).expect("all have ended");
}

#[test]
fn a_close_ends_what_waits_and_refuses_what_comes() {
    let pool = pool(2, 16);
    let (lane, gate) = blocked(&pool, 8);
    let dropped = Count::new();
    let held: Vec<_> = (0..4)
        .map(|_| {
            let counts = dropped.on_drop();
            lane.submit(move || drop(counts)).expect("room")
        })
        .collect();
    assert!(held[1].cancel());
    assert_eq!(lane.close(ShutdownMode::Drain, Some(Duration::ZERO)), Err(IdleError::Pending));
    assert!(matches!(lane.submit(|| ()), Err(SubmitError::Shutdown(_))));
    assert_eq!(lane.close(ShutdownMode::Discard, Some(Duration::ZERO)), Err(IdleError::Pending));
    assert_eq!(dropped.get(), 4, "those that wait are dropped, though one runs");
    thread::scope(|s| {
        let closer = s.spawn(|| lane.close(ShutdownMode::Drain, None));
        gate.open();
        closer.join().expect("no panic").expect("it has ended");
    });
    assert!(held.into_iter().all(|job| matches!(done(job), Err(JobError::Cancelled))));
    assert_eq!(lane.close(ShutdownMode::Drain, Some(Duration::ZERO)), Ok(()));
}

#[test]
fn a_lane_that_is_dropped_runs_what_it_has() {
    let (pool, ran) = (pool(2, 64), Count::new());
    for _ in 0..200 {
        let lane = pool.lane(1, 16).expect("a lane");
        for _ in 0..8 {
            let ran = ran.clone();
            lane.submit_detached(move || ran.add()).expect("open");
        }
    }
    pool.wait_idle().expect("outside of jobs");
    assert_eq!(ran.get(), 1600);
}

#[test]
fn the_end_of_the_pool_ends_its_lanes() {
    for mode in [ShutdownMode::Drain, ShutdownMode::Discard] {
        let pool = pool(2, 16);
        let (lane, gate) = blocked(&pool, 4);
        let jobs: Vec<_> = (0..4).map(|n| lane.submit(move || n).expect("room")).collect();
        let left = pool.shutdown(mode, Some(Duration::ZERO)).expect_err("a job runs").report();
        assert_eq!((left.queued(), left.running()), (4, 1));
        assert!(matches!(lane.try_submit(|| ()), Err(SubmitError::Shutdown(_))), "though the lane is full");
        gate.open();
        let left = pool.shutdown(mode, None).expect("all jobs have ended");
        assert_eq!(left.untaken(), 4);
        assert!(matches!(lane.submit(|| ()), Err(SubmitError::Shutdown(_))));
        for (n, job) in jobs.into_iter().enumerate() {
            match (mode, done(job)) {
                (ShutdownMode::Drain, Ok(result)) => assert_eq!(result, n),
                (ShutdownMode::Discard, Err(JobError::Cancelled)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn calls_that_would_wait_for_themselves_are_refused() {
    for workers in [1, 2] {
        let pool: &'static Pool = Box::leak(Box::new(pool(workers, 8)));
        let lane = &*Box::leak(Box::new(pool.lane(1, 1).expect("a lane")));
        let job = lane.submit(move || {
            // This one has the lane's only place.
            let held = lane.submit(|| 1).expect("it waits");
            let full = lane.submit(|| 2).expect_err("it is full");
            assert!(matches!(full, SubmitError::Deadlock(_)));
            let late = lane.submit_timeout(|| 2, Duration::from_millis(1));
            assert!(matches!(late, Err(SubmitError::Full(_))));
            assert_eq!(lane.close(ShutdownMode::Drain, None), Err(IdleError::Deadlock));
            assert_eq!(pool.wait_idle(), Err(IdleError::Deadlock));
            let none = pool.wait_many(&[&held], WaitFor::First, TimeLimit::NONE);
            assert_eq!(none, Err(WaitManyError::Deadlock));
            let held = held.wait().expect_err("it waits for this job");
            assert!(matches!(held, JobError::Deadlock));
        });
        done(job.expect("room")).expect("all calls said so");
        pool.shutdown(ShutdownMode::Drain, None).expect("all jobs have ended");
    }
}

#[test]
fn a_job_closes_its_own_lane() {
    let pool: &'static Pool = Box::leak(Box::new(pool(2, 8)));
    let lane = &*Box::leak(Box::new(pool.lane(1, 4).expect("a lane")));
    let job = lane.submit(move || {
        let before = lane.submit(|| 7).expect("open");
        // A handle alone is too large a result of a job of a lane.
        let before = Box::new(before);
        assert_eq!(lane.close(ShutdownMode::Drain, Some(Duration::ZERO)), Err(IdleError::Pending));
        assert!(matches!(lane.submit(|| ()), Err(SubmitError::Shutdown(_))));
        before
    });
    let before = done(job.expect("open")).expect("both calls said so");
    assert_eq!(done(*before).expect("what was accepted runs"), 7);
    lane.close(ShutdownMode::Drain, None).expect("all jobs have ended");
    pool.shutdown(ShutdownMode::Drain, None).expect("all jobs have ended");
}

/// The pool is full of jobs that wait for the one that submits.
#[test]
fn a_submit_to_a_pool_that_is_full_of_held_jobs_is_refused() {
    for workers in [1, 2] {
        let pool: &'static Pool = Box::leak(Box::new(pool(workers, 4)));
        let lane = &*Box::leak(Box::new(pool.lane(1, 8).expect("a lane")));
        let job = lane.submit(move || {
            for _ in 0..3 {
                lane.submit_detached(|| ()).expect("it waits");
            }
            assert!(matches!(pool.submit(|| ()), Err(SubmitError::Deadlock(_))));
            assert!(matches!(lane.submit(|| ()), Err(SubmitError::Deadlock(_))));
        });
        done(job.expect("room")).expect("both calls said so");
        pool.shutdown(ShutdownMode::Drain, None).expect("all jobs have ended");
    }
}

#[test]
fn a_shutdown_inside_a_job_does_not_wait_for_what_that_holds_back() {
    static POOL: StaticPool<8, 2, 64> = StaticPool::new();
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| POOL.enter_worker());
        }
        let lane = POOL.lane(1, 4).expect("a lane");
        let (ran, gate) = (Count::new(), Gate::new());
        let opens = gate.clone();
        lane.submit_detached(move || {
            gate.pass();
            let left = POOL.shutdown(ShutdownMode::Drain, None).expect_err("one waits for this job").report();
            assert_eq!((left.queued(), left.running()), (1, 1));
        })
        .expect("room");
        let counts = ran.clone();
        lane.submit_detached(move || counts.add()).expect("room");
        opens.open();
        until("the lane's jobs have ended", || lane.pending() == 0);
        POOL.shutdown(ShutdownMode::Drain, None).expect("all jobs have ended");
        assert_eq!(ran.get(), 1);
    });
}

#[test]
fn an_interrupt_ends_the_waits_for_a_lane() {
    let pool = pool(1, 8);
    let (lane, gate) = blocked(&pool, 1);
    let stop = Interrupt::new();
    lane.submit_detached(|| ()).expect("room");
    thread::scope(|s| {
        let submitter = s.spawn(|| pool.interruptible(&stop, || lane.submit(|| ()).err()));
        pool.raise(&stop);
        let refused = submitter.join().expect("no panic").expect("it is full");
        assert!(matches!(refused, SubmitError::Interrupted(_)), "{refused:?}");
        let closed = pool.interruptible(&stop, || lane.close(ShutdownMode::Drain, None));
        assert_eq!(closed, Err(IdleError::Interrupted));
    });
    gate.open();
    lane.close(ShutdownMode::Drain, None).expect("its jobs end");
}

#[test]
fn a_pool_without_workers_runs_a_lane_when_somebody_waits() {
    static POOL: StaticPool<4, 0, 64> = StaticPool::new();
    let lane = POOL.lane(1, 2).expect("a lane");
    let jobs: Vec<_> = (0..3).map(|n| lane.submit(move || n).expect("room")).collect();
    for (n, job) in jobs.into_iter().enumerate().rev() {
        assert_eq!(job.wait().expect("it ran"), n);
    }
    for n in 0..10 {
        lane.submit(move || n).expect("the submitter makes room").detach();
    }
    lane.close(ShutdownMode::Drain, None).expect("we run them");
    assert_eq!(lane.pending(), 0);
}

#[test]
fn a_lane_that_stands_still_holds_up_no_other() {
    let pool = pool(2, 64);
    let (still, gate) = blocked(&pool, 4);
    still.submit_detached(|| ()).expect("there is room");
    // Lanes that shared a table's places would meet this one.
    let lanes: Vec<_> = (0..1000).map(|_| pool.lane(1, 1).expect("a lane")).collect();
    for lane in &lanes {
        done(lane.submit(|| ()).expect("open")).expect("it ran");
    }
    assert_eq!(still.pending(), 2);
    gate.open();
}

#[test]
fn submitters_go_on_when_the_last_worker_has_left() {
    for _ in 0..20 {
        let pool = pool(1, 16);
        let (lane, gate) = blocked(&pool, 1);
        let ran = Count::new();
        thread::scope(|s| {
            for _ in 0..3 {
                let (lane, ran) = (&lane, ran.clone());
                s.spawn(move || lane.submit_detached(move || ran.add()).expect("open"));
            }
            let leaves = s.spawn(|| pool.set_workers(0, None));
            gate.open();
            leaves.join().expect("no panic").expect("it leaves");
        });
        assert_eq!(lane.close(ShutdownMode::Drain, None), Ok(()), "this thread runs what is left");
        assert_eq!(ran.get(), 3);
    }
}

#[test]
fn one_pool_has_a_hundred_thousand_lanes() {
    const LANES: usize = 100_000;
    if cfg!(target_pointer_width = "64") {
        assert_eq!(size_of::<LaneMemory>(), 104, "what the documentation says");
    }
    let pool = pool(2, 1024);
    let ran = Count::new();
    let lanes: Vec<_> = (0..LANES).map(|_| pool.lane(1, 4).expect("a lane")).collect();
    for round in 1..=2 {
        for lane in &lanes {
            let ran = ran.clone();
            lane.submit_detached(move || ran.add()).expect("open");
        }
        until("all have run", || ran.get() == round * LANES);
    }
}

#[test]
fn numbers_that_make_no_lane() {
    let pool = pool(1, 4);
    for (width, capacity, what) in
        [(0, 1, "width"), (1, 0, "capacity"), (1, usize::MAX, "capacity"), (usize::MAX, 1, "width")]
    {
        let refused = pool.lane(width, capacity).map(drop).expect_err("no lane");
        assert!(matches!(refused, BuildError::Invalid(field) if field == what), "{refused}");
    }
}
