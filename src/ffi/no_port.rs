//! What a C pool is on in a build that takes no port of the caller's: the operating system or, without one, spinning.

use super::port::jobring_port;
use super::status::{JOBRING_E_UNSUPPORTED, StatusError};
use crate::job::context::CallContext;
use crate::platform::System;
use crate::platform::port::Port;

pub(super) type CPort = System;

/// A configuration's port: none is taken.
///
/// # Safety
/// None here; see c_port.rs.
pub(super) unsafe fn read(port: *const jobring_port) -> Result<CPort, StatusError> {
    if port.is_null() { Ok(System) } else { Err(StatusError(JOBRING_E_UNSUPPORTED)) }
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
