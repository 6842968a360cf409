//! Cancels all that is queued: with and without handles, in completion queues, beside workers, loops and
//! joins, and from the drops of what it cancels.
#![cfg(feature = "std")]

mod common;

use common::{Count, DEADLINE, Gate, done, join, occupy};
use jobring::{JobError, Pool, ShutdownMode};
use std::sync::Arc;
use std::thread;

fn pool(workers: usize, capacity: usize) -> Arc<Pool> {
    Arc::new(Pool::builder().workers(workers).capacity(capacity).build().expect("a pool"))
}

/// Keeps the one worker busy until the gate opens.
fn occupied(capacity: usize) -> (Arc<Pool>, Gate) {
    let pool = pool(1, capacity);
    let gate = occupy(&pool, 1);
    (pool, gate)
}

#[test]
fn all_that_is_queued_is_cancelled() {
    let (pool, gate) = occupied(16);
    let (ran, dropped) = (Count::new(), Count::new());
    let job = || {
        let (ran, guard) = (ran.clone(), dropped.on_drop());
        move || {
            ran.add();
            drop(guard);
        }
    };
    let handles: Vec<_> = (0..3).map(|_| pool.submit(job()).expect("room")).collect();
    (0..3).for_each(|_| pool.submit_detached(job()).expect("room"));
    let queue = pool.completions::<()>().expect("a queue");
    (0..3).for_each(|tag| _ = queue.submit(tag, job()).expect("room"));
    let early = pool.submit(job()).expect("room");
    assert!(early.cancel());
    assert_eq!((pool.cancel_all(), dropped.get()), (9, 10));
    for handle in handles {
        assert!(matches!(done(handle), Err(JobError::Cancelled)));
    }
    for tag in 0..3 {
        let completion = queue.recv().expect("it arrives");
        assert!(completion.tag == tag && matches!(completion.result, Err(JobError::Cancelled)));
    }
    assert_eq!(pool.cancel_all(), 0);
    gate.open();
    pool.wait_idle_timeout(DEADLINE).expect("idle");
    assert_eq!(ran.get(), 0);
    // The pool goes on.
    assert_eq!(done(pool.submit(|| 42).expect("room")).expect("a result"), 42);
}

#[test]
fn each_job_runs_or_is_cancelled_while_workers_run() {
    for workers in [0, 1, 3] {
        let (pool, ran, dropped) = (pool(workers, 32), Count::new(), Count::new());
        let mut cancelled = 0;
        for _ in 0..500 {
            for n in 0..8 {
                let (ran, guard) = (ran.clone(), dropped.on_drop());
                let job = move || {
                    ran.add();
                    drop(guard);
                };
                if n % 2 == 0 {
                    pool.submit_detached(job).expect("the pool is open");
                } else {
                    pool.submit(job).expect("the pool is open").detach();
                }
            }
            cancelled += pool.cancel_all();
            pool.wait_idle_timeout(DEADLINE).expect("idle");
        }
        assert_eq!((ran.get() + cancelled, dropped.get()), (4000, 4000));
        assert!(workers > 0 || ran.get() == 0);
    }
}

#[test]
fn loops_joins_and_scopes_end_though_their_parts_are_cancelled() {
    let (pool, end) = (pool(2, 16), Count::new());
    let (cancels, stop) = (pool.clone(), end.clone());
    let canceller = thread::spawn(move || {
        while stop.get() == 0 {
            cancels.cancel_all();
            thread::yield_now();
        }
    });
    for _ in 0..200 {
        let items = Count::new();
        pool.parallel_for(0..64, 1, |share| share.for_each(|_| items.add()));
        assert_eq!(items.get(), 64);
        assert_eq!(pool.join(|| 1, || pool.join(|| 2, || 3)), (1, (2, 3)));
        let (spawned, dropped) = (Count::new(), Count::new());
        pool.scope(|scope| {
            for _ in 0..4 {
                let (spawned, guard) = (&spawned, dropped.on_drop());
                scope.spawn(move || {
                    spawned.add();
                    drop(guard);
                });
            }
        });
        assert_eq!(dropped.get(), 4);
        assert!(spawned.get() <= 4);
    }
    end.add();
    join(canceller);
}

/// Calls its closure when it is dropped.
struct AtDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for AtDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn what_is_cancelled_may_call_the_pool_when_it_is_dropped() {
    // Each drop submits a job whose drop does the same: one call cancels as many as the pool has slots.
    fn submits(pool: &Arc<Pool>, left: usize, drops: &Count) {
        let (again, drops) = (pool.clone(), drops.clone());
        let at_drop = AtDrop(move || {
            drops.add();
            if left > 0 {
                submits(&again, left - 1, &drops);
            }
        });
        pool.try_submit_detached(move || drop(at_drop)).expect("room");
    }
    let (pool, drops) = (pool(0, 4), Count::new());
    submits(&pool, 9, &drops);
    assert_eq!((pool.cancel_all(), pool.cancel_all(), pool.cancel_all()), (4, 4, 2));
    assert_eq!((pool.cancel_all(), drops.get()), (0, 10));

    // Others cancel all, wait, panic and shut down.
    for what in 0..4 {
        let (inside, called) = (pool.clone(), Count::new());
        let seen = called.clone();
        let at_drop = AtDrop(move || {
            seen.add();
            match what {
                0 => assert_eq!(inside.cancel_all(), 1),
                1 => inside.wait_idle().expect("it does not wait for its own job"),
                2 => panic!("in a drop"),
                _ => drop(inside.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("it ends")),
            }
        });
        let ran = Count::new();
        let runs = ran.clone();
        pool.submit_detached(move || drop(at_drop)).expect("room");
        pool.submit_detached(move || runs.add()).expect("room");
        let (cancelled, has_run) = [(1, 0), (1, 1), (2, 0), (1, 1)][what];
        assert_eq!((pool.cancel_all(), called.get(), ran.get()), (cancelled, 1, has_run));
    }
    pool.wait_idle_timeout(DEADLINE).expect("idle");
}
