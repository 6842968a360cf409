//! Telling the processor what will be written soon.
//!
//! Entries and slots go from the core that fills them to the core that empties them, and back. A read-modify-write waits
//! for the stores before it, and so for each line that is still with the other core. So whoever walks along the rings asks for
//! the lines that it will come to.

use crate::util::backoff::SPINS;

/// Does this build ask for lines? Only where others may be at them meanwhile.
pub(crate) const FETCHES: bool = SPINS && cfg!(all(target_arch = "x86_64", not(miri)));

/// Asks for the line at `at` as its only owner, and goes on. Any address will do, also one that is not there.
#[inline(always)]
pub(crate) fn fetch_to_write(at: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if FETCHES {
        // SAFETY:
        // - PREFETCHW changes nothing but caches and never faults; a processor without it takes it for a NOP
        //   (Intel SDM, volume 2, PREFETCHW; AMD64 manual, volume 3, PREFETCH).
        unsafe {
            core::arch::asm!("prefetchw [{}]", in(reg) at, options(nostack, preserves_flags, readonly))
        };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = at;
}
