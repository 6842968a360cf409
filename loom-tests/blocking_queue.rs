//! The blocking queue: no push, pop or close leaves a thread asleep that it should wake, also where a time limit ends; and pop
//! says Closed exactly when every accepted value was popped.

use crate::fixtures::{Place, stopped};
use crate::harness::{Crew, Model, model};
use jobring_model::model::{Clock, ModelPort, blocking_queue};
use jobring_model::{BlockingQueue, PopError, PushError};
use loom::thread::JoinHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

pub const MODELS: &[Model] = &[
    model!(unbounded a_push_wakes_a_consumer),
    model!(2 two_pushes_wake_two_consumers),
    model!(3 a_pop_wakes_a_producer),
    model!(2 two_pops_wake_two_producers),
    model!(2 more_values_than_places_come_through),
    model!(unbounded a_close_wakes_a_consumer),
    model!(2 a_close_wakes_two_consumers),
    model!(3 a_close_wakes_a_producer),
    model!(3 a_close_refuses_a_push_that_waits_also_where_a_place_becomes_free),
    model!(2 a_consumer_that_timed_out_takes_no_wake_up_from_another),
    model!(2 a_producer_that_timed_out_takes_no_wake_up_from_another),
    model!(unbounded what_came_before_a_close_comes_before_a_refused_push),
    model!(unbounded what_came_before_a_close_comes_before_the_end_of_pops),
    model!(3 what_came_before_a_close_comes_before_the_end_that_another_found),
    model!(3 an_accepted_value_is_popped_before_the_end),
    model!(3 a_pop_that_meets_a_close_hides_no_end),
    model!(2 two_closes_are_one),
    model!(2 a_push_behind_a_stopped_one_wakes_a_consumer),
    model!(2 a_pop_behind_a_stopped_one_wakes_a_producer),
];

type Shared<const N: usize> = Arc<BlockingQueue<usize, N>>;

const TIME: u64 = 10;

fn on<const N: usize>(port: &ModelPort, values: &[usize]) -> Shared<N> {
    let queue = Arc::new(blocking_queue(port));
    values.iter().for_each(|value| assert_eq!(queue.try_push(*value), Ok(())));
    queue
}

fn queue<const N: usize>(values: &[usize]) -> Shared<N> {
    on(&ModelPort::new(Clock::None), values)
}

/// A thread that uses the queue.
fn thread<const N: usize, T: 'static>(
    crew: &Crew,
    queue: &Shared<N>,
    f: impl FnOnce(&BlockingQueue<usize, N>) -> T + 'static,
) -> JoinHandle<T> {
    let queue = queue.clone();
    crew.spawn(move || f(&queue))
}

/// Lets time pass until `over` is set.
fn pass_until(port: &ModelPort, over: &AtomicBool) {
    while !over.load(Relaxed) {
        port.pass(TIME);
        loom::thread::yield_now();
    }
}

/// The queue is open, and nothing is in it. All its places came back, and it can be closed.
fn is_whole<const N: usize>(queue: &BlockingQueue<usize, N>) {
    assert_eq!(queue.try_pop(), Err(PopError::Empty));
    (0..N).for_each(|value| assert_eq!(queue.try_push(value), Ok(())));
    assert_eq!(queue.try_push(N), Err(PushError::Full(N)));
    queue.close();
    assert_eq!(queue.try_push(N), Err(PushError::Closed(N)));
    (0..N).for_each(|value| assert_eq!(queue.try_pop(), Ok(value)));
    assert_eq!(queue.try_pop(), Err(PopError::Closed));
}

fn a_push_wakes_a_consumer() {
    let (crew, queue) = (Crew::new(), queue::<1>(&[]));
    let consumer = thread(&crew, &queue, BlockingQueue::pop);
    crew.begin();
    assert_eq!(queue.try_push(7), Ok(()));
    assert_eq!(consumer.join().unwrap(), Ok(7));
    is_whole(&queue);
}

fn two_pushes_wake_two_consumers() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[]));
    let consumers = [(); 2].map(|()| thread(&crew, &queue, BlockingQueue::pop));
    crew.begin();
    (1..3).for_each(|value| assert_eq!(queue.try_push(value), Ok(())));
    let mut popped = consumers.map(|consumer| consumer.join().unwrap().expect("there is one for each"));
    popped.sort_unstable();
    assert_eq!(popped, [1, 2]);
    is_whole(&queue);
}

fn a_pop_wakes_a_producer() {
    let (crew, queue) = (Crew::new(), queue::<1>(&[1]));
    let producer = thread(&crew, &queue, |queue| queue.push(2));
    crew.begin();
    assert_eq!(queue.try_pop(), Ok(1));
    assert_eq!(producer.join().unwrap(), Ok(()));
    assert_eq!(queue.try_pop(), Ok(2));
    is_whole(&queue);
}

fn two_pops_wake_two_producers() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[1, 2]));
    let producers = [3, 4].map(|value| thread(&crew, &queue, move |queue| queue.push(value)));
    crew.begin();
    (1..3).for_each(|value| assert_eq!(queue.try_pop(), Ok(value)));
    producers.into_iter().for_each(|producer| assert_eq!(producer.join().unwrap(), Ok(())));
    let mut left = [queue.try_pop(), queue.try_pop()].map(|value| value.expect("both were pushed"));
    left.sort_unstable();
    assert_eq!(left, [3, 4]);
    is_whole(&queue);
}

fn more_values_than_places_come_through() {
    let (crew, queue) = (Crew::new(), queue::<1>(&[]));
    let producer = thread(&crew, &queue, |queue| {
        (0..3).for_each(|value| assert_eq!(queue.push(value), Ok(())));
        queue.close();
    });
    crew.begin();
    (0..3).for_each(|value| assert_eq!(queue.pop(), Ok(value)));
    assert_eq!(queue.pop(), Err(PopError::Closed));
    producer.join().unwrap();
}

fn a_close_wakes_a_consumer() {
    let (crew, queue) = (Crew::new(), queue::<1>(&[]));
    let consumer = thread(&crew, &queue, BlockingQueue::pop);
    crew.begin();
    queue.close();
    assert_eq!(consumer.join().unwrap(), Err(PopError::Closed));
}

fn a_close_wakes_two_consumers() {
    let (crew, queue) = (Crew::new(), queue::<1>(&[7]));
    let consumers = [(); 2].map(|()| thread(&crew, &queue, BlockingQueue::pop));
    crew.begin();
    queue.close();
    let ends = consumers.map(|consumer| consumer.join().unwrap());
    assert!([[Ok(7), Err(PopError::Closed)], [Err(PopError::Closed), Ok(7)]].contains(&ends), "{ends:?}");
}

fn a_close_wakes_a_producer() {
    let (crew, queue) = (Crew::new(), queue::<1>(&[1]));
    let producer = thread(&crew, &queue, |queue| queue.push(2));
    crew.begin();
    queue.close();
    assert_eq!(producer.join().unwrap(), Err(PushError::Closed(2)));
    assert_eq!((queue.pop(), queue.pop()), (Ok(1), Err(PopError::Closed)));
}

/// Until the close there is no place.
fn a_close_refuses_a_push_that_waits_also_where_a_place_becomes_free() {
    let (crew, queue) = (Crew::new(), queue::<1>(&[1]));
    let producer = thread(&crew, &queue, |queue| queue.push(2));
    crew.begin();
    queue.close();
    assert_eq!((queue.pop(), queue.pop()), (Ok(1), Err(PopError::Closed)));
    assert_eq!(producer.join().unwrap(), Err(PushError::Closed(2)));
}

fn a_consumer_that_timed_out_takes_no_wake_up_from_another() {
    let port = ModelPort::new(Clock::Manual);
    let (crew, queue) = (Crew::ungated(), on::<1>(&port, &[]));
    let over = Arc::new(AtomicBool::new(false));
    let hasty = {
        let over = over.clone();
        thread(&crew, &queue, move |queue| {
            let popped = queue.pop_timeout(Duration::from_nanos(TIME));
            over.store(true, Relaxed);
            popped
        })
    };
    let patient = thread(&crew, &queue, BlockingQueue::pop);
    crew.begin();
    assert_eq!(queue.push(1), Ok(()));
    pass_until(&port, &over);
    // The hasty one has it, or leaves it to the other.
    let value = match hasty.join().unwrap() {
        Ok(value) => {
            assert_eq!(queue.push(2), Ok(()));
            value
        }
        Err(end) => {
            assert_eq!(end, PopError::Empty);
            0
        }
    };
    let other = patient.join().unwrap();
    assert!([(1, Ok(2)), (2, Ok(1)), (0, Ok(1))].contains(&(value, other)), "{value} {other:?}");
    is_whole(&queue);
}

fn a_producer_that_timed_out_takes_no_wake_up_from_another() {
    let port = ModelPort::new(Clock::Manual);
    let (crew, queue) = (Crew::ungated(), on::<1>(&port, &[1]));
    let over = Arc::new(AtomicBool::new(false));
    let hasty = {
        let over = over.clone();
        thread(&crew, &queue, move |queue| {
            let pushed = queue.push_timeout(2, Duration::from_nanos(TIME));
            over.store(true, Relaxed);
            pushed
        })
    };
    let patient = thread(&crew, &queue, |queue| queue.push(3));
    crew.begin();
    assert_eq!(queue.pop(), Ok(1));
    pass_until(&port, &over);
    if hasty.join().unwrap().is_ok() {
        assert!(queue.pop().is_ok());
    }
    assert_eq!(patient.join().unwrap(), Ok(()));
    assert!(queue.pop().is_ok());
    is_whole(&queue);
}

fn what_came_before_a_close_comes_before_a_refused_push() {
    let (crew, queue, place) = (Crew::new(), queue::<1>(&[]), Place::new());
    let closer = {
        let place = place.clone();
        thread(&crew, &queue, move |queue| {
            place.write();
            queue.close();
        })
    };
    crew.begin();
    if queue.try_push(1).is_err() {
        assert!(place.written());
    }
    closer.join().unwrap();
}

fn what_came_before_a_close_comes_before_the_end_of_pops() {
    let (crew, queue, place) = (Crew::new(), queue::<1>(&[]), Place::new());
    let closer = {
        let place = place.clone();
        thread(&crew, &queue, move |queue| {
            place.write();
            queue.close();
        })
    };
    crew.begin();
    if queue.try_pop() == Err(PopError::Closed) {
        assert!(place.written());
    }
    closer.join().unwrap();
}

/// The consumer of the last value shuts the door for another.
fn what_came_before_a_close_comes_before_the_end_that_another_found() {
    let (crew, queue, place) = (Crew::new(), queue::<1>(&[1]), Place::new());
    let closer = {
        let place = place.clone();
        thread(&crew, &queue, move |queue| {
            place.write();
            queue.close();
        })
    };
    let consumer = thread(&crew, &queue, BlockingQueue::try_pop);
    crew.begin();
    if queue.try_pop() == Err(PopError::Closed) {
        assert!(place.written());
    }
    closer.join().unwrap();
    drop(consumer.join().unwrap());
}

fn an_accepted_value_is_popped_before_the_end() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[]));
    let producer = thread(&crew, &queue, |queue| queue.push(1).is_ok());
    let closer = thread(&crew, &queue, BlockingQueue::close);
    crew.begin();
    let mut popped = 0;
    while let Ok(value) = queue.pop() {
        popped += value;
    }
    closer.join().unwrap();
    assert_eq!(producer.join().unwrap(), popped == 1);
    assert_eq!(queue.try_pop(), Err(PopError::Closed));
}

fn a_pop_that_meets_a_close_hides_no_end() {
    let (crew, queue) = (Crew::new(), queue::<1>(&[1]));
    let closer = thread(&crew, &queue, BlockingQueue::close);
    crew.begin();
    assert_eq!(queue.pop(), Ok(1));
    assert_eq!(queue.pop(), Err(PopError::Closed));
    closer.join().unwrap();
}

fn two_closes_are_one() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[1]));
    let closer = thread(&crew, &queue, BlockingQueue::close);
    crew.begin();
    queue.close();
    assert_eq!(queue.push(2), Err(PushError::Closed(2)));
    assert_eq!((queue.pop(), queue.pop()), (Ok(1), Err(PopError::Closed)));
    closer.join().unwrap();
}

fn a_push_behind_a_stopped_one_wakes_a_consumer() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[]));
    let consumer = thread(&crew, &queue, BlockingQueue::pop);
    let other = queue.clone();
    let mut popped = 0;
    let pushed = stopped(
        &crew,
        move || other.try_push(1),
        || {
            assert_eq!(queue.try_push(2), Ok(()));
            popped = consumer.join().unwrap().expect("it is open");
        },
    );
    assert_eq!((pushed, queue.try_pop()), (Ok(()), Ok(3 - popped)));
}

fn a_pop_behind_a_stopped_one_wakes_a_producer() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[1, 2]));
    let producer = thread(&crew, &queue, |queue| queue.push(3));
    let other = queue.clone();
    let popped = stopped(
        &crew,
        move || other.try_pop(),
        || {
            assert!(queue.try_pop().is_ok());
            assert_eq!(producer.join().unwrap(), Ok(()));
        },
    );
    assert!(popped.is_ok());
}
