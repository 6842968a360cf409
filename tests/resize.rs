//! Workers come and go while jobs flow: nothing is lost, and a worker that leaves finishes its job.
#![cfg(feature = "std")]

mod common;

use common::{Barrier, Count, DEADLINE, Gate, count, done, held, join, occupy, settle, until};
use jobring::{Backend, BuildError, Builder, Pool, ShutdownMode, WorkerState, WorkersError};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SOON: Option<Duration> = Some(Duration::from_millis(1));
const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

fn builder(workers: usize, most: usize) -> Builder {
    Pool::builder().workers(workers).grow_to(most).capacity(64)
}

fn pool(workers: usize, most: usize) -> Arc<Pool> {
    Arc::new(builder(workers, most).build().expect("a pool"))
}

fn set(pool: &Pool, workers: usize) {
    pool.set_workers(workers, Some(DEADLINE)).unwrap_or_else(|error| panic!("{workers} workers: {error}"));
    assert_eq!(pool.workers(), workers);
}

#[test]
fn workers_come_and_go_while_jobs_flow() {
    for builder in [builder(1, 8).backend(Backend::Std), builder(1, 8)] {
        let pool = Arc::new(builder.build().expect("a pool"));
        let (ran, submits) = (Count::new(), pool.clone());
        let counted = ran.clone();
        let submitter = thread::spawn(move || count(&submits, &counted, 50_000));
        for round in 0..60 {
            set(&pool, [1, 8, 3, 0, 5, 2][round % 6]);
            assert_eq!(pool.stats().workers(), pool.workers());
        }
        join(submitter);
        settle(&pool);
        assert_eq!(ran.get(), 50_000);
    }
}

#[test]
fn an_idle_pool_shrinks_and_grows() {
    let pool = pool(4, 4);
    for workers in [1, 4, 0, 2, 2, 4, 3, 0, 0, 4] {
        set(&pool, workers);
        until("they sleep", || pool.stats().sleeping() == workers);
        let job = pool.submit(|| 7).expect("room");
        assert_eq!(done(job).expect("a result"), 7);
    }
    assert_eq!(pool.set_workers(5, None), Err(WorkersError::TooMany));
    assert_eq!(pool.workers(), 4);
}

#[test]
fn who_leaves_finishes_its_job() {
    let pool = pool(2, 2);
    let gate = occupy(&pool, 2);
    assert_eq!(pool.set_workers(1, AT_ONCE), Err(WorkersError::TimedOut));
    assert_eq!(pool.set_workers(1, SOON), Err(WorkersError::TimedOut));
    assert_eq!(pool.stats().running(), 2);
    gate.open();
    set(&pool, 1);
    settle(&pool);
    let stopped =
        (0..2).filter(|&worker| pool.worker(worker).expect("known").state() == WorkerState::Stopped);
    assert_eq!(stopped.count(), 1);
}

/// Those who have not left yet stay.
#[test]
fn a_larger_number_keeps_who_has_not_left() {
    let pool = pool(3, 3);
    let gate = occupy(&pool, 3);
    assert_eq!(pool.set_workers(0, AT_ONCE), Err(WorkersError::TimedOut));
    pool.set_workers(3, AT_ONCE).expect("nobody has left");
    gate.open();
    settle(&pool);
    assert_eq!((pool.workers(), pool.stats().workers()), (3, 3));
}

/// One rule: as on a pool without workers, whoever waits runs the jobs.
#[test]
fn sleepers_of_a_pool_that_loses_its_last_worker_run_the_jobs() {
    let pool = pool(1, 1);
    for round in 0..6 {
        let gate = Gate::new();
        let first = held(&pool, &gate);
        assert_eq!(pool.set_workers(0, AT_ONCE), Err(WorkersError::TimedOut));
        let ran = Count::new();
        let on = pool.clone();
        let counted = ran.clone();
        let sleeper = thread::spawn(move || match round {
            0 => assert_eq!(on.submit(|| 5).expect("room").wait().expect("it ran"), 5),
            1 => assert!(matches!(on.submit(|| 5).expect("room").wait_timeout(DEADLINE), Ok(Ok(5)))),
            2 => {
                count(&on, &counted, 3);
                assert_eq!(on.wait_idle(), Ok(()));
            }
            // One more than there is room for.
            3 => {
                count(&on, &counted, 64);
                on.run_until_idle();
            }
            4 => {
                let jobs = [1, 2, 3].map(|n| on.submit(move || n).expect("room"));
                let each: Vec<_> = jobs.iter().collect();
                assert!(on.wait_many(&each, jobring::WaitFor::All, DEADLINE).is_ok());
            }
            _ => {
                let jobs = [1, 2, 3].map(|n| on.submit(move || n).expect("room"));
                let each: Vec<_> = jobs.iter().collect();
                assert!(on.wait_many(&each, jobring::WaitFor::First, DEADLINE).is_ok());
                jobs.into_iter().for_each(|job| assert!(job.wait().is_ok()));
            }
        });
        until("jobs are queued", || pool.stats().queued() > 0);
        gate.open();
        join(sleeper);
        done(first).expect("a result");
        set(&pool, 0);
        set(&pool, 1);
    }
}

#[test]
fn a_pool_made_without_workers_grows() {
    let pool = pool(0, 2);
    let waiting = pool.submit(|| thread::current().id()).expect("room");
    set(&pool, 2);
    assert_ne!(done(waiting).expect("a result"), thread::current().id());
    set(&pool, 0);
    let here = pool.submit(|| thread::current().id()).expect("room");
    assert_eq!(done(here).expect("a result"), thread::current().id());
}

#[test]
fn a_job_may_change_the_number_and_does_not_wait() {
    let pool = pool(2, 4);
    let inside = pool.clone();
    let job = pool.submit(move || {
        let fewer = inside.set_workers(0, None);
        let more = inside.set_workers(4, None);
        Box::new((fewer, more, inside.workers()))
    });
    let (fewer, more, now) = *done(job.expect("room")).expect("a result");
    assert_eq!(fewer, Err(WorkersError::TimedOut));
    assert!(more.is_ok() || more == Err(WorkersError::TimedOut), "{more:?}");
    assert!(now >= 3, "this worker, and those that were made");
    set(&pool, 4);
}

#[test]
fn several_threads_set_the_number_at_once() {
    let (pool, ran) = (pool(2, 6), Count::new());
    let setters: Vec<_> = (0..3)
        .map(|thread| {
            let pool = pool.clone();
            thread::spawn(move || {
                for round in 0..40 {
                    pool.set_workers((thread * 3 + round) % 7, Some(DEADLINE))
                        .expect("they agree in the end");
                }
            })
        })
        .collect();
    count(&pool, &ran, 20_000);
    setters.into_iter().for_each(join);
    set(&pool, 3);
    settle(&pool);
    assert_eq!(ran.get(), 20_000);
}

#[test]
fn a_shutdown_ends_the_wait() {
    for workers in [0, 1, 3] {
        let pool = pool(2, 4);
        let gate = occupy(&pool, 2);
        let sets = pool.clone();
        let setter = thread::spawn(move || sets.set_workers(workers, None));
        // The close may come before the call, or while it waits.
        thread::yield_now();
        assert!(pool.shutdown(ShutdownMode::Drain, AT_ONCE).is_err());
        let end = join(setter);
        assert!(end == Err(WorkersError::Shutdown) || workers == 3 && end.is_ok(), "{end:?}");
        gate.open();
        pool.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("it ends");
        assert_eq!(pool.set_workers(1, None), Err(WorkersError::Shutdown));
    }
}

#[test]
fn a_paused_pool_changes_its_number() {
    let (pool, ran) = (pool(3, 6), Count::new());
    pool.pause();
    count(&pool, &ran, 20);
    for workers in [1, 6, 0, 4] {
        set(&pool, workers);
    }
    assert!(ran.get() <= 3);
    pool.resume();
    settle(&pool);
    assert_eq!(ran.get(), 20);
}

#[test]
fn hooks_run_for_each_who_comes_and_goes() {
    let (started, stopped) = (Count::new(), Count::new());
    let numbers = Arc::new(Mutex::new(BTreeSet::new()));
    let (starts, stops, seen) = (started.clone(), stopped.clone(), numbers.clone());
    let pool = builder(1, 4)
        .on_start(move |worker| {
            assert!(seen.lock().unwrap().insert(worker), "a number is one worker's at a time");
            starts.add();
        })
        .on_stop({
            let seen = numbers.clone();
            move |worker| {
                assert!(seen.lock().unwrap().remove(&worker));
                stops.add();
            }
        })
        .build()
        .expect("a pool");
    for _ in 0..10 {
        set(&pool, 4);
        assert_eq!(started.get(), stopped.get() + 4);
        set(&pool, 1);
        assert_eq!(started.get(), stopped.get() + 1);
    }
    drop(pool);
    assert_eq!((started.get(), stopped.get()), (31, 31));
}

#[test]
fn a_start_hook_that_fails_leaves_fewer() {
    let calls = Arc::new(Mutex::new(0));
    let counted = calls.clone();
    let pool = builder(1, 4)
        .on_start(move |_| {
            let call = {
                let mut calls = counted.lock().unwrap();
                *calls += 1;
                *calls
            };
            assert!(call != 3, "the third fails");
        })
        .build()
        .expect("a pool");
    assert_eq!(pool.set_workers(4, Some(DEADLINE)), Err(WorkersError::Start(BuildError::StartHook)));
    until("the others have started", || *calls.lock().unwrap() == 4);
    assert_eq!(pool.workers(), 3);
    set(&pool, 4);
    assert_eq!(*calls.lock().unwrap(), 5);
}

#[test]
fn threads_that_enter_stay() {
    let pool = Arc::new(builder(1, 2).max_workers(2).build().expect("a pool"));
    let enters = pool.clone();
    let entered = thread::spawn(move || enters.enter_worker());
    until("it has entered", || pool.stats().workers() == 2);
    assert_eq!(pool.set_workers(2, Some(DEADLINE)), Err(WorkersError::Full));
    set(&pool, 0);
    assert_eq!(pool.stats().workers(), 1);
    let job = pool.submit(|| thread::current().id()).expect("room");
    assert_ne!(done(job).expect("a result"), thread::current().id());
    pool.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("it ends");
    assert!(join(entered));
}

/// The ended thread is joined: its thread-locals are gone.
#[test]
fn the_threads_have_ended_when_the_call_returns() {
    thread_local! { static LOCAL: std::cell::RefCell<Option<common::CountsDrop>> = const { std::cell::RefCell::new(None) }; }
    let (pool, dropped) = (pool(3, 3), Count::new());
    let met = Arc::new(Barrier::new(3));
    for _ in 0..3 {
        let (met, local) = (met.clone(), dropped.on_drop());
        pool.submit_detached(move || {
            LOCAL.with(|place| *place.borrow_mut() = Some(local));
            met.wait();
        })
        .expect("room");
    }
    settle(&pool);
    set(&pool, 1);
    assert_eq!(dropped.get(), 2);
}

/// A destructor of a thread-local of a worker that has left, and is being joined.
struct SetsWorkers(Arc<Pool>, usize, std::sync::mpsc::Sender<Result<(), WorkersError>>);

impl Drop for SetsWorkers {
    fn drop(&mut self) {
        self.2.send(self.0.set_workers(self.1, None)).expect("somebody listens");
    }
}

#[test]
fn a_destructor_on_a_worker_that_has_left_does_not_wait_for_itself() {
    thread_local! { static LOCAL: std::cell::RefCell<Option<SetsWorkers>> = const { std::cell::RefCell::new(None) }; }
    for (most, wanted, expected) in [(1, 0, Ok(())), (1, 1, Err(WorkersError::Busy)), (2, 1, Ok(()))] {
        let pool = pool(1, most);
        let (tell, answer) = std::sync::mpsc::channel();
        let on_end = SetsWorkers(pool.clone(), wanted, tell);
        pool.submit_detached(move || LOCAL.with(|place| *place.borrow_mut() = Some(on_end))).expect("room");
        settle(&pool);
        pool.set_workers(0, Some(DEADLINE)).expect("the destructor waits for nobody");
        assert_eq!(answer.recv_timeout(DEADLINE).expect("it was called"), expected);
        assert_eq!(pool.workers(), if expected.is_ok() { wanted } else { 0 });
    }
}

/// Each slot has a job whose thread waits, a result that nobody takes, or a queued job.
#[test]
fn a_job_learns_that_the_worker_it_relied_on_has_left() {
    let pool = Arc::new(Pool::builder().workers(2).capacity(3).build().expect("a pool"));
    let (gate, relies) = (Gate::new(), pool.clone());
    let untaken = held(&pool, &gate);
    let (begun, submits) = (Gate::new(), Gate::new());
    let (begins, may_submit) = (begun.clone(), submits.clone());
    let job = pool.submit(move || {
        begins.open();
        may_submit.pass();
        matches!(relies.submit(|| ()), Err(jobring::SubmitError::Deadlock(_)))
    });
    begun.pass();
    let queued = pool.submit(|| 1).expect("room");
    assert_eq!(pool.set_workers(1, AT_ONCE), Err(WorkersError::TimedOut));
    submits.open();
    gate.open();
    let refused = job.expect("room");
    assert!(done(refused).expect("a result"), "nobody is left to run what is queued");
    assert_eq!((done(untaken).expect("a result"), done(queued).expect("a result")), (7, 1));
    set(&pool, 1);
}

#[test]
fn settings_are_checked() {
    let refused = |builder: Builder| builder.build().expect_err("it is refused");
    assert_eq!(refused(builder(1, 65_536)), BuildError::Invalid("grow_to"));
    assert_eq!(refused(builder(1, 4).max_workers(3)), BuildError::Invalid("max_workers"));
    let pool = builder(2, 1).build().expect("at least the workers");
    set(&pool, 0);
    set(&pool, 2);
    assert_eq!(pool.set_workers(3, None), Err(WorkersError::TooMany));
}
