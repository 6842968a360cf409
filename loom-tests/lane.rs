//! Lanes: no more jobs than the width run, each sees what the one before it did, and none is forgotten.

use crate::fixtures::{Place, Stage, stopped};
use crate::harness::{Model, model};
use jobring_model::model::{Closed, End, Lane, No, Task};
use loom::thread::JoinHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(3 a_job_of_a_lane_sees_what_the_one_before_it_did),
    model!(3 a_job_that_gets_a_free_place_sees_what_the_one_before_it_did),
    model!(2 a_third_thread_sees_what_the_job_before_did),
    model!(2 a_job_with_a_handle_sees_what_the_one_before_it_did),
    model!(2 a_job_that_its_waiter_runs_sees_what_the_one_before_it_did),
    model!(2 jobs_of_one_list_run_in_their_order_and_see_each_other),
    model!(2 a_job_that_a_sweep_hands_on_sees_what_the_one_before_it_did),
    model!(2 jobs_of_a_lane_do_not_run_at_the_same_time),
    model!(2 a_lane_of_width_two_runs_two_jobs_and_no_third),
    model!(2 of_two_submitters_to_a_lane_none_is_forgotten),
    model!(2 of_two_submitters_to_a_lane_one_gets_the_last_place),
    model!(2 a_held_job_that_is_cancelled_ends_once),
    model!(2 a_held_job_is_cancelled_while_its_lane_comes_to_it),
    model!(2 a_submit_finds_a_place_whose_job_was_cancelled),
    model!(2 a_released_job_that_is_cancelled_gives_its_place_on),
    model!(2 the_slot_of_a_cancelled_held_job_comes_back_once),
    model!(2 the_slot_of_a_cancelled_held_job_is_used_again),
    model!(2 a_full_lane_is_swept_while_a_job_is_cancelled),
    model!(2 a_full_lane_is_swept_while_a_job_ends),
    model!(2 a_full_pool_is_swept_of_a_job_whose_list_was_taken),
    model!(2 a_submit_finds_the_room_of_a_job_that_has_ended),
    model!(2 a_submitter_waits_for_room_in_a_lane),
    model!(2 a_submitter_that_waits_for_room_learns_of_the_first_end),
    model!(2 a_submitter_that_waits_for_room_learns_that_a_search_has_ended),
    model!(2 a_submitter_that_waits_for_room_learns_of_a_cancel),
    model!(2 a_submitter_that_waits_for_room_learns_of_the_close),
    model!(2 a_submitter_that_waits_for_room_learns_of_the_shutdown),
    model!(2 a_close_returns_when_it_has_seen_what_the_jobs_did),
    model!(2 a_close_waits_for_a_submit_that_was_accepted),
    model!(2 a_close_waits_for_a_cancel_of_a_held_job),
    model!(2 a_close_drops_what_waits_while_a_job_ends),
    model!(2 of_two_closers_that_discard_both_return),
    model!(2 two_closers_that_discard_have_one_place_beyond_the_width),
    model!(2 a_close_that_discards_meets_a_cancel),
    model!(2 a_close_that_discards_meets_the_ends_of_two_jobs),
    model!(2 a_closer_meets_one_that_discards),
    model!(3 a_lane_that_is_given_up_is_freed_by_its_last_job),
    model!(2 a_lane_that_is_given_up_is_freed_by_its_last_canceller),
    model!(2 a_drain_of_the_pool_runs_what_a_lane_holds_back),
    model!(2 a_discard_of_the_pool_drops_what_a_lane_holds_back),
    model!(2 a_thread_outside_of_jobs_waits_for_a_held_job),
    model!(unbounded a_job_that_waits_for_one_behind_it_in_its_lane_is_refused),
    model!(2 a_job_that_looks_for_one_behind_it_meets_a_sweep),
    model!(2 two_jobs_of_one_lane_that_wait_for_a_third_are_refused),
    model!(unbounded a_job_that_submits_to_its_own_full_lane_is_refused),
    model!(2 a_submitter_to_a_lane_stopped_anywhere_holds_up_no_other_lane),
    model!(2 the_end_of_a_job_of_a_lane_stopped_anywhere_holds_up_no_other_lane),
];

/// A pool of N slots with a worker that never works, and a lane.
fn lane_of<const N: usize>(width: usize, capacity: usize) -> (Stage<N>, Arc<Lane<N>>) {
    let s = Stage::attended();
    let lane = Lane::new(&s.pool, width, capacity);
    (s, lane)
}

/// Job `n`, which writes a place that no other job may write at the same time.
fn writes<const N: usize>(s: &Stage<N>, n: usize, place: &Place) -> Task {
    let place = place.clone();
    s.task(n).doing(move || place.write())
}

fn a_job_of_a_lane_sees_what_the_one_before_it_did() {
    let (s, lane) = lane_of::<2>(1, 1);
    let place = Place::new();
    let read = place.clone();
    lane.submit_detached(writes(&s, 0, &place)).expect("there is room");
    let second = s.task(1).doing(move || assert!(read.written()));
    lane.submit_detached(second).expect("there is room");
    // It finds the second job when the other thread has run the first.
    let runner = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    s.pool.run_one();
    runner.join().unwrap();
    drop(lane);
    s.assert_over(2);
}

fn a_job_that_gets_a_free_place_sees_what_the_one_before_it_did() {
    let (s, lane) = lane_of::<2>(1, 1);
    let place = Place::new();
    lane.submit_detached(writes(&s, 0, &place)).expect("there is room");
    let runner = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    lane.submit_detached(writes(&s, 1, &place)).expect("there is room");
    s.pool.run_one();
    runner.join().unwrap();
    drop(lane);
    s.assert_over(2);
}

/// Neither the thread that ran the first job nor the submitter of the second runs the second.
fn a_third_thread_sees_what_the_job_before_did() {
    let (s, lane) = lane_of::<2>(1, 1);
    let place = Place::new();
    lane.submit_detached(writes(&s, 0, &place)).expect("there is room");
    let runners = [0, 1].map(|_| s.thread(|s| drop(s.pool.run_one())));
    s.begin();
    lane.submit_detached(writes(&s, 1, &place)).expect("there is room");
    runners.into_iter().for_each(|runner| runner.join().unwrap());
    drop(lane);
    s.assert_over(2);
}

/// As above, with a job that is counted first, and pushed later if it has to wait.
fn a_job_with_a_handle_sees_what_the_one_before_it_did() {
    let (s, lane) = lane_of::<2>(1, 1);
    let place = Place::new();
    lane.submit_detached(writes(&s, 0, &place)).expect("there is room");
    let runners = [0, 1].map(|_| s.thread(|s| drop(s.pool.run_one())));
    s.begin();
    let second = lane.submit(writes(&s, 1, &place)).expect("there is room");
    runners.into_iter().for_each(|runner| runner.join().unwrap());
    s.pool.detach(second);
    drop(lane);
    s.assert_over(2);
}

fn a_job_that_its_waiter_runs_sees_what_the_one_before_it_did() {
    let (s, lane) = lane_of::<4>(1, 1);
    let place = Place::new();
    lane.submit_detached(writes(&s, 0, &place)).expect("there is room");
    let second = lane.submit(writes(&s, 1, &place)).expect("there is room");
    let inside = s.clone();
    let waits = s.task(2).doing(move || assert_eq!(inside.pool.wait(second), End::Done(1)));
    s.pool.submit_detached(waits).expect("there is room");
    let runner = s.runner_of_all();
    s.begin();
    while s.pool.run_one() {}
    runner.join().unwrap();
    drop(lane);
    s.assert_over(3);
}

fn jobs_of_one_list_run_in_their_order_and_see_each_other() {
    let (s, lane) = lane_of::<4>(1, 3);
    let last = Arc::new(AtomicUsize::new(0));
    let place = Place::new();
    for n in 0..4 {
        let (place, last) = (place.clone(), last.clone());
        let task = s.task(n).doing(move || {
            place.write();
            assert_eq!(last.swap(n + 1, Relaxed), n);
        });
        lane.submit_detached(task).expect("there is room");
    }
    assert!(s.pool.run_one());
    let runner = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    s.pool.run_one();
    lane.submit_detached(s.task(4)).expect("there is room");
    s.pool.run_one();
    runner.join().unwrap();
    while s.pool.run_one() {}
    drop(lane);
    s.assert_over(5);
}

fn a_job_that_a_sweep_hands_on_sees_what_the_one_before_it_did() {
    let (s, lane) = lane_of::<4>(1, 2);
    let place = Place::new();
    lane.submit_detached(writes(&s, 0, &place)).expect("there is room");
    let dead = lane.submit(s.task(1)).expect("there is room");
    lane.submit_detached(writes(&s, 2, &place)).expect("there is room");
    assert_eq!(s.pool.cancel(dead), Some(true));
    let runners = [0, 1].map(|_| s.thread(|s| drop(s.pool.run_one())));
    s.begin();
    let accepted = lane.submit_detached(writes(&s, 3, &place)).is_ok();
    runners.into_iter().for_each(|runner| runner.join().unwrap());
    assert_eq!(s.pool.wait(dead), End::Cancelled);
    drop(lane);
    s.assert_over(3 + usize::from(accepted));
}

fn jobs_of_a_lane_do_not_run_at_the_same_time() {
    let (s, lane) = lane_of::<4>(1, 2);
    let place = Place::new();
    lane.submit_detached(writes(&s, 0, &place)).expect("there is room");
    let other = lane.clone();
    let task = writes(&s, 1, &place);
    let submitter = s.thread(move |s| {
        other.submit_detached(task).expect("there is room");
        s.pool.run_one();
    });
    s.begin();
    s.pool.run_one();
    lane.submit_detached(writes(&s, 2, &place)).expect("there is room");
    s.pool.run_one();
    submitter.join().unwrap();
    drop(lane);
    s.assert_over(3);
}

fn a_lane_of_width_two_runs_two_jobs_and_no_third() {
    let (s, lane) = lane_of::<4>(2, 2);
    (0..4).for_each(|n| drop(lane.submit_detached(s.task(n)).expect("there is room")));
    // Two have a place.
    let runner = s.runner();
    s.begin();
    assert!(s.pool.run_one());
    runner.join().unwrap();
    let ended = (0..4).filter(|&n| s.log.ended(n) == 1).count();
    assert_eq!(ended, 2);
    assert!(s.pool.run_one() && s.pool.run_one() && !s.pool.run_one());
    drop(lane);
    s.assert_over(4);
}

fn of_two_submitters_to_a_lane_none_is_forgotten() {
    let (s, lane) = lane_of::<4>(1, 2);
    lane.submit_detached(s.task(0)).expect("there is room");
    let runner = s.thread(|s| drop(s.pool.run_one()));
    let other = lane.clone();
    let task = s.task(1);
    let submitter = s.thread(move |_| other.submit_detached(task).is_ok());
    s.begin();
    lane.submit_detached(s.task(2)).expect("there is room");
    assert!(submitter.join().unwrap());
    runner.join().unwrap();
    drop(lane);
    s.assert_over(3);
}

fn of_two_submitters_to_a_lane_one_gets_the_last_place() {
    let (s, lane) = lane_of::<4>(1, 1);
    lane.submit_detached(s.task(0)).expect("there is room");
    let (other, task) = (lane.clone(), s.task(1));
    let submitter = s.thread(move |_| other.submit_detached(task).is_ok());
    s.begin();
    let accepted = lane.submit_detached(s.task(2)).is_ok();
    assert!(submitter.join().unwrap() != accepted);
    while s.pool.run_one() {}
    drop(lane);
    assert_eq!(s.log.ended(1) + s.log.ended(2), 1);
    s.assert_over(1);
}

/// Two jobs in a lane of width 1. The second is held.
fn one_held<const N: usize>(capacity: usize) -> (Stage<N>, Arc<Lane<N>>, jobring_model::JobId) {
    let (s, lane) = lane_of::<N>(1, capacity);
    lane.submit_detached(s.task(0)).expect("there is room");
    let held = lane.submit(s.task(1)).expect("there is room");
    (s, lane, held)
}

/// Job 0 of a lane of width 1 waits for job 1 behind it, is refused, and does `then`. Another worker is idle, so it is the lane that
/// holds job 1 back.
fn one_that_looks_behind<const N: usize>(
    capacity: usize,
    then: impl FnOnce() + 'static,
) -> (Stage<N>, Arc<Lane<N>>, jobring_model::JobId) {
    let (s, lane) = lane_of::<N>(1, capacity);
    s.pool.admit();
    let (inside, second) = (s.clone(), s.pool.guess(0, 1));
    let first = s.task(0).doing(move || {
        assert_eq!(inside.pool.wait(second), End::Deadlock);
        then();
    });
    lane.submit_detached(first).expect("there is room");
    assert_eq!(lane.submit(s.task(1)), Ok(second));
    (s, lane, second)
}

fn a_held_job_that_is_cancelled_ends_once() {
    let (s, lane, held) = one_held::<2>(1);
    let runner = s.runner();
    s.begin();
    let cancelled = s.pool.cancel(held).expect("its handle is good");
    runner.join().unwrap();
    while s.pool.run_one() {}
    let end = s.pool.wait(held);
    assert_eq!(end, if cancelled { End::Cancelled } else { End::Done(1) });
    assert_eq!(lane.jobs(), 0);
    drop(lane);
    s.assert_over(2);
}

/// The slot is taken and the next job submitted while the lane comes to the entry.
fn a_held_job_is_cancelled_while_its_lane_comes_to_it() {
    let (s, lane, held) = one_held::<4>(2);
    lane.submit_detached(s.task(2)).expect("there is room");
    let canceller = s.thread(move |s| {
        let cancelled = s.pool.cancel(held).expect("its handle is good");
        assert!(!cancelled || s.pool.wait(held) == End::Cancelled);
        cancelled
    });
    s.begin();
    assert!(s.pool.run_one());
    let cancelled = canceller.join().unwrap();
    while s.pool.run_one() {}
    assert_eq!(lane.jobs(), 0);
    assert!(cancelled || s.pool.wait(held) == End::Done(1));
    drop(lane);
    s.assert_over(3);
}

/// The popper of the cancelled job's entry has a place, and no job for it.
fn a_submit_finds_a_place_whose_job_was_cancelled() {
    let (s, lane, held) = one_held::<4>(2);
    let runner = s.runner();
    s.begin();
    let cancelled = s.pool.cancel(held).expect("its handle is good");
    lane.submit_detached(s.task(2)).expect("there is room");
    runner.join().unwrap();
    while s.pool.run_one() {}
    assert_eq!(s.pool.wait(held), if cancelled { End::Cancelled } else { End::Done(1) });
    assert_eq!(lane.jobs(), 0);
    drop(lane);
    s.assert_over(3);
}

fn a_released_job_that_is_cancelled_gives_its_place_on() {
    let (s, lane) = lane_of::<2>(1, 1);
    let first = lane.submit(s.task(0)).expect("there is room");
    let canceller = s.thread(move |s| s.pool.cancel(first).expect("its handle is good"));
    s.begin();
    lane.submit_detached(s.task(1)).expect("there is room");
    while s.pool.run_one() {}
    let cancelled = canceller.join().unwrap();
    while s.pool.run_one() {}
    assert_eq!(s.pool.wait(first), if cancelled { End::Cancelled } else { End::Done(0) });
    assert_eq!(lane.jobs(), 0);
    drop(lane);
    s.assert_over(2);
}

fn the_slot_of_a_cancelled_held_job_comes_back_once() {
    let (s, lane, held) = one_held::<2>(1);
    assert_eq!(s.pool.cancel(held), Some(true));
    let runner = s.runner();
    s.begin();
    assert_eq!(s.pool.wait(held), End::Cancelled);
    runner.join().unwrap();
    drop(lane);
    s.assert_over(2);
}

/// By a thread that learns of it from the one that popped the entry.
fn the_slot_of_a_cancelled_held_job_is_used_again() {
    let (s, lane, held) = one_held::<2>(1);
    assert_eq!(s.pool.cancel(held), Some(true));
    let runner = s.runner();
    let submitter = s.thread(|s| s.pool.submit_detached(s.task(2)).is_ok());
    s.begin();
    assert_eq!(s.pool.wait(held), End::Cancelled);
    runner.join().unwrap();
    let accepted = submitter.join().unwrap();
    drop(lane);
    s.assert_over(2 + usize::from(accepted));
}

fn a_full_lane_is_swept_while_a_job_is_cancelled() {
    let (s, lane, held) = one_held::<4>(1);
    let canceller = s.thread(move |s| s.pool.cancel(held).expect("its handle is good"));
    s.begin();
    let accepted = lane.submit_detached(s.task(2)).is_ok();
    assert!(canceller.join().unwrap());
    assert_eq!(s.pool.wait(held), End::Cancelled);
    if !accepted {
        lane.submit_detached(s.task(2)).expect("a cancelled job makes room");
    }
    while s.pool.run_one() {}
    assert_eq!(lane.jobs(), 0);
    drop(lane);
    s.assert_over(3);
}

fn a_full_lane_is_swept_while_a_job_ends() {
    let (s, lane, held) = one_held::<4>(1);
    assert_eq!(s.pool.cancel(held), Some(true));
    let runner = s.runner();
    s.begin();
    let accepted = lane.submit_detached(s.task(2)).is_ok();
    runner.join().unwrap();
    assert_eq!(s.pool.wait(held), End::Cancelled);
    if !accepted {
        // The other thread had the role.
        lane.submit_detached(s.task(2)).expect("there is room");
    }
    while s.pool.run_one() {}
    assert_eq!(lane.jobs(), 0);
    drop(lane);
    s.assert_over(3);
}

/// Nothing was pushed since.
fn a_full_pool_is_swept_of_a_job_whose_list_was_taken() {
    let (s, lane) = lane_of::<4>(1, 3);
    lane.submit_detached(s.task(0)).expect("there is room");
    lane.submit_detached(s.task(1)).expect("there is room");
    let dead = lane.submit(s.task(2)).expect("there is room");
    assert!(s.pool.run_one());
    // One takes the slot of job 0, and one the last.
    (3..5).for_each(|n| drop(s.pool.submit_detached(s.task(n)).expect("there is room")));
    let canceller = s.thread(move |s| {
        assert_eq!(s.pool.cancel(dead), Some(true));
        assert_eq!(s.pool.wait(dead), End::Cancelled);
    });
    s.begin();
    let accepted = lane.submit_detached(s.task(5)).is_ok();
    canceller.join().unwrap();
    if !accepted {
        lane.submit_detached(s.task(5)).expect("a cancelled job makes room");
    }
    while s.pool.run_one() {}
    drop(lane);
    s.assert_over(6);
}

fn a_submitter_waits_for_room_in_a_lane() {
    let (s, lane, held) = one_held::<4>(1);
    s.pool.detach(held);
    let runner = s.runner();
    s.begin();
    lane.submit_blocking(s.task(2)).expect("there is room at last");
    runner.join().unwrap();
    drop(lane);
    s.assert_over(3);
}

/// That job is still counted if another one waited behind it.
fn a_submit_finds_the_room_of_a_job_that_has_ended() {
    let (s, lane, held) = one_held::<4>(1);
    s.pool.detach(held);
    assert!(s.pool.run_one());
    let (other, task) = (lane.clone(), s.task(3));
    let submitter = s.thread(move |_| other.submit_detached(task).is_ok());
    s.begin();
    let accepted = lane.submit_detached(s.task(2)).is_ok();
    assert!(submitter.join().unwrap() || accepted, "there is room for one");
    assert_eq!(lane.jobs(), 2);
    while s.pool.run_one() {}
    drop(lane);
    assert_eq!(s.log.ended(2) + s.log.ended(3), 1);
}

fn a_submitter_that_waits_for_room_learns_of_the_first_end() {
    let (s, lane, held) = one_held::<4>(1);
    s.pool.detach(held);
    let runner = s.thread(|s| assert!(s.pool.run_one()));
    s.begin();
    // The job that was held does not run before.
    lane.submit_blocking(s.task(2)).expect("there is room at last");
    runner.join().unwrap();
    while s.pool.run_one() {}
    drop(lane);
    s.assert_over(3);
}

/// The submitter could make room itself, but a job that looks for another has the role.
fn a_submitter_that_waits_for_room_learns_that_a_search_has_ended() {
    let submitted = Arc::new(AtomicBool::new(false));
    let until = submitted.clone();
    let (s, lane, second) = one_that_looks_behind::<4>(2, move || {
        while !until.load(Relaxed) {
            loom::thread::yield_now();
        }
    });
    let dead = lane.submit(s.task(2)).expect("there is room");
    assert_eq!(s.pool.cancel(dead), Some(true));
    let runner = s.thread(|s| s.pool.as_worker(|| assert!(s.pool.run_one())));
    s.begin();
    lane.submit_blocking(s.task(3)).expect("there is room at last");
    submitted.store(true, Relaxed);
    runner.join().unwrap();
    assert_eq!(s.pool.wait(dead), End::Cancelled);
    while s.pool.run_one() {}
    s.pool.detach(second);
    drop(lane);
    s.assert_over(4);
}

fn a_submitter_that_waits_for_room_learns_of_a_cancel() {
    let (s, lane, held) = one_held::<4>(1);
    let other = lane.clone();
    let task = s.task(2);
    let submitter = s.thread(move |_| other.submit_blocking(task).err());
    s.begin();
    assert_eq!(s.pool.cancel(held), Some(true));
    // The job that has the place does not run before.
    assert_eq!(submitter.join().unwrap(), None);
    assert_eq!(s.pool.wait(held), End::Cancelled);
    while s.pool.run_one() {}
    drop(lane);
    s.assert_over(3);
}

fn a_submitter_that_waits_for_room_learns_of_the_close() {
    let (s, lane, held) = one_held::<4>(1);
    s.pool.detach(held);
    let other = lane.clone();
    let task = s.task(2);
    let submitter = s.thread(move |_| other.submit_blocking(task).err());
    s.begin();
    assert_eq!(lane.close_now(), Closed::TimedOut);
    assert_eq!(submitter.join().unwrap(), Some(No::Shutdown));
    drop(lane);
    s.assert_over(2);
}

fn a_submitter_that_waits_for_room_learns_of_the_shutdown() {
    let (s, lane, held) = one_held::<4>(1);
    s.pool.detach(held);
    let other = lane.clone();
    let task = s.task(2);
    let submitter = s.thread(move |_| other.submit_blocking(task).err());
    s.begin();
    assert!(s.pool.close().is_err());
    assert_eq!(submitter.join().unwrap(), Some(No::Shutdown));
    while s.pool.run_one() {}
    drop(lane);
    s.assert_ended(2);
}

fn a_close_returns_when_it_has_seen_what_the_jobs_did() {
    let (s, lane) = lane_of::<2>(1, 1);
    let place = Place::new();
    lane.submit_detached(writes(&s, 0, &place)).expect("there is room");
    lane.submit_detached(writes(&s, 1, &place)).expect("there is room");
    let runner = s.runner_of_all();
    s.begin();
    assert_eq!(lane.close(), Closed::Over);
    lane.end();
    assert!(place.written() && s.log.ended(0) + s.log.ended(1) == 2);
    runner.join().unwrap();
    drop(lane);
    s.assert_over(2);
}

fn a_close_waits_for_a_submit_that_was_accepted() {
    let (s, lane) = lane_of::<2>(1, 1);
    lane.submit_detached(s.task(0)).expect("there is room");
    let other = lane.clone();
    let task = s.task(1);
    let submitter = s.thread(move |s| {
        let accepted = other.submit_detached(task).is_ok();
        while s.pool.run_one() {}
        accepted
    });
    let runner = s.runner_of_all();
    s.begin();
    assert_eq!(lane.close(), Closed::Over);
    let ended = s.log.ended(0) + s.log.ended(1);
    let accepted = submitter.join().unwrap();
    assert_eq!(ended, 1 + usize::from(accepted));
    runner.join().unwrap();
    drop(lane);
    s.assert_over(ended);
}

/// After a close, before the other threads were joined.
fn assert_both_have_ended<const N: usize>(
    s: &Stage<N>,
    lane: Arc<Lane<N>>,
    held: jobring_model::JobId,
    others: impl IntoIterator<Item = JoinHandle<()>>,
) {
    lane.end();
    assert_eq!((s.log.ended(0), s.log.ended(1)), (1, 1));
    others.into_iter().for_each(|other| other.join().unwrap());
    s.pool.detach(held);
    drop(lane);
    s.assert_over(2);
}

fn a_close_waits_for_a_cancel_of_a_held_job() {
    let (s, lane, held) = one_held::<2>(1);
    let canceller = s.thread(move |s| {
        assert!(s.pool.cancel(held).is_some());
        while s.pool.run_one() {}
    });
    let runner = s.runner_of_all();
    s.begin();
    assert_eq!(lane.close(), Closed::Over);
    assert_both_have_ended(&s, lane, held, [canceller, runner]);
}

fn a_close_drops_what_waits_while_a_job_ends() {
    let (s, lane, held) = one_held::<2>(1);
    let runner = s.runner_of_all();
    s.begin();
    assert_eq!(lane.discard(), Closed::Over);
    assert_both_have_ended(&s, lane, held, [runner]);
}

/// A second one would be more than the word has room for, where the width is the greatest. The lane asserts it.
fn two_closers_that_discard_have_one_place_beyond_the_width() {
    let (s, lane, held) = one_held::<4>(2);
    s.pool.detach(held);
    lane.submit_detached(s.task(2)).expect("there is room");
    let other = lane.clone();
    let closer = s.thread(move |_| other.discard_now());
    s.begin();
    assert_eq!(lane.discard_now(), Closed::TimedOut);
    assert_eq!(closer.join().unwrap(), Closed::TimedOut);
    assert_eq!(lane.jobs(), 1);
    drop(lane);
    s.assert_over(3);
}

/// Neither finds a job to drop: both sleep for the one that runs.
fn of_two_closers_that_discard_both_return() {
    let (s, lane, held) = one_held::<2>(1);
    s.pool.detach(held);
    assert_eq!(lane.discard_now(), Closed::TimedOut);
    let other = lane.clone();
    let closer = s.thread(move |_| other.discard());
    let runner = s.runner_of_all();
    s.begin();
    assert_eq!(lane.discard(), Closed::Over);
    assert_eq!(closer.join().unwrap(), Closed::Over);
    runner.join().unwrap();
    drop(lane);
    s.assert_over(2);
}

fn a_close_that_discards_meets_a_cancel() {
    let (s, lane, held) = one_held::<2>(1);
    let canceller = s.thread(move |s| {
        assert!(s.pool.cancel(held).is_some());
        while s.pool.run_one() {}
    });
    s.begin();
    assert_eq!(lane.discard(), Closed::Over);
    assert_both_have_ended(&s, lane, held, [canceller]);
}

/// One of them may leave its place to the thread that drops the job.
fn a_close_that_discards_meets_the_ends_of_two_jobs() {
    let (s, lane) = lane_of::<4>(2, 1);
    (0..3).for_each(|n| drop(lane.submit_detached(s.task(n)).expect("there is room")));
    let runner = s.runner();
    s.begin();
    s.pool.run_one();
    lane.discard_now();
    runner.join().unwrap();
    while s.pool.run_one() {}
    assert_eq!((lane.discard_now(), lane.jobs()), (Closed::Over, 0));
    drop(lane);
    s.assert_over(3);
}

/// The other one may see that before the threads with places do. It has a place for what it drops, and must run nothing there.
fn a_closer_meets_one_that_discards() {
    let (s, lane) = lane_of::<4>(1, 1);
    (0..2).for_each(|n| drop(lane.submit_detached(s.task(n)).expect("there is room")));
    let other = lane.clone();
    let closer = s.thread(move |_| other.discard_now());
    s.begin();
    assert_eq!(lane.close_now(), Closed::TimedOut);
    assert_eq!(closer.join().unwrap(), Closed::TimedOut);
    while s.pool.run_one() {}
    assert_eq!((s.log.ran(0), s.log.ran(1), lane.jobs()), (1, 0, 0));
    drop(lane);
    s.assert_over(2);
}

fn a_lane_that_is_given_up_is_freed_by_its_last_job() {
    let (s, lane) = lane_of::<2>(1, 1);
    lane.submit_detached(s.task(0)).expect("there is room");
    lane.submit_detached(s.task(1)).expect("there is room");
    let runner = s.runner_of_all();
    s.begin();
    drop(lane);
    runner.join().unwrap();
    s.assert_over(2);
}

fn a_lane_that_is_given_up_is_freed_by_its_last_canceller() {
    let (s, lane, held) = one_held::<2>(1);
    let canceller = s.thread(move |s| drop(s.pool.cancel(held)));
    s.begin();
    drop(lane);
    while s.pool.run_one() {}
    canceller.join().unwrap();
    while s.pool.run_one() {}
    s.pool.detach(held);
    s.assert_over(2);
}

fn a_drain_of_the_pool_runs_what_a_lane_holds_back() {
    let s = Stage::<2>::new();
    let worker = s.worker();
    let lane = Lane::new(&s.pool, 1, 1);
    lane.submit_detached(s.task(0)).expect("there is room");
    lane.submit_detached(s.task(1)).expect("there is room");
    s.begin();
    s.pool.drain();
    assert_eq!((s.log.ran(0), s.log.ran(1)), (1, 1));
    worker.join().unwrap();
    drop(lane);
    s.assert_ended(2);
}

fn a_discard_of_the_pool_drops_what_a_lane_holds_back() {
    let (s, lane, held) = one_held::<2>(1);
    let runner = s.thread(|s| drop(s.pool.run_one()));
    s.begin();
    s.pool.discard();
    assert_eq!((s.log.ended(0), s.log.ended(1)), (1, 1));
    runner.join().unwrap();
    s.pool.detach(held);
    drop(lane);
    s.assert_ended(2);
}

fn a_thread_outside_of_jobs_waits_for_a_held_job() {
    let (s, lane, held) = one_held::<2>(1);
    let runner = s.runner_of_all();
    s.begin();
    assert_eq!(s.pool.wait(held), End::Done(1));
    runner.join().unwrap();
    drop(lane);
    s.assert_over(2);
}

fn a_job_that_waits_for_one_behind_it_in_its_lane_is_refused() {
    let (s, lane, second) = one_that_looks_behind::<2>(1, || {});
    s.begin();
    s.pool.as_worker(|| assert!(s.pool.run_one()));
    assert!(s.pool.run_one());
    assert_eq!(s.pool.wait(second), End::Done(1));
    drop(lane);
    s.assert_over(2);
}

fn a_job_that_looks_for_one_behind_it_meets_a_sweep() {
    let (s, lane, second) = one_that_looks_behind::<4>(2, || {});
    let dead = lane.submit(s.task(2)).expect("there is room");
    assert_eq!(s.pool.cancel(dead), Some(true));
    let runner = s.thread(|s| s.pool.as_worker(|| assert!(s.pool.run_one())));
    s.begin();
    let accepted = lane.submit_detached(s.task(3)).is_ok();
    runner.join().unwrap();
    assert_eq!(s.pool.wait(dead), End::Cancelled);
    while s.pool.run_one() {}
    s.pool.detach(second);
    drop(lane);
    s.assert_over(3 + usize::from(accepted));
}

/// Each is refused, or comes after the other was.
fn two_jobs_of_one_lane_that_wait_for_a_third_are_refused() {
    let s = Stage::<4>::attended().ungated();
    let lane = Lane::new(&s.pool, 2, 1);
    s.pool.admit();
    s.pool.admit();
    let third = s.pool.guess(0, 2);
    for n in 0..2 {
        let inside = s.clone();
        let wait = move || match inside.pool.wait(third) {
            End::Deadlock | End::Stale | End::Done(2) => {}
            end => panic!("{end:?}"),
        };
        lane.submit_detached(s.task(n).doing(wait)).expect("there is room");
    }
    assert_eq!(lane.submit(s.task(2)), Ok(third));
    let runner = s.thread(|s| s.pool.as_worker(|| while s.pool.run_one() {}));
    s.begin();
    s.pool.as_worker(|| while s.pool.run_one() {});
    runner.join().unwrap();
    s.pool.detach(third);
    drop(lane);
    s.assert_over(3);
}

fn a_job_that_submits_to_its_own_full_lane_is_refused() {
    let s = Stage::<4>::attended();
    let lane = Lane::new(&s.pool, 1, 1);
    s.pool.admit();
    let (inside, own) = (s.clone(), lane.clone());
    let first = s.task(0).doing(move || {
        assert_eq!(own.submit_blocking(inside.task(2)), Err(No::Deadlock));
        assert_eq!(own.close(), Closed::Deadlock);
    });
    lane.submit_detached(first).expect("there is room");
    lane.submit_detached(s.task(1)).expect("there is room");
    s.begin();
    s.pool.as_worker(|| assert!(s.pool.run_one()));
    drop(lane);
    s.assert_over(2);
}

fn a_submitter_to_a_lane_stopped_anywhere_holds_up_no_other_lane() {
    let (s, lane) = lane_of::<4>(1, 1);
    let other = Lane::new(&s.pool, 1, 1);
    lane.submit_detached(s.task(0)).expect("there is room");
    let (stops, task) = (lane.clone(), s.task(1));
    let submit = move || stops.submit_detached(task).is_ok();
    let accepted = stopped(&s.crew.clone(), submit, || {
        other.submit_detached(s.task(2)).expect("there is room");
        // The other lane's job is among the first two in the ready ring.
        s.pool.run_one();
        s.pool.run_one();
        assert_eq!((s.log.ended(2), other.jobs()), (1, 0));
    });
    assert!(accepted);
    drop((lane, other));
    s.assert_over(3);
}

fn the_end_of_a_job_of_a_lane_stopped_anywhere_holds_up_no_other_lane() {
    let (s, lane, held) = one_held::<4>(1);
    s.pool.detach(held);
    let other = Lane::new(&s.pool, 1, 1);
    let runs = s.clone();
    let ran = stopped(
        &s.crew.clone(),
        move || runs.pool.run_one(),
        || {
            other.submit_detached(s.task(2)).expect("there is room");
            while s.pool.run_one() {}
            assert_eq!((s.log.ended(2), other.jobs()), (1, 0));
        },
    );
    assert!(ran || s.log.ended(0) == 1);
    drop((lane, other));
    s.assert_over(3);
}
