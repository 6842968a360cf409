//! What the system does for us may be a cancellation point (pthread_join is one, opening a file too); our calls are none.

/// Runs `body` with cancellation of the calling thread put off until after it, as far as the system can be told.
pub(super) fn with_cancel_disabled<R>(body: impl FnOnce() -> R) -> R {
    let _put_off = CancelDisabled::begin();
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
        // - the state is what the same function gave. Enabling cancellation again acts on nothing by itself, unless it
        //   is asynchronous, which its user must not have while in a library.
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

/// Android has no cancellation; elsewhere a join stays what it is.
#[cfg(not(target_os = "linux"))]
struct CancelDisabled;

#[cfg(not(target_os = "linux"))]
impl CancelDisabled {
    fn begin() -> Self {
        Self
    }
}
