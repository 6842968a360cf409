//! Prefetches lines that will be written soon.
//!
//! Entries and slots go from the core that fills them to the core that empties them, and back. A
//! read-modify-write waits for the stores before it, and so for each line that is still in another core's
//! cache. So a thread that walks along a ring prefetches the lines ahead of it.

use crate::util::backoff::SPINS;

/// Does this build prefetch? Only where other cores may use the lines meanwhile.
pub(crate) const FETCHES: bool = SPINS && cfg!(all(target_arch = "x86_64", not(miri)));

/// Prefetches the line at `at` for writing, without waiting for it. Any address is allowed, also an unmapped
/// one.
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
