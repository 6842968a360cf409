//! What becomes of a panic in a user's code: caught where there is std, else the end of the process.

use crate::sync::dying;
use core::mem::ManuallyDrop;

/// What a job that failed leaves behind.
#[cfg(feature = "std")]
pub(crate) type PanicPayload = alloc::boxed::Box<dyn core::any::Any + Send>;
/// Without std a panic does not come back, so no closure fails.
#[cfg(not(feature = "std"))]
pub(crate) type PanicPayload = core::convert::Infallible;

/// Calls `f` and catches its panic. The closure is not looked at again, so its unwind safety is moot.
#[cfg(all(feature = "std", not(jobring_loom)))]
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, PanicPayload> {
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(f))
}

/// Without std nothing can be caught: a panic that would unwind out of a job ends the process.
#[cfg(not(any(feature = "std", jobring_loom)))]
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, PanicPayload> {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            // A panic while panicking aborts.
            panic!("a job panicked, and without std that cannot be caught");
        }
    }
    let bomb = Bomb;
    let value = f();
    core::mem::forget(bomb);
    Ok(value)
}

/// In a model nothing is caught: a panic ends the execution, since what the checker finds it tells by a panic.
#[cfg(jobring_loom)]
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, PanicPayload> {
    Ok(f())
}

/// Goes on with a panic that was caught.
pub(crate) fn resume(failure: PanicPayload) -> ! {
    #[cfg(feature = "std")]
    std::panic::resume_unwind(failure);
    #[cfg(not(feature = "std"))]
    match failure {}
}

/// Calls user code whose panic has nobody to go to. To drop a value, [`drop_ignoring_panic`] is the way: a closure drops what
/// it does not capture somewhere else.
pub(crate) fn call_ignoring_panic(f: impl FnOnce()) {
    if let Err(payload) = catch(f) {
        drop_payload(payload);
    }
}

/// Drops a user's value, which nobody wants. A panic of its destructor has nobody to go to: it is caught, and dropped too. So
/// this never unwinds, also where the thread panics already.
pub(crate) fn drop_ignoring_panic<T>(value: T) {
    // Whatever the closure captures of it, it is dropped inside of the closure or not at all.
    let mut value = ManuallyDrop::new(value);
    if !core::mem::needs_drop::<T>() {
        return;
    }
    // SAFETY:
    // - dropped here alone, and not used again.
    if let Err(payload) = catch(|| unsafe { ManuallyDrop::drop(&mut value) }) {
        drop_payload(payload);
    }
}

/// Drops what a caught panic left. If that panics again, what the second panic left is leaked: it could go on so for ever.
fn drop_payload(payload: PanicPayload) {
    let mut payload = ManuallyDrop::new(payload);
    // SAFETY:
    // - dropped here alone, and not used again.
    if let Err(second) = catch(|| unsafe { ManuallyDrop::drop(&mut payload) }) {
        let _leaked = ManuallyDrop::new(second);
    }
}

/// A user's value that is dropped where the library leaves it, by [`drop_ignoring_panic`].
pub(crate) struct Discarded<T>(ManuallyDrop<T>);

impl<T> Discarded<T> {
    #[inline(always)]
    pub(crate) fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    #[cfg(feature = "future")]
    pub(crate) fn get(&self) -> &T {
        &self.0
    }

    /// It is wanted after all.
    #[inline(always)]
    pub(crate) fn keep(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY:
        // - `this` is not used or dropped after it.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl<T> Drop for Discarded<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if core::mem::needs_drop::<T>() && !dying() {
            // SAFETY:
            // - it is dropped once, and nobody takes it after it.
            drop_ignoring_panic(unsafe { ManuallyDrop::take(&mut self.0) });
        }
    }
}
