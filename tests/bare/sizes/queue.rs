//! A queue in a static: push and pop, with no pool.

#![no_std]

use jobring::Queue;
use jobring_sizes as _;

static QUEUE: Queue<u32, 16> = Queue::new();

/// The formula of Queue's documentation, on a microcontroller.
const _: () =
    assert!(size_of::<Queue<u32, 16>>() == 16 * (4 + 2 * size_of::<usize>()) + 4 * size_of::<usize>());

/// Appends a word; 0 if the queue is full.
#[unsafe(no_mangle)]
pub extern "C" fn queue_push(word: u32) -> u32 {
    u32::from(QUEUE.try_push(word).is_ok())
}

/// The oldest word; 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn queue_pop(word: &mut u32) -> u32 {
    QUEUE.try_pop().map_or(0, |popped| {
        *word = popped;
        1
    })
}
