//! QEMU's riscv32 `virt`, machine mode: boot, serial port, clock, software interrupts (CLINT), exit
//! (sifive_test).

use core::arch::{asm, global_asm};
use core::ptr::{read_volatile, write_volatile};

const TEST: *mut u32 = 0x10_0000 as *mut u32;
const MSIP: *mut u32 = 0x200_0000 as *mut u32;
const MTIMECMP_AT: usize = 0x200_4000;
const MTIME: *const u32 = 0x200_bff8 as *const u32;
const SERIAL: *mut u8 = 0x1000_0000 as *mut u8;

// All harts begin here at once. Hart 0 zeroes .bss; the others wait for its software interrupt. That
// interrupt is enabled in mie, so that WFI ends for it, and not in mstatus, so that it is never taken. So is
// the timer's, which is far off.
global_asm!(
    ".pushsection .text.boot, \"ax\"",
    ".global _start",
    "_start:",
    "   csrr a0, mhartid",
    "   li   t1, {cores}",
    "   bgeu a0, t1, 4f",
    "   la   sp, __stacks_top",
    "   slli t1, a0, 16",
    "   sub  sp, sp, t1",
    "   la   t1, 5f",
    "   csrw mtvec, t1",
    "   li   t1, 0x88",
    "   csrw mie, t1",
    "   li   t1, {alarms}",
    "   slli t2, a0, 3",
    "   add  t1, t1, t2",
    "   li   t2, -1",
    "   sw   t2, 0(t1)",
    "   sw   t2, 4(t1)",
    "   bnez a0, 2f",
    "   la   t1, __bss_start",
    "   la   t2, __bss_end",
    "1: bgeu t1, t2, 3f",
    "   sw   zero, 0(t1)",
    "   addi t1, t1, 4",
    "   j    1b",
    "2: wfi",
    "   csrr t1, mip",
    "   andi t1, t1, 8",
    "   beqz t1, 2b",
    "3: tail {start}",
    "4: wfi",
    "   j    4b",
    ".balign 4",
    "5: tail {trap}",
    ".popsection",
    cores = const crate::CORES,
    alarms = const MTIMECMP_AT,
    start = sym crate::start,
    trap = sym trap,
);

/// An exception: there are none, so this is a failure.
extern "C" fn trap() -> ! {
    let (cause, at): (usize, usize);
    // SAFETY:
    // - reads two registers.
    unsafe { asm!("csrr {}, mcause", "csrr {}, mepc", out(reg) cause, out(reg) at) };
    panic!("exception {cause} at {at:#x}");
}

/// The core that calls.
pub fn core() -> usize {
    let id;
    // SAFETY:
    // - reads a register.
    unsafe { asm!("csrr {}, mhartid", out(reg) id, options(nomem, nostack)) };
    id
}

pub fn put(byte: u8) {
    // SAFETY:
    // - the serial port's data register; QEMU's always has room.
    unsafe { write_volatile(SERIAL, byte) };
}

/// What `ticks` counts in a second.
pub fn ticks_per_second() -> u64 {
    10_000_000
}

pub fn ticks() -> u64 {
    // SAFETY:
    // - the clock's two halves, read again if the high one moved on between.
    let half = |at: usize| unsafe { read_volatile(MTIME.add(at)) };
    loop {
        let (high, low) = (half(1), half(0));
        if half(1) == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Ends QEMU.
pub fn exit(good: bool) -> ! {
    // SAFETY:
    // - the test device: PASS, or FAIL with a code in the upper half.
    unsafe { write_volatile(TEST, if good { 0x5555 } else { 1 << 16 | 0x3333 }) };
    halt()
}

/// For a core that is done.
pub fn halt() -> ! {
    loop {
        answer();
        sleep(None);
    }
}

/// Nothing that the boot code has not done.
pub fn begin() {}

/// Lets the other cores begin, which wait in the boot code.
pub fn start_others() {
    (1..crate::CORES).for_each(ring);
}

/// Takes back the bell that may have been rung for this core. What is looked at after it was written before a
/// later bell.
pub fn answer() {
    // SAFETY:
    // - this core's software interrupt. The fence: memory is read after the device was written; Rust's fences
    //   order memory alone.
    unsafe {
        write_volatile(MSIP.add(core()), 0);
        asm!("fence iorw, iorw", options(nostack));
    }
}

/// Rings for a core: what was written before is there when its `sleep` returns.
pub fn ring(core: usize) {
    // SAFETY:
    // - the core's software interrupt. The fence: the device is written after memory was.
    unsafe {
        asm!("fence iorw, iorw", options(nostack));
        write_volatile(MSIP.add(core), 1);
    }
}

/// Does `sleep` sleep in QEMU? Can it end after a time?
#[cfg(not(feature = "spin"))]
pub const SLEEPS: bool = true;
#[cfg(not(feature = "spin"))]
pub const HAS_ALARM: bool = true;

/// Sleeps until this core is woken, or this many nanoseconds have passed; returns at once if it was woken
/// since `answer`. Without an end nothing ticks.
pub fn sleep(timeout: Option<u64>) {
    if let Some(nanos) = timeout {
        set_alarm(ticks().saturating_add(nanos.div_ceil(100)));
    }
    // SAFETY:
    // - the software interrupt ends it, or the timer's, both enabled in mie by the boot code.
    unsafe { asm!("wfi", options(nostack)) };
    if timeout.is_some() {
        set_alarm(u64::MAX);
    }
}

fn set_alarm(at: u64) {
    let compare = (MTIMECMP_AT as *mut u32).wrapping_add(2 * core());
    // SAFETY:
    // - this core's compare register, by halves, and never lower on the way than it was or will be.
    unsafe {
        write_volatile(compare, u32::MAX);
        write_volatile(compare.add(1), (at >> 32) as u32);
        write_volatile(compare, at as u32);
    }
}
