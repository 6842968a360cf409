//! The size of a worker's stack: rounding, and the minimum.

use crate::error::BuildError;
use crate::job::context::Stack;

/// The default size of a worker's stack, bytes.
pub(crate) const DEFAULT_STACK: usize = 2 * 1024 * 1024;

/// The stack that a worker's own code needs above the job, bytes: thread start, loop, run, resolve, wake.
/// Measured without a job: 240 bytes in an optimised build, 1,184 in a debug build (tests/stack_size.rs).
const WORKER_NEED: usize = 8 * 1024;

/// `requested` bytes rounded up to a page, or the default for 0.
///
/// # Errors
/// [`BuildError::StackTooSmall`] below the floor: the sum of what the system needs for a thread
/// (PTHREAD_STACK_MIN and the static thread-local storage, which is on the stack too) and what a worker
/// needs.
pub(crate) fn effective(requested: usize) -> Result<usize, BuildError> {
    if requested == 0 {
        return Ok(DEFAULT_STACK.max(floor()));
    }
    let page = page_size();
    let rounded = requested.checked_next_multiple_of(page).ok_or(BuildError::Invalid("stack_size"))?;
    if rounded > isize::MAX as usize {
        return Err(BuildError::Invalid("stack_size"));
    }
    if rounded < floor() {
        return Err(BuildError::StackTooSmall(floor()));
    }
    Ok(rounded)
}

/// The size of a guard of at least `bytes`. None if no memory is that large.
pub(crate) fn guard(bytes: usize) -> Option<usize> {
    (bytes <= isize::MAX as usize).then(|| bytes.next_multiple_of(page_size()))
}

/// The smallest stack of a worker, bytes; a multiple of the page size.
pub(crate) fn floor() -> usize {
    (system_need() + WORKER_NEED).next_multiple_of(page_size())
}

#[cfg(unix)]
pub(crate) fn page_size() -> usize {
    // SAFETY:
    // - has no preconditions.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

#[cfg(not(unix))]
pub(crate) fn page_size() -> usize {
    4096
}

/// PTHREAD_STACK_MIN and the static TLS of all modules loaded by now.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn system_need() -> usize {
    // glibc exports this value through a private symbol, which Rust's std uses too (rust-lang/rust#6233). If
    // the symbol is missing, the parts are added up.
    // SAFETY:
    // - the name is a C string; dlsym returns null or the symbol.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__pthread_get_minstack".as_ptr()) };
    if symbol.is_null() {
        return stack_min() + static_tls();
    }
    // SAFETY:
    // - glibc's function of this name: size_t (const pthread_attr_t *).
    let get_minstack: unsafe extern "C" fn(*const libc::pthread_attr_t) -> usize =
        unsafe { core::mem::transmute(symbol) };
    let mut attr = core::mem::MaybeUninit::uninit();
    // SAFETY:
    // - the attributes are used between init and destroy, and get_minstack only reads them.
    unsafe {
        if libc::pthread_attr_init(attr.as_mut_ptr()) != 0 {
            return stack_min() + static_tls();
        }
        let need = get_minstack(attr.as_ptr());
        libc::pthread_attr_destroy(attr.as_mut_ptr());
        need.max(stack_min())
    }
}

#[cfg(all(unix, not(all(target_os = "linux", target_env = "gnu"))))]
fn system_need() -> usize {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return stack_min() + static_tls();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    stack_min()
}

#[cfg(not(unix))]
fn system_need() -> usize {
    0
}

/// PTHREAD_STACK_MIN of the running system; at least 8 KiB, because musl's minimum has no room for a signal.
#[cfg(unix)]
fn stack_min() -> usize {
    // SAFETY:
    // - has no preconditions.
    let dynamic = unsafe { libc::sysconf(libc::_SC_THREAD_STACK_MIN) };
    usize::try_from(dynamic).unwrap_or(0).max(libc::PTHREAD_STACK_MIN).max(8192)
}

/// The thread-local storage of all loaded modules, rounded up: a thread's stack holds it besides its frames.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn static_tls() -> usize {
    unsafe extern "C" fn add(info: *mut libc::dl_phdr_info, _: usize, sum: *mut libc::c_void) -> i32 {
        // SAFETY:
        // - dl_iterate_phdr passes a valid record and its headers; `sum` is the caller's usize.
        unsafe {
            for n in 0..usize::from((*info).dlpi_phnum) {
                let header = &*(*info).dlpi_phdr.add(n);
                if header.p_type == libc::PT_TLS {
                    *sum.cast::<usize>() += header.p_memsz as usize + header.p_align as usize;
                }
            }
        }
        0
    }
    let mut sum = 0usize;
    // SAFETY:
    // - `add` accepts what dl_iterate_phdr passes, and the pointer to `sum`, which outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut sum).cast()) };
    sum
}

/// The bytes of a thread's stack above the frame of its start function (thread-local storage). Takes a system
/// lock, so it is called once, not by each thread.
pub(crate) fn above_start() -> usize {
    #[cfg(all(unix, not(jobring_loom)))]
    return system_need().saturating_sub(stack_min());
    #[cfg(not(all(unix, not(jobring_loom))))]
    0
}

/// The approximate bounds of the calling thread's stack of `size` bytes: `top` is an address in the frame of
/// its start function, and `above` bytes lie above that. None in a model, whose threads use the checker's
/// stacks.
pub(crate) fn around(top: usize, above: usize, size: usize) -> Option<Stack> {
    let high = top + above;
    (!cfg!(jobring_loom)).then_some(Stack { low: high.saturating_sub(size), high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_and_bounded_below() {
        let page = page_size();
        assert!(floor().is_multiple_of(page) && floor() > WORKER_NEED);
        assert_eq!(effective(0), Ok(DEFAULT_STACK.max(floor())));
        assert_eq!(effective(floor()), Ok(floor()));
        assert_eq!(effective(floor() - page + 1), Ok(floor()));
        assert_eq!(effective(floor() - page), Err(BuildError::StackTooSmall(floor())));
        assert_eq!(effective(1), Err(BuildError::StackTooSmall(floor())));
        assert_eq!(effective(usize::MAX), Err(BuildError::Invalid("stack_size")));
        assert_eq!(effective(isize::MAX as usize + 2), Err(BuildError::Invalid("stack_size")));
        let size = floor().max(64 * 1024);
        assert_eq!(effective(size + 1), Ok(size + page));
    }
}
