//! The done callback: it is called once, with the way in which the job ended, before any waiter learns of the
//! end.

use crate::fixtures::{Place, Stage};
use crate::harness::{Model, model};
use jobring_model::JobId;
use jobring_model::model::End;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(unbounded a_waiter_sees_what_the_done_callback_did),
    model!(unbounded a_waiter_for_a_cancelled_job_sees_what_the_done_callback_did),
    model!(3 a_waiter_for_a_discarded_job_sees_what_the_done_callback_did),
    model!(unbounded the_done_callback_is_called_once_with_how_the_job_ended),
    model!(unbounded a_callback_that_gives_up_its_job_ends_the_wait_for_it),
    model!(unbounded a_callback_that_waits_for_its_own_job_is_refused),
];

/// Job 0, whose callback writes a place.
fn submit_telling<const N: usize>(s: &Stage<N>) -> (JobId, Place) {
    let place = Place::new();
    let written = place.clone();
    let job = s.pool.submit(s.task(0).with_callback(move |_| written.write())).expect("there is room");
    (job, place)
}

fn a_waiter_sees_what_the_done_callback_did() {
    let s = Stage::<1>::attended();
    let (job, place) = submit_telling(&s);
    let runner = s.runner();
    s.begin();
    assert_eq!(s.pool.wait(job), End::Done(0));
    assert!(place.written());
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_waiter_for_a_cancelled_job_sees_what_the_done_callback_did() {
    let s = Stage::<1>::attended();
    let (job, place) = submit_telling(&s);
    let canceller = s.thread(move |s| assert_eq!(s.pool.cancel(job), Some(true)));
    s.begin();
    assert_eq!(s.pool.wait(job), End::Cancelled);
    assert!(place.written());
    canceller.join().unwrap();
    s.assert_over(1);
}

fn a_waiter_for_a_discarded_job_sees_what_the_done_callback_did() {
    let s = Stage::<1>::attended();
    let (job, place) = submit_telling(&s);
    let closer = s.thread(|s| drop(s.pool.discard()));
    s.begin();
    assert_eq!(s.pool.wait(job), End::Cancelled);
    assert!(place.written());
    closer.join().unwrap();
    s.assert_ended(1);
}

fn the_done_callback_is_called_once_with_how_the_job_ended() {
    let s = Stage::<1>::attended();
    let seen = Arc::new([const { AtomicUsize::new(0) }; 2]);
    let tell = seen.clone();
    let task = s.task(0).with_callback(move |ran| drop(tell[usize::from(ran)].fetch_add(1, Relaxed)));
    let job = s.pool.submit(task).expect("there is room");
    let runner = s.thread(|s| s.pool.run_one());
    s.begin();
    let _ = s.pool.cancel(job);
    let end = s.pool.wait(job);
    let _ = runner.join().unwrap();
    let seen = [0, 1].map(|ran| seen[ran].load(Relaxed));
    assert_eq!(seen, if end == End::Done(0) { [0, 1] } else { [1, 0] });
    s.assert_over(1);
}

fn a_callback_that_gives_up_its_job_ends_the_wait_for_it() {
    let s = Stage::<1>::attended();
    let (pool, itself) = (s.pool.clone(), s.pool.guess(0, 0));
    let task = s.task(0).with_callback(move |_| assert!(pool.detach(itself)));
    assert_eq!(s.pool.submit(task).expect("there is room"), itself);
    let runner = s.runner();
    s.begin();
    assert_eq!(s.pool.wait(itself), End::Stale);
    runner.join().unwrap();
    assert_eq!(s.log.forgotten(0), 1);
    s.assert_over(1);
}

fn a_callback_that_waits_for_its_own_job_is_refused() {
    let s = Stage::<1>::attended();
    let (pool, itself) = (s.pool.clone(), s.pool.guess(0, 0));
    let task = s.task(0).with_callback(move |_| assert_eq!(pool.wait(itself), End::Deadlock));
    assert_eq!(s.pool.submit(task).expect("there is room"), itself);
    let runner = s.thread(|s| s.pool.run_one());
    s.begin();
    let cancelled = s.pool.cancel(itself) == Some(true);
    let ran = runner.join().unwrap();
    assert!(ran != cancelled);
    assert_eq!(s.pool.poll(itself), if ran { End::Done(0) } else { End::Cancelled });
    s.assert_over(1);
}
