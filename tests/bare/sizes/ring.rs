//! The ring alone: the library's own files, without a pool.

#![no_std]
#![allow(dead_code, unused_imports, unused_macros, reason = "a pool uses the rest")]

use jobring_sizes as _;

#[path = "../../../src/ring/mod.rs"]
mod ring;
#[path = "../../../src/sync/mod.rs"]
mod sync;
#[path = "../../../src/util/mod.rs"]
mod util;

use sync::AtomicUsize;

const LEN: usize = 16;

static ENDS: ring::Cursors = ring::Cursors::new();
static ENTRIES: [AtomicUsize; LEN] = [const { AtomicUsize::new(0) }; LEN];

/// Appends an index below 16 that is not in the ring.
#[unsafe(no_mangle)]
pub extern "C" fn ring_push(index: usize) {
    ring::Ring::new(&ENDS, &ENTRIES, ring::Seed::Empty).push(index);
}

/// The oldest index, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn ring_pop() -> isize {
    ring::Ring::new(&ENDS, &ENTRIES, ring::Seed::Empty).pop().map_or(-1, |index| index as isize)
}
