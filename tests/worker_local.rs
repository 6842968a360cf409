//! A value for each thread.
#![cfg(feature = "std")]

mod common;

use common::{Barrier, Count, pool};
use jobring::{Pool, WorkerLocal};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::{self, ThreadId};

#[test]
fn each_thread_has_a_value_of_its_own() {
    let pool = pool(3, 8);
    let owners = WorkerLocal::new(|| (thread::current().id(), RefCell::new(Vec::new())));
    let all = Barrier::new(4);
    for round in 0..100 {
        // So that all take part.
        let meets = |_| {
            owners.get();
            all.wait();
        };
        pool.parallel_loop(0..4).grain(1).largest(1).run(meets).expect("no time limit");
        pool.parallel_for(0..1000, 1, |share| {
            let (owner, items) = owners.get();
            assert_eq!(*owner, thread::current().id());
            items.borrow_mut().extend(share.map(|item| (round, item)));
        });
    }
    let lists = owners.into_inner();
    assert_eq!(lists.len(), 4);
    let mut items: Vec<_> = lists.into_iter().flat_map(|(_, items)| items.into_inner()).collect();
    items.sort_unstable();
    assert!(items.into_iter().eq((0..100).flat_map(|round| (0..1000).map(move |item| (round, item)))));
}

#[test]
fn many_threads_make_their_values_at_once() {
    let (local, all) = (WorkerLocal::new(|| Cell::new(0)), Barrier::new(32));
    thread::scope(|s| {
        for n in 0..32 {
            let (local, all) = (&local, &all);
            s.spawn(move || {
                all.wait();
                local.get().set(n);
                all.wait();
                assert_eq!(local.get().get(), n);
            });
        }
    });
    let mut values: Vec<_> = local.into_inner().into_iter().map(Cell::into_inner).collect();
    values.sort_unstable();
    assert!(values.into_iter().eq(0..32));
}

#[test]
fn a_value_is_made_when_its_worker_starts_if_the_hook_asks_for_it() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    static LOCAL: WorkerLocal<ThreadId> = WorkerLocal::new(|| {
        MADE.fetch_add(1, SeqCst);
        thread::current().id()
    });
    let pool = Pool::builder().workers(2).on_start(|_| _ = LOCAL.get()).build().expect("a pool");
    assert_eq!(MADE.load(SeqCst), 2, "a build waits for its hooks");
    for _ in 0..100 {
        let job = pool.submit(|| *LOCAL.get() == thread::current().id()).expect("open");
        assert!(common::done(job).expect("a result"));
    }
    assert_eq!(MADE.load(SeqCst), 2);
}

#[test]
fn a_panic_of_the_function_makes_nothing() {
    let calls = AtomicUsize::new(0);
    let local = WorkerLocal::new(|| assert_ne!(calls.fetch_add(1, SeqCst), 0));
    assert!(catch_unwind(AssertUnwindSafe(|| local.get())).is_err());
    local.get();
    local.get();
    assert_eq!((calls.load(SeqCst), local.into_inner().len()), (2, 1));
}

#[test]
fn a_value_that_uses_the_others_comes_behind_them() {
    static LOCAL: WorkerLocal<Cell<bool>> = WorkerLocal::new(|| {
        thread::spawn(|| _ = INNER.get()).join().expect("it ends");
        Cell::new(true)
    });
    static INNER: WorkerLocal<u32> = WorkerLocal::new(|| 7);
    assert!(LOCAL.get().get());
    assert!(format!("{INNER:?}").contains("len: 1"));
    assert_eq!(*INNER.get(), 7);
}

/// Panics when it is dropped.
struct Bomb(Count);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.add();
        panic_any("a bomb");
    }
}

#[test]
fn values_that_panic_when_they_are_dropped_are_dropped_once() {
    let dropped = Count::new();
    let local = WorkerLocal::new(|| Bomb(dropped.clone()));
    thread::scope(|s| {
        for _ in 0..10 {
            s.spawn(|| _ = local.get());
        }
    });
    drop(local);
    assert_eq!(dropped.get(), 10);
}
