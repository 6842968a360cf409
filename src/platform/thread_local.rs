//! Two values for each thread: a pointer to its innermost context, and the bounds of its stack. They are
//! std's thread-locals with std, otherwise keys of pthread_getspecific.

use crate::job::context::{CallContext, Stack};

#[cfg(feature = "std")]
mod slot {
    extern crate std;
    use super::{CallContext, Stack};
    use core::cell::Cell;

    std::thread_local! {
        static CURRENT: Cell<*const CallContext> = const { Cell::new(core::ptr::null()) };
        static STACK: Cell<Option<Option<Stack>>> = const { Cell::new(None) };
    }

    // A const-initialised thread-local without a destructor is never destroyed, so `with` cannot fail.
    #[inline]
    pub(super) fn get() -> *const CallContext {
        CURRENT.with(Cell::get)
    }

    #[inline]
    pub(super) fn set(context: *const CallContext) {
        CURRENT.with(|current| current.set(context));
    }

    pub(super) fn prepare() -> bool {
        true
    }

    pub(super) fn stack() -> Option<Option<Stack>> {
        STACK.with(Cell::get)
    }

    pub(super) fn keep_stack(stack: Option<Stack>) {
        STACK.with(|kept| kept.set(Some(stack)));
    }
}

#[cfg(not(feature = "std"))]
mod slot {
    use super::{CallContext, Stack};
    use core::ptr;
    use core::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};

    static CURRENT: Key = Key::new();
    /// The two ends of a thread's stack. A thread has both or none.
    static STACK: [Key; 2] = [const { Key::new() }; 2];

    /// A key of pthread_getspecific, created on first use.
    struct Key(
        /// The key plus one; 0 if there is none yet.
        AtomicUsize,
    );

    impl Key {
        const fn new() -> Self {
            Self(AtomicUsize::new(0))
        }

        /// None if the process has no key left now; the next call tries again.
        #[inline]
        fn made(&self) -> Option<libc::pthread_key_t> {
            // ORDERING: Acquire: pairs with the exchange in `make`, so that what pthread_key_create did is
            // seen.
            match self.0.load(Acquire) {
                0 => self.make(),
                word => Some((word - 1) as libc::pthread_key_t),
            }
        }

        /// The first thread creates the key. No thread waits for another, because this may be on a job's
        /// path.
        #[cold]
        fn make(&self) -> Option<libc::pthread_key_t> {
            let mut key = 0;
            // SAFETY:
            // - `key` is writable; no destructor is registered.
            if unsafe { libc::pthread_key_create(&raw mut key, None) } != 0 {
                return None;
            }
            // ORDERING: AcqRel: Release for a thread that loads this word, Acquire for another thread's key
            // if it came first.
            match self.0.compare_exchange(0, key as usize + 1, AcqRel, Acquire) {
                Ok(_) => Some(key),
                Err(others) => {
                    // SAFETY:
                    // - created above, and no other thread knows it.
                    unsafe { libc::pthread_key_delete(key) };
                    Some((others - 1) as libc::pthread_key_t)
                }
            }
        }

        #[inline]
        fn get(&self) -> *mut libc::c_void {
            // SAFETY:
            // - the key was created and is never deleted.
            self.made().map_or(ptr::null_mut(), |key| unsafe { libc::pthread_getspecific(key) })
        }

        /// False if the system has no key or no memory for it.
        #[inline]
        fn set(&self, value: *const libc::c_void) -> bool {
            // SAFETY:
            // - as in get.
            self.made().is_some_and(|key| unsafe { libc::pthread_setspecific(key, value) } == 0)
        }
    }

    #[inline]
    pub(super) fn get() -> *const CallContext {
        CURRENT.get().cast_const().cast()
    }

    #[inline]
    pub(super) fn set(context: *const CallContext) {
        CURRENT.set(context.cast());
    }

    pub(super) fn prepare() -> bool {
        CURRENT.made().is_some()
    }

    pub(super) fn stack() -> Option<Option<Stack>> {
        let [low, high] = [0, 1].map(|end: usize| STACK[end].get().addr());
        (high != 0).then_some(Some(Stack { low, high }))
    }

    /// If the system did not tell, or this fails, the next call asks again.
    pub(super) fn keep_stack(stack: Option<Stack>) {
        if let Some(Stack { low, high }) = stack
            && STACK[0].set(ptr::without_provenance(low))
        {
            STACK[1].set(ptr::without_provenance(high));
        }
    }
}

#[inline]
pub(super) fn get() -> *const CallContext {
    slot::get()
}

#[inline]
pub(super) fn set(context: *const CallContext) {
    slot::set(context);
}

/// Is there a place for each thread's pointer? If not, the call may be repeated.
pub(super) fn prepare() -> bool {
    slot::prepare()
}

/// The thread's stack as `keep_stack` stored it; None if it did not.
pub(super) fn stack() -> Option<Option<Stack>> {
    slot::stack()
}

pub(super) fn keep_stack(stack: Option<Stack>) {
    slot::keep_stack(stack);
}
