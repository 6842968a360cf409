//! Calls that take nothing: where a job stands, and waits for several jobs.
#![cfg(feature = "std")]

mod common;

use common::{DEADLINE, Gate, done, held, pool, until};
use jobring::{JobState, ShutdownMode, StaticPool, TimeLimit, WaitFor, WaitManyError};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn fails() -> usize {
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
    use jobring::JobHandle;
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

#[test]
fn one_of_several_ends_the_wait() {
    let (pool, gates) = (pool(3, 8), [Gate::new(), Gate::new(), Gate::new()]);
    let jobs = gates.each_ref().map(|gate| held(&pool, gate));
    let jobs = jobs.each_ref();
    assert_eq!(pool.wait_many(&jobs, WaitFor::First, Duration::ZERO), Err(WaitManyError::Pending));
    gates[1].open();
    assert_eq!(pool.wait_many(&jobs, WaitFor::First, DEADLINE), Ok(Some(1)));
    assert_eq!(jobs[1].state(), JobState::Done);
    assert_eq!(pool.wait_many(&jobs, WaitFor::All, Duration::from_millis(1)), Err(WaitManyError::Pending));
    gates[0].open();
    gates[2].open();
    assert_eq!(pool.wait_many(&jobs, WaitFor::All, TimeLimit::NONE), Ok(None));
    assert!(jobs.iter().all(|job| job.is_finished()));
    assert_eq!(pool.wait_many::<u32>(&[], WaitFor::First, TimeLimit::NONE), Ok(None));
}

#[test]
fn a_failure_ends_the_wait() {
    let (pool, gate) = (pool(2, 8), Gate::new());
    let (slow, fine) = (held(&pool, &gate), pool.submit(|| 1).expect("room"));
    let failing = pool.submit(fails).expect("room");
    assert_eq!(pool.wait_many(&[&slow, &fine, &failing], WaitFor::Failure, DEADLINE), Ok(Some(2)));
    assert_eq!(slow.state(), JobState::Running);
    gate.open();
    assert_eq!(pool.wait_many(&[&slow, &fine], WaitFor::Failure, DEADLINE), Ok(None));
}

#[test]
fn a_deadline_ends_a_wait() {
    let (pool, gate) = (pool(1, 8), Gate::new());
    let job = held(&pool, &gate);
    let (past, soon) = (Instant::now(), Instant::now() + Duration::from_millis(2));
    for until in [WaitFor::All, WaitFor::First, WaitFor::Failure] {
        assert_eq!(pool.wait_many(&[&job], until, past), Err(WaitManyError::Pending));
        assert_eq!(pool.wait_many(&[&job], until, soon), Err(WaitManyError::Pending));
        assert!(Instant::now() >= soon);
    }
    let job = job.wait_timeout(past).expect_err("it runs");
    gate.open();
    assert_eq!(job.wait_timeout(Instant::now() + DEADLINE).expect("it ends").unwrap(), 7);
}

#[test]
fn a_wait_for_several_inside_a_job_runs_what_it_waits_for() {
    let pool = Arc::new(pool(1, 8));
    let inside = pool.clone();
    let outer = pool.submit(move || {
        let jobs = [1, 2, 3].map(|n| inside.submit(move || n).expect("room"));
        let jobs = jobs.each_ref();
        let first = inside.wait_many(&jobs, WaitFor::First, TimeLimit::NONE);
        assert_eq!((first, jobs[1].state()), (Ok(Some(0)), JobState::Queued));
        assert_eq!(inside.wait_many(&jobs, WaitFor::All, TimeLimit::NONE), Ok(None));
    });
    done(outer.expect("room")).expect("nothing in it fails");
}

#[test]
fn a_job_without_a_slot_counts_as_finished() {
    static FULL: StaticPool<1, 0, 48> = StaticPool::new();
    let queued = FULL.try_submit(|| 1).expect("room");
    let (ran, failed) = (FULL.submit_or_run(|| 2).expect("open"), FULL.submit_or_run(fails).expect("open"));
    let jobs = [&queued, &ran, &failed];
    assert_eq!(FULL.wait_many(&jobs, WaitFor::First, Duration::ZERO), Ok(Some(1)));
    assert_eq!(FULL.wait_many(&jobs, WaitFor::Failure, Duration::ZERO), Ok(Some(2)));
    assert_eq!(queued.state(), JobState::Queued);
    assert_eq!(FULL.wait_many(&jobs, WaitFor::All, DEADLINE), Ok(None));
}

#[test]
fn jobs_that_a_shutdown_discards_end_the_wait() {
    let (pool, gate) = (pool(1, 8), Gate::new());
    let _slow = held(&pool, &gate);
    let jobs = [1, 2].map(|n| pool.submit(move || n).expect("room"));
    std::thread::scope(|s| {
        let waiter = s.spawn(|| pool.wait_many(&jobs.each_ref(), WaitFor::First, DEADLINE));
        assert!(pool.shutdown(ShutdownMode::Discard, Some(Duration::ZERO)).is_err());
        assert!(matches!(waiter.join().unwrap(), Ok(Some(_))));
        gate.open();
    });
}

#[test]
#[should_panic(expected = "a job is in another pool")]
fn a_job_of_another_pool_is_refused() {
    let (pool, other) = (pool(0, 2), pool(0, 2));
    let job = other.submit(|| 1).expect("room");
    let _ = pool.wait_many(&[&job], WaitFor::All, Duration::ZERO);
}
