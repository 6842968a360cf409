//! A batch of jobs: each is accepted as if it were submitted alone, and workers are notified once for all of
//! them.

use crate::fixtures::Stage;
use crate::harness::{Model, model};
use jobring_model::model::{End, No};

pub const MODELS: &[Model] = &[
    model!(2 a_batch_is_run_and_waited_for),
    model!(3 a_batch_is_accepted_as_far_as_there_is_room),
    model!(3 a_batch_that_meets_a_drain_ends_as_far_as_it_was_accepted),
    model!(2 a_batch_that_meets_a_discard_ends_as_far_as_it_was_accepted),
    model!(2 a_batch_with_a_backlog_relies_on_no_searcher),
    model!(2 a_batch_that_takes_its_slots_at_once_leaves_the_others_theirs),
    model!(2 a_batch_of_slots_taken_at_once_that_meets_a_close_ends),
    model!(2 a_batch_that_ends_early_gives_back_what_it_took),
];

fn a_batch_is_run_and_waited_for() {
    let s = Stage::<2>::new();
    let worker = s.worker();
    s.begin();
    let (jobs, refused) = s.pool.submit_batch([s.task(0), s.task(1)]);
    assert_eq!((jobs.len(), refused), (2, None));
    assert_eq!(s.pool.wait(jobs[1]), End::Done(1));
    assert_eq!(s.pool.wait(jobs[0]), End::Done(0));
    s.pool.drain();
    worker.join().unwrap();
    s.assert_ended(2);
}

fn a_batch_is_accepted_as_far_as_there_is_room() {
    let s = Stage::<2>::attended();
    s.submit_detached(0);
    let runner = s.runner();
    s.begin();
    let (jobs, refused) = s.pool.submit_batch([s.task(1), s.task(2)]);
    runner.join().unwrap();
    assert!(!jobs.is_empty(), "there was room for one");
    assert_eq!(refused, (jobs.len() == 1).then_some(No::Full));
    while s.pool.run_one() {}
    for (n, job) in jobs.iter().enumerate() {
        assert_eq!(s.pool.poll(*job), End::Done(n + 1));
    }
    assert_eq!(s.log.ended(2), jobs.len() - 1);
    s.assert_over(jobs.len() + 1);
}

fn batch_against_shutdown<const N: usize>(drain: bool) {
    let s = Stage::<N>::new();
    let submitter = s.thread(|s| s.pool.submit_batch([s.task(0), s.task(1)]));
    s.begin();
    let report = if drain { s.pool.drain() } else { s.pool.discard() };
    assert_eq!((report.queued(), report.running(), report.submitting()), (0, 0, 0));
    let ended = [0, 1].map(|n| s.log.ended(n));
    let (jobs, refused) = submitter.join().unwrap();
    assert_eq!(refused, (jobs.len() < 2).then_some(No::Shutdown));
    assert_eq!(ended, [0, 1].map(|n| usize::from(n < jobs.len())), "accepted and not over, or later");
    assert!(jobs.iter().all(|job| s.pool.detach(*job)));
    s.assert_ended(jobs.len());
}

fn a_batch_that_meets_a_drain_ends_as_far_as_it_was_accepted() {
    batch_against_shutdown::<2>(true);
}

fn a_batch_that_meets_a_discard_ends_as_far_as_it_was_accepted() {
    batch_against_shutdown::<2>(false);
}

fn a_batch_with_a_backlog_relies_on_no_searcher() {
    let s = Stage::<2>::new();
    s.pool.freeze_searching();
    s.pool.freeze_searching();
    let worker = s.worker();
    s.begin();
    let (jobs, _) = s.pool.submit_batch([s.task(0), s.task(1)]);
    assert_eq!(s.pool.wait(jobs[1]), End::Done(1));
    assert_eq!(s.pool.wait(jobs[0]), End::Done(0));
    s.pool.drain();
    worker.join().unwrap();
}

/// In a ring of four, two entries are a line.
fn a_batch_that_takes_its_slots_at_once_leaves_the_others_theirs() {
    let s = Stage::<4>::new();
    let other = s.thread(|s| s.submit_detached(2));
    s.begin();
    let (jobs, refused) = s.pool.submit_batch([s.task(0), s.task(1)]);
    assert_eq!((jobs.len(), refused), (2, None));
    other.join().unwrap();
    while s.pool.run_one() {}
    for (n, job) in jobs.iter().enumerate() {
        assert_eq!(s.pool.poll(*job), End::Done(n));
    }
    s.assert_over(3);
}

fn a_batch_of_slots_taken_at_once_that_meets_a_close_ends() {
    batch_against_shutdown::<4>(true);
}

fn a_batch_that_ends_early_gives_back_what_it_took() {
    let s = Stage::<4>::new();
    let runner = s.thread(|s| s.pool.run_one());
    s.begin();
    let job = s.pool.submit_first_of(2, s.task(0)).expect("there is room");
    runner.join().unwrap();
    s.pool.run_one();
    assert_eq!(s.pool.poll(job), End::Done(0));
    s.assert_over(1);
}
