//! Calls about jobs that take nothing: where a job stands.
#![cfg(feature = "std")]

mod common;

use common::{Gate, done, until};
use jobring::{JobHandle, JobState, Pool, StaticPool};

fn pool(workers: usize, capacity: usize) -> Pool {
    Pool::builder().workers(workers).capacity(capacity).build().expect("a pool")
}

/// A job that has started and waits at a gate.
fn held<'p>(pool: &'p Pool, gate: &Gate) -> JobHandle<'p, u32> {
    let (runs, gate) = (Gate::new(), gate.clone());
    let begun = runs.clone();
    let job = pool.submit(move || {
        begun.open();
        gate.pass();
        7
    });
    runs.pass();
    job.expect("room")
}

fn fails() -> u32 {
    std::panic::resume_unwind(Box::new("failed"))
}

#[test]
fn a_job_stands_where_it_is() {
    let (pool, gate) = (pool(1, 8), Gate::new());
    let runs = held(&pool, &gate);
    let (queued, failing) = (pool.submit(|| 1).expect("room"), pool.submit(fails).expect("room"));
    let cancelled = pool.submit(|| 2).expect("room");
    assert!(cancelled.cancel() && !runs.cancel());
    assert_eq!((runs.state(), cancelled.state()), (JobState::Running, JobState::Cancelled));
    assert_eq!((queued.state(), failing.state()), (JobState::Queued, JobState::Queued));
    gate.open();
    until("the last job is over", || failing.state().is_finished());
    assert_eq!((runs.state(), failing.state()), (JobState::Done, JobState::Failed));
    assert_eq!((done(runs).unwrap(), done(queued).unwrap()), (7, 1));
}

#[test]
fn a_job_that_its_submitter_ran_has_finished() {
    static FULL: StaticPool<1, 0, 48> = StaticPool::new();
    let first = FULL.try_submit(|| 1).expect("room");
    let ran = FULL.submit_or_run(|| 2).expect("it is open");
    let failed = FULL.submit_or_run(fails).expect("it is open");
    assert_eq!(
        (first.state(), ran.state(), failed.state()),
        (JobState::Queued, JobState::Done, JobState::Failed)
    );
}

#[cfg(feature = "future")]
#[test]
fn a_job_that_a_task_has_awaited_stands_as_it_ended() {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Waker};

    static POOL: StaticPool<4, 0, 48> = StaticPool::new();
    let mut jobs = [POOL.try_submit(|| 1).expect("room"), POOL.try_submit(fails).expect("room")];
    let mut last = POOL.try_submit(|| 3).expect("room");
    assert!(last.cancel());
    assert_eq!(POOL.run_until_idle(), 2);
    let cx = &mut Context::from_waker(Waker::noop());
    jobs.iter_mut().for_each(|job| assert!(Pin::new(job).poll(cx).is_ready()));
    assert!(Pin::new(&mut last).poll(cx).is_ready());
    assert_eq!(jobs.each_ref().map(JobHandle::state), [JobState::Done, JobState::Failed]);
    assert_eq!(last.state(), JobState::Cancelled);
}
