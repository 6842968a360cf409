//! What a static library without std needs in addition: a panic handler, which ends the process.

#![no_std]

extern crate jobring as _;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn abort() -> !;
    }
    // SAFETY:
    // - has no preconditions.
    unsafe { abort() }
}
