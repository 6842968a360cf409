//! Jobs that jobs of a scope spawn into it.
#![cfg(feature = "std")]

mod common;

use common::{DEADLINE, Gate, pool, until};
use jobring::{Pool, ShutdownMode, Spawner, StaticPool};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Spawns a tree of jobs, each of which counts itself.
fn grow<'scope>(spawner: Spawner<'scope>, depth: u32, count: &'scope AtomicUsize) {
    count.fetch_add(1, SeqCst);
    for _ in 0..if depth == 0 { 0 } else { 3 } {
        spawner.spawn(move || grow(spawner, depth - 1, count));
    }
}

const TREE: usize = 1 + 3 + 9 + 27 + 81 + 243;

#[test]
fn a_scope_ends_after_what_its_jobs_have_spawned() {
    for (workers, capacity) in [(0, 8), (1, 2), (3, 64), (3, 1024)] {
        let pool = pool(workers, capacity);
        for _ in 0..50 {
            let count = AtomicUsize::new(0);
            pool.scope(|s| {
                let (spawner, count) = (s.spawner(), &count);
                for _ in 0..3 {
                    s.spawn(move || grow(spawner, 5, count));
                }
                grow(spawner, 5, count);
            });
            assert_eq!(count.into_inner(), 4 * TREE);
        }
        let jobs: Vec<_> = (0..capacity).map(|_| pool.try_submit(|| ())).collect();
        jobs.into_iter().for_each(|job| job.expect("all slots are free").wait().expect("its end"));
    }
}

#[test]
fn a_static_pool_has_spawners_too() {
    static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    let count = AtomicUsize::new(0);
    POOL.scope(|s| {
        let (spawner, count) = (s.spawner(), &count);
        s.spawn(move || {
            for _ in 0..10 {
                spawner.spawn(move || _ = count.fetch_add(1, SeqCst));
            }
        });
    });
    assert_eq!(count.into_inner(), 10);
}

/// A worker runs what a job has spawned, while the job's own thread waits for it.
#[test]
fn other_workers_run_what_a_job_has_spawned() {
    let pool = pool(2, 8);
    let ran = Gate::new();
    pool.scope(|s| {
        let (spawner, ran) = (s.spawner(), &ran);
        s.spawn(move || {
            spawner.spawn(move || ran.open());
            ran.pass();
        });
        // The opener does not help.
        ran.pass();
    });
}

/// The only worker opens the scope, so nobody else can run its jobs.
#[test]
fn a_scope_with_a_spawner_inside_a_job_needs_no_other_worker() {
    let pool = Arc::new(pool(1, 8));
    let inside = pool.clone();
    let job = pool.submit(move || {
        let count = AtomicUsize::new(0);
        inside.scope(|s| grow(s.spawner(), 5, &count));
        count.into_inner()
    });
    assert_eq!(common::done(job.expect("open")).expect("a result"), TREE);
}

#[test]
fn a_scope_of_a_job_may_spawn_into_the_scope_around_it() {
    let pool = pool(2, 16);
    let count = AtomicUsize::new(0);
    pool.scope(|outer| {
        let (spawner, pool, count) = (outer.spawner(), &pool, &count);
        outer.spawn(move || {
            pool.scope(|inner| {
                inner.spawn(move || spawner.spawn(move || _ = count.fetch_add(1, SeqCst)));
                spawner.spawn(move || _ = count.fetch_add(1, SeqCst));
            });
        });
    });
    assert_eq!(count.into_inner(), 2);
}

#[test]
fn a_panic_of_what_a_job_has_spawned_goes_on_where_the_scope_ends() {
    for (workers, capacity) in [(0, 8), (2, 64), (1, 1)] {
        let pool = pool(workers, capacity);
        for bad in [0, 20, 39] {
            let ran = AtomicUsize::new(0);
            let ended = catch_unwind(AssertUnwindSafe(|| {
                pool.scope(|s| {
                    let (spawner, ran) = (s.spawner(), &ran);
                    for n in 0..40 {
                        s.spawn(move || {
                            spawner.spawn(move || {
                                assert!(n != bad, "job {n}");
                                ran.fetch_add(1, SeqCst);
                            });
                        });
                    }
                });
            }));
            let panic = ended.expect_err("a panic");
            assert_eq!(panic.downcast_ref::<String>(), Some(&format!("job {bad}")));
            assert_eq!(ran.into_inner(), 39);
        }
    }
}

#[test]
fn what_is_spawned_meets_a_shutdown() {
    for mode in [ShutdownMode::Drain, ShutdownMode::Discard] {
        for _ in 0..100 {
            let pool = pool(2, 16);
            let (count, begun) = (AtomicUsize::new(0), AtomicUsize::new(0));
            thread::scope(|threads| {
                threads.spawn(|| {
                    until("the job runs", || begun.load(SeqCst) > 0);
                    pool.shutdown(mode, Some(DEADLINE)).expect("an end");
                });
                pool.scope(|s| {
                    begun.fetch_add(1, SeqCst);
                    grow(s.spawner(), 5, &count);
                });
            });
            assert!(count.load(SeqCst) == TREE || mode == ShutdownMode::Discard && count.load(SeqCst) < TREE);
        }
    }
}

#[test]
fn a_result_that_spawns_when_it_is_dropped_is_in_time() {
    struct Spawns<'scope>(Spawner<'scope>, &'scope AtomicUsize);
    impl Drop for Spawns<'_> {
        fn drop(&mut self) {
            let count = self.1;
            self.0.spawn(move || _ = count.fetch_add(1, SeqCst));
        }
    }
    let count = AtomicUsize::new(0);
    Pool::new(2).expect("a pool").scope(|s| {
        let (spawner, count) = (s.spawner(), &count);
        for _ in 0..20 {
            s.spawn(move || Spawns(spawner, count));
        }
    });
    assert_eq!(count.into_inner(), 20);
}
