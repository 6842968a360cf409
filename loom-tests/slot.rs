//! One job's place, from submit to take: whoever meets there, the job runs or is dropped once, its result is taken or
//! dropped once, and its slot comes back once. The pool is whole but for its workers: one is counted in and never
//! works, so that waiters sleep; the models' threads run the jobs.

use crate::harness::{Crew, Model, model};
use jobring_model::Job;
use jobring_model::model::{End, Log, No, Pool, Task};
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(unbounded a_result_reaches_the_waiter),
    model!(unbounded a_result_reaches_the_poller),
    model!(unbounded a_waiter_sees_what_the_job_wrote),
    model!(unbounded who_sees_a_job_finished_sees_what_it_did),
    model!(unbounded a_job_is_seen_by_whoever_runs_it),
    model!(2 of_two_waiters_one_takes_and_both_return),
    model!(unbounded a_job_is_run_or_cancelled_not_both),
    model!(unbounded two_cancellers_drop_the_job_once),
    model!(unbounded a_running_job_learns_of_its_cancel),
    model!(unbounded a_job_that_is_asked_to_stop_sees_why),
    model!(unbounded a_waiter_learns_of_a_cancel),
    model!(unbounded a_detached_result_is_dropped_once),
    model!(unbounded a_handle_is_given_up_once),
    model!(unbounded a_waiter_learns_of_a_detach),
    model!(unbounded a_cancelled_job_is_detached_once),
    model!(unbounded a_result_is_taken_or_given_up_not_both),
    model!(unbounded a_failure_is_delivered_or_given_up_not_both),
    model!(unbounded taker_and_popper_give_the_slot_back_once),
    model!(unbounded what_a_taker_did_comes_before_the_next_job),
    model!(2 reaper_and_popper_give_the_slot_back_once),
    model!(2 runner_detacher_and_popper_give_the_slot_back_once),
    model!(unbounded a_waiting_job_runs_the_queued_job_itself),
    model!(2 a_waiting_job_and_a_popper_run_the_job_once),
    model!(unbounded a_guessed_handle_claims_only_what_is_written),
    model!(unbounded a_handle_that_carries_nothing_claims_what_is_written),
    model!(unbounded a_guessed_handle_takes_only_what_is_written),
    model!(unbounded a_kept_failure_is_read_whole_or_not_at_all),
    model!(unbounded two_readers_of_a_failure_both_return),
    model!(unbounded a_failure_is_read_while_it_is_delivered),
    model!(unbounded a_result_left_where_it_is_can_be_detached),
    model!(unbounded generations_wrap_around),
    model!(2 two_tombstones_free_two_slots),
];

/// A pool with a worker that never works, and a log.
fn pool<const N: usize>() -> (Crew, Arc<Pool<N>>, Arc<Log>) {
    let pool = Pool::new();
    pool.admit();
    (Crew::new(), pool, Log::new())
}

/// Every job ran or was dropped once; of one that ran, the result was taken or dropped once. All slots are back.
fn assert_over<const N: usize>(pool: &Pool<N>, log: &Log, jobs: usize) {
    while pool.run_one() {}
    for n in 0..jobs {
        assert_eq!(log.ended(n), 1, "job {n} ran {} times, dropped {}", log.ran(n), log.discarded(n));
        assert_eq!(log.taken(n) + log.forgotten(n), log.ran(n), "the result of job {n}");
    }
    assert_eq!(pool.free_slots(), N, "slots");
}

fn submit<const N: usize>(pool: &Pool<N>, log: &Arc<Log>, n: usize) -> Job {
    pool.submit(Task::new(log, n)).expect("there is room")
}

fn a_result_reaches_the_waiter() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one()))
    };
    crew.begin();
    assert_eq!(pool.wait(job), End::Done(0));
    assert_eq!(pool.wait(job), End::Stale);
    runner.join().unwrap();
    assert_over(&pool, &log, 1);
}

fn a_result_reaches_the_poller() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one()))
    };
    crew.begin();
    let mut end = pool.poll(job);
    if end == End::Pending {
        runner.join().unwrap();
        end = pool.poll(job);
    }
    assert_eq!(end, End::Done(0));
}

fn a_waiter_sees_what_the_job_wrote() {
    let (crew, pool, log) = pool::<1>();
    let (job, cell) = submit_writer(&pool, &log);
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one()))
    };
    crew.begin();
    assert_eq!(pool.wait(job), End::Done(0));
    // SAFETY:
    // - the job is over.
    assert_eq!(cell.with(|at| unsafe { *at }), 7);
    runner.join().unwrap();
}

fn who_sees_a_job_finished_sees_what_it_did() {
    let (crew, pool, log) = pool::<1>();
    let (job, cell) = submit_writer(&pool, &log);
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one()))
    };
    crew.begin();
    if pool.is_finished(job) {
        // SAFETY:
        // - the job is over.
        assert_eq!(cell.with(|at| unsafe { *at }), 7);
    }
    runner.join().unwrap();
    assert!(pool.is_finished(job));
}

type Cell = Arc<loom::cell::UnsafeCell<usize>>;

/// Submits job 0, which writes 7 into a cell.
fn submit_writer(pool: &Pool<1>, log: &Arc<Log>) -> (Job, Cell) {
    let cell = Arc::new(loom::cell::UnsafeCell::new(0));
    let written = cell.clone();
    let task = Task::new(log, 0).doing(move || {
        // SAFETY:
        // - the job alone has the cell until it is over; the checker checks it.
        written.with_mut(|at| unsafe { *at = 7 });
    });
    (pool.submit(task).expect("there is room"), cell)
}

fn a_job_is_seen_by_whoever_runs_it() {
    let (crew, pool, log) = pool::<1>();
    let submitter = {
        let (pool, log) = (pool.clone(), log.clone());
        crew.spawn(move || drop(pool.submit_detached(Task::new(&log, 0)).expect("there is room")))
    };
    crew.begin();
    let _ = pool.run_one();
    submitter.join().unwrap();
    assert_over(&pool, &log, 1);
}

fn of_two_waiters_one_takes_and_both_return() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let waiter = {
        let pool = pool.clone();
        crew.spawn(move || pool.wait(job))
    };
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one()))
    };
    crew.begin();
    let ends = [pool.wait(job), waiter.join().unwrap()];
    runner.join().unwrap();
    assert!(ends == [End::Done(0), End::Stale] || ends == [End::Stale, End::Done(0)], "{ends:?}");
    assert_over(&pool, &log, 1);
}

fn a_job_is_run_or_cancelled_not_both() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || pool.run_one())
    };
    crew.begin();
    let cancelled = pool.cancel(job).expect("nobody took it");
    let end = pool.wait(job);
    let ran = runner.join().unwrap();
    assert_eq!((end == End::Cancelled, end == End::Done(0)), (cancelled, ran));
    assert_eq!((log.discarded(0), log.ran(0)), (usize::from(cancelled), usize::from(ran)));
    assert_over(&pool, &log, 1);
}

fn two_cancellers_drop_the_job_once() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let other = {
        let pool = pool.clone();
        crew.spawn(move || pool.cancel(job))
    };
    crew.begin();
    let mine = pool.cancel(job).expect("nobody took it");
    let theirs = other.join().unwrap().expect("nobody took it");
    assert!(mine || theirs);
    assert_eq!(pool.wait(job), End::Cancelled);
    assert_over(&pool, &log, 1);
}

fn a_running_job_learns_of_its_cancel() {
    let (crew, pool, log) = pool::<1>();
    let asked = pool.clone();
    let task = Task::new(&log, 0).doing(move || assert!(asked.cancel_requested().is_some()));
    let job = pool.submit(task).expect("there is room");
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || pool.run_one())
    };
    crew.begin();
    let cancelled = pool.cancel(job);
    assert!(cancelled.is_some());
    assert_eq!(runner.join().unwrap(), cancelled == Some(false));
    assert_eq!(pool.wait(job) == End::Done(0), cancelled == Some(false));
    // The task holds the pool: neither is dropped before the other if it is not over.
    assert_over(&pool, &log, 1);
}

fn a_job_that_is_asked_to_stop_sees_why() {
    let (crew, pool, log) = pool::<1>();
    let why: Cell = Arc::new(loom::cell::UnsafeCell::new(0));
    let (asked, reason) = (pool.clone(), why.clone());
    let task = Task::new(&log, 0).doing(move || {
        if asked.cancel_requested() == Some(true) {
            // SAFETY:
            // - the canceller wrote it before it asked, and nobody writes it after.
            assert_eq!(reason.with(|at| unsafe { *at }), 7);
        }
    });
    let job = pool.submit(task).expect("there is room");
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || pool.run_one())
    };
    crew.begin();
    // SAFETY:
    // - nobody reads it before the cancel.
    why.with_mut(|at| unsafe { *at = 7 });
    let _ = pool.cancel(job);
    let _ = runner.join().unwrap();
    assert!(pool.is_finished(job) && pool.detach(job));
    assert_over(&pool, &log, 1);
}

fn a_waiter_learns_of_a_cancel() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let canceller = {
        let pool = pool.clone();
        crew.spawn(move || assert_eq!(pool.cancel(job), Some(true)))
    };
    crew.begin();
    assert_eq!(pool.wait(job), End::Cancelled);
    canceller.join().unwrap();
    assert_over(&pool, &log, 1);
}

fn a_detached_result_is_dropped_once() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one()))
    };
    crew.begin();
    assert!(pool.detach(job));
    assert_eq!(pool.wait(job), End::Stale);
    runner.join().unwrap();
    assert_eq!(log.forgotten(0), 1);
    assert_over(&pool, &log, 1);
}

fn a_handle_is_given_up_once() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let other = {
        let pool = pool.clone();
        crew.spawn(move || {
            let detached = pool.detach(job);
            let _ = pool.run_one();
            detached
        })
    };
    crew.begin();
    let mine = pool.detach(job);
    assert!(mine != other.join().unwrap());
    assert_over(&pool, &log, 1);
}

fn a_waiter_learns_of_a_detach() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let other = {
        let pool = pool.clone();
        crew.spawn(move || pool.detach(job))
    };
    crew.begin();
    assert_eq!(pool.wait(job), End::Stale);
    assert!(other.join().unwrap());
    assert_over(&pool, &log, 1);
}

fn a_cancelled_job_is_detached_once() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let canceller = {
        let pool = pool.clone();
        crew.spawn(move || pool.cancel(job))
    };
    crew.begin();
    assert!(pool.detach(job));
    let _ = canceller.join().unwrap();
    assert_over(&pool, &log, 1);
}

fn taker_and_popper_give_the_slot_back_once() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let popper = {
        let pool = pool.clone();
        crew.spawn(move || pool.run_one())
    };
    crew.begin();
    if pool.cancel(job) == Some(true) {
        assert_eq!(pool.poll(job), End::Cancelled);
        // The tombstone is the popper's or ours to reap, so the slot is there for the next, at the latest now.
        assert!(!popper.join().unwrap());
        let next = submit(&pool, &log, 1);
        assert!(pool.run_one());
        assert_eq!(pool.wait(next), End::Done(1));
        assert_over(&pool, &log, 2);
    } else {
        assert!(popper.join().unwrap());
        assert_eq!(pool.wait(job), End::Done(0));
        assert_over(&pool, &log, 1);
    }
}

fn what_a_taker_did_comes_before_the_next_job() {
    // A canceller touches the body; the popper of its tombstone gives the slot back, and fills it anew.
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let popper = {
        let (pool, log) = (pool.clone(), log.clone());
        crew.spawn(move || {
            let _ = pool.run_one();
            pool.submit_detached(Task::new(&log, 1)).is_ok()
        })
    };
    crew.begin();
    let cancelled = pool.cancel(job) == Some(true);
    assert!(pool.detach(job));
    let jobs = if popper.join().unwrap() { 2 } else { 1 };
    assert_eq!(log.discarded(0), usize::from(cancelled));
    assert_over(&pool, &log, jobs);
}

fn reaper_and_popper_give_the_slot_back_once() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    assert_eq!(pool.cancel(job), Some(true));
    let popper = {
        let pool = pool.clone();
        crew.spawn(move || pool.run_one())
    };
    let submitter = {
        let (pool, log) = (pool.clone(), log.clone());
        crew.spawn(move || pool.submit_blocking(Task::new(&log, 1)))
    };
    crew.begin();
    assert_eq!(pool.wait(job), End::Cancelled);
    submitter.join().unwrap().expect("a slot was given back");
    let _ = popper.join().unwrap();
    assert_over(&pool, &log, 2);
}

fn runner_detacher_and_popper_give_the_slot_back_once() {
    // The canceller touches the body and finds the handle given up; the popper fills the slot anew.
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    let popper = {
        let (pool, log) = (pool.clone(), log.clone());
        crew.spawn(move || {
            let _ = pool.run_one();
            pool.submit_detached(Task::new(&log, 1)).is_ok()
        })
    };
    let detacher = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.detach(job)))
    };
    crew.begin();
    let _ = pool.cancel(job);
    detacher.join().unwrap();
    let jobs = if popper.join().unwrap() { 2 } else { 1 };
    assert_over(&pool, &log, jobs);
}

/// Job 0, which is first in the ring, waits for job 1, which is second. Its handle.
fn submit_waiting(pool: &Arc<Pool<2>>, log: &Arc<Log>) -> [Job; 2] {
    let (waiting, inner) = (pool.clone(), pool.guess(0, 1));
    let task = Task::new(log, 0).doing(move || {
        let end = waiting.wait(inner);
        assert!(end == End::Done(1) || end == End::Stale, "{end:?}");
    });
    let outer = pool.submit(task).expect("there is room");
    assert_eq!(pool.submit(Task::new(log, 1)).expect("there is room"), inner);
    [outer, inner]
}

fn a_waiting_job_runs_the_queued_job_itself() {
    let (crew, pool, log) = pool::<2>();
    let [outer, inner] = submit_waiting(&pool, &log);
    let other = {
        let pool = pool.clone();
        crew.spawn(move || pool.poll(inner))
    };
    crew.begin();
    assert!(pool.run_one());
    let end = other.join().unwrap();
    assert!(end == End::Done(1) || end == End::Pending || end == End::Stale, "{end:?}");
    assert_eq!(pool.poll(outer), End::Done(0));
    assert_over(&pool, &log, 2);
}

fn a_waiting_job_and_a_popper_run_the_job_once() {
    let (crew, pool, log) = pool::<2>();
    let [outer, _] = submit_waiting(&pool, &log);
    let other = {
        let pool = pool.clone();
        crew.spawn(move || pool.run_one())
    };
    crew.begin();
    let _ = pool.run_one();
    let _ = other.join().unwrap();
    assert_eq!(pool.poll(outer), End::Done(0));
    assert_over(&pool, &log, 2);
}

fn a_guessed_handle_claims_only_what_is_written() {
    let (crew, pool, log) = pool::<1>();
    let guess = pool.guess(0, 0);
    let guesser = {
        let pool = pool.clone();
        crew.spawn(move || pool.cancel(guess))
    };
    crew.begin();
    let job = submit(&pool, &log, 0);
    let cancelled = guesser.join().unwrap();
    if cancelled != Some(true) {
        assert!(pool.run_one());
    }
    let end = pool.wait(job);
    assert_eq!(end == End::Cancelled, cancelled == Some(true));
    assert_over(&pool, &log, 1);
}

fn a_handle_that_carries_nothing_claims_what_is_written() {
    let (crew, pool, log) = pool::<1>();
    let guess = pool.guess(0, 0);
    let guesser = {
        let pool = pool.clone();
        crew.spawn(move || {
            // The waiter's flag comes between the guesser's look and its claim, too.
            while pool.cancel(guess).is_none() {
                loom::thread::yield_now();
            }
        })
    };
    crew.begin();
    let job = submit(&pool, &log, 0);
    assert_eq!(pool.wait_leaving(job), End::Cancelled);
    guesser.join().unwrap();
    assert_over(&pool, &log, 1);
}

fn a_guessed_handle_takes_only_what_is_written() {
    let (crew, pool, log) = pool::<1>();
    let guess = pool.guess(0, 0);
    let guesser = {
        let pool = pool.clone();
        crew.spawn(move || pool.poll(guess))
    };
    crew.begin();
    let job = submit(&pool, &log, 0);
    assert!(pool.run_one());
    let mine = pool.poll(job);
    let theirs = guesser.join().unwrap();
    // Pending while the other takes it.
    assert!((mine == End::Done(0)) != (theirs == End::Done(0)), "{mine:?} {theirs:?}");
    assert_over(&pool, &log, 1);
}

fn a_kept_failure_is_read_whole_or_not_at_all() {
    let (crew, pool, log) = pool::<1>();
    let job = pool.submit(Task::new(&log, 0).failing()).expect("there is room");
    assert!(pool.run_one());
    assert_eq!(pool.wait_keeping(job), End::Failed(0));
    assert_eq!(pool.wait(job), End::Stale);
    let reader = {
        let pool = pool.clone();
        crew.spawn(move || pool.read_failure(job))
    };
    crew.begin();
    match pool.submit(Task::new(&log, 1).failing()) {
        Ok(next) => {
            assert!(pool.run_one());
            assert_eq!(pool.wait(next), End::Failed(1));
        }
        // Being read.
        Err(no) => assert_eq!(no, No::Full),
    }
    let read = reader.join().unwrap();
    assert!(read == End::Failed(0) || read == End::Stale, "{read:?}");
    assert_eq!(pool.free_slots(), 1);
}

fn two_readers_of_a_failure_both_return() {
    let (crew, pool, log) = pool::<1>();
    let job = pool.submit(Task::new(&log, 0).failing()).expect("there is room");
    assert!(pool.run_one());
    let reader = {
        let pool = pool.clone();
        crew.spawn(move || pool.read_failure(job))
    };
    crew.begin();
    let mine = pool.read_failure(job);
    let theirs = reader.join().unwrap();
    for read in [mine, theirs] {
        assert!(read == End::Failed(0) || read == End::Pending, "{read:?}");
    }
    assert!(mine == End::Failed(0) || theirs == End::Failed(0));
    assert_eq!(pool.wait(job), End::Failed(0));
    assert_eq!(pool.free_slots(), 1);
}

fn a_failure_is_read_while_it_is_delivered() {
    let (crew, pool, log) = pool::<1>();
    let job = pool.submit(Task::new(&log, 0).failing()).expect("there is room");
    assert!(pool.run_one());
    let reader = {
        let pool = pool.clone();
        crew.spawn(move || pool.read_failure(job))
    };
    crew.begin();
    // A reader has it, or has put it back: the waiter sleeps, or takes it.
    assert_eq!(pool.wait_keeping(job), End::Failed(0));
    let read = reader.join().unwrap();
    assert!(read == End::Failed(0) || read == End::Pending, "{read:?}");
    assert_eq!(pool.read_failure(job), End::Failed(0));
    assert_eq!(pool.free_slots(), 1);
}

fn a_result_left_where_it_is_can_be_detached() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    assert!(pool.run_one());
    let looker = {
        let pool = pool.clone();
        crew.spawn(move || pool.wait_leaving(job))
    };
    crew.begin();
    assert!(pool.detach(job));
    let end = looker.join().unwrap();
    assert!(end == End::Done(0) || end == End::Stale, "{end:?}");
    assert_over(&pool, &log, 1);
}

fn a_result_is_taken_or_given_up_not_both() {
    let (crew, pool, log) = pool::<1>();
    let job = submit(&pool, &log, 0);
    assert!(pool.run_one());
    let other = {
        let pool = pool.clone();
        crew.spawn(move || pool.detach(job))
    };
    crew.begin();
    let taken = pool.poll(job) == End::Done(0);
    assert_ne!(taken, other.join().unwrap());
    assert_over(&pool, &log, 1);
}

fn a_failure_is_delivered_or_given_up_not_both() {
    let (crew, pool, log) = pool::<1>();
    let job = pool.submit(Task::new(&log, 0).failing()).expect("there is room");
    assert!(pool.run_one());
    let other = {
        let pool = pool.clone();
        crew.spawn(move || pool.detach(job))
    };
    crew.begin();
    let delivered = pool.wait_keeping(job) == End::Failed(0);
    assert_ne!(delivered, other.join().unwrap());
    assert_eq!(pool.free_slots(), 1);
}

fn generations_wrap_around() {
    let last = (1usize << 36) - 1;
    let (crew, pool, log) = (Crew::new(), Pool::<1>::starting_at(last), Log::new());
    pool.admit();
    let old = submit(&pool, &log, 0);
    assert_eq!(old, pool.guess(last, 0));
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one()))
    };
    crew.begin();
    assert_eq!(pool.wait(old), End::Done(0));
    runner.join().unwrap();
    let new = submit(&pool, &log, 1);
    assert_eq!(new, pool.guess(0, 0));
    assert_eq!(pool.cancel(old), None);
    assert!(pool.run_one());
    assert_eq!(pool.wait(new), End::Done(1));
    assert_over(&pool, &log, 2);
}

fn two_tombstones_free_two_slots() {
    let (crew, pool, log) = pool::<2>();
    let jobs = [0, 1].map(|n| submit(&pool, &log, n));
    for job in jobs {
        assert_eq!(pool.cancel(job), Some(true));
    }
    let takers = jobs.map(|job| {
        let pool = pool.clone();
        crew.spawn(move || assert_eq!(pool.poll(job), End::Cancelled))
    });
    crew.begin();
    for n in [2, 3] {
        pool.submit_blocking(Task::new(&log, n)).expect("two slots are given back");
    }
    for taker in takers {
        taker.join().unwrap();
    }
    assert_over(&pool, &log, 4);
}
