//! Start and destroy: the pool's memory may go only when no thread is inside any more.

use crate::fixtures::{Place, Stage};
use crate::harness::{Crew, Model, model};
use jobring_model::model::{Seats, Visits};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(unbounded destroy_waits_for_a_visitor),
    model!(2 destroy_waits_for_two_visitors),
    model!(2 a_wait_for_the_workers_sees_their_hooks_done),
    model!(unbounded no_more_workers_enter_than_may),
    model!(2 a_start_that_fails_leaves_nobody_behind),
    model!(2 a_pool_is_made_when_its_start_hooks_have_returned),
];

fn destroy_waits_for(visitors: usize) {
    let (crew, visits) = (Crew::new(), Arc::new(Visits::new()));
    let places: Vec<_> = (0..visitors).map(|_| Place::new()).collect();
    let visitors = places.iter().cloned().map(|place| {
        // The visit is begun before destroy is called: that is its caller's duty.
        let (visit, visits) = (visits.begin(), visits.clone());
        crew.spawn(move || {
            place.write();
            drop(visit);
            drop(visits);
        })
    });
    let visitors: Vec<_> = visitors.collect();
    crew.begin();
    visits.await_end();
    assert!(places.iter().all(Place::written));
    for visitor in visitors {
        visitor.join().unwrap();
    }
}

fn destroy_waits_for_a_visitor() {
    destroy_waits_for(1);
}

fn destroy_waits_for_two_visitors() {
    destroy_waits_for(2);
}

fn a_wait_for_the_workers_sees_their_hooks_done() {
    let s = Stage::<1>::new();
    s.pool.admit();
    let over = Arc::new(AtomicBool::new(false));
    let stopped = over.clone();
    let worker = s.thread(move |s| s.pool.work_and(|| stopped.store(true, Relaxed)));
    s.begin();
    s.pool.drain();
    s.pool.await_workers();
    assert!(over.load(Relaxed));
    worker.join().unwrap();
}

fn no_more_workers_enter_than_may() {
    let (crew, seats) = (Crew::new(), Arc::new(Seats::new()));
    let other = seats.clone();
    let theirs = crew.spawn(move || other.enter(1));
    crew.begin();
    let mine = seats.enter(1);
    assert!(mine != theirs.join().unwrap());
    assert_eq!(seats.taken(), 1);
    seats.leave();
    assert!(seats.enter(1));
}

fn a_start_that_fails_leaves_nobody_behind() {
    // As WorkerSet::start: the first worker runs, and submits from its hook; the second is counted in, and
    // its thread is refused.
    let s = Stage::<1>::new();
    s.pool.admit();
    let first = s.thread(|s| {
        let accepted = s.pool.submit_detached(s.task(0)).is_ok();
        s.pool.work();
        accepted
    });
    s.begin();
    s.pool.admit();
    s.pool.leave();
    s.pool.discard();
    s.pool.await_workers();
    assert_eq!(s.pool.live(), 0);
    assert_eq!(s.log.ended(0), usize::from(first.join().unwrap()));
}

fn a_pool_is_made_when_its_start_hooks_have_returned() {
    // As RawPool::start_workers with two workers, of which the second one's hook fails.
    let s = Stage::<1>::new();
    let places = [Place::new(), Place::new()];
    let workers = [true, false].map(|works| {
        s.pool.admit();
        let place = places[usize::from(!works)].clone();
        s.thread(move |s| {
            s.pool.work_after(|| {
                place.write();
                works
            });
        })
    });
    s.begin();
    assert_eq!(s.pool.await_start_hooks(2), 1);
    assert!(places.iter().all(Place::written));
    assert_eq!(s.pool.live(), 1);
    s.pool.discard();
    s.pool.await_workers();
    for worker in workers {
        worker.join().unwrap();
    }
}
