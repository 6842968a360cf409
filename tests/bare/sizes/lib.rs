//! The panic handler of the measured programs. It is linked only if something can panic.

#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
