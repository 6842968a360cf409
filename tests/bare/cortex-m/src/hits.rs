//! Records which instructions were interrupted.

use crate::println;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// One bit for each two bytes of code.
pub struct Hits([AtomicU32; 2048]);

impl Hits {
    /// None yet.
    #[allow(clippy::new_without_default, reason = "it is a static")]
    pub const fn new() -> Self {
        Self([const { AtomicU32::new(0) }; 2048])
    }

    /// The instruction at `address` was interrupted.
    pub fn mark(&self, address: u32) {
        let word = &self.0[(address / 64) as usize];
        word.store(word.load(Relaxed) | 1 << (address / 2 % 32), Relaxed);
    }

    /// How many were.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.load(Relaxed).count_ones()).sum()
    }

    /// Prints what the program `landings` reads.
    pub fn print(&self, who: &str) {
        for (at, word) in self.0.iter().enumerate() {
            let word = word.load(Relaxed);
            if word != 0 {
                println!("hits {who} {:x} {word:x}", at * 64);
            }
        }
    }
}
