//! Seats on the model's port, and words to sleep on.

use crate::platform::port::{Origin, Port};
use crate::platform::user_port::seat_table;
use crate::platform::user_port::{Seat, UserPort};
use crate::sync::{AtomicUsize, Relaxed, spin_loop};
use std::sync::{Arc, Mutex};

extern crate std;

/// A binary semaphore for each seat, without a lock, so that it orders only a waker before the thread that it
/// woke. A sleep with a time limit takes no semaphore.
struct Semaphores<const SEATS: usize> {
    /// For the checker only, as in `platform/model_port.rs`.
    meeting: AtomicUsize,
    semaphores: [Mutex<Semaphore>; SEATS],
    seats: [Seat; SEATS],
}

#[derive(Default)]
struct Semaphore {
    given: bool,
    sleeper: Option<loom::thread::Thread>,
}

// SAFETY:
// - 1: always null. 2: a panic here has failed the model.
unsafe impl<const SEATS: usize> UserPort for OnSeats<SEATS> {
    fn seats(&self) -> &[Seat] {
        &self.0.seats
    }

    fn park(&self, seat: usize, timeout: Option<u64>) {
        self.0.meeting.fetch_add(1, Relaxed);
        let mut semaphore = self.0.semaphores[seat].lock().unwrap();
        assert!(semaphore.sleeper.is_none(), "two in one seat");
        if core::mem::take(&mut semaphore.given) || timeout.is_some() {
            return;
        }
        semaphore.sleeper = Some(loom::thread::current());
        drop(semaphore);
        loom::thread::park();
    }

    fn unpark(&self, seat: usize, _from_isr: bool) {
        self.0.meeting.fetch_add(1, Relaxed);
        let mut semaphore = self.0.semaphores[seat].lock().unwrap();
        match semaphore.sleeper.take() {
            Some(sleeper) => sleeper.unpark(),
            None => semaphore.given = true,
        }
    }

    fn pause(&self) {
        spin_loop();
    }
}

/// A waker that stops for ever before it calls unpark.
struct Stopped<'a>(&'a [Seat]);

// SAFETY:
// - 1: always null. 2: nothing in it unwinds, except where the model has failed.
unsafe impl UserPort for Stopped<'_> {
    fn seats(&self) -> &[Seat] {
        self.0
    }

    fn park(&self, _: usize, _: Option<u64>) {
        unreachable!("it wakes");
    }

    fn unpark(&self, _: usize, _: bool) {}

    fn pause(&self) {
        unreachable!("it wakes");
    }
}

/// The port, shared by the threads of a model.
#[derive(Clone)]
pub struct OnSeats<const SEATS: usize>(Arc<Semaphores<SEATS>>);

impl<const SEATS: usize> OnSeats<SEATS> {
    /// Empty seats.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        let semaphores = core::array::from_fn(|_| Mutex::default());
        let seats = core::array::from_fn(|_| Seat::new());
        Self(Arc::new(Semaphores { meeting: AtomicUsize::new(0), semaphores, seats }))
    }
}

/// Threads that sleep in seats until one of two words has a given value.
pub struct Sleepers<const SEATS: usize> {
    port: OnSeats<SEATS>,
    words: [AtomicUsize; 2],
}

impl<const SEATS: usize> Sleepers<SEATS> {
    /// No thread sleeps, and both words are 0.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        Self { port: OnSeats::new(), words: [AtomicUsize::new(0), AtomicUsize::new(0)] }
    }

    /// Sleeps until the word is `value`. The word is only ever 0 or `value`.
    pub fn sleep_until(&self, word: usize, value: usize) {
        while self.words[word].load(Relaxed) != value {
            self.port.wait(&self.words[word], 0, None);
        }
    }

    /// Sleeps once, with a time limit.
    pub fn sleep_a_while(&self, word: usize) {
        self.port.wait(&self.words[word], 0, Some(1));
    }

    /// Is about to sleep, and sees that the word has changed.
    pub fn come_too_late(&self, word: usize) {
        self.port.wait(&self.words[word], 99, None);
    }

    /// Sleeps until the word is above 0, and subtracts 1.
    pub fn take_one(&self, word: usize) {
        let word = &self.words[word];
        let mut count = word.load(Relaxed);
        loop {
            if count == 0 {
                self.port.wait(word, 0, None);
                count = word.load(Relaxed);
                continue;
            }
            match word.compare_exchange(count, count - 1, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => count = now,
            }
            spin_loop();
        }
    }

    /// Adds 1 to the word, and wakes one of its sleepers.
    pub fn give_one(&self, word: usize) {
        self.words[word].fetch_add(1, Relaxed);
        self.port.wake_one(&raw const self.words[word]);
    }

    /// Sets the word to 1, and wakes all of its sleepers.
    pub fn open(&self, word: usize) {
        self.words[word].store(1, Relaxed);
        self.port.wake_all(&raw const self.words[word]);
    }

    /// Adds 1 to the word, chooses a sleeper, and stops for ever before it wakes it.
    pub fn give_one_and_freeze(&self, word: usize) {
        self.words[word].fetch_add(1, Relaxed);
        let stopped = Stopped(self.port.seats());
        seat_table::wake(&stopped, (&raw const self.words[word]).addr(), false, Origin::Thread);
    }

    /// Wakes one of the word's sleepers, in case the thread that should have done so was stopped.
    pub fn wake_again(&self, word: usize) {
        self.port.wake_one(&raw const self.words[word]);
    }
}
