//! A failure can be read before and after it was delivered, whole or not at all.

use crate::fixtures::Stage;
use crate::harness::{Crew, Model, model};
use jobring_model::Job;
use jobring_model::model::{End, Failed, No, Task};
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(unbounded a_kept_failure_is_read_whole_or_not_at_all),
    model!(unbounded two_readers_of_a_failure_both_return),
    model!(unbounded a_failure_is_read_while_it_is_delivered),
    model!(unbounded two_readers_of_a_failure_come_one_after_the_other),
    model!(unbounded a_reader_of_a_failure_is_done_before_its_slot_is_used_again),
    model!(unbounded a_failure_that_is_read_while_its_entry_is_popped_gives_its_slot_back),
    model!(unbounded a_failure_that_is_read_while_its_entry_is_reaped_gives_its_slot_back),
];

fn a_kept_failure_is_read_whole_or_not_at_all() {
    let s = Stage::<1>::attended();
    let job = s.pool.submit(s.task(0).failing()).expect("there is room");
    assert!(s.pool.run_one());
    assert_eq!(s.pool.wait_keeping(job), End::Failed(0));
    assert_eq!(s.pool.wait(job), End::Stale);
    let reader = s.thread(move |s| s.pool.read_failure(job));
    s.begin();
    match s.pool.submit(s.task(1).failing()) {
        Ok(next) => {
            assert!(s.pool.run_one());
            assert_eq!(s.pool.wait(next), End::Failed(1));
        }
        // Being read.
        Err(no) => assert_eq!(no, No::Full),
    }
    let read = reader.join().unwrap();
    assert!(read == End::Failed(0) || read == End::Stale, "{read:?}");
    assert_eq!(s.pool.free_slots(), 1);
}

fn two_readers_of_a_failure_both_return() {
    let s = Stage::<1>::attended();
    let job = s.pool.submit(s.task(0).failing()).expect("there is room");
    assert!(s.pool.run_one());
    let reader = s.thread(move |s| s.pool.read_failure(job));
    s.begin();
    let mine = s.pool.read_failure(job);
    let theirs = reader.join().unwrap();
    for read in [mine, theirs] {
        assert!(read == End::Failed(0) || read == End::Pending, "{read:?}");
    }
    assert!(mine == End::Failed(0) || theirs == End::Failed(0));
    assert_eq!(s.pool.wait(job), End::Failed(0));
    assert_eq!(s.pool.free_slots(), 1);
}

fn a_failure_is_read_while_it_is_delivered() {
    let s = Stage::<1>::attended();
    let job = s.pool.submit(s.task(0).failing()).expect("there is room");
    assert!(s.pool.run_one());
    let reader = s.thread(move |s| s.pool.read_failure(job));
    s.begin();
    // A reader has it, or has put it back: the waiter sleeps, or takes it.
    assert_eq!(s.pool.wait_keeping(job), End::Failed(0));
    let read = reader.join().unwrap();
    assert!(read == End::Failed(0) || read == End::Pending, "{read:?}");
    assert_eq!(s.pool.read_failure(job), End::Failed(0));
    assert_eq!(s.pool.free_slots(), 1);
}

/// On the slot alone: in a pool a fence stands near by, which would do the same.
fn on_a_slot(mine: fn(&Failed), theirs: fn(&Failed)) {
    let (crew, slot) = (Crew::new(), Arc::new(Failed::new()));
    let shared = slot.clone();
    let other = crew.spawn(move || theirs(&shared));
    crew.begin();
    mine(&slot);
    other.join().unwrap();
}

fn two_readers_of_a_failure_come_one_after_the_other() {
    on_a_slot(|slot| drop(slot.read()), |slot| drop(slot.read()));
}

fn a_reader_of_a_failure_is_done_before_its_slot_is_used_again() {
    on_a_slot(Failed::keep, |slot| drop(slot.reuse()));
}

/// A kept failure whose entry is still in the ready ring, right behind that of job 0. All of it in a job that is over.
fn kept_behind_a_queued_job(s: &Stage<4>) -> Job {
    let (pool, log) = (s.pool.clone(), s.log.clone());
    let failed = s.pool.guess(0, 2);
    let task = s.task(2).doing(move || {
        pool.submit_detached(Task::new(&log, 0)).expect("there is room");
        assert_eq!(pool.submit(Task::new(&log, 1).failing()), Ok(failed));
        // Inside a job, the waiter runs it itself and leaves its entry in the ring.
        assert_eq!(pool.wait_keeping(failed), End::Failed(1));
    });
    s.pool.submit_detached(task).expect("there is room");
    assert!(s.pool.run_one());
    assert_eq!((s.log.ran(0), s.log.ran(1), s.log.ran(2)), (0, 1, 1));
    failed
}

fn reads(s: &Stage<4>, failed: Job) {
    let read = s.pool.read_failure(failed);
    assert!(read == End::Failed(1) || read == End::Stale, "{read:?}");
}

fn a_failure_that_is_read_while_its_entry_is_popped_gives_its_slot_back() {
    let s = Stage::<4>::attended();
    let failed = kept_behind_a_queued_job(&s);
    let reader = s.thread(move |s| reads(s, failed));
    s.begin();
    assert!(s.pool.run_one());
    assert!(!s.pool.run_one());
    reader.join().unwrap();
    assert_eq!(s.pool.free_slots(), 4);
}

fn a_failure_that_is_read_while_its_entry_is_reaped_gives_its_slot_back() {
    let s = Stage::<4>::attended();
    let failed = kept_behind_a_queued_job(&s);
    assert!(s.pool.run_one());
    let reader = s.thread(move |s| reads(s, failed));
    s.begin();
    // The ring's head is the failure's entry. A submitter that finds no free slot clears it away.
    let reserved = s.pool.free_slots();
    reader.join().unwrap();
    assert_eq!(reserved + s.pool.free_slots(), 4);
}
