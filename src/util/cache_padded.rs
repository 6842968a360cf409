//! Keeps words that different threads write on different cache lines.

use core::ops::Deref;

/// Aligns its value to what one core fetches at a time: 128 bytes on x86-64 (pairs of lines) and aarch64, 64
/// elsewhere. On 32-bit targets without an OS it adds no alignment: microcontrollers have no cache, and every
/// byte counts.
#[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), repr(align(128)))]
#[cfg_attr(
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        all(target_os = "none", target_pointer_width = "32")
    )),
    repr(align(64))
)]
pub(crate) struct CachePadded<T>(T);

impl<T> CachePadded<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for CachePadded<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}
