//! The port of an operating system: its sleep, its clock, its thread-local pointer.

#[cfg(unix)]
use super::fork;
use super::{sleep, stack_bounds, thread_local};
use crate::job::context::{CallContext, Stack};
use crate::platform::port::{Origin, Port};
use crate::sync::AtomicUsize;

/// The length of a pause, nanoseconds.
const PAUSE: u64 = 50_000;

/// Sleeps in the kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Os;

impl Port for Os {
    const WAKES_BY_ITSELF: bool = true;

    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
        sleep::wait(word, expected, timeout);
    }

    #[inline(always)]
    fn wake(&self, word: *const AtomicUsize, all: bool, _: Origin) {
        sleep::wake(word, if all { i32::MAX } else { 1 });
    }

    fn now(&self) -> Option<u64> {
        Some(sleep::now())
    }

    #[inline(always)]
    fn has_timed_sleep(&self) -> bool {
        true
    }

    fn yield_now(&self) {
        // SAFETY:
        // - has no preconditions; on Linux it cannot fail.
        #[cfg(unix)]
        unsafe {
            libc::sched_yield();
        }
        #[cfg(not(unix))]
        std::thread::yield_now();
    }

    fn pause(&self) {
        // Not a yield: under a real-time policy that lets only threads of the same priority run. Nobody
        // changes the word.
        sleep::wait(&AtomicUsize::new(0), 0, Some(PAUSE));
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn ticks(&self) -> Option<u64> {
        // SAFETY:
        // - every x86-64 has this instruction; a system that forbids it has no fast clock either, which reads
        //   the same counter.
        Some(unsafe { core::arch::x86_64::_rdtsc() })
    }

    #[cfg(unix)]
    fn signal(&self, descriptor: usize) {
        super::descriptor::signal(descriptor);
    }

    #[cfg(unix)]
    fn clear(&self, descriptor: usize) {
        super::descriptor::clear(descriptor);
    }

    fn stack(&self) -> Option<Stack> {
        stack_bounds::known()
    }

    #[cfg(unix)]
    #[inline(always)]
    fn forks(&self) -> usize {
        fork::count()
    }

    fn prepare(&self) -> bool {
        #[cfg(unix)]
        if !fork::watch() {
            return false;
        }
        thread_local::prepare()
    }

    #[inline]
    fn current(&self) -> *const CallContext {
        thread_local::get()
    }

    #[inline]
    fn set_current(&self, context: *const CallContext) {
        thread_local::set(context);
    }
}
