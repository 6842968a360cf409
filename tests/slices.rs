//! Loops over slices: `map`, and chunks that may be changed.
#![cfg(feature = "std")]

mod common;

use common::{Barrier, DEADLINE, done, pool};
use jobring::{ShutdownMode, StaticPool};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

#[test]
fn the_results_stand_in_the_order_of_the_items() {
    static STATIC: StaticPool<8, 2, 48> = StaticPool::new();
    for workers in [0, 1, 3] {
        let pool = pool(workers, 8);
        for count in [0, 1, 2, 3, 64, 1000, 20_000] {
            let items: Vec<u32> = (0..count).collect();
            let expected = || (0..count).map(|n| n.wrapping_mul(7));
            assert!(pool.map(&items, |n| n.wrapping_mul(7)).into_iter().eq(expected()));
            let texts = pool.map(&items, |n| n.wrapping_mul(7).to_string());
            assert!(texts.into_iter().eq(expected().map(|n| n.to_string())));
            assert!(STATIC.map(&items, |n| n.wrapping_mul(7)).into_iter().eq(expected()));
        }
        assert_eq!(pool.map(&[(); 100], |()| ()).len(), 100, "values without a size");
    }
}

#[test]
fn a_map_borrows_and_gives_what_it_borrowed() {
    let pool = pool(2, 8);
    let words = vec![String::from("one"), String::from("three")];
    let ends: Vec<&str> = pool.map(&words, |word| &word[word.len() - 1..]);
    assert_eq!(ends, ["e", "e"]);
}

/// As many calls as there are threads wait for each other, the first of them too.
#[test]
fn a_few_long_calls_run_side_by_side() {
    let pool = pool(2, 8);
    let all = Barrier::new(3);
    let threads: HashSet<_> = pool
        .map(&[(); 3], |()| {
            all.wait();
            thread::current().id()
        })
        .into_iter()
        .collect();
    assert_eq!(threads.len(), 3);
    let (all, threads) = (Barrier::new(3), Mutex::new(HashSet::new()));
    pool.for_each_chunk_mut(&mut [0; 5], 2, |_, _| {
        all.wait();
        threads.lock().unwrap().insert(thread::current().id());
    });
    assert_eq!(threads.into_inner().unwrap().len(), 3);
}

/// Counts the values that there are.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(there: &'a AtomicUsize) -> Self {
        there.fetch_add(1, SeqCst);
        Self(there)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[test]
fn a_map_that_panics_drops_its_results_once() {
    for workers in [0, 3] {
        let pool = pool(workers, 16);
        let items: Vec<usize> = (0..1000).collect();
        for bad in [0, 1, 500, 999] {
            let (there, made) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let call = |&n: &usize| {
                made.fetch_add(1, SeqCst);
                if n == bad { panic!("no {n}") } else { (Counted::new(&there), Box::new(n)) }
            };
            let failed =
                catch_unwind(AssertUnwindSafe(|| pool.map(&items, call).len())).expect_err("a panic");
            assert_eq!(failed.downcast_ref::<String>(), Some(&format!("no {bad}")));
            assert!(made.load(SeqCst) > 0);
            assert_eq!(there.load(SeqCst), 0, "each that was made was dropped");
        }
        let there = AtomicUsize::new(0);
        let results = pool.map(&items, |_| Counted::new(&there));
        assert_eq!((results.len(), there.load(SeqCst)), (1000, 1000));
        drop(results);
        assert_eq!(there.into_inner(), 0);
    }
}

#[test]
fn each_chunk_is_given_once_with_its_number() {
    for workers in [0, 1, 3] {
        let pool = pool(workers, 8);
        for count in [0, 1, 2, 63, 64, 1000] {
            for chunk in [1, 2, 7, 64, 1000, usize::MAX] {
                let mut items = vec![usize::MAX; count];
                let calls = AtomicUsize::new(0);
                pool.for_each_chunk_mut(&mut items, chunk, |number, part| {
                    calls.fetch_add(1, SeqCst);
                    assert!(part.len() == chunk.min(count - number * chunk));
                    for (n, item) in part.iter_mut().enumerate() {
                        assert_eq!(*item, usize::MAX, "it is another's");
                        *item = number * chunk + n;
                    }
                });
                assert!(items.into_iter().eq(0..count));
                assert_eq!(calls.into_inner(), count.div_ceil(chunk));
            }
        }
    }
}

#[test]
fn a_chunk_without_items_is_refused() {
    let pool = pool(0, 8);
    let failed = catch_unwind(AssertUnwindSafe(|| pool.for_each_chunk_mut(&mut [1], 0, |_, _| ())));
    assert!(failed.is_err());
}

#[test]
fn a_panic_in_a_chunk_goes_on_when_all_have_left() {
    let pool = pool(3, 16);
    let inside = AtomicUsize::new(0);
    let mut items = vec![0; 1000];
    let looped = catch_unwind(AssertUnwindSafe(|| {
        pool.for_each_chunk_mut(&mut items, 10, |number, _| {
            inside.fetch_add(1, SeqCst);
            let left = leaves(&inside);
            assert!(number != 50, "no 50");
            drop(left);
        });
    }));
    assert!(looped.is_err());
    assert_eq!(inside.into_inner(), 0);
}

/// Counts down when it is dropped.
fn leaves(count: &AtomicUsize) -> impl Drop + '_ {
    struct Guard<'a>(&'a AtomicUsize);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, SeqCst);
        }
    }
    Guard(count)
}

#[test]
fn slices_work_inside_jobs_and_on_a_pool_that_is_shut_down() {
    let pool = Arc::new(pool(1, 2));
    let inside = pool.clone();
    let job = pool.submit(move || {
        let squares = inside.map(&[1u64, 2, 3], |n| n * n);
        squares.iter().sum::<u64>()
    });
    assert_eq!(done(job.expect("open")).expect("a result"), 14);
    pool.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("nothing is left");
    assert_eq!(pool.map(&[1, 2, 3], |n| n + 1), [2, 3, 4]);
}
