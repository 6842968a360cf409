//! QEMU's aarch64 `virt`, EL1: boot, memory attributes, serial port, clock, the other cores (PSCI), exit
//! (semihosting).

use core::arch::{asm, global_asm};
#[cfg(not(feature = "wfe"))]
use core::ptr::read_volatile;
use core::ptr::write_volatile;

const SERIAL: *mut u32 = 0x900_0000 as *mut u32;

// Core 0 begins here, and the others when `start_others` says so. First the MMU and the caches: exclusive
// loads and stores need normal memory, inner shareable and cacheable in every core, or they fault or never
// succeed on real hardware; with the MMU off all of memory is a device. (QEMU does not mind. Hardware also
// wants its caches invalidated before this where reset does not do it.) One table of four entries of 1 GiB:
// devices, RAM, nothing, nothing.
global_asm!(
    ".pushsection .text.boot, \"ax\"",
    ".global _start",
    "_start:",
    "   mrs  x0, mpidr_el1",
    "   and  x0, x0, #0xff",
    "   cmp  x0, {cores}",
    "   b.hs 4f",
    "   adr  x1, 5f",
    "   msr  vbar_el1, x1",
    // Floating point, which the compiler uses to copy.
    "   mov  x1, #(3 << 20)",
    "   msr  cpacr_el1, x1",
    // Attribute 0: device nGnRnE; 1: normal, write-back, allocating.
    "   mov  x1, #0xff00",
    "   msr  mair_el1, x1",
    // T0SZ 32, pages of 4 KiB; table walks inner shareable, write-back; TTBR1 off.
    "   ldr  x1, =0x803520",
    "   msr  tcr_el1, x1",
    "   adrp x1, 6f",
    "   add  x1, x1, :lo12:6f",
    "   msr  ttbr0_el1, x1",
    "   ic   iallu",
    "   tlbi vmalle1",
    "   dsb  sy",
    "   isb",
    // M, C, I.
    "   mrs  x1, sctlr_el1",
    "   mov  x2, #0x1005",
    "   orr  x1, x1, x2",
    "   msr  sctlr_el1, x1",
    "   isb",
    "   adrp x1, __stacks_top",
    "   add  x1, x1, :lo12:__stacks_top",
    "   sub  x1, x1, x0, lsl #16",
    "   mov  sp, x1",
    "   cbnz x0, 3f",
    "   adrp x1, __bss_start",
    "   add  x1, x1, :lo12:__bss_start",
    "   adrp x2, __bss_end",
    "   add  x2, x2, :lo12:__bss_end",
    "2: cmp  x1, x2",
    "   b.hs 3f",
    "   stp  xzr, xzr, [x1], #16",
    "   b    2b",
    "3: b    {start}",
    "4: wfi",
    "   b    4b",
    ".balign 0x800",
    "5:",
    ".rept 16",
    ".balign 0x80",
    "   b    {trap}",
    ".endr",
    ".popsection",
    ".pushsection .rodata.table, \"a\"",
    ".balign 4096",
    // Device, never executed; normal, inner shareable. Both accessed.
    "6: .quad 0x00000000 | 0x0060000000000401",
    "   .quad 0x40000000 | 0x705",
    "   .quad 0, 0",
    ".popsection",
    cores = const crate::CORES,
    start = sym crate::start,
    trap = sym trap,
);

unsafe extern "C" {
    fn _start();
}

/// An exception: there are none, so this is a failure.
extern "C" fn trap() -> ! {
    let (why, at): (usize, usize);
    // SAFETY:
    // - reads two registers.
    unsafe { asm!("mrs {}, esr_el1", "mrs {}, elr_el1", out(reg) why, out(reg) at) };
    panic!("exception {why:#x} at {at:#x}");
}

/// The core that calls.
pub fn core() -> usize {
    let id: usize;
    // SAFETY:
    // - reads a register.
    unsafe { asm!("mrs {}, mpidr_el1", out(reg) id, options(nomem, nostack)) };
    id & 0xff
}

pub fn put(byte: u8) {
    // SAFETY:
    // - the serial port's data register; QEMU's always has room.
    unsafe { write_volatile(SERIAL, u32::from(byte)) };
}

/// What `ticks` counts in a second.
pub fn ticks_per_second() -> u64 {
    let frequency;
    // SAFETY:
    // - reads a register.
    unsafe { asm!("mrs {}, cntfrq_el0", out(reg) frequency, options(nomem, nostack)) };
    frequency
}

pub fn ticks() -> u64 {
    let now;
    // SAFETY:
    // - reads a register, after what came before.
    unsafe { asm!("isb", "mrs {}, cntvct_el0", out(reg) now, options(nostack)) };
    now
}

/// Ends QEMU.
pub fn exit(good: bool) -> ! {
    let block = [0x20026, usize::from(!good)];
    // SAFETY:
    // - semihosting's SYS_EXIT: ADP_Stopped_ApplicationExit and a status.
    unsafe { asm!("hlt #0xf000", in("x0") 0x18, in("x1") &raw const block, options(nostack)) };
    halt()
}

/// For a core that is done.
pub fn halt() -> ! {
    loop {
        // SAFETY:
        // - no interrupt is enabled: it sleeps for good.
        unsafe { asm!("wfi", options(nostack)) };
    }
}

/// Starts the other cores, by the firmware's PSCI CPU_ON.
pub fn start_others() {
    for core in 1..crate::CORES {
        let answer: isize;
        // SAFETY:
        // - the call takes and leaves registers alone; what the core needs is in memory: the image, .bss
        //   zeroed.
        unsafe {
            asm!("dsb ish", "hvc #0", inout("x0") 0xC400_0003_usize => answer, in("x1") core,
                in("x2") _start as *const () as usize, in("x3") 0, clobber_abi("C"));
        }
        assert_eq!(answer, 0, "PSCI refused core {core}");
    }
}

#[cfg(feature = "wfe")]
pub use event::*;
#[cfg(not(feature = "wfe"))]
pub use interrupt::*;

/// WFE and SEV: the least that is needed. QEMU takes WFE for a no-op, so that nothing sleeps there.
#[cfg(feature = "wfe")]
mod event {
    use core::arch::asm;

    pub fn begin() {}

    /// Nothing to take back: an event that comes before WFE is kept for it.
    pub fn answer() {}

    /// Rings for a core (for all: SEV has no address): what was written before is there when its `sleep`
    /// returns. The barrier is DSB: SEV is no memory access, so that Rust's fences, DMB, do not order it.
    pub fn ring(_core: usize) {
        // SAFETY:
        // - no effect but that the other cores' WFE ends.
        unsafe { asm!("dsb ish", "sev", options(nostack)) };
    }

    /// Does `sleep` sleep in QEMU? Can it end after a time?
    #[cfg(not(feature = "spin"))]
    pub const SLEEPS: bool = false;
    #[cfg(not(feature = "spin"))]
    pub const HAS_ALARM: bool = false;

    /// Sleeps until the bell rings; returns at once if it did so since the last sleep.
    pub fn sleep(_: Option<u64>) {
        // SAFETY:
        // - SEV ends it.
        unsafe { asm!("wfe", options(nostack)) };
    }
}

/// WFI, ended by a software-generated interrupt of the GIC (v2), or by the virtual timer's. Interrupts are
/// masked as they are at reset: a pending interrupt still ends WFI, and none is ever taken.
#[cfg(not(feature = "wfe"))]
mod interrupt {
    use super::{read_volatile, write_volatile};
    use core::arch::asm;

    const DISTRIBUTOR: *mut u32 = 0x800_0000 as *mut u32;
    const CORE_INTERFACE: *mut u32 = 0x801_0000 as *mut u32;
    const TIMER: u32 = 27;

    // SAFETY (throughout):
    // - registers of the GIC, at the word offsets that its architecture gives.

    /// Each core for itself: forwards interrupts of every priority to it, and enables the timer's.
    pub fn begin() {
        // SAFETY: above: CTLR; ISENABLER0; the core's PMR, CTLR.
        unsafe {
            write_volatile(DISTRIBUTOR, 1);
            write_volatile(DISTRIBUTOR.add(0x100 / 4), 1 << TIMER);
            write_volatile(CORE_INTERFACE.add(1), 0xff);
            write_volatile(CORE_INTERFACE, 1);
        }
    }

    /// Takes back the bell that may have been rung for this core. What is looked at after it was written
    /// before a later bell.
    pub fn answer() {
        loop {
            // SAFETY: above: IAR, EOIR. The barrier: memory is read after the device.
            unsafe {
                let interrupt = read_volatile(CORE_INTERFACE.add(0xc / 4));
                if interrupt & 0x3ff == 0x3ff {
                    return asm!("dsb sy", options(nostack));
                }
                write_volatile(CORE_INTERFACE.add(0x10 / 4), interrupt);
            }
        }
    }

    /// Rings for a core: what was written before is there when its `sleep` returns. The barrier is DSB: a
    /// device is written after memory, and on the core's side it is no memory access that sees it.
    pub fn ring(core: usize) {
        // SAFETY: above: SGIR: interrupt 0 to that core.
        unsafe {
            asm!("dsb ish", options(nostack));
            write_volatile(DISTRIBUTOR.add(0xf00 / 4), 1 << (16 + core));
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
            let ticks =
                (u128::from(nanos) * u128::from(super::ticks_per_second()) / 1_000_000_000) as u64 + 1;
            let at = super::ticks().saturating_add(ticks);
            // SAFETY:
            // - the timer of this core, which nobody else uses: when, then on.
            unsafe {
                asm!("msr cntv_cval_el0, {}", "msr cntv_ctl_el0, {}", "isb", in(reg) at, in(reg) 1_u64)
            };
        }
        // SAFETY:
        // - an interrupt ends it. DSB: what came before is done.
        unsafe { asm!("dsb sy", "wfi", options(nostack)) };
        if timeout.is_some() {
            // SAFETY:
            // - the same: off.
            unsafe { asm!("msr cntv_ctl_el0, xzr", "isb", options(nostack)) };
        }
    }
}
