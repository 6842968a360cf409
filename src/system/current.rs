//! One pointer a thread: its innermost frame. std's thread-local where there is std, else pthread_getspecific.

use crate::frame::Frame;
#[cfg(not(feature = "std"))]
use core::ptr;

#[cfg(feature = "std")]
mod slot {
    extern crate std;
    use super::Frame;
    use core::cell::Cell;

    std::thread_local! { static CURRENT: Cell<*const Frame> = const { Cell::new(core::ptr::null()) }; }

    // A const-initialised thread-local without a destructor is never gone, so `with` cannot fail.
    pub(super) fn get() -> *const Frame {
        CURRENT.with(Cell::get)
    }

    pub(super) fn set(frame: *const Frame) {
        CURRENT.with(|current| current.set(frame));
    }
}

#[cfg(not(feature = "std"))]
mod slot {
    use super::{Frame, ptr};
    use spin::Once;

    static KEY: Once<Option<libc::pthread_key_t>> = Once::new();

    /// None if the process has no key left; then no thread knows where it is.
    fn key() -> Option<libc::pthread_key_t> {
        *KEY.call_once(|| {
            let mut key = 0;
            // SAFETY:
            // - `key` is writable; no destructor is registered.
            (unsafe { libc::pthread_key_create(&raw mut key, None) } == 0).then_some(key)
        })
    }

    pub(super) fn get() -> *const Frame {
        // SAFETY:
        // - the key was created and is never deleted.
        key().map_or(ptr::null(), |key| unsafe { libc::pthread_getspecific(key) }.cast())
    }

    pub(super) fn set(frame: *const Frame) {
        if let Some(key) = key() {
            // SAFETY:
            // - as in get.
            unsafe { libc::pthread_setspecific(key, frame.cast()) };
        }
    }
}

pub(super) fn get() -> *const Frame {
    slot::get()
}

pub(super) fn set(frame: *const Frame) {
    slot::set(frame);
}
