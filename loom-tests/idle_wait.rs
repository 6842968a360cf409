//! Waits until the pool is idle: each returns, when every job that was accepted before it, and every job that
//! such a job submitted, has finished.

use crate::fixtures::{Place, Stage, writer};
use crate::harness::{Model, model};
use jobring_model::Interrupt;
use jobring_model::model::{Clock, End, No, Task};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(3 a_thread_that_finds_the_pool_idle_sees_what_its_jobs_did),
    model!(3 a_wait_for_an_idle_pool_learns_of_a_worker_s_last_job),
    model!(3 a_wait_for_an_idle_pool_learns_of_a_job_that_ends_elsewhere),
    model!(3 a_wait_for_an_idle_pool_learns_of_a_cancel),
    model!(2 a_wait_for_an_idle_pool_includes_what_its_jobs_submit),
    model!(2 a_wait_for_an_idle_pool_includes_what_a_job_with_a_result_submits),
    model!(2 two_waits_for_an_idle_pool_both_return),
    model!(2 a_wait_for_an_idle_pool_without_workers_runs_the_jobs),
    model!(2 a_job_that_waits_for_an_idle_pool_runs_what_is_queued),
    model!(1 two_jobs_that_wait_for_an_idle_pool_both_return),
    model!(2 a_wait_outside_counts_a_job_that_waits_for_an_idle_pool),
    model!(2 of_a_job_that_waits_for_an_idle_pool_and_one_that_waits_for_it_one_is_refused),
    model!(2 of_a_job_that_waits_for_an_idle_pool_and_one_blocked_in_submit_one_is_refused),
    model!(2 a_lender_wakes_a_borrower_that_waits_for_an_idle_pool),
    model!(1 a_wait_for_an_idle_pool_and_a_drain_both_return),
    model!(1 a_shutdown_inside_a_job_and_a_wait_for_an_idle_pool_in_another_both_return),
    model!(1 a_wait_for_an_idle_pool_wakes_for_a_stopped_submitter),
    model!(3 an_interrupt_ends_a_wait_for_an_idle_pool),
];

/// Waits until the pool is idle, which nothing prevents.
fn settle<const N: usize>(s: &Stage<N>) {
    assert_eq!(s.pool.wait_idle(), Ok(()));
}

/// A pool with a worker that never works, and one detached job that writes a place.
fn one_job<const N: usize>() -> (Stage<N>, Place) {
    let s = Stage::attended();
    let (task, place) = writer(&s.log, 0);
    s.pool.submit_detached(task).expect("there is room");
    (s, place)
}

fn a_thread_that_finds_the_pool_idle_sees_what_its_jobs_did() {
    let (s, place) = one_job::<1>();
    let runner = s.runner();
    s.begin();
    // It does not sleep: nothing but the look shows what the job did.
    if s.pool.wait_idle_within(0).is_ok() {
        assert!(place.written());
    }
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_wait_for_an_idle_pool_learns_of_a_worker_s_last_job() {
    let s = Stage::<1>::new();
    let (task, place) = writer(&s.log, 0);
    s.pool.submit_detached(task).expect("there is room");
    let worker = s.worker();
    s.begin();
    settle(&s);
    assert!(place.written());
    s.pool.drain();
    worker.join().unwrap();
    s.assert_ended(1);
}

fn a_wait_for_an_idle_pool_learns_of_a_job_that_ends_elsewhere() {
    let (s, place) = one_job::<1>();
    let runner = s.runner();
    s.begin();
    settle(&s);
    assert!(place.written());
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_wait_for_an_idle_pool_learns_of_a_cancel() {
    let s = Stage::<1>::attended();
    let job = s.submit(0);
    let canceller = s.thread(move |s| assert_eq!(s.pool.cancel(job), Some(true)));
    s.begin();
    settle(&s);
    assert_eq!(s.log.discarded(0), 1);
    canceller.join().unwrap();
}

/// A job of a pool with a worker that never works, which submits another. That one gets the first slot, at
/// which a look has passed when it comes to the first job.
fn two_stages(submit: fn(&Stage<2>, Task)) {
    let s = Stage::<2>::attended();
    s.submit_detached(2);
    assert!(s.pool.run_one());
    let (inside, (second, place)) = (s.clone(), writer(&s.log, 1));
    let first = move || _ = inside.pool.submit_detached(second).expect("there is room");
    submit(&s, s.task(0).doing(first));
    let runner = s.runner_of_all();
    s.begin();
    settle(&s);
    assert!(place.written());
    assert_eq!((s.log.ran(0), s.log.ran(1)), (1, 1));
    runner.join().unwrap();
}

fn a_wait_for_an_idle_pool_includes_what_its_jobs_submit() {
    two_stages(|s, task| _ = s.pool.submit_detached(task).expect("there is room"));
}

fn a_wait_for_an_idle_pool_includes_what_a_job_with_a_result_submits() {
    two_stages(|s, task| _ = s.pool.submit(task).expect("there is room"));
}

fn two_waits_for_an_idle_pool_both_return() {
    let (s, place) = one_job::<1>();
    let theirs = place.clone();
    let other = s.thread(move |s| {
        settle(s);
        assert!(theirs.written());
    });
    let runner = s.runner();
    s.begin();
    settle(&s);
    assert!(place.written());
    other.join().unwrap();
    runner.join().unwrap();
}

fn a_wait_for_an_idle_pool_without_workers_runs_the_jobs() {
    let s = Stage::<2>::new();
    (0..2).for_each(|n| _ = s.submit_detached(n));
    let other = s.thread(settle);
    s.begin();
    settle(&s);
    assert_eq!((s.log.ran(0), s.log.ran(1)), (1, 1));
    other.join().unwrap();
    s.assert_over(2);
}

/// Job `n`, which waits until the pool is idle.
fn settling<const N: usize>(s: &Stage<N>, n: usize) -> Task {
    let inside = s.clone();
    s.task(n).doing(move || settle(&inside))
}

/// Runs the oldest job, if there is one, as a worker that was counted in.
fn run_one<const N: usize>(s: &Stage<N>) {
    s.pool.as_worker(|| _ = s.pool.run_one());
}

/// Runs a job here and one on another thread.
fn run_two<const N: usize>(s: &Stage<N>) {
    let other = s.thread(run_one);
    s.begin();
    run_one(s);
    other.join().unwrap();
}

/// Job 0, which waits until the pool is idle, so that job 1 has ended. `refused` counts the refusals.
fn settling_before(s: &Stage<2>, refused: &Arc<AtomicUsize>) -> Task {
    let (inside, refused) = (s.clone(), refused.clone());
    s.task(0).doing(move || match inside.pool.wait_idle() {
        Ok(()) => assert_eq!(inside.log.ended(1), 1),
        Err(end) => {
            assert_eq!(end, End::Deadlock);
            refused.fetch_add(1, Relaxed);
        }
    })
}

fn a_job_that_waits_for_an_idle_pool_runs_what_is_queued() {
    let s = Stage::<2>::attended();
    let inside = s.clone();
    let task = s.task(0).doing(move || {
        settle(&inside);
        assert_eq!(inside.log.ran(1), 1);
    });
    s.pool.submit_detached(task).expect("there is room");
    s.submit_detached(1);
    let canceller = s.thread(|s| _ = s.pool.run_one());
    s.begin();
    run_one(&s);
    canceller.join().unwrap();
    s.assert_over(2);
}

fn two_jobs_that_wait_for_an_idle_pool_both_return() {
    let s = Stage::<2>::attended();
    s.pool.admit();
    (0..2).for_each(|n| _ = s.pool.submit_detached(settling(&s, n)).expect("there is room"));
    run_two(&s);
    s.assert_over(2);
}

fn a_wait_outside_counts_a_job_that_waits_for_an_idle_pool() {
    let s = Stage::<1>::attended();
    s.pool.submit_detached(settling(&s, 0)).expect("there is room");
    let worker = s.thread(run_one);
    s.begin();
    settle(&s);
    assert_eq!(s.log.ran(0), 1);
    worker.join().unwrap();
}

fn of_a_job_that_waits_for_an_idle_pool_and_one_that_waits_for_it_one_is_refused() {
    let s = Stage::<2>::attended().ungated();
    s.pool.admit();
    let deadlocks = Arc::new(AtomicUsize::new(0));
    let settling = s.pool.submit(settling_before(&s, &deadlocks)).expect("there is room");
    let (inside, count) = (s.clone(), deadlocks.clone());
    let task = s.task(1).doing(move || match inside.pool.wait(settling) {
        End::Deadlock => _ = count.fetch_add(1, Relaxed),
        end => assert_eq!(end, End::Done(0)),
    });
    s.pool.submit_detached(task).expect("there is room");
    run_two(&s);
    assert!(deadlocks.load(Relaxed) <= 1);
    assert_eq!((s.log.ran(0), s.log.ran(1)), (1, 1));
}

fn of_a_job_that_waits_for_an_idle_pool_and_one_blocked_in_submit_one_is_refused() {
    let s = Stage::<2>::attended();
    s.pool.admit();
    let deadlocks = Arc::new(AtomicUsize::new(0));
    s.pool.submit_detached(settling_before(&s, &deadlocks)).expect("there is room");
    let (inside, count) = (s.clone(), deadlocks.clone());
    let task = s.task(1).doing(move || match inside.pool.submit_blocking(inside.task(2)) {
        Ok(_) => {}
        Err(no) => {
            assert_eq!(no, No::Deadlock);
            count.fetch_add(1, Relaxed);
        }
    });
    s.pool.submit_detached(task).expect("there is room");
    run_two(&s);
    while s.pool.run_one() {}
    assert!(deadlocks.load(Relaxed) <= 1);
    assert_eq!((s.log.ran(0), s.log.ran(1)), (1, 1));
}

fn a_lender_wakes_a_borrower_that_waits_for_an_idle_pool() {
    let s = Stage::<2>::attended();
    s.pool.admit();
    let inside = s.clone();
    let task = s.task(0).doing(move || {
        let borrower = inside.clone();
        let helper = inside.task(1).doing(move || {
            let settled = borrower.pool.wait_idle();
            assert!(matches!(settled, Err(End::Deadlock)), "{settled:?}");
        });
        let helper = inside.pool.submit(helper).expect("there is room");
        if !inside.pool.take_back(helper) {
            assert_eq!(inside.pool.wait_as_lender(helper), End::Done(1));
        }
    });
    s.pool.submit_detached(task).expect("there is room");
    run_two(&s);
}

fn a_wait_for_an_idle_pool_and_a_drain_both_return() {
    let (s, place) = one_job::<1>();
    let runner = s.runner();
    let closer = s.thread(|s| drop(s.pool.drain()));
    s.begin();
    settle(&s);
    assert!(place.written());
    closer.join().unwrap();
    runner.join().unwrap();
}

fn a_shutdown_inside_a_job_and_a_wait_for_an_idle_pool_in_another_both_return() {
    let s = Stage::<2>::attended().ungated();
    s.pool.admit();
    s.pool.submit_detached(settling(&s, 0)).expect("there is room");
    let inside = s.clone();
    s.pool.submit_detached(s.task(1).doing(move || drop(inside.pool.drain()))).expect("there is room");
    run_two(&s);
    while s.pool.run_one() {}
    s.assert_ended(2);
}

fn a_wait_for_an_idle_pool_wakes_for_a_stopped_submitter() {
    let s = Stage::<1>::with_clock(Clock::Hasty);
    let worker = s.worker();
    let submitter = s.thread(|s| {
        s.pool.submit_and_freeze(s.task(0)).expect("there is room");
        settle(s);
        assert_eq!(s.log.ran(0), 1);
    });
    s.begin();
    submitter.join().unwrap();
    s.pool.drain();
    worker.join().unwrap();
}

fn an_interrupt_ends_a_wait_for_an_idle_pool() {
    let s = Stage::<1>::attended();
    s.submit_detached(0);
    let interrupt = Arc::new(Interrupt::new());
    let raised = interrupt.clone();
    let waiter = s.thread(move |s| s.pool.interruptible(&raised, || s.pool.wait_idle()));
    s.begin();
    s.pool.raise(&interrupt);
    assert_eq!(waiter.join().unwrap(), Err(End::Interrupted));
    assert!(s.pool.run_one());
    settle(&s);
}
