//! The index rings of jobring outside of a pool, as a bounded queue of words.
//!
//! The library's API has no bare ring: this is its sources again, the files of `src/` and nothing of their
//! own. As in a pool, one ring holds the free indices and one the ready ones, and an index names a cell.

#![allow(dead_code, unused_imports, unused_macros, missing_docs, reason = "only what the ring needs is used")]

mod queue;
#[path = "../../src/ring/mod.rs"]
mod ring;
#[path = "../../src/sync/mod.rs"]
mod sync;
#[path = "../../src/util/mod.rs"]
mod util;

pub use queue::Queue;
