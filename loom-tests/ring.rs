//! The index ring: a FIFO that loses and duplicates nothing, reports empty exactly, and shows marks to
//! pushers.

use crate::harness::{Crew, Model, model};
use jobring_model::model::Indices;
use loom::thread;
use std::sync::Arc;

pub const MODELS: &[Model] = &[
    model!(unbounded what_is_pushed_is_popped_once_in_order),
    model!(unbounded a_ring_of_one_passes_its_index_on),
    model!(2 what_is_pushed_ahead_of_the_tail_is_popped_once_in_order),
    model!(unbounded positions_and_laps_wrap_around),
    model!(unbounded two_poppers_never_get_the_same_index),
    model!(3 two_pushers_lose_nothing),
    model!(2 three_threads_on_a_full_ring_lose_nothing),
    model!(unbounded a_seeded_ring_gives_each_index_once_and_takes_it_back),
    model!(unbounded a_ring_that_is_never_empty_never_pops_nothing),
    model!(unbounded a_ring_that_is_never_empty_never_looks_empty),
    model!(unbounded a_ring_that_is_never_empty_always_has_a_front),
    model!(unbounded a_pop_after_a_push_finds_something),
    model!(3 a_pop_after_a_push_finds_something_when_another_moved_the_tail),
    model!(unbounded a_pop_after_a_push_ahead_of_the_tail_finds_something),
    model!(unbounded two_pushers_between_strides_lose_nothing),
    model!(3 a_pusher_that_was_lapped_finds_the_tail_again),
    model!(2 a_pusher_that_was_lapped_far_finds_the_tail_again),
    model!(unbounded a_push_at_a_marked_entry_sees_the_mark),
    model!(2 every_marked_sleeper_wakes),
    model!(unbounded a_mark_set_while_others_pop_is_seen),
    model!(unbounded a_mark_is_taken_off_once),
    model!(unbounded a_mark_is_taken_off_though_a_closer_marks),
    model!(unbounded a_peeked_index_is_popped_once),
    model!(unbounded a_ring_of_one_wraps_around),
    model!(unbounded several_come_at_once_with_what_was_written),
    model!(unbounded poppers_of_several_never_get_the_same_index),
    model!(2 several_that_go_round_lose_nothing),
];

/// The start from which both the positions and the laps in the entries wrap after `len` pushes.
fn near_the_end(len: usize) -> usize {
    0usize.wrapping_sub(len)
}

fn ring(len: usize, start: usize) -> Arc<Indices> {
    Arc::new(Indices::new(len, start, 0))
}

/// Pops, and tries until there is an index.
fn pop(ring: &Indices) -> usize {
    loop {
        if let Some(index) = ring.pop() {
            return index;
        }
        thread::yield_now();
    }
}

/// One pusher, one popper, and a second ring of `len` by which the popper hands the indices back.
fn pass(len: usize, start: usize, values: usize) {
    let (crew, there) = (Crew::new(), ring(len, start));
    let back = Arc::new(Indices::new(len, start, len));
    let popper = {
        let (there, back) = (there.clone(), back.clone());
        crew.spawn(move || {
            for value in 0..values {
                let index = pop(&there);
                assert_eq!(there.read(index), value, "out of order");
                back.push(index);
            }
        })
    };
    crew.begin();
    for value in 0..values {
        let index = pop(&back);
        there.write(index, value);
        assert_eq!(there.push_at(index), start.wrapping_add(value));
    }
    popper.join().unwrap();
    assert!(there.is_empty());
}

fn what_is_pushed_is_popped_once_in_order() {
    pass(2, 0, 3);
}

fn a_ring_of_one_passes_its_index_on() {
    pass(1, 0, 2);
}

fn what_is_pushed_ahead_of_the_tail_is_popped_once_in_order() {
    pass(4, near_the_end(4), 5);
}

fn positions_and_laps_wrap_around() {
    pass(2, near_the_end(2), 3);
}

fn two_poppers_never_get_the_same_index() {
    let (crew, ring) = (Crew::new(), ring(2, 0));
    ring.push(0);
    ring.push(1);
    let other = {
        let ring = ring.clone();
        crew.spawn(move || ring.pop())
    };
    crew.begin();
    let mine = ring.pop();
    let theirs = other.join().unwrap();
    assert_ne!(mine.unwrap(), theirs.unwrap());
    assert_eq!(ring.pop(), None);
}

fn several_come_at_once_with_what_was_written() {
    let (crew, ring) = (Crew::new(), ring(4, 0));
    let pusher = {
        let ring = ring.clone();
        crew.spawn(move || {
            for index in 0..2 {
                ring.write(index, 7 + index);
                ring.push(index);
            }
        })
    };
    crew.begin();
    let mut seen = 0;
    while seen < 2 {
        let indices = ring.pop_many(2);
        for index in &indices {
            assert_eq!((*index, ring.read(*index)), (seen, 7 + seen), "out of order");
            seen += 1;
        }
        if indices.is_empty() {
            thread::yield_now();
        }
    }
    pusher.join().unwrap();
    assert!(ring.is_empty());
}

fn poppers_of_several_never_get_the_same_index() {
    let (crew, ring) = (Crew::new(), ring(4, near_the_end(4)));
    for index in 0..3 {
        ring.push(index);
    }
    let other = {
        let ring = ring.clone();
        crew.spawn(move || ring.pop_many(2))
    };
    crew.begin();
    let mut all: Vec<usize> = ring.pop().into_iter().collect();
    all.extend(ring.pop_many(4));
    let theirs = other.join().unwrap();
    assert!((1..=2).contains(&theirs.len()), "of one line, and there was one");
    all.extend(theirs);
    all.extend(ring.pop());
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2]);
    assert_eq!(ring.pop_many(1), []);
}

fn several_that_go_round_lose_nothing() {
    let (crew, ring) = (Crew::new(), Arc::new(Indices::new(4, 0, 4)));
    let threads = [1, 2].map(|most| {
        let ring = ring.clone();
        crew.spawn(move || {
            let mine = ring.pop_many(most);
            assert!((1..=most).contains(&mine.len()), "there is one for each");
            for &index in &mine {
                ring.write(index, most);
                ring.push(index);
            }
        })
    });
    crew.begin();
    let mine = ring.pop();
    for thread in threads {
        thread.join().unwrap();
    }
    mine.into_iter().for_each(|index| drop(ring.push(index)));
    let mut all: Vec<usize> = std::iter::from_fn(|| ring.pop()).collect();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3]);
}

fn two_pushers_lose_nothing() {
    let (crew, ring) = (Crew::new(), ring(2, 0));
    let pushers = [0, 1].map(|index| {
        let ring = ring.clone();
        crew.spawn(move || {
            ring.write(index, 7 + index);
            ring.push(index);
        })
    });
    crew.begin();
    let mut seen = [0; 2];
    for _ in 0..2 {
        let index = pop(&ring);
        assert_eq!(ring.read(index), 7 + index);
        seen[index] += 1;
    }
    assert_eq!(seen, [1, 1]);
    for pusher in pushers {
        pusher.join().unwrap();
    }
    assert_eq!(ring.pop(), None);
}

fn three_threads_on_a_full_ring_lose_nothing() {
    let (crew, ring) = (Crew::new(), ring(2, near_the_end(2)));
    let threads = [0, 1].map(|index| {
        let ring = ring.clone();
        crew.spawn(move || {
            ring.write(index, 7 + index);
            ring.push(index);
            if let Some(index) = ring.pop() {
                assert_eq!(ring.read(index), 7 + index);
                ring.push(index);
            }
        })
    });
    crew.begin();
    let mut seen = [0; 2];
    if let Some(index) = ring.pop() {
        seen[index] += 1;
    }
    for thread in threads {
        thread.join().unwrap();
    }
    while let Some(index) = ring.pop() {
        assert_eq!(ring.read(index), 7 + index);
        seen[index] += 1;
    }
    assert_eq!(seen, [1, 1]);
}

fn a_seeded_ring_gives_each_index_once_and_takes_it_back() {
    let (crew, ring) = (Crew::new(), Arc::new(Indices::new(2, 0, 2)));
    let other = {
        let ring = ring.clone();
        crew.spawn(move || {
            let index = pop(&ring);
            ring.write(index, 1);
            ring.push(index);
        })
    };
    crew.begin();
    let index = pop(&ring);
    ring.write(index, 2);
    ring.push(index);
    other.join().unwrap();
    let both = (ring.pop().unwrap(), ring.pop().unwrap());
    assert!(both == (0, 1) || both == (1, 0));
    assert_eq!(ring.pop(), None);
}

/// Two indices, and another thread that takes one at a time and puts it back: the ring is never empty.
fn with_a_ring_that_is_never_empty(look: fn(&Indices) -> bool) {
    let (crew, ring) = (Crew::new(), Arc::new(Indices::new(2, 0, 2)));
    let other = {
        let ring = ring.clone();
        crew.spawn(move || look(&ring))
    };
    crew.begin();
    for _ in 0..2 {
        // None only if the other thread has the other index.
        if let Some(index) = ring.pop() {
            ring.push(index);
        }
    }
    assert!(other.join().unwrap(), "called empty, and never was");
}

fn a_ring_that_is_never_empty_never_pops_nothing() {
    with_a_ring_that_is_never_empty(|ring| ring.pop().is_some());
}

fn a_ring_that_is_never_empty_never_looks_empty() {
    with_a_ring_that_is_never_empty(|ring| !ring.is_empty());
}

fn a_ring_that_is_never_empty_always_has_a_front() {
    with_a_ring_that_is_never_empty(|ring| ring.has_front());
}

/// Pushes and pops by turns: at each pop the ring holds what this thread pushed, or what another left for it.
fn push_and_pop(ring: &Indices, mut index: usize, rounds: usize) -> usize {
    for _ in 0..rounds {
        ring.push(index);
        index = ring.pop().expect("called empty after a push that came before it");
    }
    index
}

fn a_pop_after_a_push_finds_something() {
    let (crew, ring) = (Crew::new(), ring(2, 0));
    let other = {
        let ring = ring.clone();
        crew.spawn(move || push_and_pop(&ring, 0, 1))
    };
    crew.begin();
    let mine = push_and_pop(&ring, 1, 1);
    assert_ne!(mine, other.join().unwrap());
}

fn a_pop_after_a_push_finds_something_when_another_moved_the_tail() {
    let (crew, ring) = (Crew::new(), ring(4, 0));
    let pushers = [0, 1].map(|index| {
        let ring = ring.clone();
        crew.spawn(move || {
            ring.push(index);
        })
    });
    crew.begin();
    ring.push(2);
    assert!(ring.pop().is_some(), "called empty after a push that came before it");
    for pusher in pushers {
        pusher.join().unwrap();
    }
}

fn a_pop_after_a_push_ahead_of_the_tail_finds_something() {
    let (crew, ring) = (Crew::new(), ring(4, 0));
    // The tail stays behind this one.
    ring.push(2);
    assert_eq!(ring.pop(), Some(2));
    let other = {
        let ring = ring.clone();
        crew.spawn(move || push_and_pop(&ring, 0, 1))
    };
    crew.begin();
    let mine = push_and_pop(&ring, 1, 1);
    assert_ne!(mine, other.join().unwrap());
}

fn two_pushers_between_strides_lose_nothing() {
    let (crew, ring) = (Crew::new(), Arc::new(Indices::new(4, 0, 3)));
    let first = ring.pop().unwrap();
    let other = {
        let ring = ring.clone();
        crew.spawn(move || {
            ring.write(3, 7);
            ring.push(3);
        })
    };
    crew.begin();
    ring.write(first, 8);
    ring.push(first);
    let mut all: Vec<_> = (0..3).map(|_| pop(&ring)).collect();
    other.join().unwrap();
    all.extend(std::iter::from_fn(|| ring.pop()));
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3]);
}

/// A pusher that has read the tail, and is a lap behind when it reads the entry.
fn lapped(len: usize) {
    let (crew, ring) = (Crew::new(), ring(len, 0));
    let other = {
        let ring = ring.clone();
        crew.spawn(move || {
            ring.push(0);
            assert!(!ring.is_empty(), "called empty after a push that came before it");
        })
    };
    crew.begin();
    let index = push_and_pop(&ring, 1, len);
    ring.push(index);
    other.join().unwrap();
    let both = (ring.pop().unwrap(), ring.pop().unwrap());
    assert!(both == (0, 1) || both == (1, 0));
}

fn a_pusher_that_was_lapped_finds_the_tail_again() {
    lapped(2);
}

fn a_pusher_that_was_lapped_far_finds_the_tail_again() {
    lapped(4);
}

fn a_push_at_a_marked_entry_sees_the_mark() {
    let (crew, ring) = (Crew::new(), ring(2, 0));
    let sleeper = {
        let ring = ring.clone();
        crew.spawn(move || {
            let index = ring.pop_or_sleep();
            assert_eq!(ring.read(index), 7);
        })
    };
    crew.begin();
    ring.write(0, 7);
    ring.push(0);
    sleeper.join().unwrap();
}

fn every_marked_sleeper_wakes() {
    let (crew, ring) = (Crew::new(), ring(2, near_the_end(2)));
    let sleepers = [0, 1].map(|_| {
        let ring = ring.clone();
        crew.spawn(move || ring.pop_or_sleep())
    });
    crew.begin();
    ring.push(0);
    ring.push(1);
    let [first, second] = sleepers.map(|sleeper| sleeper.join().unwrap());
    assert_ne!(first, second);
}

fn a_mark_set_while_others_pop_is_seen() {
    // A popper moves the head under the marker, and gives its index back.
    let (crew, ring) = (Crew::new(), ring(2, 0));
    ring.push(0);
    let sleeper = {
        let ring = ring.clone();
        crew.spawn(move || ring.pop_or_sleep())
    };
    crew.begin();
    if let Some(index) = ring.pop() {
        ring.push(index);
    }
    assert_eq!(sleeper.join().unwrap(), 0);
}

fn a_mark_is_taken_off_once() {
    let (crew, ring) = (Crew::new(), ring(1, 0));
    let other = {
        let ring = ring.clone();
        crew.spawn(move || ring.mark_if_empty())
    };
    crew.begin();
    let unmarked = ring.unmark();
    assert!(other.join().unwrap());
    assert!(unmarked || ring.unmark(), "the mark was set and not there to be taken off");
    assert!(!ring.unmark());
    assert!(ring.push(0), "nothing was left in the mark's place");
    assert!(!ring.unmark() && !ring.mark_if_empty());
}

fn a_mark_is_taken_off_though_a_closer_marks() {
    let (crew, ring) = (Crew::new(), ring(1, 0));
    assert!(ring.mark_if_empty());
    let other = {
        let ring = ring.clone();
        crew.spawn(move || ring.mark_for_closer())
    };
    crew.begin();
    assert!(ring.unmark(), "a thread that sleeps on the mark would not be woken");
    assert!(other.join().unwrap());
    assert!(!ring.unmark());
    assert!(ring.push(0), "the closer's mark is there still");
}

fn a_peeked_index_is_popped_once() {
    let (crew, ring) = (Crew::new(), ring(2, 0));
    ring.push(0);
    let other = {
        let ring = ring.clone();
        crew.spawn(move || ring.pop())
    };
    crew.begin();
    let mine = ring.peek_and_pop();
    let theirs = other.join().unwrap();
    assert!(mine.is_some() != theirs.is_some());
    assert!(ring.is_empty());
}

fn a_ring_of_one_wraps_around() {
    pass(1, near_the_end(1), 2);
}
