//! A failure can be read before and after it was delivered, whole or not at all.

use crate::fixtures::Stage;
use crate::harness::{Model, model};
use jobring_model::model::{End, No};

pub const MODELS: &[Model] = &[
    model!(unbounded a_kept_failure_is_read_whole_or_not_at_all),
    model!(unbounded two_readers_of_a_failure_both_return),
    model!(unbounded a_failure_is_read_while_it_is_delivered),
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
