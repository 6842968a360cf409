//! The first timer of the board mps2-an386, and its interrupt.

use crate::clock::Clock;
use core::ptr;

const CONTROL: *mut u32 = 0x4000_0000 as *mut u32;
const VALUE: *mut u32 = 0x4000_0004 as *mut u32;
const RELOAD: *mut u32 = 0x4000_0008 as *mut u32;
const CLEAR: *mut u32 = 0x4000_000C as *mut u32;
const ENABLE: *mut u32 = 0xE000_E100 as *mut u32;
const NUMBER: u32 = 8;

/// One interrupt after this many instructions.
pub fn alarm(clock: &Clock, instructions: u32) {
    let ticks = clock.ticks(instructions);
    // SAFETY:
    // - registers of the board.
    unsafe {
        ptr::write_volatile(CONTROL, 0);
        ptr::write_volatile(RELOAD, u32::MAX);
        ptr::write_volatile(VALUE, ticks);
        ptr::write_volatile(CONTROL, 0b1001);
        ptr::write_volatile(ENABLE, 1 << NUMBER);
    }
}

/// The interrupt has been seen; no further one until the next alarm.
pub fn acknowledge() {
    // SAFETY:
    // - as in alarm.
    unsafe {
        ptr::write_volatile(CONTROL, 0);
        ptr::write_volatile(CLEAR, 1);
    }
}
