//! The index ring itself: push, pop, help. The only file that touches entries. `mod.rs` states the protocol.

use super::position::{Geometry, Mark};
use crate::pad::CachePadded;
use crate::relax::{Backoff, look_again};
use crate::sync::{Acquire, AtomicUsize, Bug, Ordering, Relaxed, Release, Site, bug, const_fn, o};

/// The two counters of a ring, each on a line of its own.
pub(crate) struct Ends {
    tail: CachePadded<AtomicUsize>,
    head: CachePadded<AtomicUsize>,
}

impl Ends {
    const_fn! {
        /// All zero, which a [`Ring`] reads as its start.
        pub(crate) fn new() -> Self {
            Self { tail: CachePadded::new(AtomicUsize::new(0)), head: CachePadded::new(AtomicUsize::new(0)) }
        }
    }

    #[cfg(any(test, jobring_loom))]
    const_fn! {
        /// Counters as they stand `start` positions (a multiple of the ring's length) after the beginning; the
        /// entries must be prepared with [`Ring::age`].
        pub(crate) fn aged(start: usize) -> Self {
            Self { tail: CachePadded::new(AtomicUsize::new(start)), head: CachePadded::new(AtomicUsize::new(start)) }
        }
    }
}

/// A view of one ring: its counters, its entries, and how many indices it held when all was zero.
///
/// All-zero memory is a valid ring: stored positions are relative to the end of lap 0, and the first `seeded`
/// entries are stored xor what they hold at first (index i in entry i, published in lap 1).
#[derive(Clone, Copy)]
pub(crate) struct Ring<'a> {
    ends: &'a Ends,
    entries: &'a [AtomicUsize],
    seeded: usize,
}

/// What a push saw.
#[derive(Clone, Copy)]
pub(crate) struct Pushed {
    /// How many pushes came before it (wrapping).
    pub(crate) position: usize,
    /// The entry, if someone sleeps on it.
    pub(crate) marked: Option<*const AtomicUsize>,
}

/// An empty entry that was marked: sleep on `word` while it holds `value`.
pub(crate) struct Marked<'a> {
    pub(crate) word: &'a AtomicUsize,
    pub(crate) value: usize,
}

impl<'a> Ring<'a> {
    /// `entries.len()` is a power of two and at least `seeded`.
    #[inline(always)]
    pub(crate) fn new(ends: &'a Ends, entries: &'a [AtomicUsize], seeded: usize) -> Self {
        debug_assert!(entries.len().is_power_of_two() && seeded <= entries.len());
        Self { ends, entries, seeded }
    }

    #[inline(always)]
    fn geometry(&self) -> Geometry {
        Geometry::new(self.entries.len())
    }

    /// The entry for position `p`, and what it is stored xor with.
    #[inline(always)]
    fn entry(&self, p: usize) -> (&'a AtomicUsize, usize) {
        let g = self.geometry();
        let at = g.offset(p);
        // SAFETY:
        // - offset() is below the ring's length, which is entries.len().
        let entry = unsafe { self.entries.get_unchecked(at) };
        let seeded = at + usize::from(bug(Bug::SeedsOneTooFew)) < self.seeded;
        (entry, if seeded { g.entry(g.len(), at) } else { 0 })
    }

    #[inline(always)]
    fn tail(&self) -> (&'a AtomicUsize, usize) {
        (&self.ends.tail, self.geometry().len() + self.seeded)
    }

    #[inline(always)]
    fn head(&self) -> (&'a AtomicUsize, usize) {
        (&self.ends.head, self.geometry().len())
    }

    /// Appends `index`, which is not in this ring and is below its length. Lock-free; never fails.
    #[inline]
    pub(crate) fn push(&self, index: usize) -> Pushed {
        let g = self.geometry();
        let (tail, origin) = self.tail();
        let mut backoff = Backoff::new();
        // ORDERING: Acquire pairs with the tail CASes' Release below: who sees a tail moved on behalf of a push
        // also sees that push's entry, so a pop after us cannot call the ring empty (model
        // a_pop_after_a_push_finds_something).
        let mut t = tail.load(o(Site::PushTail, Acquire)).wrapping_add(origin);
        loop {
            let (entry, seed) = self.entry(t);
            // ORDERING: Relaxed: no data is read through it; the CAS decides.
            let e = entry.load(o(Site::PushEntry, Relaxed)) ^ seed;
            if g.published(e, t) {
                t = self.advance_tail(t);
            } else if g.behind(e, t) && !(bug(Bug::OrdersLaps) && e > g.entry(t, 0)) {
                if bug(Bug::MovesTheTailFirst) {
                    self.advance_tail(t);
                }
                let new = g.entry(t, index);
                // ORDERING: Release publishes what the pusher wrote for this index (E1, E2) to the popper's
                // Acquire load of the entry. Relaxed on failure: the loop looks again.
                match entry.compare_exchange(
                    e ^ seed,
                    new ^ seed,
                    o(Site::PushPublish, Release),
                    o(Site::PushPublishLost, Relaxed),
                ) {
                    Ok(_) => {
                        self.advance_tail(t);
                        let marked = (e & g.marks() != 0).then_some(core::ptr::from_ref(entry));
                        return Pushed { position: t.wrapping_sub(origin), marked };
                    }
                    Err(_) => backoff.pause(),
                }
            } else {
                look_again();
                // ORDERING: Acquire, as the first load of tail.
                t = tail.load(o(Site::PushTailAgain, Acquire)).wrapping_add(origin);
            }
        }
    }

    /// Moves the tail past `t`, where something is published, unless someone did. The tail now, at least t + 1.
    #[inline]
    fn advance_tail(&self, t: usize) -> usize {
        let (tail, origin) = self.tail();
        let stored = t.wrapping_sub(origin);
        // ORDERING: Release: a pusher that acquires this tail sees the entry published at t, even when a helper
        // and not its publisher moved the tail (the helper read the entry; model
        // a_pop_after_a_push_finds_something_when_another_moved_the_tail).
        // Acquire on failure, as the first load of tail: the value found is where the push goes on.
        match tail.compare_exchange(
            stored,
            stored.wrapping_add(1),
            o(Site::AdvanceTail, Release),
            o(Site::AdvanceTailLost, Acquire),
        ) {
            Ok(_) => t.wrapping_add(1),
            Err(now) => now.wrapping_add(origin),
        }
    }

    /// Takes the oldest index, or None if the ring is empty. Lock-free.
    #[inline]
    pub(crate) fn pop(&self) -> Option<usize> {
        let mut backoff = Backoff::new();
        loop {
            // ORDERING: Acquire: what was pushed is read behind the entry (E1, E2).
            let (h, e) = self.front(Site::PopHead, Site::PopEntry, Acquire)?;
            if self.advance_head(h) || bug(Bug::PopsWithoutWinning) {
                return Some(self.geometry().index(e));
            }
            backoff.pause();
        }
    }

    /// The oldest index and its position, without taking it. [`Ring::pop_if_at`] takes it.
    pub(crate) fn peek(&self) -> Option<(usize, usize)> {
        // ORDERING: Acquire: the slot is looked at behind the entry (E1).
        let (h, e) = self.front(Site::PeekHead, Site::PeekEntry, Acquire)?;
        Some((h, self.geometry().index(e)))
    }

    /// Takes what `peek` saw at `h`, if it is still there.
    pub(crate) fn pop_if_at(&self, h: usize) -> bool {
        self.advance_head(h)
    }

    /// Head, and the entry published there, loaded as `seen`; None if the ring is empty.
    #[inline(always)]
    fn front(&self, at_head: Site, at_entry: Site, seen: Ordering) -> Option<(usize, usize)> {
        let g = self.geometry();
        let (head, origin) = self.head();
        loop {
            // ORDERING: Acquire pairs with advance_head's Release: who sees head moved by a pop also sees the pushes
            // that came before that pop, so it cannot call a ring empty that never was (models a_ring_that_is_never_empty_…).
            let h = head.load(o(at_head, Acquire)).wrapping_add(origin);
            let (entry, seed) = self.entry(h);
            // ORDERING: the caller's: Acquire pairs with the pusher's Release on this entry.
            let e = entry.load(o(at_entry, seen)) ^ seed;
            if g.published(e, h) {
                return Some((h, e));
            }
            if g.behind(e, h) || bug(Bug::TakesALateLookForEmpty) {
                return None;
            }
            look_again();
        }
    }

    #[inline(always)]
    fn advance_head(&self, h: usize) -> bool {
        let (head, origin) = self.head();
        let stored = h.wrapping_sub(origin);
        // ORDERING: Release pairs with the Acquire of head in `front`. What was published came with the entry's
        // Acquire. Relaxed on failure: the caller looks again, or gives up.
        head.compare_exchange(
            stored,
            stored.wrapping_add(1),
            o(Site::AdvanceHead, Release),
            o(Site::AdvanceHeadLost, Relaxed),
        )
        .is_ok()
    }

    /// Is nothing to pop? Exact at some moment during the call.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // ORDERING: Relaxed: nothing is read behind the entry; a pop follows if there is one.
        self.front(Site::LookHead, Site::LookEntry, Relaxed).is_none()
    }

    /// Marks the empty entry at head, or None if the ring is not empty.
    pub(crate) fn mark_empty(&self, by: Mark) -> Option<Marked<'a>> {
        let g = self.geometry();
        let (head, origin) = self.head();
        loop {
            // ORDERING: Relaxed, as in pop.
            let h = head.load(o(Site::MarkHead, Relaxed)).wrapping_add(origin);
            let (word, seed) = self.entry(h);
            // ORDERING: Relaxed: nothing is read through it; a pop follows if it is not empty.
            let e = word.load(o(Site::MarkEntry, Relaxed)) ^ seed;
            if g.published(e, h) {
                return None;
            }
            if !g.behind(e, h) {
                look_again();
                continue;
            }
            let value = (e | g.mark(by)) ^ seed;
            // ORDERING: Relaxed: the push that replaces the mark reads it by the CAS on this same word. Against
            // closing, the caller's fence pairs (lifecycle.rs).
            if e & g.mark(by) != 0
                || word
                    .compare_exchange(
                        e ^ seed,
                        value,
                        o(Site::MarkSet, Relaxed),
                        o(Site::MarkSetLost, Relaxed),
                    )
                    .is_ok()
            {
                return Some(Marked { word, value });
            }
        }
    }

    /// Puts the closer's mark on the empty entry at head for the waiters' one. The entry, if it was marked: whoever
    /// sleeps there must be woken, and whoever is about to will find another value. Without a mark in its place the
    /// next waiter's would bring that value back.
    pub(crate) fn unmark(&self) -> Option<*const AtomicUsize> {
        let g = self.geometry();
        let (head, origin) = self.head();
        loop {
            // ORDERING: Relaxed: see mark_empty; the closer's fence pairs with the sleeper's.
            let h = head.load(o(Site::UnmarkHead, Relaxed)).wrapping_add(origin);
            let (word, seed) = self.entry(h);
            // ORDERING: Relaxed, the same.
            let e = word.load(o(Site::UnmarkEntry, Relaxed)) ^ seed;
            if g.published(e, h) || (g.behind(e, h) && e & g.mark(Mark::Waiter) == 0) {
                return None;
            }
            // ORDERING: Relaxed, the same: the word itself carries the news.
            if g.behind(e, h)
                && word
                    .compare_exchange(
                        e ^ seed,
                        (e & !g.mark(Mark::Waiter) | g.mark(Mark::Closer)) ^ seed,
                        o(Site::UnmarkSet, Relaxed),
                        o(Site::UnmarkSetLost, Relaxed),
                    )
                    .is_ok()
            {
                return Some(word);
            }
            look_again();
        }
    }

    /// How many pushes and pops this ring has seen (wrapping), the seeded indices not counted.
    pub(crate) fn counts(&self) -> (usize, usize) {
        // ORDERING: Relaxed: statistics.
        let pushes = self.ends.tail.load(o(Site::CountTail, Relaxed));
        // ORDERING: Relaxed, the same.
        let pops = self.ends.head.load(o(Site::CountHead, Relaxed));
        (pushes, pops)
    }

    /// Prepares entries that were all zero for counters from [`Ends::aged`]`(start)`: for tests of the wrap-around.
    #[cfg(any(test, jobring_loom))]
    pub(crate) fn age(&self, start: usize) {
        let g = self.geometry();
        for (at, entry) in self.entries.iter().enumerate() {
            let seed = if at < self.seeded { g.entry(g.len(), at) } else { 0 };
            let held =
                if at < self.seeded { g.entry(start.wrapping_add(g.len()), at) } else { g.entry(start, 0) };
            // ORDERING: Relaxed: before the ring is shared.
            entry.store(held ^ seed, o(Site::Age, Relaxed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::array_of;
    extern crate std;
    use std::collections::VecDeque;

    /// Pushes and pops in every pattern of a few lengths, from starts before and after each wrap, against a queue.
    #[test]
    fn a_ring_is_a_queue_also_where_positions_wrap() {
        const N: usize = 4;
        for start in
            [0, N, usize::MAX - 2 * N + 1, usize::MAX - N + 1, usize::MAX / 2 + 1 - N, usize::MAX / 2 + 1]
        {
            for seeded in [0, 1, 3, N] {
                let ends = Ends::aged(start);
                let entries: [AtomicUsize; N] = array_of![AtomicUsize::new(0); N];
                let ring = Ring::new(&ends, &entries, seeded);
                ring.age(start);
                let mut expected: VecDeque<usize> = (0..seeded).collect();
                let mut outside: VecDeque<usize> = (seeded..N).collect();
                for step in 0..20 * N {
                    assert_eq!(ring.is_empty(), expected.is_empty());
                    assert_eq!(ring.peek().map(|(_, index)| index), expected.front().copied());
                    if step % 7 < 4 {
                        let taken = ring.pop();
                        assert_eq!(taken, expected.pop_front());
                        outside.extend(taken);
                    } else if let Some(index) = outside.pop_front() {
                        let marked = ring.mark_empty(Mark::Waiter).is_some();
                        assert_eq!(marked, expected.is_empty());
                        assert_eq!(ring.push(index).marked.is_some(), marked);
                        expected.push_back(index);
                    }
                }
            }
        }
    }

    #[test]
    fn a_mark_is_taken_off_once() {
        let ends = Ends::new();
        let entries: [AtomicUsize; 2] = array_of![AtomicUsize::new(0); 2];
        let ring = Ring::new(&ends, &entries, 0);
        assert!(ring.unmark().is_none());
        let marked = ring.mark_empty(Mark::Waiter).unwrap();
        assert_eq!(marked.word.load(Relaxed), marked.value);
        assert_eq!(ring.unmark(), Some(core::ptr::from_ref(marked.word)));
        assert_ne!(marked.word.load(Relaxed), marked.value);
        assert!(ring.unmark().is_none());
        assert_ne!(ring.mark_empty(Mark::Waiter).unwrap().value, marked.value);
        assert!(ring.unmark().is_some());
        assert!(ring.mark_empty(Mark::Closer).is_some() && ring.unmark().is_none());
        assert!(ring.push(1).marked.is_some());
        assert!(ring.mark_empty(Mark::Closer).is_none() && ring.unmark().is_none());
        assert_eq!(ring.pop(), Some(1));
    }
}
