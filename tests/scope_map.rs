//! A map over what is borrowed, inside a scope: its order, and what its ends wait for.
#![cfg(feature = "std")]

mod common;

use common::{Count, Gate, done, held, pool, until};
use jobring::{JobError, Pool, ShutdownMode};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The results, or the names of the errors.
fn shown<T>(results: impl Iterator<Item = Result<T, JobError>>) -> Vec<Result<T, String>> {
    results.map(|result| result.map_err(|error| error.to_string())).collect()
}

/// Every slot is free, or will be when what runs has ended.
fn assert_whole(pool: &Pool) {
    let all: Vec<_> = (0..pool.capacity()).map(|_| pool.submit(|| ()).expect("open")).collect();
    all.into_iter().for_each(|job| done(job).expect("it runs"));
}

#[test]
fn results_that_borrow_come_in_the_order_of_the_input() {
    for (workers, capacity) in [(0, 1), (0, 4), (1, 1), (3, 64)] {
        let pool = pool(workers, capacity);
        for count in [0, 1, 2, 100] {
            let words: Vec<String> = (0..count).map(|n| format!("word {n}")).collect();
            for chunk in [0, 1, 7, usize::MAX] {
                for in_flight in [0, 1, 3, usize::MAX] {
                    let numbers: Result<Vec<&str>, _> = pool.scope(|s| {
                        s.map_iter(&words, |word| &word[5..]).chunk(chunk).in_flight(in_flight).collect()
                    });
                    let numbers = numbers.expect("all have run");
                    assert!(numbers.into_iter().eq((0..count).map(|n| n.to_string())));
                }
            }
        }
        assert_whole(&pool);
    }
}

#[test]
fn a_panic_in_a_scope_is_the_result_of_its_item_alone() {
    let pool = pool(2, 8);
    let odd = |n: &u32| if n % 2 == 1 { panic!("no {n}") } else { *n };
    let results = pool.scope(|s| shown(s.map_iter(&[0, 1, 2], odd).chunk(2)));
    assert_eq!(results, [Ok(0), Err("the job panicked: no 1".to_owned()), Ok(2)]);
}

/// A map one of whose items runs until what is queued behind it was dropped.
struct OneRuns {
    begun: Gate,
    gate: Gate,
    calls: Count,
    items: Count,
}

impl OneRuns {
    fn new() -> Self {
        Self { begun: Gate::new(), gate: Gate::new(), calls: Count::new(), items: Count::new() }
    }

    /// On a thread of its own.
    fn end_it(&self) {
        until("what is queued is dropped", || self.items.get() == 4);
        self.gate.open();
    }

    fn run(&self, n: usize, long: usize) -> usize {
        if n == long {
            self.begun.open();
            self.gate.pass();
        }
        self.calls.add();
        n
    }
}

#[test]
fn a_drop_waits_for_what_runs_and_drops_the_rest() {
    let pool = pool(1, 8);
    let one = OneRuns::new();
    let OneRuns { begun, calls, items, .. } = &one;
    thread::scope(|threads| {
        threads.spawn(|| one.end_it());
        pool.scope(|s| {
            let mut map = s.map_iter((0..).map(|n| (n, items.on_drop())), |(n, _item)| one.run(n, 1));
            assert!(matches!(map.next(), Some(Ok(0))));
            begun.pass();
            // Four are in flight, and one of them runs.
            drop(map);
            assert_eq!((calls.get(), items.get()), (2, 5));
        });
    });
    assert_whole(&pool);
}

#[test]
fn the_scope_waits_for_a_map_that_is_leaked() {
    for workers in [0, 2] {
        let pool = pool(workers, 8);
        let calls = Count::new();
        let numbers: Vec<usize> = (0..100).collect();
        pool.scope(|s| {
            let mut map = s.map_iter(&numbers, |n| {
                calls.add();
                *n
            });
            assert!(matches!(map.next(), Some(Ok(0))));
            std::mem::forget(map);
        });
        assert_eq!(calls.get(), 5);
        assert_whole(&pool);
    }
}

#[test]
fn jobs_of_the_scope_beside_a_map_take_nothing_from_it() {
    for workers in [0, 2] {
        let pool = pool(workers, 128);
        let (numbers, spawned): (Vec<usize>, _) = ((0..200).collect(), Count::new());
        pool.scope(|s| {
            let mut map = s.map_iter(&numbers, |n| *n).in_flight(32);
            for n in 0..200 {
                assert!(matches!(map.next(), Some(Ok(result)) if result == n));
                // More than a scope may have, so that it finishes jobs of the map.
                (0..40).for_each(|_| _ = s.spawn(|| spawned.add()));
            }
            assert!(map.next().is_none());
        });
        assert_eq!(spawned.get(), 8000);
        assert_whole(&pool);
    }
}

#[test]
fn when_the_time_of_a_map_in_a_scope_is_up_what_runs_is_waited_for() {
    let pool = pool(1, 8);
    let one = OneRuns::new();
    let OneRuns { begun, calls, items, .. } = &one;
    thread::scope(|threads| {
        threads.spawn(|| one.end_it());
        pool.scope(|s| {
            let mut map = s.map_iter((0..).map(|n| (n, items.on_drop())), |(n, _item)| one.run(n, 2));
            assert!(matches!(map.next(), Some(Ok(0))));
            begun.pass();
            // What is there is given, also late.
            let mut map = map.timeout(Duration::ZERO);
            assert!(matches!(map.next(), Some(Ok(1))));
            assert!(matches!(map.next(), Some(Err(JobError::TimedOut))));
            assert!(map.next().is_none());
            assert_eq!(calls.get(), 3);

            let map = s.map_iter(0..9, |_| calls.add()).chunk(3).timeout(Duration::ZERO);
            assert_eq!(shown(map), [Err(JobError::TimedOut.to_string())]);
            assert_eq!(shown(s.map_iter(0..0, |n: u32| n).timeout(Duration::ZERO)), []);
            assert_eq!(calls.get(), 3);
            let map = s.map_iter(0..9, |n| n).chunk(2).timeout(common::DEADLINE);
            assert!(map.map(|n| n.expect("in time")).eq(0..9));
        });
    });
    assert_whole(&pool);
}

#[test]
fn the_caller_runs_what_finds_no_slot() {
    let pool = pool(1, 2);
    let gate = Gate::new();
    let first = held(&pool, &gate);
    let second = pool.submit(|| ()).expect("room");
    let here = thread::current().id();
    pool.scope(|s| {
        assert!(
            s.map_iter(0..10, |_| thread::current().id()).chunk(4).all(|id| id.expect("it runs") == here)
        );
    });
    gate.open();
    assert_eq!(done(first).expect("it ends"), 7);
    done(second).expect("it runs");
    pool.shutdown(ShutdownMode::Drain, None).expect("it ends");
    pool.scope(|s| {
        assert!(s.map_iter(0..10, |_| thread::current().id()).all(|id| id.expect("it runs") == here));
    });
}

#[test]
fn what_a_shutdown_discards_is_cancelled() {
    let pool = pool(0, 8);
    let results = pool.scope(|s| {
        let mut map = s.map_iter(0..7, |n| n).in_flight(2).chunk(2);
        assert!(matches!(map.next(), Some(Ok(0))));
        pool.shutdown(ShutdownMode::Discard, None).expect("it ends");
        shown(map)
    });
    let cancelled = || Err(JobError::Cancelled.to_string());
    assert_eq!(results, [Ok(1), cancelled(), cancelled(), cancelled(), cancelled(), Ok(6)]);
}

/// A map inside a job, whose calls map too.
fn nested(pool: &Pool, limit: Duration) -> u64 {
    type Sum = Result<u64, JobError>;
    let inner = |n| pool.scope(|s| s.map_iter(0..n, |k| k).in_flight(2).timeout(limit).sum::<Sum>());
    pool.scope(|s| s.map_iter(0..10, inner).timeout(limit).map(|sum| sum?).sum::<Sum>()).expect("they run")
}

#[test]
fn a_map_of_a_scope_inside_jobs_runs_what_it_waits_for() {
    for (workers, capacity) in [(0, 2), (1, 1), (1, 2), (1, 16), (2, 16)] {
        let pool = Arc::new(pool(workers, capacity));
        let inside = pool.clone();
        let job = pool.submit(move || nested(&inside, common::DEADLINE)).expect("room");
        assert_eq!(job.wait().expect("it ends"), 120);
        assert_whole(&pool);
    }
}

/// Counts when it is dropped, and panics then.
struct Bomb(Count);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.add();
        panic!("on purpose: in a destructor");
    }
}

/// Its clones count and panic when they are dropped.
struct Bombs<'a>(&'a Count, bool);

impl Clone for Bombs<'_> {
    fn clone(&self) -> Self {
        Bombs(self.0, true)
    }
}

impl Drop for Bombs<'_> {
    fn drop(&mut self) {
        if self.1 {
            self.0.add();
            panic!("on purpose: in the destructor of a clone");
        }
    }
}

#[test]
fn what_panics_in_a_map_of_a_scope_is_dropped_once() {
    let pool = pool(0, 16);
    let (items, results, functions) = (Count::new(), Count::new(), Count::new());
    let inputs = || (0..).map(|_| Bomb(items.clone()));
    pool.scope(|s| {
        let mut map = s.map_iter(inputs(), |bomb| {
            std::mem::forget(bomb);
            Bomb(results.clone())
        });
        map = map.chunk(4).in_flight(2);
        std::mem::forget(map.next());
        // Three results that were not given, and two chunks that have not begun.
        drop(map);
        assert_eq!((items.get(), results.get(), functions.get()), (8, 3, 0));

        let bombs = Bombs(&functions, false);
        let mut map = s.map_iter(inputs(), move |bomb| {
            let _bombs = &bombs;
            std::mem::forget(bomb);
        });
        map = map.chunk(4).in_flight(2);
        assert!(matches!(map.next(), Some(Ok(()))));
        pool.shutdown(ShutdownMode::Discard, None).expect("it ends");
        assert!(matches!(map.nth(3), Some(Err(JobError::Cancelled))));
        drop(map);
        // Two chunks were discarded, and one found no slot.
        assert_eq!(items.get(), 8 + 8 + 4);
        assert_eq!((results.get(), functions.get()), (3, 4));
    });
}
