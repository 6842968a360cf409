//! Sleep and wake on systems without a futex that std exposes: a fixed table of mutexes and condition
//! variables, indexed by the word's address. A wake takes the mutex.

extern crate std;

use crate::sync::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Instant;

struct Bucket {
    mutex: Mutex<()>,
    condvar: Condvar,
}

const BUCKETS: usize = 64;
static TABLE: [Bucket; BUCKETS] =
    [const { Bucket { mutex: Mutex::new(()), condvar: Condvar::new() } }; BUCKETS];

fn bucket(word: *const AtomicUsize) -> &'static Bucket {
    &TABLE[(word as usize >> 4) % BUCKETS]
}

pub(super) fn wait(word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
    let bucket = bucket(word);
    let held = bucket.mutex.lock().unwrap_or_else(PoisonError::into_inner);
    // ORDERING: Relaxed: the waker changes the word before it takes the mutex, which orders the two.
    if word.load(Relaxed) as u32 != expected as u32 {
        return;
    }
    match timeout {
        None => drop(bucket.condvar.wait(held)),
        Some(nanos) => drop(bucket.condvar.wait_timeout(held, Duration::from_nanos(nanos))),
    }
}

pub(super) fn wake(word: *const AtomicUsize, _threads: i32) {
    // All of them, since a bucket serves several words.
    let bucket = bucket(word);
    drop(bucket.mutex.lock().unwrap_or_else(PoisonError::into_inner));
    bucket.condvar.notify_all();
}

/// Nanoseconds since the first call.
pub(super) fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}
