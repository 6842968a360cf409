//! A thread that finds no empty seat lets every other thread run, including those of lower priority.

#[path = "common/one_core.rs"]
mod one_core;

use jobring::{ShutdownMode, StaticPool};
use one_core::{Does, OneCore, TICK, run};
use std::time::Duration;

const LOW: u32 = 1;
const HIGH: u32 = 2;

type On<const SEATS: usize> = &'static OneCore<SEATS>;
type Pool<const JOBS: usize, const SEATS: usize> = &'static StaticPool<JOBS, 2, 48, On<SEATS>>;

fn pool<const JOBS: usize, const SEATS: usize>(core: On<SEATS>) -> Pool<JOBS, SEATS> {
    Box::leak(Box::new(StaticPool::with_port(core)))
}

fn worker<const JOBS: usize, const SEATS: usize>(priority: u32, pool: Pool<JOBS, SEATS>) -> Does {
    (priority, Box::new(|| assert!(pool.enter_worker())))
}

/// Two workers of low priority sleep in the two seats; then a task of high priority has none.
fn workers_have_the_seats<const JOBS: usize>(
    clock: bool,
    does: impl FnOnce(Pool<JOBS, 2>, On<2>) + Send + 'static,
) {
    let core = OneCore::<2>::leaked(clock);
    let pool = pool::<JOBS, 2>(core);
    let task = move || {
        core.delay(TICK);
        does(pool, core);
        assert!(core.pauses() > 0, "it had a seat");
        pool.shutdown(ShutdownMode::Drain, None).expect("it has no end");
    };
    run(core, vec![worker(LOW, pool), worker(LOW, pool), (HIGH, Box::new(task))]);
}

fn waits(clock: bool) {
    workers_have_the_seats::<4>(clock, |pool, _| {
        for n in 0..3 {
            let job = pool.try_submit(move || 2 * n).expect("there is room");
            assert_eq!(job.wait().unwrap(), 2 * n);
        }
    });
}

#[test]
fn a_waiter_without_a_seat_lets_workers_of_lower_priority_run() {
    waits(true);
}

#[test]
fn so_does_one_without_a_clock() {
    waits(false);
}

#[test]
fn so_does_one_whose_time_ends() {
    workers_have_the_seats::<4>(true, |pool, core| {
        let job = pool.try_submit(|| 3).expect("there is room");
        assert_eq!(job.wait_timeout(Duration::from_nanos(50 * TICK)).expect("in time").unwrap(), 3);
        // Longer than the wait: the time is kept without a seat, too.
        let long = pool.try_submit(move || core.delay(50 * TICK)).expect("there is room");
        let long = long.wait_timeout(Duration::from_nanos(5 * TICK)).expect_err("it runs");
        long.wait().unwrap();
    });
}

fn submits(clock: bool) {
    workers_have_the_seats::<1>(clock, |pool, _| {
        for _ in 0..4 {
            pool.submit_detached(|| ()).expect("open");
        }
    });
}

#[test]
fn a_blocked_submitter_without_a_seat_lets_workers_of_lower_priority_run() {
    submits(true);
}

#[test]
fn so_does_a_submitter_without_a_clock() {
    submits(false);
}

fn closes(clock: bool) {
    workers_have_the_seats::<4>(clock, |pool, _| {
        for _ in 0..4 {
            pool.try_submit_detached(|| ()).expect("there is room");
        }
        let report = pool.shutdown(ShutdownMode::Drain, None).expect("it has no end");
        assert_eq!((report.queued(), report.running()), (0, 0));
    });
}

#[test]
fn a_closer_without_a_seat_lets_workers_of_lower_priority_run() {
    closes(true);
}

#[test]
fn so_does_a_closer_without_a_clock() {
    closes(false);
}

/// One of two idle workers has the seat, and both are above the only task that has something to do.
fn idles(clock: bool) {
    let core = OneCore::<1>::leaked(clock);
    let pool = pool::<4, 1>(core);
    let task = move || {
        for n in 0..3 {
            let job = pool.submit(move || n).expect("open");
            assert_eq!(job.wait().unwrap(), n);
            core.delay(5 * TICK);
        }
        assert!(core.pauses() > 0, "there was a seat for everybody");
        pool.shutdown(ShutdownMode::Drain, None).expect("it has no end");
    };
    run(core, vec![worker(HIGH, pool), worker(HIGH, pool), (LOW, Box::new(task))]);
}

#[test]
fn an_idle_worker_without_a_seat_lets_tasks_of_lower_priority_run() {
    idles(true);
}

#[test]
fn so_does_an_idle_worker_without_a_clock() {
    idles(false);
}
