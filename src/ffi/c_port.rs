//! The port of a C pool in a build that takes a user-defined port: that port, or one that spins.

use super::port::jobring_port;
use super::status::{JOBRING_E_INVALID, StatusError};
use crate::job::context::CallContext;
use crate::platform::port_self;
use crate::platform::user_port::{Seat, UserPort};
use core::ffi::c_void;
use core::{hint, ptr, slice};

pub(super) type CPort = &'static jobring_port;

/// The port of a pool that was given none. It has no seats, so no thread sleeps.
static SPINNING: jobring_port = jobring_port { pause: Some(spin), ..jobring_port::EMPTY };

unsafe extern "C" fn spin(_: *mut c_void) {
    hint::spin_loop();
}

/// Checks a configuration's port.
///
/// # Safety
/// 1. `at` is NULL or readable for its stated size, for as long as the header says.
pub(super) unsafe fn read(at: *const jobring_port) -> Result<CPort, StatusError> {
    if at.is_null() {
        return Ok(&SPINNING);
    }
    // SAFETY:
    // - 1.
    let port = unsafe { jobring_port::check(at) }?;
    if port.get_self.is_none_or(port_self::asks) { Ok(port) } else { Err(StatusError(JOBRING_E_INVALID)) }
}

/// The user-defined port, if the pool uses one.
pub(super) fn given(port: &CPort) -> Option<&'static jobring_port> {
    Some(port)
}

/// The calling thread's innermost context.
pub(super) fn current() -> *const CallContext {
    port_self::current().cast()
}

// SAFETY:
// - the header says it: any thread may call its functions, and nobody changes it.
unsafe impl Sync for jobring_port {}

// SAFETY:
// - 1: the header says the same of get_self and set_self. 2: an unwind out of an extern "C" function aborts.
unsafe impl UserPort for jobring_port {
    fn seats(&self) -> &[Seat] {
        // SAFETY:
        // - the header says it: `seats` has `seat_count` seats, zeroed at first, and they belong to no other
        //   port. A Seat is a transparent atomic word. Only `read` makes a port from what callers give, and
        //   SPINNING has no seats.
        unsafe { slice::from_raw_parts(self.seats.cast(), self.seat_count as usize) }
    }

    fn park(&self, seat: usize, timeout: Option<u64>) {
        let nanos = timeout.map_or(-1, |nanos| i64::try_from(nanos).unwrap_or(i64::MAX));
        if let Some(park) = self.park {
            // SAFETY:
            // - the port's promise.
            unsafe { park(self.ctx, seat as u32, nanos) };
        }
    }

    fn unpark(&self, seat: usize, from_isr: bool) {
        if let Some(unpark) = self.unpark {
            // SAFETY:
            // - the port's promise.
            unsafe { unpark(self.ctx, seat as u32, u32::from(from_isr)) };
        }
    }

    fn pause(&self) {
        if let Some(pause) = self.pause {
            // SAFETY:
            // - the port's promise.
            unsafe { pause(self.ctx) };
        }
    }

    fn now(&self) -> Option<u64> {
        // SAFETY:
        // - the port's promise.
        self.now.map(|now| unsafe { now(self.ctx) })
    }

    fn current(&self) -> *mut () {
        // SAFETY:
        // - the port's promise.
        self.get_self.map_or(ptr::null_mut(), |get| unsafe { get() }.cast())
    }

    fn set_current(&self, context: *mut ()) {
        if let Some(set) = self.set_self {
            // SAFETY:
            // - the port's promise.
            unsafe { set(context.cast()) };
        }
    }
}
