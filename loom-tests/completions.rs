//! Completion queues: each job that was submitted into a queue arrives there once, and no thread sleeps for
//! what cannot come.

use crate::fixtures::{Place, Stage, writer};
use crate::harness::{Model, model};
use jobring_model::StaticPool;
use jobring_model::model::{No, Queue, Took};
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(unbounded a_completion_arrives_once_with_what_its_job_did),
    model!(1 two_completions_arrive_at_two_consumers),
    model!(3 no_consumer_sleeps_when_nothing_is_pending),
    model!(1 of_three_consumers_none_sleeps_when_nothing_is_pending),
    model!(3 a_refused_submit_leaves_no_consumer_asleep),
    model!(3 a_cancelled_job_arrives_too),
    model!(2 a_discarded_job_arrives_too),
    model!(3 a_submitter_beyond_the_limit_waits_for_a_take),
    model!(3 a_submitter_beyond_the_limit_learns_of_the_shutdown),
    model!(3 accepted_job_resolves_when_a_completion_is_taken_meanwhile),
    model!(3 a_drain_returns_while_a_completion_is_untaken),
    model!(3 a_drain_sees_what_the_cancel_of_a_completion_did),
    model!(unbounded a_consumer_gets_what_the_last_worker_ended),
    model!(2 a_job_that_waits_for_a_completion_that_nobody_can_bring_is_refused),
    model!(unbounded a_job_that_takes_itself_is_refused),
    model!(1 a_shutdown_inside_a_job_returns_though_a_take_needs_it),
    model!(unbounded an_event_loop_hears_of_a_completion),
    model!(3 an_event_loop_hears_of_two_completions),
    model!(2 an_event_loop_beside_a_consumer_hears_of_a_completion),
    model!(3 an_event_loop_hears_of_what_another_left),
    model!(3 a_queue_that_is_given_up_keeps_no_slot),
    model!(2 two_jobs_of_a_queue_that_is_given_up_keep_no_slots),
    model!(2 two_threads_make_queues_and_use_them_again),
    model!(3 a_queue_goes_from_one_user_to_the_next),
];

/// A pool with a worker that never works, a queue, and one job in it that writes a place.
pub fn one_job<const N: usize>() -> (Stage<N>, Arc<Queue<N>>, Place) {
    let s = Stage::attended();
    let queue = Queue::new(&s.pool, N);
    let (task, place) = writer(&s.log, 0);
    queue.submit(task).expect("there is room");
    (s, queue, place)
}

fn a_completion_arrives_once_with_what_its_job_did() {
    let (s, queue, place) = one_job::<1>();
    let runner = s.runner();
    s.begin();
    assert_eq!(queue.take(), Took::Done(0));
    assert!(place.written());
    assert_eq!(queue.take(), Took::Empty);
    runner.join().unwrap();
    s.assert_over(1);
}

/// Two jobs, a consumer, and this thread, which does `take`: each gets one of them.
pub fn two_consumers(take: impl FnOnce(&Arc<Queue<2>>) -> Took) {
    let s = Stage::<2>::attended();
    let queue = s.queue(2);
    let other = queue.clone();
    let consumer = s.thread(move |_| other.take());
    let runner = s.runner_of(2);
    s.begin();
    let mut took = [take(&queue), consumer.join().unwrap()];
    took.sort_by_key(|took| *took != Took::Done(0));
    assert_eq!(took, [Took::Done(0), Took::Done(1)]);
    runner.join().unwrap();
    s.assert_over(2);
}

fn two_completions_arrive_at_two_consumers() {
    two_consumers(|queue| queue.take());
}

/// One job, and some consumers: one of them gets it, and the others learn that nothing is pending.
fn consumers_of_one_job(others: usize) {
    let (s, queue, _) = one_job::<1>();
    let consumers: Vec<_> = (0..others)
        .map(|_| {
            let other = queue.clone();
            s.thread(move |_| other.take())
        })
        .collect();
    s.begin();
    assert!(s.pool.run_one());
    let mut took = vec![queue.take()];
    took.extend(consumers.into_iter().map(|consumer| consumer.join().unwrap()));
    assert_eq!(took.iter().filter(|took| **took == Took::Done(0)).count(), 1);
    assert_eq!(took.iter().filter(|took| **took == Took::Empty).count(), others);
    s.assert_over(1);
}

fn no_consumer_sleeps_when_nothing_is_pending() {
    consumers_of_one_job(1);
}

fn of_three_consumers_none_sleeps_when_nothing_is_pending() {
    consumers_of_one_job(2);
}

fn a_refused_submit_leaves_no_consumer_asleep() {
    let s = Stage::<1>::attended();
    let queue = Queue::new(&s.pool, 1);
    let occupant = s.submit(0);
    let submitter = queue.clone();
    let task = s.task(1);
    let refused = s.thread(move |_| submitter.submit(task));
    s.begin();
    assert_eq!(queue.take(), Took::Empty);
    assert_eq!(refused.join().unwrap(), Err(No::Full));
    s.pool.detach(occupant);
    while s.pool.run_one() {}
}

fn a_cancelled_job_arrives_too() {
    let s = Stage::<1>::attended();
    let queue = Queue::new(&s.pool, 1);
    let job = queue.submit(s.task(0)).expect("there is room");
    let canceller = s.thread(move |s| s.pool.cancel(job));
    let runner = s.thread(|s| s.pool.run_one());
    s.begin();
    let took = queue.take();
    let cancelled = canceller.join().unwrap() == Some(true);
    assert_eq!(took, if cancelled { Took::Cancelled } else { Took::Done(0) });
    assert_eq!(queue.take(), Took::Empty);
    runner.join().unwrap();
    s.assert_over(1);
}

fn a_discarded_job_arrives_too() {
    let (s, queue, _) = one_job::<1>();
    let runner = s.thread(|s| {
        s.pool.run_one();
        s.pool.leave();
    });
    let closer = s.thread(|s| s.pool.discard());
    s.begin();
    let took = queue.take();
    runner.join().unwrap();
    closer.join().unwrap();
    // The worker may have left before the closer dropped the job.
    let took = if took == Took::NoWorkers { queue.take() } else { took };
    assert!(matches!(took, Took::Done(0) | Took::Cancelled), "{took:?}");
    assert_eq!(queue.take(), Took::Empty);
    s.assert_ended(1);
}

fn a_submitter_beyond_the_limit_waits_for_a_take() {
    let s = Stage::<2>::attended();
    let queue = s.queue(1);
    assert!(s.pool.run_one());
    assert_eq!(queue.submit(s.task(2)), Err(No::Full));
    let (submitter, task) = (queue.clone(), s.task(1));
    let submitted = s.thread(move |_| submitter.submit_blocking(task).is_ok());
    s.begin();
    assert_eq!(queue.take(), Took::Done(0));
    assert!(submitted.join().unwrap());
    assert!(s.pool.run_one());
    assert_eq!((queue.take(), queue.take()), (Took::Done(1), Took::Empty));
    s.assert_over(2);
}

fn a_submitter_beyond_the_limit_learns_of_the_shutdown() {
    let s = Stage::<2>::new();
    let queue = s.queue(1);
    assert!(s.pool.run_one());
    let (submitter, task) = (queue.clone(), s.task(1));
    let submitted = s.thread(move |_| submitter.submit_blocking(task));
    s.begin();
    s.pool.drain();
    assert_eq!(submitted.join().unwrap(), Err(No::Shutdown));
    assert_eq!((queue.take(), queue.take()), (Took::Done(0), Took::Empty));
    s.assert_ended(1);
}

/// The slot of the completion is given back or retired: no submitter fills it after the closer has returned.
fn accepted_job_resolves_when_a_completion_is_taken_meanwhile() {
    let s = Stage::<1>::new();
    let queue = Queue::new(&s.pool, 1);
    queue.submit(s.task(0)).expect("there is room");
    assert!(s.pool.run_one());
    let taker = s.thread(move |_| assert_eq!(queue.take(), Took::Done(0)));
    let submitter = s.thread(move |s| s.pool.submit_detached(s.task(1)).is_ok());
    s.begin();
    s.pool.drain();
    taker.join().unwrap();
    assert_eq!(s.log.ended(1), usize::from(submitter.join().unwrap()));
}

fn a_drain_returns_while_a_completion_is_untaken() {
    let s = Stage::<1>::new();
    let queue = Queue::new(&s.pool, 1);
    let (task, place) = writer(&s.log, 0);
    queue.submit(task).expect("there is room");
    let worker = s.worker();
    s.begin();
    s.pool.drain();
    assert!(place.written(), "the closer sees what the job did");
    assert_eq!((queue.take(), queue.take()), (Took::Done(0), Took::Empty));
    worker.join().unwrap();
    s.assert_ended(1);
}

fn a_drain_sees_what_the_cancel_of_a_completion_did() {
    let s = Stage::<1>::attended();
    let queue = Queue::new(&s.pool, 1);
    let place = Place::new();
    let written = place.clone();
    let job = queue.submit(s.task(0).with_callback(move |_| written.write())).expect("there is room");
    let canceller = s.thread(move |s| s.pool.cancel(job));
    s.begin();
    s.pool.drain();
    assert!(place.written(), "the closer sees what the cancel did");
    let cancelled = canceller.join().unwrap() == Some(true);
    assert_eq!(queue.take(), if cancelled { Took::Cancelled } else { Took::Done(0) });
}

fn a_consumer_gets_what_the_last_worker_ended() {
    let (s, queue, _) = one_job::<1>();
    let worker = s.thread(|s| {
        assert!(s.pool.run_one());
        s.pool.leave();
    });
    s.begin();
    assert_eq!((queue.take(), queue.take()), (Took::Done(0), Took::Empty));
    worker.join().unwrap();
    s.assert_over(1);
}

fn a_job_that_waits_for_a_completion_that_nobody_can_bring_is_refused() {
    let s = Stage::<2>::new();
    let queue = Queue::new(&s.pool, 2);
    let inside = queue.clone();
    let task = s.task(0).doing(move || assert_eq!(inside.take(), Took::Deadlock));
    s.pool.submit_detached(task).expect("there is room");
    queue.submit(s.task(1)).expect("there is room");
    let worker = s.worker();
    s.begin();
    s.pool.drain();
    assert_eq!((queue.take(), queue.take()), (Took::Done(1), Took::Empty));
    worker.join().unwrap();
    s.assert_ended(2);
}

/// Another worker is there, which never works.
fn a_job_that_takes_itself_is_refused() {
    let s = Stage::<1>::new().ungated();
    s.pool.admit();
    s.pool.admit();
    let queue = Queue::new(&s.pool, 1);
    let inside = queue.clone();
    let task = s.task(0).doing(move || assert_eq!(inside.take(), Took::Deadlock));
    queue.submit(task).expect("there is room");
    s.begin();
    s.pool.as_worker(|| drop(s.pool.run_one()));
    assert_eq!((queue.take(), queue.take()), (Took::Done(0), Took::Empty));
}

fn a_shutdown_inside_a_job_returns_though_a_take_needs_it() {
    let s = Stage::<2>::new().ungated();
    let queue = Queue::new(&s.pool, 2);
    let (taker, closer) = (queue.clone(), s.pool.clone());
    let takes = s.task(0).doing(move || assert_eq!(taker.take(), Took::Done(1)));
    s.pool.submit_detached(takes).expect("there is room");
    queue.submit(s.task(1).doing(move || drop(closer.drain()))).expect("there is room");
    s.pool.admit();
    s.pool.admit();
    let run_one = |s: &Stage<2>| s.pool.as_worker(|| drop(s.pool.run_one()));
    let other = s.thread(move |s| run_one(s));
    s.begin();
    run_one(&s);
    other.join().unwrap();
    assert_eq!(queue.pending(), 0);
    s.assert_ended(2);
}

/// A loop that arms, polls and takes gets every completion; if an event were lost, it would poll for ever.
fn event_loop<const N: usize>() {
    let s = Stage::<N>::attended();
    let queue = s.queue(N);
    let runners: Vec<_> = (0..N).map(|_| s.runner()).collect();
    s.begin();
    queue.poll_for(N);
    assert_eq!(queue.take(), Took::Empty);
    runners.into_iter().for_each(|runner| runner.join().unwrap());
    s.assert_over(N);
}

fn an_event_loop_hears_of_a_completion() {
    event_loop::<1>();
}

fn an_event_loop_hears_of_two_completions() {
    event_loop::<2>();
}

/// Two jobs, for a loop and for a consumer that takes the other: perhaps the one of which the loop heard.
fn an_event_loop_beside_a_consumer_hears_of_a_completion() {
    let s = Stage::<2>::attended().ungated();
    let queue = s.queue(2);
    let other = queue.clone();
    let consumer = s.thread(move |_| assert!(matches!(other.take(), Took::Done(_))));
    let runner = s.runner_of(2);
    s.begin();
    queue.poll_for(1);
    consumer.join().unwrap();
    runner.join().unwrap();
    assert_eq!(queue.take(), Took::Empty);
    s.assert_over(2);
}

/// The thread that runs the jobs takes the first of them, if the loop has not: so the queue may fill and be
/// empty again while the loop arms it.
fn an_event_loop_hears_of_what_another_left() {
    let s = Stage::<2>::attended();
    let queue = s.queue(2);
    let runner = s.runner_that_takes(&queue);
    s.begin();
    queue.poll_for(1);
    let left = 1 - runner.join().unwrap();
    queue.poll_for(left);
    assert_eq!(queue.take(), Took::Empty);
    s.assert_over(2);
}

/// The public `Completions`: jobs end while their queue is dropped. Each result is dropped once, and each
/// slot is free.
fn given_up<const N: usize>() {
    let pool = Arc::new(StaticPool::<N, 0, 48>::new());
    let result = Arc::new(());
    let queue = pool.completions().expect("a queue");
    for n in 0..N {
        let result = result.clone();
        queue.submit(n as u64, move || result).expect("there is room");
    }
    let runners: Vec<_> = (0..N)
        .map(|_| {
            let pool = pool.clone();
            loom::thread::spawn(move || assert!(pool.run_one()))
        })
        .collect();
    drop(queue);
    runners.into_iter().for_each(|runner| runner.join().unwrap());
    assert_eq!(Arc::strong_count(&result), 1, "the results are dropped");
    (0..N).for_each(|_| pool.try_submit_detached(|| ()).expect("each slot is free"));
}

fn a_queue_that_is_given_up_keeps_no_slot() {
    given_up::<1>();
}

fn two_jobs_of_a_queue_that_is_given_up_keep_no_slots() {
    given_up::<2>();
}

fn two_threads_make_queues_and_use_them_again() {
    fn use_one(pool: &StaticPool<2, 0, 48>) {
        let queue = pool.completions_with_limit(1).expect("a queue");
        let job = queue.try_submit(0, || ()).expect("there is room");
        assert!(queue.cancel(job));
    }
    let pool = Arc::new(StaticPool::new());
    let other = pool.clone();
    let user = loom::thread::spawn(move || use_one(&other));
    use_one(&pool);
    user.join().unwrap();
}

/// No job passes through it: the fences of jobs would order the users too.
fn a_queue_goes_from_one_user_to_the_next() {
    let pool = Arc::new(StaticPool::<1, 0, 48>::new());
    drop(pool.completions::<()>().expect("a queue"));
    let other = pool.clone();
    let user = loom::thread::spawn(move || drop(other.completions::<()>().expect("a queue")));
    drop(pool.completions::<()>().expect("a queue"));
    user.join().unwrap();
}
