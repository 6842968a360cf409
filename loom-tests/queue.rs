//! The public queue: each value arrives once, in order, with what its producer wrote; full and empty are no
//! guesses; what is left is dropped.

use crate::fixtures::{Place, stopped};
use crate::harness::{Crew, Model, model};
use jobring_model::{Queue, QueueFull};
use loom::thread;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub const MODELS: &[Model] = &[
    model!(unbounded what_a_producer_wrote_comes_before_the_pop),
    model!(unbounded a_cell_is_read_before_it_is_written_again),
    model!(unbounded values_of_one_producer_arrive_once_in_order),
    model!(2 values_of_two_producers_arrive_once_each_in_order),
    model!(unbounded two_consumers_never_get_the_same_value),
    model!(3 a_queue_with_a_place_left_is_never_called_full),
    model!(3 a_queue_that_is_never_empty_is_never_called_empty),
    model!(3 a_thread_finds_room_after_its_own_pop),
    model!(unbounded values_that_are_left_are_dropped_once),
    model!(unbounded a_producer_stopped_anywhere_takes_one_place),
    model!(unbounded a_consumer_stopped_anywhere_takes_one_place),
];

type Shared<const N: usize> = Arc<Queue<usize, N>>;

fn queue<const N: usize>(values: &[usize]) -> Shared<N> {
    let queue = Arc::new(Queue::new());
    values.iter().for_each(|value| push(&queue, *value));
    queue
}

/// There is a place.
fn push<const N: usize>(queue: &Queue<usize, N>, value: usize) {
    queue.try_push(value).expect("called full with a place left");
}

/// Pushes, and tries until there is a place.
fn push_in_the_end<const N: usize>(queue: &Queue<usize, N>, mut value: usize) {
    while let Err(QueueFull(refused)) = queue.try_push(value) {
        value = refused;
        thread::yield_now();
    }
}

/// Pops, and tries until there is a value.
fn pop<T, const N: usize>(queue: &Queue<T, N>) -> T {
    loop {
        if let Some(value) = queue.try_pop() {
            return value;
        }
        thread::yield_now();
    }
}

/// What is left, in order.
fn rest<const N: usize>(queue: &Queue<usize, N>) -> Vec<usize> {
    let count = queue.len();
    let values: Vec<usize> = std::iter::from_fn(|| queue.try_pop()).collect();
    assert_eq!((count, queue.len(), queue.is_empty()), (values.len(), 0, true));
    values
}

fn what_a_producer_wrote_comes_before_the_pop() {
    let (crew, queue) = (Crew::new(), Arc::new(Queue::<Place, 1>::new()));
    let producer = {
        let queue = queue.clone();
        crew.spawn(move || {
            let place = Place::new();
            place.write();
            assert!(queue.try_push(place).is_ok());
        })
    };
    crew.begin();
    assert!(pop(&queue).written());
    producer.join().unwrap();
}

/// One producer, one consumer, and fewer places than values.
fn pass<const N: usize>(values: usize) {
    let (crew, queue) = (Crew::new(), queue::<N>(&[]));
    let consumer = {
        let queue = queue.clone();
        crew.spawn(move || (0..values).for_each(|value| assert_eq!(pop(&queue), value, "out of order")))
    };
    crew.begin();
    (0..values).for_each(|value| push_in_the_end(&queue, value));
    consumer.join().unwrap();
    assert_eq!(rest(&queue), []);
}

fn a_cell_is_read_before_it_is_written_again() {
    pass::<1>(2);
}

fn values_of_one_producer_arrive_once_in_order() {
    pass::<2>(3);
}

fn values_of_two_producers_arrive_once_each_in_order() {
    let (crew, queue) = (Crew::new(), queue::<4>(&[]));
    let producers = [0, 10].map(|first| {
        let queue = queue.clone();
        crew.spawn(move || (first..first + 2).for_each(|value| push(&queue, value)))
    });
    crew.begin();
    let mut all: Vec<usize> = (0..2).map(|_| pop(&queue)).collect();
    for producer in producers {
        producer.join().unwrap();
    }
    all.extend(rest(&queue));
    for first in [0, 10] {
        let mine: Vec<usize> = all.iter().copied().filter(|value| value / 10 == first / 10).collect();
        assert_eq!(mine, [first, first + 1], "{all:?}");
    }
}

fn two_consumers_never_get_the_same_value() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[7, 8]));
    let other = {
        let queue = queue.clone();
        crew.spawn(move || queue.try_pop().expect("there is one for each"))
    };
    crew.begin();
    let mine = queue.try_pop().expect("there is one for each");
    let mut both = [mine, other.join().unwrap()];
    both.sort_unstable();
    assert_eq!(both, [7, 8]);
    // Both cells came back.
    (1..3).for_each(|value| push(&queue, value));
    assert_eq!(queue.try_push(3), Err(QueueFull(3)));
    assert_eq!(rest(&queue), [1, 2]);
}

/// One thread holds at most one of the two cells, also while its calls are in progress.
fn a_queue_with_a_place_left_is_never_called_full() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[]));
    let other = {
        let queue = queue.clone();
        crew.spawn(move || push(&queue, 9))
    };
    crew.begin();
    for value in 0..2 {
        push(&queue, value);
        // The other thread pops nothing, so this value is there, or both are.
        let first = queue.try_pop().expect("called empty after a push that came before it");
        if first == 9 {
            assert_eq!(queue.try_pop(), Some(value));
        }
    }
    other.join().unwrap();
    assert!(rest(&queue).len() <= 1);
}

/// Two values, and another thread that takes one at a time and pushes it again.
fn a_queue_that_is_never_empty_is_never_called_empty() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[1, 2]));
    let other = {
        let queue = queue.clone();
        crew.spawn(move || {
            let looked_empty = queue.is_empty();
            (looked_empty, queue.try_pop())
        })
    };
    crew.begin();
    for _ in 0..2 {
        // None only if the other thread has the other value.
        if let Some(value) = queue.try_pop() {
            push(&queue, value);
        }
    }
    let (looked_empty, popped) = other.join().unwrap();
    assert!(!looked_empty && popped.is_some(), "called empty, and never was");
    assert_eq!(rest(&queue).len(), 1);
}

fn a_thread_finds_room_after_its_own_pop() {
    let (crew, queue) = (Crew::new(), queue::<2>(&[1, 2]));
    let round = |queue: &Queue<usize, 2>| {
        let value = queue.try_pop().expect("there is one for each");
        push(queue, value);
    };
    let other = {
        let queue = queue.clone();
        crew.spawn(move || round(&queue))
    };
    crew.begin();
    round(&queue);
    other.join().unwrap();
    let mut both = rest(&queue);
    both.sort_unstable();
    assert_eq!(both, [1, 2]);
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn values_that_are_left_are_dropped_once() {
    let (crew, dropped) = (Crew::new(), Arc::new(AtomicUsize::new(0)));
    let queue = Arc::new(Queue::<Counted, 2>::new());
    let producer = {
        let (queue, dropped) = (queue.clone(), dropped.clone());
        crew.spawn(move || {
            for _ in 0..2 {
                assert!(queue.try_push(Counted(dropped.clone())).is_ok());
            }
        })
    };
    crew.begin();
    let popped = queue.try_pop();
    producer.join().unwrap();
    let left = 2 - usize::from(popped.is_some());
    assert_eq!(queue.len(), left);
    drop(Arc::into_inner(queue).expect("the producer is gone"));
    assert_eq!(dropped.load(Relaxed), left);
    drop(popped);
    assert_eq!(dropped.load(Relaxed), 2);
}

/// While a thread is stopped inside `step`, others use the place that it has not. What `step` and `others` popped, and what
/// is left.
fn beside_a_stopped<T: 'static>(
    values: &[usize],
    step: fn(&Queue<usize, 2>) -> T,
    others: fn(&Queue<usize, 2>) -> Vec<usize>,
) -> (T, Vec<usize>, Vec<usize>) {
    let queue = queue::<2>(values);
    let other = queue.clone();
    let mut popped = Vec::new();
    let result = stopped(&Crew::new(), move || step(&other), || popped = others(&queue));
    let left = rest(&queue);
    // Both cells came back.
    (1..3).for_each(|value| push(&queue, value));
    (result, popped, left)
}

fn a_producer_stopped_anywhere_takes_one_place() {
    let others = |queue: &Queue<usize, 2>| {
        let mut popped = Vec::new();
        for value in 1..3 {
            push(queue, value);
            popped.push(queue.try_pop().expect("a value that is not published delays no other"));
            if popped.last() == Some(&9) {
                popped.extend(queue.try_pop());
            }
        }
        popped
    };
    let ((), mut all, left) = beside_a_stopped(&[], |queue| push(queue, 9), others);
    all.extend(left);
    assert_eq!(all.iter().filter(|value| **value == 9).count(), 1);
    all.retain(|value| *value != 9);
    assert_eq!(all, [1, 2]);
}

fn a_consumer_stopped_anywhere_takes_one_place() {
    let others = |queue: &Queue<usize, 2>| {
        push(queue, 2);
        let popped = queue.try_pop().expect("the stopped thread takes at most one");
        push(queue, 3);
        vec![popped]
    };
    let (taken, popped, left) = beside_a_stopped(&[1], Queue::try_pop, others);
    let mut all: Vec<usize> = taken.into_iter().chain(popped).collect();
    all.sort_unstable();
    all.extend(left);
    assert_eq!(all, [1, 2, 3]);
}
