//! Whatever user code does where the library calls it: no panic crosses a job, no job outlives what it
//! borrows, and no slot is lost. `src/USER_CODE.md` names the places.
#![cfg(feature = "std")]

mod common;

use common::{Count, Gate, pool, until};
use jobring::{JobError, Pool, ShutdownMode, ShutdownReport, StaticPool, SubmitError};
use std::ops::ControlFlow::{Break, Continue};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

/// Counts when it is dropped, and panics then.
struct Bomb(Count);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.add();
        panic!("on purpose: in a destructor");
    }
}

/// Panics when it is dropped, with a value that does the same.
struct Chain(Count);

impl Drop for Chain {
    fn drop(&mut self) {
        self.0.add();
        panic_any(Bomb(self.0.clone()));
    }
}

/// What `f` returns, or what it panicked with. Of a bomb only "bomb" is left.
fn caught<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| match payload.downcast::<Bomb>() {
        Ok(bomb) => {
            std::mem::forget(bomb);
            "bomb".to_owned()
        }
        Err(payload) => payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .expect("text"),
    })
}

/// Every slot can be used, and nothing is left in one.
fn assert_whole(pool: Pool) {
    let gate = Gate::new();
    let all: Vec<_> = (0..pool.capacity())
        .map(|_| {
            let gate = gate.clone();
            pool.try_submit(move || gate.pass()).expect("each slot is free")
        })
        .collect();
    assert!(matches!(pool.try_submit(|| ()), Err(SubmitError::Full(_))));
    gate.open();
    all.into_iter().for_each(|job| common::done(job).expect("a result"));
    assert_eq!(pool.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
}

#[test]
fn a_scope_returns_after_its_jobs_whatever_their_panics_drop() {
    for _ in 0..20 {
        let pool = pool(3, 4);
        let dropped = Count::new();
        let (begun, go, over) = (Gate::new(), Gate::new(), AtomicBool::new(false));
        let result = caught(|| {
            let mut lent = Box::new(0);
            let slot: &mut u64 = &mut lent;
            pool.scope(|s| {
                // Looked at last, and held until the others have finished.
                s.spawn(|| {
                    begun.open();
                    go.pass();
                    (0..1000).for_each(|_| thread::yield_now());
                    *slot = 1;
                    over.store(true, SeqCst);
                });
                begun.pass();
                // Of two panics the one that is looked at first is kept: that of the job spawned last.
                let (dropped, opens) = (&dropped, &go);
                s.spawn(move || panic_any(Bomb(dropped.clone())));
                s.spawn(move || {
                    opens.open();
                    panic!("the one that is kept")
                });
            });
        });
        assert!(over.load(SeqCst), "the scope returned before a job of it was over");
        assert_eq!((result, dropped.get()), (Err("the one that is kept".to_owned()), 1));
        assert_whole(pool);
    }
}

/// Its drop shuts the pool down, and counts.
struct Closes(Arc<Pool>, Count);

impl Drop for Closes {
    fn drop(&mut self) {
        self.0.shutdown(ShutdownMode::Drain, None).expect("an end");
        self.1.add();
    }
}

/// What a panic leaves is dropped when its job has finished. That drop may shut the pool down.
#[test]
fn what_a_job_of_a_scope_panicked_with_may_shut_the_pool_down() {
    for workers in [0, 1, 3] {
        let (pool, closed) = (Arc::new(pool(workers, 8)), Count::new());
        let result = caught(|| {
            pool.scope(|s| {
                for _ in 0..3 {
                    let closes = Closes(pool.clone(), closed.clone());
                    s.spawn(move || panic_any(closes));
                }
                panic!("the scope's own")
            })
        });
        assert_eq!((result, closed.get()), (Err::<(), _>("the scope's own".to_owned()), 3));
    }
}

#[test]
fn a_result_that_no_handle_takes_may_shut_the_pool_down() {
    for workers in [0, 1, 3] {
        let (pool, closed) = (Arc::new(pool(workers, 8)), Count::new());
        pool.scope(|s| {
            for _ in 0..3 {
                let (pool, closed) = (pool.clone(), closed.clone());
                s.spawn(move || Closes(pool, closed));
            }
        });
        assert_eq!(closed.get(), 3);
    }
}

#[test]
fn of_the_panics_of_a_scope_one_goes_on_and_no_other_aborts() {
    for workers in [0, 2] {
        let pool = pool(workers, 8);
        let dropped = Count::new();
        let bomb = || Bomb(dropped.clone());
        let result = caught(|| {
            pool.scope(|s| {
                s.spawn(|| panic_any(bomb()));
                s.spawn(|| panic_any(bomb()));
                panic!("the scope's own")
            })
        });
        assert_eq!((result, dropped.get()), (Err::<(), _>("the scope's own".to_owned()), 2));
        // What the scope's closure returned has nobody to go to.
        let result = caught(|| {
            pool.scope(|s| {
                s.spawn(|| panic!("a job"));
                bomb()
            })
        });
        assert_eq!((result.err().as_deref(), dropped.get()), (Some("a job"), 3));
        // Nor has what a panic of a destructor's panics with.
        let result = caught(|| {
            pool.scope(|s| {
                s.spawn(|| panic_any(Chain(dropped.clone())));
                panic!("the scope's own")
            })
        });
        assert_eq!(result, Err::<(), _>("the scope's own".to_owned()));
        assert_eq!(dropped.get(), 5);
        assert_whole(pool);
    }
}

/// Every thread is inside the loop before the first of them goes on.
fn all_inside(inside: &AtomicUsize, threads: usize) {
    inside.fetch_add(1, SeqCst);
    until("all are inside", || inside.load(SeqCst) >= threads);
}

#[test]
fn of_the_panics_of_a_loop_one_goes_on_and_no_other_aborts() {
    let (pool, dropped) = (pool(2, 8), Count::new());
    for round in 1..=20 {
        let inside = AtomicUsize::new(0);
        let result = caught(|| {
            pool.parallel_for(0..3, 1, |_| {
                all_inside(&inside, 3);
                panic_any(Bomb(dropped.clone()));
            });
        });
        assert_eq!((result, dropped.get()), (Err("bomb".to_owned()), 2 * round));
    }
    assert_whole(pool);
}

#[test]
fn a_panic_in_a_loop_drops_what_the_others_stopped_with() {
    let (pool, dropped) = (pool(2, 8), Count::new());
    for round in 1..=20 {
        let (inside, turn) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let captured = Bomb(dropped.clone());
        let (pool, inside, turn, count) = (&pool, &inside, &turn, &dropped);
        let result = caught(move || {
            let stopped = pool.try_parallel_for(0..3, 1, move |_| {
                let _captured = &captured;
                all_inside(inside, 3);
                assert_ne!(turn.fetch_add(1, SeqCst), 1);
                Break(Bomb(count.clone()))
            });
            stopped.break_value().map(std::mem::forget)
        });
        assert!(result.is_err());
        // Two values, and what the body had captured.
        assert_eq!(dropped.get(), 3 * round);
    }
    assert_whole(pool);
}

#[test]
fn of_the_values_that_stop_a_loop_those_that_come_late_are_dropped() {
    let (pool, dropped) = (pool(2, 8), Count::new());
    for round in 1..=20 {
        let inside = AtomicUsize::new(0);
        let stopped = pool.try_parallel_for(0..3, 1, |_| {
            all_inside(&inside, 3);
            Break(Bomb(dropped.clone()))
        });
        std::mem::forget(stopped.break_value().expect("it was stopped"));
        assert_eq!(dropped.get(), 2 * round);
    }
    let whole = pool.try_parallel_for(0..3, 1, |_| Continue::<Bomb, ()>(()));
    assert!(whole.is_continue());
    assert_whole(pool);
}

/// Calls `f` inside N joins, so that its own is the one that is pushed, or one that is not.
fn inside_joins(pool: &Pool, depth: u32, f: &mut dyn FnMut()) {
    match depth {
        0 => f(),
        _ => _ = pool.join(|| inside_joins(pool, depth - 1, f), || ()),
    }
}

#[test]
fn of_two_halves_the_one_that_panics_drops_what_the_other_left() {
    for (workers, depth) in [(0, 0), (0, 20), (1, 0), (2, 0), (2, 20)] {
        let (pool, dropped) = (pool(workers, 8), Count::new());
        let bomb = || Bomb(dropped.clone());
        let mut before = 0;
        inside_joins(&pool, depth, &mut || {
            for _ in 0..50 {
                let mut all = |result: Option<String>, what: &str, drops: usize| {
                    assert_eq!((result.as_deref(), dropped.get() - before), (Some(what), drops));
                    before = dropped.get();
                };
                // The second panics: the result of the first.
                let result = caught(|| pool.join(bomb, || panic!("the second")));
                all(result.map(|_: (Bomb, ())| ()).err(), "the second", 1);
                // The first panics: the second itself, or its result.
                let held = bomb();
                let result = caught(|| pool.join(|| panic!("the first"), || held));
                all(result.map(|_: ((), Bomb)| ()).err(), "the first", 1);
                // Both panic, if the second is called at all.
                let called = AtomicBool::new(false);
                let result = caught(|| {
                    let second = || {
                        called.store(true, SeqCst);
                        panic_any(bomb())
                    };
                    pool.join(|| panic!("the first"), second)
                });
                let drops = usize::from(called.load(SeqCst));
                all(result.map(|_: ((), ())| ()).err(), "the first", drops);
            }
        });
        assert_whole(pool);
    }
}

#[test]
fn a_job_that_is_not_run_drops_what_it_captured() {
    let (pool, dropped) = (pool(1, 4), Count::new());
    for round in 0..3 {
        let (begun, gate) = (Gate::new(), Gate::new());
        let held = pool.submit({
            let (begun, gate) = (begun.clone(), gate.clone());
            move || {
                begun.open();
                gate.pass();
            }
        });
        let held = held.expect("room");
        begun.pass();
        let bomb = Bomb(dropped.clone());
        let queued = pool.submit(move || drop(bomb)).expect("room");
        assert!(queued.cancel(), "it is queued");
        assert_eq!(dropped.get(), round + 1);
        gate.open();
        assert!(matches!(common::done(queued), Err(JobError::Cancelled)));
        common::done(held).expect("a result");
    }
    assert_whole(pool);

    let pool = Pool::builder().workers(0).capacity(4).build().expect("a pool");
    for _ in 0..2 {
        let (one, two) = (Bomb(dropped.clone()), Bomb(dropped.clone()));
        pool.submit_detached(move || drop(one)).expect("room");
        pool.submit(move || drop(two)).expect("room").detach();
    }
    assert_eq!(pool.shutdown(ShutdownMode::Discard, None), Ok(ShutdownReport::default()));
    assert_eq!(dropped.get(), 7);
}

#[test]
fn a_result_that_nobody_takes_is_dropped() {
    for workers in [0, 1] {
        let (pool, dropped) = (pool(workers, 4), Count::new());
        let run = |n| {
            while pool.run_one() {}
            until("the jobs have run", || dropped.get() == n);
        };
        let bomb = |count: &Count| {
            let count = count.clone();
            move || Bomb(count)
        };
        // Given up before it ran, while it runs or after it; and what a job panicked with.
        let panics = |count: &Count| {
            let count = count.clone();
            move || panic_any(Bomb(count))
        };
        pool.submit(bomb(&dropped)).expect("room").detach();
        run(1);
        let done = pool.submit(bomb(&dropped)).expect("room");
        while pool.run_one() {}
        until("it is over", || done.is_finished());
        drop(done);
        assert_eq!(dropped.get(), 2);
        pool.submit_detached(panics(&dropped)).expect("room");
        run(3);
        let failed = pool.submit(panics(&dropped)).expect("room");
        while pool.run_one() {}
        until("it is over", || failed.is_finished());
        // While this thread panics already.
        let result = caught(|| {
            let _given_up = failed;
            panic!("on purpose: with a handle")
        });
        assert_eq!((result, dropped.get()), (Err::<(), _>("on purpose: with a handle".to_owned()), 4));
        // What a panic of its destructor's panics with is dropped too.
        let count = dropped.clone();
        pool.submit(move || Chain(count)).expect("room").detach();
        run(6);
        let left = pool.submit(bomb(&dropped)).expect("room");
        std::mem::forget(left);
        while pool.run_one() {}
        drop(pool);
        assert_eq!(dropped.get(), 7, "by the pool's end");
    }
}

#[test]
fn what_a_job_panicked_with_comes_to_who_waits() {
    let (pool, dropped) = (pool(1, 2), Count::new());
    let count = dropped.clone();
    let failed = pool.submit(move || panic_any(Bomb(count))).expect("room");
    let Err(JobError::Panicked(panic)) = common::done(failed) else { panic!("it panicked") };
    let result = caught(|| panic.resume());
    assert_eq!((result, dropped.get()), (Err::<(), _>("bomb".to_owned()), 0));
    assert_whole(pool);
}

#[test]
fn a_job_that_its_submitter_runs_hands_over_its_panic() {
    let (pool, gate, dropped) = (pool(1, 1), Gate::new(), Count::new());
    let passes = gate.clone();
    let held = pool.submit(move || passes.pass()).expect("room");
    let count = dropped.clone();
    let here = pool.submit_or_run(move || panic_any(Bomb(count))).expect("open");
    let Err(JobError::Panicked(panic)) = here.wait() else { panic!("it panicked") };
    std::mem::forget(panic);
    let count = dropped.clone();
    let here = pool.submit_or_run(move || Bomb(count)).expect("open");
    drop(here);
    assert_eq!(dropped.get(), 1, "as that of any other handle");
    gate.open();
    common::done(held).expect("a result");
    assert_whole(pool);
}

#[test]
fn a_closure_that_is_refused_comes_back() {
    let (pool, dropped) = (pool(0, 1), Count::new());
    let held = pool.submit(|| ()).expect("room");
    let bomb = Bomb(dropped.clone());
    match pool.try_submit(move || std::mem::forget(bomb)) {
        Err(SubmitError::Full(job)) => job(),
        _ => panic!("it is full"),
    }
    assert_eq!(dropped.get(), 0);
    held.wait().expect("a result");
    assert_whole(pool);
}

#[test]
fn a_worker_whose_start_hook_panics_does_not_count() {
    let (started, stopped, dropped) = (Count::new(), Count::new(), Count::new());
    let (starts, stops, count, also) = (started.clone(), stopped.clone(), dropped.clone(), dropped.clone());
    let (captured, captured_too) = (Bomb(dropped.clone()), Bomb(dropped.clone()));
    let pool = Pool::builder()
        .workers(3)
        .min_workers(2)
        .capacity(4)
        .on_start(move |worker| {
            let _captured = &captured;
            starts.add();
            if worker == 1 {
                panic_any(Bomb(count.clone()));
            }
        })
        .on_stop(move |_| {
            let _captured = &captured_too;
            stops.add();
            panic_any(Bomb(also.clone()));
        })
        .build()
        .expect("a pool");
    assert_eq!((started.get(), pool.workers()), (3, 2));
    let job = pool.submit(|| 7).expect("room");
    assert_eq!(common::done(job).expect("a result"), 7);
    // While this thread panics already.
    let result = caught(move || {
        let _pool = pool;
        panic!("on purpose: with a pool")
    });
    assert_eq!(result, Err::<(), _>("on purpose: with a pool".to_owned()));
    assert_eq!((stopped.get(), dropped.get()), (2, 5), "three panics, and two closures");
}

#[test]
fn a_job_on_a_static_pool_may_leave_what_panics() {
    static POOL: StaticPool<2, 1, 48> = StaticPool::new();
    let dropped = Count::new();
    let worker = thread::spawn(|| POOL.enter_worker());
    for n in 1..=4 {
        let count = dropped.clone();
        POOL.submit(move || Bomb(count)).expect("room").detach();
        until("it is dropped", || dropped.get() == n);
    }
    assert_eq!(POOL.shutdown(ShutdownMode::Drain, None), Ok(ShutdownReport::default()));
    assert!(common::join(worker));
}

/// What a blocking submit says.
type Said = Arc<Mutex<Vec<&'static str>>>;

fn say(said: &Said, result: Result<(), SubmitError<fn()>>) {
    said.lock().unwrap().push(match result {
        Ok(()) => "accepted",
        Err(SubmitError::Deadlock(_)) => "deadlock",
        Err(SubmitError::Shutdown(_)) => "shutdown",
        Err(SubmitError::Full(_)) => "full",
        Err(other) => unreachable!("{other}"),
    });
}

fn said(said: &Said, times: usize) -> Vec<&'static str> {
    until("it says something", || said.lock().unwrap().len() >= times);
    said.lock().unwrap().clone()
}

/// Fills a pool.
fn fill(pool: &Pool) {
    while pool.try_submit_detached(|| ()).is_ok() {}
}

/// On the only worker, where nobody else makes room.
#[test]
fn a_destructor_that_submits_to_a_full_pool_gets_deadlock() {
    struct Submits(&'static Pool, Said);
    impl Drop for Submits {
        fn drop(&mut self) {
            fill(self.0);
            say(&self.1, self.0.submit_detached(|| ()));
        }
    }
    let pool: &'static Pool = Box::leak(Box::new(pool(1, 2)));
    let words = Said::default();
    let submits = Submits(pool, words.clone());
    // A result that nobody takes, a panic that nobody asks for.
    let gate = Gate::new();
    let opened = gate.clone();
    let job = pool.submit(move || {
        opened.pass();
        submits
    });
    job.expect("room").detach();
    gate.open();
    assert_eq!(said(&words, 1), ["deadlock"]);
    let submits = Submits(pool, words.clone());
    pool.submit_detached(move || panic_any(submits)).expect("room");
    assert_eq!(said(&words, 2), ["deadlock"; 2]);
    pool.shutdown(ShutdownMode::Drain, None).expect("an end");
}

#[test]
fn a_hook_may_shut_the_pool_down() {
    let (closed, place) = (Count::new(), Arc::new(Mutex::new(None::<&'static Pool>)));
    let (counts, finds) = (closed.clone(), place.clone());
    let pool = Pool::builder()
        .workers(2)
        .on_stop(move |_| {
            let pool = finds.lock().unwrap().expect("the pool");
            pool.shutdown(ShutdownMode::Drain, None).expect("an end");
            counts.add();
        })
        .build();
    let pool: &'static Pool = Box::leak(Box::new(pool.expect("a pool")));
    *place.lock().unwrap() = Some(pool);
    let job = pool.submit(|| 7).expect("room");
    pool.shutdown(ShutdownMode::Drain, None).expect("an end");
    assert_eq!(common::done(job).expect("it was accepted"), 7);
    until("both hooks have", || closed.get() == 2);
}

/// The iterator waits for jobs of the same pool, which has a slot for one: so a batch holds none meanwhile, and
/// the worker knows of all jobs before.
#[test]
fn what_gives_a_batch_its_jobs_may_use_the_pool() {
    let pool = pool(1, 1);
    let mut handles = Vec::new();
    let jobs = (0..3).map(|n| {
        let given = common::done(pool.submit(move || n).expect("room")).expect("it ran");
        move || given
    });
    let Err(SubmitError::Full(refused)) = pool.submit_batch(jobs, &mut handles) else { panic!("full") };
    assert_eq!((handles.len(), refused.map(|job| job()).collect::<Vec<_>>()), (1, vec![1, 2]));
    for job in handles {
        assert_eq!(common::done(job).expect("it ran"), 0);
    }
    // What takes the handles waits for them.
    struct Waits(Vec<usize>);
    impl<'p> Extend<jobring::JobHandle<'p, usize>> for Waits {
        fn extend<I: IntoIterator<Item = jobring::JobHandle<'p, usize>>>(&mut self, jobs: I) {
            self.0.extend(jobs.into_iter().map(|job| common::done(job).expect("it ran")));
        }
    }
    let mut waits = Waits(Vec::new());
    pool.submit_batch([|| 7], &mut waits).expect("room");
    assert_eq!(waits.0, [7]);
    assert_whole(pool);
}

#[test]
fn a_panic_beside_a_batch_leaves_the_jobs_that_were_accepted() {
    let (pool, ran) = (pool(1, 64), Count::new());
    let job = |n: usize| {
        assert!(n < 12, "the twelfth");
        let ran = ran.clone();
        move || ran.add()
    };
    assert!(caught(|| pool.submit_batch_detached((0..20).map(job))).is_err());
    until("the first eight ran", || ran.get() == 8);
    struct Refuses;
    impl<T> Extend<T> for Refuses {
        fn extend<I: IntoIterator<Item = T>>(&mut self, _: I) {
            panic!("no handles here");
        }
    }
    assert_eq!(
        caught(|| pool.submit_batch((0..8).map(job), &mut Refuses).is_ok()),
        Err("no handles here".to_owned())
    );
    until("all ran", || ran.get() == 16);
    assert_whole(pool);
}
