//! The port of a C pool in a build that takes no user-defined port: the operating system or, without one,
//! spinning.

use super::port::jobring_port;
use super::status::{JOBRING_E_UNSUPPORTED, StatusError};
use crate::job::context::CallContext;
use crate::platform::System;
use crate::platform::port::Port;

pub(super) type CPort = System;

/// Refuses a configuration's port. Where the system is known, an invalid port gets a status of its own.
///
/// # Safety
/// 1. `port` is NULL or readable for its stated size.
pub(super) unsafe fn read(port: *const jobring_port) -> Result<CPort, StatusError> {
    if port.is_null() {
        return Ok(System);
    }
    if cfg!(any(feature = "std", feature = "pthread")) {
        // SAFETY:
        // - 1; it is not used after this call.
        unsafe { jobring_port::check(port) }?;
    }
    Err(StatusError(JOBRING_E_UNSUPPORTED))
}

/// The user-defined port, if the pool uses one.
#[cfg(not(any(feature = "std", feature = "pthread")))]
pub(super) fn given(_: &CPort) -> Option<&'static jobring_port> {
    None
}

/// The calling thread's innermost context.
pub(super) fn current() -> *const CallContext {
    System.current()
}
