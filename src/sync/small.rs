//! The atomics of a microcontroller, which has more spare cycles than flash. Each kind of read-modify-write
//! is one function, instead of an inlined loop with two barriers at every use.

use core::sync::atomic::AtomicUsize as Word;
use core::sync::atomic::Ordering::{self, AcqRel, Acquire};

/// core's atomic, of which only loads and stores are inlined. An exchange or an add is AcqRel, whatever
/// ordering the caller asks for: no site asks for more (only `fence` is SeqCst).
#[repr(transparent)]
pub struct AtomicUsize(Word);

/// Returns the previous value: `from` if the exchange succeeded.
#[inline(never)]
fn exchange(word: &Word, from: usize, to: usize) -> usize {
    // ORDERING: AcqRel, and Acquire when it fails: see AtomicUsize.
    word.compare_exchange(from, to, AcqRel, Acquire).unwrap_or_else(|now| now)
}

#[inline(never)]
fn add(word: &Word, value: usize) -> usize {
    // ORDERING: AcqRel: see AtomicUsize.
    word.fetch_add(value, AcqRel)
}

impl AtomicUsize {
    pub(crate) const fn new(value: usize) -> Self {
        Self(Word::new(value))
    }

    #[inline(always)]
    pub(crate) fn load(&self, order: Ordering) -> usize {
        // ORDERING: the caller's, as in the functions below: it names the partner.
        self.0.load(order)
    }

    #[inline(always)]
    pub(crate) fn store(&self, value: usize, order: Ordering) {
        // ORDERING: the caller's.
        self.0.store(value, order);
    }

    #[inline(always)]
    pub(crate) fn compare_exchange(
        &self,
        from: usize,
        to: usize,
        _: Ordering,
        _: Ordering,
    ) -> Result<usize, usize> {
        let now = exchange(&self.0, from, to);
        if now == from { Ok(now) } else { Err(now) }
    }

    #[inline(always)]
    pub(crate) fn fetch_add(&self, value: usize, _: Ordering) -> usize {
        add(&self.0, value)
    }

    #[inline(always)]
    pub(crate) fn fetch_sub(&self, value: usize, _: Ordering) -> usize {
        add(&self.0, value.wrapping_neg())
    }

    // The others have only one or two uses.

    pub(crate) fn fetch_or(&self, bits: usize, order: Ordering) -> usize {
        // ORDERING: the caller's.
        self.0.fetch_or(bits, order)
    }

    pub(crate) fn fetch_and(&self, bits: usize, order: Ordering) -> usize {
        // ORDERING: the caller's.
        self.0.fetch_and(bits, order)
    }

    pub(crate) fn swap(&self, value: usize, order: Ordering) -> usize {
        // ORDERING: the caller's.
        self.0.swap(value, order)
    }
}
