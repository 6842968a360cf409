//! A map over an iterator: the order of its results, its limits, its ends.
#![cfg(feature = "std")]

mod common;

use common::{Count, CountsDrop, Gate, done, held, join, pool, until};
use jobring::{Interrupt, JobError, JobHandle, Pool, ShutdownMode, StaticPool, SubmitError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// The results, or the names of the errors.
fn shown<T>(results: impl Iterator<Item = Result<T, JobError>>) -> Vec<Result<T, String>> {
    results.map(|result| result.map_err(|error| error.to_string())).collect()
}

fn assert_timed_out<T>(result: Option<Result<T, JobError>>) {
    assert!(matches!(result, Some(Err(JobError::TimedOut))));
}

/// Every slot is free, or will be when what runs has ended.
fn assert_whole(pool: &Pool) {
    let all: Vec<_> = (0..pool.capacity()).map(|_| pool.submit(|| ()).expect("open")).collect();
    all.into_iter().for_each(|job| done(job).expect("it runs"));
}

#[test]
fn results_come_in_the_order_of_the_input() {
    for (workers, capacity) in [(0, 1), (0, 4), (1, 1), (3, 8)] {
        let pool = pool(workers, capacity);
        for count in [0, 1, 2, 63, 100] {
            for chunk in [0, 1, 7, count, usize::MAX] {
                for in_flight in [0, 1, 3, usize::MAX] {
                    let map = pool.map_iter(0..count, |n| n + 1).chunk(chunk).in_flight(in_flight);
                    let results: Result<Vec<usize>, _> = map.collect();
                    assert!(results.expect("all have run").into_iter().eq(1..=count));
                }
            }
        }
        assert_whole(&pool);
    }
}

#[test]
fn a_job_that_finishes_first_waits_for_its_turn() {
    let pool = pool(2, 8);
    let gate = Gate::new();
    let results = pool.map_iter(0..2, move |n| match n {
        0 => gate.pass(),
        _ => gate.open(),
    });
    assert_eq!(shown(results), [Ok(()), Ok(())]);
}

#[test]
fn items_and_results_of_any_size_fit() {
    let pool = pool(1, 4);
    let large = pool.map_iter([[1_u64; 100], [2; 100]], |numbers| numbers.map(|n| n * 2));
    assert_eq!(shown(large), [Ok([2; 100]), Ok([4; 100])]);
    static SMALL: StaticPool<2, 0, 32> = StaticPool::new();
    assert_eq!(shown(SMALL.map_iter(["a", "bc"], str::len)), [Ok(1), Ok(2)]);
}

#[test]
fn a_panic_is_the_result_of_its_item_alone() {
    let pool = pool(2, 8);
    for chunk in [1, 2, 10] {
        let map = pool.map_iter(0..6, |n| if n % 3 == 1 { panic!("no {n}") } else { n }).chunk(chunk);
        let no = |n| Err(format!("the job panicked: no {n}"));
        assert_eq!(shown(map), [Ok(0), no(1), Ok(2), Ok(3), no(4), Ok(5)]);
    }
}

#[test]
fn the_input_is_no_further_ahead_than_it_may_be() {
    let pool = pool(2, 64);
    let read = Count::new();
    let counts = read.clone();
    let mut map = pool.map_iter((0..).inspect(move |_| counts.add()), |n| n).in_flight(3).chunk(5);
    assert_eq!(read.get(), 0, "nothing happens before the first result is asked for");
    for n in 0..100 {
        assert_eq!(map.next().expect("it has no end").expect("it runs"), n);
        assert!(read.get() <= (n / 5 + 4) * 5);
    }
}

#[test]
fn a_map_that_is_dropped_drops_what_has_not_begun() {
    let pool = pool(1, 8);
    let (begun, gate, items, results) = (Gate::new(), Gate::new(), Count::new(), Count::new());
    let (runs, goes_on, ends) = (begun.clone(), gate.clone(), results.clone());
    let inputs = (0..).map({
        let items = items.clone();
        move |n| (n, items.on_drop())
    });
    let mut map = pool.map_iter(inputs, move |(n, _item): (u32, CountsDrop)| {
        if n == 1 {
            runs.open();
            goes_on.pass();
        }
        ends.on_drop()
    });
    assert!(matches!(map.next(), Some(Ok(_))));
    begun.pass();
    assert_eq!((items.get(), results.get()), (1, 1));
    drop(map);
    // Of the four in flight one runs.
    assert_eq!((items.get(), results.get()), (4, 1));
    gate.open();
    until("the result is dropped", || results.get() == 2);
    assert_eq!(items.get(), 5);
    assert_whole(&pool);
}

#[test]
fn a_map_that_is_leaked_runs_and_the_pool_ends() {
    let pool = pool(1, 8);
    let (calls, drops) = (Count::new(), Count::new());
    let (called, dropped) = (calls.clone(), drops.clone());
    let mut map = pool.map_iter(0..4, move |_| {
        called.add();
        dropped.on_drop()
    });
    drop(map.next());
    std::mem::forget(map);
    drop(pool);
    assert_eq!((calls.get(), drops.get()), (4, 4));
}

#[test]
fn when_the_time_is_up_the_rest_is_not_begun() {
    let pool = pool(1, 8);
    let (gate, calls) = (Gate::new(), Count::new());
    let (goes_on, called) = (gate.clone(), calls.clone());
    let mut map = pool.map_iter(0.., move |n| {
        called.add();
        if n == 2 {
            goes_on.pass();
        }
        n
    });
    assert!(matches!(map.next(), Some(Ok(0))));
    until("it stands at the gate", || calls.get() == 3);
    // What is there is given, also late.
    let mut map = map.timeout(Duration::ZERO);
    assert!(matches!(map.next(), Some(Ok(1))));
    assert_timed_out(map.next());
    assert!(map.next().is_none() && map.next().is_none());
    gate.open();
    assert_whole(&pool);
    assert_eq!(calls.get(), 3);
}

#[test]
fn a_wait_ends_when_the_time_is_up() {
    let pool = pool(1, 8);
    let gate = Gate::new();
    let goes_on = gate.clone();
    let mut map = pool.map_iter(0..5, move |_| goes_on.pass()).timeout(Duration::from_millis(1));
    assert_timed_out(map.next());
    gate.open();
    drop(map);
    assert_whole(&pool);
}

#[test]
fn a_time_that_is_up_counts_only_if_something_is_left() {
    let pool = pool(1, 8);
    let mut map = pool.map_iter(0..0, |n: u32| n).timeout(Duration::ZERO);
    assert!(map.next().is_none());
    let mut map = pool.map_iter(0..1, |n: u32| n);
    assert!(matches!(map.next(), Some(Ok(0))));
    assert!(map.timeout(Duration::ZERO).next().is_none());
    let began = Count::new();
    let counts = began.clone();
    let map = pool.map_iter(0..9, move |_| counts.add()).chunk(3).timeout(Duration::ZERO);
    assert_eq!(shown(map), [Err(JobError::TimedOut.to_string())]);
    assert_eq!(began.get(), 0);
    // A time that is long enough.
    let map = pool.map_iter(0..9, |n| n).chunk(2).timeout(common::DEADLINE);
    assert!(map.map(|n| n.expect("in time")).eq(0..9));
}

/// A map inside a job, whose calls map too.
fn nested(pool: &Arc<Pool>, limit: Option<Duration>) -> u64 {
    let inner = pool.clone();
    let outer = pool.map_iter(0..10_u64, move |n| {
        let map = inner.map_iter(0..n, |k| k).in_flight(2);
        let map = if let Some(limit) = limit { map.timeout(limit) } else { map };
        map.sum::<Result<u64, _>>().expect("inside")
    });
    let outer = if let Some(limit) = limit { outer.timeout(limit) } else { outer };
    outer.sum::<Result<u64, _>>().expect("outside")
}

#[test]
fn inside_jobs_it_runs_what_it_waits_for() {
    for (workers, capacity) in [(0, 2), (1, 1), (1, 2), (1, 16), (2, 16)] {
        for limit in [None, Some(common::DEADLINE)] {
            let pool = Arc::new(pool(workers, capacity));
            let inside = pool.clone();
            let job = pool.submit(move || nested(&inside, limit)).expect("room");
            assert_eq!(job.wait().expect("it ends"), 120);
            assert_whole(&pool);
        }
    }
}

#[test]
fn on_a_full_pool_the_caller_runs_it() {
    let pool = pool(1, 4);
    let gate = Gate::new();
    let first = held(&pool, &gate);
    let rest: Vec<_> = (0..3).map(|_| pool.submit(|| ()).expect("room")).collect();
    assert!(matches!(pool.try_submit(|| ()), Err(SubmitError::Full(_))));
    let here = thread::current().id();
    let map =
        pool.map_iter(0..10, |n| if n == 3 { panic!("no {n}") } else { thread::current().id() }).chunk(4);
    let results: Vec<_> = map.collect();
    assert_eq!(results.iter().filter(|result| matches!(result, Ok(id) if *id == here)).count(), 9);
    assert!(matches!(results[3], Err(JobError::Panicked(_))));
    gate.open();
    assert_eq!(done(first).expect("it ends"), 7);
    rest.into_iter().for_each(|job| done(job).expect("it runs"));
    assert_whole(&pool);
}

#[test]
fn one_slot_that_comes_and_goes_is_enough() {
    let pool = pool(2, 2);
    let gate = Gate::new();
    let mut taken = Some(held(&pool, &gate));
    let mut sum = 0;
    for (n, result) in pool.map_iter(0..100, |n| n).in_flight(2).enumerate() {
        sum += result.expect("it runs");
        if n == 50 {
            gate.open();
            taken.take().map(JobHandle::wait);
        }
    }
    assert_eq!(sum, 4950);
}

#[test]
fn a_shutdown_ends_the_map() {
    let cancelled = || Err(JobError::Cancelled.to_string());
    let closed = pool(1, 4);
    closed.shutdown(ShutdownMode::Drain, None).expect("it ends");
    assert_eq!(shown(closed.map_iter(0.., |n: u32| n)), [cancelled()]);
    assert_eq!(shown(closed.map_iter(0..0, |n: u32| n)), []);

    // What was accepted is drained.
    let drained = pool(1, 4);
    let mut map = drained.map_iter(0.., |n| n).in_flight(2);
    assert!(matches!(map.next(), Some(Ok(0))));
    drained.shutdown(ShutdownMode::Drain, None).expect("it ends");
    assert_eq!(shown(map), [Ok(1), Ok(2), cancelled()]);

    // Or each item of it is discarded.
    let discarded = pool(0, 8);
    let mut map = discarded.map_iter(0.., |n| n).in_flight(2).chunk(2);
    assert!(matches!(map.next(), Some(Ok(0))));
    discarded.shutdown(ShutdownMode::Discard, None).expect("it ends");
    let all = [Ok(1), cancelled(), cancelled(), cancelled(), cancelled(), cancelled()];
    assert_eq!(shown(map), all);
}

#[test]
fn a_chunk_that_somebody_cancels_gives_an_error_for_each_item() {
    let pool = pool(0, 8);
    let mut map = pool.map_iter(0..6, |n| n).in_flight(1).chunk(2);
    assert!(matches!(map.next(), Some(Ok(0))));
    pool.cancel_all();
    let cancelled = || Err(JobError::Cancelled.to_string());
    assert_eq!(shown(map), [Ok(1), cancelled(), cancelled(), Ok(4), Ok(5)]);
}

#[test]
fn an_interrupt_loses_nothing() {
    static STOP: Interrupt = Interrupt::new();
    let pool = pool(1, 8);
    let gate = Gate::new();
    let goes_on = gate.clone();
    let mut map = pool.map_iter(0..3, move |n| {
        goes_on.pass();
        n
    });
    pool.raise(&STOP);
    let refused = pool.interruptible(&STOP, || map.next());
    assert!(matches!(refused, Some(Err(JobError::Interrupted))));
    let mut map = map.timeout(common::DEADLINE);
    let refused = pool.interruptible(&STOP, || map.next());
    assert!(matches!(refused, Some(Err(JobError::Interrupted))));
    gate.open();
    assert_eq!(shown(map), [Ok(0), Ok(1), Ok(2)]);
}

/// Panics when it is cloned for the second time.
struct Shy(Arc<AtomicUsize>);

impl Clone for Shy {
    fn clone(&self) -> Self {
        assert!(self.0.fetch_add(1, SeqCst) != 1, "on purpose: a clone");
        Self(self.0.clone())
    }
}

#[test]
fn a_panic_of_the_input_or_of_a_clone_loses_nothing() {
    let pool = pool(1, 8);
    let shy = Shy(Arc::default());
    let mut asked = 0;
    let inputs = std::iter::from_fn(move || {
        asked += 1;
        match asked {
            4 => panic!("on purpose: the input"),
            5.. => (asked < 12).then(|| asked - 1),
            _ => Some(asked),
        }
    });
    let mut map = pool.map_iter(inputs, move |n| {
        let _shy = &shy;
        n
    });
    map = map.chunk(2);
    let (mut results, mut panics) = (Vec::new(), 0);
    loop {
        match catch_unwind(AssertUnwindSafe(|| map.next())) {
            Ok(Some(result)) => results.push(result.expect("it runs")),
            Ok(None) => break,
            Err(_) => panics += 1,
        }
    }
    assert_eq!(panics, 2);
    assert!(results.into_iter().eq(1..=10));
}

/// Counts when it is dropped, and panics then.
struct Bomb(Count);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.add();
        panic!("on purpose: in a destructor");
    }
}

#[test]
fn what_panics_when_it_is_dropped_is_dropped_once() {
    let pool = pool(0, 16);
    let (items, results) = (Count::new(), Count::new());
    let given = items.clone();
    let inputs = (0..).map(move |n| (n, Bomb(given.clone())));
    let ends = results.clone();
    let mut map = pool.map_iter(inputs, move |(n, bomb)| {
        std::mem::forget(bomb);
        (n, Bomb(ends.clone()))
    });
    map = map.chunk(4).in_flight(2);
    let (first, bomb) = map.next().expect("it has no end").expect("it runs");
    std::mem::forget(bomb);
    assert_eq!(first, 0);
    // Three results that were not given, and two chunks that have not begun.
    drop(map);
    assert_eq!((items.get(), results.get()), (8, 3));
    assert_whole(&pool);

    // The function, in each job.
    let functions = Count::new();
    let counted = functions.clone();
    #[derive(Clone)]
    struct Function(Option<Arc<Bomb>>);
    let function = Function(Some(Arc::new(Bomb(counted))));
    let map = pool.map_iter(0..3, move |n| {
        let _function = &function.0;
        n
    });
    let ended = catch_unwind(AssertUnwindSafe(|| assert_eq!(shown(map), [Ok(0), Ok(1), Ok(2)])));
    assert!(ended.is_err(), "the caller's own clone is the caller's to drop");
    assert_eq!(functions.get(), 1);
    assert_whole(&pool);
}

#[test]
fn a_map_goes_to_another_thread() {
    let pool = Arc::new(pool(1, 4));
    let inside = pool.clone();
    let thread = thread::spawn(move || {
        let mut map = inside.map_iter(0..10, |n| n).in_flight(2);
        let first = map.next().expect("there are ten");
        thread::scope(|s| {
            let rest = s.spawn(move || map.map(|n| n.expect("it runs")).sum::<u32>());
            first.expect("it runs") + rest.join().expect("no panic")
        })
    });
    assert_eq!(join(thread), 45);
}
