//! Waits for several jobs: each returns when its jobs decide it, and no event is lost.

use crate::fixtures::{Stage, writer};
use crate::harness::{Model, model};
use jobring_model::model::{Clock, End, StopPoint};
use jobring_model::{Interrupt, JobId, WaitFor};
use loom::thread::JoinHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(3 a_wait_for_the_first_ends_with_its_job),
    model!(3 a_wait_for_the_first_sees_what_its_job_did),
    model!(2 of_two_jobs_the_first_ends_the_wait),
    model!(2 a_wait_beside_a_waiter_for_one_job_ends_too),
    model!(3 a_wait_for_the_first_learns_of_a_detach),
    model!(3 a_wait_for_the_first_learns_of_a_cancel),
    model!(2 a_wait_for_a_failure_waits_for_another_thread_s_look),
    model!(2 a_wait_for_a_failure_learns_that_the_job_was_taken),
    model!(2 a_wait_for_a_failure_ends_with_it_or_with_the_last_job),
    model!(2 a_wait_for_all_ends_with_the_last_job),
    model!(2 two_waits_for_the_first_of_the_same_jobs_end),
    model!(2 a_thread_that_ends_a_job_and_is_stopped_anywhere_holds_up_no_other_event),
    model!(2 a_wait_for_the_first_with_a_timeout_ends),
    model!(1 a_wait_for_the_first_wakes_for_a_stopped_submitter),
    model!(1 a_wait_for_the_first_inside_a_job_runs_one_of_its_jobs),
    model!(1 of_two_jobs_that_wait_for_the_first_of_themselves_one_is_refused),
    model!(2 a_wait_for_the_first_is_not_refused_while_one_of_its_jobs_can_go_on),
    model!(2 a_wait_for_a_failure_is_refused_when_only_waiting_jobs_are_left),
    model!(1 a_shutdown_inside_a_job_returns_though_a_wait_for_the_first_needs_it),
    model!(3 an_interrupt_ends_a_wait_for_the_first),
    model!(2 a_job_that_ends_wakes_a_wait_for_the_first_in_a_scope),
];

/// Two slots, a worker that never works, and this many jobs.
fn stage(jobs: usize) -> (Stage<2>, Vec<JobId>) {
    let s = Stage::<2>::attended();
    let jobs = (0..jobs).map(|n| s.submit(n)).collect();
    (s, jobs)
}

fn first<const N: usize>(s: &Stage<N>, jobs: &[JobId]) -> Result<usize, End> {
    s.pool.wait_many(jobs, WaitFor::First)
}

fn a_wait_for_the_first_ends_with_its_job() {
    let (s, jobs) = stage(1);
    let runner = s.runner();
    s.begin();
    assert_eq!(first(&s, &jobs), Ok(0));
    // It has taken nothing.
    assert_eq!(s.pool.poll(jobs[0]), End::Done(0));
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_wait_for_the_first_sees_what_its_job_did() {
    let s = Stage::<1>::attended();
    let (task, place) = writer(&s.log, 0);
    let job = s.pool.submit(task).expect("there is room");
    let runner = s.runner();
    s.begin();
    assert_eq!(first(&s, &[job]), Ok(0));
    assert!(place.written());
    runner.join().unwrap();
}

fn of_two_jobs_the_first_ends_the_wait() {
    let (s, jobs) = stage(2);
    let runner = s.runner();
    s.begin();
    // In the other order in the array.
    assert_eq!(first(&s, &[jobs[1], jobs[0]]), Ok(1));
    runner.join().unwrap();
    assert_eq!((s.pool.poll(jobs[0]), s.pool.poll(jobs[1])), (End::Done(0), End::Pending));
    s.pool.detach(jobs[1]);
    s.assert_over(2);
}

/// The flag of the other waiter may be there before this one is counted.
fn a_wait_beside_a_waiter_for_one_job_ends_too() {
    let (s, jobs) = stage(1);
    let job = jobs[0];
    let other = s.thread(move |s| s.pool.wait_leaving(job));
    let runner = s.runner();
    s.begin();
    assert_eq!(first(&s, &jobs), Ok(0));
    assert_eq!(other.join().unwrap(), End::Done(0));
    runner.join().unwrap();
    assert_eq!(s.pool.poll(job), End::Done(0));
    s.assert_over(1);
}

fn a_wait_for_the_first_learns_of_a_detach() {
    let (s, jobs) = stage(2);
    let job = jobs[1];
    let other = s.thread(move |s| assert!(s.pool.detach(job)));
    s.begin();
    assert_eq!(first(&s, &jobs), Ok(1));
    other.join().unwrap();
    s.pool.detach(jobs[0]);
    s.assert_over(2);
}

fn a_wait_for_the_first_learns_of_a_cancel() {
    let (s, jobs) = stage(2);
    let job = jobs[1];
    let other = s.thread(move |s| assert_eq!(s.pool.cancel(job), Some(true)));
    s.begin();
    assert_eq!(first(&s, &jobs), Ok(1));
    assert_eq!(s.pool.poll(job), End::Cancelled);
    other.join().unwrap();
    s.pool.detach(jobs[0]);
    s.assert_over(2);
}

/// A job that failed, and that nobody has taken.
fn failed() -> (Stage<1>, JobId) {
    let s = Stage::<1>::attended();
    let job = s.pool.submit(s.task(0).failing()).expect("there is room");
    assert!(s.pool.run_one());
    (s, job)
}

fn a_wait_for_a_failure_waits_for_another_thread_s_look() {
    let (s, job) = failed();
    let other = s.thread(move |s| s.pool.peek(job));
    s.begin();
    assert_eq!(s.pool.wait_many(&[job], WaitFor::Failure), Ok(0));
    assert_eq!(other.join().unwrap(), End::Failed(0));
    assert_eq!((s.pool.poll(job), s.pool.free_slots()), (End::Failed(0), 1));
}

fn a_wait_for_a_failure_learns_that_the_job_was_taken() {
    let (s, job) = failed();
    let other = s.thread(move |s| s.pool.wait_seeing(job));
    s.begin();
    // A stale job has finished, and nobody knows how.
    let found = s.pool.wait_many(&[job], WaitFor::Failure);
    assert!(found == Ok(0) || found == Ok(1), "{found:?}");
    assert_eq!((other.join().unwrap(), s.pool.free_slots()), (End::Failed(0), 1));
}

fn a_wait_for_a_failure_ends_with_it_or_with_the_last_job() {
    let s = Stage::<2>::attended().ungated();
    let jobs = [s.submit(0), s.pool.submit(s.task(1).failing()).expect("there is room")];
    let runners = [s.runner(), s.runner()];
    s.begin();
    assert_eq!(s.pool.wait_many(&jobs, WaitFor::Failure), Ok(1));
    assert_eq!(s.pool.wait_many(&jobs[..1], WaitFor::Failure), Ok(1));
    runners.into_iter().for_each(|runner| runner.join().unwrap());
    assert_eq!((s.pool.poll(jobs[0]), s.pool.poll(jobs[1])), (End::Done(0), End::Failed(1)));
}

fn a_wait_for_all_ends_with_the_last_job() {
    let s = Stage::<2>::attended().ungated();
    let jobs = [s.submit(0), s.submit(1)];
    let runners = [s.runner(), s.runner()];
    s.begin();
    assert_eq!(s.pool.wait_many(&jobs, WaitFor::All), Ok(2));
    assert_eq!((s.pool.poll(jobs[0]), s.pool.poll(jobs[1])), (End::Done(0), End::Done(1)));
    runners.into_iter().for_each(|runner| runner.join().unwrap());
    s.assert_over(2);
}

fn two_waits_for_the_first_of_the_same_jobs_end() {
    let (s, jobs) = stage(1);
    let same = jobs.clone();
    let other = s.thread(move |s| first(s, &same));
    let runner = s.runner();
    s.begin();
    assert_eq!((first(&s, &jobs), other.join().unwrap()), (Ok(0), Ok(0)));
    runner.join().unwrap();
    s.pool.detach(jobs[0]);
    s.assert_over(1);
}

fn a_thread_that_ends_a_job_and_is_stopped_anywhere_holds_up_no_other_event() {
    let (s, jobs) = stage(2);
    let s = s.ungated();
    let frost = StopPoint::new();
    let (point, job) = (frost.clone(), jobs[0]);
    // Cancelled by two threads, so that neither pops the other's.
    let stopped = s.thread(move |s| point.during(|| s.pool.cancel(job)));
    let job = jobs[1];
    let other = s.thread(move |s| s.pool.cancel(job));
    s.begin();
    frost.freeze();
    assert!(first(&s, &jobs).is_ok());
    frost.thaw();
    assert_eq!((stopped.join().unwrap(), other.join().unwrap()), (Some(true), Some(true)));
    jobs.iter().for_each(|job| assert_eq!(s.pool.poll(*job), End::Cancelled));
    s.assert_over(2);
}

const TIME: u64 = 10;

fn a_wait_for_the_first_with_a_timeout_ends() {
    let s = Stage::<1>::with_clock(Clock::Manual);
    s.pool.admit();
    let job = s.submit(0);
    let time = s.thread(|s| s.pool.pass(TIME));
    let runner = s.runner();
    s.begin();
    let found = s.pool.wait_many_within(&[job], WaitFor::First, TIME);
    assert!(found == Ok(0) || found == Err(End::Pending), "{found:?}");
    time.join().unwrap();
    runner.join().unwrap();
    assert_eq!(s.pool.poll(job), End::Done(0));
    s.assert_over(1);
}

fn a_wait_for_the_first_wakes_for_a_stopped_submitter() {
    let s = Stage::<1>::with_clock(Clock::Hasty);
    let worker = s.worker();
    s.begin();
    let job = s.pool.submit_and_freeze(s.task(0)).expect("there is room");
    assert_eq!(first(&s, &[job]), Ok(0));
    assert_eq!(s.pool.poll(job), End::Done(0));
    s.pool.drain();
    worker.join().unwrap();
}

fn a_wait_for_the_first_inside_a_job_runs_one_of_its_jobs() {
    let s = Stage::<4>::new();
    let jobs = [s.pool.guess(0, 1), s.pool.guess(0, 2)];
    let inside = s.clone();
    let task = s.task(0).doing(move || {
        assert_eq!(first(&inside, &jobs), Ok(0));
        // It has run no other.
        assert_eq!((inside.log.ran(1), inside.log.ran(2)), (1, 0));
    });
    s.pool.submit_detached(task).expect("there is room");
    (1..3).for_each(|n| drop(s.submit(n)));
    let worker = s.worker();
    s.begin();
    s.pool.drain();
    worker.join().unwrap();
    s.pool.forget_all();
    s.assert_ended(3);
}

type Wait = fn(&Stage<2>) -> Result<usize, End>;

/// Two jobs that wait inside each other's jobs, each on a worker of its own without stack for another job.
/// Returns how often a wait was refused.
fn two_jobs(s: &Stage<2>, waits: [Wait; 2]) -> usize {
    let deadlocks = Arc::new(AtomicUsize::new(0));
    for (n, wait) in waits.into_iter().enumerate() {
        let (inside, deadlocks) = (s.clone(), deadlocks.clone());
        let task = s.task(n).doing(move || {
            if let Err(end) = wait(&inside) {
                assert!(matches!(end, End::Deadlock | End::Stack), "{end:?}");
                deadlocks.fetch_add(1, Relaxed);
            }
        });
        assert_eq!(s.pool.submit(task).expect("there is room"), s.pool.guess(0, n));
        s.pool.admit();
    }
    let run = |s: &Stage<2>| s.pool.as_worker_without_stack(|| drop(s.pool.run_one()));
    let other = s.thread(run);
    s.begin();
    run(s);
    other.join().unwrap();
    deadlocks.load(Relaxed)
}

fn of_two_jobs_that_wait_for_the_first_of_themselves_one_is_refused() {
    let s = Stage::<2>::new().ungated();
    let deadlocks = two_jobs(
        &s,
        [
            |s| s.pool.wait_many(&[s.pool.guess(0, 0), s.pool.guess(0, 1)], WaitFor::First),
            |s| s.pool.wait_many(&[s.pool.guess(0, 0), s.pool.guess(0, 1)], WaitFor::First),
        ],
    );
    assert_eq!(deadlocks, 1);
}

fn a_wait_for_the_first_is_not_refused_while_one_of_its_jobs_can_go_on() {
    let s = Stage::<2>::new().ungated();
    let deadlocks = two_jobs(
        &s,
        [|s| s.pool.wait_many(&[s.pool.guess(0, 0), s.pool.guess(0, 1)], WaitFor::First), |_| Ok(0)],
    );
    assert_eq!(deadlocks, 0);
}

fn a_wait_for_a_failure_is_refused_when_only_waiting_jobs_are_left() {
    let s = Stage::<2>::new().ungated();
    let deadlocks = two_jobs(
        &s,
        [
            |s| s.pool.wait_many(&[s.pool.guess(0, 1)], WaitFor::Failure),
            |s| s.pool.wait_many(&[s.pool.guess(0, 0)], WaitFor::All),
        ],
    );
    assert_eq!(deadlocks, 1);
}

fn a_shutdown_inside_a_job_returns_though_a_wait_for_the_first_needs_it() {
    let s = Stage::<2>::new().ungated();
    let deadlocks = two_jobs(
        &s,
        [
            |s| s.pool.wait_many(&[s.pool.guess(0, 1)], WaitFor::First),
            |s| {
                s.pool.drain();
                Ok(0)
            },
        ],
    );
    assert_eq!(deadlocks, 0);
    s.pool.forget_all();
    s.assert_ended(2);
}

/// A thread that waits for the first of these jobs in a scope of the interrupt.
fn scoped(s: &Stage<2>, jobs: &[JobId], interrupt: &Arc<Interrupt>) -> JoinHandle<Result<usize, End>> {
    let (jobs, interrupt) = (jobs.to_vec(), interrupt.clone());
    s.thread(move |s| s.pool.interruptible(&interrupt, || first(s, &jobs)))
}

fn an_interrupt_ends_a_wait_for_the_first() {
    let (s, jobs) = stage(2);
    let interrupt = Arc::new(Interrupt::new());
    let waiter = scoped(&s, &jobs, &interrupt);
    s.begin();
    s.pool.raise(&interrupt);
    assert_eq!(waiter.join().unwrap(), Err(End::Interrupted));
    jobs.into_iter().for_each(|job| assert!(s.pool.detach(job)));
    s.assert_over(2);
}

fn a_job_that_ends_wakes_a_wait_for_the_first_in_a_scope() {
    let (s, jobs) = stage(2);
    let waiter = scoped(&s, &jobs, &Arc::new(Interrupt::new()));
    let runner = s.runner();
    s.begin();
    assert_eq!(waiter.join().unwrap(), Ok(0));
    runner.join().unwrap();
    jobs.into_iter().for_each(|job| assert!(s.pool.detach(job)));
    s.assert_over(2);
}
