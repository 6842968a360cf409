//! Tasks that poll a completion queue: the task is woken when a job arrives, and when none is pending any more.

use crate::completions::{one_job, two_consumers};
use crate::fixtures::Stage;
use crate::future::Bell;
use crate::harness::{Model, model};
use jobring_model::model::{Polling, Queue, Took};
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(unbounded a_polled_queue_wakes_its_task),
    model!(3 a_task_that_polls_learns_that_nothing_is_pending),
    model!(3 a_refused_submit_leaves_no_task_asleep),
    model!(2 a_task_that_polls_gets_two_completions),
    model!(1 a_task_and_a_thread_get_a_completion_each),
    model!(3 a_queue_whose_task_has_gone_keeps_no_waker),
    model!(3 a_task_that_finds_the_mark_of_another_is_woken),
];

/// Polls until something is there or nothing is pending, and sleeps between polls.
fn block_on<const N: usize>(queue: &mut Polling<N>, bell: &Arc<Bell>) -> Took {
    let waker = bell.waker();
    loop {
        if let Some(took) = queue.poll(&waker) {
            return took;
        }
        bell.wait();
    }
}

fn a_polled_queue_wakes_its_task() {
    let (s, queue, place) = one_job::<1>();
    let runner = s.runner();
    s.begin();
    let (mut polling, bell) = (Polling::new(&queue), Bell::new());
    assert_eq!(block_on(&mut polling, &bell), Took::Done(0));
    assert!(place.written());
    assert_eq!(block_on(&mut polling, &bell), Took::Empty);
    runner.join().unwrap();
    drop(polling);
    assert_eq!(bell.wakers(), 0);
    s.assert_over(1);
}

/// The job has arrived, and another consumer takes it: it has popped the index and not lowered the count when the
/// task looks.
fn a_task_that_polls_learns_that_nothing_is_pending() {
    let s = Stage::<1>::attended();
    let queue = s.queue(1);
    assert!(s.pool.run_one());
    let other = queue.clone();
    let consumer = s.thread(move |_| other.try_take());
    s.begin();
    let took = block_on(&mut Polling::new(&queue), &Bell::new());
    let took = [took, consumer.join().unwrap()];
    assert_eq!(took.iter().filter(|took| **took == Took::Done(0)).count(), 1, "{took:?}");
    s.assert_over(1);
}

fn a_refused_submit_leaves_no_task_asleep() {
    let s = Stage::<1>::attended();
    let queue = Queue::new(&s.pool, 1);
    s.submit_detached(0);
    let other = queue.clone();
    let submitter = s.thread(move |s| assert!(other.submit(s.task(1)).is_err()));
    s.begin();
    assert_eq!(block_on(&mut Polling::new(&queue), &Bell::new()), Took::Empty);
    submitter.join().unwrap();
    s.assert_over(1);
}

fn a_task_that_polls_gets_two_completions() {
    let s = Stage::<2>::attended();
    let queue = s.queue(2);
    let runner = s.runner_of(2);
    s.begin();
    let (mut polling, bell) = (Polling::new(&queue), Bell::new());
    let took = [Took::Done(0), Took::Done(1), Took::Empty];
    assert_eq!([(); 3].map(|()| block_on(&mut polling, &bell)), took);
    runner.join().unwrap();
    s.assert_over(2);
}

fn a_task_and_a_thread_get_a_completion_each() {
    two_consumers(|queue| block_on(&mut Polling::new(queue), &Bell::new()));
}

fn a_queue_whose_task_has_gone_keeps_no_waker() {
    let s = Stage::<1>::attended();
    let queue = s.queue(1);
    let runner = s.runner();
    s.begin();
    let bell = Bell::new();
    let mut polling = Polling::new(&queue);
    let took = polling.poll(&bell.waker());
    drop(polling);
    runner.join().unwrap();
    assert_eq!(bell.wakers(), 0);
    assert_eq!(took.unwrap_or_else(|| queue.try_take()), Took::Done(0));
    s.assert_over(1);
}

/// The entry has a mark from before. The thread that runs the jobs takes the first of them, if the task has not:
/// so the task may see the mark that the first push replaced, and an empty queue. Then the second push finds no
/// mark.
fn a_task_that_finds_the_mark_of_another_is_woken() {
    let s = Stage::<2>::attended();
    let queue = s.queue(2);
    let before = Bell::new();
    assert!(Polling::new(&queue).poll(&before.waker()).is_none());
    let runner = s.runner_that_takes(&queue);
    s.begin();
    let (mut polling, bell) = (Polling::new(&queue), Bell::new());
    assert!(matches!(block_on(&mut polling, &bell), Took::Done(_)));
    if runner.join().unwrap() == 0 {
        assert!(matches!(block_on(&mut polling, &bell), Took::Done(_)));
    }
    assert_eq!(block_on(&mut polling, &bell), Took::Empty);
    s.assert_over(2);
}
