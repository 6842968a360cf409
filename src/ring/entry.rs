//! How a ring of 2^k entries packs position, lap and index into one word. Pure wrapping arithmetic.
//!
//! ```text
//! position = lap (word − k bits) │ offset (k bits)
//! entry    = the lap's complement (word − k − 2 bits) │ MARKS (2 bits) │ index xor offset (k bits)
//! ```
//!
//! So in all-zero memory every entry counts as published in lap −1 and holds its own offset as its index.

/// The kind of thread that a push into an empty entry must notify. Each kind has its own bit, so the two marks cannot be confused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    /// A thread that waits for an index.
    Waiter,
    /// A thread that closes the pool.
    Closer,
}

/// What a ring holds whose memory is all zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seed {
    /// Nothing.
    Empty,
    /// All indices in ascending order, except those that `Cursors::seeded` leaves out.
    Full,
}

/// Is it a microcontroller, where flash is scarce and nobody else runs meanwhile except interrupt handlers?
pub(super) const SMALL: bool = cfg!(all(target_os = "none", target_pointer_width = "32"));

/// The entries of one cache line: a pusher that walks over them reads one line.
pub(crate) const MAX_STRIDE: usize = 8;

/// The geometry of a ring of N entries, kept as N − 1.
#[derive(Clone, Copy)]
pub(crate) struct Geometry {
    mask: usize,
}

impl Geometry {
    /// `len` is a power of two and at most 2^(word−4), so that an entry has room for lap bits.
    #[inline(always)]
    pub(crate) const fn new(len: usize) -> Self {
        debug_assert!(len.is_power_of_two() && len <= 1 << (usize::BITS - 4));
        Self { mask: len - 1 }
    }

    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        self.mask + 1
    }

    /// The entries that are dealt with together, a power of two: half of N up to MAX_STRIDE, and 1 for N = 1.
    #[inline(always)]
    pub(crate) const fn line(self) -> usize {
        (self.mask >> 1 & (MAX_STRIDE - 1)) + 1
    }

    /// S, a power of two: the tail is always a multiple of S, and lags less than S behind the published entries.
    #[inline(always)]
    pub(crate) const fn stride(self) -> usize {
        // On a microcontroller a read-modify-write costs less than the walk over a stride.
        if SMALL { 1 } else { self.line() }
    }

    /// Is `p` the first position of a stride?
    #[inline(always)]
    pub(crate) const fn starts_stride(self, p: usize) -> bool {
        p & (self.stride() - 1) == 0
    }

    /// The first position of the stride that contains `p`.
    pub(crate) const fn stride_of(self, p: usize) -> usize {
        p & !(self.stride() - 1)
    }

    /// The number of the entry for position `p`.
    #[inline(always)]
    pub(crate) const fn offset(self, p: usize) -> usize {
        p & self.mask
    }

    /// The unmarked entry that publishes `index` at position `p` in `lap`.
    #[inline(always)]
    pub(crate) const fn entry(self, lap: usize, p: usize, index: usize) -> usize {
        lap | (index ^ p) & self.mask
    }

    /// Was `entry` published at `p`?
    #[inline(always)]
    pub(crate) const fn is_published(self, entry: usize, p: usize) -> bool {
        self.is_in_lap(entry, self.lap(p))
    }

    /// Was `entry` published in this lap, as [`Geometry::lap`] packs it?
    #[inline(always)]
    pub(crate) const fn is_in_lap(self, entry: usize, lap: usize) -> bool {
        // If so, they differ only in marks and index.
        entry ^ lap < (self.mask + 1) << 2
    }

    /// Is `entry` exactly one lap behind `p`? Then nothing has been published at `p` yet.
    #[inline(always)]
    pub(crate) const fn is_behind(self, entry: usize, p: usize) -> bool {
        self.is_in_lap(entry, self.lap_before(self.lap(p)))
    }

    /// The index in an entry published at `p`.
    #[inline(always)]
    pub(crate) const fn index(self, entry: usize, p: usize) -> usize {
        (entry ^ p) & self.mask
    }

    /// The bit that says which kind of thread the push must notify.
    #[inline(always)]
    pub(crate) const fn mark(self, by: Mark) -> usize {
        match by {
            Mark::Waiter => self.mask + 1,
            Mark::Closer => (self.mask + 1) << 1,
        }
    }

    /// Both marks.
    #[inline(always)]
    pub(crate) const fn marks(self) -> usize {
        (self.mask + 1) * 3
    }

    /// The complement of the lap of `p`, shifted to make room for the marks. Its two highest bits are lost.
    #[inline(always)]
    pub(crate) const fn lap(self, p: usize) -> usize {
        !(p | self.mask) << 2
    }

    /// The lap before.
    #[inline(always)]
    pub(crate) const fn lap_before(self, lap: usize) -> usize {
        lap.wrapping_add(self.len() << 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lens() -> impl Iterator<Item = usize> {
        (0..12).map(|k| 1 << k).chain([1 << 20])
    }

    /// Positions around every point where something wraps, and one from the middle.
    fn positions(len: usize) -> impl Iterator<Item = usize> {
        let near =
            [0, len, 2 * len, usize::MAX / 2, usize::MAX / 2 + 1, usize::MAX, usize::MAX - len, 12_345_678];
        near.into_iter().flat_map(move |at| (0..8).map(move |d: usize| at.wrapping_add(d).wrapping_sub(4)))
    }

    #[test]
    fn an_entry_says_where_it_was_published() {
        for len in lens() {
            let g = Geometry::new(len);
            for p in positions(len) {
                for index in [0, len / 2, len - 1] {
                    for marks in [0, g.mark(Mark::Waiter), g.mark(Mark::Closer), g.marks()] {
                        let entry = g.entry(g.lap(p), p, index) | marks;
                        assert_eq!(g.index(entry, p), index);
                        assert!(g.is_published(entry, p) && !g.is_behind(entry, p));
                        assert!(g.is_behind(entry, p.wrapping_add(len)));
                        assert!(!g.is_published(entry, p.wrapping_add(len)));
                        assert!(!g.is_behind(entry, p.wrapping_add(2 * len)) || len.leading_zeros() <= 4);
                        assert_eq!(g.offset(p), g.offset(p.wrapping_add(len)));
                    }
                }
            }
        }
    }

    /// The bound that `mod.rs` and BARE.md state.
    #[test]
    fn an_entry_fits_again_after_exactly_a_quarter_of_all_positions() {
        const PERIOD: usize = 1 << (usize::BITS - 2);
        for len in lens() {
            let g = Geometry::new(len);
            for p in positions(len) {
                let entry = g.entry(g.lap(p), p, len - 1);
                for times in 1..=3 {
                    assert!(g.is_published(entry, p.wrapping_add(PERIOD * times)));
                    assert!(g.is_behind(entry, p.wrapping_add(PERIOD * times + len)));
                }
                // At any other distance the same entry of the ring does not fit.
                let laps = (0..usize::BITS - 2).map(|bit| 1 << bit).filter(|&on| on >= len && on < PERIOD);
                for on in laps.flat_map(|on| [on, PERIOD - on, PERIOD + on]) {
                    assert!(!g.is_published(entry, p.wrapping_add(on)), "{len} {p} {on}");
                }
            }
        }
    }
}
