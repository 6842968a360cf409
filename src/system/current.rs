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
    #[inline]
    pub(super) fn get() -> *const Frame {
        CURRENT.with(Cell::get)
    }

    #[inline]
    pub(super) fn set(frame: *const Frame) {
        CURRENT.with(|current| current.set(frame));
    }
}

#[cfg(not(feature = "std"))]
mod slot {
    use super::{Frame, ptr};
    use core::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};

    /// One more than the key; 0: not asked for yet.
    static KEY: AtomicUsize = AtomicUsize::new(0);
    /// In KEY: there is none to be had.
    const NONE: usize = usize::MAX;

    /// None if the process has no key left; then no thread knows where it is.
    fn key() -> Option<libc::pthread_key_t> {
        // ORDERING: Acquire: pairs with the exchange in `create`, so that what pthread_key_create did is seen.
        match KEY.load(Acquire) {
            0 => create(),
            known => of_word(known),
        }
    }

    /// Whoever comes first makes it. Nobody waits for anybody: this may be on the way of a job.
    #[cold]
    fn create() -> Option<libc::pthread_key_t> {
        let mut key = 0;
        // SAFETY:
        // - `key` is writable; no destructor is registered.
        let made = unsafe { libc::pthread_key_create(&raw mut key, None) } == 0;
        let word = if made { key as usize + 1 } else { NONE };
        // ORDERING: AcqRel: Release for who loads this word, Acquire for the other's if ours is too late.
        match KEY.compare_exchange(0, word, AcqRel, Acquire) {
            Ok(_) => of_word(word),
            Err(others) => {
                if made {
                    // SAFETY:
                    // - created above, and known to nobody.
                    unsafe { libc::pthread_key_delete(key) };
                }
                of_word(others)
            }
        }
    }

    fn of_word(word: usize) -> Option<libc::pthread_key_t> {
        (word != NONE).then(|| (word - 1) as libc::pthread_key_t)
    }

    #[inline]
    pub(super) fn get() -> *const Frame {
        // SAFETY:
        // - the key was created and is never deleted.
        key().map_or(ptr::null(), |key| unsafe { libc::pthread_getspecific(key) }.cast())
    }

    #[inline]
    pub(super) fn set(frame: *const Frame) {
        if let Some(key) = key() {
            // SAFETY:
            // - as in get.
            unsafe { libc::pthread_setspecific(key, frame.cast()) };
        }
    }
}

#[inline]
pub(super) fn get() -> *const Frame {
    slot::get()
}

#[inline]
pub(super) fn set(frame: *const Frame) {
    slot::set(frame);
}
