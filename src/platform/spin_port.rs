//! The port of a build without an operating system: threads wait by spinning.

use crate::job::context::CallContext;
use crate::platform::port::{Origin, Port};
use crate::sync::{AtomicUsize, spin_loop};

/// Waits by spinning, has no clock and does not know its threads. So it does not detect a job that waits for
/// itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spin;

impl Port for Spin {
    const WAKES_BY_ITSELF: bool = true;
    const SLEEPS: bool = false;

    fn wait(&self, _: &AtomicUsize, _: usize, _: Option<u64>) {
        spin_loop();
    }

    #[inline(always)]
    fn wake(&self, _: *const AtomicUsize, _: bool, _: Origin) {}

    fn now(&self) -> Option<u64> {
        None
    }

    fn current(&self) -> *const CallContext {
        core::ptr::null()
    }

    fn set_current(&self, _: *const CallContext) {}
}
