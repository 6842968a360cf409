//! Bounded queues without a pool.

use crate::measure::ring::{CAPACITY, Queue};
use std::collections::VecDeque;
use std::sync::Mutex;

impl Queue for jobring_rings::Queue {
    fn empty() -> Self {
        Self::new(CAPACITY)
    }
    fn push(&self, word: usize) -> bool {
        self.push(word)
    }
    fn pop(&self) -> Option<usize> {
        self.pop()
    }
}

/// jobring's public queue.
pub struct Public(Box<jobring::Queue<usize, CAPACITY>>);

impl Queue for Public {
    fn empty() -> Self {
        Self(Box::default())
    }
    fn push(&self, word: usize) -> bool {
        self.0.try_push(word).is_ok()
    }
    fn pop(&self) -> Option<usize> {
        self.0.try_pop()
    }
}

/// The same for threads that wait: here they sleep.
pub struct Blocking(Box<jobring::BlockingQueue<usize, CAPACITY>>);

impl Queue for Blocking {
    fn empty() -> Self {
        Self(Box::default())
    }
    fn push(&self, word: usize) -> bool {
        self.0.push(word).is_ok()
    }
    fn pop(&self) -> Option<usize> {
        self.0.pop().ok()
    }
}

impl Queue for crossbeam_queue::ArrayQueue<usize> {
    fn empty() -> Self {
        Self::new(CAPACITY)
    }
    fn push(&self, word: usize) -> bool {
        self.push(word).is_ok()
    }
    fn pop(&self) -> Option<usize> {
        self.pop()
    }
}

/// crossbeam-channel, never blocking.
pub struct Channel(crossbeam_channel::Sender<usize>, crossbeam_channel::Receiver<usize>);

impl Queue for Channel {
    fn empty() -> Self {
        let (send, receive) = crossbeam_channel::bounded(CAPACITY);
        Self(send, receive)
    }
    fn push(&self, word: usize) -> bool {
        self.0.try_send(word).is_ok()
    }
    fn pop(&self) -> Option<usize> {
        self.1.try_recv().ok()
    }
}

/// heapless' queue for many producers and consumers, deprecated by its authors because it is not lock-free.
#[allow(deprecated, reason = "it is what this file compares with")]
pub struct Heapless(Box<heapless::mpmc::Queue<usize, CAPACITY>>);

#[allow(deprecated, reason = "as above")]
impl Queue for Heapless {
    fn empty() -> Self {
        Self(Box::new(heapless::mpmc::Queue::new()))
    }
    fn push(&self, word: usize) -> bool {
        self.0.enqueue(word).is_ok()
    }
    fn pop(&self) -> Option<usize> {
        self.0.dequeue()
    }
}

/// std's VecDeque behind std's mutex.
pub struct Locked(Mutex<VecDeque<usize>>);

impl Queue for Locked {
    fn empty() -> Self {
        Self(Mutex::new(VecDeque::with_capacity(CAPACITY)))
    }
    fn push(&self, word: usize) -> bool {
        let mut words = self.0.lock().expect("no panic");
        let room = words.len() < CAPACITY;
        if room {
            words.push_back(word);
        }
        room
    }
    fn pop(&self) -> Option<usize> {
        self.0.lock().expect("no panic").pop_front()
    }
}
