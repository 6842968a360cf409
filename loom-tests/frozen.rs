//! A thread that is stopped before any of its steps holds up no other: what the others do ends, and when the
//! thread continues, nothing is lost.

use crate::fixtures::{Stage, stopped};
use crate::harness::{Crew, Model, model};
use jobring_model::Interrupt;
use jobring_model::model::{Clock, End, Indices, No, Pool, Queue, Took, Workers};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(unbounded a_pusher_stopped_anywhere_holds_up_nobody),
    model!(unbounded a_pusher_stopped_before_it_moved_the_tail_holds_up_nobody),
    model!(4 two_pushers_stopped_before_they_moved_the_tail_hold_up_nobody),
    model!(unbounded a_popper_stopped_anywhere_holds_up_nobody),
    model!(unbounded a_popper_of_several_stopped_anywhere_holds_up_nobody),
    model!(unbounded a_marker_stopped_anywhere_holds_up_nobody),
    model!(unbounded an_unmarker_stopped_anywhere_holds_up_nobody),
    model!(2 a_submitter_stopped_anywhere_holds_up_nobody),
    model!(2 a_runner_stopped_anywhere_holds_up_nobody),
    model!(2 a_taker_stopped_anywhere_holds_up_nobody),
    model!(2 a_canceller_stopped_anywhere_holds_up_nobody),
    model!(2 a_detacher_stopped_anywhere_holds_up_nobody),
    model!(2 a_canceller_of_a_job_that_leaves_no_result_stopped_anywhere_holds_up_nobody),
    model!(2 a_runner_of_a_job_that_leaves_no_result_stopped_anywhere_holds_up_nobody),
    model!(2 a_closer_stopped_anywhere_holds_up_no_submitter),
    model!(2 a_notifier_stopped_anywhere_is_covered_by_others),
    model!(2 a_worker_stopped_anywhere_is_covered_by_others),
    model!(2 a_push_behind_a_notifier_stopped_anywhere_wakes_a_worker),
    model!(2 of_two_pushes_one_wakes_a_worker_though_another_is_stopped_anywhere),
    model!(2 a_runner_stopped_anywhere_hides_no_other_completion),
    model!(2 a_runner_stopped_anywhere_delays_its_own_event_alone),
    model!(2 a_consumer_stopped_anywhere_holds_up_no_submitter_beyond_the_limit),
    model!(2 a_detacher_stopped_anywhere_hides_no_other_job_from_a_scope),
];

/// `stopped` on a ring of `len` that holds the first `held` indices. In the end it holds all but those that
/// `step` says it has.
fn ring<K: IntoIterator<Item = usize> + 'static>(
    len: usize,
    held: usize,
    step: fn(&Indices) -> K,
    others: fn(&Indices),
) {
    let ring = Arc::new(Indices::new(len, 0, 0));
    (0..held).for_each(|index| drop(ring.push(index)));
    let other = ring.clone();
    let kept = stopped(&Crew::new(), move || step(&other), || others(&ring));
    let mut there: Vec<_> = std::iter::from_fn(|| ring.pop()).chain(kept).collect();
    there.sort_unstable();
    assert!(there.iter().copied().eq(0..len), "{there:?}");
}

fn a_pusher_stopped_anywhere_holds_up_nobody() {
    let step = |ring: &Indices| {
        ring.push(0);
        None
    };
    ring(2, 0, step, |ring| {
        ring.push(1);
        let first = ring.pop().expect("what was pushed is there");
        ring.push(first);
    });
}

fn a_pusher_stopped_before_it_moved_the_tail_holds_up_nobody() {
    let step = |ring: &Indices| {
        ring.push(3);
        None
    };
    // The push of 3 may be at the end of a stride. Then the others go once around the ring.
    ring(4, 3, step, |ring| {
        for _ in 0..5 {
            let index = ring.pop().expect("three are there");
            ring.push(index);
        }
    });
}

/// Each of the two may have published at the end of a stride: the tail falls a lap behind unless the others
/// move it.
fn two_pushers_stopped_before_they_moved_the_tail_hold_up_nobody() {
    let ring = Arc::new(Indices::new(4, 0, 0));
    (0..2).for_each(|index| drop(ring.push(index)));
    let round = |ring: &Indices| {
        let index = ring.pop().expect("two are there");
        ring.push(index);
    };
    let pusher = |index: usize| {
        let ring = ring.clone();
        move || drop(ring.push(index))
    };
    let crew = Crew::ungated();
    ring.push(2);
    stopped(&crew, pusher(3), || {
        let taken = ring.pop().expect("three are there");
        ring.push(taken);
        let again = ring.pop().expect("three are there");
        stopped(&crew, pusher(again), || (0..3).for_each(|_| round(&ring)));
    });
    let mut there: Vec<_> = std::iter::from_fn(|| ring.pop()).collect();
    there.sort_unstable();
    assert_eq!(there, [0, 1, 2, 3]);
}

fn a_popper_stopped_anywhere_holds_up_nobody() {
    ring(2, 2, Indices::pop, |ring| {
        for _ in 0..2 {
            let index = ring.pop().expect("at most one is missing");
            ring.push(index);
        }
    });
}

fn a_popper_of_several_stopped_anywhere_holds_up_nobody() {
    ring(
        4,
        4,
        |ring| ring.pop_many(2),
        |ring| {
            for _ in 0..2 {
                let index = ring.pop().expect("at most two are missing");
                ring.push(index);
            }
        },
    );
}

fn a_marker_stopped_anywhere_holds_up_nobody() {
    let step = |ring: &Indices| {
        ring.mark_if_empty();
        None
    };
    ring(2, 0, step, |ring| {
        ring.push(0);
        assert_eq!(ring.pop(), Some(0));
        ring.push(1);
        ring.push(0);
    });
}

fn an_unmarker_stopped_anywhere_holds_up_nobody() {
    let step = |ring: &Indices| {
        ring.mark_if_empty();
        ring.unmark();
        None
    };
    ring(1, 0, step, |ring| {
        ring.mark_for_closer();
        ring.unmark();
        ring.push(0);
        assert_eq!(ring.pop(), Some(0));
        ring.push(0);
    });
}

/// While a thread is stopped in `step`, which is about job 0, another submits job 1, runs what there is, and
/// takes the result. `strict`: nothing of this depends on the stopped thread.
fn pool(submitted: bool, ran: bool, strict: bool, step: fn(&Stage<2>, jobring_model::JobId)) {
    let s = Stage::<2>::attended();
    let job = s.pool.guess(0, 0);
    if submitted {
        assert_eq!(s.submit(0), job);
    }
    if ran {
        assert!(s.pool.run_one());
    }
    let other = s.clone();
    let mut mine = None;
    stopped(
        &s.crew,
        move || step(&other, job),
        || {
            let job = s.submit(1);
            while s.pool.run_one() {}
            mine = match s.pool.poll(job) {
                End::Done(1) => None,
                end => {
                    assert!(!strict && end == End::Pending, "{end:?}");
                    Some(job)
                }
            };
        },
    );
    if let Some(job) = mine {
        assert_eq!(s.pool.poll(job), End::Done(1));
    }
    while s.pool.run_one() {}
    s.pool.detach(job);
    s.assert_over(2);
}

fn a_submitter_stopped_anywhere_holds_up_nobody() {
    pool(false, false, true, |s, _| drop(s.submit_detached(0)));
}

fn a_runner_stopped_anywhere_holds_up_nobody() {
    // It may have taken job 1.
    pool(true, false, false, |s, job| {
        assert!(s.pool.detach(job));
        s.pool.run_one();
    });
}

fn a_taker_stopped_anywhere_holds_up_nobody() {
    pool(true, true, true, |s, job| assert_eq!(s.pool.poll(job), End::Done(0)));
}

fn a_canceller_stopped_anywhere_holds_up_nobody() {
    pool(true, false, true, |s, job| {
        s.pool.cancel(job);
        s.pool.poll(job);
    });
}

fn a_detacher_stopped_anywhere_holds_up_nobody() {
    pool(true, true, true, |s, job| assert!(s.pool.detach(job)));
}

fn a_canceller_of_a_job_that_leaves_no_result_stopped_anywhere_holds_up_nobody() {
    pool(false, false, true, |s, _| {
        let job = s.pool.submit_cancellable(s.task(0)).expect("there is room");
        s.pool.cancel(job);
    });
}

fn a_runner_of_a_job_that_leaves_no_result_stopped_anywhere_holds_up_nobody() {
    pool(false, false, false, |s, _| {
        s.pool.submit_cancellable(s.task(0)).expect("there is room");
        s.pool.run_one();
    });
}

fn a_closer_stopped_anywhere_holds_up_no_submitter() {
    let s = Stage::<2>::attended();
    let closing = s.clone();
    let mut accepted = false;
    stopped(
        &s.crew,
        move || drop(closing.pool.close()),
        || match s.pool.submit(s.task(0)) {
            Ok(job) => {
                accepted = true;
                assert!(s.pool.run_one());
                assert_eq!(s.pool.poll(job), End::Done(0));
            }
            Err(no) => assert!(no == No::Shutdown || no == No::Full),
        },
    );
    s.pool.drain();
    assert_eq!(s.log.ran(0), usize::from(accepted));
}

/// Forces wake-ups, as patient waiters do, until `jobs` jobs were taken.
fn force_until(workers: &Workers, taken: &AtomicUsize, jobs: usize) {
    while taken.load(Relaxed) < jobs {
        workers.reset_searchers();
        loom::thread::yield_now();
    }
}

fn a_notifier_stopped_anywhere_is_covered_by_others() {
    let (crew, workers) = (Crew::new(), Arc::new(Workers::new()));
    let taken = Arc::new(AtomicUsize::new(0));
    let (working, with_callback, count) = (workers.clone(), workers.clone(), taken.clone());
    let worker = crew.spawn(move || count.store(working.work(1), Relaxed));
    workers.publish();
    stopped(&crew, move || drop(with_callback.notify_workers(1)), || force_until(&workers, &taken, 1));
    worker.join().unwrap();
    assert_eq!(workers.left(), 0);
}

fn a_worker_stopped_anywhere_is_covered_by_others() {
    let (crew, workers) = (Crew::ungated(), Arc::new(Workers::new()));
    let taken = Arc::new(AtomicUsize::new(0));
    let (working, freezing, count) = (workers.clone(), workers.clone(), taken.clone());
    let worker = crew.spawn(move || count.store(working.work(1), Relaxed));
    stopped(
        &crew,
        move || drop(freezing.work(1)),
        || {
            workers.give(1);
            workers.give(1);
            force_until(&workers, &taken, 1);
        },
    );
    worker.join().unwrap();
    assert_eq!(workers.left(), 0);
}

/// No thread waits and there is no clock: the second push alone.
fn a_push_behind_a_notifier_stopped_anywhere_wakes_a_worker() {
    let (crew, workers) = (Crew::new(), Arc::new(Workers::new()));
    let (working, with_callback) = (workers.clone(), workers.clone());
    let worker = crew.spawn(move || working.work(1));
    workers.publish();
    stopped(
        &crew,
        move || drop(with_callback.notify_workers(1)),
        || {
            workers.give(1);
            assert_eq!(worker.join().unwrap(), 1);
        },
    );
    assert_eq!(workers.left(), 1);
}

fn of_two_pushes_one_wakes_a_worker_though_another_is_stopped_anywhere() {
    let (crew, workers) = (Crew::ungated(), Arc::new(Workers::new()));
    let (working, freezing) = (workers.clone(), workers.clone());
    let worker = crew.spawn(move || working.work(1));
    stopped(
        &crew,
        move || drop(freezing.work(1)),
        || {
            workers.give(1);
            workers.give(1);
            assert_eq!(worker.join().unwrap(), 1);
        },
    );
    assert_eq!(workers.left(), 0);
}

/// Two jobs of a queue: while the runner of one is stopped, this thread runs the other, if that one has not
/// both, and `hears` of it. In the end each is taken once.
fn queue(hears: fn(&Queue<2>)) {
    let s = Stage::<2>::attended_on(Pool::with_clock(Clock::Hasty));
    let queue = s.queue(2);
    assert!(queue.arm());
    let other = s.clone();
    stopped(
        &s.crew,
        move || assert!(other.pool.run_one()),
        || {
            assert!(s.pool.run_one());
            hears(&queue);
        },
    );
    while let Took::Done(_) = queue.try_take() {}
    assert_eq!(queue.take(), Took::Empty);
    s.assert_over(2);
}

fn a_runner_stopped_anywhere_hides_no_other_completion() {
    queue(|queue| assert!(matches!(queue.take(), Took::Done(_))));
}

fn a_runner_stopped_anywhere_delays_its_own_event_alone() {
    queue(|queue| {
        queue.poll();
        assert!(matches!(queue.try_take(), Took::Done(_)));
    });
}

/// It may keep its own place, but not the one that another consumer gives back.
fn a_consumer_stopped_anywhere_holds_up_no_submitter_beyond_the_limit() {
    let s = Stage::<4>::attended_on(Pool::with_clock(Clock::Hasty)).ungated();
    let queue = s.queue(2);
    (0..2).for_each(|_| assert!(s.pool.run_one()));
    let (first, other, task) = (queue.clone(), queue.clone(), s.task(2));
    let submitter = s.thread(move |_| other.submit_blocking(task).is_ok());
    stopped(
        &s.crew,
        move || assert!(matches!(first.take(), Took::Done(_))),
        || {
            assert!(matches!(queue.take(), Took::Done(_)));
            assert!(submitter.join().unwrap());
        },
    );
    assert!(s.pool.run_one());
    assert_eq!((queue.take(), queue.take()), (Took::Done(2), Took::Empty));
    s.assert_over(3);
}

/// Threads in scopes of interrupts share the event count. There is no clock, so nobody helps out.
fn a_detacher_stopped_anywhere_hides_no_other_job_from_a_scope() {
    let s = Stage::<2>::attended().ungated();
    let (given_up, cancelled) = (s.submit(0), s.submit(1));
    let [other, waiter] = [given_up, cancelled]
        .map(|job| s.thread(move |s| s.pool.interruptible(&Interrupt::new(), || s.pool.wait(job))));
    let pool = s.pool.clone();
    stopped(
        &s.crew,
        move || assert!(pool.detach(given_up)),
        || {
            s.pool.cancel(cancelled);
            assert_eq!(waiter.join().unwrap(), End::Cancelled);
        },
    );
    assert_eq!(other.join().unwrap(), End::Stale);
    assert!(s.pool.run_one());
    s.assert_over(2);
}
