//! Calls of this library are no cancellation points, although they call system functions that are
//! (pthread_join, open).

/// Runs `body` with cancellation of the calling thread disabled, on systems where that is possible.
pub(crate) fn with_cancel_disabled<R>(body: impl FnOnce() -> R) -> R {
    let _disabled = CancelDisabled::begin();
    body()
}

#[cfg(target_os = "linux")]
struct CancelDisabled(libc::c_int);

#[cfg(target_os = "linux")]
impl CancelDisabled {
    fn begin() -> Self {
        let mut before = 0;
        // SAFETY:
        // - `before` is writable. DISABLE is a valid state, so this cannot fail.
        unsafe { pthread_setcancelstate(DISABLE, &raw mut before) };
        Self(before)
    }
}

#[cfg(target_os = "linux")]
impl Drop for CancelDisabled {
    fn drop(&mut self) {
        // SAFETY:
        // - the state came from the same function. Enabling cancellation does not cancel by itself, unless
        //   cancellation is asynchronous, which a user must not have inside a library.
        unsafe { pthread_setcancelstate(self.0, core::ptr::null_mut()) };
    }
}

/// PTHREAD_CANCEL_DISABLE of glibc and musl.
#[cfg(target_os = "linux")]
const DISABLE: libc::c_int = 1;

#[cfg(target_os = "linux")]
unsafe extern "C" {
    /// Not in the crate libc.
    fn pthread_setcancelstate(state: libc::c_int, before: *mut libc::c_int) -> libc::c_int;
}

/// Android has no cancellation. On other systems a join stays a cancellation point.
#[cfg(not(target_os = "linux"))]
struct CancelDisabled;

#[cfg(not(target_os = "linux"))]
impl CancelDisabled {
    fn begin() -> Self {
        Self
    }
}
