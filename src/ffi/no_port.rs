//! What a C pool is on in a build that takes no port of the caller's: the operating system or, without one, spinning.

use super::port::jobring_port;
use super::status::{JOBRING_E_UNSUPPORTED, StatusError};
use crate::job::context::CallContext;
use crate::platform::System;
use crate::platform::port::Port;

pub(super) type CPort = System;

/// A configuration's port: none is taken. Where the system is known, a wrong one is told apart.
///
/// # Safety
/// 1. `port` is NULL or readable as its size says.
pub(super) unsafe fn read(port: *const jobring_port) -> Result<CPort, StatusError> {
    if port.is_null() {
        return Ok(System);
    }
    if cfg!(any(feature = "std", feature = "pthread")) {
        // SAFETY:
        // - 1; it is not used any longer.
        unsafe { jobring_port::check(port) }?;
    }
    Err(StatusError(JOBRING_E_UNSUPPORTED))
}

/// The caller's port, if the pool is on one.
#[cfg(not(any(feature = "std", feature = "pthread")))]
pub(super) fn given(_: &CPort) -> Option<&'static jobring_port> {
    None
}

/// The calling thread's innermost frame.
pub(super) fn current() -> *const CallContext {
    System.current()
}
