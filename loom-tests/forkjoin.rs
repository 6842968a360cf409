//! Fork-join: every part is done once, by any thread that comes in time. A call returns only when no other
//! thread is inside.

use crate::fixtures::{Place, Stage};
use crate::harness::{Model, model};
use jobring_model::model::{Clock, End, Pool, Spawner};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(2 every_share_is_done_once_and_seen_by_the_caller),
    model!(2 a_helper_sees_what_came_before_the_loop),
    model!(1 helpers_make_helpers),
    model!(2 of_two_stops_one_is_returned),
    model!(2 a_loop_that_nobody_helps_is_done_by_its_caller),
    model!(2 a_loop_that_meets_a_discard_is_done),
    model!(1 a_loop_that_meets_a_drain_is_done),
    model!(2 a_loop_inside_a_share_is_done),
    model!(2 a_loop_whose_time_is_up_waits_for_the_bodies_that_run),
    model!(2 every_job_of_a_scope_is_done_once_and_seen),
    model!(2 a_scope_that_keeps_one_job_does_all),
    model!(2 a_scope_without_slots_does_all),
    model!(1 a_scope_that_meets_a_drain_is_done),
    model!(2 a_scope_that_meets_a_discard_ends),
    model!(2 a_scope_inside_a_job_needs_no_other_worker),
    model!(2 a_scope_ends_after_what_its_jobs_have_spawned),
    model!(unbounded both_halves_of_a_join_are_done_once_and_seen),
    model!(3 halves_of_nested_joins_are_done_once_and_seen),
    model!(2 a_worker_joins_inside_a_half),
    model!(1 a_join_that_meets_a_drain_is_done),
    model!(2 a_join_that_meets_a_discard_is_done),
];

/// The items of a loop, each of which its body writes once; the checker finds two that write at the same
/// time, and a caller that comes back while one still writes.
struct Items<const K: usize>(Arc<[(Place, std::cell::Cell<usize>); K]>);

impl<const K: usize> Clone for Items<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<const K: usize> Items<K> {
    fn new() -> Self {
        Self(Arc::new(std::array::from_fn(|_| (Place::new(), std::cell::Cell::new(0)))))
    }

    fn write(&self, from: usize, to: usize) {
        for (place, times) in &self.0[from..to] {
            place.write();
            times.set(times.get() + 1);
        }
    }

    fn assert_done(&self) {
        for (n, (place, times)) in self.0.iter().enumerate() {
            assert!(place.written(), "item {n}");
            assert_eq!(times.get(), 1, "item {n}");
        }
    }
}

/// A loop over the items, with any helpers there are.
fn run_loop<const N: usize, const K: usize>(s: &Stage<N>, items: &Items<K>) {
    let stopped = s.pool.parallel_for(K, 1, |from, to| {
        items.write(from, to);
        Continue(())
    });
    assert_eq!(stopped, None);
    items.assert_done();
}

fn every_share_is_done_once_and_seen_by_the_caller() {
    let s = Stage::<1>::attended();
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    run_loop(&s, &Items::<3>::new());
    other.join().unwrap();
    s.assert_over(0);
}

fn a_helper_sees_what_came_before_the_loop() {
    let s = Stage::<1>::attended();
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    let before = Place::new();
    before.write();
    let read = |_, _| {
        assert!(before.written());
        Continue(())
    };
    assert_eq!(s.pool.parallel_for(2, 1, read), None);
    other.join().unwrap();
    s.assert_over(0);
}

/// Helpers that make helpers: none is left inside when the loop returns.
fn helpers_make_helpers() {
    let s = Stage::<4>::new().ungated();
    (0..3).for_each(|_| s.pool.admit());
    let others = [(); 2].map(|()| s.thread(|s| drop(s.pool.run_one())));
    s.begin();
    run_loop(&s, &Items::<4>::new());
    others.into_iter().for_each(|other| other.join().unwrap());
    s.assert_over(0);
}

fn of_two_stops_one_is_returned() {
    let s = Stage::<1>::attended();
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    let items = Items::<3>::new();
    let stopped = s.pool.parallel_for(3, 1, |from, to| {
        items.write(from, to);
        Break(i32::try_from(from).unwrap())
    });
    let begun: Vec<_> = (0..3).filter(|&n| items.0[n].1.get() > 0).collect();
    assert!(
        begun.contains(&(stopped.expect("a stop") as usize)) && begun.len() <= 2,
        "{stopped:?} of {begun:?}"
    );
    assert!(begun.iter().all(|&n| items.0[n].0.written()));
    other.join().unwrap();
    s.assert_over(0);
}

fn a_loop_that_nobody_helps_is_done_by_its_caller() {
    let s = Stage::<1>::attended();
    let other = s.thread(|s| {
        let items = Items::<2>::new();
        run_loop(s, &items);
    });
    s.begin();
    run_loop(&s, &Items::<2>::new());
    other.join().unwrap();
    s.assert_over(0);
}

fn a_loop_that_meets_a_discard_is_done() {
    let s = Stage::<1>::attended();
    let other = s.thread(|s| drop(s.pool.discard()));
    s.begin();
    run_loop(&s, &Items::<2>::new());
    other.join().unwrap();
}

fn a_loop_that_meets_a_drain_is_done() {
    let s = Stage::<1>::new();
    let worker = s.worker();
    let other = s.thread(|s| drop(s.pool.drain()));
    s.begin();
    run_loop(&s, &Items::<2>::new());
    other.join().unwrap();
    worker.join().unwrap();
}

/// The time is up when the first item is begun, by either thread. The other one may have begun an item by then.
fn a_loop_whose_time_is_up_waits_for_the_bodies_that_run() {
    let s = Stage::<1>::attended_on(Pool::with_clock(Clock::Manual));
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    let items = Items::<3>::new();
    let is_done = s.pool.parallel_for_within(3, 10, |from, to| {
        assert_eq!(to, from + 1);
        s.pool.pass(10);
        items.write(from, to);
    });
    let begun: Vec<_> = (0..3).filter(|&n| items.0[n].1.get() > 0).collect();
    assert!(!is_done && (1..=2).contains(&begun.len()), "{begun:?}");
    assert!(begun.iter().all(|&n| items.0[n].0.written() && items.0[n].1.get() == 1));
    other.join().unwrap();
    s.assert_over(0);
}

fn a_loop_inside_a_share_is_done() {
    let s = Stage::<2>::attended();
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    let (outer, inner) = (Items::<2>::new(), [Items::<2>::new(), Items::<2>::new()]);
    let stopped = s.pool.parallel_for(2, 1, |from, to| {
        outer.write(from, to);
        (from..to).for_each(|n| run_loop(&s, &inner[n]));
        Continue(())
    });
    assert_eq!(stopped, None);
    outer.assert_done();
    other.join().unwrap();
    s.assert_over(0);
}

/// Jobs that write an item each.
fn writers<const K: usize>(items: &Items<K>) -> [Box<dyn FnOnce()>; K] {
    std::array::from_fn(|n| {
        let items = items.clone();
        Box::new(move || items.write(n, n + 1)) as Box<dyn FnOnce()>
    })
}

fn every_job_of_a_scope_is_done_once_and_seen() {
    let s = Stage::<2>::attended();
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    let items = Items::<2>::new();
    s.pool.scope::<2, 2>(writers(&items));
    items.assert_done();
    other.join().unwrap();
    s.assert_over(0);
}

fn a_scope_that_keeps_one_job_does_all() {
    let s = Stage::<2>::attended();
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    let items = Items::<3>::new();
    s.pool.scope::<1, 3>(writers(&items));
    items.assert_done();
    other.join().unwrap();
    s.assert_over(0);
}

fn a_scope_without_slots_does_all() {
    let s = Stage::<1>::attended();
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    let items = Items::<3>::new();
    s.pool.scope::<3, 3>(writers(&items));
    items.assert_done();
    other.join().unwrap();
    s.assert_over(0);
}

fn a_scope_that_meets_a_drain_is_done() {
    let s = Stage::<2>::new();
    let worker = s.worker();
    let other = s.thread(|s| drop(s.pool.drain()));
    s.begin();
    let items = Items::<2>::new();
    s.pool.scope::<2, 2>(writers(&items));
    items.assert_done();
    other.join().unwrap();
    worker.join().unwrap();
}

/// Each job was run, or dropped before the scope ended.
fn a_scope_that_meets_a_discard_ends() {
    let s = Stage::<2>::attended();
    let other = s.thread(|s| drop(s.pool.discard()));
    s.begin();
    let items = Items::<2>::new();
    s.pool.scope::<2, 2>(writers(&items));
    assert_eq!(Arc::strong_count(&items.0), 1);
    assert!(items.0.iter().all(|(place, times)| place.written() == (times.get() == 1)));
    other.join().unwrap();
}

/// Another thread may run the job that spawns, and what it spawns; the queue has room for one of the two.
fn a_scope_ends_after_what_its_jobs_have_spawned() {
    let s = Stage::<4>::attended();
    let other = s.thread(|s| {
        drop(s.pool.run_one());
        drop(s.pool.run_one());
    });
    s.begin();
    let items = Items::<2>::new();
    let (pool, spawner, jobs) = (s.pool.clone(), Arc::new(Spawner::new()), writers(&items));
    let inside = spawner.clone();
    let spawns = move || jobs.into_iter().for_each(|job: Box<dyn FnOnce()>| pool.spawn_nested(&inside, job));
    s.pool.scope_with(&spawner, Box::new(spawns));
    items.assert_done();
    other.join().unwrap();
    s.assert_over(0);
}

fn a_scope_inside_a_job_needs_no_other_worker() {
    let s = Stage::<2>::attended();
    let items = Items::<2>::new();
    let (pool, jobs) = (s.pool.clone(), writers(&items));
    let job = s.pool.submit(s.task(0).doing(move || pool.scope::<1, 2>(jobs))).expect("there is room");
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    s.pool.run_one();
    other.join().unwrap();
    assert_eq!(s.pool.wait(job), End::Done(0));
    items.assert_done();
    s.assert_over(1);
}

/// A recursion over the items, down to one each; the halves are published as soon as a worker is idle.
fn join_over<const N: usize, const K: usize>(
    s: &Stage<N>,
    items: &Items<K>,
    from: usize,
    to: usize,
) -> usize {
    if to - from == 1 {
        items.write(from, to);
        return 1;
    }
    let middle = from + (to - from).div_ceil(2);
    let low = || join_over(s, items, from, middle);
    let (low, high) = s.pool.join(low, || join_over(s, items, middle, to));
    low + high
}

fn join_all<const N: usize, const K: usize>(s: &Stage<N>, items: &Items<K>) {
    assert_eq!(join_over(s, items, 0, K), K);
    items.assert_done();
}

/// A searcher that never ends its search, so that halves are published.
fn both_halves_of_a_join_are_done_once_and_seen() {
    let s = Stage::<1>::attended();
    s.pool.freeze_searching();
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    join_all(&s, &Items::<2>::new());
    other.join().unwrap();
    s.assert_over(0);
}

fn halves_of_nested_joins_are_done_once_and_seen() {
    let s = Stage::<2>::attended();
    s.pool.freeze_searching();
    let other = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    join_all(&s, &Items::<3>::new());
    other.join().unwrap();
    s.assert_over(0);
}

fn a_worker_joins_inside_a_half() {
    let s = Stage::<2>::attended().ungated();
    s.pool.freeze_searching();
    let others = [(); 2].map(|()| s.thread(|s| drop(s.pool.run_one())));
    s.begin();
    join_all(&s, &Items::<4>::new());
    others.into_iter().for_each(|other| other.join().unwrap());
    s.assert_over(0);
}

fn a_join_that_meets_a_drain_is_done() {
    let s = Stage::<1>::new();
    let worker = s.worker();
    let other = s.thread(|s| drop(s.pool.drain()));
    s.begin();
    join_all(&s, &Items::<2>::new());
    other.join().unwrap();
    worker.join().unwrap();
}

fn a_join_that_meets_a_discard_is_done() {
    let s = Stage::<1>::attended();
    s.pool.freeze_searching();
    let other = s.thread(|s| drop(s.pool.discard()));
    s.begin();
    join_all(&s, &Items::<2>::new());
    other.join().unwrap();
}
