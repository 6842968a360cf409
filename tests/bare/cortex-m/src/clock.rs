//! The SysTick timer: an alarm, and a count of instructions. With QEMU's `-icount shift=10` each instruction
//! takes 1024 ns, so the timer's ticks count instructions, and every run is the same.

use core::arch::asm;
use core::ptr;

const CONTROL: *mut u32 = 0xE000_E010 as *mut u32;
const RELOAD: *mut u32 = 0xE000_E014 as *mut u32;
const VALUE: *mut u32 = 0xE000_E018 as *mut u32;
const PRIORITIES: *mut u32 = 0xE000_ED20 as *mut u32;

const MOST: u32 = 0xFF_FFFF;
/// Nanoseconds of an instruction.
const INSTRUCTION: u32 = 1 << 10;

/// The timer, and how long its ticks are.
pub struct Clock {
    /// Nanoseconds of 1000 ticks.
    tick: u32,
}

impl Clock {
    /// The timer of a core that runs at this many MHz.
    pub const fn at(mhz: u32) -> Self {
        Self { tick: 1_000_000 / mhz }
    }

    /// The ticks that this many instructions take, at least 1.
    pub const fn ticks(&self, instructions: u32) -> u32 {
        let ticks = instructions as u64 * INSTRUCTION as u64 * 1000 / self.tick as u64;
        if ticks == 0 { 1 } else { ticks as u32 }
    }

    /// The instructions that run in this many ticks, rounded.
    pub const fn instructions(&self, ticks: u32) -> u32 {
        ((ticks as u64 * self.tick as u64 + INSTRUCTION as u64 * 500) / (INSTRUCTION as u64 * 1000)) as u32
    }

    /// Lets the timer run free, without an interrupt, to count.
    pub fn count(&self) {
        // SAFETY:
        // - registers of every Cortex-M.
        unsafe {
            ptr::write_volatile(RELOAD, MOST);
            ptr::write_volatile(VALUE, 0);
            ptr::write_volatile(CONTROL, 0b101);
        }
    }

    /// One interrupt after this many instructions.
    #[inline]
    pub fn alarm(&self, instructions: u32) {
        // SAFETY:
        // - as in count.
        unsafe {
            ptr::write_volatile(RELOAD, self.ticks(instructions));
            ptr::write_volatile(VALUE, 0);
            ptr::write_volatile(CONTROL, 0b111);
            // It counts by now, and would begin again too soon, before the handler has come to its next
            // alarm.
            ptr::write_volatile(RELOAD, MOST);
        }
    }

    /// No interrupt any more.
    pub fn stop(&self) {
        // SAFETY:
        // - as in count.
        unsafe { ptr::write_volatile(CONTROL, 0) }
    }

    /// Gives SysTick's interrupt the lowest priority.
    pub fn yields(&self) {
        // SAFETY:
        // - as in count; SysTick's is the highest byte.
        unsafe { ptr::write_volatile(PRIORITIES, 0xFF00_0000) }
    }
}

/// The timer now. It counts down.
#[inline(always)]
pub fn now() -> u32 {
    // SAFETY:
    // - a register of every Cortex-M, and nothing is changed by reading it.
    unsafe { ptr::read_volatile(VALUE) }
}

/// Ticks between two looks at the timer.
#[inline(always)]
pub fn since(earlier: u32, later: u32) -> u32 {
    earlier.wrapping_sub(later) & MOST
}

/// Ticks from one look at the timer to the next, with two instructions in between so often.
#[inline(never)]
fn spin(times: u32) -> u32 {
    let (earlier, later);
    // SAFETY:
    // - reads the timer, and counts a register down.
    unsafe {
        asm!(
            "ldr {earlier}, [{timer}]",
            "1: subs {times}, #1",
            "bne 1b",
            "ldr {later}, [{timer}]",
            timer = in(reg) VALUE,
            times = inout(reg) times => _,
            earlier = out(reg) earlier,
            later = out(reg) later,
        );
    }
    since(earlier, later)
}

impl Clock {
    /// Checks the timer against a loop whose instructions are known; fails the run if it is off. The ticks of
    /// a look at it: what lies between two looks with nothing in between.
    pub fn calibrate(&self) -> u32 {
        for times in [1, 100, 1100] {
            let counted = self.instructions(spin(times));
            assert_eq!(
                counted,
                2 * times + 1,
                "the timer counts instructions (QEMU runs with -icount shift=10)"
            );
        }
        let earlier = now();
        since(earlier, now())
    }
}
