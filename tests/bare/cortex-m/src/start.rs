//! From reset to `main`, and the vector table.

use core::arch::global_asm;

// Floating point is off after reset, and the compiler takes it to be on.
#[cfg(target_abi = "eabihf")]
global_asm!(
    ".section .text.Floats",
    ".type Floats, %function",
    ".thumb_func",
    "Floats:",
    "ldr r0, =0xe000ed88",
    "ldr r1, [r0]",
    "orr r1, r1, #0xf00000",
    "str r1, [r0]",
    "dsb",
    "isb",
    "bx lr",
    ".pool",
);
#[cfg(not(target_abi = "eabihf"))]
global_asm!(".section .text.Floats", ".type Floats, %function", ".thumb_func", "Floats:", "bx lr");

// The two cores have the same first vectors; of the board's own interrupts the first 16 are there.
global_asm!(
    ".section .vectors, \"a\"",
    ".word Reset",
    ".word Fault", // NMI
    ".word Fault", // HardFault
    ".rept 11",
    ".word Fault",
    ".endr",
    ".word SysTick",
    ".rept 16",
    ".word Board",
    ".endr",
    ".section .text.Reset",
    ".global Reset",
    ".type Reset, %function",
    ".thumb_func",
    "Reset:",
    "ldr r0, =bss_start",
    "ldr r1, =bss_end",
    "movs r2, #0",
    "1: cmp r0, r1",
    "bhs 2f",
    "str r2, [r0]",
    "adds r0, #4",
    "b 1b",
    "2: bl Floats",
    "bl main",
    "b .",
    ".pool",
    ".section .text.Fault",
    ".type Fault, %function",
    ".thumb_func",
    "Fault:",
    "mrs r0, ipsr",
    "mrs r2, msp",
    "ldr r1, [r2, #24]",
    "ldr r2, =({fault})",
    "bx r2",
    ".pool",
    fault = sym fault,
);

extern "C" fn fault(number: u32, address: u32) -> ! {
    crate::println!("exception {number} at {address:#x}");
    crate::host::exit(false)
}
