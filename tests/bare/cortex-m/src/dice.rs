//! Pseudo-random numbers: xorshift (G. Marsaglia, "Xorshift RNGs", 2003).

/// A sequence.
pub struct Dice(u32);

impl Dice {
    /// The sequence that `seed`, not 0, begins.
    pub const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// The next number below `n`.
    pub fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        // The high half of the product: without a division.
        ((self.0 as u64 * n as u64) >> 32) as u32
    }
}
