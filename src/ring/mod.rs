//! A bounded FIFO of indices, strictly lock-free: NCQ, the simple queue of R. Nikolaev, "A Scalable, Portable,
//! and Memory-Efficient Lock-Free FIFO Queue" (DISC 2019), over N words, N a power of two.
//!
//! # States
//!
//! A position counts pushes (or pops) for ever; position p lives in entry p mod N, and p div N is its lap. An
//! entry holds the lap at which it was last published, a mark, and an index:
//!
//! ```text
//! entry = lap │ MARKS │ index         position.rs packs it
//!
//! published at p   the entry's lap is p's            an index lies here, until head passes p
//! behind p         the entry's lap is one before p's nothing was pushed at p yet
//! other            the reader's p is out of date
//! ```
//!
//! # Steps
//!
//! The tail is where a pusher begins to look, not where it ends: it is moved at the end of each stride of S positions,
//! S = 8 (half of N in rings of less than 16, 1 in a ring of 1), so that a push costs one read-modify-write and an eighth.
//!
//! push(i): t = tail, a multiple of S. Published at t: walk on, t+1; at the end of the stride CAS the tail to it, and go on from where
//! the tail is now. Behind t: CAS the entry to (lap of t, i), which publishes; if t+1 ends the stride, CAS the tail to it,
//! whoever does it. Other: reload t.
//!
//! Before the tail everything is published, since who moves it has seen so, or published there. Nobody publishes S
//! positions or more behind the tail: it walked there in the stride of a tail that it saw. So a published entry at
//! t+N means a tail past t (S < N, or S = N = 1), and "other" finds a newer tail.
//!
//! pop: h = head. Published at h: CAS head h → h+1, and the index is mine. Behind h: empty. Other: reload h. (Several at once: CAS
//! past all those that are published from h on; nobody overwrites one that head has not passed.)
//!
//! A pusher that stops after publishing is walked past; one that stops before has changed nothing; a popper has one
//! step that counts. So a thread stopped anywhere delays nobody: lock-free (not wait-free: a thread can lose its
//! CAS for ever to threads that succeed). "Empty" is exact: h cannot be passed while its entry is behind it.
//!
//! # The one obligation of users
//!
//! An index is in a ring at most once, and there are at most N of them. So the ring is never full, push cannot
//! fail, and an entry that is behind t is free to take. Who may push what is the slot's protocol (`crate::slot`).
//!
//! # The marks
//!
//! A thread that finds the ring empty and wants to be told of the next push sets a mark in the empty entry at head
//! and sleeps on that entry (a closer: elsewhere). There are two marks, one for those that wait for an index and one for
//! closers: with one, a closer that takes it off to wake a sleeper and sets it again for itself would restore the very
//! value on which the sleeper is about to fall asleep. The push that fills the entry replaces the mark, sees it in the value that its CAS
//! replaced, and says so. A push that finds no mark pays nothing.
//!
//! # Lines
//!
//! An entry, and the slot that its index names, come from the core that wrote them last. Who pops looks some entries ahead and asks for the
//! slots there, who pushes for the next line of entries (`util/prefetch.rs`); who pops all the time keeps away from who pushes (`pacing.rs`); and
//! of two that pop, or push, at once the one that loses leaves the line to the other for a while (`util/backoff.rs`).
//! These looks are guesses: nothing is decided by them but how long to wait.
//!
//! # Wrap-around
//!
//! Positions and laps wrap with usize. What must happen to go wrong: a thread stalls between reading a word and
//! its CAS while exactly k · 2^(word−2) pushes pass (an entry keeps two lap bits less, for the marks): 1,460
//! years at 100 M pushes/s on 64 bits; on 32 bits 11 s at that rate, 3 h at 100 k/s, and only for a stall of
//! exactly that length.

mod entry;
mod init;
mod ncq;
mod pacing;
#[cfg(any(feature = "capi", jobring_loom))]
mod pop_many;
mod prefetch;
mod waiters;

pub(crate) use entry::{Mark, Seed};
pub(crate) use ncq::{Cursors, Ring};
pub(crate) use pacing::Pacing;
