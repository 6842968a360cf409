//! The firmware's board support: start, vectors, the SysTick timer, output and exit through the debugger
//! (semihosting), and a panic handler.
#![no_std]

pub mod clock;
pub mod dice;
pub mod hits;
pub mod host;
pub mod ledger;
mod start;
pub mod sweep;
pub mod timer;

/// Makes `$name` an interrupt's entry, which calls `$handler` with the address of the instruction that the
/// interrupt came before.
#[macro_export]
macro_rules! entry {
    ($name:ident, $handler:path) => {
        // The exception's frame on the stack: r0 to r3, r12, lr, the address, the status.
        core::arch::global_asm!(
            concat!(".section .text.", stringify!($name)),
            ".p2align 1",
            concat!(".global ", stringify!($name)),
            concat!(".type ", stringify!($name), ", %function"),
            ".thumb_func",
            concat!(stringify!($name), ":"),
            "mrs r2, msp",
            "ldr r0, [r2, #24]",
            "ldr r1, [r2, #28]",
            "ldr r2, =({handler})",
            "bx r2",
            ".pool",
            handler = sym $handler,
        );
    };
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    println!("{info}");
    host::exit(false)
}
