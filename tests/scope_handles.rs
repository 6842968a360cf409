//! Handles of jobs that borrow: their results, their panics, and what happens to those that nobody takes.
#![cfg(feature = "std")]

mod common;

use common::{Count, DEADLINE, Gate, held, pool};
use jobring::{JobError, ShutdownMode, StaticPool};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

#[test]
fn a_handle_gives_what_its_job_returned() {
    static STATIC: StaticPool<8, 1, 48> = StaticPool::new();
    for (workers, capacity) in [(0, 8), (1, 2), (3, 64)] {
        let pool = pool(workers, capacity);
        let words: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        for count in [0, 1, 31, 32, 33, 500] {
            let longer = pool.scope(|s| {
                let jobs: Vec<_> =
                    words[..count].iter().map(|word| s.spawn(move || (word, word.len()))).collect();
                jobs.into_iter().map(|job| job.wait().expect("a result")).collect::<Vec<_>>()
            });
            assert!(
                longer.iter().eq(words[..count]
                    .iter()
                    .map(|word| (word, word.len()))
                    .collect::<Vec<_>>()
                    .iter())
            );
        }
    }
    let sum = STATIC.scope(|s| [s.spawn(|| 1), s.spawn(|| 2)].map(|job| job.wait().expect("a result")));
    assert_eq!(sum, [1, 2]);
}

/// In any order, between jobs whose handles were dropped, and more of them than a scope keeps.
#[test]
fn a_scope_ends_what_no_handle_waits_for() {
    for workers in [0, 2] {
        let pool = pool(workers, 64);
        let ran = AtomicUsize::new(0);
        pool.scope(|s| {
            let mut kept = Vec::new();
            for n in 0..300 {
                let ran = &ran;
                let job = s.spawn(move || {
                    ran.fetch_add(1, SeqCst);
                    n
                });
                if n % 3 == 0 {
                    kept.push((n, job));
                }
                if n % 7 == 0 {
                    let (n, job) = kept.swap_remove(kept.len() / 2);
                    assert_eq!(job.wait().expect("a result"), n);
                }
            }
            kept.truncate(20);
            for (n, job) in kept.into_iter().rev() {
                assert_eq!(job.wait().expect("a result"), n);
            }
        });
        assert_eq!(ran.into_inner(), 300);
        let all: Vec<_> = (0..64).map(|_| pool.try_submit(|| ())).collect();
        all.into_iter().for_each(|job| job.expect("all slots are free").wait().expect("its end"));
    }
}

#[test]
fn jobs_that_are_all_claimed_leave_a_further_one_to_its_spawner() {
    let pool = pool(1, 64);
    let gate = Gate::new();
    let first = held(&pool, &gate);
    let me = thread::current().id();
    pool.scope(|s| {
        let claimed: Vec<_> = (0..32).map(|n| s.spawn(move || (n, thread::current().id()))).collect();
        let further = s.spawn(|| thread::current().id());
        assert!(further.is_finished() && !claimed[0].is_finished());
        assert_eq!(format!("{further:?}"), "ScopedJobHandle(ran in its spawn)");
        assert_eq!(further.wait().expect("a result"), me);
        for (n, job) in claimed.into_iter().enumerate() {
            assert_eq!(job.wait().expect("a result"), (n, me), "the worker is held");
        }
    });
    gate.open();
    first.wait().expect("a result");
}

#[test]
fn a_result_that_no_handle_takes_is_dropped_before_the_scope_returns() {
    for (workers, capacity) in [(0, 64), (0, 1), (2, 64), (2, 1)] {
        let pool = pool(workers, capacity);
        let dropped = Count::new();
        pool.scope(|s| {
            let leaked = s.spawn(|| dropped.on_drop());
            std::mem::forget(leaked);
            for _ in 0..99 {
                s.spawn(|| dropped.on_drop());
            }
        });
        // What ran in its spawn, with a handle that was leaked, is leaked with it.
        assert!(dropped.get() == 100 || capacity == 1 && dropped.get() == 99, "{}", dropped.get());
    }
}

#[test]
fn a_panic_that_a_handle_takes_does_not_go_on() {
    for (workers, capacity) in [(0, 8), (2, 8), (1, 1)] {
        let pool = pool(workers, capacity);
        pool.scope(|s| {
            let jobs: Vec<_> = (0..4).map(|n| s.spawn(move || assert!(n != 2, "no {n}"))).collect();
            let failed = |job: jobring::ScopedJobHandle<'_, ()>| match job.wait() {
                Err(JobError::Panicked(panic)) => panic.message().map(str::to_owned),
                other => other.err().map(|error| error.to_string()),
            };
            let all: Vec<_> = jobs.into_iter().map(failed).collect();
            assert_eq!(all, [None, None, Some("no 2".to_owned()), None]);
        });
        let ended = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|s| {
                for n in 0..4 {
                    s.spawn(move || assert!(n != 2, "no {n}"));
                }
            });
        }));
        let panic = ended.expect_err("a panic that no handle took");
        assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("no 2"));
    }
}

#[test]
fn a_discarded_job_is_cancelled() {
    let pool = pool(0, 8);
    pool.scope(|s| {
        let job = s.spawn(|| 42);
        pool.shutdown(ShutdownMode::Discard, Some(DEADLINE)).expect("nothing is left");
        assert!(matches!(job.wait(), Err(JobError::Cancelled)));
        assert_eq!(s.spawn(|| 42).wait().expect("it runs here"), 42);
    });
}
