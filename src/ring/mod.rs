//! A bounded FIFO of indices, strictly lock-free: NCQ, the simple queue of R. Nikolaev, "A Scalable, Portable,
//! and Memory-Efficient Lock-Free FIFO Queue" (DISC 2019), over N words, N a power of two.
//!
//! # States
//!
//! A position is the number of a push (or pop), counted from the start. Position p uses entry p mod N, and p div N is
//! its lap. An entry holds the lap in which it was last published, the marks, and an index:
//!
//! ```text
//! entry = lap │ MARKS │ index         entry.rs packs it
//!
//! published at p   the entry has p's lap             it holds an index, until head passes p
//! behind p         the entry has the lap before p's  nothing was pushed at p yet
//! other            the reader's p is out of date
//! ```
//!
//! # Steps
//!
//! Positions form strides of S = 8 (S is N/2 in rings of less than 16 entries, and 1 in a ring of 1 and on a microcontroller). The tail moves once
//! per stride, so a push costs one and an eighth read-modify-writes. A pusher searches from the tail for the end of the queue.
//!
//! push(i): load t = tail, a multiple of S. Then look at the entry of t:
//! - Published at t: go on to t+1. At the end of the stride, CAS the tail to the next stride and continue at the tail's
//!   new value.
//! - Behind t: CAS the entry to (lap of t, i). This publishes i. The thread that publishes the last position of a stride then
//!   CASes the tail to the next stride.
//! - Other: reload t.
//!
//! pop: load h = head. Then look at the entry of h:
//! - Published at h: CAS head h → h+1. The winner owns the index.
//! - Behind h: the ring is empty.
//! - Other: reload h.
//!
//! A pop of several indices moves head past several published entries with one CAS. Nobody overwrites an entry that head
//! has not passed.
//!
//! Everything before the tail is published: the thread that moves the tail has seen or done it. Nobody publishes S or
//! more positions after the tail, because a pusher stays in the stride of a tail that it saw. So a published
//! entry at t+N means that the tail is past t (S < N, or S = N = 1), and the reload in "other" finds a newer tail.
//!
//! The ring is lock-free: a thread that stops anywhere delays nobody. Others walk past an entry whose pusher stopped after it
//! published; a pusher that stopped before has changed nothing; a pop takes effect in a single step. It is not wait-free: a
//! thread can lose its CAS for ever to threads that succeed. "Empty" is exact: head cannot pass h while the entry is behind h.
//!
//! # The one obligation of users
//!
//! An index is in a ring at most once, and there are at most N indices. So the ring is never full, a push cannot
//! fail, and an entry that is behind t is free. The slot's protocol (`crate::slot`) says who may push what.
//!
//! # The marks
//!
//! A thread that finds the ring empty and wants to be woken by the next push sets a mark in the empty entry at head. It then
//! sleeps on that entry (a closer sleeps elsewhere). The push that fills the entry finds the mark in the value that
//! its CAS replaced, and reports it. A push that finds no mark pays nothing.
//!
//! Threads that wait for an index and closers have a mark each. With a single mark, a closer that clears it to wake a
//! sleeper, and then sets it for itself, would restore the value on which that sleeper is about to fall asleep.
//!
//! # Cache lines
//!
//! An entry and the slot that it names lie in the cache of the core that wrote them last. Three things reduce the traffic:
//! - A popper prefetches slots some entries ahead; a pusher prefetches the next line of entries (`util/prefetch.rs`).
//! - A thread that pops all the time keeps away from the pushers (`pacing.rs`).
//! - A thread that loses a race leaves the line to the winner for a while (`util/backoff.rs`).
//!
//! Their reads are guesses. They decide only what to prefetch and how long to wait.
//!
//! # Wrap-around
//!
//! Positions and laps wrap with usize. An error needs a thread that stalls between its read of a word and its CAS while
//! exactly k · 2^(word−2) pushes pass (the marks take two of the lap's bits). On 64 bits that takes 1,460 years at
//! 100 M pushes/s. On 32 bits it takes 11 s at that rate and 3 h at 100 k/s, and the stall must have exactly that length.

mod entry;
mod init;
mod inside;
mod ncq;
mod pacing;
mod pop_many;
mod prefetch;
mod waiters;

pub(crate) use entry::{MAX_STRIDE, Mark, Seed};
pub(crate) use ncq::{Cursors, Popper, Ring};
