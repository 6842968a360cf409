//! The whole pool: submit, workers, waiters and closers together, as small as they come.

use crate::harness::{Crew, Model, model};
use jobring_model::model::{End, Log, No, Pool, Task, Visits};
use loom::thread::JoinHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(2 a_submitted_job_is_run_and_waited_for),
    model!(2 two_jobs_of_one_submitter_are_run),
    model!(2 accepted_job_resolves_when_drain_races_submit),
    model!(2 accepted_job_resolves_when_discard_races_submit),
    model!(unbounded accepted_job_resolves_when_drain_races_submit_without_workers),
    model!(unbounded accepted_job_resolves_when_discard_races_submit_without_workers),
    model!(2 accepted_job_resolves_when_a_result_is_taken_meanwhile),
    model!(1 two_closers_both_return_and_see_what_jobs_did),
    model!(2 a_closer_sees_what_jobs_did_elsewhere),
    model!(unbounded a_closer_runs_what_the_last_worker_left),
    model!(2 a_closer_waits_for_a_running_job),
    model!(2 a_closer_waits_for_the_taker_of_a_result),
    model!(2 shutdown_inside_a_job_returns),
    model!(3 a_blocked_submitter_gets_the_slot_of_a_job_that_ran),
    model!(3 a_blocked_submitter_gets_the_slot_of_a_result_that_was_taken),
    model!(3 a_blocked_submitter_gets_the_slot_of_a_cancelled_job),
    model!(3 a_blocked_submitter_is_refused_or_accepted_when_the_pool_closes),
    model!(unbounded a_blocked_submitter_is_refused_when_no_slot_comes_back),
    model!(2 two_jobs_blocked_in_submit_come_back),
    model!(2 a_waiter_without_workers_runs_the_job),
    model!(unbounded destroy_waits_for_a_visitor),
    model!(2 destroy_waits_for_two_visitors),
];

fn pool<const N: usize>() -> (Crew, Arc<Pool<N>>, Arc<Log>) {
    (Crew::new(), Pool::new(), Log::new())
}

fn worker<const N: usize>(crew: &Crew, pool: &Arc<Pool<N>>) -> JoinHandle<()> {
    pool.admit();
    let pool = pool.clone();
    crew.spawn(move || pool.work())
}

fn a_submitted_job_is_run_and_waited_for() {
    let (crew, pool, log) = pool::<1>();
    let worker = worker(&crew, &pool);
    crew.begin();
    let job = pool.submit(Task::new(&log, 0)).expect("there is room");
    assert_eq!(pool.wait(job), End::Done(0));
    pool.drain();
    worker.join().unwrap();
    assert_eq!((log.ran(0), log.taken(0)), (1, 1));
}

fn two_jobs_of_one_submitter_are_run() {
    let (crew, pool, log) = pool::<2>();
    let worker = worker(&crew, &pool);
    crew.begin();
    for n in 0..2 {
        pool.submit_detached(Task::new(&log, n)).expect("there is room");
    }
    pool.drain();
    worker.join().unwrap();
    assert_eq!((log.ran(0), log.ran(1)), (1, 1));
}

/// A submitter against a closer, with or without a worker. Accepted jobs are over when the shutdown returns and when
/// submit has; none runs later.
fn submit_against_shutdown(workers: usize, drain: bool) {
    let (crew, pool, log) = pool::<1>();
    let workers: Vec<_> = (0..workers).map(|_| worker(&crew, &pool)).collect();
    let over = Arc::new(AtomicBool::new(false));
    let submitter = {
        let (pool, log, over) = (pool.clone(), log.clone(), over.clone());
        crew.spawn(move || {
            let task = Task::new(&log, 0).doing(move || assert!(!over.load(Relaxed), "ran after the end"));
            pool.submit_detached(task)
        })
    };
    crew.begin();
    let report = if drain { pool.drain() } else { pool.discard() };
    over.store(true, Relaxed);
    assert_eq!((report.queued, report.running, report.in_submission, report.untaken), (0, 0, 0, 0));
    let ended = log.ended(0);
    match submitter.join().unwrap() {
        Ok(_) => assert_eq!(ended, 1, "accepted and not over"),
        Err(no) => assert!(no == No::Shutdown && ended == 0),
    }
    assert!(!drain || log.discarded(0) == 0);
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!((log.ended(0), log.forgotten(0)), (ended, log.ran(0)));
}

fn accepted_job_resolves_when_drain_races_submit() {
    submit_against_shutdown(1, true);
}

fn accepted_job_resolves_when_discard_races_submit() {
    submit_against_shutdown(1, false);
}

fn accepted_job_resolves_when_drain_races_submit_without_workers() {
    submit_against_shutdown(0, true);
}

fn accepted_job_resolves_when_discard_races_submit_without_workers() {
    submit_against_shutdown(0, false);
}

fn accepted_job_resolves_when_a_result_is_taken_meanwhile() {
    // The taker gives its slot back, or takes it out of use: no submitter fills it when the closer has gone.
    let (crew, pool, log) = pool::<1>();
    let job = pool.submit(Task::new(&log, 0)).expect("there is room");
    assert!(pool.run_one());
    let taker = {
        let pool = pool.clone();
        crew.spawn(move || pool.poll(job))
    };
    let submitter = {
        let (pool, log) = (pool.clone(), log.clone());
        crew.spawn(move || pool.submit_detached(Task::new(&log, 1)).is_ok())
    };
    crew.begin();
    pool.drain();
    assert_eq!(taker.join().unwrap(), End::Done(0));
    assert_eq!(log.ended(1), usize::from(submitter.join().unwrap()));
}

type Cell = Arc<loom::cell::UnsafeCell<usize>>;

/// Submits job 0, detached, which writes 7 into a cell.
fn submit_writer(pool: &Pool<1>, log: &Arc<Log>) -> Cell {
    let cell = Arc::new(loom::cell::UnsafeCell::new(0));
    let written = cell.clone();
    let task = Task::new(log, 0).doing(move || {
        // SAFETY:
        // - the job alone has the cell until it is over; the checker checks it.
        written.with_mut(|at| unsafe { *at = 7 });
    });
    pool.submit_detached(task).expect("there is room");
    cell
}

fn drain_and_read(pool: &Pool<1>, cell: &Cell) {
    pool.drain();
    // SAFETY:
    // - the job is over.
    assert_eq!(cell.with(|at| unsafe { *at }), 7);
}

fn two_closers_both_return_and_see_what_jobs_did() {
    let (crew, pool, log) = pool::<1>();
    let cell = submit_writer(&pool, &log);
    let other = {
        let (pool, cell) = (pool.clone(), cell.clone());
        crew.spawn(move || drain_and_read(&pool, &cell))
    };
    crew.begin();
    drain_and_read(&pool, &cell);
    other.join().unwrap();
    assert_eq!(log.ran(0), 1);
}

fn a_closer_sees_what_jobs_did_elsewhere() {
    let (_, pool, log) = pool::<1>();
    let crew = Crew::ungated();
    // So that the closers leave the job to the runner.
    pool.admit();
    let cell = submit_writer(&pool, &log);
    let other = {
        let pool = pool.clone();
        crew.spawn(move || drop(pool.close()))
    };
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || assert!(pool.run_one()))
    };
    crew.begin();
    if pool.close().is_ok() {
        // SAFETY:
        // - the job is over.
        assert_eq!(cell.with(|at| unsafe { *at }), 7);
    }
    other.join().unwrap();
    runner.join().unwrap();
    assert_eq!(log.ran(0), 1);
}

fn a_closer_runs_what_the_last_worker_left() {
    let (crew, pool, log) = pool::<1>();
    pool.admit();
    pool.submit_detached(Task::new(&log, 0)).expect("there is room");
    let worker = {
        let pool = pool.clone();
        crew.spawn(move || pool.leave())
    };
    crew.begin();
    pool.drain();
    assert_eq!(log.ran(0), 1);
    worker.join().unwrap();
}

fn a_closer_waits_for_a_running_job() {
    let (crew, pool, log) = pool::<1>();
    pool.submit_detached(Task::new(&log, 0)).expect("there is room");
    let runner = {
        let pool = pool.clone();
        crew.spawn(move || pool.run_one())
    };
    crew.begin();
    pool.discard();
    assert_eq!(log.ended(0), 1);
    assert_eq!(runner.join().unwrap(), log.ran(0) == 1);
}

fn a_closer_waits_for_the_taker_of_a_result() {
    let (crew, pool, log) = pool::<1>();
    let job = pool.submit(Task::new(&log, 0)).expect("there is room");
    assert!(pool.run_one());
    let taker = {
        let pool = pool.clone();
        crew.spawn(move || pool.poll(job))
    };
    crew.begin();
    let report = pool.drain();
    // Where the taker is at it, the slot is neither free nor untaken.
    assert_eq!(report.queued + report.running, 0);
    if report.untaken + report.in_submission == 0 {
        assert_eq!(log.taken(0), 1);
    }
    assert_eq!(taker.join().unwrap(), End::Done(0));
    pool.forget_all();
    assert_eq!((log.taken(0), log.forgotten(0)), (1, 0));
}

fn shutdown_inside_a_job_returns() {
    let (crew, pool, log) = pool::<1>();
    let worker = worker(&crew, &pool);
    crew.begin();
    let inside = pool.clone();
    let task = Task::new(&log, 0).doing(move || drop(inside.drain()));
    let job = pool.submit(task).expect("there is room");
    assert_eq!(pool.wait(job), End::Done(0));
    worker.join().unwrap();
    assert!(matches!(pool.submit(Task::new(&log, 1)), Err(No::Shutdown)));
}

/// A full pool of one slot, whose job `free` gets out of the way; a worker is counted in and never works.
fn blocked_submitter(detached: bool, free: fn(&Pool<1>, jobring_model::Job)) {
    let (crew, pool, log) = pool::<1>();
    pool.admit();
    let task = Task::new(&log, 0);
    let job = if detached { pool.submit_detached(task) } else { pool.submit(task) }.expect("there is room");
    let submitter = {
        let (pool, log) = (pool.clone(), log.clone());
        crew.spawn(move || pool.submit_blocking(Task::new(&log, 1)))
    };
    crew.begin();
    free(&pool, job);
    submitter.join().unwrap().expect("a slot was given back");
    while pool.run_one() {}
    assert_eq!((log.ended(0), log.ran(1), pool.free_slots()), (1, 1, 1));
}

fn a_blocked_submitter_gets_the_slot_of_a_job_that_ran() {
    blocked_submitter(true, |pool, _| assert!(pool.run_one()));
}

fn a_blocked_submitter_gets_the_slot_of_a_result_that_was_taken() {
    blocked_submitter(false, |pool, job| {
        assert!(pool.run_one());
        assert_eq!(pool.wait(job), End::Done(0));
    });
}

fn a_blocked_submitter_gets_the_slot_of_a_cancelled_job() {
    blocked_submitter(false, |pool, job| {
        assert_eq!(pool.cancel(job), Some(true));
        assert!(pool.detach(job));
    });
}

fn a_blocked_submitter_is_refused_or_accepted_when_the_pool_closes() {
    let (crew, pool, log) = pool::<1>();
    // Discarding closers do not wait for this worker; the submitter sleeps because of it.
    pool.admit();
    pool.submit_detached(Task::new(&log, 0)).expect("there is room");
    let submitter = {
        let (pool, log) = (pool.clone(), log.clone());
        crew.spawn(move || pool.submit_blocking(Task::new(&log, 1)))
    };
    crew.begin();
    pool.discard();
    let ended = log.ended(1);
    match submitter.join().unwrap() {
        Ok(_) => assert_eq!(ended, 1, "accepted and not over"),
        Err(no) => assert!(no == No::Shutdown && ended == 0),
    }
    assert_eq!((log.discarded(0), log.ended(1)), (1, ended));
}

fn a_blocked_submitter_is_refused_when_no_slot_comes_back() {
    let (crew, pool, log) = pool::<1>();
    pool.admit();
    let job = pool.submit(Task::new(&log, 0)).expect("there is room");
    assert!(pool.run_one());
    let submitter = {
        let (pool, log) = (pool.clone(), log.clone());
        crew.spawn(move || pool.submit_blocking(Task::new(&log, 1)))
    };
    crew.begin();
    assert_eq!(pool.drain().untaken, 1);
    assert_eq!(submitter.join().unwrap(), Err(No::Shutdown));
    assert_eq!(pool.wait(job), End::Done(0));
}

fn two_jobs_blocked_in_submit_come_back() {
    let (crew, pool, log) = (Crew::new(), Pool::<2>::with_clock(), Log::new());
    for n in 0..2 {
        pool.admit();
        let (inside, inner) = (pool.clone(), log.clone());
        let task = Task::new(&log, n).doing(move || match inside.submit_blocking(Task::new(&inner, 2 + n)) {
            Ok(_) => {}
            Err(no) => assert_eq!(no, No::Deadlock),
        });
        pool.submit_detached(task).expect("there is room");
    }
    let other = {
        let pool = pool.clone();
        crew.spawn(move || {
            pool.as_worker(|| {
                pool.run_one();
            })
        })
    };
    crew.begin();
    pool.as_worker(|| {
        pool.run_one();
    });
    other.join().unwrap();
    while pool.run_one() {}
    assert_eq!((log.ran(0), log.ran(1)), (1, 1));
    assert_eq!(pool.free_slots(), 2);
}

fn a_waiter_without_workers_runs_the_job() {
    let (crew, pool, log) = pool::<2>();
    let jobs = [0, 1].map(|n| pool.submit(Task::new(&log, n)).expect("there is room"));
    let other = {
        let pool = pool.clone();
        crew.spawn(move || assert_eq!(pool.wait(jobs[1]), End::Done(1)))
    };
    crew.begin();
    assert_eq!(pool.wait(jobs[0]), End::Done(0));
    other.join().unwrap();
    assert_eq!(pool.free_slots(), 2);
}

fn destroy_waits_for(visitors: usize) {
    let (crew, visits) = (Crew::new(), Arc::new(Visits::new()));
    let memory: Arc<[_; 2]> = Arc::new([(); 2].map(|()| loom::cell::UnsafeCell::new(0)));
    let visitors: Vec<_> = (0..visitors)
        .map(|n| {
            // The visit is begun before destroy is called: that is its caller's duty.
            let (visit, visits, memory) = (visits.begin(), visits.clone(), memory.clone());
            crew.spawn(move || {
                // SAFETY:
                // - the visitor alone has it; the checker checks it.
                memory[n].with_mut(|at| unsafe { *at = 1 });
                drop(visit);
                drop(visits);
            })
        })
        .collect();
    crew.begin();
    visits.await_end();
    for cell in &memory[..visitors.len()] {
        // SAFETY:
        // - nobody visits.
        assert_eq!(cell.with(|at| unsafe { *at }), 1);
    }
    for visitor in visitors {
        visitor.join().unwrap();
    }
}

fn destroy_waits_for_a_visitor() {
    destroy_waits_for(1);
}

fn destroy_waits_for_two_visitors() {
    destroy_waits_for(2);
}
