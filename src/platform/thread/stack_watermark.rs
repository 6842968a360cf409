//! How far a stack was used: its unused part is painted when the thread begins, and looked at on request.

use crate::job::context::Stack;
use crate::platform::stack_bounds;
use core::ptr;

/// What stands in words that were not used; no address, and no small number.
const PAINT: usize = 0xA5C3_96E1_5A3C_691E_u64 as usize;

/// Bytes below the painter's own frame that are left alone: its callees', and what the system writes for a signal.
const MARGIN: usize = 2048;

/// The painted part of one thread's stack, and what lies above it.
pub(crate) struct PaintedStack {
    low: *const usize,
    end: *const usize,
    high: usize,
}

impl PaintedStack {
    /// Paints the stack of the calling thread below `top`, an address in its caller's frame. None where the system cannot be
    /// asked for its end.
    pub(crate) fn below(top: *const u8) -> Option<Self> {
        let Stack { low, high } = stack_bounds::query()?;
        let word = size_of::<usize>();
        let low = low.next_multiple_of(word);
        let end = (top as usize).checked_sub(MARGIN)? / word * word;
        let at = ptr::with_exposed_provenance_mut::<usize>(low);
        let words = end.checked_sub(low)? / word;
        for n in 0..words {
            // SAFETY:
            // - between the low end of this thread's stack and well below the frames that are in use: nobody has
            //   anything there. Volatile: the compiler does not know that somebody looks.
            unsafe { at.add(n).write_volatile(PAINT) };
        }
        Some(Self { low: at, end: at.wrapping_add(words), high })
    }

    /// The bytes that were in use at any time since. The thread has not ended.
    pub(crate) fn used(&self) -> usize {
        let mut at = self.low;
        // SAFETY:
        // - within the painted part, which is mapped as long as the thread has not ended. The owner may write it at the
        //   same time: a word read volatile is then the old one or the new, and either answer is right.
        while at < self.end && unsafe { at.read_volatile() } == PAINT {
            at = at.wrapping_add(1);
        }
        self.high - at as usize
    }
}
