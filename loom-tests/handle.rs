//! Handles: a guessed or outdated handle changes nothing.

use crate::fixtures::Stage;
use crate::harness::{Model, model};
use jobring_model::JobId;
use jobring_model::model::End;

pub const MODELS: &[Model] = &[
    model!(unbounded a_guessed_handle_claims_only_what_is_written),
    model!(unbounded a_handle_that_carries_nothing_claims_what_is_written),
    model!(unbounded a_guessed_handle_takes_only_what_is_written),
    model!(unbounded a_cancel_that_comes_late_touches_nothing_of_the_next_job),
    model!(unbounded a_detach_that_comes_late_touches_nothing_of_the_next_job),
    model!(unbounded a_poll_that_comes_late_touches_nothing_of_the_next_job),
];

fn a_guessed_handle_claims_only_what_is_written() {
    let s = Stage::<1>::attended();
    let guess = s.pool.guess(0, 0);
    let guesser = s.thread(move |s| s.pool.cancel(guess));
    s.begin();
    let job = s.submit(0);
    let cancelled = guesser.join().unwrap();
    if cancelled != Some(true) {
        assert!(s.pool.run_one());
    }
    let end = s.pool.wait(job);
    assert_eq!(end == End::Cancelled, cancelled == Some(true));
    s.assert_over(1);
}

fn a_handle_that_carries_nothing_claims_what_is_written() {
    let s = Stage::<1>::attended();
    let guess = s.pool.guess(0, 0);
    let guesser = s.thread(move |s| {
        // The waiter's flag may also come between the guesser's look and its claim.
        while s.pool.cancel(guess).is_none() {
            loom::thread::yield_now();
        }
    });
    s.begin();
    let job = s.submit(0);
    assert_eq!(s.pool.wait_seeing(job), End::Cancelled);
    guesser.join().unwrap();
    s.assert_over(1);
}

fn a_guessed_handle_takes_only_what_is_written() {
    let s = Stage::<1>::attended();
    let guess = s.pool.guess(0, 0);
    let guesser = s.thread(move |s| s.pool.poll(guess));
    s.begin();
    let job = s.submit(0);
    assert!(s.pool.run_one());
    let mine = s.pool.poll(job);
    let theirs = guesser.join().unwrap();
    // Pending while the other takes it.
    assert!((mine == End::Done(0)) != (theirs == End::Done(0)), "{mine:?} {theirs:?}");
    s.assert_over(1);
}

/// The slot of a finished job is used again while another thread still uses the old handle.
fn late(call: fn(&Stage<1>, JobId)) {
    let s = Stage::<1>::attended();
    let old = s.submit(0);
    let other = s.thread(move |s| call(s, old));
    s.begin();
    let _ = s.pool.run_one();
    let _ = s.pool.poll(old);
    let mut jobs = 1;
    // Full while the other has the slot.
    if let Ok(next) = s.pool.submit(s.task(1)) {
        jobs = 2;
        assert!(s.pool.run_one(), "nobody else may run or drop it");
        assert_eq!(s.pool.poll(next), End::Done(1));
    }
    other.join().unwrap();
    let _ = s.pool.detach(old);
    s.assert_over(jobs);
}

fn a_cancel_that_comes_late_touches_nothing_of_the_next_job() {
    late(|s, old| drop(s.pool.cancel(old)));
}

fn a_detach_that_comes_late_touches_nothing_of_the_next_job() {
    late(|s, old| drop(s.pool.detach(old)));
}

fn a_poll_that_comes_late_touches_nothing_of_the_next_job() {
    late(|s, old| drop(s.pool.poll(old)));
}
