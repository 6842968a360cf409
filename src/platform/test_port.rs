//! The port under the freeze test and the checker: the system's, unless the thread has a driver.

use super::os_port::Os;
use crate::job::context::{CallContext, Stack};
use crate::platform::port::{Origin, Port};
use crate::sync::freeze::driver;
use crate::sync::{AtomicUsize, spin_loop};

/// Sleeps in the kernel, or as its driver says.
#[derive(Clone, Copy, Debug, Default)]
pub struct DrivenPort;

impl Port for DrivenPort {
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
        match driver() {
            Some(driver) => driver.wait(word, expected, timeout.is_some()),
            None => Os.wait(word, expected, timeout),
        }
    }

    fn wake(&self, word: *const AtomicUsize, all: bool, origin: Origin) {
        driver().map_or_else(|| Os.wake(word, all, origin), |driver| driver.wake(word, all));
    }

    #[cfg(unix)]
    fn signal(&self, descriptor: usize) {
        driver().map_or_else(|| Os.signal(descriptor), |driver| driver.signal(descriptor));
    }

    #[cfg(unix)]
    fn clear(&self, descriptor: usize) {
        driver().map_or_else(|| Os.clear(descriptor), |driver| driver.clear(descriptor));
    }

    fn now(&self) -> Option<u64> {
        driver().map_or_else(|| Os.now(), |driver| driver.now())
    }

    fn stack(&self) -> Option<Stack> {
        if driver().is_some() { None } else { Os.stack() }
    }

    fn forks(&self) -> usize {
        Os.forks()
    }

    fn prepare(&self) -> bool {
        Os.prepare()
    }

    fn pause(&self) {
        driver().map_or_else(|| Os.pause(), |_| spin_loop());
    }

    fn has_timed_sleep(&self) -> bool {
        self.now().is_some()
    }

    fn current(&self) -> *const CallContext {
        driver().map_or_else(|| Os.current(), |driver| driver.current().cast())
    }

    fn set_current(&self, context: *const CallContext) {
        driver().map_or_else(|| Os.set_current(context), |driver| driver.set_current(context.cast()));
    }
}
