//! Fork-join for Rust callers on pools of every kind: parallel loops, scopes, joins.
#![cfg(feature = "std")]

mod common;

use common::{Count, DEADLINE, Gate, done, join, pool, until};
use jobring::{LoopTimedOut, Pool, ShutdownMode, StaticPool};
use std::ops::ControlFlow::{self, Break, Continue};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// Which items were done, and how often.
struct Marks(Vec<AtomicUsize>);

impl Marks {
    fn new(count: usize) -> Self {
        Self((0..count).map(|_| AtomicUsize::new(0)).collect())
    }

    fn mark(&self, range: std::ops::Range<usize>) {
        assert!(!range.is_empty(), "a share of nothing");
        for mark in &self.0[range] {
            mark.fetch_add(1, SeqCst);
        }
    }

    fn assert_each_once(&self) {
        assert!(self.0.iter().all(|mark| mark.load(SeqCst) == 1));
    }
}

#[test]
fn every_item_is_done_once_whatever_the_grain_and_the_size() {
    for workers in [0, 1, 3] {
        let pool = pool(workers, 8);
        for count in [0, 1, 2, 3, 63, 64, 65, 1000, 20_000] {
            for grain in [0, 1, 7, count, count + 1, usize::MAX] {
                let marks = Marks::new(count);
                pool.parallel_for(0..count, grain, |share| marks.mark(share));
                marks.assert_each_once();
            }
        }
    }
}

#[test]
fn a_range_begins_where_it_begins() {
    let pool = pool(2, 8);
    let (low, sum) = (AtomicUsize::new(usize::MAX), AtomicUsize::new(0));
    pool.parallel_for(1000..3000, 10, |share| {
        low.fetch_min(share.start, SeqCst);
        sum.fetch_add(share.len(), SeqCst);
    });
    assert_eq!((low.into_inner(), sum.into_inner()), (1000, 2000));
    // One that ends before it begins has no items.
    #[allow(clippy::reversed_empty_ranges, reason = "that is the point")]
    pool.parallel_for(5..2, 1, |_| panic!("there is nothing"));
}

#[test]
fn the_largest_ranges_do_not_overflow() {
    let pool = pool(2, 8);
    for grain in [0, 1, 1 << 20, usize::MAX] {
        let covered = AtomicUsize::new(0);
        pool.parallel_for(0..usize::MAX, grain.max(usize::MAX / 4), |share| {
            covered.fetch_add(share.len(), SeqCst);
        });
        assert_eq!(covered.into_inner(), usize::MAX);
    }
    let marks = Marks::new(100);
    pool.parallel_for(usize::MAX - 100..usize::MAX, 1, |share| {
        marks.mark(share.start - (usize::MAX - 100)..share.end - (usize::MAX - 100));
    });
    marks.assert_each_once();
    // As large, automatic, and stopped.
    let stopped = pool.try_parallel_for(0..usize::MAX, 0, |share| Break(share.start));
    assert_eq!(stopped, Break(0));
}

#[test]
fn a_share_has_at_least_the_grain() {
    let pool = pool(3, 16);
    for _ in 0..50 {
        let small = AtomicUsize::new(0);
        pool.parallel_for(0..1037, 100, |share| {
            small.fetch_add(usize::from(share.len() < 100), SeqCst);
        });
        assert!(small.into_inner() <= 1, "the last alone may be smaller");
    }
}

#[test]
fn a_share_has_at_most_the_largest() {
    for workers in [0, 3] {
        let pool = pool(workers, 16);
        for (grain, largest) in [(0, 1), (0, 33), (1, 1), (1, 7), (10, 10), (100, 7), (usize::MAX, 50)] {
            let marks = Marks::new(2000);
            let parallel = pool.parallel_loop(0..2000).grain(grain).largest(largest);
            let done = parallel.run(|share| {
                assert!(share.len() <= largest);
                marks.mark(share);
            });
            assert_eq!(done, Ok(()));
            marks.assert_each_once();
        }
    }
}

/// The thread that has the first item waits in it until all others are done.
#[test]
fn items_that_wait_for_each_other_are_done_one_by_one() {
    let (pool, begun) = (pool(1, 8), AtomicUsize::new(0));
    let done = pool.parallel_loop(0..1000).grain(1).largest(1).run(|share| {
        if share.start == 0 {
            until("the others are done", || begun.load(SeqCst) == 999);
        }
        begun.fetch_add(share.len(), SeqCst);
    });
    assert_eq!((done, begun.into_inner()), (Ok(()), 1000));
}

#[test]
fn a_loop_whose_time_is_up_begins_nothing_and_waits_for_what_runs() {
    let (limit, longer) = (Duration::from_millis(1), Duration::from_millis(2));
    for workers in [0, 2] {
        let (pool, inside, begun) = (pool(workers, 8), AtomicUsize::new(0), AtomicUsize::new(0));
        let one_by_one = || pool.parallel_loop(0..1000).grain(1).largest(1);
        let body = |_| {
            inside.fetch_add(1, SeqCst);
            begun.fetch_add(1, SeqCst);
            thread::sleep(longer);
            inside.fetch_sub(1, SeqCst);
        };
        assert_eq!(one_by_one().timeout(limit).run(body), Err(LoopTimedOut));
        assert!(inside.load(SeqCst) == 0 && begun.load(SeqCst) <= workers + 1);
        // What a body broke with, or panicked with, wins.
        let ended = one_by_one().timeout(DEADLINE).try_run(|_| Break(7));
        assert_eq!(ended, Ok(Break(7)));
        let panics = || one_by_one().timeout(DEADLINE).run(|_| panic!("a body"));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(one_by_one().timeout(DEADLINE).run(|_| ()), Ok(()));
    }
}

/// The whole loop is one job, which is waited for, cancelled, or asked to stop.
#[test]
fn a_loop_in_a_job_has_one_handle() {
    let pool = Arc::new(pool(2, 16));
    let (started, go) = (Gate::new(), Gate::new());
    let in_a_job = |stays: bool| {
        let (inside, started, go) = (pool.clone(), started.clone(), go.clone());
        let me = move || {
            let me = thread::current().id();
            inside.try_parallel_for(0..1000, 1, |_| {
                if stays && thread::current().id() == me {
                    started.open();
                    go.pass();
                } else if stays {
                    // So that an item is left for the job's own thread.
                    started.pass();
                }
                if inside.cancel_requested() { Break(()) } else { Continue(()) }
            })
        };
        pool.submit(me).expect("room")
    };
    assert_eq!(done(in_a_job(false)).expect("it ran"), Continue(()));
    let job = in_a_job(true);
    started.pass();
    assert!(!job.cancel(), "it runs");
    go.open();
    assert_eq!(done(job).expect("it ran"), Break(()));
}

/// The caller cannot end the loop alone: it waits inside its share until a worker has one.
#[test]
fn workers_take_part() {
    for grain in [1, 0] {
        let pool = pool(2, 8);
        let (me, helped) = (thread::current().id(), AtomicBool::new(false));
        pool.parallel_for(0..64, grain, |share| {
            if thread::current().id() != me {
                helped.store(true, SeqCst);
            } else if share.start > 0 || grain == 1 {
                until("a worker takes part", || helped.load(SeqCst));
            } else {
                // The first items, by which the caller sees that the others are worth sharing out.
                let begun = std::time::Instant::now();
                while begun.elapsed().as_millis() < 10 {}
            }
        });
        assert!(helped.into_inner());
    }
}

#[test]
fn all_workers_come_where_there_is_work() {
    const WORKERS: usize = 5;
    let pool = pool(WORKERS, 16);
    let inside = AtomicUsize::new(0);
    // A thread leaves its share when all threads are in one.
    pool.parallel_for(0..WORKERS + 1, 1, |share| {
        assert_eq!(share.len(), 1);
        inside.fetch_add(1, SeqCst);
        until("all take part", || inside.load(SeqCst) > WORKERS);
    });
}

/// Workers that never come are not waited for.
#[test]
fn a_loop_does_not_wait_for_workers_that_are_busy() {
    let (pool, gate) = (Arc::new(pool(2, 8)), Gate::new());
    let begun = Count::new();
    for _ in 0..2 {
        let (gate, begun) = (gate.clone(), begun.clone());
        pool.submit_detached(move || {
            begun.add();
            gate.pass();
        })
        .expect("room");
    }
    until("both are busy", || begun.get() == 2);
    let caller = thread::spawn({
        let pool = pool.clone();
        move || {
            for grain in [0, 1, 10] {
                let (marks, me) = (Marks::new(1000), thread::current().id());
                pool.parallel_for(0..1000, grain, |share| {
                    assert_eq!(thread::current().id(), me);
                    marks.mark(share);
                });
                marks.assert_each_once();
            }
        }
    });
    join(caller);
    gate.open();
    // All slots are back.
    pool.shutdown(ShutdownMode::Drain, None).expect("an end");
}

#[test]
fn a_full_ring_and_a_closed_pool_leave_all_to_the_caller() {
    let (pool, gate, begun) = (pool(1, 2), Gate::new(), Count::new());
    let (pass, runs) = (gate.clone(), begun.clone());
    let busy = pool.submit(move || {
        runs.add();
        pass.pass();
    });
    until("it runs", || begun.get() == 1);
    let queued = pool.submit(|| ()).expect("room");
    assert!(pool.try_submit(|| ()).is_err(), "full");
    let run = |pool: &Pool| {
        let (marks, me) = (Marks::new(100), thread::current().id());
        pool.parallel_for(0..100, 1, |share| {
            assert_eq!(thread::current().id(), me);
            marks.mark(share);
        });
        marks.assert_each_once();
    };
    run(&pool);
    gate.open();
    busy.expect("room").wait().expect("its end");
    queued.wait().expect("its end");
    pool.shutdown(ShutdownMode::Drain, None).expect("an end");
    run(&pool);
}

#[test]
fn a_loop_leaves_no_slot_behind() {
    let pool = pool(2, 4);
    for round in 0..2000 {
        let marks = Marks::new(10);
        pool.parallel_for(0..10, 1, |share| marks.mark(share));
        marks.assert_each_once();
        if round % 100 == 0 {
            // As many as fit, at once.
            let jobs: Vec<_> = (0..4).map(|_| pool.try_submit(|| ())).collect();
            jobs.into_iter().for_each(|job| job.expect("all slots are free").wait().expect("its end"));
        }
    }
}

#[test]
fn loops_work_inside_bodies_and_inside_jobs() {
    for workers in [0, 1, 3] {
        let pool = Arc::new(pool(workers, 16));
        let marks = Marks::new(20 * 50);
        pool.parallel_for(0..20, 1, |outer| {
            for n in outer {
                pool.parallel_for(n * 50..(n + 1) * 50, 1, |share| marks.mark(share));
            }
        });
        marks.assert_each_once();
        let inside = pool.clone();
        let job = pool.submit(move || {
            let marks = Marks::new(500);
            inside.parallel_for(0..500, 1, |share| marks.mark(share));
            marks.assert_each_once();
        });
        job.expect("room").wait().expect("its end");
    }
}

#[test]
fn a_stop_is_returned_and_nothing_is_begun_after_it() {
    let pool = pool(2, 8);
    for grain in [0, 1, 3] {
        for _ in 0..200 {
            let begun = AtomicUsize::new(0);
            let found = pool.try_parallel_for(0..10_000, grain, |share| {
                begun.fetch_add(share.len(), SeqCst);
                if share.contains(&700) { Break(format!("at {}", 700)) } else { Continue(()) }
            });
            assert_eq!(found, Break("at 700".to_owned()));
            assert!(begun.into_inner() <= 10_000);
        }
    }
    let whole: ControlFlow<()> = pool.try_parallel_for(0..100, 1, |_| Continue(()));
    assert_eq!(whole, Continue(()));
    // All threads stop: one value is returned, and the remaining shares are never started.
    let begun = Count::new();
    let found = pool.try_parallel_for(0..1_000_000, 1, |share| {
        begun.add();
        Break(share.start)
    });
    assert!(matches!(found, Break(_)) && begun.get() <= 3, "{} of 3 threads", begun.get());
}

#[test]
fn values_of_stops_are_dropped_once() {
    let pool = pool(3, 8);
    for _ in 0..200 {
        let (made, dropped) = (Count::new(), Count::new());
        let found = pool.try_parallel_for(0..100, 1, |_| {
            made.add();
            Break(dropped.on_drop())
        });
        assert_eq!(dropped.get(), made.get() - 1);
        drop(found);
        assert_eq!(dropped.get(), made.get());
    }
}

#[test]
fn a_panic_goes_on_in_the_caller_when_all_have_left() {
    let pool = pool(3, 8);
    for grain in [0, 1, 8] {
        for round in 0..100 {
            let (inside, begun) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.parallel_for(0..1000, grain, |share| {
                    inside.fetch_add(1, SeqCst);
                    begun.fetch_add(1, SeqCst);
                    struct Leaves<'a>(&'a AtomicUsize);
                    impl Drop for Leaves<'_> {
                        fn drop(&mut self) {
                            self.0.fetch_sub(1, SeqCst);
                        }
                    }
                    let _leaves = Leaves(&inside);
                    assert!(!share.contains(&(round * 7)), "item {}", round * 7);
                });
            }));
            let panic = caught.expect_err("a panic");
            assert_eq!(panic.downcast_ref::<String>().expect("text"), &format!("item {}", round * 7));
            assert_eq!(inside.into_inner(), 0, "nobody is inside");
        }
    }
    // The pool is as before.
    let marks = Marks::new(100);
    pool.parallel_for(0..100, 1, |share| marks.mark(share));
    marks.assert_each_once();
}

#[test]
fn a_panic_wins_over_a_stop() {
    let pool = pool(1, 8);
    let both = AtomicUsize::new(0);
    let me = thread::current().id();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        pool.try_parallel_for(0..2, 1, |_| {
            both.fetch_add(1, SeqCst);
            until("both are inside", || both.load(SeqCst) == 2);
            if thread::current().id() == me {
                return Break(());
            }
            // Later than the stop, as far as this thread can see.
            thread::yield_now();
            panic!("the helper")
        })
    }));
    assert_eq!(caught.expect_err("a panic").downcast_ref::<&str>(), Some(&"the helper"));
}

#[test]
fn a_static_pool_shares_out_too() {
    static POOL: StaticPool<8, 2, 48> = StaticPool::new();
    let helped = AtomicBool::new(false);
    thread::scope(|s| {
        let worker = s.spawn(|| POOL.enter_worker());
        let me = thread::current().id();
        until("a worker takes part", || {
            POOL.parallel_for(0..100, 1, |_| {
                if thread::current().id() != me {
                    helped.store(true, SeqCst);
                } else {
                    thread::yield_now();
                }
            });
            helped.load(SeqCst)
        });
        POOL.shutdown(ShutdownMode::Drain, None).expect("an end");
        until("the worker leaves", || worker.is_finished());
    });
}

#[test]
fn a_loop_goes_on_while_the_pool_is_shut_down() {
    for queued in [ShutdownMode::Drain, ShutdownMode::Discard] {
        for _ in 0..50 {
            let pool = pool(2, 8);
            thread::scope(|s| {
                s.spawn(|| pool.shutdown(queued, None).expect("an end"));
                for _ in 0..20 {
                    let marks = Marks::new(200);
                    pool.parallel_for(0..200, 1, |share| marks.mark(share));
                    marks.assert_each_once();
                }
            });
        }
    }
}

#[test]
fn jobs_of_a_scope_borrow_and_are_over_when_it_ends() {
    for (workers, capacity) in [(0, 8), (1, 2), (3, 64)] {
        let pool = pool(workers, capacity);
        for count in [0, 1, 2, 31, 32, 33, 500] {
            let mut numbers = vec![0; count];
            let sum = AtomicUsize::new(0);
            let result = pool.scope(|s| {
                for (n, number) in numbers.iter_mut().enumerate() {
                    let sum = &sum;
                    s.spawn(move || {
                        *number = n;
                        sum.fetch_add(1, SeqCst);
                    });
                }
                "result"
            });
            assert_eq!((result, sum.into_inner()), ("result", count));
            assert!(numbers.iter().enumerate().all(|(n, number)| n == *number));
        }
    }
}

#[test]
fn workers_run_jobs_of_a_scope() {
    let pool = pool(2, 8);
    let inside = AtomicUsize::new(0);
    pool.scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                inside.fetch_add(1, SeqCst);
                until("all three are inside", || inside.load(SeqCst) == 3);
            });
        }
    });
}

/// Each job of the only worker opens a scope with more jobs than a scope keeps.
#[test]
fn scopes_inside_jobs_and_scopes_need_no_other_worker() {
    let pool = pool(1, 16);
    let ran = AtomicUsize::new(0);
    pool.scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                pool.scope(|s| {
                    for _ in 0..100 {
                        s.spawn(|| {
                            pool.parallel_for(0..10, 1, |share| {
                                ran.fetch_add(share.len(), SeqCst);
                            });
                        });
                    }
                });
            });
        }
    });
    assert_eq!(ran.into_inner(), 4000);
}

#[test]
fn a_panic_in_a_scope_goes_on_when_all_jobs_are_over() {
    for workers in [0, 2] {
        let pool = pool(workers, 8);
        for bad in [0, 40, 99] {
            let (ran, dropped) = (AtomicUsize::new(0), Count::new());
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.scope(|s| {
                    for n in 0..100 {
                        let (ran, counts) = (&ran, dropped.on_drop());
                        s.spawn(move || {
                            let _counts = counts;
                            assert!(n != bad, "job {n}");
                            ran.fetch_add(1, SeqCst);
                        });
                    }
                });
            }));
            let panic = caught.expect_err("a panic");
            assert_eq!(panic.downcast_ref::<String>().expect("text"), &format!("job {bad}"));
            assert_eq!((ran.into_inner(), dropped.get()), (99, 100));
        }
        // The scope's own comes first.
        let ran = AtomicUsize::new(0);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|s| {
                for _ in 0..10 {
                    s.spawn(|| {
                        ran.fetch_add(1, SeqCst);
                        panic!("a job");
                    });
                }
                panic!("the scope");
            })
        }));
        assert_eq!(caught.expect_err("a panic").downcast_ref::<&str>(), Some(&"the scope"));
        assert_eq!(ran.into_inner(), 10);
    }
}

#[test]
fn a_scope_leaves_no_slot_behind_and_a_closed_pool_runs_it_here() {
    let pool = pool(2, 4);
    let ran = AtomicUsize::new(0);
    for round in 0..1000 {
        pool.scope(|s| (0..6).for_each(|_| _ = s.spawn(|| ran.fetch_add(1, SeqCst))));
        assert_eq!(ran.load(SeqCst), 6 * (round + 1));
    }
    let jobs: Vec<_> = (0..4).map(|_| pool.try_submit(|| ())).collect();
    jobs.into_iter().for_each(|job| job.expect("all slots are free").wait().expect("its end"));
    pool.shutdown(ShutdownMode::Drain, None).expect("an end");
    let me = thread::current().id();
    pool.scope(|s| (0..6).for_each(|_| _ = s.spawn(|| assert_eq!(thread::current().id(), me))));
}

fn fib(pool: &Pool, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    a + b
}

#[test]
fn joins_give_both_results_on_every_pool() {
    for (workers, capacity, spin) in [(0, 8, 0), (1, 1, 0), (1, 8, 1000), (3, 64, 0), (3, 64, 1000)] {
        let pool = Pool::builder().workers(workers).capacity(capacity).spin(spin).build().expect("a pool");
        assert_eq!(pool.join(|| 1, || "b"), (1, "b"));
        assert_eq!(fib(&pool, 20), 6765);
        // Inside a job, and with a result that has a destructor.
        let dropped = Count::new();
        pool.scope(|s| {
            s.spawn(|| {
                let (a, b) = pool.join(|| dropped.on_drop(), || (fib(&pool, 10), dropped.on_drop()));
                assert_eq!((b.0, dropped.get()), (55, 0));
                drop(a);
            });
        });
        assert_eq!(dropped.get(), 2);
        pool.shutdown(ShutdownMode::Drain, None).expect("an end");
        assert_eq!(fib(&pool, 12), 144);
    }
}

/// Neither closure ends before the other has started.
#[test]
fn an_idle_worker_takes_part_in_a_join() {
    for spin in [0, 1000] {
        let pool = Pool::builder().workers(1).spin(spin).build().expect("a pool");
        for _ in 0..20 {
            let (begun, me) = (AtomicUsize::new(0), thread::current().id());
            let meet = || {
                begun.fetch_add(1, SeqCst);
                // The worker may not have been idle yet; the joins in here offer the outer half too.
                until("both are inside", || {
                    pool.join(|| (), || ());
                    begun.load(SeqCst) == 2
                });
                thread::current().id()
            };
            let (a, b) = pool.join(meet, meet);
            assert!(a == me && b != me);
        }
    }
}

#[test]
fn all_workers_take_part_in_a_recursion() {
    fn spread(pool: &Pool, inside: &AtomicUsize, threads: usize, depth: u32) {
        if depth > 0 {
            pool.join(
                || spread(pool, inside, threads, depth - 1),
                || spread(pool, inside, threads, depth - 1),
            );
        } else {
            inside.fetch_add(1, SeqCst);
            // Once all have been in here at the same time, nobody waits any more. Joins go on meanwhile.
            until("everybody is inside", || {
                pool.join(|| (), || ());
                inside.load(SeqCst) >= threads
            });
        }
    }
    let pool = pool(3, 16);
    spread(&pool, &AtomicUsize::new(0), 4, 6);
}

#[test]
fn a_join_does_not_wait_for_a_worker_that_is_busy() {
    let (pool, gate, begun) = (Arc::new(pool(1, 8)), Gate::new(), Count::new());
    let (pass, runs) = (gate.clone(), begun.clone());
    pool.submit_detached(move || {
        runs.add();
        pass.pass();
    })
    .expect("room");
    until("it is busy", || begun.get() == 1);
    let caller = thread::spawn({
        let pool = pool.clone();
        move || assert_eq!(fib(&pool, 16), 987)
    });
    join(caller);
    gate.open();
}

#[test]
fn a_panic_in_a_join_goes_on_when_both_are_over() {
    for workers in [0, 1, 3] {
        let pool = pool(workers, 8);
        for _ in 0..100 {
            let (dropped, ran) = (Count::new(), Count::new());
            let both = |first: bool, second: bool| {
                let (a, b) = (dropped.on_drop(), dropped.on_drop());
                let (in_a, in_b) = (ran.clone(), ran.clone());
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    pool.join(
                        move || {
                            let _a = a;
                            in_a.add();
                            assert!(!first, "the first");
                        },
                        move || {
                            let _b = b;
                            in_b.add();
                            assert!(!second, "the second");
                        },
                    )
                }));
                caught.err().and_then(|panic| panic.downcast_ref::<&str>().copied())
            };
            assert_eq!(both(false, false), None);
            assert_eq!((dropped.get(), ran.get()), (2, 2));
            assert_eq!(both(true, false), Some("the first"));
            assert_eq!(both(false, true), Some("the second"));
            assert_eq!(both(true, true), Some("the first"));
            assert_eq!(dropped.get(), 8);
            assert!(
                (6..=8).contains(&ran.get()),
                "the second may not have been called after the first panicked"
            );
        }
        assert_eq!(fib(&pool, 10), 55);
    }
}

/// So deep that a thread keeps no more halves for others.
#[test]
fn a_panic_deep_inside_joins_drops_what_was_not_called() {
    struct Fails(Count);
    impl Drop for Fails {
        fn drop(&mut self) {
            self.0.add();
            assert!(!thread::panicking(), "in a destructor");
        }
    }
    fn dive(pool: &Pool, depth: u32, called: &Count, dropped: &Count) {
        let kept = Fails(dropped.clone());
        let second = move || {
            let _kept = kept;
            called.add();
        };
        let first = || {
            assert!(depth > 0, "at the bottom");
            dive(pool, depth - 1, called, dropped);
        };
        pool.join(first, second);
    }
    for (workers, spin) in [(0, 0), (2, 0), (2, 1000)] {
        let pool = Pool::builder().workers(workers).spin(spin).build().expect("a pool");
        for _ in 0..20 {
            let (called, dropped) = (Count::new(), Count::new());
            let caught = catch_unwind(AssertUnwindSafe(|| dive(&pool, 40, &called, &dropped)));
            let message = caught.expect_err("a panic").downcast_ref::<&str>().copied();
            assert_eq!((message, dropped.get()), (Some("at the bottom"), 41));
            assert!(workers > 0 || called.get() == 0);
        }
        assert_eq!(fib(&pool, 10), 55);
    }
}

#[test]
fn a_join_goes_on_while_the_pool_is_shut_down() {
    for queued in [ShutdownMode::Drain, ShutdownMode::Discard] {
        for _ in 0..50 {
            let pool = pool(2, 8);
            thread::scope(|s| {
                s.spawn(|| pool.shutdown(queued, None).expect("an end"));
                assert_eq!(fib(&pool, 14), 377);
            });
        }
    }
}

#[test]
fn joins_of_two_pools_inside_each_other_do_not_mix() {
    let (one, two) = (pool(1, 8), pool(1, 8));
    fn both(one: &Pool, two: &Pool, n: u32) -> u64 {
        if n < 2 {
            return u64::from(n);
        }
        let (a, b) = one.join(|| both(two, one, n - 1), || both(two, one, n - 2));
        a + b
    }
    assert_eq!(both(&one, &two, 16), 987);
}
