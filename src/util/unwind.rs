//! Panics in user code: caught with std; without std they end the process.

use crate::sync::dying;
use core::mem::ManuallyDrop;

/// What a job that failed leaves behind.
#[cfg(feature = "std")]
pub(crate) type PanicPayload = alloc::boxed::Box<dyn core::any::Any + Send>;
/// Without std a panic ends the process, so no closure fails.
#[cfg(not(feature = "std"))]
pub(crate) type PanicPayload = core::convert::Infallible;

/// Calls `f` and catches its panic. Nobody uses the closure afterwards, so its unwind safety does not matter.
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

/// A model catches nothing: the checker reports what it finds by a panic, which has to end the execution.
#[cfg(jobring_loom)]
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, PanicPayload> {
    Ok(f())
}

/// Resumes a caught panic.
pub(crate) fn resume(failure: PanicPayload) -> ! {
    #[cfg(feature = "std")]
    std::panic::resume_unwind(failure);
    #[cfg(not(feature = "std"))]
    match failure {}
}

/// Calls user code whose panic nobody receives. False if it panicked. To drop a value, use [`drop_ignoring_panic`]: a value
/// that a closure does not capture is dropped elsewhere.
pub(crate) fn call_ignoring_panic(f: impl FnOnce()) -> bool {
    catch(f).map_err(drop_payload).is_ok()
}

/// Drops a user's value. If its destructor panics, the panic is caught and dropped too. So this never
/// unwinds, also while the thread is panicking.
pub(crate) fn drop_ignoring_panic<T>(value: T) {
    // Whatever part of it the closure captures, it is dropped inside the closure or not at all.
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

/// Drops the payload of a caught panic. If that panics again, the second payload is leaked: there could be no
/// end.
fn drop_payload(payload: PanicPayload) {
    let mut payload = ManuallyDrop::new(payload);
    // SAFETY:
    // - dropped here alone, and not used again.
    if let Err(second) = catch(|| unsafe { ManuallyDrop::drop(&mut payload) }) {
        let _leaked = ManuallyDrop::new(second);
    }
}

/// A user's value that [`drop_ignoring_panic`] drops at the end of its scope.
pub(crate) struct Discarded<T>(ManuallyDrop<T>);

impl<T> Discarded<T> {
    #[inline(always)]
    pub(crate) fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    pub(crate) fn get(&self) -> &T {
        &self.0
    }

    /// Gets the value back; it is not dropped.
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
