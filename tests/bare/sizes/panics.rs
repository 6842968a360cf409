//! The negative control of the check for forbidden symbols: a slice that may be too short panics.

#![no_std]

use jobring_sizes as _;

/// The last of some numbers, divided.
#[unsafe(no_mangle)]
pub extern "C" fn panics(numbers: &[u64; 4], at: usize, by: u64) -> u64 {
    numbers[at] / by
}
