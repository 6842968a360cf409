//! The packing of a job's handle: pool tag (8 bits) | generation | slot index + 1 (20 bits).

/// Bits of a slot's generation: 36 on 64-bit targets, 25 on 32-bit ones.
pub const GENERATION_BITS: u32 = generation_bits(usize::BITS);

const fn generation_bits(word: u32) -> u32 {
    if word == 64 { 36 } else { 25 }
}

const INDEX_BITS: u32 = 20;
const TAG_SHIFT: u32 = 56;
const GENERATION_MASK: u64 = (1 << GENERATION_BITS) - 1;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;

/// The most slots that handles can number.
pub const MAX_CAPACITY: usize = INDEX_MASK as usize;

/// Names one job of one pool. It is a value, not a reference: it may be copied, kept and compared.
///
/// When a job's slot is freed, its handle becomes *stale*: the pool refuses every call with it. This has two
/// limits. After exactly k·2³⁶ (2²⁵ on 32-bit targets) reuses of one slot an old handle fits again. And a
/// handle carries only 8 bits of its pool's identity, so 255 of 256 pools refuse another pool's handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct JobId(u64);

impl JobId {
    #[inline]
    pub(crate) const fn new(tag: u8, generation: usize, index: usize) -> Self {
        Self((tag as u64) << TAG_SHIFT | (generation as u64) << INDEX_BITS | (index as u64 + 1))
    }

    /// 8 bits of a pool's identity.
    #[inline]
    pub(crate) fn tag_of(pool: *const ()) -> u8 {
        // Fibonacci hashing (Knuth, TAOCP 3, 6.4): the top bits of a product with 2^64 / φ.
        ((pool as usize as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
    }

    /// The handle as a number, for other languages. 0 is never a handle.
    ///
    /// ```
    /// use jobring::{JobId, StaticPool};
    ///
    /// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    ///
    /// let handle = POOL.try_submit(|| ()).expect("there is room");
    /// let job = handle.id().expect("it is queued");
    /// assert_ne!(job.to_bits(), 0);
    /// assert_eq!(JobId::from_bits(job.to_bits()), job);
    /// # handle.detach();
    /// ```
    #[inline]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The handle with this number. Every number is accepted here; the pool refuses those that it did not
    /// issue.
    ///
    /// ```
    /// assert_eq!(jobring::JobId::from_bits(7).to_bits(), 7);
    /// ```
    #[inline]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The slot and generation, if the tag is this pool's and the index is within its capacity.
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
                    let job = JobId::new(tag, generation, index);
                    assert_eq!(job.resolve(tag, MAX_CAPACITY), Some((index, generation)));
                    assert_eq!(job.resolve(tag.wrapping_add(1), MAX_CAPACITY), None);
                    assert_eq!(job.resolve(tag, index), None);
                    assert_ne!(job.to_bits(), 0);
                    assert_eq!(JobId::from_bits(job.to_bits()), job);
                }
            }
        }
    }

    /// Checks the word sizes that this host lacks too, by the same arithmetic.
    #[test]
    fn a_handle_has_room_for_the_generations_of_every_word() {
        for (word, generations, state_flags) in [(64, 1u64 << 36, 7), (32, 1 << 25, 7)] {
            let bits = generation_bits(word);
            assert_eq!(1u64 << bits, generations);
            // The slot's state word: generation and flags. On 32 bits it is full.
            assert!(bits + state_flags <= word && (word == 64 || bits + state_flags == word));
            assert!(INDEX_BITS + bits <= TAG_SHIFT, "generation and tag are apart");
            for tag in [0u64, 0xff] {
                for generation in [0, generations - 1] {
                    for index in [0, MAX_CAPACITY as u64 - 1] {
                        // As JobId::new, in 64 bits on every target.
                        let packed = tag << TAG_SHIFT | generation << INDEX_BITS | (index + 1);
                        assert_eq!(packed >> TAG_SHIFT, tag);
                        assert_eq!(packed >> INDEX_BITS & (generations - 1), generation);
                        assert_eq!((packed & INDEX_MASK) - 1, index);
                        assert_ne!(packed, 0);
                    }
                }
            }
        }
    }

    #[test]
    fn zero_is_no_handle_of_any_pool() {
        assert!((0..=255).all(|tag| JobId::from_bits(0).resolve(tag, MAX_CAPACITY).is_none()));
    }
}
