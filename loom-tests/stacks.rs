//! Keeps the stacks of loom's threads from one execution to the next.
//!
//! In each execution loom starts its threads again, and the crate `generator` (0.8.11) maps, guards and
//! unmaps a stack for each: half of a model's time is spent in the kernel. The three functions here replace
//! those of the C library in this program. They recognise a stack by the arguments that generator passes,
//! keep it when it is unmapped, and hand it out again with its guard page. All other calls go on to the
//! kernel.
//!
//! A fork may copy the lock while another thread holds it. So a child must not map memory before it runs
//! another program: children here come from `Command`, and from one fork (`kill/real.rs`) whose child makes
//! one call and ends.

use libc::{MAP_ANONYMOUS, MAP_PRIVATE, MAP_STACK, PROT_NONE, PROT_READ, PROT_WRITE};
use libc::{SYS_mmap, SYS_mprotect, SYS_munmap, c_int, c_void, off_t, size_t, syscall};
use std::sync::{Mutex, MutexGuard};

#[derive(Clone, Copy)]
struct Stack {
    /// 0: this place is empty.
    at: usize,
    size: usize,
    used: bool,
    /// The bytes at its lower end that are protected: a page, once generator has protected it.
    guard: usize,
}

const EMPTY: Stack = Stack { at: 0, size: 0, used: false, guard: 0 };

impl Stack {
    fn is(&self, at: *mut c_void, size: size_t) -> bool {
        self.at != 0 && self.at == at as usize && self.size == size
    }

    fn overlaps(&self, at: *mut c_void, size: size_t) -> bool {
        let at = at as usize;
        self.at != 0 && self.at < at.saturating_add(size) && at < self.at + self.size
    }
}

/// More than a model has threads. A stack without a place here is mapped and unmapped by the kernel.
static STACKS: Mutex<[Stack; 16]> = Mutex::new([EMPTY; 16]);

fn stacks() -> MutexGuard<'static, [Stack; 16]> {
    // Never locked while something panics.
    STACKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A mapping that was changed in another way than generator's is not kept: the kernel unmaps it.
fn forget(stacks: &mut [Stack; 16], at: *mut c_void, size: size_t) {
    stacks.iter_mut().filter(|stack| stack.overlaps(at, size)).for_each(|stack| *stack = EMPTY);
}

// SAFETY:
// - replaces the C library's function. Memory that it hands out again was unmapped by its last user, and has
//   the size, protection and kind that were asked for, with two differences: it is dirty, and its lowest page
//   is guarded already.
// - generator permits both. It guards the lowest page before it writes anything, and writes each word before
//   it reads it. One exception: it counts untouched words upwards from eight that it has filled, and only
//   needs to know if there is one.
// - No other caller in this program asks for memory with these arguments.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    hint: *mut c_void,
    size: size_t,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: off_t,
) -> *mut c_void {
    let is_stack = hint.is_null()
        && protection == PROT_READ | PROT_WRITE
        && flags == MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK
        && (file, offset) == (-1, 0);
    let mut stacks = is_stack.then(stacks);
    if let Some(stacks) = &mut stacks
        && let Some(kept) = stacks.iter_mut().find(|stack| stack.at != 0 && !stack.used && stack.size == size)
    {
        kept.used = true;
        return kept.at as *mut c_void;
    }
    // SAFETY:
    // - the caller's call, with its obligations.
    let at = unsafe { syscall(SYS_mmap, hint, size, protection, flags, file, offset) };
    if let Some(stacks) = &mut stacks
        && at != -1
        && let Some(empty) = stacks.iter_mut().find(|stack| stack.at == 0)
    {
        *empty = Stack { at: at as usize, size, used: true, guard: 0 };
    }
    at as *mut c_void
}

// SAFETY:
// - replaces the C library's function, and does what that does, except for a guard page that is there
//   already.
#[unsafe(no_mangle)]
unsafe extern "C" fn mprotect(at: *mut c_void, size: size_t, protection: c_int) -> c_int {
    let mut stacks = stacks();
    // generator's only protection of a stack is its guard: none has two of different sizes.
    let mut guarding = stacks.iter_mut().find(|stack| {
        let may_guard = stack.guard == 0 && size < stack.size || stack.guard == size;
        stack.at != 0 && stack.at == at as usize && protection == PROT_NONE && may_guard
    });
    if guarding.as_ref().is_some_and(|stack| stack.guard == size) {
        return 0;
    }
    // SAFETY:
    // - the caller's call, with its obligations.
    let result = unsafe { syscall(SYS_mprotect, at, size, protection) as c_int };
    match &mut guarding {
        Some(stack) if result == 0 => stack.guard = size,
        Some(_) => {}
        None => forget(&mut stacks, at, size),
    }
    result
}

// SAFETY:
// - replaces the C library's function: a stack that it keeps stays mapped, so that nobody else is given that
//   memory, and its last user makes no further access, as after any munmap.
#[unsafe(no_mangle)]
unsafe extern "C" fn munmap(at: *mut c_void, size: size_t) -> c_int {
    let mut stacks = stacks();
    if let Some(stack) = stacks.iter_mut().find(|stack| stack.is(at, size)) {
        stack.used = false;
        return 0;
    }
    forget(&mut stacks, at, size);
    // SAFETY:
    // - the caller's call, with its obligations.
    unsafe { syscall(SYS_munmap, at, size) as c_int }
}
