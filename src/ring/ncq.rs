//! The index ring itself: push, pop, help. `mod.rs` states the protocol.

use super::entry::{Geometry, MAX_STRIDE, SMALL, Seed};
use crate::sync::{Acquire, AtomicUsize, Bug, Ordering, Relaxed, Release, Site, bug, const_fn, ordering};
use crate::util::backoff::{Backoff, SPINS, yield_in_model};
use crate::util::cache_padded::CachePadded;
use crate::util::prefetch::fetch_to_write;

/// The two counters of a ring, each on its own cache line.
pub(crate) struct Cursors {
    pub(super) tail: CachePadded<AtomicUsize>,
    pub(super) head: CachePadded<AtomicUsize>,
}

impl Cursors {
    const_fn! {
        /// The counters of a ring that is empty or holds all its seeds: all zero.
        pub(crate) fn new() -> Self {
            Self::at(0, 0)
        }
    }

    const_fn! {
        pub(super) fn at(tail: usize, head: usize) -> Self {
            Self { tail: CachePadded::new(AtomicUsize::new(tail)), head: CachePadded::new(AtomicUsize::new(head)) }
        }
    }
}

/// A view of one ring: its counters, its entries, and what all-zero memory means in it.
#[derive(Clone, Copy)]
pub(crate) struct Ring<'a> {
    pub(super) cursors: &'a Cursors,
    pub(super) entries: &'a [AtomicUsize],
    pub(super) seed: Seed,
}

/// Which kind of thread pops. It decides whether the pop may pause, and for how long (`pacing.rs`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Popper {
    /// A thread that may not wait, or that does not pop in a loop: it never pauses.
    Unpaced,
    /// A submitter that may wait.
    Submitter,
    /// A submitter that takes many slots.
    Batch,
    /// A worker in its loop.
    Worker,
    /// A thread that takes from a completion queue.
    Consumer,
}

/// Why a push found no place in one stride.
enum PushMiss {
    /// The whole stride is published, and the tail must move. Holds the tail.
    Filled(usize),
    /// Another pusher won the entry. Holds the tail and the position.
    Raced(usize, usize),
    /// The tail is out of date.
    Lapped,
}

/// What a push reports.
#[derive(Clone, Copy)]
pub(crate) struct PushInfo {
    /// How many pushes came before it (wrapping).
    pub(crate) position: usize,
    /// The entry, if it was marked: the caller notifies that kind of thread.
    pub(crate) marked: Option<*const AtomicUsize>,
}

// A microcontroller has one copy of push and pop, to save flash. It does not pause after a lost race: the winner was an
// interrupt handler, which has returned. Their arguments fit into four registers, and the results into two: a position, and the marked entry or null.
#[inline(never)]
fn small_push(cursors: &Cursors, entries: &[AtomicUsize], index: usize) -> (usize, *const AtomicUsize) {
    let pushed = Ring { cursors, entries, seed: Seed::Empty }.retry_push(PushMiss::Lapped, index);
    (pushed.position, pushed.marked.unwrap_or(core::ptr::null()))
}

#[inline(never)]
fn small_pop(cursors: &Cursors, entries: &[AtomicUsize], seed: Seed) -> Option<usize> {
    Ring { cursors, entries, seed }.pop_as(Popper::Unpaced, || false, |_| {})
}

impl<'a> Ring<'a> {
    /// `entries.len()` is a power of two.
    #[inline(always)]
    pub(crate) fn new(cursors: &'a Cursors, entries: &'a [AtomicUsize], seed: Seed) -> Self {
        debug_assert!(entries.len().is_power_of_two());
        Self { cursors, entries, seed }
    }

    #[inline(always)]
    pub(super) fn geometry(&self) -> Geometry {
        Geometry::new(self.entries.len())
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry for position `p`.
    #[inline(always)]
    pub(super) fn entry(&self, p: usize) -> &'a AtomicUsize {
        // SAFETY:
        // - offset() is below the ring's length, which is entries.len().
        unsafe { self.entries.get_unchecked(self.geometry().offset(p)) }
    }

    /// Head, and the position that its zero stands for: seeds count as published one lap before the first push.
    #[inline(always)]
    pub(super) fn head(&self) -> (&'a AtomicUsize, usize) {
        let origin = if self.seed == Seed::Full { 0usize.wrapping_sub(self.entries.len()) } else { 0 };
        (&self.cursors.head, origin)
    }

    /// Appends `index`, which is not in this ring and is below its length. Lock-free; never fails.
    // Not inlined in a debug build, whose frames would add up to more than a job inside a job may take of its stack.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn push(&self, index: usize) -> PushInfo {
        if SMALL {
            let (position, marked) = small_push(self.cursors, self.entries, index);
            return PushInfo { position, marked: (!marked.is_null()).then_some(marked) };
        }
        // ORDERING: Acquire pairs with advance_tail's Release: a thread that sees a tail moved past a push also sees that
        // push's entry, so a pop after this push cannot find the ring empty (model a_pop_after_a_push_finds_something).
        let tail = self.cursors.tail.load(ordering(Site::PushTail, Acquire));
        match self.push_in_stride(tail, tail, index) {
            Ok(pushed) => pushed,
            // A copy, so that this view can stay in registers.
            Err(missed) => Ring { ..*self }.retry_push(missed, index),
        }
    }

    /// Tries to publish in the stride that begins at `tail`. Everything in it before `t` is published.
    #[inline(always)]
    fn push_in_stride(&self, tail: usize, t: usize, index: usize) -> Result<PushInfo, PushMiss> {
        let g = self.geometry();
        // A stride lies in one lap, and its entries are contiguous.
        let (lap, first, stride) = (g.lap(tail), g.offset(tail), g.stride());
        debug_assert!(g.starts_stride(tail) && t.wrapping_sub(tail) < stride);
        // SAFETY:
        // - a position of the tail is a multiple of the stride, and so is the ring's length, which is entries.len().
        let entries = unsafe { self.entries.get_unchecked(first..first + stride) };
        // A length known at compile time lets the compiler unroll the loop; microcontrollers and models don't want that.
        let unpublished = match <&[AtomicUsize; MAX_STRIDE]>::try_from(entries) {
            Ok(line) if SPINS => Self::find_unpublished(line, t.wrapping_sub(tail), lap, g),
            _ => Self::find_unpublished(entries, t.wrapping_sub(tail), lap, g),
        };
        let Some((walked, entry, e)) = unpublished else { return Err(PushMiss::Filled(tail)) };
        let t = tail.wrapping_add(walked);
        if !g.is_in_lap(e, g.lap_before(lap)) || bug(Bug::OrdersLaps) && e > g.entry(lap, t, t) {
            return Err(PushMiss::Lapped);
        }
        if bug(Bug::MovesTheTailFirst) {
            self.advance_tail(tail, t.wrapping_add(1));
        }
        // ORDERING: Release publishes what the pusher wrote for this index (E1, E2) to the popper's
        // Acquire load of the entry. Relaxed on failure: the loop reads again.
        let published = entry.compare_exchange(
            e,
            g.entry(lap, t, index),
            ordering(Site::PushPublish, Release),
            ordering(Site::PushPublishLost, Relaxed),
        );
        if published.is_err() {
            return Err(if SMALL { PushMiss::Lapped } else { PushMiss::Raced(tail, t) });
        }
        if walked + 1 == stride {
            self.advance_tail(tail, t.wrapping_add(1));
        }
        if walked == 0 {
            fetch_to_write(core::ptr::from_ref(self.entry(t.wrapping_add(stride))).cast());
        }
        let marked = (e & g.marks() != 0).then_some(core::ptr::from_ref(entry));
        Ok(PushInfo { position: t, marked })
    }

    /// The first entry of a stride, starting at number `from`, that is not published in `lap`: its number, the entry, and its
    /// value.
    #[inline(always)]
    fn find_unpublished(
        stride: &'a [AtomicUsize],
        from: usize,
        lap: usize,
        g: Geometry,
    ) -> Option<(usize, &'a AtomicUsize, usize)> {
        let mut walked = from;
        loop {
            let entry = stride.get(walked)?;
            // ORDERING: Relaxed: no data is read through it; the CAS decides.
            let e = entry.load(ordering(Site::PushEntry, Relaxed));
            if !g.is_in_lap(e, lap) {
                return Some((walked, entry, e));
            }
            walked += 1;
        }
    }

    /// Pushes after a first try that missed.
    #[cold]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(never))]
    fn retry_push(&self, mut missed: PushMiss, index: usize) -> PushInfo {
        let mut backoff = Backoff::new();
        loop {
            let (tail, t) = match missed {
                PushMiss::Filled(tail) => {
                    let now = self.advance_tail(tail, tail.wrapping_add(self.geometry().stride()));
                    (now, now)
                }
                PushMiss::Raced(tail, t) => {
                    backoff.pause();
                    (tail, t)
                }
                PushMiss::Lapped => {
                    yield_in_model();
                    // ORDERING: Acquire, as the first load of tail.
                    let now = self.cursors.tail.load(ordering(Site::PushTailAgain, Acquire));
                    (now, now)
                }
            };
            match self.push_in_stride(tail, t, index) {
                Ok(pushed) => return pushed,
                Err(again) => missed = again,
            }
        }
    }

    /// Moves the tail from `seen` to `to`, unless another thread has moved it. Everything before `to` is published. Returns
    /// the tail's new value.
    #[inline]
    fn advance_tail(&self, seen: usize, to: usize) -> usize {
        // ORDERING: Release: a pusher that acquires this tail sees the entries published before it, also those that
        // this thread only read on its way (model a_pop_after_a_push_finds_something_when_another_moved_the_tail).
        // Acquire on failure, as the first load of tail: the value found is where the push goes on.
        match self.cursors.tail.compare_exchange(
            seen,
            to,
            ordering(Site::AdvanceTail, Release),
            ordering(Site::AdvanceTailLost, Acquire),
        ) {
            Ok(_) => to,
            Err(now) => now,
        }
    }

    /// Removes and returns the oldest index; None if the ring is empty. Lock-free.
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<usize> {
        if SMALL {
            return small_pop(self.cursors, self.entries, self.seed);
        }
        self.pop_as(Popper::Unpaced, || false, |_| {})
    }

    /// The same, and `by` decides whether it then pauses, which it does only if `has_peer` says that some thread can push. Calls
    /// `expect` with an index that will probably be popped soon.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pop_as(
        &self,
        by: Popper,
        has_peer: impl FnOnce() -> bool,
        expect: impl Fn(usize),
    ) -> Option<usize> {
        let mut backoff = Backoff::new();
        loop {
            // ORDERING: Acquire: the caller reads what was pushed after it reads the entry (E1, E2).
            let (h, e) = self.front(Site::PopHead, Site::PopEntry, Acquire)?;
            let index = self.geometry().index(e, h);
            self.prefetch_ahead(h, index, &expect);
            if self.advance_head(h, 1) || bug(Bug::PopsWithoutWinning) {
                self.pace(h, by, has_peer);
                return Some(index);
            }
            if !SMALL {
                backoff.pause();
            }
        }
    }

    /// The oldest index and its position. It stays in the ring; [`Ring::pop_if_at`] pops it.
    #[inline(always)]
    pub(crate) fn peek(&self) -> Option<(usize, usize)> {
        // ORDERING: Acquire: the caller reads the slot after the entry (E1).
        let (h, e) = self.front(Site::PeekHead, Site::PeekEntry, Acquire)?;
        Some((h, self.geometry().index(e, h)))
    }

    /// Pops what `peek` saw at `h`, if it is still there.
    #[inline(always)]
    pub(crate) fn pop_if_at(&self, h: usize) -> bool {
        self.advance_head(h, 1)
    }

    /// Head and the entry published there, loaded with ordering `seen`; None if the ring is empty.
    #[inline(always)]
    pub(super) fn front(&self, at_head: Site, at_entry: Site, seen: Ordering) -> Option<(usize, usize)> {
        let g = self.geometry();
        let (head, origin) = self.head();
        loop {
            // ORDERING: Acquire pairs with advance_head's Release: a thread that sees head moved by a pop also sees the pushes
            // before that pop, so it cannot find a ring empty that never was (models a_ring_that_is_never_empty_…).
            let h = head.load(ordering(at_head, Acquire)).wrapping_add(origin);
            // ORDERING: the caller's: Acquire pairs with the pusher's Release on this entry.
            let e = self.entry(h).load(ordering(at_entry, seen));
            if bug(Bug::SeedsOneTooFew) && self.seed == Seed::Full && h == usize::MAX {
                return None;
            }
            if g.is_published(e, h) {
                return Some((h, e));
            }
            if g.is_behind(e, h) || bug(Bug::TakesALateLookForEmpty) {
                return None;
            }
            yield_in_model();
        }
    }

    /// Moves head past `count` published entries, if it is still at `h`.
    #[inline(always)]
    pub(super) fn advance_head(&self, h: usize, count: usize) -> bool {
        let (head, origin) = self.head();
        let stored = h.wrapping_sub(origin);
        // ORDERING: Release pairs with the Acquire of head in `front`. The entry's Acquire has made its contents
        // visible. Relaxed on failure: the caller reads again, or gives up.
        head.compare_exchange(
            stored,
            stored.wrapping_add(count),
            ordering(Site::AdvanceHead, Release),
            ordering(Site::AdvanceHeadLost, Relaxed),
        )
        .is_ok()
    }

    /// Is the ring empty? The answer was true at some moment during the call.
    // Forced inline where only one other function calls it: a completion queue costs nothing to a firmware without one.
    #[cfg_attr(all(target_os = "none", not(feature = "port")), inline(always))]
    #[cfg_attr(not(all(target_os = "none", not(feature = "port"))), inline)]
    pub(crate) fn is_empty(&self) -> bool {
        // ORDERING: Relaxed: nothing is read through the entry; a pop follows if there is one.
        self.front(Site::LookHead, Site::LookEntry, Relaxed).is_none()
    }

    /// How many indices were popped (wrapping). The value may be out of date.
    #[inline]
    pub(crate) fn popped(&self) -> usize {
        // ORDERING: Relaxed: callers only estimate how much is left, and whether others make progress.
        self.cursors.head.load(ordering(Site::PoppedLook, Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::Mark;
    use crate::sync::array_of;
    extern crate std;
    use std::collections::VecDeque;

    /// Compares pushes and pops with a queue, from start positions before and after each wrap.
    #[test]
    fn a_ring_is_a_queue_also_where_positions_wrap() {
        const N: usize = 4;
        for start in
            [0, N, usize::MAX - 2 * N + 1, usize::MAX - N + 1, usize::MAX / 2 + 1 - N, usize::MAX / 2 + 1]
        {
            for seeded in [0, 1, 3, N] {
                let seed = if seeded == 0 { Seed::Empty } else { Seed::Full };
                let entries: [AtomicUsize; N] = array_of![AtomicUsize::new(0); N];
                let cursors =
                    if seeded == 0 { Cursors::new() } else { Cursors::seeded(seeded, N) }.aged(start);
                let ring = Ring::new(&cursors, &entries, seed);
                if seeded != 0 {
                    ring.remove_seeds(seeded);
                }
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
}
