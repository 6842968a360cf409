//! A set of states, each kept as 64 bits of its hash: among n states, n²/2⁶⁵ pairs are expected to be
//! mistaken for one state (0.3 % at 300 million).

use std::hash::{Hash, Hasher};

/// Packs what is small into words, and mixes those.
#[derive(Default)]
struct Mix {
    state: u64,
    word: u64,
    filled: u32,
}

impl Mix {
    fn pack(&mut self, value: u64, bits: u32) {
        if self.filled + bits > 64 {
            self.flush();
        }
        self.word |= value << self.filled;
        self.filled += bits;
        if self.filled == 64 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        // A widening multiplication, folded; the constants are digits of π and e.
        let wide = u128::from(self.state ^ self.word ^ 0x2432_F6A8_885A_308D) * 0xB7E1_5162_8AED_2A6B_u128;
        self.state = (wide as u64) ^ (wide >> 64) as u64 ^ self.state.rotate_left(29);
        (self.word, self.filled) = (0, 0);
    }
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        let mut last = Mix { ..*self };
        last.flush();
        last.state
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.pack((*byte).into(), 8));
    }
    fn write_u8(&mut self, value: u8) {
        self.pack(value.into(), 8);
    }
    fn write_u16(&mut self, value: u16) {
        self.pack(value.into(), 16);
    }
    fn write_usize(&mut self, length: usize) {
        // The length of an array: nothing here is longer.
        debug_assert!(length < 1 << 8);
        self.pack(length as u64, 8);
    }
    fn write_isize(&mut self, variant: isize) {
        // The variant of an enum; no enum has more.
        self.pack(variant as u64 & 0x1FF, 9);
    }
    fn write_u64(&mut self, value: u64) {
        self.flush();
        self.word = value;
        self.flush();
    }
}

/// 64 bits for a value.
pub fn digest(of: &impl Hash) -> u64 {
    let mut mix = Mix::default();
    of.hash(&mut mix);
    mix.finish()
}

/// A set of fingerprints, in which each can be marked as on the present path (bit 0).
pub struct Seen {
    table: Vec<u64>,
    count: usize,
}

impl Seen {
    pub fn new() -> Self {
        Self { table: vec![0; 1 << 12], count: 0 }
    }

    fn place(table: &[u64], print: u64) -> usize {
        let mask = table.len() - 1;
        let mut at = (print >> 20) as usize & mask;
        while table[at] != 0 && table[at] & !1 != print {
            at = (at + 1) & mask;
        }
        at
    }

    /// None if it is new (it is then marked as on the path), else whether it is on the path.
    pub fn enter(&mut self, print: u64) -> Option<bool> {
        let at = Self::place(&self.table, print);
        if self.table[at] != 0 {
            return Some(self.table[at] & 1 != 0);
        }
        self.table[at] = print | 1;
        self.count += 1;
        if self.count * 4 > self.table.len() * 3 {
            let mut larger = vec![0; self.table.len() * 2];
            for old in self.table.iter().filter(|old| **old != 0) {
                let at = Self::place(&larger, old & !1);
                larger[at] = *old;
            }
            self.table = larger;
        }
        None
    }

    pub fn leave(&mut self, print: u64) {
        let at = Self::place(&self.table, print);
        self.table[at] &= !1;
    }
}
