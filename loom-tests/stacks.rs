//! Keeps the stacks of loom's threads from one execution to the next.
//!
//! loom makes its threads anew in every execution, and the crate `generator` maps, guards and unmaps a stack for each of
//! them: half of a model's time is the kernel's. These three functions stand in this program for the C library's. They
//! know a stack by MAP_STACK, keep it when it is unmapped, and hand it out again with its guard page. All other calls go on
//! to the kernel.

use libc::{MAP_ANONYMOUS, MAP_STACK, PROT_NONE, SYS_mmap, SYS_mprotect, SYS_munmap};
use libc::{c_int, c_void, off_t, size_t, syscall};
use std::sync::{Mutex, MutexGuard};

#[derive(Clone, Copy)]
struct Stack {
    /// 0: this place is empty.
    at: usize,
    size: usize,
    used: bool,
    /// Its lowest page is protected.
    guarded: bool,
}

/// More than a model has threads. A stack that finds no place is mapped and unmapped as before.
static STACKS: Mutex<[Stack; 16]> = Mutex::new([Stack { at: 0, size: 0, used: false, guarded: false }; 16]);

fn stacks() -> MutexGuard<'static, [Stack; 16]> {
    // Never locked while something panics.
    STACKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

// SAFETY:
// - replaces the C library's function, and does what that does: what it hands out again was unmapped by its last user.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    hint: *mut c_void,
    size: size_t,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: off_t,
) -> *mut c_void {
    let is_stack = flags & MAP_STACK != 0 && flags & MAP_ANONYMOUS != 0 && hint.is_null();
    let mut stacks = is_stack.then(stacks);
    if let Some(stacks) = &mut stacks
        && let Some(kept) = stacks.iter_mut().find(|stack| !stack.used && stack.size == size)
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
        *empty = Stack { at: at as usize, size, used: true, guarded: false };
    }
    at as *mut c_void
}

// SAFETY:
// - replaces the C library's function, and does what that does, except for a guard page that is there already.
#[unsafe(no_mangle)]
unsafe extern "C" fn mprotect(at: *mut c_void, size: size_t, protection: c_int) -> c_int {
    let mut stacks = stacks();
    let known = stacks.iter_mut().find(|stack| stack.at == at as usize && stack.at != 0);
    if let Some(stack) = known
        && protection == PROT_NONE
        && std::mem::replace(&mut stack.guarded, true)
    {
        return 0;
    }
    // SAFETY:
    // - the caller's call, with its obligations.
    unsafe { syscall(SYS_mprotect, at, size, protection) as c_int }
}

// SAFETY:
// - replaces the C library's function: what it keeps nobody else maps or hands out meanwhile.
#[unsafe(no_mangle)]
unsafe extern "C" fn munmap(at: *mut c_void, size: size_t) -> c_int {
    let mut stacks = stacks();
    if let Some(stack) = stacks.iter_mut().find(|stack| stack.at == at as usize && stack.size == size) {
        stack.used = false;
        return 0;
    }
    // SAFETY:
    // - the caller's call, with its obligations.
    unsafe { syscall(SYS_munmap, at, size) as c_int }
}
