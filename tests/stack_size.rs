//! How much of a worker's stack its own code takes, and how much the smallest stack leaves for a job.
#![cfg(unix)]

use jobring::{BuildError, Pool};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(60);

/// About where the stack pointer is.
#[inline(never)]
fn here() -> usize {
    let local = std::hint::black_box(0u8);
    &raw const local as usize
}

#[test]
fn a_workers_own_code_takes_less_than_the_floor_allows() {
    let top = Arc::new(AtomicUsize::new(0));
    let at_start = Arc::clone(&top);
    let pool =
        Pool::builder().workers(1).on_start(move |_| at_start.store(here(), SeqCst)).build().expect("a pool");
    let deepest =
        pool.submit(here).expect("open").wait_timeout(DEADLINE).expect("in time").expect("an address");
    // From the start hook, one call below the thread's start, to the inside of a job; 8 KiB are reserved.
    let taken = top.load(SeqCst).abs_diff(deepest);
    println!("a worker's own code takes {taken} bytes of its stack");
    assert!(taken <= 4 * 1024, "{taken} bytes");
}

#[test]
fn a_worker_runs_on_the_smallest_stack_that_is_allowed() {
    let Err(BuildError::StackTooSmall(floor)) = Pool::builder().workers(1).stack_size(1).build() else {
        panic!("one byte of stack is too small");
    };
    for size in [floor, floor + 1] {
        let pool = Pool::builder().workers(1).stack_size(size).build().expect("the floor is enough");
        let effective = pool.worker_stack_size(0).expect("a worker");
        assert!(effective >= size, "{effective} for {size}");
        // Enough for a job that sends a message: that is what the floor's 8 KiB and PTHREAD_STACK_MIN are
        // for.
        let (send, receive) = mpsc::channel();
        pool.submit_detached(move || send.send(here()).expect("a receiver")).expect("open");
        assert_ne!(receive.recv_timeout(DEADLINE).expect("in time"), 0);
    }
}
