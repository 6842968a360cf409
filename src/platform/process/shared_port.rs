//! The port of a pool whose workers are processes: a futex that other processes see.

use super::child::{Child, UNFIT};
use super::event;
use crate::job::context::CallContext;
use crate::platform::futex;
use crate::platform::port::{Origin, Port};
use crate::sync::AtomicUsize;
use std::os::fd::RawFd;
use std::ptr;

/// Sleeps and wakes on words in shared memory.
#[derive(Clone, Copy)]
pub(crate) struct SharedPort {
    /// An eventfd that is signalled with the bell: the one word on which all are woken.
    pub(crate) bell: Option<RawFd>,
    /// Is this process a worker? One that has closed the descriptor ends: then the parent looks, and signals.
    pub(crate) is_worker: bool,
}

impl Port for SharedPort {
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
        futex::wait_shared(word, expected, timeout);
    }

    fn wake(&self, word: *const AtomicUsize, all: bool, _: Origin) {
        futex::wake_shared(word, if all { i32::MAX } else { 1 });
        if let (true, Some(bell)) = (all, self.bell)
            && !event::signal(bell)
            && self.is_worker
        {
            Child::exit(UNFIT);
        }
    }

    fn now(&self) -> Option<u64> {
        Some(futex::now())
    }

    // Jobs in processes have no contexts.
    fn current(&self) -> *const CallContext {
        ptr::null()
    }

    fn set_current(&self, _: *const CallContext) {}
}
