//! Random choices that can be repeated from a seed.

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n.max(1)
    }

    pub fn of<T: Copy>(&mut self, these: &[T]) -> Option<T> {
        these.get(self.below(these.len() as u64) as usize).copied()
    }
}

/// Where the schedules begin: `JOBRING_SEED`, or always the same.
pub fn seed() -> u64 {
    std::env::var("JOBRING_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// The number of schedules: `JOBRING_ROUNDS` times the default.
pub fn rounds(usual: u64) -> u64 {
    usual * std::env::var("JOBRING_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}
