//! A job's handle: pool tag (8 bits) | generation | slot index + 1 (20 bits). Pure packing.

/// Bits of a slot's generation: 36 on 64-bit targets, 26 on 32-bit ones.
pub const GENERATION_BITS: u32 = if usize::BITS == 64 { 36 } else { 26 };
const INDEX_BITS: u32 = 20;
const TAG_SHIFT: u32 = 56;
const GENERATION_MASK: u64 = (1 << GENERATION_BITS) - 1;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;

/// The largest number of slots that a handle can tell apart.
pub const MAX_CAPACITY: usize = INDEX_MASK as usize;

/// Names one job of one pool. A value, not a reference: it may be copied, kept and compared.
///
/// A job whose slot has been given back is *stale*: every call with its handle is refused. Two limits: after
/// exactly k·2³⁶ (2²⁶ on 32-bit targets) reuses of one slot an old handle fits again, and a handle of another
/// pool is caught by 8 bits, so by 255 of 256 pools.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Job(u64);

impl Job {
    #[inline]
    pub(crate) const fn new(tag: u8, generation: usize, index: usize) -> Self {
        Self((tag as u64) << TAG_SHIFT | (generation as u64) << INDEX_BITS | (index as u64 + 1))
    }

    /// The handle as a number, for other languages. 0 is never a handle.
    #[inline]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The handle with this number. Any number is accepted here; the pool refuses what it did not give out.
    #[inline]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The slot and generation, if the tag is this pool's and the index within its capacity.
    #[inline]
    pub(crate) const fn resolve(self, tag: u8, capacity: usize) -> Option<(usize, usize)> {
        let index = ((self.0 & INDEX_MASK) as usize).wrapping_sub(1);
        let generation = self.0 >> INDEX_BITS & (u64::MAX >> (64 - (TAG_SHIFT - INDEX_BITS)));
        if (self.0 >> TAG_SHIFT) as u8 != tag || index >= capacity || generation > GENERATION_MASK {
            return None;
        }
        Some((index, generation as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_gives_back_what_was_packed() {
        let last = (1usize << (GENERATION_BITS - 1)) - 1 + (1usize << (GENERATION_BITS - 1));
        for tag in [0, 1, 0x7f, 0xff] {
            for generation in [0, 1, last - 1, last] {
                for index in [0, 1, MAX_CAPACITY - 1] {
                    let job = Job::new(tag, generation, index);
                    assert_eq!(job.resolve(tag, MAX_CAPACITY), Some((index, generation)));
                    assert_eq!(job.resolve(tag.wrapping_add(1), MAX_CAPACITY), None);
                    assert_eq!(job.resolve(tag, index), None);
                    assert_ne!(job.to_bits(), 0);
                    assert_eq!(Job::from_bits(job.to_bits()), job);
                }
            }
        }
    }

    #[test]
    fn zero_is_no_handle_of_any_pool() {
        assert!((0..=255).all(|tag| Job::from_bits(0).resolve(tag, MAX_CAPACITY).is_none()));
    }
}
