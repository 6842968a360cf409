//! If the system refuses memory while a pool is built, the result is an error, and nothing is left behind.
#![cfg(all(feature = "pthread", feature = "alloc", unix))]

#[path = "common/first_thread.rs"]
mod first_thread;

use first_thread::is_first_thread;
use jobring::{Backend, BuildError, Pool};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};

std::thread_local! {
    /// How many more allocations of this thread are granted; None: all.
    static GRANTED: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Bytes of all threads except the test program's first.
static TAKEN: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: isize) {
    if !is_first_thread() {
        TAKEN.fetch_add(bytes, SeqCst);
    }
}

struct Refuses;

// SAFETY:
// - what it grants is the system's.
unsafe impl GlobalAlloc for Refuses {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if GRANTED.get() == Some(0) {
            return ptr::null_mut();
        }
        GRANTED.set(GRANTED.get().map(|left| left - 1));
        count(layout.size() as isize);
        // SAFETY:
        // - the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY:
        // - the caller's.
        unsafe { System.dealloc(at, layout) };
    }
}

#[global_allocator]
static MEMORY: Refuses = Refuses;

#[test]
fn every_allocation_of_a_build_may_be_refused() {
    for workers in [0, 2] {
        let mut granted = 0;
        loop {
            let before = TAKEN.load(SeqCst);
            let builder = Pool::builder().workers(workers).backend(Backend::Pthread).name("refused");
            let builder = builder.on_start(|_| ()).on_stop(|_| ());
            GRANTED.set(Some(granted));
            let built = builder.build();
            GRANTED.set(None);
            match built {
                Ok(pool) => break assert!(granted > 1 && matches!(pool.submit(|| 5).unwrap().wait(), Ok(5))),
                Err(error) => assert_eq!(error, BuildError::NoMemory),
            }
            assert_eq!(TAKEN.load(SeqCst), before, "nothing is left of it");
            granted += 1;
        }
    }
}
