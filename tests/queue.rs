//! The public queue: threads, drops, alignment, values without a size.
#![cfg(feature = "std")]

use jobring::{Queue, QueueFull};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// Pops, and yields until there is a value.
fn pop<T, const N: usize>(queue: &Queue<T, N>) -> T {
    loop {
        match queue.try_pop() {
            Some(value) => return value,
            None => thread::yield_now(),
        }
    }
}

/// Pushes, and yields until there is a place.
fn push<T, const N: usize>(queue: &Queue<T, N>, mut value: T) {
    while let Err(QueueFull(refused)) = queue.try_push(value) {
        value = refused;
        thread::yield_now();
    }
}

/// Producers and consumers of numbered values. Each consumer checks that the values of each producer come in order.
fn pass<const N: usize>(producers: usize, consumers: usize) {
    const VALUES: usize = 6_000;
    let queue = Queue::<(usize, usize), N>::new();
    let (queue, per_consumer) = (&queue, producers * VALUES / consumers);
    let sum: usize = thread::scope(|scope| {
        for producer in 0..producers {
            scope.spawn(move || (0..VALUES).for_each(|value| push(queue, (producer, value))));
        }
        let consume = move || {
            let mut next = vec![0; producers];
            let values = (0..per_consumer).map(|_| {
                let (producer, value) = pop(queue);
                assert!(value >= next[producer], "out of order");
                next[producer] = value + 1;
                value
            });
            values.sum::<usize>()
        };
        let threads: Vec<_> = (0..consumers).map(|_| scope.spawn(consume)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(sum, producers * VALUES * (VALUES - 1) / 2);
    assert!(queue.is_empty() && queue.try_pop().is_none());
}

#[test]
fn what_many_producers_push_is_popped_once_in_order() {
    pass::<1>(1, 1);
    pass::<2>(2, 2);
    pass::<16>(3, 2);
    pass::<64>(4, 4);
}

#[test]
fn a_full_queue_gives_the_value_back() {
    let queue = Queue::<String, 4>::default();
    for round in 0..10 {
        (0..4).for_each(|n| queue.try_push(format!("{round} {n}")).expect("there is a place"));
        let QueueFull(refused) = queue.try_push("late".into()).expect_err("it is full");
        assert_eq!((refused.as_str(), queue.len(), queue.capacity()), ("late", 4, 4));
        (0..4).for_each(|n| assert_eq!(queue.try_pop(), Some(format!("{round} {n}"))));
        assert_eq!((queue.try_pop(), queue.len()), (None, 0));
    }
    assert_eq!(QueueFull("late").to_string(), "the queue is full");
    assert_eq!(format!("{:?} {queue:?}", QueueFull(1)), "QueueFull(..) Queue { len: 0, capacity: 4, .. }");
}

/// Counts its drop, and panics in it if asked to.
struct Counted<'a>(&'a AtomicUsize, bool);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
        assert!(!self.1, "a drop that panics");
    }
}

#[test]
fn each_value_is_dropped_once() {
    let dropped = AtomicUsize::new(0);
    let queue = Queue::<Counted<'_>, 4>::new();
    for _ in 0..3 {
        assert!(queue.try_push(Counted(&dropped, false)).is_ok());
    }
    drop(queue.try_pop());
    assert_eq!(dropped.load(Relaxed), 1);
    drop(queue);
    assert_eq!(dropped.load(Relaxed), 3);
}

#[test]
fn a_drop_that_panics_keeps_no_other_value_of_a_queue_from_its_drop() {
    let dropped = AtomicUsize::new(0);
    let queue = Queue::<Counted<'_>, 4>::new();
    for panics in [false, true, true, false] {
        assert!(queue.try_push(Counted(&dropped, panics)).is_ok());
    }
    drop(queue);
    assert_eq!(dropped.load(Relaxed), 4);
}

#[test]
fn values_without_a_size_are_counted() {
    let queue = Queue::<(), 2>::new();
    assert_eq!((queue.try_push(()), queue.try_push(()), queue.len()), (Ok(()), Ok(()), 2));
    assert_eq!(queue.try_push(()), Err(QueueFull(())));
    assert_eq!((queue.try_pop(), queue.try_pop(), queue.try_pop()), (Some(()), Some(()), None));
}

#[test]
fn values_keep_their_alignment() {
    #[repr(align(64))]
    struct Line(u8);
    static LINES: Queue<Line, 2> = Queue::new();
    for n in 0..5 {
        assert!(LINES.try_push(Line(n)).is_ok());
        let line = LINES.try_pop().expect("one was pushed");
        assert_eq!((line.0, std::ptr::from_ref(&line).addr() % 64), (n, 0));
    }
}

/// A Cell may go to another thread, but not be shared: a queue of them may be shared.
#[test]
fn a_queue_of_what_may_only_be_sent_can_be_shared() {
    static CELLS: Queue<std::cell::Cell<u32>, 2> = Queue::new();
    thread::spawn(|| assert!(CELLS.try_push(std::cell::Cell::new(7)).is_ok())).join().expect("no panic");
    assert_eq!(CELLS.try_pop().map(std::cell::Cell::into_inner), Some(7));
}
