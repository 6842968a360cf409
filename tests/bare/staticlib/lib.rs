//! What a firmware in C links: `jobring_*`, and the panic handler that a Rust archive needs.

#![no_std]

// Its functions are found by name.
use jobring as _;

/// The library's release build has no path that leads here (`.ci/sizes` looks), so there is nothing to
/// report: the core stops at an invalid instruction, where a debugger shows it.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        // SAFETY:
        // - does nothing but trap; where a handler comes back from the trap, the loop traps again.
        unsafe {
            #[cfg(target_arch = "arm")]
            core::arch::asm!("udf #0");
            #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
            core::arch::asm!("unimp");
            #[cfg(not(any(target_arch = "arm", target_arch = "riscv32", target_arch = "riscv64")))]
            core::hint::spin_loop();
        }
    }
}
