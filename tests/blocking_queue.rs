//! The queue for threads that wait: sentinels, close, time limits, and what becomes of values that are left.
#![cfg(feature = "std")]

use jobring::{BlockingQueue, Pool, PopError, PushError};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const GENEROUS: Duration = Duration::from_secs(120);

/// Producers of numbered values, and consumers that pop until the queue is closed and empty.
fn pass<const N: usize>(producers: usize, consumers: usize) {
    const VALUES: usize = 4_000;
    let queue = BlockingQueue::<(usize, usize), N>::new();
    let queue = &queue;
    let sum: usize = thread::scope(|scope| {
        let consume = move || {
            let (mut next, mut sum) = (vec![0; producers], 0);
            while let Ok((producer, value)) = queue.pop() {
                assert!(value >= next[producer], "out of order");
                next[producer] = value + 1;
                sum += value;
            }
            sum
        };
        let consumers: Vec<_> = (0..consumers).map(|_| scope.spawn(consume)).collect();
        let produce =
            move |producer| (0..VALUES).for_each(|value| queue.push((producer, value)).expect("it is open"));
        let producers: Vec<_> =
            (0..producers).map(|producer| scope.spawn(move || produce(producer))).collect();
        producers.into_iter().for_each(|producer| producer.join().expect("no panic"));
        queue.close();
        consumers.into_iter().map(|consumer| consumer.join().expect("no panic")).sum()
    });
    assert_eq!(sum, producers * VALUES * (VALUES - 1) / 2);
    assert_eq!((queue.len(), queue.pop()), (0, Err(PopError::Closed)));
}

#[test]
fn every_value_comes_before_the_end() {
    pass::<1>(1, 1);
    pass::<2>(3, 2);
    pass::<16>(2, 4);
    pass::<64>(4, 4);
}

#[test]
fn a_sentinel_for_each_consumer_ends_it() {
    let queue = BlockingQueue::<Option<u32>, 4>::new();
    let sum: u32 = thread::scope(|scope| {
        let consume = || std::iter::from_fn(|| queue.pop().expect("it is open")).sum::<u32>();
        let consumers: Vec<_> = (0..3).map(|_| scope.spawn(consume)).collect();
        (0..1000).for_each(|value| queue.push(Some(value)).expect("it is open"));
        (0..3).for_each(|_| queue.push(None).expect("it is open"));
        consumers.into_iter().map(|consumer| consumer.join().expect("no panic")).sum()
    });
    assert_eq!((sum, queue.is_closed(), queue.is_empty()), (999 * 1000 / 2, false, true));
}

#[test]
fn a_time_limit_ends_a_wait_and_gives_the_value_back() {
    let queue = BlockingQueue::<String, 2>::new();
    let short = Duration::from_millis(1);
    assert_eq!(queue.pop_timeout(short), Err(PopError::Empty));
    assert_eq!(queue.pop_timeout(Instant::now()), Err(PopError::Empty));
    (0..2).for_each(|n| queue.push_timeout(n.to_string(), short).expect("there is a place"));
    assert_eq!(queue.push_timeout("late".into(), short), Err(PushError::Full("late".into())));
    assert_eq!(queue.pop_timeout(GENEROUS).as_deref(), Ok("0"));
    assert_eq!(queue.push_timeout("2".into(), GENEROUS), Ok(()));
    assert_eq!([queue.try_pop(), queue.try_pop()].map(Result::unwrap), ["1", "2"]);
}

#[test]
fn a_close_ends_every_wait_and_gives_the_values_back() {
    let full = BlockingQueue::<u32, 1>::new();
    let empty = BlockingQueue::<u32, 1>::new();
    full.push(0).expect("there is a place");
    thread::scope(|scope| {
        let producers = [1, 2].map(|value| {
            scope.spawn({
                let full = &full;
                move || full.push(value)
            })
        });
        let consumers = [(); 2].map(|()| scope.spawn(|| empty.pop_timeout(GENEROUS)));
        full.close();
        empty.close();
        for (value, producer) in (1..).zip(producers) {
            assert_eq!(producer.join().expect("no panic"), Err(PushError::Closed(value)));
        }
        for consumer in consumers {
            assert_eq!(consumer.join().expect("no panic"), Err(PopError::Closed));
        }
    });
    full.close();
    assert_eq!(
        (full.pop(), full.pop(), full.try_pop()),
        (Ok(0), Err(PopError::Closed), Err(PopError::Closed))
    );
    assert!(full.is_closed());
}

#[test]
fn values_that_are_left_are_dropped() {
    let value = Arc::new(());
    let queue = BlockingQueue::<Arc<()>, 4>::new();
    (0..3).for_each(|_| queue.push(value.clone()).expect("there is a place"));
    queue.close();
    drop(queue.push(value.clone()));
    drop(queue.pop());
    assert_eq!(Arc::strong_count(&value), 3);
    drop(queue);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// A worker that waits for a value is not there for other jobs, and comes back.
#[test]
fn a_job_may_wait_for_a_value() {
    static QUEUE: BlockingQueue<u32, 2> = BlockingQueue::new();
    let pool = Pool::builder().workers(2).build().expect("a pool");
    let consumer =
        pool.submit(|| QUEUE.pop().expect("it is open") + QUEUE.pop().expect("it is open")).expect("a slot");
    let producer =
        pool.submit(|| [20, 22].into_iter().for_each(|value| QUEUE.push(value).expect("it is open")));
    producer.expect("a slot").wait().expect("no panic");
    assert_eq!(consumer.wait().expect("no panic"), 42);
}

#[test]
fn a_queue_and_its_errors_are_printed() {
    let queue = BlockingQueue::<u32, 4>::default();
    queue.push(1).expect("there is a place");
    assert_eq!(format!("{queue:?}"), "BlockingQueue { len: 1, capacity: 4, is_closed: false, .. }");
    let errors = [PushError::Full(1), PushError::Closed(1)].map(|error| format!("{error:?} {error}"));
    assert_eq!(errors, ["Full(..) the queue is full", "Closed(..) the queue is closed"]);
    let errors = [PopError::Empty, PopError::Closed].map(|error| error.to_string());
    assert_eq!(errors, ["the queue is empty", "the queue is closed"]);
    assert_eq!(PushError::Full(7).without_value(), PushError::Full(()));
}
