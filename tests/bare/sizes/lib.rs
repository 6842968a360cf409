//! The panic handler of the programs that are measured. It is linked only where something panics.

#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
