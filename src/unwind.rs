//! What becomes of a panic in a user's code: caught where there is std, else the end of the process.

use core::mem::ManuallyDrop;

/// What a job that failed leaves behind.
#[cfg(feature = "std")]
pub(crate) type Failure = alloc::boxed::Box<dyn core::any::Any + Send>;
/// Without std a panic does not come back, so no closure fails.
#[cfg(not(feature = "std"))]
pub(crate) type Failure = core::convert::Infallible;

/// Calls `f` and catches its panic. The closure is not looked at again, so its unwind safety is moot.
#[cfg(all(feature = "std", not(jobring_loom)))]
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Failure> {
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(f))
}

/// Without std nothing can be caught: a panic that would unwind out of a job ends the process.
#[cfg(not(any(feature = "std", jobring_loom)))]
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Failure> {
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
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Failure> {
    Ok(f())
}

/// Goes on with a panic that was caught.
pub(crate) fn resume(failure: Failure) -> ! {
    #[cfg(feature = "std")]
    std::panic::resume_unwind(failure);
    #[cfg(not(feature = "std"))]
    match failure {}
}

/// Drops what nobody wants; a destructor's panic has nobody to go to.
pub(crate) fn quietly(f: impl FnOnce()) {
    // A caught panic's payload may itself panic when dropped; it is leaked instead.
    let _ = catch(f).map_err(ManuallyDrop::new);
}
