//! The high-water mark of a stack: a thread paints the unused part when it starts, and on request the paint
//! that is left is counted.

use crate::job::context::Stack;
use crate::platform::stack_bounds;
use core::ptr;

/// The paint in unused words: a value that is neither an address nor a small number.
const PAINT: usize = 0xA5C3_96E1_5A3C_691E_u64 as usize;

/// Bytes below the painter's frame that stay unpainted, for its callees and for a signal frame.
const MARGIN: usize = 2048;

/// The painted part of one thread's stack, and the stack's high end.
pub(crate) struct PaintedStack {
    low: *const usize,
    end: *const usize,
    high: usize,
}

impl PaintedStack {
    /// Paints the calling thread's stack below `top`, an address in the caller's frame. None if the system
    /// does not tell the stack's bounds.
    pub(crate) fn below(top: *const u8) -> Option<Self> {
        let Stack { low, high } = stack_bounds::query()?;
        let word = size_of::<usize>();
        let low = low.next_multiple_of(word);
        let end = (top as usize).checked_sub(MARGIN)? / word * word;
        let at = ptr::with_exposed_provenance_mut::<usize>(low);
        let words = end.checked_sub(low)? / word;
        for n in 0..words {
            // SAFETY:
            // - between the low end of this thread's stack and a margin below the frames in use: nothing is
            //   stored there. Volatile, because the compiler does not see the read.
            unsafe { at.add(n).write_volatile(PAINT) };
        }
        Some(Self { low: at, end: at.wrapping_add(words), high })
    }

    /// The most bytes that were in use at any time since. The thread must not have ended.
    pub(crate) fn used(&self) -> usize {
        let mut at = self.low;
        // SAFETY:
        // - within the painted part, which is mapped until the thread ends. The owner may write at the same
        //   time: a volatile read then gives the old word or the new one, and both answers are right.
        while at < self.end && unsafe { at.read_volatile() } == PAINT {
            at = at.wrapping_add(1);
        }
        self.high - at as usize
    }
}
