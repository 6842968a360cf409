//! The atomics of an archive for programs under ThreadSanitizer, under `cfg(jobring_announced)` (`make tsan`). Each operation is a call
//! of the sanitizer's runtime, the same that instrumented code makes: it does the operation with its ordering, and notes which threads
//! that orders. So there is no list of hand-overs that could lack one, and a weakened ordering orders no more than it should.
//!
//! Fences stay as they are: the runtime draws no order from them, and no plain data needs them (src/EDGES.md, E4 and E5). The
//! library's plain accesses stay unseen, except in functions of the system that the runtime replaces, such as `memcpy`.

use core::ffi::c_int;
use core::sync::atomic::AtomicUsize as Word;
use core::sync::atomic::Ordering;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("ThreadSanitizer is for 64-bit targets");

// As in LLVM's sanitizer/tsan_interface_atomic.h; gcc's runtime has the same functions.
unsafe extern "C" {
    fn __tsan_atomic64_load(word: *const usize, order: c_int) -> usize;
    fn __tsan_atomic64_store(word: *mut usize, value: usize, order: c_int);
    fn __tsan_atomic64_exchange(word: *mut usize, value: usize, order: c_int) -> usize;
    fn __tsan_atomic64_fetch_add(word: *mut usize, value: usize, order: c_int) -> usize;
    fn __tsan_atomic64_fetch_sub(word: *mut usize, value: usize, order: c_int) -> usize;
    fn __tsan_atomic64_fetch_or(word: *mut usize, bits: usize, order: c_int) -> usize;
    fn __tsan_atomic64_fetch_and(word: *mut usize, bits: usize, order: c_int) -> usize;
    fn __tsan_atomic64_compare_exchange_val(
        word: *mut usize,
        from: usize,
        to: usize,
        success: c_int,
        failure: c_int,
    ) -> usize;
}

/// The number of an ordering, as C++ counts them.
const fn number(order: Ordering) -> c_int {
    // ORDERING: numbers them; there is no atomic operation here.
    match order {
        Ordering::Relaxed => 0,
        Ordering::Acquire => 2,
        Ordering::Release => 3,
        Ordering::AcqRel => 4,
        _ => 5,
    }
}

/// core's atomic, by calls of the runtime.
#[repr(transparent)]
pub struct AtomicUsize(Word);

impl AtomicUsize {
    pub(crate) const fn new(value: usize) -> Self {
        Self(Word::new(value))
    }

    pub(crate) const fn as_ptr(&self) -> *mut usize {
        self.0.as_ptr()
    }

    pub(crate) fn load(&self, order: Ordering) -> usize {
        // ORDERING: the caller's, as in the functions below: it names the partner.
        // SAFETY:
        // - the word lives as long as `self`, and is accessed by atomic operations alone.
        unsafe { __tsan_atomic64_load(self.as_ptr(), number(order)) }
    }

    pub(crate) fn store(&self, value: usize, order: Ordering) {
        // ORDERING: the caller's.
        // SAFETY:
        // - as in load.
        unsafe { __tsan_atomic64_store(self.as_ptr(), value, number(order)) };
    }

    pub(crate) fn swap(&self, value: usize, order: Ordering) -> usize {
        // ORDERING: the caller's.
        // SAFETY:
        // - as in load.
        unsafe { __tsan_atomic64_exchange(self.as_ptr(), value, number(order)) }
    }

    pub(crate) fn fetch_add(&self, value: usize, order: Ordering) -> usize {
        // ORDERING: the caller's.
        // SAFETY:
        // - as in load.
        unsafe { __tsan_atomic64_fetch_add(self.as_ptr(), value, number(order)) }
    }

    pub(crate) fn fetch_sub(&self, value: usize, order: Ordering) -> usize {
        // ORDERING: the caller's.
        // SAFETY:
        // - as in load.
        unsafe { __tsan_atomic64_fetch_sub(self.as_ptr(), value, number(order)) }
    }

    pub(crate) fn fetch_or(&self, bits: usize, order: Ordering) -> usize {
        // ORDERING: the caller's.
        // SAFETY:
        // - as in load.
        unsafe { __tsan_atomic64_fetch_or(self.as_ptr(), bits, number(order)) }
    }

    pub(crate) fn fetch_and(&self, bits: usize, order: Ordering) -> usize {
        // ORDERING: the caller's.
        // SAFETY:
        // - as in load.
        unsafe { __tsan_atomic64_fetch_and(self.as_ptr(), bits, number(order)) }
    }

    pub(crate) fn compare_exchange(
        &self,
        from: usize,
        to: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize> {
        // ORDERING: the caller's.
        // SAFETY:
        // - as in load.
        let now = unsafe {
            __tsan_atomic64_compare_exchange_val(self.as_ptr(), from, to, number(success), number(failure))
        };
        if now == from { Ok(now) } else { Err(now) }
    }
}
